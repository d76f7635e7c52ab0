package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

func TestCancelRun(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		cancel := func(t *testing.T, id task.RunID) task.Run {
			t.Helper()
			return must(db.CancelRun(ctx, id, "ops", noon))(t)
		}
		t.Run("ends a queued run", func(t *testing.T) {
			run := insert(t, db)
			got := cancel(t, run.ID)
			if got.State != task.Cancelled || got.Reason != "cancelled by ops" || got.EndedAt == nil {
				t.Errorf("got %+v, want it cancelled by ops", got)
			}
		})
		t.Run("ends a run that was only offered, and its offer", func(t *testing.T) {
			run := insert(t, db)
			ref := assign(t, db, run.ID, 1, "js-1")
			got := cancel(t, run.ID)
			if got.State != task.Cancelled || got.Attempts[0].State != task.AttemptWithdrawn {
				t.Errorf("got %+v, want it cancelled and its offer withdrawn", got)
			}
			wantKind(t, db.ClaimAttempts(ctx, "js-1", "instance-1", []task.Ref{ref}, noon)[0], fault.Fenced)
		})
		t.Run("tells a running run to stop", func(t *testing.T) {
			run, ref := startRun(t, db, "js-1")
			got := cancel(t, run.ID)
			if got.State != task.Stopping || got.Attempts[0].State != task.AttemptStopping || got.EndedAt != nil {
				t.Errorf("got %+v, want it stopping", got)
			}
			if again := cancel(t, run.ID); again.State != task.Stopping {
				t.Errorf("a second cancel gave %s", again.State)
			}
			deliver(t, db, "js-1", ref, exit(1, task.Exit{Kind: task.ExitCancelled, Code: 143}))
			if again := cancel(t, run.ID); again.State != task.Cancelled {
				t.Errorf("a cancel after the end gave %s", again.State)
			}
			want := []string{"run.queued", "run.starting", "run.running", "run.stopping", "run.cancelled"}
			if got := kinds(t, db, run.ID); !slices.Equal(got, want) {
				t.Errorf("got events %q, want %q", got, want)
			}
		})
		t.Run("refuses a run that ended otherwise", func(t *testing.T) {
			run, ref := startRun(t, db, "js-1")
			deliver(t, db, "js-1", ref, exited(1, 0))
			_, err := db.CancelRun(ctx, run.ID, "ops", noon)
			wantKind(t, err, fault.Conflict)
		})
		t.Run("refuses a run that does not exist", func(t *testing.T) {
			_, err := db.CancelRun(ctx, "nosuch", "ops", noon)
			wantKind(t, err, fault.NotFound)
		})
	})
}

func TestReturnAttempts(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		giveBack := func(ref task.Ref) error {
			return db.ReturnAttempts(ctx, []task.Ref{ref}, "the agent stopped before it had started the job", noon)[0]
		}
		t.Run("puts a running run back into the queue", func(t *testing.T) {
			run, ref := startRun(t, db, "js-1")
			check(t, giveBack(ref))
			got := wantState(t, db, run.ID, task.Queued)
			if got.StartedAt != nil || got.Server != "" || got.Attempts[0].State != task.AttemptWithdrawn {
				t.Errorf("got %+v, want it as if it had not started", got)
			}
			if late := deliver(t, db, "js-1", ref, exited(1, 0)); !late.Fenced {
				t.Errorf("a late delivery got %+v, want it fenced", late)
			}
			claim(t, db, assign(t, db, run.ID, 2, "js-2"), "js-2")
			wantKind(t, giveBack(ref), fault.Conflict)
			wantPath(t, db, run.ID)
		})
		t.Run("puts an unknown run back into the queue", func(t *testing.T) {
			run, ref := startRun(t, db, "js-1")
			must(db.MarkUnreachable(ctx, []string{"js-1"}, noon.Add(time.Hour), noon))(t)
			check(t, giveBack(ref))
			wantState(t, db, run.ID, task.Queued)
			wantPath(t, db, run.ID)
		})
		t.Run("ends a run that was told to stop", func(t *testing.T) {
			run, ref := startRun(t, db, "js-2")
			must(db.CancelRun(ctx, run.ID, "ops", noon))(t)
			check(t, giveBack(ref))
			if got := wantState(t, db, run.ID, task.Cancelled); got.Reason != "cancelled by ops" {
				t.Errorf("got reason %q, want who cancelled it", got.Reason)
			}
			wantPath(t, db, run.ID)
		})
		t.Run("refuses an offer that was not claimed", func(t *testing.T) {
			wantKind(t, giveBack(assign(t, db, insert(t, db).ID, 1, "js-1")), fault.Conflict)
		})
	})
}
