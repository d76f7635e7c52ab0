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
// on what is stored. The error is errSettled where the attempt has ended.
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
	if intent := wantedOf(run); intent != "" {
		if o.ground == policy.LeftRunning && intent != task.IntentReset {
			return nil, run, nil
		}
		r := fulfil(run, intent, o)
		return &r, run, nil
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

// wantedOf returns what an operator wants of a run that is on a server, or "".
func wantedOf(run task.Run) task.Intent {
	if run.Pending == "" && (run.State == task.Stopping || run.State == task.Unknown && run.Prior == task.Stopping) {
		return task.IntentCancel
	}
	return run.Pending
}

// fulfil returns the replacement that does what an operator wants of a run whose attempt is over. The store knows which
// checkpoint it was.
func fulfil(run task.Run, intent task.Intent, o overdue) task.Replacement {
	words := map[policy.Ground]string{
		policy.LeaseExpired:      "the lease of its attempt has run out",
		policy.LeftRunning:       "its job was left running",
		policy.HostRebooted:      "its host was rebooted",
		policy.OperatorStatement: "an operator stated that its server is dead",
		policy.StopConfirmed:     "its attempt never started",
	}
	r := task.Replacement{
		Ref: o.ref, Attempt: task.AttemptUnavailable, Ground: string(o.ground),
		Reason: fmt.Sprintf("%s at an operator's word: %s", intent, words[o.ground]),
	}
	switch intent {
	case task.IntentReset:
		r.Run = task.Reset
	case task.IntentCancel:
		r.Run = task.Cancelled
	default:
		r.Run = task.Queued
		r.Next = &task.Continuation{Ground: string(o.ground), Avoid: o.server, Reason: r.Reason}
		if intent == task.IntentRecover {
			r.Next.Checkpoint = task.LastCheckpoint
			if run.Next != nil && run.Next.Checkpoint > 0 {
				r.Next.Checkpoint = run.Next.Checkpoint
			}
		}
	}
	return r
}
