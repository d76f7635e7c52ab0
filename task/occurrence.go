package task

import "time"

// Occurrence is one due instant of a trigger and what was made of it: a run, or the reason that there is none. There is
// exactly one for each (owner, trigger, scheduled time, event).
type Occurrence struct {
	Owner   Owner
	Trigger string
	// ScheduledFor is the instant at which the trigger was due, before its delay; for an event, when it happened.
	ScheduledFor time.Time
	// Event tells events apart, such as the path and the time of a file or the id of a run; empty for times.
	Event string
	// Run is the run that was made, or empty; for a plan it is the id of the plan's run.
	Run RunID
	// Reason says why there is no run, and is empty otherwise.
	Reason string
	// DecidedAt is when the occurrence was acted on.
	DecidedAt time.Time
}

// OccurrenceFilter chooses occurrences. Zero values choose all.
type OccurrenceFilter struct {
	Owner   Owner
	Trigger string
	// Skipped chooses only those without a run.
	Skipped bool
	// Since and Until bound ScheduledFor: at or after Since, before Until.
	Since, Until time.Time
}

// DueTrigger is a trigger whose time has come, with what is needed to act on it.
type DueTrigger struct {
	Trigger Trigger
	// Task is the task that it starts; nil for the trigger of a plan.
	Task *Task
	// Calendar is the calendar that it uses, or nil.
	Calendar *Calendar
}

// Arrears returns what a due trigger is owed: a row for each occurrence from its next one on that is before an instant, with
// a reason, or "" where each follows the trigger's choice for what was missed.
func (d DueTrigger) Arrears(until time.Time, reason string, now time.Time) *Arrears {
	a := &Arrears{
		Owner: d.Trigger.Owner, Trigger: d.Trigger.TriggerSpec, CreatedAt: d.Trigger.CreatedAt,
		First: *d.Trigger.Next, Next: *d.Trigger.Next, Until: until, DecidedAt: now, Reason: reason,
	}
	if d.Calendar != nil {
		a.Calendar = &d.Calendar.CalendarSpec
	}
	return a
}

// Firing is what was decided about a trigger that was due: the occurrences to be stored, with the runs of those that
// have one, and when it is due again.
type Firing struct {
	Owner   Owner
	Trigger string
	// From is the trigger's Next when the decision was made. The firing is stored only where that still holds.
	From time.Time
	// Occurrences are in the order of their scheduled times. Those with a run have it in Runs, by its id.
	Occurrences []Occurrence
	Runs        []Run
	// Params are those of the plan runs of a plan's trigger. Its occurrences that are run have the id of the plan's run, and
	// Runs is empty: the plan is taken as it is when the firing is stored.
	Params map[string]string
	// Arrears are the occurrences before these that are owed their rows, or nil.
	Arrears *Arrears
	// Next and DueAt are those of the trigger from then on; nil where it has no further occurrence.
	Next, DueAt *time.Time
}

// PlanRequest asks for a run of a plan, at an event. Where the plan cannot be run so, the occurrence is skipped.
type PlanRequest struct {
	// ID is that of the plan run.
	ID           RunID
	Cause        Cause
	ScheduledFor time.Time
	// Params override the plan's; Offered are given as well where the plan declares them.
	Params, Offered map[string]string
}

// Forecast is an occurrence that is still to come.
type Forecast struct {
	Owner        Owner
	Trigger      string
	ScheduledFor time.Time
	// DueAt is when it will be acted on: later than ScheduledFor by the trigger's delay.
	DueAt time.Time
	// Timezone is the IANA name of the zone of the trigger.
	Timezone string
}
