package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/store/storetest"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// benchmarkEach runs a benchmark on each kind of database; PostgreSQL only where there is one.
func benchmarkEach(b *testing.B, bench func(b *testing.B, db *store.DB)) {
	b.Run("sqlite", func(b *testing.B) { bench(b, open(b, filepath.Join(b.TempDir(), "segno.db"), store.Options{})) })
	b.Run("postgres", func(b *testing.B) { bench(b, open(b, storetest.PostgreSQL(b), store.Options{})) })
}

// BenchmarkRun takes whole runs through their life: requested, assigned, claimed, ended. Each step is a call of its own,
// as from that many independent callers.
func BenchmarkRun(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			benchmarkEach(b, func(b *testing.B, db *store.DB) {
				fleet(b, db, "js-1")
				b.ResetTimer()
				begun := time.Now()
				var next atomic.Int64
				var all sync.WaitGroup
				for range callers {
					all.Go(func() {
						for next.Add(1) <= int64(b.N) {
							run := insert(b, db)
							ref := assign(b, db, run.ID, 1, "js-1")
							claim(b, db, ref, "js-1")
							deliver(b, db, "js-1", ref, started(1), exited(2, 0))
						}
					})
				}
				all.Wait()
				b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "runs/s")
			})
		})
	}
}

// BenchmarkRunPlacedAtOnce takes runs through their life as a conductor does that has room for them: a run is stored with its
// first attempt, and its agent claims and ends it.
func BenchmarkRunPlacedAtOnce(b *testing.B) {
	const callers = 16
	benchmarkEach(b, func(b *testing.B, db *store.DB) {
		ctx := context.Background()
		fleet(b, db, "js-1")
		b.ResetTimer()
		begun, used := time.Now(), processorTime(b)
		var next atomic.Int64
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for next.Add(1) <= int64(b.N) {
					_ = must(db.Task(ctx, "load"))(b)
					run := newRun()
					a := assignment(run.ID, 1, "js-1")
					_, _, err := db.InsertPlacedRun(ctx, run, "", a)
					check(b, err)
					claim(b, db, a.Ref, "js-1")
					deliver(b, db, "js-1", a.Ref, started(1), exited(2, 0))
				}
			})
		}
		all.Wait()
		b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "runs/s")
		b.ReportMetric(float64((processorTime(b)-used).Microseconds())/float64(b.N), "cpu-µs/run")
	})
}

// processorTime returns what this process has used of all processors: a figure that holds on a busy machine, too.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRunInBatches takes runs through their life as a busy conductor does, many in each call.
func BenchmarkRunInBatches(b *testing.B) {
	const atOnce = 32
	benchmarkEach(b, func(b *testing.B, db *store.DB) {
		ctx := context.Background()
		fleet(b, db, "js-1")
		b.ResetTimer()
		begun := time.Now()
		for done := 0; done < b.N; done += atOnce {
			var inserts sync.WaitGroup
			refs := make([]task.Ref, atOnce)
			as := make([]virtualserver.Assignment, atOnce)
			ds := make([]task.Delivery, atOnce)
			for i := range atOnce {
				inserts.Go(func() {
					run := insert(b, db)
					as[i] = assignment(run.ID, 1, "js-1")
					refs[i] = as[i].Ref
					ds[i] = task.Delivery{Ref: refs[i], Records: []task.Record{started(1), exited(2, 0)}}
				})
			}
			inserts.Wait()
			checkAll(b, db.AssignRuns(ctx, as, noon))
			checkAll(b, db.ClaimAttempts(ctx, "js-1", "instance-1", refs, noon))
			must(db.Deliver(ctx, "js-1", ds, noon))(b)
		}
		b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "runs/s")
	})
}

// BenchmarkDueTriggers reads a hundred triggers that are due together, as at each of their ticks.
func BenchmarkDueTriggers(b *testing.B) {
	benchmarkEach(b, func(b *testing.B, db *store.DB) {
		ctx := context.Background()
		dueTogether(b, db)
		for b.Loop() {
			due, _, err := db.DueTriggers(ctx, noon.Add(time.Hour), 256)
			if err != nil || len(due) != 100 {
				b.Fatalf("%d triggers are due: %v", len(due), err)
			}
		}
	})
}

// BenchmarkFire stores what becomes of a hundred triggers at one tick: a run of each, with its first attempt.
func BenchmarkFire(b *testing.B) {
	benchmarkEach(b, func(b *testing.B, db *store.DB) {
		ctx := context.Background()
		dueTogether(b, db)
		at := noon.Add(time.Minute)
		for b.Loop() {
			due, _, err := db.DueTriggers(ctx, at, 256)
			if err != nil {
				b.Fatal(err)
			}
			next := at.Add(time.Minute)
			placed := map[task.RunID]virtualserver.Assignment{}
			firings := make([]task.Firing, len(due))
			for i, d := range due {
				run := newRun()
				run.Task, run.ScheduledFor, run.Cause = d.Trigger.Owner.Name, &at, task.Cause{Kind: task.CauseTrigger, By: "g"}
				placed[run.ID] = virtualserver.Assignment{Ref: task.Ref{Run: run.ID, Number: 1}, Server: "js-1", Placement: virtualserver.Placement{Chosen: "js-1"}}
				firings[i] = task.Firing{
					Owner: d.Trigger.Owner, Trigger: "g", From: *d.Trigger.Next, Next: &next, DueAt: &next, Runs: []task.Run{run},
					Occurrences: []task.Occurrence{{Owner: d.Trigger.Owner, Trigger: "g", ScheduledFor: at, Run: run.ID, DecidedAt: at}},
				}
			}
			for _, err := range db.Fire(ctx, firings, placed, at) {
				if err != nil {
					b.Fatal(err)
				}
			}
			at = next
		}
	})
}

// dueTogether makes a hundred tasks with a trigger of each minute.
func dueTogether(b *testing.B, db *store.DB) {
	ctx := context.Background()
	fleet(b, db, "js-1")
	for i := range 100 {
		t := loadSpec(fmt.Sprintf("t%d", i))
		if _, err := db.CreateTask(ctx, t, noon); err != nil {
			b.Fatal(err)
		}
		if _, err := db.CreateTrigger(ctx, task.TaskOwner(t.Name), task.TriggerSpec{Name: "g", Every: task.Duration(time.Minute)}, noon); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNewestOfATask reads the newest 100 runs of one of ten tasks, among many runs.
func BenchmarkNewestOfATask(b *testing.B) {
	for _, runs := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("runs=%d", runs), func(b *testing.B) {
			benchmarkEach(b, func(b *testing.B, db *store.DB) {
				ctx := context.Background()
				fill(b, db, runs)
				b.ResetTimer()
				for range b.N {
					got := must(db.Runs(ctx, task.RunFilter{Task: "load-3"}, page.Request{Limit: 100}))(b)
					if len(got.Items) != 100 {
						b.Fatalf("got %d runs, want 100", len(got.Items))
					}
				}
			})
		})
	}
}

// fill inserts runs of ten tasks.
func fill(b *testing.B, db *store.DB, runs int) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for n := next.Add(1); n <= int64(runs); n = next.Add(1) {
				run := newRun()
				run.Task = fmt.Sprintf("load-%d", n%10)
				if _, _, err := db.InsertRun(context.Background(), run, ""); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}
