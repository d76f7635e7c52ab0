package conductor_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// busy is a chain of nodes as a plan of which one run may go on at once.
func busy(when task.WhenBusy, nodes ...string) plan.Spec {
	s := chain(nodes...)
	s.MaxConcurrent, s.WhenBusy = 1, when
	return s
}

// openPlanRuns counts the plan runs that go on, and those that wait.
func (w *world) openPlanRuns() (going, waiting int) {
	w.t.Helper()
	all, err := w.db.PlanRuns(w.t.Context(), plan.RunFilter{}, page.Request{})
	check(w.t, err)
	for _, r := range all.Items {
		switch r.State {
		case plan.Waiting:
			waiting++
		case plan.Running, plan.Stopping:
			going++
		}
	}
	return going, waiting
}

func (w *world) wantPlanState(id plan.RunID, want plan.State, reason string) {
	w.t.Helper()
	if r := w.planRun(id); r.State != want || r.Reason != reason {
		w.t.Errorf("plan run %s is %s because %q, want %s because %q", id, r.State, r.Reason, want, reason)
	}
}

func TestAPlanRunThatWaitsBeginsWhenItIsItsTurn(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1")
		w.planned(busy(task.BusyQueue, "a", "b"))
		first, second, third, fourth := w.startPlan(nil), w.startPlan(nil), w.startPlan(nil), w.startPlan(nil)
		w.awaitNode(first, "a", plan.NodeRunning)
		w.pass(time.Minute)
		for _, id := range []plan.RunID{second, third, fourth} {
			w.wantPlanState(id, plan.Waiting, "waits for another plan run: 1 of 1 running")
			wantNodes(t, w.planRun(id), "a=waiting b=waiting")
		}
		_, err := w.c.CancelPlanRun(t.Context(), second, "ops")
		check(t, err)
		w.wantPlanState(second, plan.Cancelled, "cancelled by ops")
		wantNodes(t, w.finish(first, well), "a=succeeded b=succeeded")
		w.awaitNode(third, "a", plan.NodeRunning)
		w.wantPlanState(fourth, plan.Waiting, "waits for another plan run: 1 of 1 running")
		_, err = w.c.EditPlan(t.Context(), "nightly", 0, func(s *plan.Spec) error { s.MaxConcurrent = 2; return nil })
		check(t, err)
		w.awaitNode(fourth, "a", plan.NodeRunning)
		w.wantPlanState(third, plan.Running, "")
	})
}

func TestAFurtherRunOfABusyPlanIsRefusedWithTheReason(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1")
		w.planned(busy(task.BusySkip, "a"))
		w.awaitNode(w.startPlan(nil), "a", plan.NodeRunning)
		_, err := w.c.StartPlanRun(t.Context(), "nightly", plan.RunRequest{By: "ops"})
		const reason = "the plan is busy: 1 run has not ended, of at most 1, and when_busy is skip"
		if !errors.Is(err, fault.Conflict) || err.Error() != "no run of plan nightly is made: "+reason {
			t.Errorf("got %v", err)
		}
		// A file that comes meanwhile is not forgotten silently.
		owner := task.PlanOwner("nightly")
		_, err = w.db.CreateTrigger(t.Context(), owner, task.TriggerSpec{
			Name: "in", File: &task.FileTrigger{Server: "js-1", Path: "/in", Mask: "*.csv"},
		}, w.at)
		check(t, err)
		_, err = w.eventsOfPlans().ReportFiles(t.Context(), "js-1", []jobserver.FileEvent{{
			ID: "e1", OwnerKind: "plan", Owner: "nightly", Trigger: "in", Version: 1, Path: "/in/a.csv", Size: 10, ModTime: noon, SeenAt: w.at,
		}}, nil)
		check(t, err)
		told, err := w.c.Occurrences(t.Context(), task.OccurrenceFilter{Owner: owner}, page.Request{})
		check(t, err)
		if len(told.Items) != 1 || told.Items[0].Run != "" || told.Items[0].Reason != reason {
			t.Errorf("the occurrences are %+v", told.Items)
		}
		if r := w.finish(w.onlyPlanRun(), well); r.State != plan.Succeeded {
			t.Errorf("the plan run %s", r.State)
		}
	})
}

func TestAPlanRunFailsOnceItHasWaitedForTooLong(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1")
		s := busy(task.BusyQueue, "a")
		s.MaxQueued, s.MaxQueueTime = 1, task.Duration(time.Minute)
		w.planned(s)
		first := w.startPlan(nil)
		w.awaitNode(first, "a", plan.NodeRunning)
		second := w.startPlan(nil)
		_, err := w.c.StartPlanRun(t.Context(), "nightly", plan.RunRequest{By: "ops"})
		if !errors.Is(err, fault.Conflict) || err.Error() != "no run of plan nightly is made: the queue of the plan is full: 1 run waits, of at most 1" {
			t.Errorf("got %v", err)
		}
		requested := w.at
		w.until(2*time.Minute, "the second plan run has ended", func() bool { return w.planRun(second).State.Final() })
		w.wantPlanState(second, plan.Failed, "waited in the queue for longer than 1m0s, its max_queue_time; waits for another plan run: 1 of 1 running")
		if r := w.planRun(second); r.EndedAt.Sub(requested) < time.Minute || r.EndedAt.Sub(requested) > time.Minute+5*time.Second {
			t.Errorf("it ended after %s", r.EndedAt.Sub(requested))
		}
		third := w.startPlan(nil)
		wantNodes(t, w.finish(first, well), "a=succeeded")
		w.awaitNode(third, "a", plan.NodeRunning)
	})
}

