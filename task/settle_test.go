package task_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/task"
)

func TestWhatWasMissedFollowsTheTriggersChoice(t *testing.T) {
	nine := instant(t, "2026-05-04T09:00:00Z")
	for _, c := range []struct {
		what    string
		misfire task.MisfireChoice
		window  time.Duration
		late    time.Duration
		want    string
	}{
		{"in time", task.MisfireSkip, 0, 30 * time.Second, "run"},
		{"in time", "", 0, 0, "run"},
		{"one missed", task.MisfireSkip, 0, 10 * time.Minute, "skip"},
		{"one missed", task.MisfireLatest, 0, 10 * time.Minute, "run"},
		{"one missed", task.MisfireLatest, 5 * time.Minute, 10 * time.Minute, "skip"},
		{"late by more than a short window", task.MisfireLatest, 20 * time.Second, 30 * time.Second, "skip"},
		{"late by more than a short window", task.MisfireAll, 20 * time.Second, 30 * time.Second, "skip"},
		{"within a short window", task.MisfireAll, 20 * time.Second, 20 * time.Second, "run"},
		{"several", task.MisfireSkip, 0, 130 * time.Minute, "skip skip skip"},
		{"several, the last in time", task.MisfireSkip, 0, 120*time.Minute + time.Second, "skip skip run"},
		{"several", "", 0, 130 * time.Minute, "skip skip run"},
		{"several", task.MisfireAll, 0, 130 * time.Minute, "run run run"},
		{"several", task.MisfireAll, 90 * time.Minute, 130 * time.Minute, "skip run run"},
		{"a day and more", task.MisfireAll, 0, 26 * time.Hour, "skip skip" + strings.Repeat(" run", 25)},
	} {
		spec := task.TriggerSpec{Name: "t", Cron: "0 * * * *", Misfire: c.misfire, MisfireWindow: task.Duration(c.window)}
		s := scheduleOf(t, spec, time.Time{}, nil)
		settled := s.Settle(nine, nine.Add(c.late))
		var got []string
		for i, o := range settled.Due {
			if !o.ScheduledFor.Equal(nine.Add(time.Duration(i) * time.Hour)) {
				t.Errorf("%s, %s: occurrence %d is at %s", c.what, c.misfire, i, o.ScheduledFor)
			}
			if o.Reason == "" {
				got = append(got, "run")
			} else {
				got = append(got, "skip")
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s, %s, window %s: got %q, want %q", c.what, c.misfire, c.window, got, c.want)
		}
		if settled.Next == nil || !settled.Next.After(nine.Add(c.late)) || settled.Next.Sub(nine.Add(c.late)) > time.Hour {
			t.Errorf("%s, %s: due next at %v", c.what, c.misfire, settled.Next)
		}
	}
}

func TestALongAbsenceLeavesARowForEachOfTheNewestAndOneForTheRest(t *testing.T) {
	first := instant(t, "2026-01-01T00:00:00Z")
	s := scheduleOf(t, task.TriggerSpec{Name: "t", Cron: "* * * * * *", Misfire: task.MisfireAll}, time.Time{}, nil)
	now := first.Add(30 * 24 * time.Hour)
	settled := s.Settle(first, now)
	if n := len(settled.Due); n > task.MaxMissed+1 || n < task.MaxMissed/2 {
		t.Fatalf("got %d rows, want at most %d", n, task.MaxMissed+1)
	}
	if !settled.Due[0].ScheduledFor.Equal(first) || !strings.Contains(settled.Due[0].Reason, "too many") {
		t.Errorf("the first is %v", settled.Due[0])
	}
	runs := 0
	for i, o := range settled.Due[1:] {
		if i > 0 && o.ScheduledFor.Sub(settled.Due[i].ScheduledFor) != time.Second {
			t.Fatalf("between %s and %s one is missing", settled.Due[i].ScheduledFor, o.ScheduledFor)
		}
		if o.Reason == "" {
			runs++
		}
	}
	last := settled.Due[len(settled.Due)-1]
	if runs != task.MaxCatchUp || last.Reason != "" || !last.ScheduledFor.Equal(now) {
		t.Errorf("%d are run, the last of them %v, want the newest %d", runs, last, task.MaxCatchUp)
	}
}

func TestAfterItsLastOccurrenceATriggerIsNotDueAgain(t *testing.T) {
	at := instant(t, "2026-01-01T00:00:00Z")
	s := scheduleOf(t, task.TriggerSpec{Name: "t", At: &at}, at, nil)
	settled := s.Settle(at, at)
	if len(settled.Due) != 1 || settled.Due[0].Reason != "" || settled.Next != nil || settled.DueAt != nil {
		t.Errorf("got %+v", settled)
	}
}

func TestAnOccurrenceIsNotSettledBeforeItsDelayHasPassed(t *testing.T) {
	spec := task.TriggerSpec{Name: "t", Cron: "0 * * * *", Jitter: task.Duration(time.Hour)}
	for i := range 20 {
		spec.Name = fmt.Sprintf("t%d", i)
		s := scheduleOf(t, spec, time.Time{}, nil)
		nine := instant(t, "2026-05-04T09:00:00Z")
		if s.Delay() == 0 {
			continue
		}
		early := s.Settle(nine, nine.Add(s.Delay()-time.Millisecond))
		if len(early.Due) != 0 || !early.Next.Equal(nine) {
			t.Errorf("%s was settled %s before its time: %+v", spec.Name, time.Millisecond, early)
		}
		if on := s.Settle(nine, nine.Add(s.Delay())); len(on.Due) != 1 || on.Due[0].Reason != "" {
			t.Errorf("%s was not run in time: %+v", spec.Name, on)
		}
	}
}
