package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// claimedBy is an assignment of an attempt that is claimed as it is placed.
func claimedBy(a virtualserver.Assignment, instance string) virtualserver.Assignment {
	a.ClaimedBy = instance
	return a
}

func TestAnAttemptIsClaimedAsItIsPlaced(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		beat(t, db, "js-1", noon)
		placed := newRun()
		got, created, err := db.InsertPlacedRun(ctx, placed, "", claimedBy(assignment(placed.ID, 1, "js-1"), "instance-1"))
		check(t, err)
		if !created || got.State != task.Running || got.StartedAt == nil || !got.StartedAt.Equal(placed.QueuedAt) {
			t.Errorf("got %+v, created %v, want a run that has started", got, created)
		}
		queued := insert(t, db)
		checkAll(t, db.AssignRuns(ctx, []virtualserver.Assignment{claimedBy(assignment(queued.ID, 1, "js-1"), "instance-1")}, noon))
		for _, id := range []task.RunID{placed.ID, queued.ID} {
			run := must(db.Run(ctx, id))(t)
			a := run.Attempts[0]
			if run.State != task.Running || run.StartedAt == nil || a.State != task.AttemptRunning || a.Instance != "instance-1" || a.ClaimedAt == nil {
				t.Errorf("got %+v with %+v, want both running, claimed by instance-1", run, a)
			}
			var kinds []string
			for _, e := range must(db.RunEvents(ctx, id, page.Request{}))(t).Items {
				kinds = append(kinds, e.Kind)
			}
			if diff := cmp.Diff([]string{"run.queued", "run.starting", "run.running"}, kinds); diff != "" {
				t.Errorf("history (-want +got):\n%s", diff)
			}
			ref := oneOf(task.Ref{Run: id, Number: 1})
			wantKind(t, db.WithdrawOffers(ctx, ref, "late", noon)[0], fault.Conflict)
			wantKind(t, db.ClaimAttempts(ctx, "js-1", "instance-2", ref, noon)[0], fault.Fenced)
			checkAll(t, db.ClaimAttempts(ctx, "js-1", "instance-1", ref, noon))
		}
	})
}

func TestNoAttemptIsClaimedOnAServerThatIsNotOnline(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		beat(t, db, "js-1", noon)
		must(db.MarkUnreachable(ctx, []string{"js-1"}, noon.Add(time.Minute), noon.Add(time.Minute)))(t)
		placed, queued := newRun(), insert(t, db)
		_, _, err := db.InsertPlacedRun(ctx, placed, "", claimedBy(assignment(placed.ID, 1, "js-1"), "instance-1"))
		wantKind(t, err, fault.Conflict)
		_, err = db.Run(ctx, placed.ID)
		wantKind(t, err, fault.NotFound)
		wantKind(t, db.AssignRuns(ctx, []virtualserver.Assignment{claimedBy(assignment(queued.ID, 1, "js-1"), "instance-1")}, noon)[0], fault.Conflict)
		if run := must(db.Run(ctx, queued.ID))(t); run.State != task.Queued || run.StartedAt != nil {
			t.Errorf("got %+v, want it queued still", run)
		}
	})
}

// TestWhatIsClaimedWhileItsServerFallsSilentIsSeen has attempts claimed and the server marked at the same time: no run may go
// on running on a server that is unreachable.
func TestWhatIsClaimedWhileItsServerFallsSilentIsSeen(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		for round := range 20 {
			at := noon.Add(time.Duration(round) * time.Hour)
			beat(t, db, "js-1", at)
			var claims sync.WaitGroup
			ids := make([]task.RunID, 8)
			for i := range ids {
				run := newRun()
				ids[i] = run.ID
				claims.Go(func() {
					_, _, err := db.InsertPlacedRun(ctx, run, "", claimedBy(assignment(run.ID, 1, "js-1"), "instance-1"))
					if err != nil && !errors.Is(err, fault.Conflict) {
						t.Error(err)
					}
				})
			}
			must(db.MarkUnreachable(ctx, []string{"js-1"}, at.Add(time.Minute), at.Add(time.Minute)))(t)
			claims.Wait()
			for _, id := range ids {
				run, err := db.Run(ctx, id)
				if err == nil && run.State != task.Unknown {
					t.Fatalf("in round %d, a run is %s on a server that is unreachable", round, run.State)
				}
			}
		}
	})
}
