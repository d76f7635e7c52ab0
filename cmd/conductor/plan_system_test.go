package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

func awaitPlan(t *testing.T, s *systemtest.System, id plan.RunID) wire.PlanRun {
	t.Helper()
	var r wire.PlanRun
	s.Eventually("plan run "+string(id)+" has ended", func(ctx context.Context) (bool, error) {
		var err error
		r, err = s.Client.PlanRun(ctx, id)
		return err == nil && r.State.Final(), err
	})
	return r
}

func nodeStates(r wire.PlanRun) string {
	var all []string
	for _, n := range r.Nodes {
		all = append(all, n.Name+"="+string(n.State))
	}
	return strings.Join(all, " ")
}

func TestAPlanOfRealJobsHandsOnOutputsAndIsResumedAfterAKill(t *testing.T) {
	s := systemtest.Start(t, "js-1", "js-2")
	s.Group("etl", "js-1", "js-2")
	gate := filepath.Join(t.TempDir(), "repaired")
	rows := func(spec *task.Spec) { spec.Params = map[string]string{"rows": "0"} }
	s.Task("extract", "etl", systemtest.Shell(`jobserver output rows=1200`))
	s.Task("load", "etl", systemtest.Shell(`echo "got $SEGNO_PARAM_ROWS"`), rows)
	s.Task("fragile", "etl", systemtest.Shell(`sleep 1; test -e %s`, gate))
	s.Task("report", "etl", task.Job{Command: []string{"echo", "${{ params.rows }} rows"}}, rows)
	s.Task("alarm", "etl", systemtest.Shell("echo help"))
	const fromExtract = "${{ nodes.extract.outputs.rows }}"
	spec := plan.Spec{
		Name: "nightly",
		Nodes: []plan.Node{
			{Name: "extract", Task: "extract"},
			{Name: "load", Task: "load", Params: map[string]string{"rows": fromExtract}},
			{Name: "fragile", Task: "fragile"},
			{Name: "report", Task: "report", Params: map[string]string{"rows": fromExtract}},
			{Name: "alarm", Task: "alarm"},
		},
		Groups: []plan.Group{{Name: "loads", Nodes: []string{"load", "fragile"}}},
		Edges:  []plan.Edge{{From: "extract", To: "loads"}, {From: "loads", To: "report"}, {From: "loads", To: "alarm", On: plan.OnError}},
	}
	if _, err := s.Client.CreatePlan(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	r, err := s.Client.StartPlanRun(t.Context(), "nightly", wire.PlanRunRequest{}, "")
	if err != nil {
		t.Fatal(err)
	}
	// The conductor is killed while nodes run, and goes on with what it has stored.
	s.Eventually("fragile runs", func(ctx context.Context) (bool, error) {
		now, err := s.Client.PlanRun(ctx, r.ID)
		return err == nil && slices.ContainsFunc(now.Nodes, func(n wire.PlanNode) bool { return n.Name == "fragile" && n.State == plan.NodeRunning }), err
	})
	s.Conductor.Kill()
	s.StartConductor()
	failed := awaitPlan(t, s, r.ID)
	if got := nodeStates(failed); got != "extract=succeeded load=succeeded fragile=failed report=skipped alarm=succeeded" {
		t.Fatalf("got %s", got)
	}
	if got := s.Log(*failed.Nodes[1].Run); got != "got 1200\n" {
		t.Errorf("the load said %q, and should have the output of extract", got)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Client.ResumePlanRun(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	ended := awaitPlan(t, s, r.ID)
	if got := nodeStates(ended); got != "extract=succeeded load=succeeded fragile=succeeded report=succeeded alarm=skipped" {
		t.Fatalf("got %s", got)
	}
	if *ended.Nodes[0].Run != *failed.Nodes[0].Run || *ended.Nodes[1].Run != *failed.Nodes[1].Run || ended.Nodes[2].Try != 2 {
		t.Errorf("got %+v, want what succeeded kept", ended.Nodes)
	}
	if got := s.Log(*ended.Nodes[3].Run); got != "1200 rows\n" {
		t.Errorf("the report said %q", got)
	}
}

func TestACancelledPlanLeavesNothingRunning(t *testing.T) {
	s := systemtest.Start(t, "js-1")
	s.Group("etl", "js-1")
	s.Task("long", "etl", systemtest.Shell("echo begun; sleep 600"))
	spec := plan.Spec{Name: "slow", Nodes: []plan.Node{{Name: "a", Task: "long"}, {Name: "b", Task: "long"}}, Edges: []plan.Edge{{From: "a", To: "b", On: plan.OnEnd}}}
	if _, err := s.Client.CreatePlan(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	r, err := s.Client.StartPlanRun(t.Context(), "slow", wire.PlanRunRequest{}, "")
	if err != nil {
		t.Fatal(err)
	}
	var run task.RunID
	s.Eventually("a runs", func(ctx context.Context) (bool, error) {
		now, err := s.Client.PlanRun(ctx, r.ID)
		if err != nil || now.Nodes[0].Run == nil {
			return false, err
		}
		run = *now.Nodes[0].Run
		return true, nil
	})
	s.AwaitOutput(run)
	if _, err := s.Client.CancelPlanRun(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	ended := awaitPlan(t, s, r.ID)
	if got := nodeStates(ended); got != "a=cancelled b=cancelled" || ended.State != plan.Cancelled {
		t.Errorf("got %s and the plan run %s", got, ended.State)
	}
	s.AwaitRun(run, task.Cancelled)
}
