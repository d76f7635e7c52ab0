package conductor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

const (
	// fireMost is how many due triggers are acted on in one transaction, and about how many occurrences. Others write between
	// two of them. Fewer would have the first runs start sooner, and hold up the decision about the others.
	fireMost = 256
	// scheduleAnyway is how often due triggers are looked for without a sign that anything has changed: the clock may have
	// been set, and another conductor may have changed a trigger.
	scheduleAnyway = time.Second
	// scheduleAgain is how long the scheduler waits after an error.
	scheduleAgain = 500 * time.Millisecond
)

// wakeScheduler says that triggers have changed.
func (c *Conductor) wakeScheduler() {
	select {
	case c.schedule <- struct{}{}:
	default:
	}
}

// scheduleLoop acts on triggers when they are due. When they are is in the store, and nothing of it is kept here: between
// two passes it sleeps until the first of them is due, or until one has changed.
func (c *Conductor) scheduleLoop(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.schedule:
		case <-timer.C:
		}
		next, err := c.FireDue(ctx)
		wait := scheduleAnyway
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			c.log.Error("acting on due triggers failed; it is tried again", "error", err)
			wait = scheduleAgain
		case !next.IsZero():
			wait = min(max(next.Sub(c.now()), 0), scheduleAnyway)
		}
		timer.Reset(wait)
	}
}

// FireDue acts on all triggers that are due, and returns when the next one is, or the zero instant. [Conductor.Serve] does
// so by itself; it is for a caller that has its own clock.
func (c *Conductor) FireDue(ctx context.Context) (next time.Time, err error) {
	store := c.options.Triggers
	for ctx.Err() == nil {
		now := c.now()
		due, next, err := store.DueTriggers(ctx, now, fireMost)
		if err != nil {
			return time.Time{}, err
		}
		if len(due) == 0 {
			return next, nil
		}
		d, err := c.decideDue(due, now)
		if err != nil {
			return time.Time{}, err
		}
		if err := c.fired(ctx, d, store.Fire(ctx, d.firings, d.placed, now)); err != nil {
			return time.Time{}, err
		}
		if len(due) < fireMost && len(d.firings) == len(due) {
			if next := soonest(next, d.firings); next.IsZero() || next.After(now) {
				return next, nil
			}
		}
	}
	return time.Time{}, ctx.Err()
}

// fireBatch is what was decided about due triggers.
type fireBatch struct {
	firings []task.Firing
	// placed are the first attempts of those runs that need not wait.
	placed map[task.RunID]virtualserver.Assignment
	// waits is true once a run was decided that has to wait: those after it do not overtake it.
	waits bool
}

// decideDue settles what becomes of triggers that are due: of the first ones, until they make as many occurrences as go into
// a transaction. While nothing waits, their runs are placed at once.
func (c *Conductor) decideDue(due []task.DueTrigger, now time.Time) (*fireBatch, error) {
	d := &fireBatch{firings: make([]task.Firing, 0, len(due)), placed: map[task.RunID]virtualserver.Assignment{}}
	made := 0
	for _, trigger := range due {
		if made >= fireMost {
			break
		}
		f, err := c.firing(trigger, now)
		if err != nil {
			for _, a := range d.placed {
				c.fleet.release(a.Server, a.Ref)
			}
			return nil, err
		}
		d.firings = append(d.firings, f)
		made += len(f.Occurrences)
		for _, run := range f.Runs {
			a, placed := virtualserver.Assignment{}, false
			if !d.waits && c.mayPlaceNew(run, now) {
				a, placed = c.placeNew(run)
			}
			if d.waits = !placed; placed {
				d.placed[run.ID] = a
			}
		}
	}
	return d, nil
}

// fired takes in what was stored of what was decided. A trigger that has changed meanwhile is looked at again by the next
// pass.
func (c *Conductor) fired(ctx context.Context, d *fireBatch, errs []error) error {
	var failed []error
	replacing := map[string]bool{}
	queued, owed, offers := false, false, outgoing{}
	for i, err := range errs {
		switch {
		case err == nil:
			owed = owed || d.firings[i].Arrears != nil
			for _, run := range d.firings[i].Runs {
				queued = c.began(run, d.placed, offers) || queued
				if run.Spec.WhenBusy == task.BusyReplace {
					replacing[run.Task] = true
				}
			}
		case errors.Is(err, fault.Conflict):
			for _, run := range d.firings[i].Runs {
				if a, placed := d.placed[run.ID]; placed {
					c.fleet.release(a.Server, a.Ref)
				}
			}
			c.wakeScheduler()
		case len(failed) < 3:
			// It may be stored all the same; places are kept until the offer loop has found that out.
			failed = append(failed, err)
		}
	}
	offers.send(c)
	if queued {
		c.wakeDispatcher()
	}
	if owed {
		c.wakeArrears()
	}
	c.watch.eventsChanged()
	for name := range replacing {
		c.stopReplaced(ctx, name)
	}
	return errors.Join(failed...)
}

