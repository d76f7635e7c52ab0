package task

import (
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

func hoursOf(n int) *Duration { d := Duration(time.Duration(n) * time.Hour); return &d }

func TestByDefaultFifteenDaysAndAThousandRunsAreKept(t *testing.T) {
	d := DefaultRetention()
	if d.Runs != 1000 || time.Duration(d.Age) != 15*24*time.Hour || time.Duration(d.EventAge) != 15*24*time.Hour || d.Validate() != nil {
		t.Errorf("got %+v", d)
	}
}

func TestATasksOwnRulesTakeThePlaceOfThoseOfAll(t *testing.T) {
	none, five := 0, 5
	got := DefaultRetention().With(Retention{
		Runs: &none, LogAge: hoursOf(1), LogRuns: &five, CheckpointRuns: &five, CheckpointAge: hoursOf(2), Occurrences: &five, OccurrenceAge: hoursOf(3),
	})
	want := RetentionSettings{
		Age: DefaultRetention().Age, LogRuns: 5, LogAge: *hoursOf(1), CheckpointRuns: 5, CheckpointAge: *hoursOf(2), EventAge: DefaultRetention().EventAge,
		Occurrences: 5, OccurrenceAge: *hoursOf(3),
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPruneKeepsWhatMustBeKept(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ended := now.Add(-10 * time.Hour)
	old := OldRun{ID: "a", QueuedAt: ended.Add(-time.Hour), EndedAt: &ended, Log: true, Checkpoints: true}
	rules := RetentionSettings{Age: *hoursOf(10)}
	for name, c := range map[string]struct {
		rules   RetentionSettings
		edit    func(*OldRun)
		beyond  Beyond
		settled time.Time
		want    Pruning
	}{
		"old enough":                       {rules, nil, Beyond{}, now, Pruning{Run: true}},
		"not old enough":                   {RetentionSettings{Age: *hoursOf(11)}, nil, Beyond{}, now, Pruning{}},
		"without limit":                    {RetentionSettings{}, nil, Beyond{}, now, Pruning{}},
		"beyond the number that is kept":   {RetentionSettings{}, nil, Beyond{Run: "b"}, now, Pruning{Run: true}},
		"not ended":                        {rules, func(r *OldRun) { r.EndedAt = nil }, Beyond{Run: "b"}, now, Pruning{}},
		"pinned":                           {rules, func(r *OldRun) { r.Pinned = true }, Beyond{Run: "b"}, now, Pruning{}},
		"not dealt with by all followers":  {rules, nil, Beyond{Run: "b"}, ended, Pruning{}},
		"its log before itself":            {RetentionSettings{Age: *hoursOf(11), LogAge: *hoursOf(5)}, nil, Beyond{}, now, Pruning{Log: true}},
		"a log that is gone already":       {RetentionSettings{LogAge: *hoursOf(5)}, func(r *OldRun) { r.Log = false }, Beyond{}, now, Pruning{}},
		"its checkpoints before itself":    {RetentionSettings{CheckpointAge: *hoursOf(5)}, nil, Beyond{}, now, Pruning{Checkpoints: true}},
		"beyond the number of logs":        {RetentionSettings{}, nil, Beyond{Log: "a"}, now, Pruning{Log: true}},
		"beyond that of checkpoints":       {RetentionSettings{}, nil, Beyond{Checkpoints: "a"}, now, Pruning{Checkpoints: true}},
		"the newest beyond all numbers":    {RetentionSettings{}, func(r *OldRun) { r.ID = "c" }, Beyond{Run: "b", Log: "b", Checkpoints: "b"}, now, Pruning{}},
		"checkpoints that there never was": {RetentionSettings{CheckpointAge: *hoursOf(5)}, func(r *OldRun) { r.Checkpoints = false }, Beyond{}, now, Pruning{}},
	} {
		t.Run(name, func(t *testing.T) {
			r := old
			if c.edit != nil {
				c.edit(&r)
			}
			if got := c.rules.Prune(r, c.beyond, c.settled, now); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestBeforeIsTheLeastOfTheAges(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if got := (RetentionSettings{Age: *hoursOf(9), LogAge: *hoursOf(3)}).Before(now); !got.Equal(now.Add(-3 * time.Hour)) {
		t.Errorf("got %s", got)
	}
	if got := (RetentionSettings{Runs: 5}).Before(now); !got.IsZero() {
		t.Errorf("got %s, want no instant where no age is limited", got)
	}
}

func TestRetentionThatCannotBeIsRefusedByName(t *testing.T) {
	negative, short := -1, Duration(time.Second)
	s := Spec{Name: "load", Target: Target{Server: "js-1"}, Job: Job{Command: []string{"a"}}, Retention: &Retention{Runs: &negative, LogAge: &short, Occurrences: &negative}}
	got := fault.Fields(s.Validate())
	if len(got) != 3 || got[0].Field != "retention.runs" || got[1].Field != "retention.occurrences" || got[2].Field != "retention.log_age" {
		t.Errorf("got %v", got)
	}
}
