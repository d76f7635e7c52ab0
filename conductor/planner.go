package conductor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

const (
	// planFollower is the name under which the planner's position is stored; the migration has made it.
	planFollower = "plans"
	// planSave is how many events that concern no plan run are passed over before the position is stored.
	planSave = 10000
	// planTries is how often it is tried to deal with an event that fails for a reason that does not pass.
	planTries = 10
	// overdueMost is how many overdue nodes are stopped in one pass, and expiredMost how many plan runs are ended that have
	// waited for too long.
	overdueMost, expiredMost = 100, 100
)

// planner moves plan runs on. It follows the events: what it does about one, such as requesting the runs of nodes, is one
// transaction with its own advance, so each edge of a plan is taken once, whenever a conductor ends.
type planner struct {
	c     *Conductor
	store PlanStore
	// position is up to where the store knows that events were dealt with, seen up to where they were; known is false
	// until position was read.
	position, seen int64
	known          bool
	// saved is when the position was stored last.
	saved time.Time
	// stuck is the event that could not be dealt with, and tries how often that was tried.
	stuck int64
	tries int
}

// planLoop passes over the events whenever there may be new ones.
func (c *Conductor) planLoop(ctx context.Context) error {
	if c.options.Plans == nil {
		return nil
	}
	return c.followEvents(ctx, followRest, c.advancePlans)
}

// advancePlans makes a pass, and logs what went wrong; it is tried again with the next one.
func (c *Conductor) advancePlans(ctx context.Context) {
	if c.planner == nil {
		return
	}
	if err := c.planner.pass(ctx); err != nil && ctx.Err() == nil {
		c.planner.known = false
		c.log.Error("moving plan runs on failed; it is tried again", "error", err)
	}
}

// pass deals with all events that are there, with plan runs that have waited for too long, and with nodes whose deadline has
// passed.
func (p *planner) pass(ctx context.Context) error {
	if err := p.begin(ctx); err != nil {
		return err
	}
	for more := true; more; {
		before := p.seen
		signals, seen, err := p.store.PlanSignals(ctx, before)
		if err != nil {
			return err
		}
		for _, s := range signals {
			if err := p.follow(ctx, s); err != nil {
				return err
			}
		}
		p.seen = seen
		more = seen > before
	}
	if err := p.save(ctx); err != nil {
		return err
	}
	if err := p.expire(ctx); err != nil {
		return err
	}
	return p.stopOverdue(ctx)
}

func (p *planner) begin(ctx context.Context) error {
	if p.known {
		return nil
	}
	position, err := p.store.Position(ctx, planFollower)
	if err != nil {
		return err
	}
	p.position, p.seen, p.saved, p.known = position, position, p.c.now(), true
	return nil
}

// save stores how far the planner is, now and then, where it had nothing to do.
func (p *planner) save(ctx context.Context) error {
	now := p.c.now()
	if p.seen == p.position || p.seen-p.position < planSave && now.Sub(p.saved) < advanceEvery {
		return nil
	}
	if err := p.store.Advance(ctx, planFollower, p.position, p.seen); err != nil {
		return err
	}
	p.position, p.saved = p.seen, now
	return nil
}

// follow does what an event asks for. One that cannot be dealt with for a reason that does not pass must not hold up all
// other plan runs: after some tries it is passed over.
func (p *planner) follow(ctx context.Context, s plan.Signal) error {
	var done bool
	var err error
	if s.Event == nil {
		err = p.tellStops(ctx, s.PlanRun)
	} else {
		f := &plan.Follow{Name: planFollower, From: p.position, To: s.ID}
		done, err = p.move(ctx, s.PlanRun, s.Event, f)
	}
	switch {
	case err != nil && p.giveUp(ctx, s.ID, err):
		p.c.log.Error("an event cannot be dealt with, and its plan run does not go on; it can be cancelled and resumed",
			"plan_run", s.PlanRun, "event", s.ID, "error", err)
	case err != nil:
		return fmt.Errorf("deal with event %d of plan run %s: %w", s.ID, s.PlanRun, err)
	}
	if done {
		p.position = s.ID
	}
	p.seen = s.ID
	return nil
}

// tellStops tells the agents of the runs of a plan run that is being stopped. Whoever cancelled it has told them already,
// but for what cancels as it stores something else, such as a newer run of the plan that replaces it.
func (p *planner) tellStops(ctx context.Context, id plan.RunID) error {
	r, err := p.store.PlanRun(ctx, id)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, n := range r.Nodes {
		if n.State != plan.NodeRunning || n.Run == "" {
			continue
		}
		run, err := p.c.store.Run(ctx, n.Run)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
		if err == nil && (wantedOf(run) != "" || run.State.Final()) {
			p.c.asked(run)
		}
	}
	return nil
}

// giveUp counts the tries of an event that failed, and reports whether they were enough.
func (p *planner) giveUp(ctx context.Context, event int64, err error) bool {
	if ctx.Err() != nil || errors.Is(err, fault.Unavailable) || errors.Is(err, fault.Conflict) {
		return false
	}
	if p.stuck != event {
		p.stuck, p.tries = event, 0
	}
	p.tries++
	return p.tries >= planTries
}

