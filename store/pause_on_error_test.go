package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// careful has the task load pause its triggers on error, gives it the trigger a, which is due each hour, and returns a run
// of it that is at work.
func careful(t *testing.T, db *store.DB) task.Ref {
	t.Helper()
	fleet(t, db, "js-1")
	limit(t, db, func(s *task.Spec) { s.PauseOnError = true })
	createTrigger(t, db, hourly("a"))
	run := limitedRun(func(s *task.Spec) { s.MaxQueueTime = task.Duration(time.Minute) })
	run.QueuedAt = noon
	must2(db.InsertRun(context.Background(), run, ""))(t)
	ref := assign(t, db, run.ID, 1, "js-1")
	claim(t, db, ref, "js-1")
	return ref
}

func TestTheEndOfAFailedRunPausesTheTriggersOfItsTaskInTheSameTransaction(t *testing.T) {
	ctx := context.Background()
	late := noon.Add(time.Hour)
	exited := func(e task.Exit) func(*testing.T, *store.DB, task.Ref) {
		return func(t *testing.T, db *store.DB, ref task.Ref) {
			deliver(t, db, "js-1", ref, started(1), task.Record{Sequence: 2, Exit: &e})
		}
	}
	for name, c := range map[string]struct {
		end  func(*testing.T, *store.DB, task.Ref)
		want string
	}{
		"ended well":    {end: exited(task.Exit{Kind: task.ExitExited})},
		"exited":        {exited(task.Exit{Kind: task.ExitExited, Code: 3}), "failed: exit code 3"},
		"timed out":     {exited(task.Exit{Kind: task.ExitTimedOut}), "timed out"},
		"was cancelled": {end: exited(task.Exit{Kind: task.ExitCancelled})},
		"is tried again": {end: func(t *testing.T, db *store.DB, ref task.Ref) {
			checkAll(t, db.ReplaceAttempts(ctx, oneOf(replacement(ref)), noon))
		}},
		"waited too long": {func(t *testing.T, db *store.DB, ref task.Ref) {
			checkAll(t, db.ReplaceAttempts(ctx, oneOf(replacement(ref)), noon))
			if got := must(db.ExpireQueued(ctx, 10, noon.Add(2*time.Minute)))(t); len(got) != 1 {
				t.Fatalf("ended %+v, want the one run", got)
			}
		}, "failed: waited in the queue for longer than 1m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, db *store.DB) {
				ref := careful(t, db)
				decided := firing(t, db, "a", late)
				c.end(t, db, ref)
				pause, paused := must(db.Pauses(ctx))(t)[load]
				due, _, err := db.DueTriggers(ctx, late, 10)
				check(t, err)
				if c.want == "" {
					if paused || len(due) != 1 {
						t.Errorf("the triggers are paused with %+v, %d are due", pause, len(due))
					}
					return
				}
				if want := "run " + string(ref.Run) + " " + c.want; !strings.HasPrefix(pause.Reason, want) || pause.By != "pause_on_error" {
					t.Errorf("the pause is %+v, want the reason %q", pause, want)
				}
				// Nothing that is due from then on starts a run, not even what another conductor has decided before.
				if len(due) != 0 {
					t.Errorf("%d triggers are due after the pause", len(due))
				}
				wantKind(t, db.Fire(ctx, []task.Firing{decided}, nil, late)[0], fault.Conflict)
				history := must(db.Events(ctx, task.EventFilter{Kinds: []string{"triggers.paused"}}, 10))(t)
				if len(history) != 1 || history[0].Task != "load" || history[0].Reason != pause.Reason {
					t.Errorf("the events are %+v, want one with the reason", history)
				}
			})
		})
	}
}

func TestAPauseOnErrorGoesWithTheEndOfItsRunOrNotAtAll(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ref := careful(t, db)
		check(t, db.Update(context.Background(), func(tx store.Tx) error { return tx.Exec(`DROP TABLE trigger_pause`) }))
		_, err := db.Deliver(context.Background(), "js-1", oneOf(task.Delivery{Ref: ref, Records: []task.Record{started(1), exited(2, 3)}}), noon)
		if err == nil {
			t.Error("the end is stored without the pause")
		}
		if got := getRun(t, db, ref.Run); got.State != task.Running {
			t.Errorf("the run is %s, want it to go on until its end can be stored", got.State)
		}
	})
}
