package memstore

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// endWithExit ends an attempt with its exit record, and moves its run on.
func (s *Store) endWithExit(r *run, a *attempt, exit task.Exit, now time.Time) {
	end, attemptEnd, reason := exit.Outcome()
	if end == task.Cancelled {
		reason = r.cancelReason(reason)
	}
	kept := exit
	a.Exit = &kept
	a.end(attemptEnd, reason, now)
	r.Prior, r.priorReason = "", ""
	r.ExitCode = nil
	if exit.Code >= 0 && exit.Kind != task.ExitNotStarted && exit.Kind != task.ExitLost {
		code := exit.Code
		r.ExitCode = &code
	}
	s.become(r, end, reason, now, onServer(a.Server))
}

// cancelReason keeps who cancelled the run in its reason, also where its server was not heard from since.
func (r *run) cancelReason(otherwise string) string {
	switch {
	case r.State == task.Stopping && r.Reason != "":
		return r.Reason
	case r.State == task.Unknown && r.priorReason != "":
		return r.priorReason
	}
	return otherwise
}

// claimed returns the run and the attempt of a ref that was claimed and has not ended, and is its run's newest.
func (s *Store) claimed(ref task.Ref) (*run, *attempt, error) {
	r, a, err := s.find(ref)
	switch {
	case err != nil:
		return nil, nil, err
	case r.Attempt != a.Number:
		return nil, nil, fmt.Errorf("its run has a newer attempt: %w", fault.Fenced)
	case !a.State.Open() || a.State == task.AttemptOffered:
		return nil, nil, fmt.Errorf("it is %s: %w", a.State, fault.Conflict)
	}
	return r, a, nil
}

// LoseAttempts ends claimed attempts without an exit record.
func (s *Store) LoseAttempts(_ context.Context, refs []task.Ref, reason string, now time.Time) []error {
	return s.each("LoseAttempts", len(refs), func(i int) error {
		r, a, err := s.claimed(refs[i])
		if err != nil {
			return err
		}
		a.end(task.AttemptLost, reason, now)
		r.Prior, r.priorReason, r.ExitCode = "", "", nil
		s.become(r, task.Lost, reason, now, onServer(a.Server))
		return nil
	})
}

// ReturnAttempts puts runs back into the queue whose claimed attempt never started.
func (s *Store) ReturnAttempts(_ context.Context, refs []task.Ref, reason string, now time.Time) []error {
	return s.each("ReturnAttempts", len(refs), func(i int) error {
		r, a, err := s.claimed(refs[i])
		if err != nil {
			return err
		}
		stopping := r.State == task.Stopping || r.Prior == task.Stopping
		a.end(task.AttemptWithdrawn, reason, now)
		if stopping {
			reason = r.cancelReason(reason)
			r.Prior, r.priorReason = "", ""
			s.become(r, task.Cancelled, reason, now, onServer(a.Server))
			return nil
		}
		r.Prior, r.priorReason, r.Server, r.StartedAt, r.Progress = "", "", "", nil, nil
		s.become(r, task.Queued, reason, now, onServer(a.Server))
		return nil
	})
}

// ReplaceAttempts ends attempts that cannot act any more, and moves their runs on.
func (s *Store) ReplaceAttempts(_ context.Context, rs []task.Replacement, now time.Time) []error {
	return s.each("ReplaceAttempts", len(rs), func(i int) error {
		p := rs[i]
		r, a, err := s.claimed(p.Ref)
		if err != nil {
			return err
		}
		a.end(p.Attempt, p.Reason, now)
		r.Prior, r.priorReason, r.Pending, r.from = "", "", "", 0
		r.Next = p.Next
		if p.Run == task.Queued {
			r.Server, r.Progress = "", nil
		}
		s.become(r, p.Run, p.Reason, now, onServer(a.Server))
		return nil
	})
}

// TakeUp does what an operator wants of a run.
func (s *Store) TakeUp(_ context.Context, id task.RunID, intent task.Intent, from int, by string, now time.Time) (got task.Run, err error) {
	err = s.transaction("TakeUp", func() error {
		r := s.runs[id]
		if r == nil {
			return notFound("run", string(id))
		}
		if from != 0 && r.visible(from) == nil {
			return fault.Field("checkpoint", "%d is no checkpoint of the run", from)
		}
		if err := s.takeUp(r, intent, from, by, now); err != nil {
			return err
		}
		got = r.view()
		return nil
	})
	return got, err
}

func (s *Store) takeUp(r *run, intent task.Intent, from int, by string, now time.Time) error {
	reason := string(intent) + " by " + by
	if intent == task.IntentRecover && from == 0 {
		from = r.lastCheckpoint()
	}
	next := &task.Continuation{Ground: string(policy.ExitReported), Checkpoint: from, Reason: reason}
	switch {
	case r.State == task.Succeeded || r.State.Final() && intent == task.IntentReset:
		return fmt.Errorf("it has %s: %w", r.State, fault.Conflict)
	case r.State.Final():
		r.Next = next
		s.become(r, task.Queued, reason, now, nil)
	case r.State == task.Queued && intent == task.IntentReset:
		r.Next = nil
		s.become(r, task.Reset, reason, now, nil)
	case r.State == task.Queued:
		r.Next = next
		s.become(r, task.Queued, reason, now, nil)
	case r.State == task.Starting:
		r.newest().end(task.AttemptWithdrawn, reason, now)
		r.Server, r.Next = "", next
		if intent == task.IntentReset {
			r.Next = nil
			s.become(r, task.Reset, reason, now, nil)
			return nil
		}
		s.become(r, task.Queued, reason, now, nil)
	default:
		r.newest().State = task.AttemptStopping
		r.Prior, r.priorReason, r.Pending, r.from = "", "", intent, from
		s.become(r, task.Stopping, reason, now, nil)
	}
	return nil
}
