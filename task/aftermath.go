package task

import (
	"fmt"
	"time"

	"github.com/segno-jobs/segno/policy"
)

// Aftermath is what an attempt's exit record makes of its run.
type Aftermath struct {
	// Run is the run's next state: one of the ends, or Queued, and then Next is set.
	Run     State
	Attempt AttemptState
	// Reason is that of the run, AttemptReason that of the attempt.
	Reason        string
	AttemptReason string
	Next          *Continuation
	// Tries is the run's new count of failures, see [Run.Tries].
	Tries int
	// Ground is why a further attempt may begin, or how it is known that the attempt is over; it is empty where the run
	// has the job's own result.
	Ground policy.Ground
}

// AfterExit says what the exit record of the newest attempt of run makes of it. run is on a server still; checkpoint is
// the sequence of its newest visible checkpoint, 0 without one, and jitter is from 0 to 1. What was pending is
// fulfilled by it: afterwards Pending is empty.
//
//   - A job that ended well has succeeded, whatever else was wanted of it.
//   - What an operator wants of the run comes next: restart and recover queue it; a cancelled run stays ended, and one
//     to be reset is, unless the job had failed by itself before it could be stopped.
//   - A job that failed by itself, or timed out, is tried again for as long as its task's retries allow.
//   - A job that was cancelled stays so, also where nobody is known to have asked for it, as after a restored backup.
//   - An attempt that was stopped otherwise, or ended without anybody seeing how, is left to the policy.
func AfterExit(run Run, exit Exit, checkpoint int, now time.Time, jitter float64) Aftermath {
	a := Aftermath{Tries: run.Tries}
	a.Run, a.Attempt, a.Reason = exit.Outcome()
	a.AttemptReason = a.Reason
	if a.Run == Succeeded {
		return a
	}
	own := exit.own()
	if own {
		a.Tries++
	}
	switch intent := run.intent(); {
	case intent == IntentRestart || intent == IntentRecover:
		a.takeUp(run, intent, exit.ground(), checkpoint)
	case intent == IntentCancel && !own:
		a.end(Cancelled, "cancelled", exit.ground())
	case intent == IntentReset && !own:
		a.end(Reset, "reset at an operator's word", exit.ground())
	case intent != "":
	case own:
		a.retry(run, checkpoint, now, jitter)
	case exit.Kind == ExitCancelled:
		a.Ground = exit.ground()
	default:
		a.follow(run, exit, checkpoint, now, jitter)
	}
	return a
}

// own reports whether the end was the job's own, and not a stop that others wanted or an end that nobody saw.
func (e Exit) own() bool {
	return e.Kind == ExitExited || e.Kind == ExitNotStarted || e.Kind == ExitTimedOut
}

// ground returns why a further attempt may begin after the exit record.
func (e Exit) ground() policy.Ground {
	switch e.Kind {
	case ExitCancelled, ExitFenced, ExitLeaseExpired:
		return policy.StopConfirmed
	}
	return policy.ExitReported
}

// intent returns what was wanted of the run, or "" for one that nobody stopped.
func (r Run) intent() Intent {
	if r.Pending == "" && (r.State == Stopping || r.State == Unknown && r.Prior == Stopping) {
		return IntentCancel
	}
	return r.Pending
}

// end ends the run otherwise than its exit says. What the exit says stays with the attempt.
func (a *Aftermath) end(s State, reason string, ground policy.Ground) {
	if a.Run == Lost {
		reason += "; " + a.AttemptReason
	}
	a.Run, a.Reason, a.Ground = s, reason, ground
}

// queue has the run go on.
func (a *Aftermath) queue(next Continuation) {
	a.Run, a.Reason, a.Ground, a.Next = Queued, next.Reason, policy.Ground(next.Ground), &next
}

// takeUp fulfils an operator's restart or recover. Only a server that did not end the attempt properly is avoided.
func (a *Aftermath) takeUp(run Run, intent Intent, ground policy.Ground, newest int) {
	next := Continuation{Ground: string(ground), Reason: "restarted at an operator's word, from the beginning"}
	if a.Run == Lost {
		next.Avoid = run.Server
	}
	if intent == IntentRecover {
		next.Checkpoint = newest
		if run.Next != nil && run.Next.Checkpoint > 0 {
			next.Checkpoint = run.Next.Checkpoint
		}
		next.Reason = "recovered at an operator's word, from the beginning, as there is no checkpoint"
		if next.Checkpoint > 0 {
			next.Reason = fmt.Sprintf("recovered at an operator's word, from checkpoint %d", next.Checkpoint)
		}
	}
	a.queue(next)
}

// retry has the run tried again whose job failed, if its task's retries are not used up.
func (a *Aftermath) retry(run Run, newest int, now time.Time, jitter float64) {
	r := run.Spec.Retries
	if a.Tries > r.Max {
		if r.Max > 0 {
			a.Reason += fmt.Sprintf("; all of %d retries are used up", r.Max)
		}
		return
	}
	delay := r.delay(a.Tries, jitter)
	from, words := r.from(newest)
	a.queue(Continuation{
		Ground: string(policy.ExitReported), Checkpoint: from, Avoid: run.Server, NotBefore: now.Add(delay),
		Reason: fmt.Sprintf("%s; retry %d of %d, %s", a.AttemptReason, a.Tries, r.Max, words),
	})
}

// follow leaves the run to its policy. From the second attempt on that nobody saw end, the next one waits a little, so
// that a job that brings its guard down does not go through the fleet without a pause.
func (a *Aftermath) follow(run Run, exit Exit, checkpoint int, now time.Time, jitter float64) {
	d := policy.Decide(policy.Situation{
		Policy: run.Spec.Policy(), Over: exit.ground(), Checkpoint: checkpoint,
	})
	a.Ground = d.Ground
	switch reason := a.AttemptReason + "; " + d.Reason; d.Action {
	case policy.StartAgain, policy.Resume:
		next := Continue(d, run.Server, now)
		next.Reason = reason
		if exit.Kind == ExitLost && run.Attempt > 1 {
			next.NotBefore = now.Add(Retries{Backoff: Duration(time.Second)}.delay(min(run.Attempt-1, 7), jitter))
		}
		a.queue(next)
	case policy.EndReset:
		a.Run, a.Reason = Reset, reason
	default:
		a.Run, a.Reason = Lost, a.AttemptReason
	}
}
