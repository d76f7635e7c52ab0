package store_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// late is after everything that these tests let happen.
var late = noon.Add(24 * time.Hour)

// endedRun returns a run that has ended, with some output.
func endedRun(t testing.TB, db *store.DB) task.Run {
	t.Helper()
	_, ref := startRun(t, db, "js-1")
	deliver(t, db, "js-1", ref, started(1), output(2, "line\n"), exited(3, 0))
	return wantState(t, db, ref.Run, task.Succeeded)
}

func TestTheSettingsOfRetention(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		first := must(db.Retention(ctx))(t)
		if first.RetentionSettings != task.DefaultRetention() || first.Version != 1 {
			t.Errorf("got %+v, want the defaults", first)
		}
		edit := func(s *task.RetentionSettings) error { s.Runs = 5; return nil }
		for range 2 {
			if got := must(db.EditRetention(ctx, 0, noon, edit))(t); got.Runs != 5 || got.Version != 2 || !got.UpdatedAt.Equal(noon) {
				t.Errorf("got %+v, want version 2 with 5", got)
			}
		}
		_, err := db.EditRetention(ctx, 1, noon, edit)
		wantKind(t, err, fault.Conflict)
		if got := must(db.Retention(ctx))(t); got.Runs != 5 || got.Age != task.DefaultRetention().Age {
			t.Errorf("got %+v", got)
		}
		wantSubject(t, db, "retention", "setting.edited")
	})
}

func TestPruneRunsRemovesThemWithAllThatBelongsToThem(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		gone, pinned, young := endedRun(t, db), endedRun(t, db), endedRun(t, db)
		running, ref := startRun(t, db, "js-1")
		must(db.PinRun(ctx, pinned.ID, true, "ops", noon))(t)
		all := []task.RunID{gone.ID, pinned.ID, running.ID, "nosuch"}
		if n := must(db.PruneRuns(ctx, all, late))(t); n != 1 {
			t.Errorf("%d runs were removed, want 1", n)
		}
		if n := must(db.PruneRuns(ctx, oneOf(young.ID), *young.EndedAt))(t); n != 0 {
			t.Error("a run was removed that has not ended before the instant")
		}
		_, err := db.Run(ctx, gone.ID)
		wantKind(t, err, fault.NotFound)
		_, _, err = db.Output(ctx, task.Ref{Run: gone.ID, Number: 1}, 0, 0)
		wantKind(t, err, fault.NotFound)
		for table, column := range map[string]string{
			"run_spec": "run", "attempt": "run", "placement": "run", "output": "run", "output_value": "run", "checkpoint": "run", "content": "run", "run_load": "run",
		} {
			if n := must(db.Text(ctx, `SELECT CAST(count(*) AS TEXT) FROM `+table+` WHERE `+column+` = '`+string(gone.ID)+`'`))(t); n != "0" {
				t.Errorf("%s rows are left in %s", n, table)
			}
		}
		for _, id := range []task.RunID{pinned.ID, young.ID, running.ID} {
			must(db.Run(ctx, id))(t)
		}
		deliver(t, db, "js-1", ref, exited(1, 0))
		must(db.PinRun(ctx, pinned.ID, false, "ops", noon))(t)
		if n := must(db.PruneRuns(ctx, []task.RunID{pinned.ID, running.ID}, late))(t); n != 2 {
			t.Errorf("%d runs were removed, want both that may be now", n)
		}
		if got := kinds(t, db, pinned.ID); !slices.Equal(got[len(got)-2:], []string{"run.pinned", "run.unpinned"}) {
			t.Errorf("the history is %q", got)
		}
	})
}

func TestPruneRunsRemovesTheContentOfCheckpoints(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		c := checkpointOf(1, []byte("half of it"))
		put(t, db, "js-1", ref, c, []byte("half of it"))
		deliver(t, db, "js-1", ref, started(1), record(2, c), exited(3, 0))
		if got := must(db.Checkpoints(ctx, run.ID))(t); len(got) != 1 {
			t.Fatalf("got %+v, want a checkpoint", got)
		}
		if got := must(db.OldRuns(ctx, "load", "", 10))(t); len(got) != 1 || !got[0].Checkpoints || got[0].Log {
			t.Errorf("got %+v, want a run with a checkpoint and without output", got)
		}
		if !must(db.PruneCheckpoints(ctx, run.ID, late))(t) {
			t.Error("no checkpoint was removed")
		}
		if got := must(db.Checkpoints(ctx, run.ID))(t); len(got) != 0 {
			t.Errorf("got %+v, want none", got)
		}
		if must(db.PruneCheckpoints(ctx, run.ID, late))(t) {
			t.Error("a second time something was removed")
		}
		if folder := db.ContentFolder(); folder != "" {
			if left := must(os.ReadDir(folder))(t); len(left) != 0 {
				t.Errorf("%d files are left", len(left))
			}
		} else if n := must(db.Text(ctx, `SELECT CAST(count(*) AS TEXT) FROM content_piece`))(t); n != "0" {
			t.Errorf("%s pieces are left", n)
		}
	})
}

