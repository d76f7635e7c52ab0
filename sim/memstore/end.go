package memstore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// ending is what becomes of a run whose attempt is over.
type ending struct {
	state  task.State
	reason string
	ground string
	next   task.Continuation
	tries  int
	code   *int
}

// apply ends the run or puts it back into the queue. Its attempt has ended already.
func (s *Store) apply(r *run, a *attempt, e ending, now time.Time) {
	s.throughStopping(r, a, e.state, now)
	r.Tries += e.tries
	if e.state == task.Queued {
		s.queueAgain(r, a.Server, e.next, now)
		return
	}
	r.Prior, r.priorReason, r.Pending, r.from, r.ExitCode = "", "", "", 0, e.code
	s.become(r, e.state, e.reason, now, onServer(a.Server))
}

// throughStopping lets a run that was stopped without having been told to end through that step.
func (s *Store) throughStopping(r *run, a *attempt, end task.State, now time.Time) {
	if !r.State.CanBecome(end) && r.State.CanBecome(task.Stopping) {
		s.become(r, task.Stopping, "", now, onServer(a.Server))
	}
}

// queueAgain puts a run into the queue for a further attempt.
func (s *Store) queueAgain(r *run, server string, next task.Continuation, now time.Time) {
	if next.Checkpoint == 0 {
		r.Outputs = nil
	}
	r.Prior, r.priorReason, r.Pending, r.from, r.ExitCode = "", "", "", 0, nil
	r.Server, r.Progress = "", nil
	r.next = &next
	r.waitsSince(now)
	if next.NotBefore.After(now) {
		r.waitsSince(next.NotBefore)
	}
	data, _ := json.Marshal(map[string]any{"ground": next.Ground, "checkpoint": next.Checkpoint, "server": server})
	s.become(r, task.Queued, next.Reason, now, data)
}

// toldToStop reports whether an operator has told the run to stop.
func (r *run) toldToStop() bool { return r.State == task.Stopping || r.Prior == task.Stopping }

// askedReason keeps who asked for the end of the run in its reason, also where its server was not heard from since.
func (r *run) askedReason(otherwise string) string {
	switch {
	case r.State == task.Stopping && r.Reason != "":
		return r.Reason
	case r.State == task.Unknown && r.priorReason != "":
		return r.priorReason
	}
	return otherwise
}

// endWithExit ends an attempt with its exit record, and moves its run on.
func (s *Store) endWithExit(r *run, a *attempt, exit task.Exit, now time.Time) {
	after := task.AfterExit(r.head(), exit, r.lastCheckpoint(), now, s.jitter())
	kept := exit
	a.Exit = &kept
	a.end(after.Attempt, after.AttemptReason, now)
	e := ending{state: after.Run, reason: after.Reason, ground: string(after.Ground), tries: after.Tries - r.Tries}
	if after.Next != nil {
		e.next = *after.Next
	}
	if e.state == task.Cancelled || e.state == task.Reset && r.toldToStop() {
		e.reason = r.askedReason(e.reason)
	}
	if exit.Code >= 0 && exit.Kind != task.ExitNotStarted && exit.Kind != task.ExitLost {
		code := exit.Code
		e.code = &code
	}
	s.apply(r, a, e, now)
}

