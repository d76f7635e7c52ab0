package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
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
		checkAll(t, db.Fire(ctx, []task.Firing{f}, nil, due))
		r := must(db.PlanRun(ctx, "01P"))(t)
		if r.Plan != "nightly" || !r.ScheduledFor.Equal(due) || r.State != plan.Running || r.Params["date"] != "tonight" {
			t.Errorf("got %+v", r)
		}
		// The same firing again comes too late, and makes no second run.
		if errs := db.Fire(ctx, []task.Firing{f}, nil, due); errs[0] == nil {
			t.Error("the same firing was stored twice")
		}
		told := must(db.Occurrences(ctx, task.OccurrenceFilter{Owner: owner}, page.Request{}))(t)
		if len(told.Items) != 1 || told.Items[0].Run != "01P" {
			t.Errorf("got %+v", told.Items)
		}
		wantSubject(t, db, "01P", "plan_run.running")
	})
}

func TestAnEventOfAPlanIsOneOccurrenceWithOnePlanRun(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		planned(t, db)
		owner := task.PlanOwner("nightly")
		must(db.CreateTrigger(ctx, owner, fileTrigger("in"), noon))(t)
		asked := func(event, id string, params map[string]string) task.Happening {
			return task.Happening{
				Occurrence: task.Occurrence{Owner: owner, Trigger: "in", ScheduledFor: noon, Event: event, Run: task.RunID(id), DecidedAt: noon},
				Plan: &task.PlanRequest{
					ID: task.RunID(id), Cause: task.Cause{Kind: task.CauseTrigger, By: "in"}, ScheduledFor: noon, Params: params,
					Offered: map[string]string{"date": "offered", "file_name": "a.csv"},
				},
			}
		}
		hs := []task.Happening{asked("a", "01A", nil), asked("a", "01B", nil), asked("b", "01C", map[string]string{"date": "own"}), asked("c", "01D", map[string]string{"x": "y"})}
		stored, errs := db.Happen(ctx, hs, noon)
		checkAll(t, errs)
		if stored[0].Run != "01A" || stored[1].Run != "01A" || stored[2].Run != "01C" || stored[3].Run != "" || stored[3].Reason == "" {
			t.Errorf("stored is %+v", stored)
		}
		for id, date := range map[plan.RunID]string{"01A": "offered", "01C": "own"} {
			r := must(db.PlanRun(ctx, id))(t)
			if _, undeclared := r.Params["file_name"]; undeclared || r.Params["date"] != date {
				t.Errorf("%s has the params %v, want the date %s alone", id, r.Params, date)
			}
		}
		for _, id := range []plan.RunID{"01B", "01D"} {
			_, err := db.PlanRun(ctx, id)
			wantKind(t, err, fault.NotFound)
		}
		if all := occurrences(t, db); len(all) != 3 || all[0].Owner != owner {
			t.Errorf("the occurrences of all owners are %+v", all)
		}
	})
}

func TestThePlanThatFollowsATaskIsStoredWithThePositionOrNotAtAll(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		planned(t, db)
		owner := task.PlanOwner("nightly")
		must(db.CreateTrigger(ctx, owner, afterTrigger("next", "load"), noon))(t)
		if got := must(db.Followers(ctx, []string{"load"}))(t); len(got) != 1 || got[0].Trigger.Owner != owner || got[0].Task != nil {
			t.Fatalf("what follows load is %+v", got)
		}
		at := must(db.Position(ctx, "run-ends"))(t)
		hs := []task.Happening{{
			Occurrence: task.Occurrence{Owner: owner, Trigger: "next", ScheduledFor: noon, Event: "7 succeeded", Run: "01A", DecidedAt: noon},
			Plan:       &task.PlanRequest{ID: "01A", Cause: task.Cause{Kind: task.CauseChain, By: "7"}, ScheduledFor: noon},
		}}
		_, err := db.Follow(ctx, "run-ends", at+1, at+2, hs, noon)
		wantKind(t, err, fault.Conflict)
		_, err = db.PlanRun(ctx, "01A")
		wantKind(t, err, fault.NotFound)
		stored := must(db.Follow(ctx, "run-ends", at, at+1, hs, noon))(t)
		if r := must(db.PlanRun(ctx, "01A"))(t); stored[0].Run != "01A" || r.Cause != hs[0].Plan.Cause {
			t.Errorf("stored are %+v and %+v", stored, r)
		}
	})
}
