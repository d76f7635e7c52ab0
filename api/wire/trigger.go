package wire

import "github.com/segno-jobs/segno/task"

// Trigger is a stored trigger: the document of the operator with its version and its times.
type Trigger struct {
	task.TriggerSpec
	// Task or Plan is what it starts.
	Task *string `json:"task" doc:"The task that it starts; null for the trigger of a plan."`
	Plan *string `json:"plan" doc:"The plan that it starts; null for the trigger of a task."`
	Kind string  `json:"kind" enum:"cron,every,at,file,after,webhook"`
	// Pause is null for a trigger that is not held up.
	Pause *Pause `json:"pause" doc:"Why it is not due: its own pause, or that of its task or of all triggers; null where there is none."`
	// NextAt and DueAt are null where there is no next occurrence.
	NextAt *Time `json:"next_at" doc:"Scheduled time of its next occurrence; null while it is paused, waits for events or has no further one." format:"date-time"`
	DueAt  *Time `json:"due_at" doc:"When that is acted on: later than next_at by the trigger's delay." format:"date-time"`
	// Last is its newest occurrence.
	Last      *Occurrence `json:"last" doc:"Its newest occurrence; null before the first."`
	Version   int64       `json:"version" doc:"Counts edits; also the ETag."`
	CreatedAt Time        `json:"created_at" format:"date-time"`
	UpdatedAt Time        `json:"updated_at" format:"date-time"`
}

// Pause is why triggers are not due.
type Pause struct {
	Level  task.PauseLevel `json:"level" enum:"trigger,owner,all" doc:"Whether one trigger is paused, all of its task or plan, or all there are."`
	Task   *string         `json:"task" doc:"The task whose triggers are paused, at the level owner."`
	Plan   *string         `json:"plan" doc:"The plan whose triggers are paused, at the level owner."`
	Reason string          `json:"reason"`
	By     string          `json:"by"`
	At     Time            `json:"at" format:"date-time"`
}

// PauseRequest is the optional body of a request to pause triggers.
type PauseRequest struct {
	Reason string `json:"reason,omitempty" doc:"Why they are paused, in a sentence."`
}

// Occurrence is a due instant of a trigger and what was made of it.
type Occurrence struct {
	Task         *string `json:"task" doc:"Null for the trigger of a plan."`
	Plan         *string `json:"plan" doc:"Null for the trigger of a task."`
	Trigger      string  `json:"trigger"`
	ScheduledFor Time    `json:"scheduled_for" doc:"When it was due; for an event, when that happened." format:"date-time"`
	Event        *string `json:"event" doc:"What the event was, such as the path of a file; null for times."`
	// Run is null where Reason says why there is none.
	Run       *task.RunID `json:"run" doc:"The run that was made; null where reason says why there is none."`
	Reason    string      `json:"reason" doc:"Why there is no run; empty otherwise."`
	DecidedAt Time        `json:"decided_at" doc:"When it was acted on." format:"date-time"`
}

// Forecast is an occurrence that is still to come.
type Forecast struct {
	Task         *string `json:"task" doc:"Null for the trigger of a plan."`
	Plan         *string `json:"plan" doc:"Null for the trigger of a task."`
	Trigger      string  `json:"trigger"`
	ScheduledFor Time    `json:"scheduled_for" format:"date-time"`
	DueAt        Time    `json:"due_at" doc:"When it will be acted on: later than scheduled_for by the trigger's delay." format:"date-time"`
	Timezone     string  `json:"timezone" doc:"IANA name of the zone of the trigger."`
}

// Preview is what becomes of one time of a trigger.
type Preview struct {
	ScheduledFor Time   `json:"scheduled_for" doc:"The instant: that of the change of the clock for a local time that does not exist." format:"date-time"`
	DueAt        Time   `json:"due_at" doc:"When it is acted on: later than scheduled_for by the trigger's delay." format:"date-time"`
	Local        string `json:"local" doc:"The time on the clock of the trigger's zone, such as 2026-03-29 02:30:00."`
	Due          bool   `json:"due" doc:"False where it is left out."`
	// Effect is empty where nothing special becomes of it.
	Effect task.PreviewEffect `json:"effect" enum:",moved,gap,first,second,excluded" doc:"What a change of the clock or the calendar does to it."`
	Note   string             `json:"note" doc:"The same in a sentence."`
}

// TriggerOf returns t as it is sent.
func TriggerOf(t task.Trigger) Trigger {
	w := Trigger{
		TriggerSpec: t.TriggerSpec, Kind: string(t.Kind()), NextAt: optional(t.Next), DueAt: optional(t.DueAt),
		Version: t.Version, CreatedAt: At(t.CreatedAt), UpdatedAt: At(t.UpdatedAt),
	}
	w.Task, w.Plan = ownerOf(t.Owner)
	if t.Pause != nil {
		p := PauseOf(t.Owner, *t.Pause)
		w.Pause = &p
	}
	if t.Last != nil {
		o := OccurrenceOf(*t.Last)
		w.Last = &o
	}
	return w
}

// PauseOf returns a pause of the owner's triggers as it is sent.
func PauseOf(owner task.Owner, p task.Pause) Pause {
	w := Pause{Level: p.Level, Reason: p.Reason, By: p.By, At: At(p.At)}
	if p.Level == task.PauseOwner {
		w.Task, w.Plan = ownerOf(owner)
	}
	return w
}

// OccurrenceOf returns o as it is sent.
func OccurrenceOf(o task.Occurrence) Occurrence {
	w := Occurrence{
		Trigger: o.Trigger, ScheduledFor: At(o.ScheduledFor), Event: text(o.Event), Reason: o.Reason, DecidedAt: At(o.DecidedAt),
	}
	w.Task, w.Plan = ownerOf(o.Owner)
	if o.Run != "" {
		w.Run = &o.Run
	}
	return w
}

// ForecastOf returns f as it is sent.
func ForecastOf(f task.Forecast) Forecast {
	w := Forecast{Trigger: f.Trigger, ScheduledFor: At(f.ScheduledFor), DueAt: At(f.DueAt), Timezone: f.Timezone}
	w.Task, w.Plan = ownerOf(f.Owner)
	return w
}

// PreviewOf returns p as it is sent.
func PreviewOf(p task.Preview) Preview {
	return Preview{ScheduledFor: At(p.ScheduledFor), DueAt: At(p.DueAt), Local: p.Local, Due: p.Due, Effect: p.Effect, Note: p.Note}
}

func ownerOf(o task.Owner) (taskName, plan *string) {
	if o.Kind == task.OwnerPlan {
		return nil, text(o.Name)
	}
	return text(o.Name), nil
}
