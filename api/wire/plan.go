package wire

import (
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// Plan is a stored plan: the document of the operator with its version.
type Plan struct {
	plan.Spec
	Version   int64 `json:"version" doc:"Counts edits; also the ETag."`
	CreatedAt Time  `json:"created_at" format:"date-time"`
	UpdatedAt Time  `json:"updated_at" format:"date-time"`
}

// NewPlan is the body of POST /plans: a plan with its triggers, which are stored together or not at all.
type NewPlan struct {
	plan.Spec
	Triggers []task.TriggerSpec `json:"triggers,omitempty" doc:"Triggers that the plan is created with; all is stored, or nothing."`
}

// PlanOf returns p as it is sent.
func PlanOf(p plan.Plan) Plan {
	return Plan{Spec: p.Spec, Version: p.Version, CreatedAt: At(p.CreatedAt), UpdatedAt: At(p.UpdatedAt)}
}

// PlanRunRequest is the optional body of POST /plans/{name}/runs.
type PlanRunRequest struct {
	// Params override the plan's.
	Params map[string]string `json:"params,omitempty" doc:"Values that override the plan's parameters."`
}

// PlanRun is one execution of a plan.
type PlanRun struct {
	ID           plan.RunID `json:"id" doc:"Ids sort by the time at which the plan run was requested."`
	Plan         string     `json:"plan"`
	State        plan.State `json:"state" enum:"waiting,running,stopping,succeeded,failed,cancelled" doc:"waiting: for another run of the plan to end."`
	Cause        Cause      `json:"cause"`
	ScheduledFor *Time      `json:"scheduled_for" format:"date-time"`
	StartedAt    Time       `json:"started_at" format:"date-time" doc:"When it began; while it waits, when it was requested."`
	EndedAt      *Time      `json:"ended_at" format:"date-time"`
	Reason       string     `json:"reason" doc:"Why the plan run is in its state, in a sentence."`
	// Counts has the states that nodes are in.
	Counts map[plan.NodeState]int `json:"counts" doc:"How many nodes are in each state; states without nodes are left out." nullable:"false"`
	// Nodes and what follows are given where one plan run is asked for; nil in lists.
	Nodes  []PlanNode        `json:"nodes,omitzero" doc:"In the order of the plan; left out in lists." nullable:"false"`
	Edges  []PlanEdge        `json:"edges,omitzero" doc:"In the order of the plan; left out in lists." nullable:"false"`
	Groups []plan.Group      `json:"groups,omitzero" doc:"Left out in lists." nullable:"false"`
	Params map[string]string `json:"params,omitzero" doc:"Left out in lists." nullable:"false"`
}

// PlanNode is one node of a plan run.
type PlanNode struct {
	Name  string         `json:"name"`
	Task  string         `json:"task"`
	State plan.NodeState `json:"state" enum:"waiting,running,succeeded,failed,skipped,cancelled"`
	// Reason says in a sentence why the node is in its state.
	Reason    string       `json:"reason"`
	Try       int          `json:"try" doc:"How many runs the node had; a resume may add one."`
	Run       *task.RunID  `json:"run" doc:"Run of the newest try; null before the first, and where it could not be started."`
	StartedAt *Time        `json:"started_at" format:"date-time"`
	EndedAt   *Time        `json:"ended_at" format:"date-time"`
	Deadline  *Time        `json:"deadline" format:"date-time" doc:"When a running node is told to stop for its timeout."`
	Stop      *plan.Stop   `json:"stop" enum:"timeout,cancel" doc:"Why a running node was told to stop; null otherwise."`
	Live      *PlanNodeRun `json:"live" doc:"What its run does; null where there is none, or none any more."`
}

// PlanNodeRun is what the run of a node does.
type PlanNodeRun struct {
	State    task.State `json:"state" enum:"queued,starting,running,unknown,stopping,succeeded,failed,timed_out,cancelled,reset,lost"`
	Reason   string     `json:"reason"`
	Server   *string    `json:"server"`
	Attempt  int        `json:"attempt"`
	Progress *Progress  `json:"progress"`
}

// PlanEdge is one edge of a plan run.
type PlanEdge struct {
	From  string         `json:"from"`
	To    string         `json:"to"`
	On    plan.On        `json:"on" enum:"ok,error,after"`
	State plan.EdgeState `json:"state" enum:"waiting,taken,dropped"`
}

// PlanRunOf returns r as it is sent in lists.
func PlanRunOf(r plan.Run) PlanRun {
	return PlanRun{
		ID: r.ID, Plan: r.Plan, State: r.State, Cause: Cause{Kind: r.Cause.Kind, By: r.Cause.By},
		ScheduledFor: optional(r.ScheduledFor), StartedAt: At(r.StartedAt), EndedAt: optional(r.EndedAt),
		Reason: r.Reason, Counts: r.Counts(),
	}
}

// WholePlanRunOf returns r with its graph.
func WholePlanRunOf(r plan.Run) PlanRun {
	w := PlanRunOf(r)
	w.Nodes, w.Edges = make([]PlanNode, len(r.Nodes)), make([]PlanEdge, len(r.Spec.Edges))
	w.Groups, w.Params = r.Spec.Groups, r.Params
	if w.Groups == nil {
		w.Groups = []plan.Group{}
	}
	if w.Params == nil {
		w.Params = map[string]string{}
	}
	for i, n := range r.Nodes {
		w.Nodes[i] = planNodeOf(n, r.Spec.Nodes[i])
	}
	states := r.EdgeStates()
	for i, e := range r.Spec.WithDefaults().Edges {
		w.Edges[i] = PlanEdge{From: e.From, To: e.To, On: e.On, State: states[i]}
	}
	return w
}

func planNodeOf(n plan.NodeRun, spec plan.Node) PlanNode {
	w := PlanNode{
		Name: n.Name, Task: spec.Task, State: n.State, Reason: n.Reason, Try: n.Try, StartedAt: optional(n.StartedAt),
		EndedAt: optional(n.EndedAt), Deadline: optional(n.Deadline),
	}
	if n.Stop != "" {
		w.Stop = &n.Stop
	}
	if n.Run != "" {
		w.Run = &n.Run
	}
	if n.Live == nil {
		return w
	}
	w.Live = &PlanNodeRun{State: n.Live.State, Reason: n.Live.Reason, Attempt: n.Live.Attempt}
	if n.Live.Server != "" {
		w.Live.Server = &n.Live.Server
	}
	if p := n.Live.Progress; p != nil {
		w.Live.Progress = &Progress{Percent: p.Percent, Message: p.Message}
	}
	return w
}
