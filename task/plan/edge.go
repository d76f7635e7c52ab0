package plan

import (
	"fmt"
	"slices"
)

// EdgeState says whether an edge was taken in a plan run.
type EdgeState string

// The states of an edge. They follow from the states of the nodes, so an edge is taken once.
const (
	// EdgeWaiting edges begin at what has not ended.
	EdgeWaiting EdgeState = "waiting"
	// EdgeTaken edges begin at what ended as they ask.
	EdgeTaken EdgeState = "taken"
	// EdgeDropped edges begin at what ended otherwise, or was skipped.
	EdgeDropped EdgeState = "dropped"
)

// outcome is how a unit, or a node of it, ended.
type outcome int

const (
	pending outcome = iota
	ended
	endedOK
	skipped
)

// outcomeOf returns how nodes ended together: endedOK when all succeeded, skipped when all were skipped.
func outcomeOf(nodes []NodeRun, which []int) outcome {
	succeeded, left := 0, 0
	for _, i := range which {
		switch nodes[i].State {
		case NodeWaiting, NodeRunning:
			return pending
		case NodeSucceeded:
			succeeded++
		case NodeSkipped:
			left++
		}
	}
	switch len(which) {
	case succeeded:
		return endedOK
	case left:
		return skipped
	}
	return ended
}

// state returns the state of an edge, given the nodes of a plan run.
func (g *graph) state(nodes []NodeRun, edge int) EdgeState {
	on := g.spec.Edges[edge].on()
	switch got := outcomeOf(nodes, g.begins(edge)); {
	case got == pending:
		return EdgeWaiting
	case got == endedOK && on != OnError, got == ended && on != OnOK:
		return EdgeTaken
	}
	return EdgeDropped
}

// EdgeStates returns the states of the edges of a plan run, in the order of its plan.
func (r Run) EdgeStates() []EdgeState {
	g := graphOf(r.Spec)
	states := make([]EdgeState, len(r.Spec.Edges))
	for i := range states {
		states[i] = g.state(r.Nodes, i)
	}
	return states
}

// verdict says what is to be done with a unit that waits.
type verdict int

const (
	wait verdict = iota
	start
	skip
)

// judge says whether a unit may start, and why not if it never will.
func (g *graph) judge(nodes []NodeRun, u int) (verdict, string) {
	unit := g.units[u]
	taken, waiting := 0, 0
	dropped := -1
	for _, e := range unit.in {
		switch g.state(nodes, e) {
		case EdgeTaken:
			taken++
		case EdgeWaiting:
			waiting++
		case EdgeDropped:
			if dropped < 0 {
				dropped = e
			}
		}
	}
	switch {
	case len(unit.in) == 0, unit.join == JoinAny && taken > 0, unit.join == JoinAll && taken == len(unit.in):
		return start, ""
	case unit.join == JoinAll && dropped >= 0, unit.join == JoinAny && waiting == 0:
		return skip, g.whyDropped(nodes, dropped)
	}
	return wait, ""
}

// whyDropped says why an edge was not taken.
func (g *graph) whyDropped(nodes []NodeRun, edge int) string {
	e := g.spec.Edges[edge]
	which := g.begins(edge)
	switch got := outcomeOf(nodes, which); {
	case got == skipped:
		return e.From + " was skipped"
	case got == endedOK:
		return e.From + " succeeded, and this follows on error"
	case len(which) > 1:
		i := slices.IndexFunc(which, func(n int) bool { return nodes[n].State != NodeSucceeded })
		return fmt.Sprintf("not all of %s succeeded: %s %s", e.From, nodes[which[i]].Name, past(nodes[which[i]].State))
	}
	return fmt.Sprintf("%s %s, and this follows on ok", e.From, past(nodes[which[0]].State))
}

func past(s NodeState) string {
	if s == NodeFailed {
		return "failed"
	}
	return "was " + string(s)
}
