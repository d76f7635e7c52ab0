package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

func TestRuns(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		queued := insert(t, db)
		other := newRun()
		other.Task, other.Spec.Target = "other", task.Target{Server: "js-2"}
		must2(db.InsertRun(ctx, other, ""))(t)
		running, _ := startRun(t, db, "js-1")
		succeeded, ref := startRun(t, db, "js-2")
		deliver(t, db, "js-2", ref, exited(1, 0))
		failed, ref := startRun(t, db, "js-1")
		deliver(t, db, "js-1", ref, exited(1, 1))

		cases := []struct {
			claim  string
			filter task.RunFilter
			want   []task.RunID
		}{
			{"all", task.RunFilter{}, []task.RunID{failed.ID, succeeded.ID, running.ID, other.ID, queued.ID}},
			{"with a part of the task's name", task.RunFilter{Query: "the"}, []task.RunID{other.ID}},
			{"with a part of the id", task.RunFilter{Query: strings.ToLower(string(queued.ID))}, []task.RunID{queued.ID}},
			{"with no wildcards", task.RunFilter{Query: "o%r"}, []task.RunID{}},
			{"with a cause", task.RunFilter{Causes: []task.CauseKind{task.CauseManual, task.CausePlan}, Task: "other"}, []task.RunID{other.ID}},
			{"with another cause", task.RunFilter{Causes: []task.CauseKind{task.CausePlan}}, []task.RunID{}},
			{"of a task", task.RunFilter{Task: "other"}, []task.RunID{other.ID}},
			{"in a state", task.RunFilter{States: []task.State{task.Running}}, []task.RunID{running.ID}},
			{"in several states", task.RunFilter{States: []task.State{task.Succeeded, task.Queued, task.Failed, task.Queued}}, []task.RunID{failed.ID, succeeded.ID, other.ID, queued.ID}},
			{"on a server", task.RunFilter{Server: "js-1"}, []task.RunID{failed.ID, running.ID}},
			{"of a virtual server", task.RunFilter{VirtualServer: "etl"}, []task.RunID{failed.ID, succeeded.ID, running.ID, queued.ID}},
			{"since an instant, before another", task.RunFilter{Since: running.QueuedAt, Until: failed.QueuedAt}, []task.RunID{succeeded.ID, running.ID}},
			{"by several filters", task.RunFilter{Task: "load", Server: "js-1", States: []task.State{task.Failed, task.Succeeded}}, []task.RunID{failed.ID}},
			{"none", task.RunFilter{Task: "nosuch"}, []task.RunID{}},
		}
		for _, c := range cases {
			t.Run(c.claim, func(t *testing.T) {
				for _, limit := range []int{1, 2, 50} {
					var got []task.RunID
					p := page.Request{Limit: limit}
					for {
						some := must(db.Runs(ctx, c.filter, p))(t)
						if len(some.Items) > limit {
							t.Fatalf("a page has %d runs, want at most %d", len(some.Items), limit)
						}
						got = append(got, ids(some.Items)...)
						if p.Cursor = some.Next; p.Cursor == "" {
							break
						}
					}
					if !slices.Equal(got, c.want) {
						t.Errorf("with pages of %d: got %q, want %q", limit, got, c.want)
					}
				}
			})
		}
		t.Run("tell target and policy without the frozen spec", func(t *testing.T) {
			got := must(db.Runs(ctx, task.RunFilter{Task: "other"}, page.Request{}))(t).Items[0]
			want := task.Spec{Name: "other", Target: task.Target{Server: "js-2"}, OnUnavailable: &waits}
			if diff := cmp.Diff(want, got.Spec); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
		t.Run("refuse a state that does not exist", func(t *testing.T) {
			_, err := db.Runs(ctx, task.RunFilter{States: []task.State{"flying"}}, page.Request{})
			wantKind(t, err, fault.Invalid)
		})
	})
}

func TestABrokenCursorIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		for range 3 {
			insert(t, db)
		}
		ofRuns := must(db.Runs(ctx, task.RunFilter{}, page.Request{Limit: 1}))(t).Next
		// Not base64; no kind; a kind without a key; a key that is no text.
		for _, cursor := range []string{"!", "AAAA", "cnVuczo", "cnVuczoA"} {
			_, err := db.Runs(ctx, task.RunFilter{}, page.Request{Cursor: cursor})
			wantCursorError(t, err)
		}
		_, err := db.Tasks(ctx, task.Filter{}, page.Request{Cursor: ofRuns})
		wantCursorError(t, err)
		_, err = db.RunEvents(ctx, "01RUN", page.Request{Cursor: ofRuns})
		wantCursorError(t, err)
	})
}

