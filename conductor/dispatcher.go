package conductor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

const (
	// dispatchAnyway is how often the queue is looked at without a sign that anything has changed. Only then are waiting
	// runs explained that nothing hinders but a full group.
	dispatchAnyway = time.Second
	// explainMost is how many runs that wait for a full target are looked at in a thorough pass.
	explainMost = 1000
	// parkedMost is how many runs of a target that must not be placed yet are passed over, except in a thorough pass.
	parkedMost = 256
	// assignMost is how many attempts are committed together.
	assignMost = 128
	// longPass is the length of a pass from which on the dispatcher rests between passes, as long as the pass took.
	longPass = 20 * time.Millisecond
)

// wanted is the set of targets that queued runs may wait for, so that a pass need not ask the store for them.
type wanted struct {
	mu      sync.Mutex
	targets map[task.Target]struct{}
	// held are targets that nothing waits for but runs that a limit of their task holds back.
	held map[task.Target]struct{}
	// known is false until the first pass has read the queue, and while a pass has taken targets.
	known bool
}

func newWanted() *wanted {
	return &wanted{targets: map[task.Target]struct{}{}, held: map[task.Target]struct{}{}}
}

// add notes that runs may wait for targets.
func (w *wanted) add(targets ...task.Target) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range targets {
		w.targets[t] = struct{}{}
	}
}

// none reports whether no run waits for anything, so that a new one may be placed at once without overtaking another. One
// of a task without limits overtakes no run that a limit holds back.
func (w *wanted) none(limited bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.known && len(w.targets) == 0 && (!limited || len(w.held) == 0)
}

// take removes the targets that may be placed on now, and returns them by name. putBack must follow.
func (w *wanted) take(may func(task.Target) bool) []task.Target {
	w.mu.Lock()
	defer w.mu.Unlock()
	var taken []task.Target
	for t := range w.held {
		w.targets[t] = struct{}{}
	}
	clear(w.held)
	for t := range w.targets {
		if may(t) {
			taken = append(taken, t)
			delete(w.targets, t)
		}
	}
	w.known = w.known && len(taken) == 0
	slices.SortFunc(taken, func(a, b task.Target) int {
		return cmp.Or(cmp.Compare(a.VirtualServer, b.VirtualServer), cmp.Compare(a.Server, b.Server))
	})
	return taken
}

// putBack ends what take began, with the targets that runs still wait for, and those of runs that a limit holds back.
func (w *wanted) putBack(left, held []task.Target) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range left {
		w.targets[t] = struct{}{}
	}
	for _, t := range held {
		if _, waits := w.targets[t]; !waits {
			w.held[t] = struct{}{}
		}
	}
	w.known = true
}

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
	for {
		thorough := false
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.dispatch:
		case <-ticker.C:
			thorough = true
		}
		begin := c.now()
		if err := c.passes.run(ctx, thorough); err != nil && ctx.Err() == nil {
			c.log.Error("placing queued runs failed; it is tried again", "error", err)
		}
		if took := c.now().Sub(begin); took > longPass {
			if err := sleep(ctx, took); err != nil {
				return err
			}
		}
	}
}

// dispatch makes passes over the queue.
type dispatch struct {
	c *Conductor
	// explained is what was last written down of runs that wait, so that it is written once.
	explained map[task.RunID]string
	// doubts are placements of which it is not known whether they are stored.
	doubts []doubt
}

func newDispatch(c *Conductor) *dispatch { return &dispatch{c: c, explained: map[task.RunID]string{}} }

// run makes one pass: it places what it can, in the order of the queue, and explains the rest. Targets without room are
// left out, unless the pass is thorough; a run whose like was refused in this pass is passed over, because places only
// get fewer while it lasts.
func (d *dispatch) run(ctx context.Context, thorough bool) error {
	p := pass{dispatch: d, thorough: thorough, now: d.c.now(), looked: map[task.Target]int{}, parked: map[task.Target]int{}, refused: map[string]virtualserver.Placement{}}
	if thorough {
		p.seen = make(map[task.RunID]string, len(d.explained))
	} else {
		p.seen = d.explained
	}
	if err := p.run(ctx); err != nil {
		return err
	}
	d.explained = p.seen
	return nil
}

