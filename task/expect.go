package task

import (
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// Expect is by when the runs of a task are expected to start and to finish. A run that is late is told of once for each of
// the two; nothing else happens to it. Where both a span and a time of day are given, the earlier one counts.
type Expect struct {
	// StartWithin and FinishWithin count from when a run is due: its scheduled time, or else its request.
	StartWithin  Duration `json:"start_within,omitzero" doc:"How long after it is due a run may start, such as \"10m\"."`
	FinishWithin Duration `json:"finish_within,omitzero" doc:"How long after it is due a run may take to finish, such as \"2h\"."`
	// StartBy and FinishBy are times of day: the first after the run is due, as "06:00".
	StartBy  string `json:"start_by,omitempty" doc:"Time of day by which a run that is due before has started, as \"06:00\"."`
	FinishBy string `json:"finish_by,omitempty" doc:"Time of day by which a run that is due before has finished, as \"06:00\"."`
	// Timezone is an IANA name; empty means UTC.
	Timezone string `json:"timezone,omitempty" doc:"Time zone of start_by and finish_by, as Europe/Paris; by default UTC."`
}

// Expectation is one of the two things that a run is expected to do.
type Expectation string

// The expectations.
const (
	ExpectStart  Expectation = "start"
	ExpectFinish Expectation = "finish"
)

// MaxExpect bounds a span in which a run is expected to do something.
const MaxExpect = 366 * 24 * time.Hour

// Validate returns nil, or the field errors of what cannot be expected.
func (e Expect) Validate() error {
	var found problems
	found.add(duration("start_within", e.StartWithin, time.Second, MaxExpect))
	found.add(duration("finish_within", e.FinishWithin, time.Second, MaxExpect))
	for _, of := range []struct{ field, text string }{{"start_by", e.StartBy}, {"finish_by", e.FinishBy}} {
		if _, _, err := timeOfDay(of.text); of.text != "" && err != nil {
			found.addf(of.field, "must be a time of day such as 06:00, not %.40q", of.text)
		}
	}
	switch _, err := Zone(e.Timezone); {
	case err != nil:
		found.addf("timezone", "must be the name of a time zone such as Europe/Paris, not %.40q", e.Timezone)
	case e.Timezone != "" && e.StartBy == "" && e.FinishBy == "":
		found.addf("timezone", "is for start_by and finish_by, of which there is none")
	}
	return found.join()
}

// Late is a run that had not done by Due what was expected of it.
type Late struct {
	Run      RunID
	Expected Expectation
	Due      time.Time
}

// Due returns by when a run that is due at an instant is expected to have done each thing. What is not expected is missing.
func (e Expect) Due(due time.Time) map[Expectation]time.Time {
	all := map[Expectation]time.Time{}
	for _, of := range []struct {
		what   Expectation
		within Duration
		by     string
	}{{ExpectStart, e.StartWithin, e.StartBy}, {ExpectFinish, e.FinishWithin, e.FinishBy}} {
		var at time.Time
		if of.within > 0 {
			at = due.Add(time.Duration(of.within))
		}
		if of.by != "" {
			if by, err := e.next(due, of.by); err == nil && (at.IsZero() || by.Before(at)) {
				at = by
			}
		}
		if !at.IsZero() {
			all[of.what] = at.UTC()
		}
	}
	return all
}

// next returns the first instant after the given one at which the clock on the wall shows a time of day. A time that a
// change of the clocks leaves out or shows twice stands for one of the two instants that come into question.
func (e Expect) next(after time.Time, by string) (time.Time, error) {
	hour, minute, err := timeOfDay(by)
	if err != nil {
		return time.Time{}, err
	}
	zone, err := Zone(e.Timezone)
	if err != nil {
		return time.Time{}, err
	}
	local := after.In(zone)
	for day := 0; ; day++ {
		at := time.Date(local.Year(), local.Month(), local.Day()+day, hour, minute, 0, 0, zone)
		if at.After(after) {
			return at, nil
		}
	}
}

func timeOfDay(text string) (hour, minute int, err error) {
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, 0, fmt.Errorf("%.40q is not a time of day: %w", text, fault.Invalid)
	}
	return t.Hour(), t.Minute(), nil
}
