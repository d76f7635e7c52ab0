package conductor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/segno-jobs/segno/task"
)

// waits returns why a queued run must not be placed yet although there may be room, or "".
func (c *Conductor) waits(run task.Run, now time.Time) string {
	if run.Next != nil && now.Before(run.Next.NotBefore) {
		return "waits until " + run.Next.NotBefore.UTC().Format("2006-01-02 15:04:05") + " UTC: " + run.Next.Reason
	}
	if other, server := c.fleet.resetting(run.Task, run.ID); other != "" {
		return fmt.Sprintf("waits for run %s, which is to be reset: its attempt on %s may still act", other, server)
	}
	return ""
}

// whyNot returns why a run must not be placed now although there may be room: for what waits says, or for a limit; or "".
func (c *Conductor) whyNot(run task.Run, now time.Time) string {
	if wait := c.waits(run, now); wait != "" {
		return wait
	}
	return c.fleet.heldBack(run.Task)
}

// originOf returns where the next attempt of a queued run begins. The error is for a person: the run waits with it.
func (c *Conductor) originOf(ctx context.Context, run task.Run) (origin, error) {
	if run.Attempt == 0 || run.Next == nil {
		return origin{}, nil
	}
	checkpoints, err := c.store.Checkpoints(ctx, run.ID)
	if err != nil {
		return origin{}, fmt.Errorf("its checkpoints cannot be read: %w", err)
	}
	var from origin
	if n := len(checkpoints); n > 0 {
		from.last = checkpoints[n-1].Sequence
	}
	if run.Next.Checkpoint == 0 {
		return from, nil
	}
	at := slices.IndexFunc(checkpoints, func(k task.Checkpoint) bool { return k.Sequence == run.Next.Checkpoint })
	if at < 0 {
		return origin{}, fmt.Errorf("its checkpoint %d, from which it is to go on, does not exist any more", run.Next.Checkpoint)
	}
	from.resume = &checkpoints[at]
	return from, nil
}

// giveUp resets a queued run that has found no server for as long as its policy's last step says. It reports whether it did.
func (c *Conductor) giveUp(ctx context.Context, run task.Run, now time.Time) bool {
	if run.Next == nil || run.Next.GiveUpAt.IsZero() || now.Before(run.Next.GiveUpAt) {
		return false
	}
	if _, err := c.store.TakeUp(ctx, run.ID, task.IntentReset, 0, "the policy of its task: no server was found in time", now); err != nil {
		if ctx.Err() == nil {
			c.log.Error("giving a run up failed; it is tried again", "run", run.ID, "error", err)
		}
		return false
	}
	c.watch.outputChanged(run.ID)
	c.watch.eventsChanged()
	return true
}
