package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// TestOnlyOneWins lets many callers do the same things to the same runs at the same time.
func TestOnlyOneWins(t *testing.T) {
	const callers, runs = 64, 8
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		refs := make([]task.Ref, runs)
		for i := range refs {
			refs[i] = assign(t, db, insert(t, db).ID, 1, "js-1")
		}
		winners := func(what string, do func(caller int, ref task.Ref) bool) {
			t.Helper()
			won := make(chan int, callers*runs)
			finished := make(chan struct{})
			for c := range callers {
				go func() {
					defer func() { finished <- struct{}{} }()
					for i := range refs {
						if i := (i + c) % runs; do(c, refs[i]) {
							won <- i
						}
					}
				}()
			}
			for range callers {
				<-finished
			}
			close(won)
			count := make([]int, runs)
			for i := range won {
				count[i]++
			}
			for i, n := range count {
				if n != 1 {
					t.Errorf("%s: run %d was won by %d callers, want 1", what, i, n)
				}
			}
		}
		winners("claim or withdraw", func(c int, ref task.Ref) bool {
			if c%2 == 0 {
				return db.WithdrawOffers(ctx, oneOf(ref), "", noon)[0] == nil
			}
			return db.ClaimAttempts(ctx, "js-1", fmt.Sprint("instance-", c), oneOf(ref), noon)[0] == nil
		})
		for i := range refs {
			refs[i] = assign(t, db, insert(t, db).ID, 1, "js-1")
			claim(t, db, refs[i], "js-1")
		}
		winners("deliver the exit, lose or give back", func(c int, ref task.Ref) bool {
			switch c % 4 {
			case 0:
				return db.ReplaceAttempts(ctx, oneOf(rebooted(ref)), noon)[0] == nil
			case 1:
				return db.ReturnAttempts(ctx, oneOf(ref), "", noon)[0] == nil
			case 2:
				_, _ = db.CancelRun(ctx, ref.Run, "ops", noon)
				return false
			}
			got, err := db.Deliver(ctx, "js-1", oneOf(task.Delivery{Ref: ref, Records: []task.Record{exited(1, 0)}}), noon)
			if err != nil {
				t.Errorf("deliver: %v", err)
			}
			return got[0].Ended
		})
		for i := range refs {
			refs[i] = task.Ref{Run: insert(t, db).ID, Number: 1}
		}
		winners("assign", func(c int, ref task.Ref) bool {
			server := []string{"js-1", "js-2"}[c%2]
			return db.AssignRuns(ctx, oneOf(assignment(ref.Run, 1, server)), noon)[0] == nil
		})
		winners("insert with a key", func(_ int, ref task.Ref) bool {
			_, created, err := db.InsertRun(ctx, newRun(), "key of "+string(ref.Run))
			if err != nil {
				t.Errorf("insert: %v", err)
			}
			return created
		})
		for _, e := range refs {
			wantPath(t, db, e.Run)
		}
	})
}
