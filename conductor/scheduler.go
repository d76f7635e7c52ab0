package conductor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

const (
	// fireMost is how many due triggers are acted on in one transaction. Others write between two of them.
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
		firings := make([]task.Firing, len(due))
		for i, d := range due {
			if firings[i], err = c.firing(d, now); err != nil {
				return time.Time{}, err
			}
		}
		if err := c.fired(ctx, firings, store.Fire(ctx, firings, now)); err != nil {
			return time.Time{}, err
		}
		if len(due) < fireMost {
			return soonest(next, firings), nil
		}
	}
	return time.Time{}, ctx.Err()
}

// fired takes in what was stored of firings. A trigger that has changed meanwhile is looked at again by the next pass.
func (c *Conductor) fired(ctx context.Context, firings []task.Firing, errs []error) error {
	var failed []error
	replacing := map[string]bool{}
	queued := false
	for i, err := range errs {
		switch {
		case err == nil:
			for _, run := range firings[i].Runs {
				queued = true
				c.backlog.grow()
				c.wanted.add(run.Spec.Target)
				if run.Spec.WhenBusy == task.BusyReplace {
					replacing[run.Task] = true
				}
			}
		case errors.Is(err, fault.Conflict):
			c.wakeScheduler()
		case len(failed) < 3:
			failed = append(failed, err)
		}
	}
	if queued {
		c.wakeDispatcher()
	}
	c.watch.eventsChanged()
	for name := range replacing {
		c.stopReplaced(ctx, name)
	}
	return errors.Join(failed...)
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
