package task

import (
	"time"
)

// TriggerSpec is why something starts by itself, as an operator writes it. Its JSON is the body of POST
// /tasks/{name}/triggers, and a trigger of a task in an apply file. Exactly one of Cron, Every, At, File, After and
// Webhook is set.
type TriggerSpec struct {
	Name        string `json:"name" doc:"Name of the trigger among those of its task: 1 to 63 of a-z 0-9 - _ ."`
	Description string `json:"description,omitempty" doc:"What the trigger is for."`

	// Cron is a specification of five or six fields, or a word such as @daily.
	Cron string `json:"cron,omitempty" doc:"Five fields (minute hour day month weekday) or six (with seconds before them), or a word such as @daily."`
	// Every is an interval, counted from Start or else from when the trigger was created.
	Every Duration `json:"every,omitzero" doc:"Interval such as \"10m\", counted from start or else from the trigger's creation."`
	// At is the one instant of a trigger that is due once.
	At      *time.Time      `json:"at,omitempty" doc:"The one instant at which it is due."`
	File    *FileTrigger    `json:"file,omitempty" doc:"Files on a job server."`
	After   *AfterTrigger   `json:"after,omitempty" doc:"The end of a run of another task."`
	Webhook *WebhookTrigger `json:"webhook,omitempty" doc:"Requests to a secret address."`

	// Timezone is the IANA name of the zone whose clock Cron goes by; empty is UTC.
	Timezone string `json:"timezone,omitempty" doc:"IANA name of the zone whose clock cron goes by, such as Europe/Paris; by default UTC."`
	// InGap says what becomes of a local time that a change of the clock leaves out; empty leaves it to the rule, see
	// [TriggerSpec.Choices].
	InGap GapChoice `json:"in_gap,omitempty" enum:"run,skip" doc:"A local time that a change of the clock leaves out: run once at the change, or skip. By default run, and skip for a cron that is due in every hour."`
	// InOverlap says what becomes of a local time that a change of the clock brings twice.
	InOverlap OverlapChoice `json:"in_overlap,omitempty" enum:"once,twice" doc:"A local time that a change of the clock brings twice: run once, the first time, or twice. By default once, and twice for a cron that is due in every hour."`
	// Misfire says what becomes of occurrences that could not be acted on in time; empty is MisfireLatest.
	Misfire MisfireChoice `json:"misfire,omitempty" enum:"skip,latest,all" doc:"Occurrences that were missed: skip them, run the latest (the default), or run all. Those that are not run are recorded as skipped."`
	// MisfireWindow is how old a missed occurrence may be to be run; 0 is without bound for latest, and
	// DefaultMisfireWindow for all.
	MisfireWindow Duration `json:"misfire_window,omitzero" doc:"How old a missed occurrence may be to be run; by default without bound for latest, and 24h for all."`
	// Start and End bound when the trigger is due: at Start or later, and before End.
	Start *time.Time `json:"start,omitempty" doc:"It is not due before this instant."`
	End   *time.Time `json:"end,omitempty" doc:"It is not due at this instant or later."`
	// Paused keeps the trigger from being due.
	Paused bool `json:"paused,omitempty" doc:"It is not due while it is paused."`
	// Calendar is the name of the calendar that says on which days and hours the trigger may be due; empty is always.
	Calendar string `json:"calendar,omitempty" doc:"Name of a calendar: instants that it excludes are left out."`
	// Jitter bounds the delay of a trigger, the same at each of its occurrences, that follows from its name.
	Jitter Duration `json:"jitter,omitzero" doc:"Most that its runs are delayed, so that not all begin at the top of the hour; the delay follows from the trigger's name and stays the same."`
	// Params override those of the task. Those of a trigger that waits for events may refer to the event, see [EventValues].
	Params map[string]string `json:"params,omitempty" doc:"Values that override the task's parameters. Those of file, after and webhook may have ${{ file.path }}, ${{ run.outputs.rows }} or ${{ body.ref }} in them."`
}

// GapChoice says what becomes of a local time that does not exist.
type GapChoice string

// OverlapChoice says what becomes of a local time that comes twice.
type OverlapChoice string

// MisfireChoice says what becomes of missed occurrences.
type MisfireChoice string

// The choices.
const (
	GapRun  GapChoice = "run"
	GapSkip GapChoice = "skip"

	OverlapOnce  OverlapChoice = "once"
	OverlapTwice OverlapChoice = "twice"

	MisfireSkip   MisfireChoice = "skip"
	MisfireLatest MisfireChoice = "latest"
	MisfireAll    MisfireChoice = "all"
)

// TriggerKind says which of its kinds a trigger is of.
type TriggerKind string