func TestAPlanRunThatReplacesAnotherBeginsOnceThatHasEnded(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1")
		w.planned(busy(task.BusyReplace, "a", "b"))
		owner := task.PlanOwner("nightly")
		often, err := w.c.CreateTrigger(t.Context(), owner, task.TriggerSpec{Name: "often", Every: task.Duration(10 * time.Minute)})
		check(t, err)
		first := w.startPlan(nil)
		old := w.awaitNode(first, "a", plan.NodeRunning)
		w.pass(often.Next.Sub(w.at))
		_, err = w.c.FireDue(t.Context())
		check(t, err)
		all, err := w.db.PlanRuns(t.Context(), plan.RunFilter{}, page.Request{})
		check(t, err)
		second := all.Items[0].ID
		w.wantPlanState(first, plan.Stopping, fmt.Sprintf("replaced by plan run %s, as the plan is busy and when_busy is replace", second))
		w.wantPlanState(second, plan.Waiting, "waits for another plan run: 1 of 1 running")
		a, ref := w.hosts["js-1"], refOf(old.Run, 1)
		w.until(time.Second, "the agent is told to stop the job", func() bool { _, told := a.stops[ref]; return told })
		w.wantPlanState(second, plan.Waiting, "waits for another plan run: 1 of 1 running")
		a.end(ref, task.ExitCancelled, -1)
		w.awaitNode(second, "a", plan.NodeRunning)
		wantNodes(t, w.planRun(first), "a=cancelled b=cancelled")
		if r := w.finish(second, well); r.State != plan.Succeeded {
			t.Errorf("the plan run %s because %q", r.State, r.Reason)
		}
	})
}

// queueCutShort has three runs of a plan wait for one another while the conductor dies at its nth change and another one
// takes its place. It reports whether it died.
func queueCutShort(t *testing.T, newWorld makeWorld, when task.WhenBusy, n int, after bool) (died bool) {
	w := newWorld(t, "js-1")
	w.planned(busy(when, "a", "b"))
	m := &mortal{PlanStore: w.db, left: n, after: after}
	w.faultyPlans = m
	w.restart()
	survive := func() {
		if m.dead && w.faultyPlans != nil {
			died, w.faultyPlans = true, nil
			w.restart()
		}
	}
	var ids []plan.RunID
	for i := range 3 {
		for try := 0; len(ids) == i; try++ {
			r, err := w.c.StartPlanRun(t.Context(), "nightly", plan.RunRequest{Key: fmt.Sprint("key ", i)})
			switch {
			case err == nil:
				ids = append(ids, r.ID)
			case try == 2 || !errors.Is(err, errKilled):
				t.Fatalf("start: %v", err)
			}
			survive()
		}
		if i == 0 {
			w.until(time.Minute, "the first one runs", func() bool {
				survive()
				n := w.planRun(ids[0]).Nodes[0]
				return n.State == plan.NodeRunning && n.Live.State == task.Running
			})
		}
	}
	for range 2 * beatEvery / tick { // What is replaced hears of it before its job ends by itself.
		survive()
		w.pass(tick)
	}
	w.until(5*time.Minute, "all plan runs have ended", func() bool {
		survive()
		going, waiting := w.openPlanRuns()
		if going > 1 || going == 0 && waiting > 0 {
			t.Fatalf("%d plan runs go on and %d wait, of at most 1", going, waiting)
		}
		w.work(well)
		return going+waiting == 0
	})
	for i, id := range ids {
		want, nodes, starts := plan.Succeeded, "a=succeeded b=succeeded", "a:1 b:1"
		if when == task.BusyReplace && i < 2 {
			want, nodes, starts = plan.Cancelled, "a=cancelled b=cancelled", []string{"a:1", ""}[i]
		}
		r := w.planRun(id)
		if r.State != want {
			t.Errorf("plan run %d %s because %q, want %s", i+1, r.State, r.Reason, want)
		}
		wantNodes(t, r, nodes)
		wantStarts(t, w.starts(id), starts)
	}
	return died
}

// TestWhatWaitsBeginsOnceWhereverTheConductorDies kills the conductor before and after each of its changes.
func TestWhatWaitsBeginsOnceWhereverTheConductorDies(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		for _, when := range []task.WhenBusy{task.BusyQueue, task.BusyReplace} {
			deaths := 0
			for _, after := range []bool{false, true} {
				for n := 0; ; n++ {
					died := false
					t.Run(fmt.Sprintf("%s, change %d, after its commit %v", when, n, after), func(t *testing.T) {
						died = queueCutShort(t, newWorld, when, n, after)
					})
					if !died || t.Failed() {
						break
					}
					deaths++
				}
			}
			// Three requests, and the beginning and the ends of nodes of those that are not replaced before they begin.
			if deaths < 14 && !t.Failed() {
				t.Errorf("the conductor died %d times with %s, want it to die at each change", deaths, when)
			}
		}
	})
}
