package conductor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// RetentionStore keeps the rules of retention, and removes what they do not keep, a little in each transaction.
type RetentionStore interface {
	Retention(ctx context.Context) (task.StoredRetention, error)
	// EditRetention applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict.
	EditRetention(ctx context.Context, version int64, now time.Time, edit func(*task.RetentionSettings) error) (task.StoredRetention, error)
	// PinRun keeps a run from being pruned, or no longer.
	PinRun(ctx context.Context, id task.RunID, pinned bool, by string, now time.Time) (task.Run, error)

	// KeptTasks returns up to limit tasks of which runs are stored, by name after a name, deleted ones among them.
	KeptTasks(ctx context.Context, after string, limit int) ([]task.KeptTask, error)
	// Settled returns up to when everything that follows the events has dealt with them.
	Settled(ctx context.Context, now time.Time) (time.Time, error)
	// Beyond returns the newest run of a task that is older than that many of its newest runs, or "".
	Beyond(ctx context.Context, name string, kept int) (task.RunID, error)
	// OldRuns returns up to limit runs of a task after one, the oldest first.
	OldRuns(ctx context.Context, name string, after task.RunID, limit int) ([]task.OldRun, error)
	// PruneRuns, PruneLog and PruneCheckpoints pass over runs that have not ended before the instant or are pinned.
	// PruneRuns returns how many it has removed, PruneLog whether there is more to do for the run.
	PruneRuns(ctx context.Context, ids []task.RunID, endedBefore time.Time) (int, error)
	PruneLog(ctx context.Context, id task.RunID, endedBefore, now time.Time) (more bool, err error)
	PruneCheckpoints(ctx context.Context, id task.RunID, endedBefore time.Time) (pruned bool, err error)
	// PrunePlanRuns removes up to limit plan runs that ended before the instant.
	PrunePlanRuns(ctx context.Context, endedBefore time.Time, limit int) (pruned int, err error)
	// PruneEvents looks at up to limit of the oldest events after one, and removes those before the instant that all
	// followers have dealt with. more is false once one is to stay.
	PruneEvents(ctx context.Context, after int64, before time.Time, limit int) (pruned int, last int64, more bool, err error)
	// PruneOccurrences removes up to limit occurrences from before the instant.
	PruneOccurrences(ctx context.Context, before time.Time, limit int) (pruned int, err error)
}

const (
	// pruneEvery is how often it is looked at what need not be kept any more.
	pruneEvery = 5 * time.Minute
	// pruneRuns, pruneEvents and pruneOccurrences are how many of them go in one transaction at most.
	pruneRuns        = 24
	pruneEvents      = 500
	pruneOccurrences = 500
	// lookAtFirst and lookAt are how many runs of a task are read at once: most tasks have nothing to prune.
	lookAtFirst, lookAt = 8, 128
	// pruneRest is the least pause between two transactions, and pruneShare how much longer than the transaction it is:
	// the store works on other things for most of the time.
	pruneRest  = 20 * time.Millisecond
	pruneShare = 4
)

// errNoRetention is the answer where nothing is kept of what is asked for.
var errNoRetention = fmt.Errorf("this conductor has no settings of retention: %w", fault.Unavailable)

// Retention returns the rules that hold for all tasks without rules of their own.
func (c *Conductor) Retention(ctx context.Context) (task.StoredRetention, error) {
	if c.options.Retention == nil {
		return task.StoredRetention{}, errNoRetention
	}
	return c.options.Retention.Retention(ctx)
}

// EditRetention changes the rules. They hold from the next look at what is to be pruned.
func (c *Conductor) EditRetention(ctx context.Context, version int64, edit func(*task.RetentionSettings) error) (task.StoredRetention, error) {
	if c.options.Retention == nil {
		return task.StoredRetention{}, errNoRetention
	}
	s, err := c.options.Retention.EditRetention(ctx, version, c.now(), func(s *task.RetentionSettings) error {
		if err := edit(s); err != nil {
			return err
		}
		return s.Validate()
	})
	if err == nil {
		c.watch.eventsChanged()
	}
	return s, err
}

// PinRun keeps a run from being pruned, or no longer, for the caller named by.
func (c *Conductor) PinRun(ctx context.Context, id task.RunID, pinned bool, by string) (task.Run, error) {
	if c.options.Retention == nil {
		return task.Run{}, errNoRetention
	}
	run, err := c.options.Retention.PinRun(ctx, id, pinned, by, c.now())
	if err == nil {
		c.watch.eventsChanged()
	}
	return run, err
}

// pruneLoop removes what need not be kept any more.
func (c *Conductor) pruneLoop(ctx context.Context) error {
	return every(ctx, pruneEvery, func(ctx context.Context) {
		if err := c.prune(ctx, rest); err != nil && ctx.Err() == nil {
			c.log.Error("removing what need not be kept failed; it is tried again", "error", err)
		}
	})
}

// rest pauses after a transaction that took so long.
func rest(ctx context.Context, took time.Duration) error {
	return sleep(ctx, max(pruneRest, pruneShare*took))
}

// prune looks once at everything that is kept, and removes what the rules do not keep. What fails for one task does not
// hinder the others.
func (c *Conductor) prune(ctx context.Context, rest func(context.Context, time.Duration) error) error {
	p := pruner{c: c, store: c.options.Retention, rest: rest, now: c.now()}
	var err error
	if p.settled, err = p.store.Settled(ctx, p.now); err != nil {
		return err
	}
	s, err := p.store.Retention(ctx)
	if err != nil {
		return err
	}
	p.settings = s.RetentionSettings
	return errors.Join(p.runs(ctx), p.planRuns(ctx), p.events(ctx), p.occurrences(ctx))
}

