package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

const saveKey = `INSERT INTO answer (request_key, fingerprint, status, etag, saved_at) VALUES (?, '', 200, '', 0)`

func saved(t testing.TB, db *store.DB, key string) bool {
	t.Helper()
	_, err := db.Answer(context.Background(), key)
	if err != nil && !errors.Is(err, fault.NotFound) {
		t.Fatalf("unexpected error: %v", err)
	}
	return err == nil
}

func TestAFailingItemDoesNotDoomItsBatch(t *testing.T) {
	refused := errors.New("refused")
	failures := map[string]func(tx store.Tx) error{
		"refused before it wrote": func(store.Tx) error { return refused },
		"refused after it wrote": func(tx store.Tx) error {
			return errors.Join(tx.Exec(saveKey, "bad"), refused)
		},
		"a statement that fails": func(tx store.Tx) error {
			return errors.Join(tx.Exec(saveKey, "bad"), tx.Exec(saveKey, "bad"))
		},
		"a panic after it wrote": func(tx store.Tx) error {
			_ = tx.Exec(saveKey, "bad")
			panic(refused)
		},
	}
	onEachURL(t, func(t *testing.T, url string) {
		ctx := context.Background()
		db := open(t, url, store.Options{Logger: slog.New(slog.DiscardHandler)})
		for claim, fail := range failures {
			t.Run(claim, func(t *testing.T) {
				key := func(i int) string { return claim + string(rune('a'+i)) }
				errs := db.UpdateEach(ctx, 5, func(tx store.Tx, i int) error {
					if i == 2 {
						return fail(tx)
					}
					return tx.Exec(saveKey, key(i))
				})
				for i, err := range errs {
					if (err != nil) != (i == 2) || saved(t, db, key(i)) != (i != 2) {
						t.Errorf("item %d: got error %v, saved %v", i, err, saved(t, db, key(i)))
					}
				}
				if saved(t, db, "bad") {
					t.Error("what the failing item had written was kept")
				}
			})
		}
		check(t, db.Ping(ctx))
	})
}

func TestEventsOfARefusedItemAreNotKept(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		last := must(db.LastEvent(ctx))(t)
		_, err := db.EditTask(ctx, "load", 0, noon, func(s *task.Spec) error { s.Target.VirtualServer = "nosuch"; return nil })
		wantKind(t, err, fault.Invalid)
		if got := must(db.LastEvent(ctx))(t); got != last {
			t.Errorf("a refused edit left event %d", got)
		}
		refusal := errors.New("not today")
		errs := db.UpdateEach(ctx, 3, func(tx store.Tx, i int) error {
			check(t, tx.Record(fmt.Sprintf("test.%d", i)))
			if i == 1 {
				return refusal
			}
			return nil
		})
		if errs[0] != nil || !errors.Is(errs[1], refusal) || errs[2] != nil {
			t.Fatalf("got %v, want the second one refused", errs)
		}
		var kinds []string
		for _, e := range must(db.Events(ctx, task.EventFilter{After: last}, 0))(t) {
			kinds = append(kinds, e.Kind)
		}
		if !slices.Equal(kinds, []string{"test.0", "test.2"}) {
			t.Errorf("got the events %q", kinds)
		}
	})
}

// TestWaitingJobsShareACommit holds the writer, lets callers queue up, and counts the commits that they need.
func TestWaitingJobsShareACommit(t *testing.T) {
	ctx := context.Background()
	var commits, jobs atomic.Int64
	db := open(t, filepath.Join(t.TempDir(), "segno.db"), store.Options{OnCommit: func(took time.Duration, n int) {
		if took <= 0 {
			t.Errorf("a commit took %v", took)
		}
		commits.Add(1)
		jobs.Add(int64(n))
	}})
	release, held := holdWriter(t, db)
	const callers = 100
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() { check(t, db.Update(ctx, func(tx store.Tx) error { return tx.Exec(saveKey, i) })) })
	}
	waitUntil(t, func() bool { return db.Waiting() == callers })
	commits.Store(0)
	jobs.Store(0)
	close(release)
	<-held
	all.Wait()
	if commits.Load() != 2 || jobs.Load() != callers+1 { // That of the holder, and one for all of the others.
		t.Errorf("%d jobs took %d commits, want 2", jobs.Load(), commits.Load())
	}
}

