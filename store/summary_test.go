package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/notification"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// requested inserts a run of the task load that was requested at the instant.
func requested(t *testing.T, db *store.DB, at time.Time, change func(*task.Run)) task.Run {
	t.Helper()
	run := newRun()
	run.QueuedAt, run.ID = at, task.FirstRunID(at)[:18]+run.ID[len(run.ID)-8:]
	change(&run)
	return must2(db.InsertRun(context.Background(), run, ""))(t)
}

func TestASummaryCountsWhatRunsAndWhatNeedsAPerson(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		now := noon.Add(20 * time.Second)
		asIs := func(*task.Run) {}
		requested(t, db, noon.Add(10*time.Second), asIs)
		old := requested(t, db, noon.Add(-3*time.Minute), asIs)
		late := requested(t, db, noon.Add(-2*time.Hour), func(r *task.Run) { r.Spec.Expect = task.Expect{StartWithin: task.Duration(time.Hour)} })
		over := requested(t, db, noon.Add(-2*time.Hour), func(r *task.Run) { r.Spec.Expect = task.Expect{StartWithin: task.Duration(time.Hour)} })
		must(db.TellLate(ctx, now, 100))(t)
		must(db.CancelRun(ctx, over.ID, "ops", now))(t)
		timedRun(t, db, "load", "js-1", noon.Add(-5*time.Minute), time.Minute)
		failed := timedRun(t, db, "load", "js-1", noon.Add(-6*time.Minute), 0)
		deliver(t, db, "js-1", failed, started(1), exited(2, 3))
		ancient := timedRun(t, db, "load", "js-1", noon.Add(-25*time.Hour), 0)
		deliver(t, db, "js-1", ancient, started(1), exited(2, 3))
		for name, paused := range map[string]bool{"held": true, "free": false} {
			must(db.CreateTrigger(ctx, task.TaskOwner("load"), task.TriggerSpec{Name: name, Every: task.Duration(time.Hour), Paused: paused}, now))(t)
		}
		check(t, db.PauseTriggers(ctx, task.TaskOwner("load"), "", "ops", now))

		for name, mode := range map[string]jobserver.Mode{"js-2": jobserver.Draining, "js-3": jobserver.Disabled} {
			joinServer(t, db, name)
			beat(t, db, name, noon)
			must(db.EditServer(ctx, name, 0, noon, func(s *jobserver.Server) error { s.Mode = mode; return nil }))(t)
		}
		joinServer(t, db, "js-4")
		must(db.CreateChannel(ctx, webhook("ops"), noon))(t)
		posted(t, db, "ops", noon, 1, 2)
		notice, channel, _, err := db.BeginTry(ctx, "ops", noon, noon.Add(time.Minute))
		check(t, err)
		check(t, db.EndTry(ctx, notice.After(notification.Result{Err: "gone", Refused: true}, channel.ChannelSpec, noon, 0)))

		got := must(db.Summary(ctx, now))(t)
		minutes := got.Minutes
		got.Minutes = nil
		want := task.Summary{
			At: now, OldestQueuedAt: late.QueuedAt, WaitLong: 1, Late: 1, Failed: 1, PausedTriggers: 1, Pauses: 1, DeadDeliveries: 1,
			Servers: map[string]int64{"online": 1, "draining": 1, "disabled": 1, "never_seen": 1},
			Open:    map[task.State]int64{task.Queued: 3, task.Starting: 0, task.Running: 0, task.Unknown: 0, task.Stopping: 0},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if len(minutes) != task.SummaryMinutes || !minutes[29].At.Equal(noon) || !minutes[0].At.Equal(noon.Add(-29*time.Minute)) {
			t.Fatalf("got the minutes %+v", minutes)
		}
		for i, m := range minutes {
			m.At = time.Time{}
			want := map[int]task.MinuteOfRuns{29: {Open: 1}, 26: {Open: 1}, 24: {Succeeded: 1}, 23: {Unsuccessful: 1}}[i]
			if m != want {
				t.Errorf("minute %d: got %+v, want %+v", i, m, want)
			}
		}
		if l := must(db.Runs(ctx, task.RunFilter{Late: true}, page.Request{}))(t).Items; len(l) != 1 || l[0].ID != late.ID || l[0].ID == old.ID {
			t.Errorf("got the late runs %+v, want %s", l, late.ID)
		}
		if p := must(db.Triggers(ctx, task.TriggerFilter{Paused: true}, page.Request{}))(t).Items; len(p) != 1 || p[0].Name != "held" {
			t.Errorf("got the paused triggers %+v, want the one that is so by itself", p)
		}
	})
}

func TestASummaryLooksAtIndexesAlone(t *testing.T) {
	db := open(t, t.TempDir()+"/segno.db", store.Options{})
	for _, query := range store.SummaryStatements() {
		plan := must(db.Explain(context.Background(), query, slices.Repeat([]any{""}, strings.Count(query, "?"))...))(t)
		for _, step := range strings.Split(plan, "; ") {
			of, _, _ := strings.Cut(step, " USING ")
			reads := slices.Contains([]string{"SCAN run", "SEARCH run", "SCAN r", "SEARCH r", "SCAN t", "SEARCH t"}, of)
			few := strings.Contains(step, "INDEX run_late") || strings.Contains(step, "INDEX trigger_paused")
			if reads && !few && (strings.HasPrefix(of, "SCAN") || !strings.Contains(step, "COVERING INDEX")) {
				t.Errorf("%s\nis found by %s", query, plan)
			}
		}
	}
}
