package conductor_test

import (
	"errors"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

func TestATriggerOfAPlanRunsThePlanOncePerOccurrence(t *testing.T) {
	w := newWorld(t, "js-1")
	s := chain("extract", "load")
	s.Params = map[string]string{"date": "today"}
	w.planned(s)
	owner := task.PlanOwner("nightly")
	_, err := w.c.CreateTrigger(t.Context(), owner, task.TriggerSpec{Name: "often", Every: task.Duration(10 * time.Minute), Params: map[string]string{"day": "x"}})
	if got := fault.Fields(err); len(got) != 1 || got[0].Field != "params.day" {
		t.Errorf("got %v for a parameter that the plan does not declare", err)
	}
	_, err = w.c.CreateTrigger(t.Context(), task.PlanOwner("nosuch"), task.TriggerSpec{Name: "often", Every: task.Duration(10 * time.Minute)})
	if !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v for a plan that does not exist", err)
	}
	trigger, err := w.c.CreateTrigger(t.Context(), owner, task.TriggerSpec{
		Name: "often", Every: task.Duration(10 * time.Minute), Params: map[string]string{"date": "tonight"},
	})
	check(t, err)
	due := *trigger.Next
	w.at = due
	for range 2 { // A second look finds nothing that is due.
		_, err = w.c.FireDue(t.Context())
		check(t, err)
	}
	runs, err := w.db.PlanRuns(t.Context(), plan.RunFilter{}, page.Request{})
	check(t, err)
	if len(runs.Items) != 1 {
		t.Fatalf("got %d plan runs, want one", len(runs.Items))
	}
	r := w.finish(runs.Items[0].ID, well)
	if r.State != plan.Succeeded || r.Cause != (task.Cause{Kind: task.CauseTrigger, By: "often"}) || r.ScheduledFor == nil || !r.ScheduledFor.Equal(due) || r.Params["date"] != "tonight" {
		t.Errorf("got %+v", r)
	}
	told, err := w.c.Occurrences(t.Context(), task.OccurrenceFilter{Owner: owner}, page.Request{})
	check(t, err)
	if len(told.Items) != 1 || string(told.Items[0].Run) != string(r.ID) || told.Items[0].Reason != "" {
		t.Errorf("got the occurrences %+v", told.Items)
	}

	// A plan that has changed so that it cannot be run has its occurrences skipped, with the reason.
	_, err = w.c.EditPlan(t.Context(), "nightly", 0, func(s *plan.Spec) error { s.Params = nil; return nil })
	check(t, err)
	w.at = due.Add(10 * time.Minute)
	_, err = w.c.FireDue(t.Context())
	check(t, err)
	told, err = w.c.Occurrences(t.Context(), task.OccurrenceFilter{Owner: owner, Skipped: true}, page.Request{})
	check(t, err)
	if len(told.Items) != 1 {
		t.Fatalf("got the skipped occurrences %+v", told.Items)
	}
	wantContains(t, told.Items[0].Reason, "the plan cannot be run", "params.date is not a parameter of the plan")
	check(t, w.c.DeletePlan(t.Context(), "nightly", 0))
	left, err := w.c.Triggers(t.Context(), task.TriggerFilter{Owner: owner}, page.Request{})
	check(t, err)
	if len(left.Items) != 0 {
		t.Errorf("the triggers of a deleted plan are left: %+v", left.Items)
	}
}

func TestAWebhookOfAPlanRunsThePlanWithValuesOfItsBody(t *testing.T) {
	w := newWorld(t, "js-1")
	s := chain("deploy")
	s.Params = map[string]string{"branch": "none"}
	w.planned(s)
	owner := task.PlanOwner("nightly")
	_, err := w.db.CreateTrigger(t.Context(), owner, task.TriggerSpec{
		Name: "push", Webhook: &task.WebhookTrigger{Signature: task.SignatureGitHub}, Params: map[string]string{"branch": "${{ body.ref }}"},
	}, w.at)
	check(t, err)
	c, err := conductor.New(w.db, conductor.Options{Now: func() time.Time { return w.at }, EventTriggers: w.db, Plans: w.db})
	check(t, err)
	check(t, c.Load(t.Context()))
	made, err := c.MakeWebhookSecrets(t.Context(), owner, "push", task.WebhookSecretsRequest{})
	check(t, err)
	const body = `{"ref":"main"}`
	var id task.RunID
	for range 2 { // The same delivery again is the same plan run.
		o, err := c.CallWebhook(t.Context(), made.Address, signed(made.SigningKey, "d1", body), []byte(body))
		check(t, err)
		if id != "" && o.Run != id {
			t.Errorf("the same delivery made %s and %s", id, o.Run)
		}
		id = o.Run
	}
	r := w.finish(plan.RunID(id), well)
	if r.State != plan.Succeeded || r.Params["branch"] != "main" || r.Cause != (task.Cause{Kind: task.CauseTrigger, By: "push"}) {
		t.Errorf("got %+v", r)
	}
}
