package conductor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// ChainStore keeps which tasks follow which, and how far the ends of runs were followed.
type ChainStore interface {
	// Position returns the id of the last event that a follower has dealt with.
	Position(ctx context.Context, follower string) (int64, error)
	// Advance moves a follower on that had nothing to do about the events after from up to to. Conflict where it stands
	// elsewhere.
	Advance(ctx context.Context, follower string, from, to int64) error
	// Followers returns the triggers that wait for the end of one of the tasks, with what they start.
	Followers(ctx context.Context, tasks []string) ([]task.DueTrigger, error)
	// Follow stores what follows from the events after from up to to, occurrences with their runs, and moves the follower on,
	// all in one transaction. Conflict where it stands elsewhere; nothing is stored then. The occurrence of a trigger that is
	// gone is left out.
	Follow(ctx context.Context, follower string, from, to int64, hs []task.Happening, now time.Time) ([]task.Occurrence, error)
}

// The follower of the ends of runs, and how it goes.
const (
	runFollower = "run-ends"
	// followBatch is how many ends are dealt with in one transaction.
	followBatch = 200
)

// runEnds follows the ends of runs: tasks that are chained to them are started.
type runEnds struct {
	c     *Conductor
	store EventTriggerStore
	// stored is the position in the store, at how far the events were looked at, advanced when the position was stored last.
	stored, at int64
	advanced   time.Time
	ready      bool
}

// chainLoop follows the ends of runs until ctx ends.
func (c *Conductor) chainLoop(ctx context.Context) error {
	if c.options.EventTriggers == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	f := &runEnds{c: c, store: c.options.EventTriggers}
	return c.followEvents(ctx, followRest, f.passes)
}

// passes deals with all ends that are there, and logs what went wrong; it is tried again with the next sign.
func (f *runEnds) passes(ctx context.Context) {
	for more := true; more; {
		var err error
		if more, err = f.pass(ctx); err != nil {
			if ctx.Err() == nil {
				f.c.log.Error("following the ends of runs failed; it is tried again", "error", err)
			}
			return
		}
	}
}

// endKinds are the events of runs that have ended.
func endKinds() []string {
	var kinds []string
	for _, s := range task.States() {
		if s.Final() {
			kinds = append(kinds, "run."+string(s))
		}
	}
	return kinds
}

// pass deals with the ends that are there, and reports whether there may be more.
func (f *runEnds) pass(ctx context.Context) (more bool, err error) {
	if !f.ready {
		if f.stored, err = f.store.Position(ctx, runFollower); err != nil {
			return false, err
		}
		f.at, f.ready = f.stored, true
	}
	// Read before the events: an event that comes between the two is not passed over.
	last, err := f.c.store.LastEvent(ctx)
	if err != nil || last == f.at && !f.due() {
		return false, err
	}
	ends, err := f.c.store.Events(ctx, task.EventFilter{After: f.at, Kinds: endKinds()}, followBatch)
	if err != nil {
		return false, fmt.Errorf("read the ends of runs: %w", err)
	}
	to := max(last, f.at)
	if len(ends) == followBatch {
		to = ends[len(ends)-1].ID
	}
	hs, err := f.consequences(ctx, ends)
	if err != nil {
		return false, err
	}
	if err := f.keep(ctx, to, hs); err != nil {
		return false, err
	}
	return len(ends) == followBatch, nil
}

// due reports whether the position has moved on with nothing to do, and is to be stored.
func (f *runEnds) due() bool { return f.at > f.stored && f.c.now().Sub(f.advanced) >= advanceEvery }

// keep stores what follows, and the position with it.
func (f *runEnds) keep(ctx context.Context, to int64, hs []task.Happening) error {
	now := f.c.now()
	var stored []task.Occurrence
	var err error
	switch {
	case len(hs) > 0:
		stored, err = f.store.Follow(ctx, runFollower, f.stored, to, hs, now)
	case now.Sub(f.advanced) >= advanceEvery:
		err = f.store.Advance(ctx, runFollower, f.stored, to)
	default:
		f.at = to
		return nil
	}
	if errors.Is(err, fault.Conflict) {
		f.ready = false // another conductor was faster
	}
	if err != nil {
		return fmt.Errorf("store what follows from the ends of runs: %w", err)
	}
	f.stored, f.at, f.advanced = to, to, now
	if len(stored) > 0 {
		f.c.happened(ctx, hs, stored)
	}
	return nil
}

// consequences says what follows from ends.
func (f *runEnds) consequences(ctx context.Context, ends []task.Event) (hs []task.Happening, err error) {
	followers, err := f.followers(ctx, ends)
	if err != nil {
		return nil, err
	}
	for _, e := range ends {
		for _, d := range followers[e.Task] {
			if !d.Trigger.After.On.Includes(e.To) || e.At.Before(d.Trigger.CreatedAt) {
				continue
			}
			h, ok, err := f.follow(ctx, e, d)
			if err != nil {
				return nil, err
			}
			if ok {
				hs = append(hs, h)
			}
		}
	}
	return hs, nil
}

// followers returns the triggers that wait for the ends of the tasks, by task.
func (f *runEnds) followers(ctx context.Context, ends []task.Event) (map[string][]task.DueTrigger, error) {
	var tasks []string
	for _, e := range ends {
		if !slices.Contains(tasks, e.Task) {
			tasks = append(tasks, e.Task)
		}
	}
	found, err := f.store.Followers(ctx, tasks)
	if err != nil {
		return nil, err
	}
	byTask := map[string][]task.DueTrigger{}
	for _, d := range found {
		byTask[d.Trigger.After.Task] = append(byTask[d.Trigger.After.Task], d)
	}
	return byTask, nil
}

// follow says what a trigger makes of an end. It is nothing where the run is not kept any more.
func (f *runEnds) follow(ctx context.Context, e task.Event, d task.DueTrigger) (task.Happening, bool, error) {
	run, err := f.c.store.Run(ctx, task.RunID(e.Subject))
	if errors.Is(err, fault.NotFound) {
		return task.Happening{}, false, nil
	}
	if err != nil {
		return task.Happening{}, false, fmt.Errorf("read run %s, which has ended: %w", e.Subject, err)
	}
	run.State = e.To // it may have been taken up again since
	h, err := f.c.settleEvent(d, happening{
		// A run that was taken up again ends a second time.
		event: fmt.Sprintf("%s %s %d", e.Subject, e.To, e.ID), at: e.At, values: task.RunValues(run),
		cause: task.Cause{Kind: task.CauseChain, By: fmt.Sprintf("%s %s", e.Task, e.Subject)},
	})
	return h, err == nil, err
}
