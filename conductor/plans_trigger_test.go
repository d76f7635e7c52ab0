package conductor_test

import (
	"errors"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

func TestATriggerOfAPlanRunsThePlanOncePerOccurrence(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
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
	})
}

// eventsOfPlans returns a conductor that keeps triggers of plans that wait for events.
func (w *world) eventsOfPlans() *conductor.Conductor {
	w.t.Helper()
	c, err := conductor.New(w.db, conductor.Options{Now: func() time.Time { return w.at }, EventTriggers: w.db, Plans: w.db})
	check(w.t, err)
	check(w.t, c.Load(w.t.Context()))
	return c
}

// onlyPlanRun returns the one plan run that there must be.
func (w *world) onlyPlanRun() plan.RunID {
	w.t.Helper()
	runs, err := w.db.PlanRuns(w.t.Context(), plan.RunFilter{}, page.Request{})
	check(w.t, err)
	if len(runs.Items) != 1 {
		w.t.Fatalf("there are %d plan runs, want one", len(runs.Items))
	}
	return runs.Items[0].ID
}

func TestAFileOfAPlanRunsThePlanOnceWithTheNamesThatItDeclares(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1")
		s := chain("extract")
		s.Params = map[string]string{"file_name": "none", "what": "none"}
		w.planned(s)
		owner := task.PlanOwner("nightly")
		_, err := w.db.CreateTrigger(t.Context(), owner, task.TriggerSpec{
			Name: "in", File: &task.FileTrigger{Server: "js-1", Path: "/in", Mask: "*.csv"}, Params: map[string]string{"what": "${{ file.path }}"},
		}, w.at)
		check(t, err)
		seen := jobserver.FileEvent{
			ID: "e1", OwnerKind: "plan", Owner: "nightly", Trigger: "in", Version: 1, Path: "/in/a.csv", Size: 10, ModTime: noon, SeenAt: w.at,
		}
		for range 2 { // The second conductor gets the same report again, as after a crash.
			taken, err := w.eventsOfPlans().ReportFiles(t.Context(), "js-1", []jobserver.FileEvent{seen}, nil)
			check(t, err)
			if len(taken) != 1 || taken[0] != "e1" {
				t.Fatalf("taken were %q", taken)
			}
		}
		r := w.finish(w.onlyPlanRun(), well)
		if r.State != plan.Succeeded || r.Params["file_name"] != "a.csv" || r.Params["what"] != "/in/a.csv" || r.Cause != (task.Cause{Kind: task.CauseTrigger, By: "in"}) {
			t.Errorf("got %+v", r)
		}
		if _, has := r.Params["folder_path"]; has {
			t.Errorf("the plan run has a parameter that its plan does not declare: %v", r.Params)
		}
		told, err := w.c.Occurrences(t.Context(), task.OccurrenceFilter{}, page.Request{})
		check(t, err)
		if len(told.Items) != 1 || told.Items[0].Owner != owner || string(told.Items[0].Run) != string(r.ID) {
			t.Errorf("the occurrences of all owners are %+v", told.Items)
		}
	})
}

func TestTheEndOfATaskRunsThePlanThatFollowsItWhereverTheConductorIsKilled(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		for left := 1; left <= 4; left++ {
			w := newWorld(t, "js-1")
			s := chain("load")
			s.Params = map[string]string{"of": "nobody"}
			w.planned(s)
			w.task("first", policy.Word(policy.Wait))
			_, err := w.db.CreateTrigger(t.Context(), task.PlanOwner("nightly"), task.TriggerSpec{
				Name: "next", After: &task.AfterTrigger{Task: "first", On: task.ChainOK}, Params: map[string]string{"of": "${{ run.id }}"},
			}, w.at)
			check(t, err)
			position(w)
			id, a := w.start("first")
			a.end(refOf(id, 1), task.ExitExited, 0)
			w.followOnce(&crashing{DB: w.db, left: left, after: left%2 == 0})
			w.follow(func() conductor.EventTriggerStore { return w.db })
			r := w.finish(w.onlyPlanRun(), well)
			if r.State != plan.Succeeded || r.Params["of"] != string(id) || r.Cause.Kind != task.CauseChain {
				t.Errorf("killed at commit %d: got %+v", left, r)
			}
		}
	})
}

func TestAWebhookOfAPlanRunsThePlanWithValuesOfItsBody(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1")
		s := chain("deploy")
		s.Params = map[string]string{"branch": "none"}
		w.planned(s)
		owner := task.PlanOwner("nightly")
		_, err := w.db.CreateTrigger(t.Context(), owner, task.TriggerSpec{
			Name: "push", Webhook: &task.WebhookTrigger{Signature: task.SignatureGitHub}, Params: map[string]string{"branch": "${{ body.ref }}"},
		}, w.at)
		check(t, err)
		c := w.eventsOfPlans()
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
	})
}
