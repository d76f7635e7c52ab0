package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/task"
)

// Event is one of the things that a plan run follows: [Began], [RunEnded], [Refused], [Overdue], [CancelAsked],
// [Replaced] and [Expired].
type Event interface{ event() }

// Began says that the plan run was requested or resumed, or has waited for long enough.
type Began struct{}

// RunEnded says that a run has ended. It concerns the node that runs it, if one does.
type RunEnded struct {
	Run    task.RunID
	State  task.State
	Reason string
}

// Refused says that the run of a node that was to be started cannot be requested.
type Refused struct {
	Node   string
	Reason string
}

// Overdue says that a node's deadline may have passed.
type Overdue struct{ Node string }

// CancelAsked says that someone cancels the plan run.
type CancelAsked struct{ By string }

// Replaced says that the plan run is cancelled for a newer one.
type Replaced struct{ By RunID }

// Expired says that the plan run may have waited for as long as it may.
type Expired struct{}

func (Began) event()       {}
func (RunEnded) event()    {}
func (Refused) event()     {}
func (Overdue) event()     {}
func (CancelAsked) event() {}
func (Replaced) event()    {}
func (Expired) event()     {}

// Action is what is to be done in the transaction that stores the plan run's new state. Exactly one of the two is set.
type Action struct {
	// Start is the name of a node whose run is to be requested. The node is running already, with its new try.
	Start string
	// Stop is the name of a node whose run is to be cancelled.
	Stop string
}

// Advance returns the plan run as it is after an event, and what is to be done about it. It depends on nothing but its
// arguments, and an event that changes nothing returns the plan run as it was, without actions. The plan run that was
// handed in stays as it is.
//
//   - Of a plan run that waits nothing starts. Once it has waited for too long it fails.
//   - A unit that no edge leads to starts when the plan run begins. Another one starts when all of its edges were taken, or
//     with the join "any" the first one; when that cannot come about any more, it is skipped.
//   - The nodes of a group start in their order, at most as many at a time as its limit says, whatever becomes of the
//     others.
//   - Where no node waits or runs any more, the plan run ends: cancelled if it was cancelled; failed if a node failed, or was
//     cancelled by itself, that must not; succeeded otherwise.
func Advance(r Run, e Event, now time.Time) (Run, []Action) {
	if r.State.Final() {
		return r, nil
	}
	r.Nodes = slices.Clone(r.Nodes)
	m := &mover{run: &r, now: now}
	switch e := e.(type) {
	case RunEnded:
		m.ended(e)
	case Refused:
		m.refused(e)
	case Overdue:
		m.overdue(e)
	case CancelAsked:
		m.cancel(cancelledBy(e.By))
	case Replaced:
		m.cancel("replaced by plan run " + string(e.By) + ", as the plan is busy and when_busy is replace")
	case Expired:
		m.expire()
	}
	m.settle()
	return r, m.actions
}

// mover changes a plan run.
type mover struct {
	run     *Run
	now     time.Time
	actions []Action
}

func (m *mover) ended(e RunEnded) {
	i := slices.IndexFunc(m.run.Nodes, func(n NodeRun) bool { return n.State == NodeRunning && n.Run == e.Run })
	if i < 0 || e.Run == "" {
		return
	}
	n := &m.run.Nodes[i]
	switch {
	case e.State == task.Succeeded:
		m.end(n, NodeSucceeded, "")
	case n.Stop == StopTimeout:
		m.end(n, NodeFailed, fmt.Sprintf("stopped because its timeout of %s had passed", time.Duration(m.run.Spec.Nodes[i].Timeout)))
	case e.State == task.Cancelled:
		m.end(n, NodeCancelled, e.Reason)
	default:
		m.end(n, NodeFailed, because(string(e.State), e.Reason))
	}
}

// because joins a word and its reason, either of which may be missing.
func because(word, reason string) string {
	word = strings.ReplaceAll(word, "_", " ")
	if reason == "" {
		return word
	}
	return word + ": " + reason
}

func (m *mover) refused(e Refused) {
	for i := range m.run.Nodes {
		if n := &m.run.Nodes[i]; n.Name == e.Node && n.State == NodeRunning && n.Run == "" {
			m.end(n, NodeFailed, "could not be started: "+e.Reason)
		}
	}
}

func (m *mover) overdue(e Overdue) {
	for i := range m.run.Nodes {
		n := &m.run.Nodes[i]
		if n.Name == e.Node && n.State == NodeRunning && n.Stop == "" && n.Deadline != nil && !m.now.Before(*n.Deadline) {
			n.Stop, n.Deadline = StopTimeout, nil
			m.actions = append(m.actions, Action{Stop: n.Name})
		}
	}
}

