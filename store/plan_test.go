package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// twoSteps is a plan of two nodes, one after the other.
var twoSteps = plan.Spec{
	Name: "nightly", Params: map[string]string{"date": "today"},
	Nodes: []plan.Node{
		{Name: "extract", Task: "extract", Timeout: task.Duration(time.Minute)},
		{Name: "load", Task: "store-rows", Params: map[string]string{"rows": "${{ nodes.extract.outputs.rows }}"}},
	},
	Edges: []plan.Edge{{From: "extract", To: "load"}},
}

// planned stores the tasks of twoSteps and the plan.
func planned(t testing.TB, db *store.DB) plan.Plan {
	t.Helper()
	fleet(t, db, "js-1")
	for _, name := range []string{"extract", "store-rows"} {
		_ = must(db.CreateTask(context.Background(), taskNamed(name), noon))(t)
	}
	return must(db.CreatePlan(context.Background(), twoSteps, noon))(t)
}

func taskNamed(name string) task.Spec {
	return task.Spec{
		Name: name, Target: task.Target{VirtualServer: "etl"}, Job: task.Job{Command: []string{"true"}},
		Params: map[string]string{"rows": "0"},
	}
}

func TestPlans(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		made := planned(t, db)
		if made.Version != 1 || !made.CreatedAt.Equal(noon) {
			t.Errorf("got %+v", made)
		}
		if got := must(db.Plan(ctx, "nightly"))(t); fmt.Sprint(got) != fmt.Sprint(made) {
			t.Errorf("got %v, want %v", got, made)
		}
		_, err := db.CreatePlan(ctx, twoSteps, noon)
		wantKind(t, err, fault.Conflict)
		_, err = db.Plan(ctx, "nosuch")
		wantKind(t, err, fault.NotFound)

		bad := twoSteps
		bad.Name, bad.Nodes = "bad", []plan.Node{{Name: "a", Task: "store-rows", Params: map[string]string{"x": "1"}}, {Name: "b", Task: "nosuch"}}
		_, err = db.CreatePlan(ctx, bad, noon)
		if got := fault.Fields(err); len(got) != 2 || got[0].Field != "nodes[0].params.x" || got[1].Field != "nodes[1].task" {
			t.Errorf("got %v", err)
		}

		later := noon.Add(time.Hour)
		edited := must(db.EditPlan(ctx, "nightly", 1, later, func(s *plan.Spec) error {
			s.Description, s.Nodes, s.Edges = "each night", s.Nodes[:1], nil
			return nil
		}))(t)
		if edited.Version != 2 || !edited.UpdatedAt.Equal(later) || len(edited.Nodes) != 1 {
			t.Errorf("got %+v", edited)
		}
		_, err = db.EditPlan(ctx, "nightly", 1, later, func(*plan.Spec) error { return nil })
		wantKind(t, err, fault.Conflict)
		_, err = db.EditPlan(ctx, "nightly", 0, later, func(s *plan.Spec) error { s.Nodes[0].Task = "nosuch"; return nil })
		wantKind(t, err, fault.Invalid)
		same := must(db.EditPlan(ctx, "nightly", 2, later.Add(1), func(*plan.Spec) error { return nil }))(t)
		if same.Version != 2 {
			t.Errorf("an edit that changes nothing made version %d", same.Version)
		}

		// The plan does not run store-rows any more, so that task may go, and extract may not.
		check(t, db.DeleteTask(ctx, "store-rows", 0, later))
		err = db.DeleteTask(ctx, "extract", 0, later)
		wantKind(t, err, fault.Conflict)
		if !strings.Contains(err.Error(), "the plan nightly runs it") {
			t.Errorf("got %v", err)
		}
		for i := range 3 {
			s := edited.Spec
			s.Name = fmt.Sprintf("plan-%d", i)
			_ = must(db.CreatePlan(ctx, s, noon))(t)
		}
		first := must(db.Plans(ctx, plan.Filter{Query: "plan", Task: "extract"}, page.Request{Limit: 2}))(t)
		second := must(db.Plans(ctx, plan.Filter{Query: "plan", Task: "extract"}, page.Request{Limit: 2, Cursor: first.Next}))(t)
		if len(first.Items) != 2 || len(second.Items) != 1 || second.Items[0].Name != "plan-2" || second.Next != "" {
			t.Errorf("got the pages %v and %v", first, second)
		}
		if got := must(db.Plans(ctx, plan.Filter{Task: "store-rows"}, page.Request{}))(t); len(got.Items) != 0 {
			t.Errorf("got %v for a task that no plan runs", got.Items)
		}

		wantKind(t, db.DeletePlan(ctx, "nightly", 1, later), fault.Conflict)
		check(t, db.DeletePlan(ctx, "nightly", 2, later))
		wantKind(t, db.DeletePlan(ctx, "nightly", 0, later), fault.NotFound)
		wantSubject(t, db, "nightly", "plan.created", "plan.edited", "plan.deleted")
	})
}