func TestPruneLogLeavesAMarkAndGoesInSteps(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		_, ref := startRun(t, db, "js-1")
		const rows = 40
		for i := range int64(rows) {
			deliver(t, db, "js-1", ref, output(1+i, "line\n"))
		}
		deliver(t, db, "js-1", ref, exited(1+rows, 0))
		before := must(db.OldRuns(ctx, "load", "", 10))(t)
		if len(before) != 1 || !before[0].Log || !before[0].LargeLog {
			t.Fatalf("got %+v, want a run with much output", before)
		}
		if must(db.PruneLog(ctx, ref.Run, noon, late))(t) {
			t.Error("there is more to do for a run that may not be pruned")
		}
		steps := 1
		for ; must(db.PruneLog(ctx, ref.Run, late, late))(t); steps++ {
			out, end, err := db.Output(ctx, ref, 0, 0)
			check(t, err)
			if text := textOf(out); !end || text != task.PrunedLog(late) {
				t.Fatalf("in the middle of it: got %q, end %t", text, end)
			}
		}
		if steps < 3 {
			t.Errorf("it took %d steps, want several", steps)
		}
		out, end, err := db.Output(ctx, ref, 0, 0)
		check(t, err)
		if text := textOf(out); !end || text != task.PrunedLog(late) || out.Lines[0].Stream != task.StreamMark {
			t.Errorf("got %q, end %t, want the mark alone", text, end)
		}
		if got := must(db.OldRuns(ctx, "load", "", 10))(t)[0]; got.Log || got.LargeLog {
			t.Errorf("got %+v, want nothing left to do", got)
		}
	})
}

func textOf(out task.Output) string {
	var b strings.Builder
	for _, p := range out.Lines {
		b.Write(p.Data)
	}
	return b.String()
}

func TestKeptTasksAndTheirRuns(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		seven := 7
		limit(t, db, func(s *task.Spec) { s.Retention = &task.Retention{Runs: &seven} })
		var loads []task.RunID
		for range 4 {
			loads = append(loads, insert(t, db).ID)
		}
		orphan := newRun()
		orphan.Task = "deleted"
		must2(db.InsertRun(ctx, orphan, ""))(t)
		want := []task.KeptOwner{{Name: "deleted"}, {Name: "load", Retention: task.Retention{Runs: &seven}}}
		if diff := cmp.Diff(want, must(db.KeptTasks(ctx, "", 10))(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := must(db.KeptTasks(ctx, "", 1))(t); len(got) != 1 || got[0].Name != "deleted" {
			t.Errorf("the first: got %+v", got)
		}
		if got := must(db.KeptTasks(ctx, "deleted", 10))(t); len(got) != 1 || got[0].Name != "load" {
			t.Errorf("those after it: got %+v", got)
		}
		for kept, beyond := range map[int]task.RunID{0: loads[3], 1: loads[2], 3: loads[0], 4: "", 100: ""} {
			if got := must(db.Beyond(ctx, "load", kept))(t); got != beyond {
				t.Errorf("with %d kept: got %q, want %q", kept, got, beyond)
			}
		}
		olds := must(db.OldRuns(ctx, "load", loads[0], 2))(t)
		if len(olds) != 2 || olds[0].ID != loads[1] || olds[1].ID != loads[2] || olds[0].EndedAt != nil {
			t.Errorf("got %+v", olds)
		}
	})
}

