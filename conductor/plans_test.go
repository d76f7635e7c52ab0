package conductor_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// outcome says how the job of a node ends: with an exit code, after it has set outputs.
type outcome func(node string, try int) (code int, outputs map[string]string)

func well(string, int) (int, map[string]string) { return 0, nil }

// failing has the nodes of the names fail in their first try.
func failing(names ...string) outcome {
	return func(node string, try int) (int, map[string]string) {
		if try == 1 && slices.Contains(names, node) {
			return 3, nil
		}
		return 0, nil
	}
}

// planned stores a plan, and a task for each of its nodes.
func (w *world) planned(s plan.Spec, edit ...func(*task.Spec)) {
	w.t.Helper()
	s.Name = cmp.Or(s.Name, "nightly")
	for _, name := range s.Tasks() {
		w.task(name, policy.Word(policy.Wait), append([]func(*task.Spec){func(s *task.Spec) { s.Params = map[string]string{"rows": "0"} }}, edit...)...)
	}
	_, err := w.c.CreatePlan(w.t.Context(), s)
	check(w.t, err)
}

func (w *world) startPlan(params map[string]string) plan.RunID {
	w.t.Helper()
	r, err := w.c.StartPlanRun(w.t.Context(), "nightly", plan.RunRequest{By: "ops", Params: params})
	check(w.t, err)
	return r.ID
}

func (w *world) planRun(id plan.RunID) plan.Run {
	w.t.Helper()
	r, err := w.db.PlanRun(w.t.Context(), id)
	check(w.t, err)
	return r
}

// nodeOf returns the node and the try that a run belongs to.
func (w *world) nodeOf(id task.RunID) (node string, try int) {
	w.t.Helper()
	run := w.run(id)
	planRun, name, ok := strings.Cut(run.Cause.By, "/")
	if run.Cause.Kind != task.CausePlan || !ok {
		w.t.Fatalf("run %s has the cause %+v", id, run.Cause)
	}
	r := w.planRun(plan.RunID(planRun))
	return name, r.Nodes[r.Index(name)].Try
}

// work ends all jobs that run now, those that were told to stop as stopped.
func (w *world) work(how outcome) {
	w.t.Helper()
	for _, name := range slices.Sorted(maps.Keys(w.hosts)) {
		a := w.hosts[name]
		if a.cut {
			continue
		}
		for _, ref := range slices.SortedFunc(maps.Keys(a.kept), func(x, y task.Ref) int { return cmp.Compare(x.Run, y.Run) }) {
			if _, told := a.stops[ref]; told {
				a.end(ref, task.ExitCancelled, -1)
				continue
			}
			code, outputs := how(w.nodeOf(ref.Run))
			for _, key := range slices.Sorted(maps.Keys(outputs)) {
				a.deliver(ref, task.Record{Value: &task.ValueRecord{Name: key, Value: outputs[key]}})
			}
			a.end(ref, task.ExitExited, code)
		}
	}
}

// finish lets jobs run and end until a plan run has ended.
func (w *world) finish(id plan.RunID, how outcome) plan.Run {
	w.t.Helper()
	w.until(5*time.Minute, "the plan run has ended", func() bool {
		w.work(how)
		return w.planRun(id).State.Final()
	})
	return w.planRun(id)
}

// awaitNode lets time pass until a node is in a state.
func (w *world) awaitNode(id plan.RunID, node string, state plan.NodeState) plan.NodeRun {
	w.t.Helper()
	var n plan.NodeRun
	w.until(time.Minute, fmt.Sprintf("%s is %s", node, state), func() bool {
		r := w.planRun(id)
		n = r.Nodes[r.Index(node)]
		return n.State == state && (state != plan.NodeRunning || n.Live.State == task.Running)
	})
	return n
}

func wantNodes(t *testing.T, r plan.Run, want string) {
	t.Helper()
	var got []string
	for _, n := range r.Nodes {
		got = append(got, n.Name+"="+string(n.State))
	}
	if s := strings.Join(got, " "); s != want {
		t.Fatalf("got  %s\nwant %s", s, want)
	}
}

func chain(names ...string) plan.Spec {
	var s plan.Spec
	for i, name := range names {
		s.Nodes = append(s.Nodes, plan.Node{Name: name, Task: name})
		if i > 0 {
			s.Edges = append(s.Edges, plan.Edge{From: names[i-1], To: name})
		}
	}
	return s
}

