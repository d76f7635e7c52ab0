package conductor_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// crashed is what a crashing store panics with.
type crashed struct{}

// crashing is a store whose conductor is killed at a commit: before it where after is false.
type crashing struct {
	*store.DB
	// left is how many commits are still made.
	left  int
	after bool
}

func (c *crashing) commit(do func() error) error {
	if c.left--; c.left == 0 && !c.after {
		panic(crashed{})
	}
	err := do()
	if c.left == 0 {
		panic(crashed{})
	}
	return err
}

func (c *crashing) Position(ctx context.Context, follower string) (at int64, err error) {
	err = c.commit(func() error { at, err = c.DB.Position(ctx, follower); return err })
	return at, err
}

func (c *crashing) Advance(ctx context.Context, follower string, from, to int64) error {
	return c.commit(func() error { return c.DB.Advance(ctx, follower, from, to) })
}

func (c *crashing) Follow(ctx context.Context, follower string, from, to int64, hs []task.Happening, now time.Time) (o []task.Occurrence, err error) {
	err = c.commit(func() error { o, err = c.DB.Follow(ctx, follower, from, to, hs, now); return err })
	return o, err
}

// chained returns a world in which the end of a starts b (ok), c (error) and d (any), and the end of b starts e.
func chained(t *testing.T) *world {
	w := newWorld(t, "js-1", "js-2")
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		w.task(name, policy.Word(policy.Wait), func(s *task.Spec) { s.Params = map[string]string{"from": "nobody"} })
	}
	for _, l := range []struct {
		to, after string
		on        task.ChainEnd
	}{{"b", "a", task.ChainOK}, {"c", "a", task.ChainError}, {"d", "a", task.ChainAny}, {"e", "b", task.ChainOK}} {
		_, err := w.db.CreateTrigger(t.Context(), task.TaskOwner(l.to), task.TriggerSpec{
			Name: "after-" + l.after, After: &task.AfterTrigger{Task: l.after, On: l.on},
			Params: map[string]string{"from": "${{ run.id }} ${{ run.state }}"},
		}, w.at)
		check(t, err)
	}
	return w
}

// follow lets conductors follow the ends of runs over a store that kills each of them, until one comes through.
func (w *world) follow(db func() conductor.EventTriggerStore) {
	w.t.Helper()
	for range 1000 {
		if w.followOnce(db()) {
			return
		}
	}
	w.t.Fatal("no conductor comes through")
}

func (w *world) followOnce(db conductor.EventTriggerStore) (through bool) {
	w.t.Helper()
	defer func() {
		if p := recover(); p != nil {
			if _, killed := p.(crashed); !killed {
				panic(p)
			}
		}
	}()
	c, err := conductor.New(w.db, conductor.Options{Now: func() time.Time { return w.at }, EventTriggers: db, Plans: w.db})
	check(w.t, err)
	check(w.t, c.Load(w.t.Context()))
	check(w.t, c.FollowRuns(w.t.Context()))
	return true
}

// expected is what an oracle that reads nothing but the events of runs expects of the chains: how often each trigger fires
// for each end.
func (w *world) expected() map[string]int {
	w.t.Helper()
	want := map[string]int{}
	events, err := w.db.Events(w.t.Context(), task.EventFilter{Kinds: []string{"run."}}, 10000)
	check(w.t, err)
	for _, e := range events {
		_, state, _ := strings.Cut(e.Kind, ".")
		var to []string
		switch {
		case e.Task == "a" && state == "succeeded":
			to = []string{"b", "d"}
		case e.Task == "a" && (state == "failed" || state == "timed_out" || state == "lost"):
			to = []string{"c", "d"}
		case e.Task == "a" && (state == "cancelled" || state == "reset"):
			to = []string{"d"}
		case e.Task == "b" && state == "succeeded":
			to = []string{"e"}
		}
		for _, name := range to {
			want[fmt.Sprintf("%s after %s %s", name, e.Subject, state)]++
		}
	}
	return want
}

