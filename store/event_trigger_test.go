package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func fileTrigger(name string) task.TriggerSpec {
	return task.TriggerSpec{Name: name, File: &task.FileTrigger{Server: "js-1", Path: "/in", Mask: "*.csv"}}
}

func afterTrigger(name, of string) task.TriggerSpec {
	return task.TriggerSpec{Name: name, After: &task.AfterTrigger{Task: of, On: task.ChainOK}}
}

// eventOf returns an event of a trigger of the task "load", with a run of its own.
func eventOf(trigger, event string) task.Happening {
	run := newRun()
	return task.Happening{Run: &run, Occurrence: task.Occurrence{
		Owner: load, Trigger: trigger, ScheduledFor: noon, Event: event, Run: run.ID, DecidedAt: noon,
	}}
}

func occurrences(t testing.TB, db *store.DB) []task.Occurrence {
	t.Helper()
	return must(db.Occurrences(context.Background(), task.OccurrenceFilter{}, page.Request{Limit: 100}))(t).Items
}

func countRuns(t testing.TB, db *store.DB) int {
	t.Helper()
	return len(must(db.Runs(context.Background(), task.RunFilter{}, page.Request{Limit: 500}))(t).Items)
}

func TestAnEventIsOneOccurrenceWithOneRunHoweverOftenItIsReported(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		must(db.CreateTrigger(ctx, load, fileTrigger("in"), noon))(t)
		first, errs := db.Happen(ctx, []task.Happening{eventOf("in", "a"), eventOf("in", "b"), eventOf("in", "a")}, noon)
		checkAll(t, errs)
		if first[0].Run == "" || first[0].Run != first[2].Run || first[0].Run == first[1].Run {
			t.Fatalf("the runs are %s, %s and %s", first[0].Run, first[1].Run, first[2].Run)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				later := eventOf("in", "a")
				later.Occurrence.ScheduledFor = noon.Add(time.Hour)
				again, errs := db.Happen(ctx, []task.Happening{later}, noon)
				if errs[0] != nil || again[0].Run != first[0].Run || !again[0].ScheduledFor.Equal(noon) {
					t.Errorf("a second report gives %+v (%v)", again[0], errs[0])
				}
			})
		}
		wg.Wait()
		if n, o := countRuns(t, db), len(occurrences(t, db)); n != 2 || o != 2 {
			t.Errorf("there are %d runs and %d occurrences, want 2 and 2", n, o)
		}
	})
}

func TestReportsOfOneEventAtTheSameTimeGiveOneRun(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		must(db.CreateTrigger(ctx, load, fileTrigger("in"), noon))(t)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for i := range 10 {
					_, errs := db.Happen(ctx, []task.Happening{eventOf("in", fmt.Sprint(i))}, noon)
					if errs[0] != nil {
						t.Error(errs[0])
					}
				}
			})
		}
		wg.Wait()
		if n, o := countRuns(t, db), len(occurrences(t, db)); n != 10 || o != 10 {
			t.Errorf("there are %d runs and %d occurrences, want 10 and 10", n, o)
		}
	})
}

func TestAnEventWithoutRunIsRecordedWithTheReason(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		must(db.CreateTrigger(ctx, load, fileTrigger("in"), noon))(t)
		skipped := task.Happening{Occurrence: task.Occurrence{
			Owner: load, Trigger: "in", ScheduledFor: noon, Event: "a", Reason: "the trigger is paused", DecidedAt: noon,
		}}
		_, errs := db.Happen(ctx, []task.Happening{skipped}, noon)
		checkAll(t, errs)
		got := occurrences(t, db)
		if len(got) != 1 || got[0].Reason != "the trigger is paused" || got[0].Run != "" {
			t.Fatalf("got %+v", got)
		}
		events := must(db.Events(ctx, task.EventFilter{Kinds: []string{"occurrence.skipped"}}, 10))(t)
		if len(events) != 1 || events[0].Reason != "the trigger is paused" || events[0].Task != "load" {
			t.Errorf("the events are %+v", events)
		}
		_, errs = db.Happen(ctx, []task.Happening{eventOf("gone", "a")}, noon)
		wantKind(t, errs[0], fault.NotFound)
		if n := countRuns(t, db); n != 0 {
			t.Errorf("there are %d runs, want none", n)
		}
	})
}