// began takes in a run that was stored, unless its occurrence had its row or the limits of its task refused it. It reports
// whether the run may wait for a place.
func (c *Conductor) began(run task.Run, placed map[task.RunID]virtualserver.Assignment, offers outgoing) (queued bool) {
	a, was := placed[run.ID]
	switch {
	case was && run.State == a.RunState():
		offers.add(a.Server, c.offerStored(a, run, origin{}))
		return false
	case was:
		c.fleet.release(a.Server, a.Ref)
		return false
	}
	c.backlog.grow()
	c.wanted.add(run.Spec.Target)
	return true
}

// soonest returns the first instant at which a trigger is due: next, or that of one that was just acted on.
func soonest(next time.Time, firings []task.Firing) time.Time {
	for _, f := range firings {
		if f.DueAt != nil && (next.IsZero() || f.DueAt.Before(next)) {
			next = *f.DueAt
		}
	}
	return next
}

// firing settles what becomes of a trigger that is due.
func (c *Conductor) firing(d task.DueTrigger, now time.Time) (task.Firing, error) {
	t := d.Trigger
	f := task.Firing{Owner: t.Owner, Trigger: t.Name, From: *t.Next}
	s, err := task.NewSchedule(t.Owner, t.TriggerSpec, t.CreatedAt, d.Calendar)
	if err != nil {
		// It was sound when it was stored. It is not due again until someone has changed it.
		f.Occurrences = []task.Occurrence{occurrence(t, *t.Next, fmt.Sprintf("the trigger cannot be read: %v", err), now)}
		return f, nil
	}
	settled := s.Settle(*t.Next, now)
	f.Next, f.DueAt = settled.Next, settled.DueAt
	if settled.OwedUntil != nil {
		f.Arrears = d.Arrears(*settled.OwedUntil, "", now)
	}
	f.Params = t.Params
	spec, refused := c.specOf(d)
	for _, o := range settled.Due {
		reason := o.Reason
		if reason == "" {
			reason = refused
		}
		made := occurrence(t, o.ScheduledFor, reason, now)
		if reason == "" {
			id, err := c.ids.next(now)
			if err != nil {
				return f, err
			}
			made.Run = id
			if t.Owner.Kind == task.OwnerTask {
				f.Runs = append(f.Runs, task.Run{
					ID: id, Task: t.Owner.Name, State: task.Queued, Cause: task.Cause{Kind: task.CauseTrigger, By: t.Name},
					ScheduledFor: &made.ScheduledFor, QueuedAt: now, Spec: spec, Params: spec.Params, Reason: c.fleet.heldBack(t.Owner.Name),
				})
			}
		}
		f.Occurrences = append(f.Occurrences, made)
	}
	return f, nil
}

func occurrence(t task.Trigger, at time.Time, reason string, now time.Time) task.Occurrence {
	return task.Occurrence{Owner: t.Owner, Trigger: t.Name, ScheduledFor: at, Reason: reason, DecidedAt: now}
}

// specOf returns the task of a due trigger as its run will execute it, or why there can be no run.
func (c *Conductor) specOf(d task.DueTrigger) (spec task.Spec, refused string) {
	if d.Trigger.Owner.Kind == task.OwnerPlan {
		if c.options.Plans == nil {
			refused = "this conductor runs no plans"
		}
		return spec, refused
	}
	if d.Task == nil {
		return spec, fmt.Sprintf("%s does not exist", d.Trigger.Owner)
	}
	if err := c.backlog.admit(c.options.MaxQueued); err != nil {
		return spec, err.Error()
	}
	spec, err := task.Fill(d.Task.Spec, d.Trigger.Params)
	if err != nil {
		return spec, fmt.Sprintf("the task cannot be run: %v", err)
	}
	c.fleet.setTaskLimits(*d.Task)
	return spec.Resolve(c.fleet.defaults(spec.Target)), ""
}
