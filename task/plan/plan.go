// Package plan holds execution plans: graphs of tasks, and the runs of such graphs. It has types and rules and does no I/O.
//
// A plan consists of units: its nodes, and its groups of nodes that run at once. Edges join units. A unit that no edge
// leads to begins with the plan run. What a plan run does next follows from the states of its nodes alone: see [Advance].
package plan

import (
	"time"

	"github.com/segno-jobs/segno/task"
)

// Spec is a plan as an operator writes it. Its JSON is the body of POST /plans and the spec in an apply file.
type Spec struct {
	Name        string            `json:"name" doc:"Name of the plan: 1 to 63 of a-z 0-9 - _ ."`
	Description string            `json:"description,omitempty" doc:"What the plan is for."`
	Labels      map[string]string `json:"labels,omitempty" doc:"Labels of the plan."`
	Params      map[string]string `json:"params,omitempty" doc:"Parameters of the plan and their default values."`
	Nodes       []Node            `json:"nodes" doc:"The tasks that the plan runs."`
	Groups      []Group           `json:"groups,omitempty" doc:"Sets of nodes that run at once."`
	Edges       []Edge            `json:"edges,omitempty" doc:"What follows what."`
	// MaxConcurrent is how many runs of the plan may go on at once; 0 is without limit. An edit holds at once, for plan runs
	// that wait, too.
	MaxConcurrent int `json:"max_concurrent,omitempty" doc:"How many runs of the plan may go on at once, up to 10000; 0 is without limit. Changes hold for plan runs that wait, too."`
	// WhenBusy is what becomes of a request for a run while MaxConcurrent plan runs have not ended; empty means task.BusyQueue.
	WhenBusy task.WhenBusy `json:"when_busy,omitempty" enum:"queue,skip,replace" doc:"What becomes of a request for a run while max_concurrent runs of the plan have not ended: queue (the default), skip, or replace the oldest."`
	// MaxQueued is how many of the plan's runs may wait; 0 is without limit. A further one is refused, unless it replaces others.
	MaxQueued int `json:"max_queued,omitempty" doc:"How many runs of the plan may wait for others to end, up to 100000; a further one is refused. 0 is without limit."`
	// MaxQueueTime is how long a run of the plan may wait before it ends as failed; 0 is without limit.
	MaxQueueTime task.Duration `json:"max_queue_time,omitzero" doc:"How long a run of the plan may wait for others to end before it ends as failed, such as \"1h\"; 0 is without limit. Changes hold for plan runs requested from then on."`
	// Retention is for how long, and how many of, the plan's runs and occurrences are kept; nil leaves it to the settings of all.
	Retention *Retention `json:"retention,omitempty" doc:"How many of the plan's runs are kept, and for how long; by default as the settings of all say."`
}

// Retention is for how long, and how many, runs of a plan are kept after they have ended, and occurrences of its triggers. What
// is nil is as the settings of all say, and 0 is without limit. The runs of its nodes are kept by the rules of their tasks.
type Retention struct {
	Runs          *int           `json:"runs,omitempty" doc:"How many of the newest runs of the plan are kept; 0 is without limit."`
	Age           *task.Duration `json:"age,omitempty" doc:"How long a run of the plan is kept after its end, such as \"360h\"; \"0s\" is without limit."`
	Occurrences   *int           `json:"occurrences,omitempty" doc:"How many of the newest occurrences of the triggers are kept; 0 is without limit. Each is kept for an hour at least."`
	OccurrenceAge *task.Duration `json:"occurrence_age,omitempty" doc:"How long occurrences of the triggers are kept; \"0s\" is without limit."`
}

// Rules returns the rules as those of a task.
func (r Retention) Rules() task.Retention {
	return task.Retention{Runs: r.Runs, Age: r.Age, Occurrences: r.Occurrences, OccurrenceAge: r.OccurrenceAge}
}

