package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

func TestWhatIsNotKeptGoesByItselfWhileRunsGoOn(t *testing.T) {
	s := systemtest.New(t, "--prune-interval", "1s")
	s.StartConductor()
	s.StartServer("js-1")
	s.Group("etl", "js-1")
	s.Task("load", "etl", systemtest.Shell("echo a line"))
	s.Task("step", "etl", systemtest.Shell("true"))
	_, err := s.Client.CreatePlan(t.Context(), plan.Spec{Name: "night", Nodes: []plan.Node{{Name: "a", Task: "step"}}})
	if err != nil {
		t.Fatal(err)
	}
	var loads []task.RunID
	for range 4 {
		id := s.StartRun("load")
		s.AwaitRun(id, task.Succeeded)
		loads = append(loads, id)
		var r struct{ ID string }
		request(t, s, "POST", "/api/v1/plans/night/runs", struct{}{}, &r)
		s.Eventually("the plan run has ended", func(ctx context.Context) (bool, error) {
			now, err := s.Client.PlanRun(ctx, plan.RunID(r.ID))
			return err == nil && now.State == plan.Succeeded, err
		})
	}
	var none any
	request(t, s, "PATCH", "/api/v1/settings/retention", map[string]any{"runs": 2, "log_runs": 1}, &none)
	s.Eventually("two runs of the task and of the plan are left, and the output of one", func(ctx context.Context) (bool, error) {
		runs, err := s.Client.Runs(ctx, task.RunFilter{Task: "load"}, client.PageRequest{})
		if err != nil {
			return false, err
		}
		plans, err := s.Client.PlanRuns(ctx, plan.RunFilter{Plan: "night"}, client.PageRequest{})
		if err != nil {
			return false, err
		}
		if len(runs.Items) != 2 || len(plans.Items) != 2 {
			return false, fmt.Errorf("there are %d and %d", len(runs.Items), len(plans.Items))
		}
		older, newer := s.Log(loads[2]), s.Log(loads[3])
		if !strings.Contains(older, "the output was removed") || !strings.Contains(newer, "a line") {
			return false, fmt.Errorf("the output is %q and %q", older, newer)
		}
		return true, nil
	})
	s.AwaitRun(s.StartRun("load"), task.Succeeded)
}
