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
	none := 0
	got := DefaultRetention().With(Retention{Runs: &none, LogAge: hoursOf(1)})
	want := DefaultRetention()
	want.Runs, want.LogAge = 0, *hoursOf(1)
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
		beyond  bool
		settled time.Time
		want    Pruning
	}{
		"old enough":                       {rules, nil, false, now, Pruning{Run: true}},
		"not old enough":                   {RetentionSettings{Age: *hoursOf(11)}, nil, false, now, Pruning{}},
		"without limit":                    {RetentionSettings{}, nil, false, now, Pruning{}},
		"beyond the number that is kept":   {RetentionSettings{}, nil, true, now, Pruning{Run: true}},
		"not ended":                        {rules, func(r *OldRun) { r.EndedAt = nil }, true, now, Pruning{}},
		"pinned":                           {rules, func(r *OldRun) { r.Pinned = true }, true, now, Pruning{}},
		"not dealt with by all followers":  {rules, nil, true, ended, Pruning{}},
		"its log before itself":            {RetentionSettings{Age: *hoursOf(11), LogAge: *hoursOf(5)}, nil, false, now, Pruning{Log: true}},
		"a log that is gone already":       {RetentionSettings{LogAge: *hoursOf(5)}, func(r *OldRun) { r.Log = false }, false, now, Pruning{}},
		"its checkpoints before itself":    {RetentionSettings{CheckpointAge: *hoursOf(5)}, nil, false, now, Pruning{Checkpoints: true}},
		"checkpoints that there never was": {RetentionSettings{CheckpointAge: *hoursOf(5)}, func(r *OldRun) { r.Checkpoints = false }, false, now, Pruning{}},
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
	s := Spec{Name: "load", Target: Target{Server: "js-1"}, Job: Job{Command: []string{"a"}}, Retention: &Retention{Runs: &negative, LogAge: &short}}
	got := fault.Fields(s.Validate())
	if len(got) != 2 || got[0].Field != "retention.runs" || got[1].Field != "retention.log_age" {
		t.Errorf("got %v", got)
	}
}
