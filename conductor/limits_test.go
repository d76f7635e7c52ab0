package conductor_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

func atMost(n int, when task.WhenBusy) func(*task.Spec) {
	return func(s *task.Spec) { s.MaxConcurrent, s.WhenBusy = n, when }
}

func inGroups(names ...string) func(*task.Spec) {
	return func(s *task.Spec) { s.ConcurrencyGroups = names }
}

func (w *world) group(name string, most int) {
	w.t.Helper()
	_, err := w.c.CreateConcurrencyGroup(w.t.Context(), task.ConcurrencyGroupSpec{Name: name, MaxConcurrent: most})
	check(w.t, err)
}

// wantHeld waits until a run says that it waits for what is named.
func (w *world) wantHeld(id task.RunID, what string) {
	w.t.Helper()
	w.pass(2 * time.Second)
	run := w.wantState(id, task.Queued)
	wantContains(w.t, run.Reason, "waits for "+what)
	placements, err := w.c.Placements(w.t.Context(), id)
	check(w.t, err)
	wantContains(w.t, placements[0].Reason, "waits for "+what)
}

func TestNoMoreRunsOfATaskAreActiveThanItMayHave(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Wait), atMost(2, task.BusyQueue))
	w.task("other", policy.Word(policy.Wait))
	first, a := w.start("load")
	w.start("load")
	third := w.request("load")
	w.wantState(third, task.Queued)
	w.wantHeld(third, "its task: 2 runs are active, of at most 2")
	w.start("other")
	fourth := w.request("load")
	a.end(refOf(first, 1), task.ExitExited, 0)
	w.awaitRunning(third)
	w.wantHeld(fourth, "its task")
}

func TestARunOfAnotherTaskIsPlacedAtOnceWhileOneIsHeldBack(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Wait), atMost(1, task.BusyQueue))
	w.task("other", policy.Word(policy.Wait))
	w.start("load")
	held := w.request("load")
	w.wantHeld(held, "its task")
	w.wantState(w.request("other"), task.Starting)
}

func TestARunIsNotPlacedAtOnceBeforeOneOfItsTaskThatWaited(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Wait), atMost(1, task.BusyQueue))
	first, a := w.start("load")
	second := w.request("load")
	w.wantHeld(second, "its task")
	a.end(refOf(first, 1), task.ExitExited, 0)
	third := w.request("load")
	w.wantState(third, task.Queued)
	w.awaitRunning(second)
	w.wantState(third, task.Queued)
}

func TestAGroupsLimitHoldsOverItsTasksAndOverACrash(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.group("db", 1)
	w.task("orders", policy.Word(policy.Wait), inGroups("db"))
	w.task("invoices", policy.Word(policy.Wait), inGroups("db"))
	first, a := w.start("orders")
	second := w.request("invoices")
	w.wantHeld(second, "the concurrency group db: 1 run is active, of at most 1")
	w.restart()
	w.wantHeld(second, "the concurrency group db")
	if n := w.c.ActiveIn("db"); n != 1 {
		t.Errorf("after the crash %d runs count in the group, want 1", n)
	}
	a.end(refOf(first, 1), task.ExitExited, 0)
	w.awaitRunning(second)
}

func TestARunOnASilentServerCountsUntilItIsCertainlyOver(t *testing.T) {
	for kind, certain := range map[policy.Kind]bool{policy.Wait: false, policy.Reset: true} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t, "js-1", "js-2")
			w.task("load", policy.Word(kind), atMost(1, task.BusyQueue))
			first, a := w.start("load")
			second := w.request("load")
			a.cut = true
			w.pass(patience / 2)
			w.wantState(first, task.Unknown)
			w.wantHeld(second, "its task")
			w.restart()
			if !certain {
				w.pass(3 * patience)
				w.wantState(first, task.Unknown)
				w.wantHeld(second, "its task")
				return
			}
			silent := w.at
			w.until(3*patience, "the first run is reset", func() bool { return w.run(first).State == task.Reset })
			if took := w.at.Sub(silent); took < patience-tick {
				t.Errorf("it was given up %s after the conductor had begun, before its lease was over", took)
			}
			w.awaitRunning(second)
		})
	}
}

