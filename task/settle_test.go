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
		all := settled.Due
		for settled.Next != nil && settled.DueAt.Equal(nine.Add(c.late)) {
			settled = s.Settle(*settled.Next, nine.Add(c.late))
			all = append(all, settled.Due...)
		}
		var got []string
		for i, o := range all {
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

// absence is what became of the occurrences of a trigger that was not looked at for long: each instant with its reason, in the
// order in which they were dealt with, and how many turns that took.
func absence(t *testing.T, spec task.TriggerSpec, calendar *task.Calendar, first, now time.Time, keptFrom time.Time) (rows []task.SettledOccurrence, turns int) {
	t.Helper()
	s := scheduleOf(t, spec, first, calendar)
	var owed []task.Arrears
	for next := &first; next != nil && !next.Add(s.Delay()).After(now); turns++ {
		settled := s.Settle(*next, now)
		if len(settled.Due) > task.MaxSettled {
			t.Fatalf("%d occurrences were settled at once", len(settled.Due))
		}
		if settled.OwedUntil != nil {
			trigger := task.Trigger{TriggerSpec: spec, Owner: task.TaskOwner("load"), CreatedAt: first, Next: next}
			a := task.DueTrigger{Trigger: trigger, Calendar: calendar}.Arrears(*settled.OwedUntil, "", now)
			a.KeptFrom = keptFrom
			owed = append(owed, *a)
		}
		rows = append(rows, settled.Due...)
		if next = settled.Next; next != nil && next.Before(now.Add(-s.Delay())) && !settled.DueAt.Equal(now) {
			t.Fatalf("%s is due at %s, want it to have its next turn after the others", next, settled.DueAt)
		}
	}
	for _, a := range owed {
		as, err := a.Schedule()
		if err != nil {
			t.Fatal(err)
		}
		for !a.Done() {
			left, some := a.Step(&as, 250)
			if len(some) > 250 || left.Next.Equal(a.Next) {
				t.Fatalf("a step of %d rows went from %s to %s", len(some), a.Next, left.Next)
			}
			rows, a = append(rows, some...), left
		}
	}
	return rows, turns
}

func TestALongAbsenceLeavesARowForEach(t *testing.T) {
	first := instant(t, "2026-01-01T00:00:00Z")
	const seconds = 172_800
	now := first.Add(seconds * time.Second)
	for misfire, want := range map[task.MisfireChoice]struct {
		runs, turns int
		oldest      time.Time
	}{
		task.MisfireLatest: {1, 1, now}, task.MisfireSkip: {1, 1, now},
		task.MisfireAll: {task.MaxCatchUp, (task.MaxCatchUp + task.MaxSettled - 1) / task.MaxSettled, now.Add(-(task.MaxCatchUp - 1) * time.Second)},
	} {
		rows, turns := absence(t, task.TriggerSpec{Name: "t", Cron: "* * * * * *", Misfire: misfire}, nil, first, now, time.Time{})
		seen, runs := map[time.Time]bool{}, 0
		for _, o := range rows {
			if at := o.ScheduledFor; seen[at] || at.Before(first) || at.After(now) || !at.Equal(at.Truncate(time.Second)) {
				t.Fatalf("%s: an extra row of %s", misfire, at)
			}
			seen[o.ScheduledFor] = true
			if o.Reason == "" {
				if at := want.oldest.Add(time.Duration(runs) * time.Second); !o.ScheduledFor.Equal(at) {
					t.Fatalf("%s: the run %d is of %s, want %s", misfire, runs, o.ScheduledFor, at)
				}
				runs++
			}
		}
		if len(seen) != seconds+1 || runs != want.runs || turns != want.turns {
			t.Errorf("%s: %d rows and %d runs in %d turns, want %d, %d and %d", misfire, len(seen), runs, turns, seconds+1, want.runs, want.turns)
		}
	}
}

// TestTheNewestIsFoundWhereTimesAreUneven has times that stand close together, followed by long times without any.
func TestTheNewestIsFoundWhereTimesAreUneven(t *testing.T) {
	first := instant(t, "2026-01-01T09:00:00Z")
	now := instant(t, "2026-01-09T23:00:00Z")
	rows, _ := absence(t, task.TriggerSpec{Name: "t", Cron: "* 0-2 9 * * *"}, nil, first, now, time.Time{})
	if len(rows) != 9*180 {
		t.Errorf("got %d rows, want %d", len(rows), 9*180)
	}
	newest := instant(t, "2026-01-09T09:02:59Z")
	for _, o := range rows {
		if run := o.Reason == ""; run != o.ScheduledFor.Equal(newest) {
			t.Errorf("of %s: %q", o.ScheduledFor, o.Reason)
		}
	}
}

func TestWhatIsOlderThanOccurrencesAreKeptSharesARow(t *testing.T) {
	first := instant(t, "2026-01-01T00:00:00Z")
	now := first.Add(40 * 24 * time.Hour)
	kept := now.Add(-15 * 24 * time.Hour)
	rows, _ := absence(t, task.TriggerSpec{Name: "t", Cron: "* * * * *", Misfire: task.MisfireAll}, nil, first, now, kept)
	old := 0
	for _, o := range rows {
		if !o.ScheduledFor.Before(kept) {
			continue
		}
		old++
		if !o.ScheduledFor.Equal(kept.Add(-time.Minute)) || !strings.Contains(o.Reason, "35999 others from 2026-01-01T00:00:00Z on") {
			t.Errorf("of %s: %q", o.ScheduledFor, o.Reason)
		}
	}
	if want := 15*24*60 + 1; old != 1 || len(rows) != want+1 {
		t.Errorf("got %d rows, %d of them too old; want %d and 1", len(rows), old, want+1)
	}
}

func TestWhatIsMadeUpForIsNotOwed(t *testing.T) {
	first := instant(t, "2026-01-01T00:00:00Z")
	window := task.TriggerSpec{Name: "t", Cron: "* * * * *", Misfire: task.MisfireAll, MisfireWindow: task.Duration(2 * time.Hour)}
	rows, turns := absence(t, window, nil, first, first.Add(48*time.Hour), time.Time{})
	const inWindow = 121
	for i, o := range rows[:inWindow] {
		if o.Reason != "" {
			t.Fatalf("the row %d, of %s, says %q", i, o.ScheduledFor, o.Reason)
		}
	}
	if len(rows) != 48*60+1 || turns != (inWindow+task.MaxSettled-1)/task.MaxSettled {
		t.Errorf("got %d rows, after %d turns of the trigger", len(rows), turns)
	}
	for _, o := range rows[inWindow:] {
		if !strings.Contains(o.Reason, "up to 2h0m0s is allowed") {
			t.Fatalf("of %s: %q", o.ScheduledFor, o.Reason)
		}
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
