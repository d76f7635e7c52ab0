package plan

import (
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// checkLimits checks how many runs of the plan may go on at once, and what becomes of further ones.
func (s Spec) checkLimits(found *problems) {
	if s.MaxConcurrent < 0 || s.MaxConcurrent > task.MaxMaxConcurrent {
		found.addf("max_concurrent", "must be from 0 to %d, not %d", task.MaxMaxConcurrent, s.MaxConcurrent)
	}
	switch s.WhenBusy {
	case "", task.BusyQueue:
	case task.BusySkip, task.BusyReplace:
		if s.MaxConcurrent == 0 {
			found.addf("when_busy", "must be left out, as there is no max_concurrent that could make the plan busy")
		}
	default:
		found.addf("when_busy", "must be queue, skip or replace, not %.40q", string(s.WhenBusy))
	}
	s.checkQueue(found)
}

// checkQueue checks how many runs of the plan may wait, and for how long.
func (s Spec) checkQueue(found *problems) {
	const idle = "must be left out, as there is no max_concurrent that could have a plan run wait"
	switch {
	case s.MaxQueued < 0 || s.MaxQueued > task.MaxMaxQueued:
		found.addf("max_queued", "must be from 0 to %d, not %d", task.MaxMaxQueued, s.MaxQueued)
	case s.MaxQueued > 0 && s.MaxConcurrent == 0:
		found.addf("max_queued", idle)
	}
	switch d := time.Duration(s.MaxQueueTime); {
	case d == 0:
	case d < task.MinQueueTime || d > task.MaxQueueTime:
		found.addf("max_queue_time", "must be from %s to %s, not %s", task.MinQueueTime, task.MaxQueueTime, d)
	case s.MaxConcurrent == 0:
		found.addf("max_queue_time", idle)
	}
}

// Load counts the runs of a plan that have not ended.
type Load struct {
	// Going plan runs are running or stopping; Stopping are those among them that were cancelled.
	Going, Stopping int
	// Waiting plan runs have nothing started of them before another one has ended.
	Waiting int
}

// Admission is what becomes of a request for a plan run. Either there is a Refusal, and none is made; or it waits for the
// reason that Wait says, if it says one, and as many of the oldest others are cancelled as Replace says, those that are
// stopping not counted.
type Admission struct {
	Refusal string
	Wait    string
	Replace int
}

// Admit decides about a request for a run of the plan, by its other runs that have not ended.
func (s Spec) Admit(l Load) Admission {
	open := l.Going + l.Waiting
	switch {
	case s.MaxConcurrent == 0:
		return Admission{}
	case s.WhenBusy == task.BusySkip && open >= s.MaxConcurrent:
		return Admission{Refusal: fmt.Sprintf("the plan is busy: %s not ended, of at most %d, and when_busy is skip", runsHave(open), s.MaxConcurrent)}
	case s.WhenBusy == task.BusyReplace:
		return Admission{Wait: s.Full(l.Going), Replace: max(0, open-l.Stopping+1-s.MaxConcurrent)}
	}
	wait := s.Full(l.Going)
	if wait != "" && s.MaxQueued > 0 && l.Waiting >= s.MaxQueued {
		return Admission{Refusal: fmt.Sprintf("the queue of the plan is full: %s, of at most %d", runsWait(l.Waiting), s.MaxQueued)}
	}
	return Admission{Wait: wait}
}

// Queue has the plan run wait, for a reason and from now on.
func (r *Run) Queue(reason string, now time.Time) {
	r.State, r.Reason, r.ExpiresAt = Waiting, reason, nil
	if most := time.Duration(r.Spec.MaxQueueTime); most > 0 {
		expires := now.Add(most)
		r.ExpiresAt = &expires
	}
}

// Full returns why no further run of the plan may begin while that many are going, or "" where one may.
func (s Spec) Full(going int) string {
	switch {
	case s.MaxConcurrent == 0 || going < s.MaxConcurrent:
		return ""
	case going == s.MaxConcurrent:
		return fmt.Sprintf("waits for another plan run: %d of %d running", going, s.MaxConcurrent)
	}
	return fmt.Sprintf("waits for other plan runs: %d running, of at most %d", going, s.MaxConcurrent)
}

// Room returns how many of the plan runs that wait may begin.
func (s Spec) Room(l Load) int {
	if s.MaxConcurrent == 0 {
		return l.Waiting
	}
	return max(0, min(l.Waiting, s.MaxConcurrent-l.Going))
}

// Refusal is why a plan run that was asked for is not made. It is of kind fault.Conflict.
type Refusal struct {
	Plan string
	// Reason is a sentence without a beginning, such as "the plan is busy: …".
	Reason string
}

func (r *Refusal) Error() string { return "no run of plan " + r.Plan + " is made: " + r.Reason }

// Is reports whether target is the kind Conflict.
func (r *Refusal) Is(target error) bool { return target == fault.Conflict }

func runsHave(n int) string {
	if n == 1 {
		return "1 run has"
	}
	return fmt.Sprintf("%d runs have", n)
}

func runsWait(n int) string {
	if n == 1 {
		return "1 run waits"
	}
	return fmt.Sprintf("%d runs wait", n)
}
