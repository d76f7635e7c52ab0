package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/notification"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// TestWhatPlansAndTriggersLeaveIsTold goes all the way from what is stored of a plan's run and of an occurrence to what people
// are told: the two ends agree on the events between them.
func TestWhatPlansAndTriggersLeaveIsTold(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		planned(t, db)
		createTrigger(t, db, hourly("nightly"))
		s := &killing{t: t, db: db, now: noon, heard: map[string][]notification.Notice{}}
		_ = must(db.CreateChannel(ctx, webhook("ops"), noon))(t)
		_ = must(db.Position(ctx, "notifications"))(t)
		_ = must(db.CreateNotificationRule(ctx, notification.RuleSpec{
			Name: "all", Events: []notification.Kind{notification.OccurrenceSkipped, notification.PlanEnded}, Channels: []string{"ops"},
		}, noon))(t)

		due := noon.Add(time.Hour)
		skipped := firing(t, db, "nightly", due)
		skipped.Runs, skipped.Occurrences[0].Run, skipped.Occurrences[0].Reason = nil, "", "the task was busy"
		checkAll(t, db.Fire(ctx, []task.Firing{skipped}, nil, due))
		requestPlanRun(t, db, "01A", "")
		begun, _ := moveOn(t, db, "01A", plan.Began{}, due)
		moveOn(t, db, "01A", plan.RunEnded{Run: begun.Nodes[0].Run, State: task.Failed, Reason: "exit code 3"}, due)

		s.now = due
		s.run(conductor.NoticeStore(db), 1)
		var got []string
		for _, n := range s.heard["ops"] {
			got = append(got, n.Text)
		}
		want := []string{
			"load was not started by nightly for 2026-03-01 13:00:00 UTC: the task was busy.",
			"plan nightly failed: extract did not succeed.",
		}
		if !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}