func TestEventsGoOnceTheyAreOldAndAllFollowersHavePassedThem(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		for _, name := range []string{"quick", "slow"} {
			must(db.Position(ctx, name))(t)
		}
		begin := must(db.LastEvent(ctx))(t)
		for _, name := range followers(t, db) {
			check(t, db.Advance(ctx, name, must(db.Position(ctx, name))(t), begin))
		}
		pinned, other := endedRun(t, db), endedRun(t, db)
		must(db.PinRun(ctx, pinned.ID, true, "", noon))(t)
		newest := must(db.LastEvent(ctx))(t)
		if got := must(db.Settled(ctx, late))(t); !got.Before(late) {
			t.Errorf("settled up to %s, although no follower has dealt with the newest events", got)
		}
		n, last, more, err := db.PruneEvents(ctx, 0, noon.Add(-time.Hour), 100)
		if err != nil || n != 0 || last != 0 || more {
			t.Errorf("pruned %d events that are not old, up to %d, more %t, %v", n, last, more, err)
		}
		prune := func() (pruned int) {
			t.Helper()
			for after, more := int64(0), true; more; {
				var n int
				var err error
				n, after, more, err = db.PruneEvents(ctx, after, late, 3)
				check(t, err)
				pruned += n
			}
			return pruned
		}
		if got := prune(); got != int(begin) {
			t.Errorf("%d events went, want the %d that all followers have dealt with", got, begin)
		}
		for _, name := range followers(t, db) {
			if name != "slow" {
				check(t, db.Advance(ctx, name, begin, newest))
			}
		}
		if got := prune(); got != 0 {
			t.Errorf("%d events went that a follower has not dealt with", got)
		}
		check(t, db.Advance(ctx, "slow", begin, newest))
		if got := must(db.Settled(ctx, late))(t); !got.Equal(late) {
			t.Errorf("settled up to %s, want now", got)
		}
		prune()
		if got := len(history(t, db, pinned.ID)); got < 4 {
			t.Errorf("of the pinned run %d events are left, want all", got)
		}
		if got := history(t, db, other.ID); len(got) != 0 {
			t.Errorf("of the other run there are %d events left, want none", len(got))
		}
		if got := must(db.LastEvent(ctx))(t); got != newest {
			t.Errorf("the newest event is %d, want %d: an id is never given twice", got, newest)
		}
		_, err = db.RunEvents(ctx, "nosuch", page.Request{})
		wantKind(t, err, fault.NotFound)
	})
}

// followers returns the names of all followers.
func followers(t testing.TB, db *store.DB) []string {
	t.Helper()
	query := `SELECT COALESCE(group_concat(name, ','), '') FROM follower`
	if db.IsPostgres() {
		query = `SELECT COALESCE(string_agg(name, ','), '') FROM follower`
	}
	return strings.Split(must(db.Text(context.Background(), query))(t), ",")
}

// occurred stores occurrences of a trigger, one an hour from noon on, decided about when they were due.
func occurred(t testing.TB, db *store.DB, owner task.Owner, n int) {
	t.Helper()
	for i := range n {
		at := noon.Add(time.Duration(i) * time.Hour).UnixMicro()
		check(t, db.Update(context.Background(), func(tx store.Tx) error {
			return tx.Exec(`INSERT INTO occurrence (owner_kind, owner, trigger_name, scheduled_for, event, run, reason, decided_at)
				VALUES (?, ?, 'nightly', ?, '', NULL, 'paused', ?)`, string(owner.Kind), owner.Name, at, at)
		}))
	}
}

func TestOccurrencesGoByAgeAndByNumberOfTheirOwnerAlone(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		night := task.PlanOwner("load")
		for _, owner := range []task.Owner{load, night} {
			occurred(t, db, owner, 8)
		}
		left := func(owner task.Owner) int {
			return len(must(db.Occurrences(ctx, task.OccurrenceFilter{Owner: owner}, page.Request{}))(t).Items)
		}
		for i, step := range []struct {
			old         task.OldOccurrences
			limit, want int
		}{
			{task.OldOccurrences{}, 9, 0},
			{task.OldOccurrences{Before: noon.Add(3 * time.Hour)}, 2, 2},
			{task.OldOccurrences{Before: noon.Add(3 * time.Hour)}, 2, 1},
			{task.OldOccurrences{Kept: 5, Decided: late}, 9, 0},
			{task.OldOccurrences{Kept: 2, Decided: noon.Add(4 * time.Hour)}, 9, 1},
			{task.OldOccurrences{Kept: 2, Decided: late}, 1, 1},
			{task.OldOccurrences{Kept: 2, Decided: late, Before: noon.Add(time.Hour)}, 9, 1},
			{task.OldOccurrences{Kept: 2, Decided: late}, 9, 0},
		} {
			if n := must(db.PruneOccurrences(ctx, load, step.old, step.limit))(t); n != step.want {
				t.Errorf("step %d: %d went, want %d", i, n, step.want)
			}
		}
		newest := must(db.Occurrences(ctx, task.OccurrenceFilter{Owner: load}, page.Request{}))(t).Items
		if len(newest) != 2 || !newest[0].ScheduledFor.Equal(noon.Add(7*time.Hour)) || left(night) != 8 {
			t.Errorf("left are %+v, and %d of the plan", newest, left(night))
		}
	})
}

