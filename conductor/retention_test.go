package conductor_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// ended lets a number of runs of a task begin and end, one after the other, and returns them, the oldest first.
func (w *world) ended(name string, n int) (runs []task.RunID) {
	w.t.Helper()
	for range n {
		w.at = w.at.Add(time.Second)
		id, a := w.start(name)
		a.end(refOf(id, 1), task.ExitExited, 0)
		runs = append(runs, id)
	}
	return runs
}

// wantRuns fails the test unless these runs of a task are stored, and no others.
func (w *world) wantRuns(name string, want ...task.RunID) {
	w.t.Helper()
	got, err := w.db.Runs(w.t.Context(), task.RunFilter{Task: name}, page.Request{Limit: page.MaxLimit})
	check(w.t, err)
	var left []task.RunID
	for _, r := range got.Items {
		left = append([]task.RunID{r.ID}, left...)
	}
	if fmt.Sprint(left) != fmt.Sprint(want) {
		w.t.Errorf("of %s there are %v, want %v", name, left, want)
	}
}

func (w *world) retain(edit func(*task.RetentionSettings)) {
	w.t.Helper()
	_, err := w.c.EditRetention(w.t.Context(), 0, func(s *task.RetentionSettings) error { edit(s); return nil })
	check(w.t, err)
}

func (w *world) prune() (steps int) {
	w.t.Helper()
	w.settle()
	steps, err := w.c.Prune(w.t.Context())
	check(w.t, err)
	return steps
}

// settle has all followers deal with what has happened.
func (w *world) settle() {
	w.t.Helper()
	last, err := w.db.LastEvent(w.t.Context())
	check(w.t, err)
	for _, name := range []string{"plans", "notifications", "chains"} {
		from, err := w.db.Position(w.t.Context(), name)
		check(w.t, err)
		check(w.t, w.db.Advance(w.t.Context(), name, from, last))
	}
	w.at = w.at.Add(time.Millisecond)
}

func newRetentionWorld(t *testing.T) *world {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Wait))
	return w
}

func TestTheNewestRunsOfEachTaskAreKept(t *testing.T) {
	w := newRetentionWorld(t)
	two := 2
	w.task("few", policy.Word(policy.Wait), func(s *task.Spec) { s.Retention = &task.Retention{Runs: &two} })
	loads, few := w.ended("load", 5), w.ended("few", 5)
	w.retain(func(s *task.RetentionSettings) { s.Runs = 3 })
	w.prune()
	w.wantRuns("load", loads[2:]...)
	w.wantRuns("few", few[3:]...)
	if steps := w.prune(); steps > 3 {
		t.Errorf("with nothing to prune it took %d transactions", steps)
	}
}

func TestRunsGoAfterAnAgeButNotThoseThatGoOnOrArePinned(t *testing.T) {
	w := newRetentionWorld(t)
	old := w.ended("load", 3)
	_, err := w.c.PinRun(t.Context(), old[1], true, "ops")
	check(t, err)
	running, _ := w.start("load")
	w.at = w.at.Add(14 * 24 * time.Hour)
	w.prune()
	w.wantRuns("load", append(old, running)...)
	w.at = w.at.Add(24 * time.Hour)
	w.prune()
	w.wantRuns("load", old[1], running)
	if _, err := w.c.PinRun(t.Context(), old[1], false, "ops"); err != nil {
		t.Fatal(err)
	}
	w.prune()
	w.wantRuns("load", running)
}

func TestRunsOfADeletedTaskGo(t *testing.T) {
	w := newRetentionWorld(t)
	w.ended("load", 2)
	check(t, w.c.DeleteTask(t.Context(), "load", 0))
	w.at = w.at.Add(16 * 24 * time.Hour)
	w.prune()
	w.wantRuns("load")
}