func requestPlanRun(t testing.TB, db *store.DB, id plan.RunID, key string) plan.Run {
	t.Helper()
	r := must(plan.NewRun(id, twoSteps, nil, task.Cause{Kind: task.CauseManual, By: "ops"}, noon))(t)
	stored, created, err := db.InsertPlanRun(context.Background(), r, key)
	check(t, err)
	if !created {
		t.Fatalf("plan run %s exists", id)
	}
	return stored
}

func TestInsertPlanRunWithAKey(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		planned(t, db)
		first := requestPlanRun(t, db, "01A", "key")
		again := must(plan.NewRun("01B", twoSteps, nil, task.Cause{}, noon))(t)
		got, created, err := db.InsertPlanRun(ctx, again, "key")
		check(t, err)
		if created || got.ID != first.ID {
			t.Errorf("got %s, created %v, want the first", got.ID, created)
		}
		again.Params = map[string]string{"date": "tomorrow"}
		_, _, err = db.InsertPlanRun(ctx, again, "key")
		wantKind(t, err, fault.Conflict)
		again.Plan, again.Params = "other", first.Params
		_, _, err = db.InsertPlanRun(ctx, again, "key")
		wantKind(t, err, fault.Conflict)
		wantSubject(t, db, "01A", "plan_run.running")
		wantSubject(t, db, "01B")
	})
}

// moveOn stores what follows from an event, as the planner does, and returns the plan run as it is then.
func moveOn(t testing.TB, db *store.DB, id plan.RunID, e plan.Event, now time.Time) (plan.Run, []task.Run) {
	t.Helper()
	m := moveAfter(t, db, id, e, now)
	stopped, err := db.MovePlanRun(context.Background(), m, now)
	check(t, err)
	return must(db.PlanRun(context.Background(), id))(t), stopped
}

func moveAfter(t testing.TB, db *store.DB, id plan.RunID, e plan.Event, now time.Time) plan.Move {
	t.Helper()
	m := plan.Move{Before: must(db.PlanRun(context.Background(), id))(t)}
	var actions []plan.Action
	m.After, actions = plan.Advance(m.Before, e, now)
	for _, a := range actions {
		if a.Stop != "" {
			m.Stops = append(m.Stops, a.Stop)
			continue
		}
		i := m.After.Index(a.Start)
		run := task.Run{
			ID: task.RunID(fmt.Sprintf("%s-%s-%d", id, a.Start, m.After.Nodes[i].Try)), Task: m.After.Spec.Nodes[i].Task,
			Cause: m.After.NodeCause(i), QueuedAt: now, Spec: taskNamed(m.After.Spec.Nodes[i].Task),
		}
		m.After = m.After.Started(a.Start, run.ID)
		m.Starts = append(m.Starts, plan.Start{Node: a.Start, Run: run})
	}
	return m
}