func TestAnEventThatTheLimitsOfItsTaskRefuseIsRecordedWithTheReason(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		must(db.CreateTrigger(ctx, load, fileTrigger("in"), noon))(t)
		busy := func(event string) task.Happening {
			h := eventOf("in", event)
			h.Run.Spec.MaxConcurrent, h.Run.Spec.WhenBusy = 1, task.BusySkip
			return h
		}
		for _, event := range []string{"a", "b", "b"} {
			_, errs := db.Happen(ctx, []task.Happening{busy(event)}, noon)
			checkAll(t, errs)
		}
		got := occurrences(t, db)
		if len(got) != 2 || got[0].Event != "b" || got[0].Run != "" || got[0].Reason == "" || got[1].Run == "" {
			t.Errorf("the occurrences are %+v", got)
		}
		if n := countRuns(t, db); n != 1 {
			t.Errorf("there are %d runs, want 1", n)
		}
	})
}

func TestAnEventTriggerIsReadWithWhatItStartsAndItsPauses(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		must(db.CreateTrigger(ctx, load, fileTrigger("in"), noon))(t)
		d := must(db.EventTrigger(ctx, load, "in"))(t)
		if d.Task == nil || d.Task.Name != "load" || d.Trigger.Pause != nil || d.Trigger.File.Path != "/in" {
			t.Fatalf("got %+v", d)
		}
		check(t, db.PauseTriggers(ctx, load, "broken", "ops", noon))
		if d = must(db.EventTrigger(ctx, load, "in"))(t); d.Trigger.Pause == nil || d.Trigger.Pause.Reason != "broken" {
			t.Errorf("the pause is %+v", d.Trigger.Pause)
		}
		_, err := db.EventTrigger(ctx, load, "none")
		wantKind(t, err, fault.NotFound)
	})
}

func TestAnEventThatWasDecidedBeforeAPauseStartsNothing(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		for _, name := range []string{"in", "out"} {
			must(db.CreateTrigger(ctx, load, fileTrigger(name), noon))(t)
		}
		must(db.PauseTrigger(ctx, load, "out", "", "ops", noon))(t)
		check(t, db.PauseTriggers(ctx, load, "run 7 failed", "pause_on_error", noon))
		hs := []task.Happening{eventOf("in", "a"), eventOf("out", "a")}
		stored, errs := db.Happen(ctx, hs, noon)
		checkAll(t, errs)
		for i, want := range []string{"its triggers are paused: run 7 failed", "the trigger is paused"} {
			if o := stored[i]; o.Run != "" || !strings.HasPrefix(o.Reason, want) {
				t.Errorf("stored %+v, want none for %q", o, want)
			}
		}
		if n := countRuns(t, db); n != 0 {
			t.Errorf("%d runs were made", n)
		}
		check(t, db.ResumeTriggers(ctx, load, "ops", noon))
		// It was settled then, and is so for good.
		again, errs := db.Happen(ctx, hs[:1], noon)
		checkAll(t, errs)
		if again[0].Run != "" || countRuns(t, db) != 0 {
			t.Errorf("the same event makes %+v after the pause", again[0])
		}
	})
}

func TestTriggersThatWaitForWhatDoesNotExistAreRefused(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		for field, s := range map[string]task.TriggerSpec{
			"file.server":         {Name: "x", File: &task.FileTrigger{Server: "none", Path: "/in"}},
			"file.virtual_server": {Name: "x", File: &task.FileTrigger{VirtualServer: "none", Path: "/in"}},
			"after.task":          afterTrigger("x", "none"),
		} {
			_, err := db.CreateTrigger(ctx, load, s, noon)
			if fields := fault.Fields(err); len(fields) != 1 || fields[0].Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
	})
}