func wantCursorError(t testing.TB, err error) {
	t.Helper()
	if fields := fault.Fields(err); len(fields) != 1 || fields[0].Field != "cursor" {
		t.Errorf("got error %v, want one about the field cursor", err)
	}
}

func TestOpenAttempts(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		due := noon.Add(-time.Minute)
		run := newRun()
		run.ScheduledFor = &due
		must2(db.InsertRun(ctx, run, ""))(t)
		offered := assign(t, db, run.ID, 1, "js-1")
		_, running := startRun(t, db, "js-2")
		_, ended := startRun(t, db, "js-2")
		deliver(t, db, "js-2", ended, exited(1, 0))

		all := must(db.OpenAttempts(ctx, ""))(t)
		if len(all) != 2 || all[0].Run != offered.Run || all[1].Run != running.Run {
			t.Fatalf("got %+v, want the offered and the running one", all)
		}
		got := all[0]
		if got.State != task.AttemptOffered || got.RunState != task.Starting || got.Task != "load" || !got.ScheduledFor.Equal(due) ||
			got.Need.CPU != 1 || got.Need.Slots != 1 || got.Need.Source != "assumed" {
			t.Errorf("got %+v, want all that an offer needs", got)
		}
		if diff := cmp.Diff(run.Spec, got.Spec); diff != "" {
			t.Errorf("spec (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(run.Params, got.Params); diff != "" {
			t.Errorf("params (-want +got):\n%s", diff)
		}
		if one := must(db.OpenAttempts(ctx, "js-2"))(t); len(one) != 1 || one[0].Run != running.Run || one[0].Instance != "instance-1" {
			t.Errorf("got %+v on js-2, want the running one", one)
		}
	})
}

