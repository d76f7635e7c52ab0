package conductor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// recover does with the runs on silent servers what their policies and their operators say, once the attempts there are
// over.
func (c *Conductor) recover(ctx context.Context, now time.Time) {
	c.replace(ctx, c.fleet.seizeSilent(now), now)
}

// replace ends attempts that were taken away from their servers, and moves their runs on. What cannot be stored now is
// tried again in the next pass.
func (c *Conductor) replace(ctx context.Context, due []overdue, now time.Time) {
	if len(due) == 0 {
		return
	}
	var replacements []task.Replacement
	var of []overdue
	var targets []task.Target
	for _, o := range due {
		r, run, err := c.decide(ctx, o, now)
		switch {
		case errors.Is(err, errSettled):
			c.fleet.release(o.server, o.ref)
		case err != nil:
			if ctx.Err() == nil {
				c.log.Error("deciding about a run on a lost server failed; it is tried again", "run", o.ref.Run, "server", o.server, "error", err)
			}
		case r == nil:
			c.fleet.letGo(o.server, o.ref)
		default:
			replacements, of, targets = append(replacements, *r), append(of, o), append(targets, run.Spec.Target)
		}
	}
	if len(replacements) == 0 {
		return
	}
	for i, err := range c.store.ReplaceAttempts(ctx, replacements, now) {
		c.replaced(ctx, of[i], replacements[i], err)
	}
	c.wanted.add(targets...)
	c.watch.eventsChanged()
	c.wakeDispatcher()
}

// replaced takes in what became of a replacement.
func (c *Conductor) replaced(ctx context.Context, o overdue, r task.Replacement, err error) {
	switch {
	case err == nil:
		c.fleet.release(o.server, o.ref)
		c.sessions.stop(o.server, StopOrder{Ref: o.ref})
		c.watch.outputChanged(o.ref.Run)
		c.log.Warn("an attempt was given up", "run", o.ref.Run, "attempt", o.ref.Number, "server", o.server,
			"becomes", r.Run, "ground", r.Ground, "reason", r.Reason)
	case errors.Is(err, fault.Conflict), errors.Is(err, fault.Fenced), errors.Is(err, fault.NotFound):
		// Its end has come meanwhile; if not, the next pass decides anew.
		c.refresh(ctx, o.server, o.ref)
	case ctx.Err() == nil:
		c.log.Error("giving an attempt up failed; it is tried again", "run", o.ref.Run, "server", o.server, "error", err)
	}
}

// errSettled says that an attempt is not open any more.
var errSettled = errors.New("the attempt is not open any more")

// decide says what is to become of the run of an attempt that was taken away from its server, or nil for nothing. It rests
// on what is stored. The error is errSettled where the attempt has ended. What an operator wants of the run comes before the
// policy: the store sees to that, which alone knows it at the moment of the commit.
func (c *Conductor) decide(ctx context.Context, o overdue, now time.Time) (*task.Replacement, task.Run, error) {
	run, err := c.store.Run(ctx, o.ref.Run)
	if errors.Is(err, fault.NotFound) {
		return nil, run, errSettled
	}
	if err != nil {
		return nil, run, fmt.Errorf("read the run: %w", err)
	}
	attempt, open := openAttempt(run, o.ref)
	if !open {
		return nil, run, errSettled
	}
	checkpoints, err := c.store.Checkpoints(ctx, run.ID)
	if err != nil {
		return nil, run, fmt.Errorf("read the checkpoints: %w", err)
	}
	s := situation(run.Spec, attempt, o)
	if n := len(checkpoints); n > 0 {
		s.Checkpoint = checkpoints[n-1].Sequence
	}
	r, ok := task.Replace(o.ref, o.server, policy.Decide(s), now)
	if !ok {
		return nil, run, nil
	}
	if r.Next != nil && resumesLast(s) {
		// One may have become durable since it was asked for.
		r.Next.Checkpoint = task.LastCheckpoint
	}
	return &r, run, nil
}

// openAttempt returns the newest attempt of a run if it is the one that is named and may still act.
func openAttempt(run task.Run, ref task.Ref) (task.Attempt, bool) {
	for _, a := range run.Attempts {
		if a.Number == ref.Number {
			return a, ref.Number == run.Attempt && a.State.Open() && a.State != task.AttemptOffered
		}
	}
	return task.Attempt{}, false
}

// situation gathers the facts about an attempt that was taken away.
func situation(spec task.Spec, a task.Attempt, o overdue) policy.Situation {
	s := policy.Situation{
		Policy: spec.Policy(), LeaveRunning: spec.LeaveRunning, UnavailableAfter: a.UnavailableAfter, Silent: o.silent,
	}
	switch o.ground {
	case policy.LeaseExpired:
		s.LeaseOver = true
	case policy.LeftRunning:
	default:
		s.Over = o.ground
	}
	return s
}

// resumesLast reports whether the decision in a situation would be to resume, if there were a checkpoint.
func resumesLast(s policy.Situation) bool {
	s.Checkpoint = max(1, s.Checkpoint)
	return policy.Decide(s).Action == policy.Resume
}
