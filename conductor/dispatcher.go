package conductor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

const (
	// queuePage is how many queued runs are looked at together.
	queuePage = 256
	// dispatchAnyway is how often the queue is looked at without a sign that anything has changed.
	dispatchAnyway = time.Second
	// explainAfter is how long a run waits for a slot before that is written down; most waits are shorter.
	explainAfter = 500 * time.Millisecond
	// longPass is the length of a pass from which on the dispatcher rests between passes, as long as the pass took.
	longPass = 20 * time.Millisecond
)

// wakeDispatcher says that a run was queued or that a place may have become free.
func (c *Conductor) wakeDispatcher() {
	select {
	case c.dispatch <- struct{}{}:
	default:
	}
}

// dispatchLoop places queued runs whenever something may have changed.
func (c *Conductor) dispatchLoop(ctx context.Context) error {
	ticker := time.NewTicker(dispatchAnyway)
	defer ticker.Stop()
	pass := newDispatch(c)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.dispatch:
		case <-ticker.C:
		}
		begin := c.now()
		if err := pass.run(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("placing queued runs failed; it is tried again", "error", err)
		}
		if took := c.now().Sub(begin); took > longPass {
			if err := sleep(ctx, took); err != nil {
				return err
			}
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// dispatch makes passes over the queue.
type dispatch struct {
	c *Conductor
	// explained is what was last written down of runs that wait, so that it is written once.
	explained map[task.RunID]string
}

func newDispatch(c *Conductor) *dispatch { return &dispatch{c: c, explained: map[task.RunID]string{}} }

// run makes one pass: it places what it can, in the order of the queue, and explains the rest. A run whose like was
// refused in this pass is passed over, because places only get fewer while it lasts.
func (d *dispatch) run(ctx context.Context) error {
	refused := map[string]virtualserver.Placement{}
	seen := map[task.RunID]string{}
	var after task.QueuePosition
	for {
		runs, err := d.c.store.QueuedRuns(ctx, after, queuePage)
		if err != nil {
			return fmt.Errorf("read the queue: %w", err)
		}
		if err := d.page(ctx, runs, refused, seen); err != nil {
			return err
		}
		if len(runs) < queuePage {
			d.explained = seen
			return nil
		}
		after = runs[len(runs)-1].Position()
	}
}

func (d *dispatch) page(ctx context.Context, runs []task.Run, refused map[string]virtualserver.Placement, seen map[task.RunID]string) error {
	now := d.c.now()
	var assignments []virtualserver.Assignment
	var placed []task.Run
	var explanations []virtualserver.Explanation
	for _, run := range runs {
		req := d.c.request(run.Task, run.Spec)
		like := likeness(run.Spec.Target, req)
		if p, known := refused[like]; known {
			explanations = d.explain(explanations, run, p, seen, now)
			continue
		}
		ref := task.Ref{Run: run.ID, Number: run.Attempt + 1}
		p := d.c.fleet.place(run.Spec.Target, req, ref, now, d.c.choose)
		if p.Chosen == "" {
			refused[like] = p
			explanations = d.explain(explanations, run, p, seen, now)
			continue
		}
		assignments = append(assignments, virtualserver.Assignment{Ref: ref, Server: p.Chosen, Placement: p})
		placed = append(placed, run)
	}
	d.commit(ctx, assignments, placed, now)
	if len(explanations) == 0 {
		return nil
	}
	if err := d.c.store.ExplainQueued(ctx, explanations, now); err != nil {
		return fmt.Errorf("store why runs wait: %w", err)
	}
	d.c.watch.eventsChanged()
	return nil
}

// commit stores the attempts and offers those that were stored. A run that is not queued any more gives its place back.
func (d *dispatch) commit(ctx context.Context, as []virtualserver.Assignment, runs []task.Run, now time.Time) {
	if len(as) == 0 {
		return
	}
	for i, err := range d.c.store.AssignRuns(ctx, as, now) {
		if err != nil {
			d.c.fleet.release(as[i].Server, as[i].Ref)
			if !errors.Is(err, fault.Conflict) && ctx.Err() == nil {
				d.c.log.Error("storing a placement failed; it is tried again", "run", as[i].Ref.Run, "error", err)
			}
			continue
		}
		d.c.sessions.offer(as[i].Server, offerOf(as[i].Ref, runs[i].Task, runs[i].Spec, runs[i].Params, runs[i].ScheduledFor))
	}
	d.c.watch.eventsChanged()
}

// explain adds an explanation where it would say something new.
func (d *dispatch) explain(es []virtualserver.Explanation, run task.Run, p virtualserver.Placement, seen map[task.RunID]string, now time.Time) []virtualserver.Explanation {
	sign := refusalSign(p)
	if d.explained[run.ID] == sign {
		seen[run.ID] = sign
		return es
	}
	if onlySlots(p) && now.Sub(run.QueuedAt) < explainAfter {
		return es
	}
	seen[run.ID] = sign
	return append(es, virtualserver.Explanation{Run: run.ID, Reason: p.Reason, Placement: &p})
}

// refusalSign is equal for placements that were refused for the same reasons, whatever their numbers are.
func refusalSign(p virtualserver.Placement) string {
	if len(p.Candidates) == 0 {
		return p.Reason
	}
	parts := make([]string, len(p.Candidates))
	for i, v := range p.Candidates {
		parts[i] = v.Server + "\x00" + string(v.Refused)
	}
	slices.Sort(parts)
	return strings.Join(parts, "\x01")
}

func onlySlots(p virtualserver.Placement) bool {
	full := false
	for _, v := range p.Candidates {
		full = full || v.Refused == virtualserver.RefusedNoSlot
	}
	return full
}

// likeness is equal for runs that a pass would treat alike.
func likeness(t task.Target, req virtualserver.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\x00%s\x00%s\x00%g\x00%d\x00%d", t.VirtualServer, t.Server, req.Kind, req.Need.CPU, req.Need.Memory, req.Need.Slots)
	for _, name := range slices.Sorted(maps.Keys(req.Requires)) {
		b.WriteString("\x00" + name + "\x01" + req.Requires[name])
	}
	for _, name := range req.Avoid {
		b.WriteString("\x02" + name)
	}
	return b.String()
}

// request says what a run of a task needs: what the task declares, else what its earlier runs used, else one core.
func (c *Conductor) request(name string, spec task.Spec) virtualserver.Request {
	return virtualserver.Request{
		Kind:     jobserver.KindJob,
		Requires: spec.Requires,
		Need:     c.learner.need(name, spec.Resources),
	}
}

// offerLoop takes back offers that nobody claims.
func (c *Conductor) offerLoop(ctx context.Context) error {
	return every(ctx, time.Second, func(ctx context.Context) {
		now := c.now()
		for server, refs := range c.fleet.staleOffers(now.Add(-c.options.OfferTimeout)) {
			c.withdraw(ctx, server, refs, now)
		}
	})
}

func (c *Conductor) withdraw(ctx context.Context, server string, refs []task.Ref, now time.Time) {
	reason := "the offer to " + server + " was not claimed in time"
	for i, err := range c.store.WithdrawOffers(ctx, refs, reason, now) {
		switch {
		case err == nil:
			c.fleet.release(server, refs[i])
		case errors.Is(err, fault.Conflict), errors.Is(err, fault.Fenced), errors.Is(err, fault.NotFound):
			c.refresh(ctx, server, refs[i])
		case ctx.Err() == nil:
			c.log.Error("taking back an offer failed; it is tried again", "run", refs[i].Run, "server", server, "error", err)
		}
	}
	c.watch.eventsChanged()
	c.wakeDispatcher()
}

// refresh brings the fleet's picture of one attempt up to what is stored.
func (c *Conductor) refresh(ctx context.Context, server string, ref task.Ref) {
	run, err := c.store.Run(ctx, ref.Run)
	if err != nil {
		c.log.Error("reading a run failed", "run", ref.Run, "error", err)
		return
	}
	for _, a := range run.Attempts {
		if a.Number != ref.Number {
			continue
		}
		if !a.State.Open() {
			c.fleet.release(server, ref)
		} else if a.State != task.AttemptOffered {
			c.fleet.claimed(server, a.Instance, ref)
		}
	}
}
