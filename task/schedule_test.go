package task_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func scheduleOf(t testing.TB, s task.TriggerSpec, created time.Time, calendar *task.Calendar) task.Schedule {
	t.Helper()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	schedule, err := task.NewSchedule(task.TaskOwner("load"), s, created, calendar)
	if err != nil {
		t.Fatal(err)
	}
	return schedule
}

func TestAnIntervalIsCountedFromItsStartOrItsCreation(t *testing.T) {
	created, start := instant(t, "2026-03-28T23:10:00.4Z"), instant(t, "2026-03-29T00:30:00Z")
	for what, c := range map[string]struct {
		spec task.TriggerSpec
		want string
	}{
		"creation":        {task.TriggerSpec{Every: task.Duration(40 * time.Minute)}, "23:50:01 00:30:01 01:10:01"},
		"start":           {task.TriggerSpec{Every: task.Duration(40 * time.Minute), Start: &start}, "00:30:00 01:10:00 01:50:00"},
		"over the change": {task.TriggerSpec{Every: task.Duration(time.Hour), Start: &start, Timezone: "Europe/Paris"}, "00:30:00 01:30:00 02:30:00"},
	} {
		c.spec.Name = "t"
		s := scheduleOf(t, c.spec, created, nil)
		var got []string
		for after := created; len(got) < 3; {
			at, _ := s.Next(after)
			got, after = append(got, at.Format("15:04:05")), at
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("from its %s: got %q, want %q", what, got, c.want)
		}
	}
}

func TestStartAndEndBoundWhenATriggerIsDue(t *testing.T) {
	start, end := instant(t, "2026-06-01T10:00:00Z"), instant(t, "2026-06-01T12:00:00Z")
	got := dueOver(t, task.TriggerSpec{Name: "t", Cron: "0 * * * *", Start: &start, End: &end}, instant(t, "2026-05-01T00:00:00Z"), instant(t, "2026-07-01T00:00:00Z"))
	if len(got) != 2 || !got[0].Equal(start) {
		t.Errorf("got %v, want 10:00 and 11:00", got)
	}
	once := scheduleOf(t, task.TriggerSpec{Name: "t", At: &start}, start, nil)
	if at, ok := once.Next(start.Add(-time.Hour)); !ok || !at.Equal(start) {
		t.Errorf("got %s", at)
	}
	if at, ok := once.Next(start); ok {
		t.Errorf("it is due again at %s", at)
	}
}

func TestTheDelayFollowsFromTheName(t *testing.T) {
	seen := map[time.Duration]bool{}
	for i := range 100 {
		s := task.TriggerSpec{Name: fmt.Sprintf("t%d", i), Cron: "@hourly", Jitter: task.Duration(time.Minute)}
		a, b := scheduleOf(t, s, time.Time{}, nil), scheduleOf(t, s, time.Time{}, nil)
		if a.Delay() != b.Delay() || a.Delay() < 0 || a.Delay() >= time.Minute {
			t.Fatalf("got the delays %s and %s", a.Delay(), b.Delay())
		}
		seen[a.Delay().Truncate(10*time.Second)] = true
		next, due := a.Upcoming(instant(t, "2026-01-01T00:30:00Z"))
		if !next.Equal(instant(t, "2026-01-01T01:00:00Z")) || due.Sub(*next) != a.Delay() {
			t.Fatalf("scheduled for %s and acted on at %s", next, due)
		}
	}
	if len(seen) != 6 {
		t.Errorf("100 names fill %d of the 6 parts of the minute", len(seen))
	}
}