func TestAPlanRunIsMovedOnWithItsRuns(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		planned(t, db)
		requestPlanRun(t, db, "01A", "")
		begun, _ := moveOn(t, db, "01A", plan.Began{}, noon)
		if begun.Version != 2 || begun.Nodes[0].State != plan.NodeRunning || begun.Nodes[0].Live.State != task.Queued {
			t.Fatalf("got %+v", begun)
		}
		run := getRun(t, db, begun.Nodes[0].Run)
		if run.Cause != (task.Cause{Kind: task.CausePlan, By: "01A/extract"}) || run.Task != "extract" {
			t.Errorf("got the run %+v", run)
		}
		wantKind(t, db.DeletePlan(ctx, "nightly", 0, noon), fault.Conflict)
		later := noon.Add(time.Second)
		moved, _ := moveOn(t, db, "01A", plan.RunEnded{Run: run.ID, State: task.Succeeded}, later)
		if moved.Nodes[0].State != plan.NodeSucceeded || !moved.Nodes[0].EndedAt.Equal(later) || moved.Nodes[1].State != plan.NodeRunning {
			t.Fatalf("got %+v", moved)
		}
		ended, _ := moveOn(t, db, "01A", plan.RunEnded{Run: moved.Nodes[1].Run, State: task.Failed, Reason: "exit code 3"}, later)
		if ended.State != plan.Failed || !ended.EndedAt.Equal(later) || ended.Reason != "load did not succeed" || ended.Nodes[1].Reason != "failed: exit code 3" {
			t.Fatalf("got %+v", ended)
		}
		wantSubject(t, db, "01A", "plan_run.running", "plan_run.node", "plan_run.node", "plan_run.node", "plan_run.node", "plan_run.failed")
		events := must(db.Events(ctx, task.EventFilter{Subject: "01A"}, 0))(t)
		var data struct{ Plan, Node, State, Run string }
		check(t, json.Unmarshal(events[4].Data, &data))
		if data.Plan != "nightly" || data.Node != "load" || data.State != "failed" || data.Run != "01A-load-1" || events[4].Reason != "failed: exit code 3" {
			t.Errorf("got the event %+v with %+v", events[4], data)
		}
		if e := events[5]; e.From != "running" || e.To != "failed" || e.Reason != "load did not succeed" {
			t.Errorf("got the event %+v", e)
		}
		list := must(db.PlanRuns(ctx, plan.RunFilter{Plan: "nightly", States: []plan.State{plan.Failed, plan.Running}, Since: noon}, page.Request{}))(t)
		if len(list.Items) != 1 || len(list.Items[0].Nodes) != 2 || list.Items[0].Nodes[1].State != plan.NodeFailed || len(list.Items[0].Spec.Nodes) != 0 {
			t.Errorf("got the list %+v", list.Items)
		}
	})
}

func TestAMoveThatCameTooLateChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		planned(t, db)
		requestPlanRun(t, db, "01A", "")
		begin := moveAfter(t, db, "01A", plan.Began{}, noon)
		begin.Follow = &plan.Follow{Name: "plans", From: 77, To: 78}
		_, err := db.MovePlanRun(ctx, begin, noon)
		wantKind(t, err, fault.Conflict)
		_, err = db.Run(ctx, "01A-extract-1")
		wantKind(t, err, fault.NotFound)

		at := must(db.Position(ctx, "plans"))(t)
		begin.Follow = &plan.Follow{Name: "plans", From: at, To: at + 1}
		_, err = db.MovePlanRun(ctx, begin, noon)
		check(t, err)
		if got := must(db.Position(ctx, "plans"))(t); got != at+1 {
			t.Errorf("the follower stands at %d, want %d", got, at+1)
		}
		// The same move again, as another conductor would have decided it, from the follower's new position.
		begin.Follow.From, begin.Follow.To = at+1, at+2
		_, err = db.MovePlanRun(ctx, begin, noon)
		wantKind(t, err, fault.Conflict)
		if got := must(db.Position(ctx, "plans"))(t); got != at+1 {
			t.Errorf("the follower was moved on to %d with a move that was refused", got)
		}
	})
}