// pass is one pass over the queue.
type pass struct {
	*dispatch
	thorough bool
	now      time.Time
	// looked counts the runs of full targets that were looked at.
	looked map[task.Target]int
	// parked counts the runs of targets that must not be placed yet.
	parked map[task.Target]int
	// held counts the runs that a limit of their task holds back.
	held int
	// refused is why runs that are alike were not placed in this pass.
	refused      map[string]virtualserver.Placement
	seen         map[task.RunID]string
	assignments  []virtualserver.Assignment
	placed       []task.Run
	origins      []origin
	explanations []virtualserver.Explanation
}

func (p *pass) run(ctx context.Context) error {
	if err := p.settleDoubts(ctx); err != nil {
		return err
	}
	if err := p.c.settleWishes(ctx); err != nil {
		return err
	}
	if err := p.c.readLimits(ctx); err != nil {
		return err
	}
	if p.thorough {
		if err := p.c.expire(ctx); err != nil {
			return fmt.Errorf("end runs that have waited for too long: %w", err)
		}
		targets, err := p.c.store.QueuedTargets(ctx)
		if err != nil {
			return fmt.Errorf("read the queue: %w", err)
		}
		p.c.wanted.add(targets...)
	}
	targets := p.c.wanted.take(func(t task.Target) bool { return p.thorough || p.c.fleet.mayHaveRoom(t, p.now) })
	q := newQueue(p.c.store, targets)
	defer func() { p.c.wanted.putBack(q.left()) }()
	for {
		run, more, err := q.next(ctx)
		if err != nil {
			return fmt.Errorf("read the queue: %w", err)
		}
		if !more {
			break
		}
		if wait := p.c.fleet.heldBack(run.Task); wait != "" {
			p.hold(ctx, q, run, wait)
		} else if !p.consider(ctx, run) {
			q.keep(run.Spec.Target)
		}
		if len(p.assignments) >= assignMost {
			p.commit(ctx)
		}
		if p.enough(run.Spec.Target) {
			q.drop(run.Spec.Target)
		}
	}
	p.commit(ctx)
	return p.explainAll(ctx)
}

// enough reports whether no more runs of a target need be looked at: it is full, and the foremost ones know it, or many of
// the foremost must not be placed yet.
func (p *pass) enough(t task.Target) bool {
	if !p.thorough && p.parked[t] >= parkedMost {
		return true
	}
	if p.c.fleet.mayHaveRoom(t, p.now) {
		return false
	}
	p.looked[t]++
	return !p.thorough || p.looked[t] >= explainMost
}

// consider places a run, or notes why it waits. It reports whether the run has left the queue.
func (p *pass) consider(ctx context.Context, run task.Run) (settled bool) {
	if wait := p.c.waits(run, p.now); wait != "" {
		p.parked[run.Spec.Target]++
		if run.Next == nil || !p.now.Before(run.Next.NotBefore) {
			p.explain(run, virtualserver.Placement{At: p.now, Reason: wait})
		}
		return false
	}
	req := p.c.request(run.Task, run.Spec)
	if run.Next != nil && run.Next.Avoid != "" {
		req.Avoid = []string{run.Next.Avoid}
	}
	like := likeness(run.Spec.Target, req)
	if p.c.fleet.limited(run.Task) {
		like += "\x03" + run.Task
	}
	if why, known := p.refused[like]; known {
		return p.refuse(ctx, run, why)
	}
	from, err := p.c.originOf(ctx, run)
	if err != nil {
		p.explain(run, virtualserver.Placement{At: p.now, Reason: err.Error()})
		return false
	}
	ref := task.Ref{Run: run.ID, Number: run.Attempt + 1}
	placement := p.c.fleet.place(run.Task, run.Spec.Target, req, ref, p.now, p.c.choose)
	if placement.Chosen == "" {
		p.refused[like] = placement
		return p.refuse(ctx, run, placement)
	}
	p.assign(run, ref, placement, from)
	return true
}

