package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// firing is what a conductor decides about a trigger that is due, with one run.
func firing(t testing.TB, db *store.DB, name string, at time.Time) task.Firing {
	t.Helper()
	run, next := newRun(), at.Add(time.Hour)
	run.Cause, run.ScheduledFor = task.Cause{Kind: task.CauseTrigger, By: name}, &at
	return task.Firing{
		Owner: load, Trigger: name, From: at, Runs: []task.Run{run}, Next: &next, DueAt: &next,
		Occurrences: []task.Occurrence{{Owner: load, Trigger: name, ScheduledFor: at, Run: run.ID, DecidedAt: at}},
	}
}

func TestARunOfAFiringIsStoredWithItsFirstAttempt(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		for _, name := range []string{"a", "b", "c"} {
			createTrigger(t, db, hourly(name))
		}
		one := noon.Add(time.Hour)
		a, b, c := firing(t, db, "a", one), firing(t, db, "b", one), firing(t, db, "c", one)
		placed := map[task.RunID]virtualserver.Assignment{
			a.Runs[0].ID: assignment(a.Runs[0].ID, 1, "js-1"),
			c.Runs[0].ID: assignment(c.Runs[0].ID, 1, "gone"),
		}
		errs := db.Fire(ctx, []task.Firing{a, b, c}, placed, one)
		checkAll(t, errs[:2])
		wantKind(t, errs[2], fault.Conflict)
		if _, err := db.Run(ctx, c.Runs[0].ID); !errors.Is(err, fault.NotFound) {
			t.Errorf("a run is stored whose server does not exist: %v", err)
		}
		wantNext(t, getTrigger(t, db, "c"), one)
		for _, f := range []task.Firing{a, b} {
			if run := getRun(t, db, f.Runs[0].ID); run.State != f.Runs[0].State || run.Server != f.Runs[0].Server || run.Attempt != f.Runs[0].Attempt {
				t.Errorf("told %+v of the run %+v", f.Runs[0], run)
			}
		}
		if run := getRun(t, db, a.Runs[0].ID); run.State != task.Starting || len(run.Attempts) != 1 || run.Attempts[0].Server != "js-1" {
			t.Errorf("got the run %+v, want it offered to js-1", run)
		}
		if run := getRun(t, db, b.Runs[0].ID); run.State != task.Queued {
			t.Errorf("got the run %+v, want it queued", run)
		}
		// An occurrence that has its row is not run again, and its place is to be given back.
		check(t, db.DeleteTrigger(ctx, load, "a", 0, one))
		_ = must(db.CreateTrigger(ctx, load, hourly("a"), noon))(t)
		again := firing(t, db, "a", one)
		placed = map[task.RunID]virtualserver.Assignment{
			again.Runs[0].ID: assignment(again.Runs[0].ID, 1, "js-1"),
		}
		checkAll(t, db.Fire(ctx, []task.Firing{again}, placed, one))
		if again.Runs[0].State != task.Queued {
			t.Errorf("told that the run of an occurrence that has its row is %s", again.Runs[0].State)
		}
	})
}

func TestAFiringIsStoredOnce(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		createTrigger(t, db, hourly("a"))
		createTrigger(t, db, hourly("b"))
		one := noon.Add(time.Hour)
		due, next, err := db.DueTriggers(ctx, noon, 10)
		check(t, err)
		if len(due) != 0 || !next.Equal(one) {
			t.Fatalf("at noon %d triggers are due, and the next at %s", len(due), next)
		}
		due, _, err = db.DueTriggers(ctx, one, 1)
		check(t, err)
		if len(due) != 1 || due[0].Trigger.Name != "a" || due[0].Task == nil || due[0].Task.Name != "load" {
			t.Fatalf("got the due triggers %v, want a with its task", due)
		}
		first, stale := firing(t, db, "a", one), firing(t, db, "a", one)
		errs := db.Fire(ctx, []task.Firing{first, firing(t, db, "b", one), stale}, nil, one)
		checkAll(t, errs[:2])
		wantKind(t, errs[2], fault.Conflict)
		if _, err := db.Run(ctx, stale.Runs[0].ID); !errors.Is(err, fault.NotFound) {
			t.Errorf("the run of a stale firing is stored: %v", err)
		}
		run := getRun(t, db, first.Runs[0].ID)
		if run.State != task.Queued || run.Cause != (task.Cause{Kind: task.CauseTrigger, By: "a"}) || run.ScheduledFor == nil || !run.ScheduledFor.Equal(one) {
			t.Errorf("got the run %+v", run)
		}
		a := getTrigger(t, db, "a")
		wantNext(t, a, noon.Add(2*time.Hour))
		if a.Last == nil || a.Last.Run != run.ID || a.Version != 1 {
			t.Errorf("got the trigger %+v, want its last occurrence and the version it had", a)
		}
		// A trigger that was deleted and made anew does not do again what has its row.
		check(t, db.DeleteTrigger(ctx, load, "a", 0, one))
		_ = must(db.CreateTrigger(ctx, load, hourly("a"), noon))(t)
		again := firing(t, db, "a", one)
		checkAll(t, db.Fire(ctx, []task.Firing{again}, nil, one))
		if _, err := db.Run(ctx, again.Runs[0].ID); !errors.Is(err, fault.NotFound) {
			t.Errorf("an occurrence was run twice: %v", err)
		}
		all := must(db.Occurrences(ctx, task.OccurrenceFilter{}, page.Request{}))(t).Items
		if len(all) != 2 {
			t.Errorf("got %d occurrences, want 2: %v", len(all), all)
		}
	})
}
