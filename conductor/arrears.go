package conductor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// ArrearsStore keeps which occurrences were missed in a long absence and are owed a row each.
type ArrearsStore interface {
	// Arrears returns those of one trigger, or fault.NotFound where no row is owed.
	Arrears(ctx context.Context) (task.Arrears, error)
	// SettleArrears stores rows that were owed, those from the Next of before on up to that of after, in one transaction. An
	// occurrence that has a row keeps it. Conflict where they were settled meanwhile.
	SettleArrears(ctx context.Context, before, after task.Arrears, rows []task.Occurrence, now time.Time) error
}

const (
	// arrearsRows is how many missed occurrences get their rows in one transaction.
	arrearsRows = 250
	// arrearsAnyway is how often it is looked without a sign: another conductor may have left some, or an edit.
	arrearsAnyway = 5 * time.Second
)

// wakeArrears says that there are occurrences that are owed their rows.
func (c *Conductor) wakeArrears() {
	select {
	case c.owed <- struct{}{}:
	default:
	}
}

// arrearsLoop writes the rows of missed occurrences, a little in each transaction, and leaves the store alone between two.
func (c *Conductor) arrearsLoop(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.owed:
		case <-timer.C:
		}
		if err := c.settleArrears(ctx, rest); err != nil && ctx.Err() == nil {
			c.log.Error("writing the rows of missed occurrences failed; it is tried again", "error", err)
		}
		timer.Reset(arrearsAnyway)
	}
}

// SettleArrears writes all rows of missed occurrences that are owed. [Conductor.Serve] does so by itself, a little at a time;
// it is for a caller that has its own clock.
func (c *Conductor) SettleArrears(ctx context.Context) error {
	return c.settleArrears(ctx, func(ctx context.Context, _ time.Duration) error { return ctx.Err() })
}

// settleArrears writes rows until none is owed, with a pause after each transaction, whose length it tells.
func (c *Conductor) settleArrears(ctx context.Context, pause func(context.Context, time.Duration) error) error {
	for {
		a, err := c.options.Triggers.Arrears(ctx)
		if errors.Is(err, fault.NotFound) {
			return nil
		}
		if err == nil {
			err = c.settleTrigger(ctx, a, pause)
		}
		if errors.Is(err, fault.Conflict) { // Another conductor does the same, and is further.
			err = pause(ctx, 0)
		}
		if err != nil {
			return err
		}
	}
}

// settleTrigger writes the rows that one trigger is owed.
func (c *Conductor) settleTrigger(ctx context.Context, a task.Arrears, pause func(context.Context, time.Duration) error) error {
	s, err := a.Schedule()
	if err != nil {
		// It was sound when it was stored. One row says what became of all.
		left := a
		left.Next, left.Rows = a.Until, a.Rows+1
		return c.storeArrears(ctx, a, left, []task.SettledOccurrence{{
			ScheduledFor: a.Next, Reason: fmt.Sprintf("missed, and the trigger cannot be read to tell which others were: %v", err),
		}})
	}
	for !a.Done() {
		left, rows := a.Step(&s, arrearsRows)
		begun := time.Now()
		if err := c.storeArrears(ctx, a, left, rows); err != nil {
			return err
		}
		if err := pause(ctx, time.Since(begun)); err != nil {
			return err
		}
		a = left
	}
	return nil
}

func (c *Conductor) storeArrears(ctx context.Context, before, after task.Arrears, settled []task.SettledOccurrence) error {
	rows := make([]task.Occurrence, len(settled))
	for i, o := range settled {
		rows[i] = task.Occurrence{
			Owner: before.Owner, Trigger: before.Trigger.Name, ScheduledFor: o.ScheduledFor, Reason: o.Reason, DecidedAt: before.DecidedAt,
		}
	}
	if err := c.options.Triggers.SettleArrears(ctx, before, after, rows, c.now()); err != nil {
		return err
	}
	if after.Done() {
		c.log.Info("missed occurrences have their rows", "trigger", before.Trigger.Name, string(before.Owner.Kind), before.Owner.Name,
			"rows", after.Rows, "too_old", after.Old, "from", before.First)
		c.watch.eventsChanged()
	}
	return nil
}