func TestChainsAreKeptFreeOfLoopsOverEditsAndDeletions(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		for _, name := range []string{"b", "c", "d"} {
			must(db.CreateTask(ctx, loadSpec(name), noon))(t)
		}
		chain := func(of, after string) error {
			_, err := db.CreateTrigger(ctx, task.TaskOwner(of), afterTrigger("after", after), noon)
			return err
		}
		check(t, chain("b", "load"))
		check(t, chain("c", "b"))
		err := chain("load", "c")
		if err == nil || !strings.Contains(err.Error(), "load → b → c → load") {
			t.Fatalf("a loop gives %v", err)
		}
		to := func(after string) func(*task.TriggerSpec) error {
			return func(s *task.TriggerSpec) error { s.After.Task = after; return nil }
		}
		_, err = db.EditTrigger(ctx, task.TaskOwner("b"), "after", 0, noon, to("c"))
		if err == nil || !strings.Contains(err.Error(), "b → c → b") {
			t.Fatalf("an edit that closes a loop gives %v", err)
		}
		must(db.EditTrigger(ctx, task.TaskOwner("b"), "after", 0, noon, to("d")))(t)
		check(t, chain("load", "c"))
		check(t, db.DeleteTrigger(ctx, task.TaskOwner("c"), "after", 0, noon))
		wantKind(t, chain("d", "b"), fault.Invalid)
		check(t, db.DeleteTrigger(ctx, task.TaskOwner("b"), "after", 0, noon))
		check(t, chain("d", "b"))
		for _, test := range []struct {
			of   []string
			want string
		}{{nil, ""}, {[]string{"d", "c"}, "load"}, {[]string{"b", "c", "load"}, "d load"}} {
			var names []string
			for _, d := range must(db.Followers(ctx, test.of))(t) {
				names = append(names, d.Trigger.Owner.Name)
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("%q follow %v, want %q", got, test.of, test.want)
			}
		}
	})
}

func TestTwoTriggersMadeAtTheSameTimeCloseNoLoop(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		for i := range 10 {
			a, b := fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i)
			must(db.CreateTask(ctx, loadSpec(a), noon))(t)
			must(db.CreateTask(ctx, loadSpec(b), noon))(t)
			var wg sync.WaitGroup
			errs := make([]error, 2)
			for j, pair := range [][2]string{{a, b}, {b, a}} {
				wg.Go(func() {
					_, errs[j] = db.CreateTrigger(ctx, task.TaskOwner(pair[0]), afterTrigger("after", pair[1]), noon)
				})
			}
			wg.Wait()
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("of two triggers that close a loop together the errors are %v", errs)
			}
		}
	})
}

func TestWhatTriggersWaitForIsNotDeleted(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		joinServer(t, db, "js-2")
		must(db.CreateVirtualServer(ctx, virtualserver.Spec{Name: "landing"}, noon))(t)
		must(db.CreateTask(ctx, loadSpec("first"), noon))(t)
		for i := range 5 {
			must(db.CreateTrigger(ctx, load, afterTrigger(fmt.Sprint("next-", i), "first"), noon))(t)
		}
		onServer, onGroup := fileTrigger("on-server"), fileTrigger("on-group")
		onServer.File.Server, onGroup.File.Server, onGroup.File.VirtualServer = "js-2", "", "landing"
		must(db.CreateTrigger(ctx, load, onServer, noon))(t)
		must(db.CreateTrigger(ctx, load, onGroup, noon))(t)
		remove := map[string]func() error{
			"load/next-0, load/next-1, load/next-2, 2 more": func() error { return db.DeleteTask(ctx, "first", 0, noon) },
			"load/on-server": func() error { return db.DeleteServer(ctx, "js-2", 0, noon) },
			"load/on-group":  func() error { return db.DeleteVirtualServer(ctx, "landing", 0, noon) },
		}
		for names, do := range remove {
			err := do()
			wantKind(t, err, fault.Conflict)
			if !strings.Contains(err.Error(), names) {
				t.Errorf("the error %q does not name %s", err, names)
			}
		}
		check(t, db.DeleteTask(ctx, "load", 0, noon))
		for names, do := range remove {
			if err := do(); err != nil {
				t.Errorf("without %s: %v", names, err)
			}
		}
	})
}

