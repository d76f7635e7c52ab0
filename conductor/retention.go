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

	// KeptTasks and KeptPlans return up to limit tasks, or plans, of which runs are stored, KeptOccurrences those with
	// occurrences of their triggers, by name after a name, deleted ones among them.
	KeptTasks(ctx context.Context, after string, limit int) ([]task.KeptOwner, error)
	KeptPlans(ctx context.Context, after string, limit int) ([]task.KeptOwner, error)
	KeptOccurrences(ctx context.Context, kind task.OwnerKind, after string, limit int) ([]task.KeptOwner, error)
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
	// PrunePlanRuns removes up to limit runs of a plan: of those that ended before settled, the ones behind the newest that are
	// kept (0 is without limit), and the ones that ended before the instant.
	PrunePlanRuns(ctx context.Context, name string, kept int, endedBefore, settled time.Time, limit int) (pruned int, err error)
	// PruneEvents looks at up to limit of the oldest events after one, and removes those before the instant that all
	// followers have dealt with. more is false once one is to stay.
	PruneEvents(ctx context.Context, after int64, before time.Time, limit int) (pruned int, last int64, more bool, err error)
	// PruneOccurrences removes up to limit occurrences of an owner's triggers that need not be kept, the oldest first.
	PruneOccurrences(ctx context.Context, owner task.Owner, old task.OldOccurrences, limit int) (pruned int, err error)
}

const (
	// DefaultPruneInterval is how often it is looked at what need not be kept any more.
	DefaultPruneInterval = 5 * time.Minute
	// pruneRuns, pruneEvents and pruneOccurrences are how many of them go in one transaction at most.
	pruneRuns        = 24
	pruneEvents      = 500
	pruneOccurrences = 200
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
	return every(ctx, c.options.PruneInterval, func(ctx context.Context) {
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

// each does something for each task or plan of a listing. What fails for one does not hinder the others.
func (p *pruner) each(ctx context.Context, list func(ctx context.Context, after string, limit int) ([]task.KeptOwner, error), do func(name string, rules task.RetentionSettings) error) error {
	var errs []error
	for after := ""; ctx.Err() == nil; {
		found, err := list(ctx, after, lookAt)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, k := range found {
			if err := do(k.Name, p.settings.With(k.Retention)); err != nil {
				errs = append(errs, err)
			}
		}
		if len(found) < lookAt {
			break
		}
		after = found[len(found)-1].Name
	}
	return errors.Join(errs...)
}

// runs prunes the runs of each task.
func (p *pruner) runs(ctx context.Context) error {
	return p.each(ctx, p.store.KeptTasks, func(name string, rules task.RetentionSettings) error { return p.runsOf(ctx, name, rules) })
}

// beyond finds from which runs of a task on something goes by its place.
func (p *pruner) beyond(ctx context.Context, name string, rules task.RetentionSettings) (b task.Beyond, err error) {
	for _, rule := range []struct {
		kept int
		of   *task.RunID
	}{{rules.Runs, &b.Run}, {rules.LogRuns, &b.Log}, {rules.CheckpointRuns, &b.Checkpoints}} {
		if rule.kept == 0 {
			continue
		}
		if *rule.of, err = p.store.Beyond(ctx, name, rule.kept); err != nil {
			return b, err
		}
	}
	return b, nil
}

// runsOf prunes the runs of one task, the oldest first, up to the first that is to stay for its age and its place.
func (p *pruner) runsOf(ctx context.Context, name string, rules task.RetentionSettings) error {
	beyond, err := p.beyond(ctx, name, rules)
	if err != nil {
		return err
	}
	before := rules.Before(p.now)
	if beyond.Newest() == "" && before.IsZero() {
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
			if old.ID > beyond.Newest() && !old.QueuedAt.Before(before) {
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
func (p *pruner) pruneEach(ctx context.Context, olds []task.OldRun, beyond task.Beyond, rules task.RetentionSettings) error {
	var gone []task.RunID
	for _, old := range olds {
		due := rules.Prune(old, beyond, p.settled, p.now)
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

// planRuns prunes the runs of each plan.
func (p *pruner) planRuns(ctx context.Context) error {
	return p.each(ctx, p.store.KeptPlans, func(name string, rules task.RetentionSettings) error {
		var before time.Time
		if rules.Age > 0 {
			before = p.now.Add(-time.Duration(rules.Age))
		}
		return p.all(ctx, "plan_runs", func() (int, error) {
			return p.store.PrunePlanRuns(ctx, name, rules.Runs, before, p.settled, pruneRuns)
		})
	})
}

// occurrences prunes the occurrences of the triggers of each task and plan.
func (p *pruner) occurrences(ctx context.Context) error {
	var errs []error
	for _, kind := range []task.OwnerKind{task.OwnerTask, task.OwnerPlan} {
		list := func(ctx context.Context, after string, limit int) ([]task.KeptOwner, error) {
			return p.store.KeptOccurrences(ctx, kind, after, limit)
		}
		errs = append(errs, p.each(ctx, list, func(name string, rules task.RetentionSettings) error {
			old := rules.OldOccurrences(p.now)
			return p.all(ctx, "occurrences", func() (int, error) {
				return p.store.PruneOccurrences(ctx, task.Owner{Kind: kind, Name: name}, old, pruneOccurrences)
			})
		}))
	}
	return errors.Join(errs...)
}

// all does steps until one has nothing to remove. Such a one is no transaction, and there is no pause after it: most tasks have
// nothing to prune.
func (p *pruner) all(ctx context.Context, kind string, do func() (int, error)) error {
	for {
		begin := time.Now()
		n, err := do()
		p.c.metrics.pruned(kind, n)
		if err != nil || n == 0 {
			return err
		}
		if err := p.rest(ctx, time.Since(begin)); err != nil {
			return err
		}
	}
}
