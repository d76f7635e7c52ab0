package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func TestWhatRunsUseIsKept(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		point := func(second int, cpu float64) task.LoadPoint {
			return task.LoadPoint{
				Ref: ref, At: noon.Add(time.Duration(second) * time.Second), Length: 5 * time.Second, CPU: cpu, Memory: 1 << 33, Processes: 2,
			}
		}
		gone := point(5, 1)
		gone.Run = "01GONE"
		check(t, db.RecordRunLoad(ctx, []task.LoadPoint{point(10, 0.5), point(5, 1.25), gone, point(5, 9)}))
		check(t, db.RecordRunLoad(ctx, []task.LoadPoint{point(10, 7)}))
		want := []task.LoadPoint{point(5, 1.25), point(10, 0.5)}
		if diff := cmp.Diff(want, must(db.RunLoad(ctx, run.ID))(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got := must(db.RunLoad(ctx, gone.Run))(t); len(got) != 0 {
			t.Errorf("got %+v of a run that does not exist", got)
		}
	})
}

func TestTheLatestRunOfEachTask(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		must(db.CreateTask(ctx, loadSpec("idle"), noon))(t)
		must(db.CreateTask(ctx, loadSpec("other"), noon))(t)
		insert(t, db)
		last := insert(t, db)
		other := newRun()
		other.Task = "other"
		must2(db.InsertRun(ctx, other, ""))(t)
		got := must(db.LatestRuns(ctx, []string{"load", "idle", "nosuch"}))(t)
		if len(got) != 1 || got["load"].ID != last.ID || got["load"].State != task.Queued {
			t.Errorf("got %+v, want %s of load alone", got, last.ID)
		}
		if got := must(db.LatestRuns(ctx, nil))(t); len(got) != 0 {
			t.Errorf("got %+v for no task", got)
		}
	})
}

// timedRun starts a run of a task that was requested at the instant, and ends its attempt if length is not 0.
func timedRun(t *testing.T, db *store.DB, name, server string, at time.Time, length time.Duration) task.Ref {
	t.Helper()
	ctx := context.Background()
	run := newRun()
	n := run.ID[len(run.ID)-8:]
	run.Task, run.QueuedAt, run.ID = name, at, task.FirstRunID(at)[:18]+n
	must2(db.InsertRun(ctx, run, ""))(t)
	a := assignment(run.ID, 1, server)
	checkAll(t, db.AssignRuns(ctx, []virtualserver.Assignment{a}, at))
	checkAll(t, db.ClaimAttempts(ctx, server, "instance-1", []task.Ref{a.Ref}, at.Add(time.Second)))
	if length > 0 {
		d := []task.Delivery{{Ref: a.Ref, Records: []task.Record{exited(1, 0)}}}
		must(db.Deliver(ctx, server, d, at.Add(length)))(t)
	}
	return a.Ref
}

func TestSpansOfAStretchOfTime(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		const hour = time.Hour
		timedRun(t, db, "load", "js-1", noon.Add(-3*hour), hour) // Over before the stretch.
		ancient := timedRun(t, db, "load", "js-1", noon.Add(-30*24*hour), 0)
		into := timedRun(t, db, "load", "js-1", noon.Add(-2*hour), 90*time.Minute)
		within := timedRun(t, db, "other", "js-2", noon.Add(-30*time.Minute), time.Minute)
		open := timedRun(t, db, "load", "js-2", noon.Add(-20*time.Minute), 0)
		timedRun(t, db, "load", "js-1", noon.Add(time.Minute), 0) // Begins after it.
		stretch := task.SpanFilter{From: noon.Add(-hour), To: noon}
		on := func(change func(*task.SpanFilter)) task.SpanFilter {
			f := stretch
			change(&f)
			return f
		}
		for _, c := range []struct {
			claim  string
			filter task.SpanFilter
			want   []task.Ref
		}{
			{"all", stretch, []task.Ref{open, within, into, ancient}},
			{"of a task", on(func(f *task.SpanFilter) { f.Task = "other" }), []task.Ref{within}},
			{"on a server", on(func(f *task.SpanFilter) { f.Server = "js-1" }), []task.Ref{into, ancient}},
			{"earlier", on(func(f *task.SpanFilter) { f.To = noon.Add(-40 * time.Minute) }), []task.Ref{into, ancient}},
		} {
			for _, limit := range []int{1, 2, 100} {
				t.Run(fmt.Sprintf("%s, %d at once", c.claim, limit), func(t *testing.T) {
					var got []task.Ref
					for cursor := ""; ; {
						some := must(db.Spans(ctx, c.filter, limit, cursor))(t)
						for _, s := range some.Items {
							got = append(got, s.Ref)
						}
						if cursor = some.Next; cursor == "" {
							break
						}
					}
					if !slices.Equal(got, c.want) {
						t.Errorf("got %v, want %v", got, c.want)
					}
				})
			}
		}
		t.Run("with begin, end and state", func(t *testing.T) {
			got := must(db.Spans(ctx, stretch, 100, ""))(t).Items
			end := noon.Add(-29 * time.Minute)
			want := task.Span{
				Ref: within, Task: "other", Server: "js-2", State: task.AttemptSucceeded, From: noon.Add(-30*time.Minute + time.Second), To: &end,
			}
			if diff := cmp.Diff(want, got[1]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got[0].To != nil || got[0].State != task.AttemptRunning {
				t.Errorf("got %+v, want it running without an end", got[0])
			}
		})
		t.Run("refuse a cursor of another list", func(t *testing.T) {
			_, err := db.Spans(ctx, stretch, 1, "cnVuczowMUE")
			wantKind(t, err, fault.Invalid)
		})
	})
}
