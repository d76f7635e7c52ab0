package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// limitedRun returns a run of the task "load" with limits.
func limitedRun(limit func(*task.Spec)) task.Run {
	run := newRun()
	limit(&run.Spec)
	return run
}

func single(when task.WhenBusy) func(*task.Spec) {
	return func(s *task.Spec) { s.MaxConcurrent, s.WhenBusy = 1, when }
}

func limit(t testing.TB, db *store.DB, edit func(*task.Spec)) {
	t.Helper()
	must(db.EditTask(context.Background(), "load", 0, noon, func(s *task.Spec) error { edit(s); return nil }))(t)
}

func TestABusyTaskSkipsARequestAndSaysWhy(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		limit(t, db, single(task.BusySkip))
		first := limitedRun(single(task.BusySkip))
		must2(db.InsertRun(ctx, first, "key"))(t)
		for state, on := range map[task.State]func(){
			task.Queued:   func() {},
			task.Starting: func() { assign(t, db, first.ID, 1, "js-1") },
		} {
			on()
			second := limitedRun(single(task.BusySkip))
			_, _, err := db.InsertRun(ctx, second, "")
			var refusal *task.Refusal
			if !errors.As(err, &refusal) || !errors.Is(err, fault.Conflict) || !strings.Contains(refusal.Reason, "when_busy is skip") || strings.Contains(err.Error(), string(second.ID)) {
				t.Fatalf("%s: got %v, want a refusal", state, err)
			}
			_, _, err = db.InsertPlacedRun(ctx, second, "", assignment(second.ID, 1, "js-1"))
			if !errors.As(err, &refusal) {
				t.Fatalf("%s: got %v for a run with a place, want a refusal", state, err)
			}
			if _, err := db.Run(ctx, second.ID); !errors.Is(err, fault.NotFound) {
				t.Errorf("%s: the refused run is there: %v", state, err)
			}
		}
		again := limitedRun(single(task.BusySkip))
		if got, created, err := db.InsertRun(ctx, again, "key"); err != nil || created || got.ID != first.ID {
			t.Errorf("the same request again: got run %s, created %t, %v; want the first one", got.ID, created, err)
		}
		ref := task.Ref{Run: first.ID, Number: 1}
		if getRun(t, db, first.ID).State == task.Queued {
			assign(t, db, first.ID, 1, "js-1")
		}
		claim(t, db, ref, "js-1")
		deliver(t, db, "js-1", ref, started(1), exited(2, 0))
		must2(db.InsertRun(ctx, limitedRun(single(task.BusySkip)), ""))(t)
	})
}

func TestOfManyRequestsAtOnceOnlyAsManyPassAsTheLimitAllows(t *testing.T) {
	const callers, most = 32, 3
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1")
		skips := func(s *task.Spec) { s.MaxConcurrent, s.WhenBusy = most, task.BusySkip }
		limit(t, db, skips)
		var passed, refused int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				_, _, err := db.InsertRun(context.Background(), limitedRun(skips), "")
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					passed++
				case errors.Is(err, fault.Conflict):
					refused++
				default:
					t.Errorf("unexpected error: %v", err)
				}
			})
		}
		all.Wait()
		if passed != most || refused != callers-most {
			t.Errorf("%d passed and %d were refused, want %d and %d", passed, refused, most, callers-most)
		}
	})
}

func TestANewerRunReplacesTheOldestAndWaitsForItsEnd(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		replaces := single(task.BusyReplace)
		limit(t, db, replaces)
		first := limitedRun(replaces)
		must2(db.InsertRun(ctx, first, ""))(t)
		ref := assign(t, db, first.ID, 1, "js-1")
		claim(t, db, ref, "js-1")

		second := limitedRun(replaces)
		must2(db.InsertRun(ctx, second, ""))(t)
		if got := wantState(t, db, first.ID, task.Stopping); got.Reason != task.Replaced(second.ID) {
			t.Errorf("the replaced run says %q", got.Reason)
		}
		third := limitedRun(replaces)
		must2(db.InsertRun(ctx, third, ""))(t)
		wantState(t, db, first.ID, task.Stopping)
		if got := wantState(t, db, second.ID, task.Cancelled); got.Reason != task.Replaced(third.ID) {
			t.Errorf("the run that was replaced while it waited says %q", got.Reason)
		}
		wantState(t, db, third.ID, task.Queued)
		if diff := cmp.Diff([]string{"run.queued", "run.cancelled"}, kinds(t, db, second.ID)); diff != "" {
			t.Errorf("its history (-want +got):\n%s", diff)
		}

		deliver(t, db, "js-1", ref, started(1), exit(2, task.Exit{Kind: task.ExitCancelled, Code: -1}))
		wantState(t, db, first.ID, task.Cancelled)
		wantState(t, db, third.ID, task.Queued)
	})
}

