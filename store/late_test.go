package store_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

func TestALateRunIsToldOfOnceForEachThingExpected(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		expect := task.Expect{StartWithin: task.Duration(10 * time.Minute), FinishWithin: task.Duration(time.Hour)}
		insert := func(id task.RunID) {
			run := newRun()
			run.ID, run.ScheduledFor = id, &noon
			run.Spec.Expect = expect
			_, _, err := db.InsertRun(ctx, run, "")
			check(t, err)
		}
		insert("01WAITS")
		insert("01CANCELLED")
		_, err := db.CancelRun(ctx, "01CANCELLED", "ops", noon.Add(time.Minute))
		check(t, err)
		tell := func(at time.Duration, want int) {
			t.Helper()
			if got := must(db.TellLate(ctx, noon.Add(at), 100))(t); got != want {
				t.Errorf("looked at %d after %s, want %d", got, at, want)
			}
		}
		tell(10*time.Minute-time.Millisecond, 0)
		tell(10*time.Minute, 2)
		tell(10*time.Minute, 0)
		tell(2*time.Hour, 2)
		tell(24*time.Hour, 0)
		events := must(db.Events(ctx, task.EventFilter{Kinds: []string{"run.late"}}, 0))(t)
		if len(events) != 2 {
			t.Fatalf("got %v, want one event for the start and one for the end of one run", events)
		}
		for i, want := range []task.Expectation{task.ExpectStart, task.ExpectFinish} {
			var data task.Late
			check(t, json.Unmarshal(events[i].Data, &data))
			due := noon.Add(map[task.Expectation]time.Duration{task.ExpectStart: 10 * time.Minute, task.ExpectFinish: time.Hour}[want])
			if e := events[i]; e.Subject != "01WAITS" || e.Task != "load" || data.Expected != want || !data.Due.Equal(due) || e.To != task.Queued {
				t.Errorf("got %+v with %s, want %s by %s", e, e.Data, want, due)
			}
		}
	})
}

func TestARunThatWasLateWhileNobodyLookedIsToldOfWithWhatBecameOfIt(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		for id, ended := range map[task.RunID]time.Duration{"01INTIME": time.Hour, "01LATE": time.Hour + time.Second} {
			run := newRun()
			run.ID, run.ScheduledFor = id, &noon
			run.Spec.Expect = task.Expect{FinishWithin: task.Duration(time.Hour)}
			_, _, err := db.InsertRun(ctx, run, "")
			check(t, err)
			_, err = db.CancelRun(ctx, id, "ops", noon.Add(ended))
			check(t, err)
		}
		if got := must(db.TellLate(ctx, noon.Add(3*time.Hour), 100))(t); got != 2 {
			t.Fatalf("looked at %d, want 2", got)
		}
		events := must(db.Events(ctx, task.EventFilter{Kinds: []string{"run.late"}}, 0))(t)
		if len(events) != 1 || events[0].Subject != "01LATE" || !strings.Contains(events[0].Reason, "13:00:01") {
			t.Errorf("got %+v, want the one that ended a second late, and when", events)
		}
	})
}
