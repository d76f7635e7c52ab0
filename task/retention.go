package task

import (
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// Bounds of retention.
const (
	// MaxKeptRuns bounds how many runs of a task are kept, if that is limited at all.
	MaxKeptRuns = 10_000_000
	// MinKept and MaxKept bound an age that is set.
	MinKept = time.Minute
	MaxKept = 100 * 366 * 24 * time.Hour
)

// Retention is for how long, and how many, runs are kept after they have ended. What is nil is as the settings of all say,
// and 0 is without limit. A run goes as soon as one of the limits says so, unless it is pinned.
type Retention struct {
	// Runs is how many of the newest runs of the task are kept.
	Runs *int `json:"runs,omitempty" doc:"How many of the newest runs are kept; 0 is without limit."`
	// Age is how long a run is kept after its end.
	Age *Duration `json:"age,omitempty" doc:"How long a run is kept after its end, such as \"360h\"; \"0s\" is without limit."`
	// LogAge and CheckpointAge are for what goes before its run does.
	LogAge        *Duration `json:"log_age,omitempty" doc:"How long the output of a run is kept after its end; \"0s\" is as long as the run."`
	CheckpointAge *Duration `json:"checkpoint_age,omitempty" doc:"How long the checkpoints of a run are kept after its end; \"0s\" is as long as the run."`
}

// Validate returns nil if the rules may be stored, else their field errors.
func (r Retention) Validate() error {
	return RetentionSettings{}.With(r).Validate()
}

// RetentionSettings are the rules for all tasks that have none of their own, and for what belongs to no task. 0 is without
// limit.
type RetentionSettings struct {
	Runs          int      `json:"runs" doc:"How many of the newest runs of each task are kept; 0 is without limit." default:"1000"`
	Age           Duration `json:"age" doc:"How long a run is kept after its end; \"0s\" is without limit."`
	LogAge        Duration `json:"log_age" doc:"How long the output of a run is kept after its end; \"0s\" is as long as the run."`
	CheckpointAge Duration `json:"checkpoint_age" doc:"How long the checkpoints of a run are kept after its end; \"0s\" is as long as the run."`
	// EventAge and OccurrenceAge are for events and for occurrences of triggers.
	EventAge      Duration `json:"event_age" doc:"How long events are kept; \"0s\" is without limit."`
	OccurrenceAge Duration `json:"occurrence_age" doc:"How long occurrences of triggers are kept; \"0s\" is without limit."`
}

// DefaultRetention returns what holds unless someone has set something else: fifteen days, and 1,000 runs of a task.
func DefaultRetention() RetentionSettings {
	const days = Duration(15 * 24 * time.Hour)
	return RetentionSettings{Runs: 1000, Age: days, EventAge: days, OccurrenceAge: days}
}

// Validate returns nil if the settings may be stored, else their field errors.
func (s RetentionSettings) Validate() error {
	var found problems
	if s.Runs < 0 || s.Runs > MaxKeptRuns {
		found.addf("runs", "must be from 0 to %d, not %d", MaxKeptRuns, s.Runs)
	}
	for _, age := range []struct {
		field string
		value Duration
	}{
		{"age", s.Age}, {"log_age", s.LogAge}, {"checkpoint_age", s.CheckpointAge}, {"event_age", s.EventAge},
		{"occurrence_age", s.OccurrenceAge},
	} {
		found.add(duration(age.field, age.value, MinKept, MaxKept))
	}
	return found.join()
}

// With returns the settings for the runs of a task that has rules of its own.
func (s RetentionSettings) With(own Retention) RetentionSettings {
	if own.Runs != nil {
		s.Runs = *own.Runs
	}
	for _, age := range []struct {
		own *Duration
		set *Duration
	}{{own.Age, &s.Age}, {own.LogAge, &s.LogAge}, {own.CheckpointAge, &s.CheckpointAge}} {
		if age.own != nil {
			*age.set = *age.own
		}
	}
	return s
}

// StoredRetention is the stored settings.
type StoredRetention struct {
	RetentionSettings
	// Version counts edits, from 1, of the defaults. It is the ETag.
	Version int64
	// UpdatedAt is zero for the defaults.
	UpdatedAt time.Time
}

// OldRun is what the decision about a run's end of keeping rests on.
type OldRun struct {
	ID       RunID
	QueuedAt time.Time
	// EndedAt is nil for a run that has not ended.
	EndedAt *time.Time
	Pinned  bool
	// Log is true where it has output, Checkpoints where it has any.
	Log, Checkpoints bool
	// LargeLog is true where its output is to be removed before the run is: it is too much for one transaction.
	LargeLog bool
}

// Pruning is what is to go of a run.
type Pruning struct{ Run, Log, Checkpoints bool }

// Prune says what is to go of a run now. beyond is true for a run that is older than as many of its task as are kept.
// settled is up to when everything that follows the events has dealt with them: of a run that has ended since, nothing goes.
func (s RetentionSettings) Prune(r OldRun, beyond bool, settled, now time.Time) Pruning {
	if r.EndedAt == nil || r.Pinned || !r.EndedAt.Before(settled) {
		return Pruning{}
	}
	past := func(age Duration) bool { return age > 0 && now.Sub(*r.EndedAt) >= time.Duration(age) }
	if beyond || past(s.Age) {
		return Pruning{Run: true}
	}
	return Pruning{
		Log:         past(s.LogAge) && r.Log,
		Checkpoints: past(s.CheckpointAge) && r.Checkpoints,
	}
}

// Before returns the instant before which a run must have been requested for anything of it to go by its age; zero where
// no age is limited.
func (s RetentionSettings) Before(now time.Time) time.Time {
	least := time.Duration(0)
	for _, age := range []Duration{s.Age, s.LogAge, s.CheckpointAge} {
		if d := time.Duration(age); d > 0 && (least == 0 || d < least) {
			least = d
		}
	}
	if least == 0 {
		return time.Time{}
	}
	return now.Add(-least)
}

// PrunedLog is what stands in the place of output that is gone.
func PrunedLog(at time.Time) string {
	return "[the output was removed on " + at.UTC().Format("2006-01-02") + ", as its retention says]\n"
}

// KeptTask names a task of which runs are stored, with the rules of its own. It may be deleted.
type KeptTask struct {
	Name      string
	Retention Retention
}

// validRetention checks the rules of a task.
func (s Spec) validRetention() error {
	if s.Retention == nil {
		return nil
	}
	return fault.Under("retention", s.Retention.Validate())
}
