package task

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

func TestAdmitDecidesByTheRunsThatHaveNotEnded(t *testing.T) {
	limited := func(most int, when WhenBusy, queued int) Spec {
		return Spec{MaxConcurrent: most, WhenBusy: when, MaxQueued: queued}
	}
	for name, c := range map[string]struct {
		spec    Spec
		load    Load
		refusal string
		replace int
	}{
		"no limit takes any number":                        {Spec{}, Load{Queued: 9000, Active: 9000}, "", 0},
		"queue lets a busy task's run wait":                {limited(1, BusyQueue, 0), Load{Queued: 5, Active: 1}, "", 0},
		"queue is the default":                             {limited(1, "", 0), Load{Active: 1}, "", 0},
		"skip takes one where the task is not busy":        {limited(2, BusySkip, 0), Load{Active: 1}, "", 0},
		"skip makes none where it is":                      {limited(1, BusySkip, 0), Load{Active: 1}, "1 run has not ended, of at most 1, and when_busy is skip", 0},
		"skip counts what waits":                           {limited(2, BusySkip, 0), Load{Queued: 1, Active: 1}, "2 runs have not ended, of at most 2", 0},
		"skip counts what is leaving":                      {limited(1, BusySkip, 0), Load{Active: 1, Leaving: 1}, "1 run has not ended", 0},
		"replace cancels none where there is room":         {limited(2, BusyReplace, 0), Load{Active: 1}, "", 0},
		"replace cancels the one":                          {limited(1, BusyReplace, 0), Load{Active: 1}, "", 1},
		"replace cancels none for one that leaves already": {limited(1, BusyReplace, 0), Load{Active: 1, Leaving: 1}, "", 0},
		"replace cancels what waits for one that leaves":   {limited(1, BusyReplace, 0), Load{Queued: 1, Active: 1, Leaving: 1}, "", 1},
		"replace cancels all that are too many":            {limited(1, BusyReplace, 0), Load{Queued: 2, Active: 3}, "", 5},
		"a full queue takes none":                          {limited(0, "", 2), Load{Queued: 2}, "the queue of its task is full: 2 runs wait, of at most 2", 0},
		"a queue with room takes one":                      {limited(0, "", 2), Load{Queued: 1, Active: 50}, "", 0},
		"a full queue takes none of a busy task":           {limited(1, BusyQueue, 1), Load{Queued: 1, Active: 1}, "1 run waits, of at most 1", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.spec.Admit(c.load)
			if (c.refusal == "") != (got.Refusal == "") || !strings.Contains(got.Refusal, c.refusal) || got.Replace != c.replace {
				t.Errorf("got %+v, want refusal %q and %d replaced", got, c.refusal, c.replace)
			}
			if (got.Refusal != "" || got.Replace > 0) && !c.spec.NeedsAdmission() {
				t.Error("it decides something although it says that it never does")
			}
		})
	}
}

func TestARefusalIsAConflictThatSaysWhy(t *testing.T) {
	err := error(&Refusal{Task: "load", Reason: "its task is busy"})
	if !errors.Is(err, fault.Conflict) || err.Error() != "no run of task load is made: its task is busy" {
		t.Errorf("got %v", err)
	}
}

func TestFullNamesTheLimitThatIsReached(t *testing.T) {
	for _, c := range []struct {
		active, most int
		want         string
	}{{5, 0, ""}, {1, 2, ""}, {2, 2, "waits for its task: 2 runs are active, of at most 2"}, {1, 1, "waits for its task: 1 run is active, of at most 1"}} {
		if got := Full("its task", c.active, c.most); got != c.want {
			t.Errorf("%d of %d: got %q, want %q", c.active, c.most, got, c.want)
		}
	}
}

func TestLimitsThatMakeNoSenseAreRefusedByName(t *testing.T) {
	sound := Spec{Name: "load", Target: Target{Server: "js-1"}, Job: Job{Command: []string{"a"}}}
	for name, c := range map[string]struct {
		edit  func(*Spec)
		field string
	}{
		"a negative number":                   {func(s *Spec) { s.MaxConcurrent = -1 }, "max_concurrent"},
		"beyond all measure":                  {func(s *Spec) { s.MaxConcurrent = MaxMaxConcurrent + 1 }, "max_concurrent"},
		"a choice that is none":               {func(s *Spec) { s.MaxConcurrent, s.WhenBusy = 1, "wait" }, "when_busy"},
		"skip without a limit":                {func(s *Spec) { s.WhenBusy = BusySkip }, "when_busy"},
		"a queue below nothing":               {func(s *Spec) { s.MaxQueued = -1 }, "max_queued"},
		"too short a wait":                    {func(s *Spec) { s.MaxQueueTime = Duration(time.Millisecond) }, "max_queue_time"},
		"too long a wait":                     {func(s *Spec) { s.MaxQueueTime = Duration(400 * 24 * time.Hour) }, "max_queue_time"},
		"a group twice":                       {func(s *Spec) { s.ConcurrencyGroups = []string{"db", "db"} }, "concurrency_groups[1]"},
		"a group with a name that cannot be":  {func(s *Spec) { s.ConcurrencyGroups = []string{"DB!"} }, "concurrency_groups[0]"},
		"too many groups":                     {func(s *Spec) { s.ConcurrencyGroups = make([]string, MaxConcurrencyGroups+1) }, "concurrency_groups"},
		"nothing wrong with limits as such":   {func(s *Spec) { s.MaxConcurrent, s.WhenBusy, s.MaxQueueTime = 2, BusyReplace, Duration(time.Hour) }, ""},
		"nothing wrong with queue and no max": {func(s *Spec) { s.WhenBusy = BusyQueue }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := sound
			c.edit(&s)
			got := fault.Fields(s.Validate())
			if c.field == "" && len(got) != 0 || c.field != "" && (len(got) != 1 || got[0].Field != c.field) {
				t.Errorf("got %v, want a fault of %q", got, c.field)
			}
		})
	}
}

func TestAConcurrencyGroupNeedsALimit(t *testing.T) {
	for most, ok := range map[int]bool{0: false, -1: false, 1: true, MaxMaxConcurrent: true, MaxMaxConcurrent + 1: false} {
		if err := (ConcurrencyGroupSpec{Name: "db", MaxConcurrent: most}).Validate(); (err == nil) != ok {
			t.Errorf("%d: got %v", most, err)
		}
	}
}