func TestWhatAMoveStopsIsCancelledWithIt(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		planned(t, db)
		requestPlanRun(t, db, "01A", "")
		begun, _ := moveOn(t, db, "01A", plan.Began{}, noon)
		r, stopped := moveOn(t, db, "01A", plan.CancelAsked{By: "ops"}, noon)
		if len(stopped) != 1 || stopped[0].State != task.Cancelled || !strings.Contains(stopped[0].Reason, "plan run 01A: cancelled by ops") {
			t.Fatalf("got stopped %+v", stopped)
		}
		if r.State != plan.Stopping || r.Nodes[0].Stop != plan.StopCancel || r.Nodes[1].State != plan.NodeCancelled {
			t.Errorf("got %+v", r)
		}
		ended, _ := moveOn(t, db, "01A", plan.RunEnded{Run: begun.Nodes[0].Run, State: task.Cancelled}, noon)
		if ended.State != plan.Cancelled {
			t.Errorf("got %+v", ended)
		}
	})
}

func TestOverdueNodesAreThoseWhoseDeadlineHasPassed(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		planned(t, db)
		requestPlanRun(t, db, "01A", "")
		moveOn(t, db, "01A", plan.Began{}, noon)
		if got := must(db.OverdueNodes(ctx, noon.Add(59*time.Second), 10))(t); len(got) != 0 {
			t.Errorf("got %v before the deadline", got)
		}
		due := noon.Add(time.Minute)
		if got := must(db.OverdueNodes(ctx, due, 10))(t); len(got) != 1 || got[0] != (plan.NodeRef{PlanRun: "01A", Node: "extract"}) {
			t.Errorf("got %v", got)
		}
		_, stopped := moveOn(t, db, "01A", plan.Overdue{Node: "extract"}, due)
		if len(stopped) != 1 || !strings.Contains(stopped[0].Reason, "the timeout of node extract") {
			t.Errorf("got stopped %+v", stopped)
		}
		if got := must(db.OverdueNodes(ctx, due, 10))(t); len(got) != 0 {
			t.Errorf("got %v for a node that was told to stop", got)
		}
	})
}

func TestSignalsAreTheEventsOfPlanRuns(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		planned(t, db)
		begin := must(db.LastEvent(ctx))(t)
		other := newRun()
		_, _, err := db.InsertRun(ctx, other, "")
		check(t, err)
		_ = must(db.CancelRun(ctx, other.ID, "", noon))(t)
		requestPlanRun(t, db, "01A", "")
		begun, _ := moveOn(t, db, "01A", plan.Began{}, noon)
		_ = must(db.CancelRun(ctx, begun.Nodes[0].Run, "ops", noon))(t)

		signals, seen, err := db.PlanSignals(ctx, begin)
		check(t, err)
		if seen != must(db.LastEvent(ctx))(t) || len(signals) != 2 {
			t.Fatalf("got %v up to %d", signals, seen)
		}
		if signals[0].PlanRun != "01A" || signals[0].Event != (plan.Began{}) {
			t.Errorf("got %+v first", signals[0])
		}
		want := plan.RunEnded{Run: begun.Nodes[0].Run, State: task.Cancelled, Reason: "cancelled by ops"}
		if signals[1].PlanRun != "01A" || signals[1].Event != want || signals[1].ID <= signals[0].ID {
			t.Errorf("got %+v, want %+v", signals[1], want)
		}
		signals, again, err := db.PlanSignals(ctx, seen)
		check(t, err)
		if len(signals) != 0 || again != seen {
			t.Errorf("got %v up to %d after all", signals, again)
		}
	})
}
