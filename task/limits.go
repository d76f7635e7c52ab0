package task

import (
	"fmt"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// WhenBusy says what becomes of a request for a run while the task has as many runs as it may.
type WhenBusy string

// The choices. The empty one is BusyQueue.
const (
	// BusyQueue lets the run wait until one of the others has ended.
	BusyQueue WhenBusy = "queue"
	// BusySkip makes no run.
	BusySkip WhenBusy = "skip"
	// BusyReplace cancels the oldest run; the new one waits until that has certainly ended.
	BusyReplace WhenBusy = "replace"
)

// Bounds of a task's limits.
const (
	MaxMaxConcurrent = 10000
	MaxMaxQueued     = 100000
	MinQueueTime     = time.Second
	MaxQueueTime     = 366 * 24 * time.Hour
	// MaxConcurrencyGroups is how many groups one task may name.
	MaxConcurrencyGroups = 16
)

// Limited reports whether anything bounds how many runs of the task wait or are active, or for how long they wait.
func (s Spec) Limited() bool {
	return s.MaxConcurrent > 0 || s.MaxQueued > 0 || s.MaxQueueTime > 0 || len(s.ConcurrencyGroups) > 0
}

// validLimits checks the limits of a task.
func (s Spec) validLimits() error {
	var found problems
	if s.MaxConcurrent < 0 || s.MaxConcurrent > MaxMaxConcurrent {
		found.addf("max_concurrent", "must be from 0 to %d, not %d", MaxMaxConcurrent, s.MaxConcurrent)
	}
	switch s.WhenBusy {
	case "", BusyQueue:
	case BusySkip, BusyReplace:
		if s.MaxConcurrent == 0 {
			found.addf("when_busy", "must be left out, as there is no max_concurrent that could make the task busy")
		}
	default:
		found.addf("when_busy", "must be queue, skip or replace, not %.40q", s.WhenBusy)
	}
	if s.MaxQueued < 0 || s.MaxQueued > MaxMaxQueued {
		found.addf("max_queued", "must be from 0 to %d, not %d", MaxMaxQueued, s.MaxQueued)
	}
	found.add(duration("max_queue_time", s.MaxQueueTime, MinQueueTime, MaxQueueTime))
	if len(s.ConcurrencyGroups) > MaxConcurrencyGroups {
		found.addf("concurrency_groups", "must be at most %d, not %d", MaxConcurrencyGroups, len(s.ConcurrencyGroups))
		return found.join()
	}
	for i, name := range s.ConcurrencyGroups {
		path := fmt.Sprintf("concurrency_groups[%d]", i)
		if slices.Contains(s.ConcurrencyGroups[:i], name) {
			found.addf(path, "stands in the list twice")
			continue
		}
		found.add(CheckName(path, name))
	}
	return found.join()
}

// Load counts the runs of a task that have not ended.
type Load struct {
	// Queued runs wait, Active ones have an attempt that may act.
	Queued, Active int
	// Leaving are those among them that were told to stop and are not to go on.
	Leaving int
}

// Admission is what becomes of a request for a run. Either there is a Refusal, and no run is made, or the run is queued
// and as many of the oldest others are cancelled as Replace says, those that are leaving not counted.
type Admission struct {
	Refusal string
	Replace int
}

// Admit decides about a request for a run, by the runs of its task that have not ended. A task that is busy by its limit has
// it wait, which is no matter of Admit: whether one may begin is decided as it is placed.
func (s Spec) Admit(l Load) Admission {
	open := l.Queued + l.Active
	switch {
	case s.MaxConcurrent > 0 && s.WhenBusy == BusySkip && open >= s.MaxConcurrent:
		return Admission{Refusal: fmt.Sprintf("its task is busy: %s not ended, of at most %d, and when_busy is skip", runsHave(open), s.MaxConcurrent)}
	case s.MaxConcurrent > 0 && s.WhenBusy == BusyReplace:
		return Admission{Replace: max(0, open-l.Leaving+1-s.MaxConcurrent)}
	case s.MaxQueued > 0 && l.Queued >= s.MaxQueued:
		return Admission{Refusal: fmt.Sprintf("the queue of its task is full: %s, of at most %d", runsDo(l.Queued, "wait"), s.MaxQueued)}
	}
	return Admission{}
}

// NeedsAdmission reports whether [Spec.Admit] can decide otherwise than to queue the run and leave the others alone.
func (s Spec) NeedsAdmission() bool {
	return s.MaxQueued > 0 || s.MaxConcurrent > 0 && (s.WhenBusy == BusySkip || s.WhenBusy == BusyReplace)
}

// Refusal is why a run that was asked for is not made. It is of kind fault.Conflict.
type Refusal struct {
	Task string
	// Reason is a sentence without a beginning, such as "the queue of its task is full: …".
	Reason string
}

func (r *Refusal) Error() string { return "no run of task " + r.Task + " is made: " + r.Reason }

// Is reports whether target is the kind Conflict.
func (r *Refusal) Is(target error) bool { return target == fault.Conflict }

// Replaced is the reason of a run that was cancelled for a newer one.
func Replaced(by RunID) string {
	return "replaced by run " + string(by) + ", as its task is busy and when_busy is replace"
}

// Expired is the reason of a run that has waited for too long. waited is why it did, or empty.
func Expired(most time.Duration, waited string) string {
	reason := fmt.Sprintf("waited in the queue for longer than %s, its max_queue_time", Duration(most))
	if waited != "" {
		reason += "; " + waited
	}
	return reason
}

// Full returns why no further run may be active where active ones are and at most are allowed, or "" where one may. of is
// what allows it, such as "its task". A limit of 0 is none.
func Full(of string, active, most int) string {
	if most == 0 || active < most {
		return ""
	}
	return fmt.Sprintf("waits for %s: %s active, of at most %d", of, runsAre(active), most)
}

func runsHave(n int) string { return runsWith(n, "has", "have") }
func runsAre(n int) string  { return runsWith(n, "is", "are") }

func runsDo(n int, verb string) string { return runsWith(n, verb+"s", verb) }

func runsWith(n int, one, many string) string {
	if n == 1 {
		return "1 run " + one
	}
	return fmt.Sprintf("%d runs %s", n, many)
}

// ConcurrencyGroupSpec is a concurrency group as an operator writes it. Its JSON is the body of POST /concurrency-groups and
// the spec in an apply file.
type ConcurrencyGroupSpec struct {
	Name        string `json:"name" doc:"Name of the group: 1 to 63 of a-z 0-9 - _ ."`
	Description string `json:"description,omitempty" doc:"What its tasks have in common, such as a database."`
	// MaxConcurrent is how many runs of all tasks that name the group may be active at once, at least 1.
	MaxConcurrent int `json:"max_concurrent" doc:"How many runs of all its tasks together may be active at once, 1 to 10000."`
}

// Validate returns nil if the group may be stored, else its field errors.
func (s ConcurrencyGroupSpec) Validate() error {
	var found problems
	found.add(CheckName("name", s.Name))
	found.add(CheckText("description", s.Description, MaxDescription))
	if s.MaxConcurrent < 1 || s.MaxConcurrent > MaxMaxConcurrent {
		found.addf("max_concurrent", "must be from 1 to %d, not %d", MaxMaxConcurrent, s.MaxConcurrent)
	}
	return found.join()
}

// ConcurrencyGroup is a stored concurrency group: a limit that several tasks share.
type ConcurrencyGroup struct {
	ConcurrencyGroupSpec
	// Tasks are the names of the tasks that name it, in their order.
	Tasks []string
	// Version counts edits, from 1. It is the ETag.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}