// refuse notes why a run waits, unless it is given up. It reports whether it was.
func (p *pass) refuse(ctx context.Context, run task.Run, why virtualserver.Placement) (settled bool) {
	if p.c.giveUp(ctx, run, p.now) {
		return true
	}
	p.explain(run, why)
	return false
}

// assign notes the attempt of a run that found a place.
func (p *pass) assign(run task.Run, ref task.Ref, placement virtualserver.Placement, from origin) {
	t := p.c.fleet.settle(placement.Chosen, ref, run)
	a := virtualserver.Assignment{
		Ref: ref, Server: placement.Chosen, Placement: placement, UnavailableAfter: t.unavailableAfter, Lease: t.lease,
	}
	p.c.headStart(&a, t, p.now)
	if run.Next != nil {
		a.Ground, a.ResumedFrom = run.Next.Ground, run.Next.Checkpoint
	}
	p.assignments = append(p.assignments, a)
	p.placed = append(p.placed, run)
	p.origins = append(p.origins, from)
}

// commit stores the attempts and offers those that were stored. A run that is not queued any more gives its place back.
func (p *pass) commit(ctx context.Context) {
	if len(p.assignments) == 0 {
		return
	}
	offers := outgoing{}
	for i, err := range p.c.store.AssignRuns(ctx, p.assignments, p.now) {
		a, run := p.assignments[i], p.placed[i]
		switch {
		case err == nil:
			offers.add(a.Server, p.c.offerStored(a, run, p.origins[i]))
		case errors.Is(err, fault.Conflict):
			p.c.fleet.release(a.Server, a.Ref)
		default:
			p.doubts = append(p.doubts, doubt{ref: a.Ref, server: a.Server, from: p.origins[i]})
			if ctx.Err() == nil {
				p.c.log.Error("storing a placement failed; it is tried again", "run", a.Ref.Run, "error", err)
			}
		}
	}
	offers.send(p.c)
	p.assignments, p.placed, p.origins = nil, nil, nil
	p.c.watch.eventsChanged()
}

// explain notes why a run waits, where that is news. A group that is merely full is given until the next thorough pass,
// since most waits for a slot are short.
func (p *pass) explain(run task.Run, why virtualserver.Placement) {
	sign := refusalSign(why)
	if p.explained[run.ID] == sign {
		p.seen[run.ID] = sign
		return
	}
	if !p.thorough && onlyFull(why) {
		return
	}
	p.seen[run.ID] = sign
	p.explanations = append(p.explanations, virtualserver.Explanation{Run: run.ID, Reason: why.Reason, Placement: &why})
}

func (p *pass) explainAll(ctx context.Context) error {
	if len(p.explanations) == 0 {
		return nil
	}
	if err := p.c.store.ExplainQueued(ctx, p.explanations, p.now); err != nil {
		return fmt.Errorf("store why runs wait: %w", err)
	}
	p.c.watch.eventsChanged()
	return nil
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

// onlyFull reports whether a run was refused somewhere for want of a slot alone.
func onlyFull(p virtualserver.Placement) bool {
	return slices.ContainsFunc(p.Candidates, func(v virtualserver.Verdict) bool { return v.Refused == virtualserver.RefusedNoSlot })
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
	b.WriteString("\x03" + req.RunAs)
	return b.String()
}

// request says what a run of a task needs: what the task declares, else what its earlier runs used, else one core.
func (c *Conductor) request(name string, spec task.Spec) virtualserver.Request {
	req := virtualserver.Request{
		Kind:     jobserver.KindJob,
		Requires: spec.Requires,
		RunAs:    spec.Job.RunAs,
		Need:     c.learner.need(name, spec.Resources),
	}
	if a := spec.Job.Archive; a != nil && a.Package != nil {
		req.Archive = a.Package.SHA256
	}
	return req
}