func cancelledBy(by string) string {
	if by == "" {
		return "cancelled"
	}
	return "cancelled by " + by
}

func (m *mover) cancel(reason string) {
	if m.run.State == Stopping {
		return
	}
	m.run.State, m.run.Reason = Stopping, reason
	for i := range m.run.Nodes {
		switch n := &m.run.Nodes[i]; n.State {
		case NodeWaiting:
			m.end(n, NodeCancelled, "the plan run was "+m.run.Reason+" before it started")
		case NodeRunning:
			n.Stop, n.Deadline = StopCancel, nil
			m.actions = append(m.actions, Action{Stop: n.Name})
		}
	}
}

func (m *mover) expire() {
	r := m.run
	if r.State != Waiting || r.ExpiresAt == nil || m.now.Before(*r.ExpiresAt) {
		return
	}
	for i := range r.Nodes {
		if n := &r.Nodes[i]; n.State == NodeWaiting {
			m.end(n, NodeCancelled, "the plan run waited for too long before it started")
		}
	}
	ended := m.now
	r.State, r.EndedAt, r.Reason = Failed, &ended, task.Expired(time.Duration(r.Spec.MaxQueueTime), r.Reason)
}

func (m *mover) end(n *NodeRun, state NodeState, reason string) {
	n.State, n.Reason, n.Deadline, n.Stop = state, reason, nil, ""
	ended := m.now
	n.EndedAt = &ended
}

// settle starts and skips what follows from the states of the nodes, and ends the plan run where nothing is left.
func (m *mover) settle() {
	if m.run.State == Waiting || m.run.State.Final() {
		return
	}
	g := graphOf(m.run.Spec)
	// A plan that was stored has no cycle.
	sorted, _ := g.order()
	if m.run.State == Running {
		for _, u := range sorted {
			m.settleUnit(g, u)
		}
	}
	for _, n := range m.run.Nodes {
		if !n.State.Final() {
			return
		}
	}
	m.finish()
}

func (m *mover) settleUnit(g *graph, u int) {
	unit := g.units[u]
	if !slices.ContainsFunc(unit.nodes, func(i int) bool { return m.run.Nodes[i].State == NodeWaiting }) {
		return
	}
	switch verdict, reason := g.judge(m.run.Nodes, u); verdict {
	case start:
		m.startNodes(g, unit)
	case skip:
		for _, i := range unit.nodes {
			if n := &m.run.Nodes[i]; n.State == NodeWaiting {
				m.end(n, NodeSkipped, reason)
			}
		}
	}
}

func (m *mover) startNodes(g *graph, u unit) {
	room := len(u.nodes)
	if u.group >= 0 && g.spec.Groups[u.group].Limit > 0 {
		room = g.spec.Groups[u.group].Limit
	}
	for _, i := range u.nodes {
		if m.run.Nodes[i].State == NodeRunning {
			room--
		}
	}
	for _, i := range u.nodes {
		n := &m.run.Nodes[i]
		if room <= 0 || n.State != NodeWaiting {
			continue
		}
		room--
		started := m.now
		*n = NodeRun{Name: n.Name, State: NodeRunning, Try: n.Try + 1, StartedAt: &started}
		if timeout := time.Duration(m.run.Spec.Nodes[i].Timeout); timeout > 0 {
			deadline := m.now.Add(timeout)
			n.Deadline = &deadline
		}
		m.actions = append(m.actions, Action{Start: n.Name})
	}
}

func (m *mover) finish() {
	r, ended := m.run, m.now
	r.EndedAt = &ended
	if r.State == Stopping {
		r.State = Cancelled
		return
	}
	var failed []string
	for i, n := range r.Nodes {
		if (n.State == NodeFailed || n.State == NodeCancelled) && !r.Spec.Nodes[i].MayFail {
			failed = append(failed, n.Name)
		}
	}
	r.State, r.Reason = Succeeded, ""
	if len(failed) > 0 {
		r.State, r.Reason = Failed, endedBadly(failed)
	}
}

// endedBadly says which nodes did not end well.
func endedBadly(names []string) string {
	const most = 5
	if len(names) == 1 {
		return names[0] + " did not succeed"
	}
	if len(names) > most {
		return fmt.Sprintf("%s and %d more did not succeed", strings.Join(names[:most], ", "), len(names)-most)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last] + " did not succeed"
}