// holdWriter keeps the writer busy until release is closed; held is closed when it has let go.
func holdWriter(t *testing.T, db *store.DB) (release chan struct{}, held chan struct{}) {
	t.Helper()
	release, held = make(chan struct{}), make(chan struct{})
	busy := make(chan struct{})
	go func() {
		defer close(held)
		if err := db.Update(context.Background(), func(store.Tx) error { close(busy); <-release; return nil }); err != nil {
			t.Errorf("hold the writer: %v", err)
		}
	}()
	<-busy
	return release, held
}

func waitUntil(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatal("the condition did not come true within 10 s")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestACallerThatLeavesTakesItsJobWithIt(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "segno.db"), store.Options{})
	release, held := holdWriter(t, db)
	ctx, cancel := context.WithCancel(context.Background())
	left := make(chan error)
	go func() { left <- db.Update(ctx, func(tx store.Tx) error { return tx.Exec(saveKey, "left") }) }()
	waitUntil(t, func() bool { return db.Waiting() == 1 })
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that of the context", err)
	}
	close(release)
	<-held
	check(t, db.Ping(context.Background()))
	if saved(t, db, "left") {
		t.Error("the job of a caller that had left was run")
	}
	wantKind(t, db.Update(ctx, func(store.Tx) error { return nil }), context.Canceled)
}

func TestAClosedStoreFinishesWhatWaitsAndRefusesTheRest(t *testing.T) {
	onEachURL(t, func(t *testing.T, url string) {
		ctx := context.Background()
		db := must(store.Open(ctx, url, store.Options{}))(t)
		release, held := holdWriter(t, db)
		waiting := make(chan error)
		go func() { waiting <- db.Update(ctx, func(tx store.Tx) error { return tx.Exec(saveKey, "waiting") }) }()
		if strings.HasPrefix(url, "/") {
			waitUntil(t, func() bool { return db.Waiting() == 1 })
			close(release)
		} else {
			close(release)
		}
		<-held
		check(t, <-waiting)
		check(t, db.Close())
		check(t, db.Close())
		wantKind(t, db.Ping(ctx), fault.Unavailable)
		if again := open(t, url, store.Options{}); !saved(t, again, "waiting") {
			t.Error("what was acknowledged is gone")
		}
	})
}

// TestAFullDisk lets SQLite run out of pages, as out of disk, and then gives it room again.
func TestAFullDisk(t *testing.T) {
	ctx := context.Background()
	db := open(t, filepath.Join(t.TempDir(), "segno.db"), store.Options{})
	fleet(t, db, "js-1")
	pages := must(db.WriterText(ctx, `PRAGMA page_count`))(t)
	must(db.WriterText(ctx, `PRAGMA max_page_count = `+pages))(t)
	var acknowledged []task.RunID
	var full error
	for full == nil && len(acknowledged) < 10_000 {
		run := newRun()
		run.Spec.Description = strings.Repeat("x", 2000)
		if _, _, full = db.InsertRun(ctx, run, ""); full == nil {
			acknowledged = append(acknowledged, run.ID)
		}
	}
	wantKind(t, full, fault.Unavailable)
	if !strings.Contains(full.Error(), "the disk under the database is full") {
		t.Errorf("error %q does not say that the disk is full", full)
	}
	if err := db.Ping(ctx); !errors.Is(err, fault.Unavailable) {
		t.Errorf("ping got %v on a full disk, want unavailable", err)
	}
	for _, id := range acknowledged {
		wantState(t, db, id, task.Queued)
	}
	must(db.WriterText(ctx, `PRAGMA max_page_count = 1000000`))(t)
	check(t, db.Ping(ctx))
	startRun(t, db, "js-1")
	for _, id := range acknowledged {
		wantState(t, db, id, task.Queued)
	}
}

func TestAJobThatWouldFillTheDiskDoesNotDoomItsBatch(t *testing.T) {
	ctx := context.Background()
	db := open(t, filepath.Join(t.TempDir(), "segno.db"), store.Options{})
	check(t, db.Update(ctx, func(tx store.Tx) error { return tx.Exec(saveKey, "first") }))
	pages := must(db.WriterText(ctx, `SELECT CAST(page_count + 3 AS TEXT) FROM pragma_page_count`))(t)
	must(db.WriterText(ctx, `PRAGMA max_page_count = `+pages))(t)
	errs := db.UpdateEach(ctx, 3, func(tx store.Tx, i int) error {
		if i == 1 {
			return tx.Exec(`INSERT INTO probe (data) VALUES (zeroblob(1000000))`)
		}
		return tx.Exec(saveKey, i)
	})
	check(t, errs[0])
	wantKind(t, errs[1], fault.Unavailable)
	check(t, errs[2])
	if !saved(t, db, "0") || !saved(t, db, "2") {
		t.Error("the other items of the batch are gone")
	}
}