func TestATriggerThatCannotBeIsRefused(t *testing.T) {
	early, late := instant(t, "2026-01-01T00:00:00Z"), instant(t, "2026-01-02T00:00:00Z")
	old := time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)
	daily := func(change func(*task.TriggerSpec)) task.TriggerSpec {
		s := task.TriggerSpec{Name: "t", Cron: "@daily"}
		change(&s)
		return s
	}
	for field, s := range map[string]task.TriggerSpec{
		"name":           {Name: "A b", Cron: "@daily"},
		"":               {Name: "t"},
		"every":          daily(func(s *task.TriggerSpec) { s.Every = task.Duration(time.Hour) }),
		"timezone":       daily(func(s *task.TriggerSpec) { s.Timezone = "Local" }),
		"end":            daily(func(s *task.TriggerSpec) { s.Start, s.End = &late, &early }),
		"start":          daily(func(s *task.TriggerSpec) { s.Start = &old }),
		"in_gap":         daily(func(s *task.TriggerSpec) { s.InGap = "later" }),
		"in_overlap":     {Name: "t", Every: task.Duration(time.Hour), InOverlap: task.OverlapTwice},
		"misfire":        daily(func(s *task.TriggerSpec) { s.Misfire = "some" }),
		"misfire_window": daily(func(s *task.TriggerSpec) { s.Misfire, s.MisfireWindow = task.MisfireSkip, task.Duration(time.Hour) }),
		"jitter":         daily(func(s *task.TriggerSpec) { s.Jitter = task.Duration(48 * time.Hour) }),
		"calendar":       daily(func(s *task.TriggerSpec) { s.Calendar = "No/where" }),
		"params.1x":      daily(func(s *task.TriggerSpec) { s.Params = map[string]string{"1x": ""} }),
		"after.on":       {Name: "t", After: &task.AfterTrigger{Task: "other", On: "sometimes"}},
	} {
		fields := fault.Fields(s.Validate())
		if len(fields) != 1 || fields[0].Field != field {
			t.Errorf("got %v, want %q refused", fields, field)
		}
	}
	for _, every := range []time.Duration{-time.Hour, time.Millisecond, 1500 * time.Millisecond, 100 * 366 * 24 * time.Hour} {
		if err := (task.TriggerSpec{Name: "t", Every: task.Duration(every)}).Validate(); err == nil {
			t.Errorf("an interval of %s was taken", every)
		}
	}
}

func TestAPreviewSaysWhatChangesOfTheClockDo(t *testing.T) {
	paris := func(cron string, gap task.GapChoice, overlap task.OverlapChoice) task.TriggerSpec {
		return task.TriggerSpec{Name: "t", Cron: cron, Timezone: "Europe/Paris", InGap: gap, InOverlap: overlap}
	}
	for what, c := range map[string]struct {
		spec task.TriggerSpec
		from string
		want string
	}{
		"a gap":            {paris("30 2 * * *", "", ""), "2026-03-28T12:00:00Z", "2026-03-29 02:30:00=01:00 moved due"},
		"a gap, skipped":   {paris("30 2 * * *", task.GapSkip, ""), "2026-03-28T12:00:00Z", "2026-03-29 02:30:00=01:00 gap out"},
		"an overlap":       {paris("30 2 * * *", "", ""), "2026-10-24T12:00:00Z", "2026-10-25 02:30:00=00:30 first due, 2026-10-25 02:30:00=01:30 second out"},
		"an overlap twice": {paris("30 2 * * *", "", task.OverlapTwice), "2026-10-24T12:00:00Z", "2026-10-25 02:30:00=00:30 first due, 2026-10-25 02:30:00=01:30 second due"},
		"every hour":       {paris("30 * * * *", "", ""), "2026-03-29T00:00:00Z", "2026-03-29 01:30:00=00:30  due, 2026-03-29 02:30:00=01:00 gap out, 2026-03-29 03:30:00=01:30  due"},
	} {
		s := scheduleOf(t, c.spec, time.Time{}, nil)
		var got []string
		for _, p := range s.Preview(instant(t, c.from), 2) {
			word := "out"
			if p.Due {
				word = "due"
			}
			got = append(got, fmt.Sprintf("%s=%s %s %s", p.Local, p.ScheduledFor.Format("15:04"), p.Effect, word))
			if (p.Effect == task.EffectNone) != (p.Note == "") {
				t.Errorf("%s: the effect %q has the note %q", what, p.Effect, p.Note)
			}
		}
		if !strings.HasPrefix(strings.Join(got, ", "), c.want) {
			t.Errorf("%s: got %q, want %q", what, got, c.want)
		}
	}
}
