package task

import (
	"fmt"
	"maps"
	"time"
)

// Happening is an event that a trigger waits for, with what was decided about it: Occurrence.Event names it, and
// Occurrence.ScheduledFor is when it happened. Run, and for the trigger of a plan Plan, is nil where Occurrence.Reason says why
// there is none.
type Happening struct {
	Occurrence Occurrence
	Run        *Run
	Plan       *PlanRequest
}

// WhyNot returns why a trigger starts nothing at an event that happened at an instant, or "": it is paused, it is outside
// of its dates, or its calendar excludes the instant.
func (d DueTrigger) WhyNot(at time.Time) string {
	t := d.Trigger
	switch {
	case t.Pause != nil:
		return t.Pause.Sentence()
	case t.Start != nil && at.Before(*t.Start):
		return "the trigger begins at " + t.Start.UTC().Format(time.RFC3339)
	case t.End != nil && !at.Before(*t.End):
		return "the trigger has ended at " + t.End.UTC().Format(time.RFC3339)
	case d.Calendar == nil:
		return ""
	}
	zone, err := Zone(t.Timezone)
	if err != nil {
		return fmt.Sprintf("the trigger cannot be read: %v", err)
	}
	days, err := newCalendarDays(d.Calendar.CalendarSpec, zone)
	if err != nil {
		return fmt.Sprintf("the calendar %s cannot be read: %v", d.Calendar.Name, err)
	}
	return days.at(at).why
}

// Sentence says what is paused, and why.
func (p Pause) Sentence() string {
	what := "the trigger is paused"
	switch p.Level {
	case PauseOwner:
		what = "its triggers are paused"
	case PauseAll:
		what = "all triggers are paused"
	}
	if p.Reason == "" {
		return what
	}
	return fmt.Sprintf("%s: %s", what, p.Reason)
}

// WithParams returns the task with parameters that it has for this run, whether it declares them or not.
func (s Spec) WithParams(params map[string]string) Spec {
	if len(params) == 0 {
		return s
	}
	all := make(map[string]string, len(s.Params)+len(params))
	maps.Copy(all, s.Params)
	maps.Copy(all, params)
	s.Params = all
	return s
}
