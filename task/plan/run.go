package plan

import (
	"slices"
	"time"

	"github.com/segno-jobs/segno/task"
)

// RunID identifies a plan run. Ids sort by the time at which it was requested.
type RunID string

// State is the state of a plan run.
type State string

// The states of a plan run.
const (
	// Waiting plan runs have nothing started of them before another run of their plan has ended.
	Waiting State = "waiting"
	// Running plan runs have nodes that run, or are about to, or wait.
	Running State = "running"
	// Stopping plan runs were cancelled; nothing more is started, and what runs is being stopped.
	Stopping State = "stopping"

	// Succeeded plan runs have no node that failed, but for those that may.
	Succeeded State = "succeeded"
	// Failed plan runs have a node that failed or was cancelled by itself.
	Failed State = "failed"
	// Cancelled plan runs were cancelled, whatever became of what ran then.
	Cancelled State = "cancelled"
)

// States lists every state of a plan run.
func States() []State { return []State{Waiting, Running, Stopping, Succeeded, Failed, Cancelled} }

// Valid reports whether s is one of the states.
func (s State) Valid() bool { return slices.Contains(States(), s) }

// Final reports whether a plan run in state s has ended. One that ended otherwise than well may be resumed.
func (s State) Final() bool { return s == Succeeded || s == Failed || s == Cancelled }

// NodeState is the state of one node of a plan run.
type NodeState string

// The states of a node.
const (
	// NodeWaiting nodes wait for earlier nodes, or for a place in their group.
	NodeWaiting NodeState = "waiting"
	// NodeRunning nodes have a run that has not ended. It may itself wait for a server.
	NodeRunning NodeState = "running"

	// NodeSucceeded nodes have a run that succeeded.
	NodeSucceeded NodeState = "succeeded"
	// NodeFailed nodes have a run that ended otherwise, or could not be started.
	NodeFailed NodeState = "failed"
	// NodeSkipped nodes will not run, because the edges that lead to them are not taken.
	NodeSkipped NodeState = "skipped"
	// NodeCancelled nodes have a run that was cancelled, or did not start because the plan run was.
	NodeCancelled NodeState = "cancelled"
)

// NodeStates lists every state of a node, in the order of a node's life.
func NodeStates() []NodeState {
	return []NodeState{NodeWaiting, NodeRunning, NodeSucceeded, NodeFailed, NodeSkipped, NodeCancelled}
}

// Final reports whether a node in state s has ended.
func (s NodeState) Final() bool { return s != NodeWaiting && s != NodeRunning }

// Stop says why the run of a node was told to stop.
type Stop string

// The reasons to stop a node; none is the empty one.
const (
	StopTimeout Stop = "timeout"
	StopCancel  Stop = "cancel"
)

// Run is one execution of a plan.
type Run struct {
	ID    RunID
	Plan  string
	State State
	Cause task.Cause
	// ScheduledFor is when a trigger was due that asked for it.
	ScheduledFor *time.Time
	// StartedAt is when it began; of one that has waited since it was requested, when it was requested.
	StartedAt time.Time
	EndedAt   *time.Time
	// ExpiresAt is when a plan run that waits ends as failed, because it has waited for as long as its plan allows; nil where
	// that is without limit.
	ExpiresAt *time.Time
	// Reason says in a sentence why the plan run is in its present state.
	Reason string
	// Spec is the plan as it was when the run was requested, Params the values of its parameters. The tasks of its nodes
	// are taken as they are when each node starts.
	Spec   Spec
	Params map[string]string
	// Nodes are in the order of Spec.Nodes.
	Nodes []NodeRun
	// Version counts changes, from 1.
	Version int64
}

// NodeRun is one node of a plan run.
type NodeRun struct {
	Name  string
	State NodeState
	// Try counts the runs of the node, from 1; 0 before the first. Each resume may add one.
	Try int
	// Run is the run of the newest try; empty before the first, and where it could not be started.
	Run       task.RunID
	StartedAt *time.Time
	EndedAt   *time.Time
	// Deadline is when a running node is told to stop for its timeout, or nil.
	Deadline *time.Time
	Stop     Stop
	// Reason says in a sentence why the node is in its present state.
	Reason string

	// Live is what its run does, where that was asked for and the run is still stored.
	Live *Live
}

// Live is what the run of a node does.
type Live struct {
	State    task.State
	Reason   string
	Server   string
	Attempt  int
	Progress *task.Progress
}

// RunFilter chooses plan runs. Zero values choose all.
type RunFilter struct {
	Plan   string
	States []State
	// Since and Until bound StartedAt: at or after Since, before Until.
	Since, Until time.Time
}

// RunRequest is what a caller gives for a plan run.
type RunRequest struct {
	// Params override the plan's.
	Params map[string]string
	// Key is the Idempotency-Key, or empty.
	Key string
	// By is who asks.
	By string
}

// NewRun returns a plan run that is about to begin, with all nodes waiting. Params are checked against the plan's.
func NewRun(id RunID, s Spec, params map[string]string, cause task.Cause, now time.Time) (Run, error) {
	merged, err := s.MergeParams(params)
	if err != nil {
		return Run{}, err
	}
	r := Run{
		ID: id, Plan: s.Name, State: Running, Cause: cause, StartedAt: now, Spec: s, Params: merged, Version: 1,
		Nodes: make([]NodeRun, len(s.Nodes)),
	}
	for i, n := range s.Nodes {
		r.Nodes[i] = NodeRun{Name: n.Name, State: NodeWaiting}
	}
	return r, nil
}

// NodeCause returns the cause of the run of a node.
func (r Run) NodeCause(node int) task.Cause {
	return task.Cause{Kind: task.CausePlan, By: string(r.ID) + "/" + r.Nodes[node].Name}
}

// Counts returns how many nodes are in each state; states without nodes are left out.
func (r Run) Counts() map[NodeState]int {
	counts := map[NodeState]int{}
	for _, n := range r.Nodes {
		counts[n.State]++
	}
	return counts
}

// Index returns the index of a node, or -1.
func (r Run) Index(node string) int {
	return slices.IndexFunc(r.Nodes, func(n NodeRun) bool { return n.Name == node })
}

// Started returns the plan run with the run of a node that has just been started. The one that was handed in stays as it is.
func (r Run) Started(node string, id task.RunID) Run {
	r.Nodes = slices.Clone(r.Nodes)
	r.Nodes[r.Index(node)].Run = id
	return r
}
