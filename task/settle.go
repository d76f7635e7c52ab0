package task

import (
	"fmt"
	"time"
)

// Limits of what is made up for.
const (
	// MisfireGrace is how late an occurrence may be acted on without having been missed.
	MisfireGrace = time.Minute
	// MaxCatchUp is how many missed occurrences of a trigger are run after one absence, the newest ones.
	MaxCatchUp = 1000
	// MaxSettled is how many occurrences of a trigger are settled at once. So one that has missed very many does not hold up
	// the others that are due.
	MaxSettled = 16
)

// Settled is what becomes of a trigger that is due.
type Settled struct {
	// Due are the occurrences to be stored, in the order of their scheduled times, up to MaxSettled.
	Due []SettledOccurrence
	// OwedUntil is set where there are more that are not to be run: those from the first on that are before it. They are owed
	// their rows, see [Arrears]. Due are all behind it.
	OwedUntil *time.Time
	// Next is the scheduled time of the next occurrence and DueAt when that is acted on; nil where there is none. Where Next
	// is due already, DueAt is now: it is the turn of others that are due before it is that of this trigger again.
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
// trigger's window is shorter than that. Those that were missed follow the trigger's choice: with skip none of them is run,
// with latest the newest one is, if it is within the window, with all each is that is within it, the oldest first. What is
// not run has its reason, at once or in the rows that are owed.
func (s *Schedule) Settle(first, now time.Time) Settled {
	var out Settled
	if first.Add(s.delay).After(now) {
		out.Next, out.DueAt = s.upcoming(first.Add(-time.Microsecond))
		return out
	}
	most := MaxSettled
	if s.spec.Misfire == MisfireAll {
		most = MaxCatchUp
	}
	due, whole := s.newest(first, now, most)
	if old := s.tooOld(due, now); old > MaxSettled {
		due, whole = due[old:], false
	}
	if !whole {
		out.OwedUntil = &due[0]
	}
	settled := due[:min(len(due), MaxSettled)]
	out.Due = make([]SettledOccurrence, len(settled))
	for i, at := range settled {
		out.Due[i] = SettledOccurrence{ScheduledFor: at, Reason: s.verdict(at, now, len(due)-1-i)}
	}
	if len(due) > len(settled) {
		out.Next, out.DueAt = &due[len(settled)], &now
	} else {
		out.Next, out.DueAt = s.upcoming(due[len(due)-1])
	}
	return out
}

// tooOld returns how many of the first of due occurrences are not run, of those behind which more are than are settled at
// once.
func (s *Schedule) tooOld(due []time.Time, now time.Time) int {
	old := 0
	for len(due)-old > MaxSettled && s.verdict(due[old], now, len(due)-1-old) != "" {
		old++
	}
	return old
}

// GiveUp returns the occurrences that are due at now, of which first is the earliest and none is to be run: the newest ones,
// up to MaxSettled, and where there are more, until when those are that are owed their rows.
func (s *Schedule) GiveUp(first, now time.Time) (due []time.Time, owedUntil *time.Time) {
	if first.Add(s.delay).After(now) {
		return nil, nil
	}
	due, whole := s.newest(first, now, MaxSettled)
	if !whole {
		owedUntil = &due[0]
	}
	return due, owedUntil
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
	case MisfireSkip:
		window = MisfireGrace
		fallthrough
	default:
		if later > 0 {
			return "missed: a later occurrence was due before this one could be acted on"
		}
	}
	if window > 0 && late > window {
		return fmt.Sprintf("missed: it could be acted on only after %s, and up to %s is allowed", late.Round(time.Second), window)
	}
	if later >= MaxCatchUp {
		return fmt.Sprintf("missed: of those that were missed only the newest %d are run", MaxCatchUp)
	}
	return ""
}

// newest returns the newest occurrences that are due at now, of which first is the earliest: up to most of them. whole is
// true where these are all.
func (s *Schedule) newest(first, now time.Time, most int) (due []time.Time, whole bool) {
	if rest, all := s.between(first, now, 2*most); all {
		due = append([]time.Time{first}, rest...)
		skip := max(0, len(due)-most)
		return due[skip:], skip == 0
	}
	// An instant is looked for after which there are enough of them and not many more. Occurrences are at least a second
	// apart, so there is one between an instant with too many after it and one with too few.
	many, few := first, now
	for {
		middle := many.Add(few.Sub(many) / 2)
		rest, all := s.between(middle, now, 2*most)
		switch {
		case !all:
			many = middle
		case len(rest) < most:
			few = middle
		default:
			return rest[len(rest)-most:], false
		}
	}
}

// between returns the occurrences after an instant that are due at now, or false where there are more than most.
func (s *Schedule) between(after, now time.Time, most int) (due []time.Time, all bool) {
	for {
		at, ok := s.Next(after)
		if !ok || at.Add(s.delay).After(now) {
			return due, true
		}
		if len(due) == most {
			return nil, false
		}
		due = append(due, at)
		after = at
	}
}