func (s *Store) jitter() float64 {
	if s.Jitter == nil {
		return 0
	}
	return s.Jitter()
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

// noFence turns Fenced into the Conflict that ReturnAttempts knows alone.
func noFence(err error) error {
	if strings.Contains(err.Error(), fault.Fenced.Error()) {
		return fmt.Errorf("its run has a newer attempt: %w", fault.Conflict)
	}
	return err
}

// ReturnAttempts puts runs back into the queue whose claimed attempt never started.
func (s *Store) ReturnAttempts(_ context.Context, refs []task.Ref, reason string, now time.Time) []error {
	return s.each("ReturnAttempts", len(refs), func(i int) error {
		r, a, err := s.claimed(refs[i])
		if err != nil {
			return noFence(err)
		}
		stopping := r.toldToStop()
		e := ending{state: task.Cancelled, reason: reason}
		if r.next != nil {
			e.ground = r.next.Ground
		}
		e = r.instead(a, e)
		a.end(task.AttemptWithdrawn, reason, now)
		if stopping {
			s.apply(r, a, e, now)
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
		if err := checkReplacement(p); err != nil {
			return err
		}
		r, a, err := s.claimed(p.Ref)
		if err != nil {
			return err
		}
		e := ending{state: p.Run, reason: p.Reason, ground: p.Ground}
		if p.Next != nil {
			e.next = *p.Next
		}
		if e.next.Checkpoint != 0 {
			e.next.Checkpoint = r.lastCheckpoint()
		}
		e = r.instead(a, e)
		a.end(p.Attempt, p.Reason, now)
		a.endedOn = p.Ground
		s.apply(r, a, e, now)
		return nil
	})
}

func checkReplacement(p task.Replacement) error {
	switch {
	case p.Attempt != task.AttemptUnavailable && p.Attempt != task.AttemptLost:
		return fault.Field("attempt", "must become unavailable or lost, not %q", p.Attempt)
	case p.Run == task.Queued && p.Next == nil:
		return fault.Field("next", "must be set for a run that goes on")
	case p.Run == task.Queued && p.Next.Checkpoint < task.LastCheckpoint:
		return fault.Field("next.checkpoint", "must not be %d", p.Next.Checkpoint)
	case p.Run == task.Queued, p.Run == task.Reset, p.Run == task.Lost, p.Run == task.Cancelled:
		return nil
	}
	return fault.Field("run", "must become queued, reset, lost or cancelled, not %q", p.Run)
}

// instead returns what becomes of the run in the place of e, if an operator has asked for something.
func (r *run) instead(a *attempt, e ending) ending {
	reason := r.askedReason(e.reason)
	from := 0
	switch {
	case r.Pending == task.IntentReset:
		e.state, e.reason = task.Reset, reason
		return e
	case r.Pending == "" && r.toldToStop():
		e.state, e.reason = task.Cancelled, reason
		return e
	case r.Pending == "":
		return e
	case r.Pending == task.IntentRecover && r.from != 0:
		from = r.from
	case r.Pending == task.IntentRecover:
		from = r.lastCheckpoint()
	}
	e.state = task.Queued
	e.next = task.Continuation{Ground: e.ground, Checkpoint: from, Avoid: a.Server, Reason: reason}
	return e
}

// CancelRun cancels a run.
func (s *Store) CancelRun(_ context.Context, id task.RunID, by string, now time.Time) (got task.Run, err error) {
	reason := strings.TrimSuffix("cancelled by "+by, " by ")
	err = s.transaction("CancelRun", func() error {
		r := s.runs[id]
		if r == nil {
			return notFound("run", string(id))
		}
		if err := s.cancel(r, reason, now); err != nil {
			return err
		}
		got = r.view()
		return nil
	})
	return got, err
}

// cancel takes a run a step towards its end.
func (s *Store) cancel(r *run, reason string, now time.Time) error {
	stopping := r.State == task.Stopping || r.State == task.Unknown && r.Prior == task.Stopping
	switch {
	case r.State == task.Cancelled, stopping && r.Pending == "":
	case r.State.OnServer():
		r.newest().State = task.AttemptStopping
		r.Prior, r.priorReason, r.Pending, r.from = "", "", "", 0
		s.become(r, task.Stopping, reason, now, nil)
	case r.State.CanBecome(task.Cancelled):
		s.endUnstarted(r, task.Cancelled, reason, now)
	default:
		return fmt.Errorf("it has %s already: %w", r.State, fault.Conflict)
	}
	return nil
}

// endUnstarted ends a run of which no process exists, and takes its offer back, if there is one.
func (s *Store) endUnstarted(r *run, end task.State, reason string, now time.Time) {
	if r.State == task.Starting {
		r.newest().end(task.AttemptWithdrawn, reason, now)
	}
	s.become(r, end, reason, now, nil)
}

// TakeUp does what an operator wants of a run.
func (s *Store) TakeUp(ctx context.Context, id task.RunID, intent task.Intent, from int, by string, now time.Time) (got task.Run, err error) {
	words := map[task.Intent]string{task.IntentReset: "reset", task.IntentRestart: "restarted", task.IntentRecover: "recovered"}
	switch {
	case intent == task.IntentCancel:
		return s.CancelRun(ctx, id, by, now)
	case words[intent] == "":
		return got, fault.Field("intent", "must be cancel, reset, restart or recover, not %.40q", intent)
	case from < 0, from != 0 && intent != task.IntentRecover:
		return got, fault.Field("checkpoint", "is for recover, and not negative")
	}
	reason := strings.TrimSuffix(words[intent]+" by "+by, " by ")
	err = s.transaction("TakeUp", func() error {
		r := s.runs[id]
		if r == nil {
			return notFound("run", string(id))
		}
		if from != 0 && r.visible(from) == nil {
			return fault.Field("checkpoint", "%d is none of this run's checkpoints", from)
		}
		if err := s.takeUp(r, intent, from, reason, now); err != nil {
			return err
		}
		got = r.view()
		return nil
	})
	return got, err
}

func (s *Store) takeUp(r *run, intent task.Intent, from int, reason string, now time.Time) error {
	switch {
	case r.State.OnServer():
		if r.Pending == intent && r.from == from {
			return nil
		}
		r.newest().State = task.AttemptStopping
		r.Prior, r.priorReason, r.Pending, r.from = "", "", intent, from
		s.become(r, task.Stopping, "to be "+reason, now, nil)
		return nil
	case intent == task.IntentReset && r.State.CanBecome(task.Reset):
		s.endUnstarted(r, task.Reset, reason, now)
		return nil
	case intent == task.IntentReset || r.State == task.Succeeded:
		return fmt.Errorf("it has %s already: %w", r.State, fault.Conflict)
	}
	next := task.Continuation{Checkpoint: from, Reason: reason}
	if intent == task.IntentRecover {
		if next.Checkpoint == 0 {
			next.Checkpoint = r.lastCheckpoint()
		}
		next.Reason += ", from the beginning, as there is no checkpoint"
		if next.Checkpoint > 0 {
			next.Reason = fmt.Sprintf("%s, from checkpoint %d", reason, next.Checkpoint)
		}
	}
	if r.State.Final() {
		next.Ground = r.groundOfEnd()
	} else if old := r.next; old != nil {
		if old.Checkpoint == next.Checkpoint && !old.NotBefore.After(now) {
			return nil
		}
		next.Ground, next.Avoid = old.Ground, old.Avoid
	} else if next.Checkpoint == 0 {
		return nil
	}
	if r.State == task.Starting {
		r.newest().end(task.AttemptWithdrawn, next.Reason, now)
	}
	s.queueAgain(r, r.Server, next, now)
	return nil
}

// groundOfEnd returns how it is known that the attempts of a run that has ended are over.
func (r *run) groundOfEnd() string {
	for _, v := range slices.Backward(r.attempts) {
		switch a := v; {
		case a.State == task.AttemptWithdrawn:
		case a.Exit == nil && a.endedOn != "":
			return a.endedOn
		case a.Exit == nil:
			return string(policy.OperatorStatement)
		case a.Exit.Kind == task.ExitCancelled, a.Exit.Kind == task.ExitFenced, a.Exit.Kind == task.ExitLeaseExpired:
			return string(policy.StopConfirmed)
		default:
			return string(policy.ExitReported)
		}
	}
	return ""
}