func TestAnEditedLimitHoldsForRunsThatWaitAlready(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Wait), atMost(1, task.BusyQueue))
	w.start("load")
	second, third := w.request("load"), w.request("load")
	w.wantHeld(second, "its task")
	edit := func(n int) {
		_, err := w.c.EditTask(t.Context(), "load", 0, func(s *task.Spec) error { s.MaxConcurrent = n; return nil })
		check(t, err)
	}
	edit(2)
	w.awaitRunning(second)
	w.wantHeld(third, "its task: 2 runs are active, of at most 2")
	edit(1)
	w.wantHeld(third, "its task: 2 runs are active, of at most 1")
	edit(0)
	w.awaitRunning(third)
}

func TestAGroupThatIsJoinedLaterCountsWhatRuns(t *testing.T) {
	w := newWorld(t, "js-1")
	w.group("db", 1)
	w.task("load", policy.Word(policy.Wait))
	first, a := w.start("load")
	_, err := w.c.EditTask(t.Context(), "load", 0, func(s *task.Spec) error { s.ConcurrencyGroups = []string{"db"}; return nil })
	check(t, err)
	second := w.request("load")
	w.wantHeld(second, "the concurrency group db")
	a.end(refOf(first, 1), task.ExitExited, 0)
	w.awaitRunning(second)
	third := w.request("load")
	_, err = w.c.EditConcurrencyGroup(t.Context(), "db", 0, func(s *task.ConcurrencyGroupSpec) error { s.MaxConcurrent = 2; return nil })
	check(t, err)
	w.awaitRunning(third)
}

// lostEdit is a store whose answers to edits are lost.
type lostEdit struct{ conductor.Store }

func (f lostEdit) EditTask(ctx context.Context, name string, version int64, now time.Time, edit func(*task.Spec) error) (task.Task, error) {
	if _, err := f.Store.EditTask(ctx, name, version, now, edit); err != nil {
		return task.Task{}, err
	}
	return task.Task{}, fmt.Errorf("the answer was lost: %w", fault.Unavailable)
}

func TestALimitWhoseAnswerWasLostHolds(t *testing.T) {
	w := newWorld(t, "js-1")
	w.faulty = lostEdit{w.db}
	w.restart()
	w.task("load", policy.Word(policy.Wait))
	w.start("load")
	_, err := w.c.EditTask(t.Context(), "load", 0, func(s *task.Spec) error { s.MaxConcurrent = 1; return nil })
	if !errors.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
	w.wantHeld(w.request("load"), "its task")
}

func TestASkippedRequestIsRefusedWithTheReason(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Wait), atMost(1, task.BusySkip))
	first, a := w.start("load")
	_, err := w.c.StartRun(t.Context(), "load", task.RunRequest{By: "ops"})
	if !errors.Is(err, fault.Conflict) {
		t.Fatalf("got %v, want a conflict", err)
	}
	wantContains(t, err.Error(), "its task is busy", "when_busy is skip")
	a.end(refOf(first, 1), task.ExitExited, 0)
	w.start("load")
}

func TestAReplacedRunIsToldToStopAndTheNewOneWaitsForItsEnd(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Wait), atMost(1, task.BusyReplace))
	first, a := w.start("load")
	second := w.request("load")
	w.pass(beatEvery)
	if _, told := a.stops[refOf(first, 1)]; !told {
		t.Error("the agent was not told to stop the older run")
	}
	w.wantState(first, task.Stopping)
	w.wantHeld(second, "its task")
	a.end(refOf(first, 1), task.ExitCancelled, -1)
	w.wantState(first, task.Cancelled)
	w.awaitRunning(second)
}

