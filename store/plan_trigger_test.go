package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

func TestFireStoresAPlanRunWithItsOccurrence(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		planned(t, db)
		owner := task.PlanOwner("nightly")
		trigger := must(db.CreateTrigger(ctx, owner, task.TriggerSpec{Name: "often", Every: task.Duration(time.Hour)}, noon))(t)
		due := *trigger.Next
		f := task.Firing{
			Owner: owner, Trigger: "often", From: due, Next: new(due.Add(time.Hour)), DueAt: new(due.Add(time.Hour)),
			Occurrences: []task.Occurrence{{Owner: owner, Trigger: "often", ScheduledFor: due, Run: "01P", DecidedAt: due}},
			Params:      map[string]string{"date": "tonight"},
		}
		checkAll(t, db.Fire(ctx, []task.Firing{f}, due))
		r := must(db.PlanRun(ctx, "01P"))(t)
		if r.Plan != "nightly" || !r.ScheduledFor.Equal(due) || r.State != plan.Running || r.Params["date"] != "tonight" {
			t.Errorf("got %+v", r)
		}
		// The same firing again comes too late, and makes no second run.
		if errs := db.Fire(ctx, []task.Firing{f}, due); errs[0] == nil {
			t.Error("the same firing was stored twice")
		}
		told := must(db.Occurrences(ctx, task.OccurrenceFilter{Owner: owner}, page.Request{}))(t)
		if len(told.Items) != 1 || told.Items[0].Run != "01P" {
			t.Errorf("got %+v", told.Items)
		}
		wantSubject(t, db, "01P", "plan_run.running")
	})
}
