package conductor

import (
	"context"
	"errors"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// StartRun requests a run of a task, with the task's texts and params as they are now. The same key gives the same run.
func (c *Conductor) StartRun(ctx context.Context, name string, r task.RunRequest) (task.Run, error) {
	t, err := c.store.Task(ctx, name)
	if err != nil {
		return task.Run{}, err
	}
	now := c.now()
	run, err := c.newRun(t, r.Params, task.Cause{Kind: task.CauseManual, By: r.By}, now)
	if err != nil {
		return task.Run{}, err
	}
	c.fleet.setTaskLimits(t)
	if c.mayPlaceNew(run, now) {
		if stored, placed, err := c.startAtOnce(ctx, run, r.Key); placed || err != nil {
			return stored, err
		}
	}
	if err := c.backlog.admit(c.options.MaxQueued); err != nil {
		return task.Run{}, err
	}
	run.Reason = c.fleet.heldBack(name)
	stored, created, err := c.store.InsertRun(ctx, run, r.Key)
	if err != nil {
		return task.Run{}, err
	}
	if created {
		c.queued(ctx, run)
	}
	return stored, nil
}

// queued takes in that a run was stored that waits to be placed.
func (c *Conductor) queued(ctx context.Context, run task.Run) {
	c.backlog.grow()
	c.wanted.add(run.Spec.Target)
	c.wakeDispatcher()
	c.watch.eventsChanged()
	if run.Spec.WhenBusy == task.BusyReplace {
		c.stopReplaced(ctx, run.Task)
	}
}

// newRun returns a queued run of a task as the task is now, its texts filled in and its policy settled.
func (c *Conductor) newRun(t task.Task, params map[string]string, cause task.Cause, now time.Time) (task.Run, error) {
	spec, err := task.Fill(t.Spec, params)
	if err != nil {
		return task.Run{}, err
	}
	spec = spec.Resolve(c.fleet.defaults(spec.Target))
	id, err := c.ids.next(now)
	if err != nil {
		return task.Run{}, err
	}
	return task.Run{
		ID: id, Task: t.Name, State: task.Queued, Cause: cause, QueuedAt: now, Spec: spec, Params: spec.Params,
	}, nil
}

// mayPlaceNew reports whether a new run may be placed before it was queued: none waits that it would overtake, nothing holds
// it back, and all that limits it is known.
func (c *Conductor) mayPlaceNew(run task.Run, now time.Time) bool {
	return c.wanted.none(c.fleet.limited(run.Task)) && c.wishes.none() && c.unread.none() && c.whyNot(run, now) == ""
}

// placeNew reserves a place for the first attempt of a new run. It returns false where no server is eligible now.
func (c *Conductor) placeNew(run task.Run) (a virtualserver.Assignment, found bool) {
	ref := task.Ref{Run: run.ID, Number: 1}
	p := c.fleet.place(run.Task, run.Spec.Target, c.request(run.Task, run.Spec), ref, run.QueuedAt, c.choose)
	if p.Chosen == "" {
		return a, false
	}
	t := c.fleet.settle(p.Chosen, ref, run)
	a = virtualserver.Assignment{
		Ref: ref, Server: p.Chosen, Placement: p, UnavailableAfter: t.unavailableAfter, Lease: t.lease,
	}
	c.headStart(&a, t, run.QueuedAt)
	return a, true
}

// startAtOnce places a new run while none waits: it is stored with its first attempt in one transaction. It returns
// false where no server is eligible now, or the chosen one does not take it any more; then the run is to be queued.
func (c *Conductor) startAtOnce(ctx context.Context, run task.Run, key string) (_ task.Run, placed bool, err error) {
	run.Spec = c.foresee(ctx, run.Spec)
	a, found := c.placeNew(run)
	if !found {
		return task.Run{}, false, nil
	}
	stored, created, err := c.store.InsertPlacedRun(ctx, run, key, a)
	run.Spec = stored.Spec // The version of its archive is settled.
	switch {
	case created:
		c.offer(a.Server, c.offerStored(a, run, origin{}))
	case err == nil:
		c.fleet.release(a.Server, a.Ref)
		return stored, true, nil
	case errors.Is(err, fault.Conflict):
		c.fleet.release(a.Server, a.Ref)
		return task.Run{}, false, nil
	default:
		// It may be stored all the same; the place is kept until the offer loop has found that out.
		return task.Run{}, false, err
	}
	c.watch.eventsChanged()
	return stored, true, nil
}

// Run returns a run with its attempts.
func (c *Conductor) Run(ctx context.Context, id task.RunID) (task.Run, error) {
	return c.store.Run(ctx, id)
}

// Runs returns runs, newest first.
func (c *Conductor) Runs(ctx context.Context, f task.RunFilter, p page.Request) (page.Of[task.Run], error) {
	return c.store.Runs(ctx, f, p)
}

// Placements returns the stored placements of a run by attempt. For a queued run, 0 holds why it waits as of now.
func (c *Conductor) Placements(ctx context.Context, id task.RunID) (map[int]virtualserver.Placement, error) {
	placements, err := c.store.Placements(ctx, id)
	if err != nil {
		return nil, err
	}
	run, err := c.store.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	if run.State != task.Queued {
		delete(placements, 0)
		return placements, nil
	}
	if placements == nil {
		placements = map[int]virtualserver.Placement{}
	}
	if wait := c.whyNot(run, c.now()); wait != "" {
		placements[0] = virtualserver.Placement{At: c.now(), Reason: wait}
		return placements, nil
	}
	placements[0] = c.fleet.place(run.Task, run.Spec.Target, c.request(run.Task, run.Spec), task.Ref{}, c.now(), c.choose)
	return placements, nil
}

// RunEvents returns the history of a run, oldest first.
func (c *Conductor) RunEvents(ctx context.Context, id task.RunID, p page.Request) (page.Of[task.Event], error) {
	return c.store.RunEvents(ctx, id, p)
}

// Output reads output of an attempt from the offset on; end is true when nothing can follow what was returned.
func (c *Conductor) Output(ctx context.Context, ref task.Ref, offset int64, limit int) (task.Output, bool, error) {
	return c.store.Output(ctx, ref, offset, limit)
}

// WatchOutput returns a channel that receives whenever a run may have more output, a newer attempt, or another state.
// Signals are joined while nobody reads. stop must be called.
func (c *Conductor) WatchOutput(id task.RunID) (signal <-chan struct{}, stop func()) {
	return c.watch.watchOutput(id)
}

// Events returns events.
func (c *Conductor) Events(ctx context.Context, f task.EventFilter, limit int) ([]task.Event, error) {
	return c.store.Events(ctx, f, limit)
}

// LastEvent returns the id of the newest event, or 0.
func (c *Conductor) LastEvent(ctx context.Context) (int64, error) { return c.store.LastEvent(ctx) }

// WatchEvents returns a channel that receives whenever there may be new events. Signals are joined. stop must be called.
func (c *Conductor) WatchEvents() (signal <-chan struct{}, stop func()) { return c.watch.watchEvents() }