// Node is one place of a task in a plan.
type Node struct {
	Name string `json:"name" doc:"Name of the node within the plan: 1 to 63 of a-z 0-9 - _"`
	Task string `json:"task" doc:"Name of the task that it runs."`
	// Params override the task's. Their texts may have ${{ params.x }} and ${{ nodes.y.outputs.z }}.
	Params map[string]string `json:"params,omitempty" doc:"Parameters that override the task's, with ${{ params.x }} for those of the plan and ${{ nodes.y.outputs.z }} for an output of an earlier node."`
	// Timeout is how long the node may take from its start on, waiting for a server included; 0 is without limit.
	Timeout task.Duration `json:"timeout,omitzero" doc:"How long the node may take, waiting for a server included, before its run is stopped."`
	// Join is JoinAll, the default, or JoinAny. A node in a group has none: its group has.
	Join Join `json:"join,omitempty" enum:"all,any" doc:"Of several edges that lead to the node, all must be taken, or any one."`
	// MayFail says that the plan run does not fail because this node does. Its edges are the same.
	MayFail bool `json:"may_fail,omitempty" doc:"The plan run does not fail because this node does."`
}

// Group is a set of nodes that run at once. Edges lead to the group, never to one of its nodes.
type Group struct {
	Name  string   `json:"name" doc:"Name of the group; no node has it."`
	Nodes []string `json:"nodes" doc:"Names of its nodes, in the order in which they are started."`
	// Limit is how many of its nodes run at most at the same time; 0 is all of them.
	Limit int  `json:"limit,omitempty" doc:"How many of its nodes run at most at the same time; by default all."`
	Join  Join `json:"join,omitempty" enum:"all,any" doc:"Of several edges that lead to the group, all must be taken, or any one."`
}

// Edge says what follows what. From may be any node or group; To is a group, or a node that is in none.
type Edge struct {
	From string `json:"from" doc:"Node or group that comes before."`
	To   string `json:"to" doc:"Node or group that follows."`
	// On is OnOK, the default, OnError or OnEnd.
	On On `json:"on,omitempty" enum:"ok,error,after" doc:"ok: it succeeded; of a group, all did. error: it ended otherwise. after: it ended, however. By default ok."`
}

// Join says how many of the edges that lead to a unit must be taken for it to start.
type Join string

// The joins. A unit that no edge leads to starts with the plan run.
const (
	JoinAll Join = "all"
	JoinAny Join = "any"
)

// On is the end of a unit at which an edge is taken. None is taken from a unit that was skipped.
type On string

// The ends. A group is ok when all of its nodes succeeded; it has ended when all of them have.
const (
	OnOK    On = "ok"
	OnError On = "error"
	OnEnd   On = "after"
)

// Plan is a stored plan.
type Plan struct {
	Spec
	// Version counts edits, from 1. It is the ETag.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Filter chooses plans. Zero values choose all.
type Filter struct {
	// Query is part of a name.
	Query string
	// Task is the name of a task that the plan runs.
	Task string
}

// Limits of a plan.
const (
	MaxNodes  = 500
	MaxGroups = 100
	MaxEdges  = 2000
	// MaxTexts bounds the parameters of a plan and of all of its nodes together, in bytes.
	MaxTexts = 1 << 20
)

// WithDefaults returns the plan with each setting that was left out at its default, so that two specs that mean the same
// are equal. It changes nothing that s refers to.
func (s Spec) WithDefaults() Spec {
	grouped := map[string]bool{}
	groups := make([]Group, len(s.Groups))
	for i, g := range s.Groups {
		for _, name := range g.Nodes {
			grouped[name] = true
		}
		groups[i] = g
		groups[i].Join = g.join()
	}
	nodes := make([]Node, len(s.Nodes))
	for i, n := range s.Nodes {
		nodes[i] = n
		if !grouped[n.Name] {
			nodes[i].Join = n.join()
		}
	}
	edges := make([]Edge, len(s.Edges))
	for i, e := range s.Edges {
		edges[i] = Edge{From: e.From, To: e.To, On: e.on()}
	}
	s.Groups, s.Nodes, s.Edges = groups, nodes, edges
	if s.MaxConcurrent > 0 && s.WhenBusy == "" {
		s.WhenBusy = task.BusyQueue
	}
	return s
}

func (n Node) join() Join {
	if n.Join == "" {
		return JoinAll
	}
	return n.Join
}

func (g Group) join() Join {
	if g.Join == "" {
		return JoinAll
	}
	return g.Join
}

func (e Edge) on() On {
	if e.On == "" {
		return OnOK
	}
	return e.On
}

// Tasks returns the names of the tasks that the plan runs, each once, in the order of its nodes.
func (s Spec) Tasks() []string {
	var names []string
	seen := map[string]bool{}
	for _, n := range s.Nodes {
		if !seen[n.Task] {
			seen[n.Task] = true
			names = append(names, n.Task)
		}
	}
	return names
}