// fired is what the runs themselves say of what started them.
func (w *world) fired() map[string]int {
	w.t.Helper()
	got := map[string]int{}
	runs, err := w.db.Runs(w.t.Context(), task.RunFilter{}, page.Request{Limit: page.MaxLimit})
	check(w.t, err)
	for _, listed := range runs.Items {
		run := w.run(listed.ID)
		if run.Cause.Kind == task.CauseChain {
			got[fmt.Sprintf("%s after %s", run.Task, run.Params["from"])]++
		}
	}
	occurrences, err := w.db.Occurrences(w.t.Context(), task.OccurrenceFilter{}, page.Request{Limit: page.MaxLimit})
	check(w.t, err)
	if len(occurrences.Items) != len(got) {
		w.t.Errorf("there are %d occurrences and %d chained runs", len(occurrences.Items), len(got))
	}
	return got
}

// endAll ends the open runs of a task, with the exit codes in turn.
func (w *world) endAll(name string, codes ...int) {
	w.t.Helper()
	runs, err := w.db.Runs(w.t.Context(), task.RunFilter{Task: name, States: []task.State{task.Queued, task.Starting, task.Running}}, page.Request{Limit: 100})
	check(w.t, err)
	for i, run := range runs.Items {
		a := w.awaitRunning(run.ID)
		a.end(refOf(run.ID, 1), task.ExitExited, codes[i%len(codes)])
	}
}

func TestEachEndStartsItsChainOnceWhereverTheConductorIsKilled(t *testing.T) {
	for _, after := range []bool{false, true} {
		for left := 1; left <= 6; left++ {
			t.Run(fmt.Sprintf("after=%v/%d", after, left), func(t *testing.T) {
				w := chained(t)
				position(w)
				killed := 0
				dying := func() conductor.EventTriggerStore {
					// Every conductor comes a little further than the one before it.
					killed++
					return &crashing{DB: w.db, left: (left+killed)%7 + 1, after: after}
				}
				for range 2 {
					w.request("a")
					w.request("a")
					check(t, w.c.Step(t.Context()))
					cancelled := w.request("a")
					_, err := w.c.CancelRun(t.Context(), cancelled, "ops")
					check(t, err)
					w.endAll("a", 0, 3)
					w.follow(dying)
					w.restart()
					w.endAll("b", 0)
					w.at = w.at.Add(10 * time.Second) // positions without effect are stored, too
					w.follow(dying)
					w.restart()
				}
				w.follow(func() conductor.EventTriggerStore { return w.db })
				want, got := w.expected(), w.fired()
				if len(want) < 8 || !maps.Equal(want, got) {
					t.Errorf("fired %v\nwant  %v", got, want)
				}
				for what, n := range want {
					if n != 1 {
						t.Errorf("the oracle expects %q %d times", what, n)
					}
				}
			})
		}
	}
}

// position makes the follower begin now.
func position(w *world) int64 {
	w.t.Helper()
	at, err := w.db.Position(w.t.Context(), "run-ends")
	check(w.t, err)
	return at
}

func TestARunThatEndsASecondTimeStartsItsChainAgain(t *testing.T) {
	w := chained(t)
	position(w)
	id, a := w.start("a")
	a.end(refOf(id, 1), task.ExitExited, 3)
	w.follow(func() conductor.EventTriggerStore { return w.db })
	_, err := w.c.TakeUp(t.Context(), id, task.IntentRestart, 0, "ops")
	check(t, err)
	w.awaitRunning(id).end(refOf(id, 2), task.ExitExited, 0)
	w.follow(func() conductor.EventTriggerStore { return w.db })
	got := w.fired()
	want := map[string]int{
		"c after " + string(id) + " failed": 1, "d after " + string(id) + " failed": 1,
		"b after " + string(id) + " succeeded": 1, "d after " + string(id) + " succeeded": 1,
	}
	if !maps.Equal(got, want) {
		t.Errorf("fired %v, want %v", got, want)
	}
}