func TestAReplacedRunIsStoppedThoughTheAnswerOfTheStoreWasLost(t *testing.T) {
	w := newWorld(t, "js-1")
	w.faulty = lostInsert{w.db}
	w.restart()
	w.task("load", policy.Word(policy.Wait), atMost(1, task.BusyReplace))
	_, err := w.c.StartRun(t.Context(), "load", task.RunRequest{By: "ops"})
	if err != nil && !errors.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	w.pass(2 * time.Second)
	open, err := w.db.OpenAttempts(t.Context(), "")
	check(t, err)
	if len(open) != 1 {
		t.Fatalf("%d attempts are open, want 1", len(open))
	}
	_, err = w.c.StartRun(t.Context(), "load", task.RunRequest{By: "ops"})
	if !errors.Is(err, fault.Unavailable) {
		t.Fatalf("got %v, want the answer to be lost", err)
	}
	w.pass(2 * time.Second)
	if len(w.hosts["js-1"].stops) != 1 {
		t.Error("the agent was not told to stop the run that was replaced")
	}
}

// lostInsert is a store whose answers to requests for queued runs are lost.
type lostInsert struct{ conductor.Store }

func (f lostInsert) InsertRun(ctx context.Context, run task.Run, key string) (task.Run, bool, error) {
	if _, _, err := f.Store.InsertRun(ctx, run, key); err != nil {
		return task.Run{}, false, err
	}
	return task.Run{}, false, fmt.Errorf("the answer was lost: %w", fault.Unavailable)
}

func TestARunThatWaitsForTooLongFails(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Wait), atMost(1, task.BusyQueue), func(s *task.Spec) { s.MaxQueueTime = task.Duration(10 * time.Second) })
	w.start("load")
	second := w.request("load")
	took := w.until(time.Minute, "the run failed", func() bool { return w.run(second).State == task.Failed })
	if took < 10*time.Second || took > 11*time.Second {
		t.Errorf("it failed after %s, want 10s", took)
	}
	wantContains(t, w.run(second).Reason, "longer than 10s, its max_queue_time", "waits for its task")
}

func TestATaskWithManyWaitingRunsCostsAPassLittle(t *testing.T) {
	w := newWorld(t, "js-1")
	reads := &counting{Store: w.db}
	w.faulty = reads
	w.restart()
	w.task("load", policy.Word(policy.Wait), atMost(1, task.BusyQueue))
	w.start("load")
	for range 300 {
		w.request("load")
	}
	w.task("other", policy.Word(policy.Wait))
	w.task("large", policy.Word(policy.Wait), func(s *task.Spec) { s.Resources.Slots = 4 })
	waiting := w.request("large")
	last := w.request("other")
	reads.read = 0
	check(t, w.c.Pass(t.Context()))
	w.wantState(last, task.Starting)
	w.wantState(waiting, task.Queued)
	if reads.read > 100 {
		t.Errorf("a pass read %d runs, of which 2 could be placed", reads.read)
	}
}

func TestWhatIfCountsTheLimits(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Restart), atMost(1, task.BusyQueue))
	_, a := w.start("load")
	answers, err := w.c.WhatIf(t.Context(), a.name)
	check(t, err)
	if len(answers) != 1 || answers[0].Server == "" || answers[0].Server == a.name {
		t.Errorf("got %+v, want it to go on on the other server: its own attempt is over then", answers)
	}
}

func TestAFullQueueOfAllTasksRefusesWhatWouldHaveToWait(t *testing.T) {
	w := newWorld(t, "js-1")
	w.maxQueued = 2
	w.restart()
	w.task("load", policy.Word(policy.Wait), atMost(1, task.BusyQueue))
	w.task("other", policy.Word(policy.Wait))
	w.start("load")
	w.request("load")
	w.request("load")
	w.pass(tick)
	_, err := w.c.StartRun(t.Context(), "load", task.RunRequest{})
	if !errors.Is(err, fault.Unavailable) {
		t.Fatalf("got %v, want it to be refused for now", err)
	}
	wantContains(t, err.Error(), "2 runs wait, of at most 2")
	w.start("other")
}