func TestARunThatIsToBeResetIsNotCancelledForANewerOne(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		limit(t, db, single(task.BusyReplace))
		first := limitedRun(single(task.BusyReplace))
		must2(db.InsertRun(ctx, first, ""))(t)
		claim(t, db, assign(t, db, first.ID, 1, "js-1"), "js-1")
		must(db.TakeUp(ctx, first.ID, task.IntentReset, 0, "ops", noon))(t)
		must2(db.InsertRun(ctx, limitedRun(single(task.BusyReplace)), ""))(t)
		if got := wantState(t, db, first.ID, task.Stopping); got.Pending != task.IntentReset {
			t.Errorf("what is wanted of it is %q, want reset", got.Pending)
		}
	})
}

func TestAFullQueueTakesNoFurtherRun(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		two := func(s *task.Spec) { s.MaxQueued = 2 }
		limit(t, db, two)
		first := limitedRun(two)
		must2(db.InsertRun(ctx, first, ""))(t)
		must2(db.InsertRun(ctx, limitedRun(two), ""))(t)
		_, _, err := db.InsertRun(ctx, limitedRun(two), "")
		wantKind(t, err, fault.Conflict)
		if !strings.Contains(err.Error(), "2 runs wait, of at most 2") {
			t.Errorf("got %v", err)
		}
		assign(t, db, first.ID, 1, "js-1")
		must2(db.InsertRun(ctx, limitedRun(two), ""))(t)
	})
}

func TestRunsThatWereThereBeforeTheLimitCountToo(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1")
		startRun(t, db, "js-1")
		limit(t, db, single(task.BusySkip))
		_, _, err := db.InsertRun(context.Background(), limitedRun(single(task.BusySkip)), "")
		wantKind(t, err, fault.Conflict)
	})
}

func TestARunThatWaitedForTooLongFailsWithTheReason(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		minute := func(s *task.Spec) { s.MaxQueueTime = task.Duration(time.Minute) }
		waiting, placed, patient := limitedRun(minute), limitedRun(minute), newRun()
		for _, r := range []*task.Run{&waiting, &placed, &patient} {
			r.QueuedAt = noon
			must2(db.InsertRun(ctx, *r, ""))(t)
		}
		ref := assign(t, db, placed.ID, 1, "js-1")
		if early := must(db.ExpireQueued(ctx, 10, noon.Add(time.Minute-time.Millisecond)))(t); len(early) != 0 {
			t.Errorf("ended too early: %+v", early)
		}
		at := noon.Add(time.Minute)
		got := must(db.ExpireQueued(ctx, 10, at))(t)
		if len(got) != 1 || got[0].ID != waiting.ID || got[0].State != task.Failed {
			t.Fatalf("got %+v, want the one run that waits", got)
		}
		run := wantState(t, db, waiting.ID, task.Failed)
		if !strings.HasPrefix(run.Reason, "waited in the queue for longer than 1m0s, its max_queue_time") || run.ExitCode != nil || !run.EndedAt.Equal(at) {
			t.Errorf("got %+v", run)
		}
		wantState(t, db, placed.ID, task.Starting)
		wantState(t, db, patient.ID, task.Queued)

		claim(t, db, ref, "js-1")
		retry := replacement(ref)
		retry.Next.NotBefore = noon.Add(time.Hour)
		checkAll(t, db.ReplaceAttempts(ctx, oneOf(retry), noon.Add(30*time.Minute)))
		if early := must(db.ExpireQueued(ctx, 10, noon.Add(time.Hour+59*time.Second)))(t); len(early) != 0 {
			t.Error("a run that goes on does not wait anew from when it may begin")
		}
		if late := must(db.ExpireQueued(ctx, 10, noon.Add(time.Hour+time.Minute)))(t); len(late) != 1 {
			t.Errorf("got %+v, want the run that found no place for its further attempt", late)
		}
	})
}