func TestWithoutLimitsEverythingIsKept(t *testing.T) {
	w := newRetentionWorld(t)
	old := w.ended("load", 3)
	w.retain(func(s *task.RetentionSettings) { *s = task.RetentionSettings{} })
	last, err := w.db.LastEvent(t.Context())
	check(t, err)
	w.at = w.at.Add(10 * 365 * 24 * time.Hour)
	if steps := w.prune(); steps != 0 {
		t.Errorf("%d transactions were made", steps)
	}
	w.wantRuns("load", old...)
	events, err := w.db.Events(t.Context(), task.EventFilter{}, 1)
	check(t, err)
	if len(events) != 1 || events[0].ID != 1 || last == 0 {
		t.Errorf("the first event is gone: %+v", events)
	}
}

func TestARunIsKeptUntilEverythingThatFollowsTheEventsHasDealtWithItsEnd(t *testing.T) {
	w := newRetentionWorld(t)
	w.settle()
	old := w.ended("load", 2)
	w.at = w.at.Add(30 * 24 * time.Hour)
	_, err := w.c.Prune(t.Context())
	check(t, err)
	w.wantRuns("load", old...)
	w.prune()
	w.wantRuns("load")
}

func TestAPlannerWithNothingToDoHoldsUpPruningForSecondsOnly(t *testing.T) {
	w := newRetentionWorld(t)
	w.step()
	w.ended("load", 2)
	last, err := w.db.LastEvent(t.Context())
	check(t, err)
	for _, after := range []time.Duration{0, 6 * time.Second} {
		w.at = w.at.Add(after)
		w.step()
		position, err := w.db.Position(t.Context(), "plans")
		check(t, err)
		if stored := position >= last; stored != (after > 0) {
			t.Errorf("after %s the planner stands at %d of %d", after, position, last)
		}
	}
}

func TestTheOutputOfARunMayGoBeforeIt(t *testing.T) {
	w := newRetentionWorld(t)
	id, a := w.start("load")
	a.deliver(refOf(id, 1), task.Record{Output: &task.OutputRecord{Stream: task.Stdout, Data: []byte("secret\n")}})
	a.end(refOf(id, 1), task.ExitExited, 0)
	w.retain(func(s *task.RetentionSettings) { s.LogAge = task.Duration(time.Hour) })
	w.at = w.at.Add(2 * time.Hour)
	w.prune()
	w.wantRuns("load", id)
	out, end, err := w.c.Output(t.Context(), refOf(id, 1), 0, 0)
	check(t, err)
	if !end || len(out.Lines) != 1 || out.Lines[0].Stream != task.StreamMark {
		t.Errorf("got %+v, end %t, want the mark alone", out, end)
	}
}

func TestPruningGoesInSmallStepsWithPauses(t *testing.T) {
	w := newRetentionWorld(t)
	w.ended("load", 60)
	w.retain(func(s *task.RetentionSettings) { s.Runs, s.Age, s.EventAge, s.OccurrenceAge = 1, 0, 0, 0 })
	if steps := w.prune(); steps < 3 || steps > 4 {
		t.Errorf("59 runs went in %d transactions, want some of at most 24", steps)
	}
}

func TestOutputAndCheckpointsOfTheNewestRunsAloneAreKept(t *testing.T) {
	w := newRetentionWorld(t)
	var ids []task.RunID
	for i := range 3 {
		w.at = w.at.Add(time.Second)
		id, a := w.start("load")
		a.deliver(refOf(id, 1), task.Record{Output: &task.OutputRecord{Stream: task.Stdout, Data: []byte("line\n")}})
		check(t, a.checkpoint(refOf(id, 1), 1, fmt.Sprintf("state of run %d", i)))
		a.end(refOf(id, 1), task.ExitExited, 0)
		ids = append(ids, id)
	}
	w.retain(func(s *task.RetentionSettings) { s.LogRuns, s.CheckpointRuns = 1, 2 })
	w.prune()
	w.wantRuns("load", ids...)
	for i, id := range ids {
		out, _, err := w.c.Output(t.Context(), refOf(id, 1), 0, 0)
		check(t, err)
		if kept := len(out.Lines) == 1 && out.Lines[0].Stream == task.Stdout; kept != (i == 2) {
			t.Errorf("the output of run %d is %+v", i, out.Lines)
		}
		left, err := w.db.Checkpoints(t.Context(), id)
		check(t, err)
		if kept := len(left) == 1; kept != (i >= 1) {
			t.Errorf("run %d has the checkpoints %+v, want those of the newest two runs to stay", i, left)
		}
	}
	// Events are looked at in any case.
	if steps := w.prune(); steps > 1 {
		t.Errorf("a second look made %d transactions", steps)
	}
}

