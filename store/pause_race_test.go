package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/store/storetest"
	"github.com/segno-jobs/segno/task"
)

// waitForLocks waits until that many transactions of a PostgreSQL database wait for locks, or until something else is done. It
// reports whether they do.
func waitForLocks(t *testing.T, db *store.DB, want int, done <-chan error) bool {
	t.Helper()
	const waiting = `
		SELECT count(DISTINCT l.pid)::text FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE NOT l.granted AND a.datname = current_database()`
	for range 3000 {
		if must(db.Text(context.Background(), waiting))(t) == fmt.Sprint(want) {
			return true
		}
		select {
		case err := <-done:
			check(t, err)
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatalf("%d transactions never waited", want)
	return false
}

// TestAPauseWaitsForTheEventsThatItComesTooLateFor has events whose transactions have read that nothing is paused, and stand
// before the insertion of their run, while a pause is made. Once the pause has been made, none of them starts its run.
func TestAPauseWaitsForTheEventsThatItComesTooLateFor(t *testing.T) {
	for what, pause := range map[string]func(*store.DB) error{
		"one trigger": func(db *store.DB) error {
			_, err := db.PauseTrigger(context.Background(), load, "in", "", "ops", noon)
			return err
		},
		"a task": func(db *store.DB) error { return db.PauseTriggers(context.Background(), load, "", "ops", noon) },
		"all":    func(db *store.DB) error { return db.PauseTriggers(context.Background(), task.Owner{}, "", "ops", noon) },
	} {
		t.Run(what, func(t *testing.T) {
			ctx := context.Background()
			address := storetest.PostgreSQL(t)
			open := func() *store.DB { return open(t, address, store.Options{}) }
			db, holder, happens, pauses := open(), open(), open(), open()
			fleet(t, db, "js-1")
			_ = must(db.CreateTrigger(ctx, load, fileTrigger("in"), noon))(t)
			// Nobody inserts a run before release is closed.
			held, release := make(chan struct{}), make(chan struct{})
			done, happened, paused := make(chan error, 1), make(chan error, 1), make(chan error, 1)
			go func() {
				done <- holder.Update(ctx, func(tx store.Tx) error {
					err := tx.Exec(`LOCK TABLE run IN SHARE MODE`)
					close(held)
					<-release
					return err
				})
			}()
			<-held
			go func() {
				_, errs := happens.Happen(ctx, []task.Happening{eventOf("in", "early")}, noon)
				happened <- errs[0]
			}()
			if !waitForLocks(t, db, 1, happened) {
				t.Fatal("the event has not waited for the table of runs")
			}
			go func() { paused <- pause(pauses) }()
			if !waitForLocks(t, db, 2, paused) {
				t.Error("the pause was made while an event was being stored that it did not hold up")
				paused <- nil
			}
			close(release)
			for _, of := range []chan error{done, happened, paused} {
				check(t, <-of)
			}
			late, errs := happens.Happen(ctx, []task.Happening{eventOf("in", "late")}, noon)
			checkAll(t, errs)
			if all := occurrences(t, db); len(all) != 2 || late[0].Run != "" || countRuns(t, db) != 1 {
				t.Errorf("got the occurrences %+v, want a run of the early one alone", all)
			}
		})
	}
}