func TestTheOwnersOfWhomSomethingIsKeptAreListedWithTheirRules(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		seven, nine := 7, 9
		limit(t, db, func(s *task.Spec) { s.Retention = &task.Retention{Occurrences: &seven} })
		_ = must(db.CreatePlan(ctx, plan.Spec{Name: "night", Nodes: []plan.Node{{Name: "a", Task: "load"}}, Retention: &plan.Retention{Runs: &nine}}, noon))(t)
		for _, owner := range []task.Owner{load, task.TaskOwner("deleted"), task.PlanOwner("night")} {
			occurred(t, db, owner, 2)
		}
		for i, name := range []string{"deleted", "night", "night"} {
			insertPlanRunRow(t, db, fmt.Sprintf("p%d", i), name, "succeeded", noon)
		}
		gone, loads := task.KeptOwner{Name: "deleted"}, task.KeptOwner{Name: "load", Retention: task.Retention{Occurrences: &seven}}
		nights := task.KeptOwner{Name: "night", Retention: task.Retention{Runs: &nine}}
		for name, c := range map[string]struct{ got, want []task.KeptOwner }{
			"tasks": {must(db.KeptOccurrences(ctx, task.OwnerTask, "", 9))(t), []task.KeptOwner{gone, loads}},
			"after": {must(db.KeptOccurrences(ctx, task.OwnerTask, "deleted", 9))(t), []task.KeptOwner{loads}},
			"plans": {must(db.KeptOccurrences(ctx, task.OwnerPlan, "", 9))(t), []task.KeptOwner{nights}},
			"runs":  {must(db.KeptPlans(ctx, "", 9))(t), []task.KeptOwner{gone, nights}},
			"one":   {must(db.KeptPlans(ctx, "", 1))(t), []task.KeptOwner{gone}},
		} {
			if diff := cmp.Diff(c.want, c.got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

// insertPlanRunRow stores the row of a plan run, which has ended at the instant unless its state is running.
func insertPlanRunRow(t testing.TB, db *store.DB, id, of, state string, ended time.Time) {
	t.Helper()
	var at any
	if state != "running" {
		at = ended.UnixMicro()
	}
	check(t, db.Update(context.Background(), func(tx store.Tx) error {
		return tx.Exec(`INSERT INTO plan_run (id, plan, state, cause_kind, cause_by, started_at, ended_at, reason, version)
			VALUES (?, ?, ?, 'manual', '', 1, ?, '', 1)`, id, of, state, at)
	}))
}

func TestRunsOfAPlanGoByAgeAndByNumber(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		for i := range 6 {
			state := "succeeded"
			if i == 1 {
				state = "running"
			}
			insertPlanRunRow(t, db, fmt.Sprintf("p%d", i), "night", state, noon.Add(time.Duration(i)*time.Hour))
			insertPlanRunRow(t, db, fmt.Sprintf("q%d", i), "other", "failed", noon)
		}
		for i, step := range []struct {
			kept            int
			before, settled time.Time
			limit, want     int
		}{
			{0, time.Time{}, late, 9, 0},
			{5, time.Time{}, noon, 9, 0},
			{5, time.Time{}, late, 9, 1},
			{0, noon.Add(4 * time.Hour), late, 1, 1},
			{0, noon.Add(4 * time.Hour), late, 9, 1},
			{1, time.Time{}, late, 9, 1},
		} {
			if n := must(db.PrunePlanRuns(ctx, "night", step.kept, step.before, step.settled, step.limit))(t); n != step.want {
				t.Errorf("step %d: %d went, want %d", i, n, step.want)
			}
		}
		if ids := must(db.PlanRuns(ctx, plan.RunFilter{Plan: "night"}, page.Request{}))(t).Items; len(ids) != 2 || ids[0].ID != "p5" || ids[1].ID != "p1" {
			t.Errorf("left are %+v", ids)
		}
		if others := must(db.PlanRuns(ctx, plan.RunFilter{Plan: "other"}, page.Request{}))(t).Items; len(others) != 6 {
			t.Errorf("of the other plan %d are left", len(others))
		}
	})
}

func TestARunOfAPlanRunThatGoesOnIsKept(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		run := endedRun(t, db)
		insertPlanRunRow(t, db, "p1", "nightly", "running", noon)
		for _, statement := range []string{
			`INSERT INTO plan_node (plan_run, name, position, state, try, run, stop, reason, started_at, ended_at)
				VALUES ('p1', 'extract', 0, 'succeeded', 1, '` + string(run.ID) + `', '', '', 1, 2)`,
		} {
			check(t, db.Update(ctx, func(tx store.Tx) error { return tx.Exec(statement) }))
		}
		if n := must(db.PruneRuns(ctx, oneOf(run.ID), late))(t); n != 0 {
			t.Error("the run was removed")
		}
		if n := must(db.PrunePlanRuns(ctx, "nightly", 0, late, late, 10))(t); n != 0 {
			t.Error("the plan run was removed")
		}
		check(t, db.Update(ctx, func(tx store.Tx) error { return tx.Exec(`UPDATE plan_run SET state = 'succeeded', ended_at = 3`) }))
		if n := must(db.PruneRuns(ctx, oneOf(run.ID), late))(t); n != 1 {
			t.Error("the run stays, although its plan run has ended")
		}
		if n := must(db.PrunePlanRuns(ctx, "nightly", 0, late, late, 10))(t); n != 1 {
			t.Error("the plan run stays")
		}
	})
}
