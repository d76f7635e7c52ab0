package task

import (
	"fmt"
	"time"
)

// Limits of what is made up for.
const (
	// MisfireGrace is how late an occurrence may be acted on without having been missed.
	MisfireGrace = time.Minute
	// MaxMissed is how many missed occurrences of a trigger get a row each after one absence; older ones share one.
	MaxMissed = 10000
	// MaxCatchUp is how many missed occurrences of a trigger are run after one absence, the newest ones.
	MaxCatchUp = 1000
)

// Settled is what becomes of a trigger that is due.
type Settled struct {
	// Due are the occurrences to be stored, in the order of their scheduled times.
	Due []SettledOccurrence
	// Next is the scheduled time of the next occurrence and DueAt when that is acted on; nil where there is none.
	Next, DueAt *time.Time
}

// SettledOccurrence is one due instant: it is to be run where Reason is empty.
type SettledOccurrence struct {
	ScheduledFor time.Time
	Reason       string
}

// Settle decides what becomes of the occurrences that are due at now, of which first is the earliest, and when the trigger
// is due next.
//
// An occurrence that is acted on within MisfireGrace of its time is run, unless a later one is due by then as well or the
// trigger's window is shorter than that. Those that were missed follow the trigger's choice: with skip none of them is run, with latest the newest one is, if it is
// within the window, with all each is that is within it. What is not run has its reason.
func (s *Schedule) Settle(first, now time.Time) Settled {
	due, merged := s.overdue(first, now)
	var out Settled
	if len(due) == 0 {
		out.Next, out.DueAt = s.upcoming(first.Add(-time.Microsecond))
		return out
	}
	out.Due = make([]SettledOccurrence, len(due))
	for i, at := range due {
		out.Due[i] = SettledOccurrence{ScheduledFor: at, Reason: s.verdict(at, now, len(due)-1-i)}
	}
	if merged {
		out.Due[0].Reason = fmt.Sprintf("missed, as all up to %s were: too many for a row each", due[1].UTC().Format(time.RFC3339))
	}
	out.Next, out.DueAt = s.upcoming(due[len(due)-1])
	return out
}

// Upcoming returns the scheduled time of the first occurrence after an instant, and when it is acted on, or nil twice.
func (s *Schedule) Upcoming(after time.Time) (next, dueAt *time.Time) { return s.upcoming(after) }

func (s *Schedule) upcoming(after time.Time) (next, dueAt *time.Time) {
	at, ok := s.Next(after)
	if !ok {
		return nil, nil
	}
	acted := at.Add(s.delay)
	return &at, &acted
}

// verdict returns why an occurrence is not run, or "". later is how many occurrences are due after it.
func (s *Schedule) verdict(at, now time.Time, later int) string {
	late := now.Sub(at.Add(s.delay))
	window := time.Duration(s.spec.MisfireWindow)
	switch s.spec.Misfire {
	case MisfireAll:
		if window == 0 {
			window = DefaultMisfireWindow
		}
		if later >= MaxCatchUp {
			return fmt.Sprintf("missed: of those that were missed only the newest %d are run", MaxCatchUp)
		}
	default:
		if later > 0 {
			return "missed: a later occurrence was due before this one could be acted on"
		}
		if s.spec.Misfire == MisfireSkip {
			window = MisfireGrace
		}
	}
	if window > 0 && late > window {
		return fmt.Sprintf("missed: it could be acted on only after %s, and up to %s is allowed", late.Round(time.Second), window)
	}
	return ""
}

// overdue returns the occurrences from first on that are due at now. Where there are more than MaxMissed, it returns first
// alone for all the older ones, and merged is true.
func (s *Schedule) overdue(first, now time.Time) (due []time.Time, merged bool) {
	if first.Add(s.delay).After(now) {
		return nil, false
	}
	due = append(due, first)
	if rest, whole := s.between(first, now); whole {
		return append(due, rest...), false
	}
	// The newest ones are found by looking back over shorter and shorter times.
	for back := now.Sub(first) / 2; ; back /= 2 {
		if rest, whole := s.between(now.Add(-back), now); whole {
			return append(due, rest...), len(rest) > 0
		}
	}
}

// between returns the occurrences after an instant that are due at now, or false where there are more than MaxMissed.
func (s *Schedule) between(after, now time.Time) (due []time.Time, whole bool) {
	for {
		at, ok := s.Next(after)
		if !ok || at.Add(s.delay).After(now) {
			return due, true
		}
		if len(due) == MaxMissed {
			return nil, false
		}
		due = append(due, at)
		after = at
	}
}