func TestAPlanRunsItsNodesOneAfterTheOther(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1", "js-2")
		s := chain("extract", "load", "report")
		s.Params = map[string]string{"date": "today"}
		s.Nodes[0].Params = map[string]string{"rows": "of ${{ params.date }}"}
		s.Nodes[1].Params = map[string]string{"rows": "${{ nodes.extract.outputs.rows }} rows"}
		w.planned(s)
		id := w.startPlan(map[string]string{"date": "monday"})
		r := w.finish(id, func(node string, _ int) (int, map[string]string) {
			return 0, map[string]string{"rows": "7 by " + node}
		})
		if r.State != plan.Succeeded || r.Cause != (task.Cause{Kind: task.CauseManual, By: "ops"}) {
			t.Fatalf("got %+v", r)
		}
		wantNodes(t, r, "extract=succeeded load=succeeded report=succeeded")
		for i, want := range []string{"of monday", "7 by extract rows", "0"} {
			run := w.run(r.Nodes[i].Run)
			if run.Params["rows"] != want || run.Cause != (task.Cause{Kind: task.CausePlan, By: string(id) + "/" + r.Nodes[i].Name}) {
				t.Errorf("%s: got the rows %q and the cause %+v, want %q", r.Nodes[i].Name, run.Params["rows"], run.Cause, want)
			}
		}
	})
}

func TestANodeWithoutItsInputFailsWithTheReason(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1")
		s := chain("extract", "load")
		s.Nodes[1].Params = map[string]string{"rows": "${{ nodes.extract.outputs.rows }}"}
		s.Nodes = append(s.Nodes, plan.Node{Name: "alarm", Task: "alarm"})
		s.Edges = append(s.Edges, plan.Edge{From: "load", To: "alarm", On: plan.OnError})
		w.planned(s)
		r := w.finish(w.startPlan(nil), well)
		wantNodes(t, r, "extract=succeeded load=failed alarm=succeeded")
		if got := r.Nodes[1]; got.Run != "" || got.Reason != "could not be started: params.rows needs the output rows of extract, which did not give it" {
			t.Errorf("got %+v", got)
		}
		if r.State != plan.Failed || r.Reason != "load did not succeed" {
			t.Errorf("got the plan run %s because %q", r.State, r.Reason)
		}
	})
}

func TestANodeWhoseTaskHasChangedFailsWithTheReason(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1")
		s := chain("extract", "load")
		s.Nodes[1].Params = map[string]string{"rows": "7"}
		w.planned(s)
		id := w.startPlan(nil)
		_, err := w.c.EditTask(t.Context(), "load", 0, func(s *task.Spec) error { s.Params = nil; return nil })
		check(t, err)
		r := w.finish(id, well)
		wantNodes(t, r, "extract=succeeded load=failed")
		wantContains(t, r.Nodes[1].Reason, "could not be started", "params.rows is not a parameter of the task")
	})
}

func TestACancelledPlanRunStopsWhatRunsAndStartsNothingMore(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1")
		s := chain("a", "b")
		s.Nodes = append(s.Nodes, plan.Node{Name: "c", Task: "c"})
		s.Edges = append(s.Edges, plan.Edge{From: "c", To: "b"})
		w.planned(s)
		id := w.startPlan(nil)
		w.awaitNode(id, "a", plan.NodeRunning)
		w.awaitNode(id, "c", plan.NodeRunning)
		r, err := w.c.CancelPlanRun(t.Context(), id, "ops")
		check(t, err)
		if r.State != plan.Stopping || r.Nodes[0].Live.State != task.Stopping || r.Nodes[2].Live.State != task.Stopping {
			t.Fatalf("got %+v", r)
		}
		again, err := w.c.CancelPlanRun(t.Context(), id, "ops")
		check(t, err)
		if again.Version != r.Version {
			t.Error("a second cancel changed the plan run")
		}
		w.step()
		r = w.finish(id, well)
		wantNodes(t, r, "a=cancelled b=cancelled c=cancelled")
		if r.State != plan.Cancelled || r.Reason != "cancelled by ops" {
			t.Errorf("got the plan run %s because %q", r.State, r.Reason)
		}
		runs, err := w.db.Runs(t.Context(), task.RunFilter{}, page.Request{})
		check(t, err)
		if len(runs.Items) != 2 {
			t.Errorf("got %d runs, want the two that ran", len(runs.Items))
		}
		_, err = w.c.CancelPlanRun(t.Context(), id, "ops")
		check(t, err)
	})
}