func TestEndsFromBeforeATriggerStartNothing(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("a", policy.Word(policy.Wait))
	w.task("b", policy.Word(policy.Wait))
	position(w)
	id, a := w.start("a")
	a.end(refOf(id, 1), task.ExitExited, 0)
	w.at = w.at.Add(time.Minute)
	_, err := w.db.CreateTrigger(t.Context(), task.TaskOwner("b"), task.TriggerSpec{Name: "x", After: &task.AfterTrigger{Task: "a", On: task.ChainAny}}, w.at)
	check(t, err)
	w.follow(func() conductor.EventTriggerStore { return w.db })
	if got := w.fired(); len(got) != 0 {
		t.Errorf("fired %v, want nothing", got)
	}
}

func TestAChainThatIsPausedLeavesTheReason(t *testing.T) {
	w := chained(t)
	position(w)
	check(t, w.db.PauseTriggers(t.Context(), task.TaskOwner("b"), "the disk is full", "ops", w.at))
	id, a := w.start("a")
	a.end(refOf(id, 1), task.ExitExited, 0)
	w.follow(func() conductor.EventTriggerStore { return w.db })
	got, err := w.db.Occurrences(t.Context(), task.OccurrenceFilter{Owner: task.TaskOwner("b")}, page.Request{Limit: 10})
	check(t, err)
	if len(got.Items) != 1 || got.Items[0].Run != "" || !strings.Contains(got.Items[0].Reason, "the disk is full") {
		t.Errorf("the occurrences of b are %+v, want one that was skipped with the reason", got.Items)
	}
}

func TestAFailedRunPausesTheTriggersOfItsTaskUntilTheyAreResumed(t *testing.T) {
	w := newWorld(t, "js-1")
	owner := task.TaskOwner("nightly")
	w.task("nightly", policy.Word(policy.Wait), func(s *task.Spec) { s.PauseOnError = true })
	w.task("careless", policy.Word(policy.Wait))
	_, err := w.db.CreateTrigger(t.Context(), owner, task.TriggerSpec{Name: "hourly", Cron: "@hourly"}, w.at)
	check(t, err)
	position(w)
	fail := func(name string, code int) task.RunID {
		id, a := w.start(name)
		a.end(refOf(id, 1), task.ExitExited, code)
		return id
	}
	paused := func() *task.Pause {
		trigger, err := w.db.Trigger(t.Context(), owner, "hourly")
		check(t, err)
		if (trigger.Pause == nil) != (trigger.Next != nil) {
			t.Errorf("a trigger with the pause %v is due next at %v", trigger.Pause, trigger.Next)
		}
		return trigger.Pause
	}
	fail("nightly", 0)
	fail("careless", 1)
	if p := paused(); p != nil {
		t.Fatalf("the triggers are paused because of %q, and no run of the task failed", p.Reason)
	}
	id := fail("nightly", 7)
	p := paused()
	if p == nil || p.By != "pause_on_error" || !strings.Contains(p.Reason, string(id)) || !strings.Contains(p.Reason, "7") {
		t.Fatalf("the pause is %+v, want one that names run %s and its exit code", p, id)
	}
	events, err := w.db.Events(t.Context(), task.EventFilter{Kinds: []string{"triggers.paused"}}, 10)
	check(t, err)
	if len(events) != 1 || events[0].Task != "nightly" || events[0].Reason != p.Reason {
		t.Errorf("the events are %+v, want one with the reason", events)
	}
	fail("nightly", 8)
	if again := paused(); again == nil || again.Reason != p.Reason {
		t.Errorf("a further failure makes the reason %+v, want it as it was", again)
	}
	check(t, w.db.ResumeTriggers(t.Context(), owner, "ops", w.at))
	w.follow(func() conductor.EventTriggerStore { return w.db })
	if p := paused(); p != nil {
		t.Errorf("resumed triggers are paused again: %+v", p)
	}
	fail("nightly", 9)
	if paused() == nil {
		t.Error("the next failure does not pause them")
	}
}