func TestConcurrencyGroups(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		db1 := task.ConcurrencyGroupSpec{Name: "db", Description: "the orders database", MaxConcurrent: 1}
		created := must(db.CreateConcurrencyGroup(ctx, db1, noon))(t)
		_, err := db.CreateConcurrencyGroup(ctx, db1, noon)
		wantKind(t, err, fault.Conflict)
		must(db.CreateConcurrencyGroup(ctx, task.ConcurrencyGroupSpec{Name: "ftp", MaxConcurrent: 4}, noon))(t)

		spec := loadSpec("orders")
		spec.ConcurrencyGroups = []string{"db", "nosuch"}
		_, err = db.CreateTask(ctx, spec, noon)
		if f := fault.Fields(err); len(f) != 1 || f[0].Field != "concurrency_groups[1]" {
			t.Errorf("got %v, want the group that does not exist to be refused", err)
		}
		spec.ConcurrencyGroups = []string{"db", "ftp"}
		must(db.CreateTask(ctx, spec, noon))(t)
		limit(t, db, func(s *task.Spec) { s.ConcurrencyGroups = []string{"db"} })

		got := must(db.ConcurrencyGroup(ctx, "db"))(t)
		created.Tasks = []string{"load", "orders"}
		if diff := cmp.Diff(created, got); diff != "" {
			t.Errorf("the group (-want +got):\n%s", diff)
		}
		wantKind(t, db.DeleteConcurrencyGroup(ctx, "db", 0, noon), fault.Conflict)

		_, err = db.EditConcurrencyGroup(ctx, "db", 7, noon, func(*task.ConcurrencyGroupSpec) error { return nil })
		wantKind(t, err, fault.Conflict)
		_, err = db.EditConcurrencyGroup(ctx, "db", 0, noon, func(s *task.ConcurrencyGroupSpec) error { s.Name = "other"; return nil })
		wantKind(t, err, fault.Invalid)
		edit := func(s *task.ConcurrencyGroupSpec) error { s.MaxConcurrent = 3; return nil }
		for range 2 {
			if e := must(db.EditConcurrencyGroup(ctx, "db", 0, noon, edit))(t); e.Version != 2 || e.MaxConcurrent != 3 || len(e.Tasks) != 2 {
				t.Errorf("got %+v, want version 2 with 3", e)
			}
		}

		limit(t, db, func(s *task.Spec) { s.ConcurrencyGroups = nil })
		check(t, db.DeleteTask(ctx, "orders", 0, noon))
		check(t, db.DeleteConcurrencyGroup(ctx, "db", 2, noon))
		_, err = db.ConcurrencyGroup(ctx, "db")
		wantKind(t, err, fault.NotFound)
		wantSubject(t, db, "db", "concurrency_group.created", "concurrency_group.edited", "concurrency_group.deleted")
		if all := must(db.ConcurrencyGroups(ctx, "t", page.Request{}))(t).Items; len(all) != 1 || all[0].Name != "ftp" || all[0].Tasks != nil {
			t.Errorf("got %+v, want ftp alone, without tasks", all)
		}
	})
}

func TestTheQueueIsReadWithoutTheTasksThatArePassedOver(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		var want []task.RunID
		for i := range 12 {
			run := newRun()
			run.Task = fmt.Sprintf("t%d", i%3)
			run.Spec.Priority = i % 2
			must2(db.InsertRun(ctx, run, ""))(t)
			if i%3 == 1 {
				want = append(want, run.ID)
			}
		}
		want = []task.RunID{want[0], want[2], want[1], want[3]}
		target, without := task.Target{VirtualServer: "etl"}, []string{"t0", "t2"}
		got := must(db.QueuedRuns(ctx, target, task.QueuePosition{}, without, 3))(t)
		if diff := cmp.Diff(want[:3], ids(got)); diff != "" {
			t.Errorf("the first page (-want +got):\n%s", diff)
		}
		got = must(db.QueuedRuns(ctx, target, got[2].Position(), without, 3))(t)
		if diff := cmp.Diff(want[3:], ids(got)); diff != "" {
			t.Errorf("the second page (-want +got):\n%s", diff)
		}
	})
}

func TestWhatLimitsAskForIsFoundThroughIndexes(t *testing.T) {
	db := open(t, t.TempDir()+"/segno.db", store.Options{})
	ctx := context.Background()
	for _, c := range []struct{ name, plan, want string }{
		{"the runs of a task that have not ended", must(db.Explain(ctx, store.LoadStatement, "load"))(t), "USING COVERING INDEX run_counted (task=?"},
		{"the runs that have waited for too long", must(db.ExplainExpired(ctx))(t), "COVERING INDEX run_expires (expires_at"},
		{"a queue of which a task is passed over", must(db.ExplainQueue(ctx, task.Target{VirtualServer: "etl"}, task.QueuePosition{ID: "a"}, "t0"))(t), "INDEX run_queue_group"},
	} {
		if !strings.Contains(c.plan, c.want) || strings.Contains(c.plan, "SCAN run ") {
			t.Errorf("%s: %s", c.name, c.plan)
		}
	}
}
