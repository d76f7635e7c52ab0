package task

import (
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// Bounds of retention.
const (
	// MaxKept bounds how many of a kind are kept, if that is limited at all.
	MaxKept = 10_000_000
	// MinKeptAge and MaxKeptAge bound an age that is set.
	MinKeptAge = time.Minute
	MaxKeptAge = 100 * 366 * 24 * time.Hour
	// MinOccurrenceAge is for how long an occurrence is kept whatever their number: an agent or a sender that tells the event
	// again must find it.
	MinOccurrenceAge = time.Hour
)

// Retention is for how long, and how many, runs are kept after they have ended, and occurrences of triggers. What is nil is
// as the settings of all say, and 0 is without limit. A run goes as soon as one of the limits says so, unless it is pinned.
type Retention struct {
	// Runs is how many of the newest runs of the task are kept.
	Runs *int `json:"runs,omitempty" doc:"How many of the newest runs are kept; 0 is without limit."`
	// Age is how long a run is kept after its end.
	Age *Duration `json:"age,omitempty" doc:"How long a run is kept after its end, such as \"360h\"; \"0s\" is without limit."`
	// LogRuns, LogAge, CheckpointRuns and CheckpointAge are for what goes before its run does.
	LogRuns        *int      `json:"log_runs,omitempty" doc:"Of how many of the newest runs the output is kept; 0 is of all runs that are."`
	LogAge         *Duration `json:"log_age,omitempty" doc:"How long the output of a run is kept after its end; \"0s\" is as long as the run."`
	CheckpointRuns *int      `json:"checkpoint_runs,omitempty" doc:"Of how many of the newest runs the checkpoints are kept; 0 is of all runs that are."`
	CheckpointAge  *Duration `json:"checkpoint_age,omitempty" doc:"How long the checkpoints of a run are kept after its end; \"0s\" is as long as the run."`
	// Occurrences and OccurrenceAge are for the occurrences of the triggers.
	Occurrences   *int      `json:"occurrences,omitempty" doc:"How many of the newest occurrences of the triggers are kept; 0 is without limit. Each is kept for an hour at least."`
	OccurrenceAge *Duration `json:"occurrence_age,omitempty" doc:"How long occurrences of the triggers are kept; \"0s\" is without limit."`
}

// Validate returns nil if the rules may be stored, else their field errors.
func (r Retention) Validate() error {
	return RetentionSettings{}.With(r).Validate()
}

// RetentionSettings are the rules for all tasks that have none of their own, and for what belongs to no task. 0 is without
// limit.
type RetentionSettings struct {
	// Runs and Age are for runs of tasks, and for runs of plans.
	Runs           int      `json:"runs" doc:"How many of the newest runs of each task, and of each plan, are kept; 0 is without limit." default:"1000"`
	Age            Duration `json:"age" doc:"How long a run is kept after its end; \"0s\" is without limit."`
	LogRuns        int      `json:"log_runs" doc:"Of how many of the newest runs of each task the output is kept; 0 is of all runs that are."`
	LogAge         Duration `json:"log_age" doc:"How long the output of a run is kept after its end; \"0s\" is as long as the run."`
	CheckpointRuns int      `json:"checkpoint_runs" doc:"Of how many of the newest runs of each task the checkpoints are kept; 0 is of all runs that are."`
	CheckpointAge  Duration `json:"checkpoint_age" doc:"How long the checkpoints of a run are kept after its end; \"0s\" is as long as the run."`
	// EventAge is for events, Occurrences and OccurrenceAge for the occurrences of the triggers of each task and plan.
	EventAge      Duration `json:"event_age" doc:"How long events are kept; \"0s\" is without limit."`
	Occurrences   int      `json:"occurrences" doc:"How many of the newest occurrences of the triggers of each task and plan are kept; 0 is without limit. Each is kept for an hour at least."`
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
	for _, number := range []struct {
		field string
		value int
	}{{"runs", s.Runs}, {"log_runs", s.LogRuns}, {"checkpoint_runs", s.CheckpointRuns}, {"occurrences", s.Occurrences}} {
		if number.value < 0 || number.value > MaxKept {
			found.addf(number.field, "must be from 0 to %d, not %d", MaxKept, number.value)
		}
	}
	for _, age := range []struct {
		field string
		value Duration
	}{
		{"age", s.Age}, {"log_age", s.LogAge}, {"checkpoint_age", s.CheckpointAge}, {"event_age", s.EventAge},
		{"occurrence_age", s.OccurrenceAge},
	} {
		found.add(duration(age.field, age.value, MinKeptAge, MaxKeptAge))
	}
	return found.join()
}

// With returns the settings for a task, or a plan, that has rules of its own.
func (s RetentionSettings) With(own Retention) RetentionSettings {
	for _, number := range []struct {
		own *int
		set *int
	}{{own.Runs, &s.Runs}, {own.LogRuns, &s.LogRuns}, {own.CheckpointRuns, &s.CheckpointRuns}, {own.Occurrences, &s.Occurrences}} {
		if number.own != nil {
			*number.set = *number.own
		}
	}
	for _, age := range []struct {
		own *Duration
		set *Duration
	}{{own.Age, &s.Age}, {own.LogAge, &s.LogAge}, {own.CheckpointAge, &s.CheckpointAge}, {own.OccurrenceAge, &s.OccurrenceAge}} {
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

// OldOccurrences are the occurrences of an owner that need not be kept: those that were due, and decided about, before Before;
// and those behind the newest Kept that were decided about before Decided. The zero instant and 0 stand for none.
type OldOccurrences struct {
	Before  time.Time
	Kept    int
	Decided time.Time
}

// OldOccurrences returns what the rules do not keep.
func (s RetentionSettings) OldOccurrences(now time.Time) OldOccurrences {
	old := OldOccurrences{Kept: s.Occurrences, Decided: now.Add(-MinOccurrenceAge)}
	if s.OccurrenceAge > 0 {
		old.Before = now.Add(-time.Duration(s.OccurrenceAge))
	}
	return old
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

// Beyond names the newest runs of a task that are older than as many as are kept: of the runs themselves, and of those whose
// output and whose checkpoints are. One is "" where there are no more than that.
type Beyond struct{ Run, Log, Checkpoints RunID }

// Newest returns the newest run of which anything goes by its place.
func (b Beyond) Newest() RunID { return max(b.Run, b.Log, b.Checkpoints) }

// Prune says what is to go of a run now. settled is up to when everything that follows the events has dealt with them: of a
// run that has ended since, nothing goes.
func (s RetentionSettings) Prune(r OldRun, beyond Beyond, settled, now time.Time) Pruning {
	if r.EndedAt == nil || r.Pinned || !r.EndedAt.Before(settled) {
		return Pruning{}
	}
	past := func(age Duration) bool { return age > 0 && now.Sub(*r.EndedAt) >= time.Duration(age) }
	if r.ID <= beyond.Run || past(s.Age) {
		return Pruning{Run: true}
	}
	return Pruning{
		Log:         (r.ID <= beyond.Log || past(s.LogAge)) && r.Log,
		Checkpoints: (r.ID <= beyond.Checkpoints || past(s.CheckpointAge)) && r.Checkpoints,
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

// KeptOwner names a task or plan of which something is stored, with the rules of its own. It may be deleted.
type KeptOwner struct {
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
