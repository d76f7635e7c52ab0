package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// dense is a timetable of triggers that miss very many times in a short absence.
func dense(t testing.TB) timetable {
	seconds := func(at time.Time) bool { return true }
	table := timetable{
		"latest": {task.TriggerSpec{Name: "latest", Cron: "* * * * * *"}, seconds},
		"skip":   {task.TriggerSpec{Name: "skip", Cron: "* * * * * *", Misfire: task.MisfireSkip}, seconds},
		"all":    {task.TriggerSpec{Name: "all", Cron: "*/3 * * * * *", Misfire: task.MisfireAll}, func(at time.Time) bool { return at.Second()%3 == 0 }},
	}
	for name, of := range mixed(t) {
		table[name] = of
	}
	return table
}

// TestALongAbsenceLeavesARowForEachOccurrenceWhereverTheConductorsCrash has conductors come back after hours, each of which
// crashes between two commits a little further on, while time goes on.
func TestALongAbsenceLeavesARowForEachOccurrenceWhereverTheConductorsCrash(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		table := dense(t)
		table.create(t, db)
		now, crashes := noon.Add(2*time.Hour), 0
		for point := 0; ; point++ {
			c := &crashing{DB: db, left: point}
			err := fire(t, c, db, now)
			if err != nil && !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			if !c.dead {
				break
			}
			crashes++
			now = now.Add(time.Second)
		}
		if crashes < 20 {
			t.Errorf("only %d conductors crashed", crashes)
		}
		table.compare(t, db, now)
		wantNothingOwed(t, db)
	})
}

func wantNothingOwed(t testing.TB, db *store.DB) {
	t.Helper()
	if a, err := db.Arrears(context.Background()); !errors.Is(err, fault.NotFound) {
		t.Errorf("rows are owed: %+v, %v", a, err)
	}
}

func TestTheLatestIsRunBeforeTheRowsOfTheOthersAreWritten(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		createTrigger(t, db, task.TriggerSpec{Name: "seconds", Cron: "* * * * * *"})
		createTrigger(t, db, task.TriggerSpec{Name: "minutes", Cron: "* * * * *"})
		now := noon.Add(48 * time.Hour)
		c := conductorAt(t, db, &now)
		_ = must(c.FireDue(ctx))(t)
		for _, name := range []string{"seconds", "minutes"} {
			if last := getTrigger(t, db, name).Last; last == nil || last.Run == "" || !last.ScheduledFor.Equal(now) {
				t.Errorf("the newest occurrence of %s is %+v, want the run of %s", name, last, now)
			}
		}
		first := must(db.Arrears(ctx))(t)
		if rows := 48*60 + 1 - task.MaxSettled; first.Trigger.Name != "minutes" || first.Until.Sub(first.Next) != time.Duration(rows-1)*time.Minute {
			t.Errorf("the rows of %s from %s to %s are owed, want those of %d minutes", first.Trigger.Name, first.Next, first.Until, rows)
		}
		now = now.Add(time.Minute)
		_ = must(c.FireDue(ctx))(t)
		if last := getTrigger(t, db, "minutes").Last; last.Run == "" || !last.ScheduledFor.Equal(now) {
			t.Errorf("while rows are owed, the newest occurrence is %+v, want the run of %s", last, now)
		}
	})
}

func conductorAt(t testing.TB, db *store.DB, now *time.Time) *conductor.Conductor {
	t.Helper()
	return must(conductor.New(db, conductor.Options{Triggers: db, Now: func() time.Time { return *now }, Seed: 1}))(t)
}

// TestWhatIsOwedIsThatOfTheTriggerAsItWas has triggers that are edited, paused and deleted, with their calendar, when very
// many of their times have come and before the rows of these are written.
func TestWhatIsOwedIsThatOfTheTriggerAsItWas(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		_ = must(db.CreateCalendar(ctx, task.CalendarSpec{Name: "night", Entries: []task.CalendarEntry{{Hours: []string{"13:00-14:00"}}}}, noon))(t)
		names := []string{"edited", "paused", "deleted", "fired"}
		for _, name := range names {
			createTrigger(t, db, task.TriggerSpec{Name: name, Cron: "*/2 * * * * *", Calendar: "night"})
		}
		now := noon.Add(3 * time.Hour)
		_ = must(db.PauseTrigger(ctx, load, "paused", "", "ops", now))(t)
		check(t, db.DeleteTrigger(ctx, load, "deleted", 0, now))
		c := conductorAt(t, db, &now)
		_ = must(c.FireDue(ctx))(t)
		_ = must(db.EditTrigger(ctx, load, "edited", 0, now, func(s *task.TriggerSpec) error { s.Cron, s.Calendar = "@yearly", ""; return nil }))(t)
		_ = must(db.EditCalendar(ctx, "night", 0, now, func(s *task.CalendarSpec) error { s.Entries = nil; return nil }))(t)
		check(t, c.SettleArrears(ctx))
		due := map[string]bool{}
		for at := noon.Add(2 * time.Second); !at.After(now); at = at.Add(2 * time.Second) {
			if at.Hour() != 13 {
				for _, name := range names {
					due[occurrenceKey(name, at)] = true
				}
			}
		}
		compareOccurrences(t, db, due)
		for name, want := range map[string]string{
			"paused": "the trigger was paused or changed before this could be acted on", "deleted": "the trigger was deleted before this could be acted on",
			"edited": "missed: a later occurrence was due before this one could be acted on",
		} {
			oldest := must(db.Occurrences(ctx, task.OccurrenceFilter{Trigger: name, Until: noon.Add(time.Minute)}, page.Request{}))(t).Items
			if len(oldest) == 0 || oldest[0].Reason != want {
				t.Errorf("of %s: got %+v, want the reason %q", name, oldest, want)
			}
		}
		// One event tells of what was settled at once, and one of all that was owed.
		counts := map[string]int{}
		for _, e := range must(db.Events(ctx, task.EventFilter{Kinds: []string{"occurrence.skipped"}}, 100))(t) {
			counts[e.Subject]++
		}
		for _, name := range names {
			if counts[name] != 2 {
				t.Errorf("%d events tell of %s, want 2", counts[name], name)
			}
		}
	})
}

func TestWhatIsOlderThanTheTasksOccurrencesAreKeptSharesARow(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		age := task.Duration(time.Hour)
		_ = must(db.EditTask(ctx, "load", 0, noon, func(s *task.Spec) error { s.Retention = &task.Retention{OccurrenceAge: &age}; return nil }))(t)
		createTrigger(t, db, task.TriggerSpec{Name: "seconds", Cron: "* * * * * *"})
		now := noon.Add(3 * time.Hour)
		check(t, fire(t, db, db, now))
		due := map[string]bool{occurrenceKey("seconds", now.Add(-time.Hour-time.Second)): true}
		for at := now.Add(-time.Hour); !at.After(now); at = at.Add(time.Second) {
			due[occurrenceKey("seconds", at)] = true
		}
		compareOccurrences(t, db, due)
		wantNothingOwed(t, db)
	})
}

func TestTwoConductorsWriteWhatIsOwedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		table := dense(t)
		table.create(t, db)
		now := noon.Add(40 * time.Minute)
		done := make(chan error, 3)
		for range cap(done) {
			go func() { done <- fire(t, db, db, now) }()
		}
		for range cap(done) {
			check(t, <-done)
		}
		table.compare(t, db, now)
		wantNothingOwed(t, db)
	})
}
