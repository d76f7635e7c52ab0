package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// Resume returns a plan run that ended failed or cancelled as it goes on: with the nodes waiting again that failed, were
// cancelled or were skipped, and those that ran because of them. A node that succeeded keeps its result and its outputs
// where the edges that started it still hold. Conflict for a plan run that has not ended, and for one that succeeded.
// The plan run that was handed in stays as it is; [Began] is what follows.
func Resume(r Run, by string) (Run, error) {
	switch {
	case r.State == Succeeded:
		return Run{}, fmt.Errorf("it has succeeded, so nothing is left to be resumed: %w", fault.Conflict)
	case !r.State.Final():
		return Run{}, fmt.Errorf("it has not ended: it is %s: %w", r.State, fault.Conflict)
	}
	r.Nodes = slices.Clone(r.Nodes)
	g := graphOf(r.Spec)
	sorted, _ := g.order()
	for _, u := range sorted {
		// What comes before waits already, if it is to run again: its edges do not hold any more.
		verdict, _ := g.judge(r.Nodes, u)
		for _, i := range g.units[u].nodes {
			if n := r.Nodes[i]; n.State != NodeSucceeded || verdict != start {
				r.Nodes[i] = NodeRun{Name: n.Name, State: NodeWaiting, Try: n.Try}
			}
		}
	}
	r.State, r.EndedAt, r.Reason = Running, nil, "resumed"
	if by != "" {
		r.Reason = "resumed by " + by
	}
	return r, nil
}

// Expired returns the names of the running nodes whose deadline has passed.
func (r Run) Expired(now time.Time) []string {
	var names []string
	for _, n := range r.Nodes {
		if n.State == NodeRunning && n.Deadline != nil && !now.Before(*n.Deadline) {
			names = append(names, n.Name)
		}
	}
	return names
}