func TestEvents(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		if got := must(db.LastEvent(ctx))(t); got != 0 {
			t.Errorf("the newest event of an empty store is %d", got)
		}
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		deliver(t, db, "js-1", ref, exited(1, 0))
		list := func(f task.EventFilter, limit int) []string {
			t.Helper()
			kinds := []string{}
			for _, e := range must(db.Events(ctx, f, limit))(t) {
				kinds = append(kinds, e.Kind)
			}
			return kinds
		}
		all := []string{
			"server.joined", "server.online", "virtual_server.created", "task.created",
			"run.queued", "run.starting", "run.running", "run.succeeded",
		}
		events := must(db.Events(ctx, task.EventFilter{}, 0))(t)
		cases := []struct {
			claim  string
			filter task.EventFilter
			limit  int
			want   []string
		}{
			{"all, oldest first", task.EventFilter{}, 0, all},
			{"after one", task.EventFilter{After: events[5].ID}, 0, all[6:]},
			{"the first few", task.EventFilter{}, 3, all[:3]},
			{"by the beginning of their kind", task.EventFilter{Kinds: []string{"server.", "task."}}, 0, []string{all[0], all[1], all[3]}},
			{"by a whole kind", task.EventFilter{Kinds: []string{"run.running", "run"}}, 0, []string{"run.running"}},
			{"of a subject", task.EventFilter{Subject: string(run.ID)}, 0, all[4:]},
			{"of a task", task.EventFilter{Task: "load"}, 0, all[3:]},
			{"newest first", task.EventFilter{Newest: true}, 2, []string{all[7], all[6]}},
			{"newest first, before one", task.EventFilter{Newest: true, Before: events[2].ID}, 0, []string{all[1], all[0]}},
		}
		for _, c := range cases {
			t.Run(c.claim, func(t *testing.T) {
				if diff := cmp.Diff(c.want, list(c.filter, c.limit)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
		if got := must(db.LastEvent(ctx))(t); got != events[7].ID {
			t.Errorf("the newest event is %d, want %d", got, events[7].ID)
		}
		t.Run("of a run come a page at a time", func(t *testing.T) {
			first := must(db.RunEvents(ctx, run.ID, page.Request{Limit: 3}))(t)
			second := must(db.RunEvents(ctx, run.ID, page.Request{Limit: 3, Cursor: first.Next}))(t)
			if len(first.Items) != 3 || len(second.Items) != 1 || second.Items[0].Kind != "run.succeeded" || second.Next != "" {
				t.Errorf("got pages %+v and %+v", first, second)
			}
		})
		t.Run("of a run that does not exist are not found", func(t *testing.T) {
			_, err := db.RunEvents(ctx, "nosuch", page.Request{})
			wantKind(t, err, fault.NotFound)
		})
	})
}

// TestEventsAppearInOrder follows the events as a live view does, with several writers at work, and must not miss one.
func TestEventsAppearInOrder(t *testing.T) {
	onEachURL(t, func(t *testing.T, url string) {
		ctx := context.Background()
		writers := []*store.DB{open(t, url, store.Options{})}
		if len(url) > 9 && url[:8] == "postgres" { // SQLite has one owner.
			writers = append(writers, open(t, url, store.Options{}))
		}
		const each = 150
		done := make(chan struct{})
		go func() {
			defer close(done)
			finished := make(chan struct{})
			for n := range 16 {
				go func() {
					defer func() { finished <- struct{}{} }()
					for range each {
						if _, _, err := writers[n%len(writers)].InsertRun(ctx, newRun(), ""); err != nil {
							t.Errorf("insert: %v", err)
						}
					}
				}()
			}
			for range 16 {
				<-finished
			}
		}()
		var last int64
		seen := 0
		follow := func() {
			for _, e := range must(writers[0].Events(ctx, task.EventFilter{After: last}, 1000))(t) {
				last = e.ID
				seen++
			}
		}
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			follow()
		}
		for before := -1; before != seen; {
			before = seen
			follow()
		}
		if seen != 16*each {
			t.Errorf("a follower saw %d events, want all %d", seen, 16*each)
		}
	})
}

func TestStats(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		joinServer(t, db, "js-2")
		oldest := insert(t, db)
		insert(t, db)
		_, ref := startRun(t, db, "js-1")
		deliver(t, db, "js-1", ref, exited(1, 0))
		startRun(t, db, "js-1")
		got := must(db.Stats(ctx))(t)
		if got.QueueLength != 2 || !got.OldestQueuedAt.Equal(oldest.QueuedAt) || got.RunsByState[task.Queued] != 2 ||
			got.RunsByState[task.Running] != 1 || got.RunsByState[task.Succeeded] != 1 || len(got.RunsByState) != len(task.States()) {
			t.Errorf("got %+v", got)
		}
		if diff := cmp.Diff(map[string]int64{"online": 1, "never_seen": 1}, got.ServersByState); diff != "" {
			t.Errorf("servers (-want +got):\n%s", diff)
		}
	})
}

func TestUsage(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		check(t, db.SaveUsage(ctx, map[string]task.Usage{"a": {CPU: 1, Memory: 2, Runs: 3}, "b": {CPU: 4}}, noon))
		check(t, db.SaveUsage(ctx, map[string]task.Usage{"a": {CPU: 1.5, Memory: 1 << 40, Runs: 4}}, noon))
		want := map[string]task.Usage{"a": {CPU: 1.5, Memory: 1 << 40, Runs: 4}, "b": {CPU: 4}}
		if diff := cmp.Diff(want, must(db.Usage(ctx))(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestManyNamesPageByPage(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		want := []string{"load"}
		// Names whose order differs between a database's language and their bytes.
		for _, name := range []string{"a-b", "a.b", "a_b", "ab", "a1", "b"} {
			must(db.CreateTask(ctx, loadSpec(name), noon))(t)
			want = append(want, name)
		}
		slices.Sort(want)
		var got []string
		for p := (page.Request{Limit: 2}); ; {
			some := must(db.Tasks(ctx, task.Filter{}, p))(t)
			for _, s := range some.Items {
				got = append(got, s.Name)
			}
			if p.Cursor = some.Next; p.Cursor == "" {
				break
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %q, want %q", got, want)
		}
		found := must(db.Tasks(ctx, task.Filter{Query: "A_"}, page.Request{}))(t).Items
		if len(found) != 1 || found[0].Name != "a_b" {
			t.Errorf("a query with an underscore found %+v, want a_b alone", found)
		}
	})
}