func TestAResumedPlanRunKeepsWhatSucceeded(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1")
		s := chain("extract", "load", "report")
		s.Nodes[2].Params = map[string]string{"rows": "${{ nodes.extract.outputs.rows }}"}
		w.planned(s)
		id := w.startPlan(nil)
		rows := func(node string, try int) (int, map[string]string) {
			code, _ := failing("load")(node, try)
			return code, map[string]string{"rows": fmt.Sprintf("%s %d", node, try)}
		}
		r := w.finish(id, rows)
		wantNodes(t, r, "extract=succeeded load=failed report=skipped")
		_, err := w.c.CancelPlanRun(t.Context(), id, "ops")
		if !errors.Is(err, fault.Conflict) {
			t.Errorf("got %v for the cancel of a plan run that failed", err)
		}
		first := r.Nodes[0]
		r, err = w.c.ResumePlanRun(t.Context(), id, "ops")
		check(t, err)
		if r.State != plan.Running || r.Reason != "resumed by ops" {
			t.Fatalf("got %+v", r)
		}
		_, err = w.c.ResumePlanRun(t.Context(), id, "ops")
		if !errors.Is(err, fault.Conflict) {
			t.Errorf("got %v for a second resume", err)
		}
		r = w.finish(id, rows)
		wantNodes(t, r, "extract=succeeded load=succeeded report=succeeded")
		if r.State != plan.Succeeded || r.Nodes[0].Run != first.Run || r.Nodes[1].Try != 2 {
			t.Errorf("got %+v", r)
		}
		if got := w.run(r.Nodes[2].Run).Params["rows"]; got != "extract 1" {
			t.Errorf("report was given the rows %q, want the kept output", got)
		}
	})
}

func TestATimeoutOfANodeEndsItsRun(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1")
		s := chain("slow", "next")
		s.Nodes[0].Timeout = task.Duration(20 * time.Second)
		w.planned(s)
		id := w.startPlan(nil)
		n := w.awaitNode(id, "slow", plan.NodeRunning)
		w.until(time.Minute, "the job was told to stop", func() bool { return len(w.hosts["js-1"].stops) > 0 })
		if took := w.at.Sub(*n.StartedAt); took < 20*time.Second || took > 25*time.Second {
			t.Errorf("it was told to stop after %s, want 20s", took)
		}
		r := w.finish(id, well)
		wantNodes(t, r, "slow=failed next=skipped")
		if got := r.Nodes[0].Reason; got != "stopped because its timeout of 20s had passed" {
			t.Errorf("got the reason %q", got)
		}
		wantContains(t, w.run(r.Nodes[0].Run).Reason, "the timeout of node slow")
	})
}

func TestAPlanWaitsForAServerAsItsTasksPolicySays(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1", "js-2")
		w.planned(chain("a", "b"), func(s *task.Spec) {
			p := policy.Word(policy.Restart)
			s.OnUnavailable = &p
		})
		id := w.startPlan(nil)
		n := w.awaitNode(id, "a", plan.NodeRunning)
		lost := w.hosts[n.Live.Server]
		lost.cut = true
		w.until(time.Minute, "the run is unknown", func() bool { return w.run(n.Run).State == task.Unknown })
		wantNodes(t, w.planRun(id), "a=running b=waiting")
		r := w.finish(id, well)
		wantNodes(t, r, "a=succeeded b=succeeded")
		if run := w.run(n.Run); run.Attempt != 2 || run.Server == lost.name || r.Nodes[0].Try != 1 {
			t.Errorf("got attempt %d on %s and try %d of the node, want the run's second attempt elsewhere", run.Attempt, run.Server, r.Nodes[0].Try)
		}
	})
}

func TestAnEventThatCannotBeDealtWithHoldsUpNoOtherPlan(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1")
		w.planned(chain("a", "b"))
		bad, good := w.startPlan(nil), w.startPlan(nil)
		w.faultyPlans = &spoilt{PlanStore: w.db, id: bad}
		w.restart()
		r := w.finish(good, well)
		wantNodes(t, r, "a=succeeded b=succeeded")
		wantNodes(t, w.planRun(bad), "a=waiting b=waiting")
	})
}

func TestANodeWhoseTaskMayNotRunAgainFailsWithTheReason(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1")
		s := plan.Spec{
			Nodes: []plan.Node{{Name: "one", Task: "load"}, {Name: "two", Task: "load"}, {Name: "after", Task: "after"}},
			Edges: []plan.Edge{{From: "one", To: "after"}, {From: "two", To: "after", On: plan.OnEnd}},
		}
		w.planned(s, func(s *task.Spec) {
			if s.Name == "load" {
				s.MaxConcurrent, s.WhenBusy = 1, task.BusySkip
			}
		})
		id := w.startPlan(nil)
		r := w.finish(id, well)
		wantNodes(t, r, "one=succeeded two=failed after=succeeded")
		wantContains(t, r.Nodes[1].Reason, "could not be started: its task is busy")
		if r.Nodes[1].Run != "" {
			t.Errorf("got %+v, want it without a run", r.Nodes[1])
		}
	})
}