// move stores what follows from an event, and reports whether that was anything. It is decided anew where the plan run has
// been changed meanwhile, by someone who cancels it, say, and where the limits of a task allow no run of it.
func (p *planner) move(ctx context.Context, id plan.RunID, e plan.Event, f *plan.Follow) (bool, error) {
	refused := map[string]string{}
	for try := 1; ; try++ {
		r, err := p.store.PlanRun(ctx, id)
		if errors.Is(err, fault.NotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		now := p.c.now()
		m, err := p.decide(ctx, r, e, refused, now)
		if err != nil {
			return false, err
		}
		if m.idle() {
			return false, nil
		}
		m.Follow = f
		stopped, err := p.store.MovePlanRun(ctx, m.Move, now)
		if start, ok := errors.AsType[*plan.StartError](err); ok && refused[start.Node] == "" {
			refused[start.Node], try = start.Reason, 0
			continue
		}
		if errors.Is(err, fault.Conflict) && try < moveTries {
			if err := p.still(ctx, f); err != nil {
				return false, err
			}
			continue
		}
		if err != nil {
			return false, err
		}
		p.c.moved(ctx, m.Move, stopped)
		return true, nil
	}
}

// still returns an error where another conductor has moved the follower on.
func (p *planner) still(ctx context.Context, f *plan.Follow) error {
	if f == nil {
		return nil
	}
	position, err := p.store.Position(ctx, f.Name)
	if err == nil && position != f.From {
		err = fmt.Errorf("the follower %s stands at event %d, not %d: %w", f.Name, position, f.From, fault.Conflict)
	}
	return err
}

// decided is a move, with whether the plan run differs.
type decided struct{ plan.Move }

func (d decided) idle() bool {
	for i, n := range d.After.Nodes {
		if b := d.Before.Nodes[i]; n.State != b.State || n.Try != b.Try || n.Stop != b.Stop {
			return false
		}
	}
	return d.Before.State == d.After.State
}

// decide returns the move that follows from an event, with the runs that nodes start. A node whose run cannot be requested
// fails, and what follows from that belongs to the move; refused are nodes of which that is known, with the reason.
func (p *planner) decide(ctx context.Context, r plan.Run, e plan.Event, refused map[string]string, now time.Time) (decided, error) {
	after, actions := plan.Advance(r, e, now)
	m := plan.Move{Before: r, After: after}
	for len(actions) > 0 {
		a := actions[0]
		actions = actions[1:]
		if a.Stop != "" {
			m.Stops = append(m.Stops, a.Stop)
			continue
		}
		reason := refused[a.Start]
		var run task.Run
		if reason == "" {
			var err error
			run, err = p.request(ctx, m.After, a.Start, now)
			if reason = refusal(err); err != nil && reason == "" {
				return decided{}, err
			}
		}
		if reason != "" {
			next, more := plan.Advance(m.After, plan.Refused{Node: a.Start, Reason: reason}, now)
			m.After, actions = next, append(actions, more...)
			continue
		}
		m.After = m.After.Started(a.Start, run.ID)
		m.Starts = append(m.Starts, plan.Start{Node: a.Start, Run: run})
	}
	return decided{m}, nil
}

// refusal returns why a run can never be requested, and nothing for errors that may pass.
func refusal(err error) string {
	if errors.Is(err, fault.Invalid) || errors.Is(err, fault.NotFound) {
		return plan.OneLine(err)
	}
	return ""
}

// request returns the run of a node: its task as it is now, with the parameters that the plan gives it.
func (p *planner) request(ctx context.Context, r plan.Run, node string, now time.Time) (task.Run, error) {
	i := r.Index(node)
	n := r.Spec.Nodes[i]
	outputs, err := p.outputs(ctx, r, n)
	if err != nil {
		return task.Run{}, err
	}
	params, err := n.Fill(r.Params, outputs)
	if err != nil {
		return task.Run{}, err
	}
	t, err := p.c.store.Task(ctx, n.Task)
	if err != nil {
		return task.Run{}, err
	}
	run, err := p.c.newRun(t, params, r.NodeCause(i), now)
	run.Reason = p.c.fleet.heldBack(t.Name)
	return run, err
}

// outputs returns the outputs that a node's parameters refer to.
func (p *planner) outputs(ctx context.Context, r plan.Run, n plan.Node) (plan.Outputs, error) {
	sources := n.Sources()
	var ids []task.RunID
	for _, name := range sources {
		if run := r.Nodes[r.Index(name)].Run; run != "" {
			ids = append(ids, run)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	values, err := p.store.Outputs(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := plan.Outputs{}
	for _, name := range sources {
		if run := r.Nodes[r.Index(name)].Run; run != "" {
			all[name] = values[run]
		}
	}
	return all, nil
}

// expire ends plan runs that have waited for as long as they may.
func (p *planner) expire(ctx context.Context) error {
	ids, err := p.store.ExpiredPlanRuns(ctx, p.c.now(), expiredMost)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := p.move(ctx, id, plan.Expired{}, nil); err != nil {
			return fmt.Errorf("end plan run %s, which has waited for too long: %w", id, err)
		}
	}
	return nil
}

// stopOverdue tells nodes to stop whose deadline has passed.
func (p *planner) stopOverdue(ctx context.Context) error {
	refs, err := p.store.OverdueNodes(ctx, p.c.now(), overdueMost)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		if _, err := p.move(ctx, ref.PlanRun, plan.Overdue{Node: ref.Node}, nil); err != nil {
			return fmt.Errorf("stop node %s of plan run %s, which is overdue: %w", ref.Node, ref.PlanRun, err)
		}
	}
	return nil
}

// moved takes in what a stored move has brought about.
func (c *Conductor) moved(ctx context.Context, m plan.Move, stopped []task.Run) {
	for _, s := range m.Starts {
		c.queued(ctx, s.Run)
	}
	for _, run := range stopped {
		c.asked(run)
	}
	if m.After.State.Final() {
		c.log.Log(ctx, endLevel(m.After.State), "a plan run has ended",
			"plan", m.After.Plan, "plan_run", m.After.ID, "state", m.After.State, "reason", m.After.Reason)
	}
	c.watch.eventsChanged()
}

func endLevel(s plan.State) slog.Level {
	if s == plan.Failed {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}