func TestOccurrencesAreKeptByTheRulesOfTheirTask(t *testing.T) {
	w := newRetentionWorld(t)
	three := 3
	w.task("few", policy.Word(policy.Wait), func(s *task.Spec) { s.Retention = &task.Retention{Occurrences: &three} })
	for _, name := range []string{"load", "few"} {
		_, err := w.c.CreateTrigger(t.Context(), task.TaskOwner(name), task.TriggerSpec{Name: "t", Every: task.Duration(time.Minute)})
		check(t, err)
	}
	for range 10 {
		w.at = w.at.Add(time.Minute)
		_, err := w.c.FireDue(t.Context())
		check(t, err)
	}
	count := func(name string) int {
		all, err := w.db.Occurrences(t.Context(), task.OccurrenceFilter{Owner: task.TaskOwner(name)}, page.Request{})
		check(t, err)
		return len(all.Items)
	}
	w.prune()
	if load, few := count("load"), count("few"); load != 10 || few != 10 {
		t.Errorf("within their first hour %d and %d are left, want all", load, few)
	}
	w.at = w.at.Add(2 * time.Hour)
	w.prune()
	if load, few := count("load"), count("few"); load != 10 || few != 3 {
		t.Errorf("%d and %d are left, want 10 and 3", load, few)
	}
}

func TestRunsStartBetweenAnyTwoStepsOfPruning(t *testing.T) {
	w := newRetentionWorld(t)
	w.task("other", policy.Word(policy.Wait))
	w.ended("load", 100)
	w.retain(func(s *task.RetentionSettings) { s.Runs = 1 })
	w.settle()
	stored := func() int {
		n := 0
		for p := (page.Request{Limit: page.MaxLimit}); ; {
			got, err := w.db.Runs(t.Context(), task.RunFilter{Task: "load"}, p)
			check(t, err)
			n += len(got.Items)
			if p.Cursor = got.Next; p.Cursor == "" {
				return n
			}
		}
	}
	before, pauses := stored(), 0
	check(t, w.c.PruneBetween(t.Context(), func() {
		pauses++
		now := stored()
		if before-now > 24 {
			t.Errorf("one step removed %d runs, want at most 24", before-now)
		}
		before = now
		id, a := w.start("other")
		a.end(refOf(id, 1), task.ExitExited, 0)
		if run := w.run(id); run.State != task.Succeeded {
			t.Errorf("a run that was requested between two steps is %s", run.State)
		}
	}))
	if pauses < 5 || before != 1 {
		t.Errorf("there were %d pauses, and %d runs are left", pauses, before)
	}
}

// crashingPrune is a store on which a pruning conductor crashes after each transaction.
type crashingPrune struct {
	*store.DB
	left int
}

var errCrash = errors.New("crashed")

func (c *crashingPrune) PruneRuns(ctx context.Context, ids []task.RunID, before time.Time) (int, error) {
	if c.left--; c.left < 0 {
		return 0, errCrash
	}
	return c.DB.PruneRuns(ctx, ids, before)
}

func TestPruningThatWasCutOffIsFinishedLater(t *testing.T) {
	w := newRetentionWorld(t)
	old := w.ended("load", 60)
	w.retain(func(s *task.RetentionSettings) { s.Runs = 5 })
	w.settle()
	for left := range 4 {
		c, err := conductor.New(w.db, conductor.Options{Now: func() time.Time { return w.at }, Retention: &crashingPrune{DB: w.db, left: left}})
		check(t, err)
		if _, err := c.Prune(t.Context()); err != nil && !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		for _, id := range old[55:] {
			w.run(id)
		}
	}
	w.wantRuns("load", old[55:]...)
}

func TestWithoutRulesNothingIsAnswered(t *testing.T) {
	w := newWorld(t, "js-1")
	c, err := conductor.New(w.db, conductor.Options{})
	check(t, err)
	if _, err := c.Retention(t.Context()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}