// pruner is one look at everything that is kept.
type pruner struct {
	c        *Conductor
	store    RetentionStore
	rest     func(context.Context, time.Duration) error
	now      time.Time
	settled  time.Time
	settings task.RetentionSettings
}

// step makes one transaction, counts what it has removed, and pauses.
func (p *pruner) step(ctx context.Context, kind string, do func() (int, error)) error {
	begin := time.Now()
	n, err := do()
	p.c.metrics.pruned(kind, n)
	if err != nil {
		return err
	}
	return p.rest(ctx, time.Since(begin))
}

// runs prunes the runs of each task.
func (p *pruner) runs(ctx context.Context) error {
	var errs []error
	for after := ""; ctx.Err() == nil; {
		tasks, err := p.store.KeptTasks(ctx, after, lookAt)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, t := range tasks {
			if err := p.runsOf(ctx, t.Name, p.settings.With(t.Retention)); err != nil {
				errs = append(errs, err)
			}
		}
		if len(tasks) < lookAt {
			break
		}
		after = tasks[len(tasks)-1].Name
	}
	return errors.Join(errs...)
}

// runsOf prunes the runs of one task, the oldest first, up to the first that is to stay for its age and its place.
func (p *pruner) runsOf(ctx context.Context, name string, rules task.RetentionSettings) error {
	var beyond task.RunID
	if rules.Runs > 0 {
		var err error
		if beyond, err = p.store.Beyond(ctx, name, rules.Runs); err != nil {
			return err
		}
	}
	before := rules.Before(p.now)
	if beyond == "" && before.IsZero() {
		return nil
	}
	after, limit := task.RunID(""), lookAtFirst
	for {
		olds, err := p.store.OldRuns(ctx, name, after, limit)
		if err != nil {
			return err
		}
		due := olds[:0:0]
		more := len(olds) == limit
		for _, old := range olds {
			if old.ID > beyond && !old.QueuedAt.Before(before) {
				more = false
				break
			}
			due = append(due, old)
		}
		if err := p.pruneEach(ctx, due, beyond, rules); err != nil || !more {
			return err
		}
		after, limit = olds[len(olds)-1].ID, lookAt
	}
}

// pruneEach does what is due for runs of a task.
func (p *pruner) pruneEach(ctx context.Context, olds []task.OldRun, beyond task.RunID, rules task.RetentionSettings) error {
	var gone []task.RunID
	for _, old := range olds {
		due := rules.Prune(old, old.ID <= beyond, p.settled, p.now)
		if due.Log || due.Run && old.LargeLog {
			if err := p.log(ctx, old.ID); err != nil {
				return err
			}
		}
		if due.Checkpoints {
			err := p.step(ctx, "checkpoints", func() (int, error) {
				pruned, err := p.store.PruneCheckpoints(ctx, old.ID, p.settled)
				if pruned {
					return 1, err
				}
				return 0, err
			})
			if err != nil {
				return err
			}
		}
		if due.Run {
			gone = append(gone, old.ID)
		}
	}
	for len(gone) > 0 {
		some := gone[:min(pruneRuns, len(gone))]
		gone = gone[len(some):]
		if err := p.step(ctx, "runs", func() (int, error) { return p.store.PruneRuns(ctx, some, p.settled) }); err != nil {
			return err
		}
	}
	return nil
}

// log removes the output of a run, in as many steps as it takes.
func (p *pruner) log(ctx context.Context, id task.RunID) error {
	for more := true; more; {
		err := p.step(ctx, "logs", func() (n int, err error) {
			if more, err = p.store.PruneLog(ctx, id, p.settled, p.now); err == nil && !more {
				n = 1
			}
			return n, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// events prunes events.
func (p *pruner) events(ctx context.Context) error {
	if p.settings.EventAge == 0 {
		return nil
	}
	before := p.now.Add(-time.Duration(p.settings.EventAge))
	last := int64(0)
	for more := true; more; {
		err := p.step(ctx, "events", func() (n int, err error) {
			n, last, more, err = p.store.PruneEvents(ctx, last, before, pruneEvents)
			return n, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// planRuns prunes runs of plans, which are kept for as long as runs of tasks.
func (p *pruner) planRuns(ctx context.Context) error {
	before := p.now.Add(-time.Duration(p.settings.Age))
	if before.After(p.settled) {
		before = p.settled
	}
	return p.all(ctx, "plan_runs", p.settings.Age, pruneRuns, func() (int, error) {
		return p.store.PrunePlanRuns(ctx, before, pruneRuns)
	})
}

// occurrences prunes occurrences of triggers.
func (p *pruner) occurrences(ctx context.Context) error {
	before := p.now.Add(-time.Duration(p.settings.OccurrenceAge))
	return p.all(ctx, "occurrences", p.settings.OccurrenceAge, pruneOccurrences, func() (int, error) {
		return p.store.PruneOccurrences(ctx, before, pruneOccurrences)
	})
}

// all does steps until one has removed fewer than it may, unless the age is without limit.
func (p *pruner) all(ctx context.Context, kind string, age task.Duration, most int, do func() (int, error)) error {
	if age == 0 {
		return nil
	}
	for pruned := most; pruned == most; {
		err := p.step(ctx, kind, func() (n int, err error) {
			pruned, err = do()
			return pruned, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