func TestWhatFollowsFromEndsIsStoredWithThePositionOrNotAtAll(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		must(db.CreateTask(ctx, loadSpec("first"), noon))(t)
		must(db.CreateTrigger(ctx, load, afterTrigger("next", "first"), noon))(t)
		at := must(db.Position(ctx, "run-ends"))(t)
		hs := []task.Happening{eventOf("next", "7 failed 1"), eventOf("gone", "7 failed 1")}
		_, err := db.Follow(ctx, "run-ends", at+1, at+2, hs, noon)
		wantKind(t, err, fault.Conflict)
		if n := countRuns(t, db); n != 0 {
			t.Fatalf("%d runs are stored without the position", n)
		}
		stored := must(db.Follow(ctx, "run-ends", at, at+2, hs, noon))(t)
		if stored[0].Run != hs[0].Run.ID || stored[1].Run != "" {
			t.Errorf("stored is %+v", stored)
		}
		if got := must(db.Position(ctx, "run-ends"))(t); got != at+2 {
			t.Errorf("the position is %d, want %d", got, at+2)
		}
		_, err = db.Follow(ctx, "run-ends", at, at+2, hs, noon)
		wantKind(t, err, fault.Conflict)
		if n := countRuns(t, db); n != 1 {
			t.Errorf("there are %d runs, want 1", n)
		}
	})
}

func TestAWebhookHasOneAddressAndGoesWithItsTrigger(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		must(db.CreateTrigger(ctx, load, task.TriggerSpec{Name: "hook", Webhook: &task.WebhookTrigger{}}, noon))(t)
		if s := must(db.Webhook(ctx, load, "hook"))(t); s != (task.WebhookState{}) {
			t.Errorf("before it was made it is %+v", s)
		}
		check(t, db.SetWebhook(ctx, load, "hook", "one", "key-1", noon))
		check(t, db.SetWebhook(ctx, load, "hook", "two", "", noon.Add(time.Hour)))
		_, _, err := db.WebhookByAddress(ctx, "one")
		wantKind(t, err, fault.NotFound)
		d, key, err := db.WebhookByAddress(ctx, "two")
		check(t, err)
		if d.Trigger.Name != "hook" || d.Task == nil || key != "key-1" {
			t.Errorf("got %+v with the key %q", d, key)
		}
		check(t, db.SetWebhook(ctx, load, "hook", "", "key-2", noon.Add(2*time.Hour)))
		check(t, db.RefuseWebhook(ctx, load, "hook", noon))
		check(t, db.RefuseWebhook(ctx, load, "hook", noon.Add(time.Minute)))
		s := must(db.Webhook(ctx, load, "hook"))(t)
		if !s.HasKey || s.Refused != 2 || !s.RefusedAt.Equal(noon.Add(time.Minute)) || !s.MadeAt.Equal(noon.Add(time.Hour)) {
			t.Errorf("it is %+v", s)
		}
		check(t, db.DeleteTrigger(ctx, load, "hook", 0, noon))
		_, _, err = db.WebhookByAddress(ctx, "two")
		wantKind(t, err, fault.NotFound)
		wantKind(t, db.SetWebhook(ctx, load, "hook", "three", "", noon), fault.NotFound)
	})
}

func TestWhatAgentsSayOfAFolderIsKeptByServer(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		must(db.CreateTrigger(ctx, load, task.TriggerSpec{Name: "in", File: &task.FileTrigger{VirtualServer: "etl", Path: "/in"}}, noon))(t)
		if all := must(db.FileTriggers(ctx))(t); len(all) != 1 || all[0].Name != "in" || all[0].File.VirtualServer != "etl" {
			t.Fatalf("the file triggers are %+v", all)
		}
		say := func(server, problem string, files int) {
			check(t, db.TellWatches(ctx, server, []jobserver.WatchState{
				{OwnerKind: "task", Owner: "load", Trigger: "in", Files: files, Pending: 1, Problem: problem},
				{OwnerKind: "task", Owner: "load", Trigger: "gone"},
			}, noon))
		}
		say("js-2", "permission denied", 0)
		say("js-1", "", 3)
		say("js-2", "", 4)
		got := must(db.Watches(ctx, load, "in"))(t)
		if len(got) != 2 || got[0].Server != "js-1" || got[0].Files != 3 || got[1].Files != 4 || got[1].Problem != "" || got[1].Pending != 1 {
			t.Errorf("got %+v", got)
		}
	})
}