// The kinds of trigger. The first three are due at times, the others at events.
const (
	TriggerCron    TriggerKind = "cron"
	TriggerEvery   TriggerKind = "every"
	TriggerAt      TriggerKind = "at"
	TriggerFile    TriggerKind = "file"
	TriggerAfter   TriggerKind = "after"
	TriggerWebhook TriggerKind = "webhook"
)

// Kind returns the kind of the trigger, of several the first, or "" where none is set.
func (s TriggerSpec) Kind() TriggerKind {
	kinds := s.kinds()
	if len(kinds) == 0 {
		return ""
	}
	return kinds[0]
}

func (s TriggerSpec) kinds() (kinds []TriggerKind) {
	for _, k := range []struct {
		kind TriggerKind
		set  bool
	}{
		{TriggerCron, s.Cron != ""}, {TriggerEvery, s.Every != 0}, {TriggerAt, s.At != nil},
		{TriggerFile, s.File != nil}, {TriggerAfter, s.After != nil}, {TriggerWebhook, s.Webhook != nil},
	} {
		if k.set {
			kinds = append(kinds, k.kind)
		}
	}
	return kinds
}

// WithDefaults returns the trigger with each setting that was left out at its default, so that two specs that mean the same
// are equal. It changes nothing that s refers to.
func (s TriggerSpec) WithDefaults() TriggerSpec {
	if s.Timezone == "" {
		s.Timezone = "UTC"
	}
	if s.Kind().Timed() && s.Misfire == "" {
		s.Misfire = MisfireLatest
	}
	if s.Misfire == MisfireAll && s.MisfireWindow == 0 {
		s.MisfireWindow = Duration(DefaultMisfireWindow)
	}
	if s.File != nil {
		file := s.File.WithDefaults()
		s.File = &file
	}
	if s.Webhook != nil && s.Webhook.Signature == "" {
		s.Webhook = &WebhookTrigger{Signature: SignatureNone}
	}
	for _, at := range []**time.Time{&s.At, &s.Start, &s.End} {
		if *at != nil {
			utc := (*at).UTC()
			*at = &utc
		}
	}
	return s
}

// Timed reports whether the trigger is due at times, so that it has a next occurrence.
func (k TriggerKind) Timed() bool { return k == TriggerCron || k == TriggerEvery || k == TriggerAt }

// OwnerKind says what a trigger starts.
type OwnerKind string

// What triggers start.
const (
	OwnerTask OwnerKind = "task"
	OwnerPlan OwnerKind = "plan"
)

// Owner is what a trigger belongs to and starts: a task or a plan, by its name.
type Owner struct {
	Kind OwnerKind
	Name string
}

// PlanOwner returns the owner that is a plan.
func PlanOwner(name string) Owner { return Owner{Kind: OwnerPlan, Name: name} }

// TaskOwner returns the task of that name as an owner.
func TaskOwner(name string) Owner { return Owner{Kind: OwnerTask, Name: name} }

func (o Owner) String() string { return string(o.Kind) + " " + o.Name }

// Trigger is a stored trigger.
type Trigger struct {
	TriggerSpec
	Owner Owner
	// Version counts edits, from 1. It is the ETag.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	// Pause is why it is not due although it has occurrences, or nil: its own pause, else that of its owner, else of all.
	Pause *Pause
	// Next is the scheduled time of the next occurrence, and DueAt when it will be acted on: later than Next by the
	// trigger's delay. Both are nil for a trigger that is paused, has no further occurrence, or waits for events.
	Next  *time.Time
	DueAt *time.Time
	// Last is its newest occurrence, or nil.
	Last *Occurrence
}

// Pause is why triggers are not due.
type Pause struct {
	// Level is PauseTrigger, PauseOwner or PauseAll.
	Level PauseLevel
	// Reason says why, in a sentence, or is empty.
	Reason string
	By     string
	At     time.Time
}

// PauseLevel says how many triggers a pause holds up.
type PauseLevel string

// The levels of a pause: one trigger, all of a task or a plan, or all there are.
const (
	PauseTrigger PauseLevel = "trigger"
	PauseOwner   PauseLevel = "owner"
	PauseAll     PauseLevel = "all"
)

// TriggerFilter chooses triggers. Zero values choose all.
type TriggerFilter struct {
	Owner Owner
	Kind  TriggerKind
	// Calendar is the name of a calendar that the triggers use.
	Calendar string
	// Paused chooses those that are paused by themselves.
	Paused bool
}

// Limits and defaults of triggers.
const (
	MaxTriggers          = 100
	MaxCron              = 256
	MinEvery             = time.Second
	MaxEvery             = 10 * 366 * 24 * time.Hour
	MaxJitter            = 24 * time.Hour
	MaxMisfireWindow     = 366 * 24 * time.Hour
	DefaultMisfireWindow = 24 * time.Hour
)
