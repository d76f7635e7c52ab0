package plan

import (
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// Move is one change of a plan run, with all that is to be stored together with it.
type Move struct {
	// Before is the plan run as it was read; the move is refused where it is not that any more.
	Before, After Run
	// Starts are the runs that nodes start with this move.
	Starts []Start
	// Stops are the nodes whose runs are cancelled with this move.
	Stops []string
	// Follow, if it is not nil, moves a follower of the events on.
	Follow *Follow
}

// After returns the move that follows from an event alone, with the nodes to be stopped. It starts none.
func After(r Run, e Event, now time.Time) Move {
	after, actions := Advance(r, e, now)
	m := Move{Before: r, After: after}
	for _, a := range actions {
		if a.Stop != "" {
			m.Stops = append(m.Stops, a.Stop)
		}
	}
	return m
}

// Start is the run with which a node starts.
type Start struct {
	Node string
	Run  task.Run
}

// StartError says that the run with which a node was to start is not made, because the limits of its task allow no further
// one. Nothing of the move was stored. It is of kind fault.Conflict.
type StartError struct {
	Node string
	// Reason is a sentence without a beginning, such as "its task is busy".
	Reason string
}

func (e *StartError) Error() string { return "node " + e.Node + " cannot be started: " + e.Reason }

// Is reports whether target is the kind Conflict.
func (e *StartError) Is(target error) bool { return target == fault.Conflict }

// Follow is a step of a follower of the events.
type Follow struct {
	Name     string
	From, To int64
}

// Key is the request key of the run of a node's newest try. No caller of the API can give such a key, for it is not
// printable.
func (r Run) Key(node string) string {
	for _, n := range r.Nodes {
		if n.Name == node {
			return fmt.Sprintf("plan\t%s\t%s\t%d", r.ID, n.Name, n.Try)
		}
	}
	return ""
}

// Signal is an event that was committed and concerns a plan run.
type Signal struct {
	// ID is that of the event.
	ID int64
	// PlanRun is whom it concerns.
	PlanRun RunID
	// Event is [Began] or [RunEnded], or nil for a plan run that is being stopped: whatever of it runs is to be told.
	Event Event
}

// NodeRef names a node of a plan run.
type NodeRef struct {
	PlanRun RunID
	Node    string
}
