package task

import (
	"fmt"
	"time"
)

// Arrears are the occurrences of a trigger that were missed in a long absence and are owed a row each: those from Next on
// and before Until. None of them is run. They carry all that their times follow from, as it was when it was decided about
// them: the trigger may be edited or deleted since.
type Arrears struct {
	Owner   Owner
	Trigger TriggerSpec
	// CreatedAt is when the trigger was created: intervals may be counted from it.
	CreatedAt time.Time
	// Calendar is that of the trigger, or nil.
	Calendar *CalendarSpec

	// First is the first of them. Those before Next have their rows.
	First, Next, Until time.Time
	// DecidedAt is when it was decided about them.
	DecidedAt time.Time
	// Reason is that of all of them; where it is empty, each follows the trigger's choice for what was missed.
	Reason string
	// KeptFrom is the instant before which they are older than occurrences of the owner are kept: those share one row. It is
	// zero where none is too old.
	KeptFrom time.Time
	// Old is how many of them are dealt with that are before KeptFrom, and Rows how many have a row of their own.
	Old, Rows int
}

// arrearsLooked is how many occurrences one step looks at: those that are too old for a row take no room in it.
const arrearsLooked = 20_000

// Schedule returns what tells the times of the occurrences. The error is of kind fault.Invalid.
func (a Arrears) Schedule() (Schedule, error) {
	var calendar *Calendar
	if a.Calendar != nil {
		calendar = &Calendar{CalendarSpec: *a.Calendar}
	}
	return NewSchedule(a.Owner, a.Trigger, a.CreatedAt, calendar)
}

// Done reports whether all of them are dealt with.
func (a Arrears) Done() bool { return !a.Next.Before(a.Until) }

// Step returns up to most of the rows that are owed, in the order of their times, and the arrears that are left after them.
// s is the schedule of the arrears. A step may have no rows although the arrears are not done.
func (a Arrears) Step(s *Schedule, most int) (left Arrears, rows []SettledOccurrence) {
	left = a
	for looked := 0; !left.Done() && len(rows) < most && looked < arrearsLooked; looked++ {
		at := left.Next
		next, ok := s.Next(at)
		if !ok || next.After(a.Until) {
			next = a.Until
		}
		left.Next = next
		if !at.Before(a.KeptFrom) {
			left.Rows++
			rows = append(rows, SettledOccurrence{ScheduledFor: at, Reason: left.reason(s, at)})
			continue
		}
		left.Old++
		if left.Done() || !next.Before(a.KeptFrom) { // the newest of the old ones has the row of all of them
			rows = append(rows, SettledOccurrence{ScheduledFor: at, Reason: left.shared(s, at)})
		}
	}
	return left, rows
}

func (a Arrears) reason(s *Schedule, at time.Time) string {
	if a.Reason != "" {
		return a.Reason
	}
	return s.verdict(at, a.DecidedAt, MaxCatchUp)
}

// shared is the reason of the row that stands for all occurrences that are older than they are kept.
func (a Arrears) shared(s *Schedule, at time.Time) string {
	if a.Old == 1 {
		return a.reason(s, at)
	}
	return fmt.Sprintf("missed, as %d others from %s on were: they are older than occurrences are kept, and share this row",
		a.Old-1, a.First.UTC().Format(time.RFC3339))
}
