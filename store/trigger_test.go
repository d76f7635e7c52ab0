package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

var load = task.TaskOwner("load")

func hourly(name string) task.TriggerSpec { return task.TriggerSpec{Name: name, Cron: "0 * * * *"} }

// createTrigger gives the task "load" a trigger.
func createTrigger(t testing.TB, db *store.DB, s task.TriggerSpec) task.Trigger {
	t.Helper()
	return must(db.CreateTrigger(context.Background(), load, s, noon))(t)
}

func getTrigger(t testing.TB, db *store.DB, name string) task.Trigger {
	t.Helper()
	return must(db.Trigger(context.Background(), load, name))(t)
}

// wantField fails the test unless exactly that field was refused.
func wantField(t testing.TB, err error, field string) {
	t.Helper()
	if fields := fault.Fields(err); len(fields) != 1 || fields[0].Field != field {
		t.Errorf("got %v, want %s refused", err, field)
	}
}

func wantNext(t testing.TB, tr task.Trigger, want time.Time) {
	t.Helper()
	switch {
	case want.IsZero() && tr.Next == nil && tr.DueAt == nil:
	case want.IsZero() || tr.Next == nil || tr.DueAt == nil:
		t.Fatalf("trigger %s is due next at %v, want %v", tr.Name, tr.Next, want)
	case !tr.Next.Equal(want):
		t.Fatalf("trigger %s is due next at %s, want %s", tr.Name, tr.Next, want)
	}
}

func TestATriggerIsKeptWithItsNextTime(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		at := noon.Add(90 * time.Minute)
		createTrigger(t, db, hourly("hourly"))
		createTrigger(t, db, task.TriggerSpec{Name: "every", Every: task.Duration(10 * time.Minute), Params: map[string]string{"date": "2026-02-02"}})
		createTrigger(t, db, task.TriggerSpec{Name: "once", At: &at})
		createTrigger(t, db, task.TriggerSpec{Name: "past", At: &noon})
		createTrigger(t, db, task.TriggerSpec{Name: "held", Cron: "@daily", Paused: true})
		createTrigger(t, db, task.TriggerSpec{Name: "hook", Webhook: &task.WebhookTrigger{}})
		for name, want := range map[string]time.Time{
			"hourly": noon.Add(time.Hour), "every": noon.Add(10 * time.Minute), "once": at, "past": {}, "held": {}, "hook": {},
		} {
			wantNext(t, getTrigger(t, db, name), want)
		}
		if p := getTrigger(t, db, "held").Pause; p == nil || p.Level != task.PauseTrigger {
			t.Errorf("a paused trigger has the pause %v", p)
		}
		_, err := db.CreateTrigger(ctx, load, hourly("hourly"), noon)
		wantKind(t, err, fault.Conflict)
		_, err = db.CreateTrigger(ctx, task.TaskOwner("nosuch"), hourly("a"), noon)
		wantKind(t, err, fault.NotFound)
		for field, s := range map[string]task.TriggerSpec{
			"calendar":      {Name: "a", Cron: "@daily", Calendar: "nosuch"},
			"params.nosuch": {Name: "a", Cron: "@daily", Params: map[string]string{"nosuch": "1"}},
		} {
			_, err := db.CreateTrigger(ctx, load, s, noon)
			if fields := fault.Fields(err); len(fields) != 1 || fields[0].Field != field {
				t.Errorf("got %v, want %s refused", err, field)
			}
		}
	})
}

func TestATaskOrPlanIsStoredWithAllOfItsTriggersOrNotAtAll(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		spec, night := loadSpec("sums"), plan.Spec{Name: "night", Nodes: []plan.Node{{Name: "a", Task: "load"}}}
		bad := []task.TriggerSpec{hourly("good"), {Name: "bad", Cron: "@daily", Calendar: "nosuch"}}
		before := must(db.LastEvent(ctx))(t)
		_, err := db.CreateTaskWithTriggers(ctx, spec, bad, noon)
		wantField(t, err, "triggers[1].calendar")
		_, err = db.CreatePlanWithTriggers(ctx, night, bad, noon)
		wantField(t, err, "triggers[1].calendar")
		_, err = db.Task(ctx, "sums")
		wantKind(t, err, fault.NotFound)
		_, err = db.Plan(ctx, "night")
		wantKind(t, err, fault.NotFound)
		if all := must(db.Triggers(ctx, task.TriggerFilter{}, page.Request{}))(t).Items; len(all) != 0 || must(db.LastEvent(ctx))(t) != before {
			t.Errorf("what was refused left the triggers %v", all)
		}
		good := []task.TriggerSpec{hourly("a"), {Name: "b", Every: task.Duration(time.Minute)}}
		_ = must(db.CreateTaskWithTriggers(ctx, spec, good, noon))(t)
		_ = must(db.CreatePlanWithTriggers(ctx, night, good, noon))(t)
		for _, owner := range []task.Owner{task.TaskOwner("sums"), task.PlanOwner("night")} {
			wantNext(t, must(db.Trigger(ctx, owner, "a"))(t), noon.Add(time.Hour))
			wantNext(t, must(db.Trigger(ctx, owner, "b"))(t), noon.Add(time.Minute))
		}
	})
}

func TestTriggersAreListedPageByPage(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		_ = must(db.CreateTask(ctx, loadSpec("other"), noon))(t)
		for _, name := range []string{"c", "a", "b"} {
			createTrigger(t, db, hourly(name))
		}
		_ = must(db.CreateTrigger(ctx, task.TaskOwner("other"), task.TriggerSpec{Name: "a", Every: task.Duration(time.Hour)}, noon))(t)
		list := func(f task.TriggerFilter) string {
			var names []string
			for p := (page.Request{Limit: 2}); ; {
				got := must(db.Triggers(ctx, f, p))(t)
				for _, tr := range got.Items {
					names = append(names, tr.Owner.Name+"/"+tr.Name)
				}
				if p.Cursor = got.Next; p.Cursor == "" {
					return strings.Join(names, " ")
				}
			}
		}
		for want, f := range map[string]task.TriggerFilter{
			"load/a load/b load/c other/a": {}, "load/a load/b load/c": {Owner: load}, "other/a": {Kind: task.TriggerEvery},
		} {
			if got := list(f); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		_, err := db.Triggers(ctx, task.TriggerFilter{}, page.Request{Cursor: "nonsense"})
		wantKind(t, err, fault.Invalid)
	})
}

func TestAnEditSettlesAnewWhenATriggerIsDue(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		createTrigger(t, db, hourly("a"))
		edit := func(version int64, now time.Time, cron string) (task.Trigger, error) {
			return db.EditTrigger(ctx, load, "a", version, now, func(s *task.TriggerSpec) error { s.Cron = cron; return nil })
		}
		edited := must(edit(1, noon, "30 * * * *"))(t)
		wantNext(t, edited, noon.Add(30*time.Minute))
		if edited.Version != 2 {
			t.Errorf("got version %d, want 2", edited.Version)
		}
		_, err := edit(1, noon, "@daily")
		wantKind(t, err, fault.Conflict)
		if same := must(edit(2, noon, "30 * * * *"))(t); same.Version != 2 {
			t.Errorf("an edit that changes nothing made version %d", same.Version)
		}
		// What has come and was not acted on yet is still to be acted on.
		late := must(edit(0, noon.Add(40*time.Minute), "15 * * * *"))(t)
		wantNext(t, late, noon.Add(30*time.Minute))
		_, err = db.EditTrigger(ctx, load, "a", 0, noon, func(s *task.TriggerSpec) error { s.Name = "b"; return nil })
		wantKind(t, err, fault.Invalid)
		check(t, db.DeleteTrigger(ctx, load, "a", 0, noon))
		_, err = db.Trigger(ctx, load, "a")
		wantKind(t, err, fault.NotFound)
		wantKind(t, db.DeleteTrigger(ctx, load, "a", 0, noon), fault.NotFound)
	})
}

func TestPausesHoldUpOneTriggerThoseOfATaskOrAll(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		_ = must(db.CreateTask(ctx, loadSpec("other"), noon))(t)
		createTrigger(t, db, hourly("a"))
		createTrigger(t, db, hourly("b"))
		other := task.TaskOwner("other")
		_ = must(db.CreateTrigger(ctx, other, hourly("c"), noon))(t)
		due := func() string {
			var names []string
			for _, tr := range must(db.Triggers(ctx, task.TriggerFilter{}, page.Request{}))(t).Items {
				if tr.Next != nil {
					names = append(names, tr.Name)
				}
				if (tr.Next == nil) != (tr.Pause != nil) {
					t.Errorf("trigger %s is due at %v and has the pause %v", tr.Name, tr.Next, tr.Pause)
				}
			}
			return strings.Join(names, "")
		}
		steps := []struct {
			do   func() error
			want string
		}{
			{func() error { _, err := db.PauseTrigger(ctx, load, "a", "holidays", "ops", noon); return err }, "bc"},
			{func() error { return db.PauseTriggers(ctx, load, "broken", "ops", noon) }, "c"},
			{func() error { return db.PauseTriggers(ctx, load, "again", "ops", noon) }, "c"},
			{func() error { return db.PauseTriggers(ctx, task.Owner{}, "", "ops", noon) }, ""},
			{func() error { return db.ResumeTriggers(ctx, task.Owner{}, "ops", noon) }, "c"},
			{func() error { return db.ResumeTriggers(ctx, load, "ops", noon) }, "bc"},
			{func() error { _, err := db.ResumeTrigger(ctx, load, "a", "ops", noon); return err }, "abc"},
			{func() error { return db.ResumeTriggers(ctx, load, "ops", noon) }, "abc"},
		}
		for i, step := range steps {
			check(t, step.do())
			if got := due(); got != step.want {
				t.Fatalf("after step %d %q are due, want %q", i, got, step.want)
			}
			if i == 2 {
				held := must(db.Pauses(ctx))(t)
				if p := held[load]; len(held) != 1 || p.Reason != "broken" || p.Level != task.PauseOwner || p.By != "ops" {
					t.Errorf("got the pauses %v, want the first one of load", held)
				}
			}
		}
		created := must(db.CreateTrigger(ctx, other, hourly("d"), noon))(t)
		wantNext(t, created, noon.Add(time.Hour))
		check(t, db.PauseTriggers(ctx, other, "", "ops", noon))
		wantNext(t, must(db.CreateTrigger(ctx, other, hourly("e"), noon))(t), time.Time{})
		wantKind(t, db.PauseTriggers(ctx, task.TaskOwner("nosuch"), "", "ops", noon), fault.NotFound)
	})
}

func TestAPauseOrADeletionLeavesARowForWhatWasNotActedOn(t *testing.T) {
	ctx := context.Background()
	for what, do := range map[string]func(db *store.DB, now time.Time) error{
		"a trigger is paused": func(db *store.DB, now time.Time) error {
			_, err := db.PauseTrigger(ctx, load, "a", "", "ops", now)
			return err
		},
		"its task's are":       func(db *store.DB, now time.Time) error { return db.PauseTriggers(ctx, load, "", "ops", now) },
		"all are":              func(db *store.DB, now time.Time) error { return db.PauseTriggers(ctx, task.Owner{}, "", "ops", now) },
		"a trigger is deleted": func(db *store.DB, now time.Time) error { return db.DeleteTrigger(ctx, load, "a", 0, now) },
		"it waits for requests": func(db *store.DB, now time.Time) error {
			_, err := db.EditTrigger(ctx, load, "a", 0, now, func(s *task.TriggerSpec) error {
				s.Cron, s.Webhook = "", &task.WebhookTrigger{}
				return nil
			})
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			onEach(t, func(t *testing.T, db *store.DB) {
				fleet(t, db, "js-1")
				createTrigger(t, db, hourly("a"))
				check(t, do(db, noon.Add(150*time.Minute)))
				got := must(db.Occurrences(ctx, task.OccurrenceFilter{Owner: load}, page.Request{}))(t).Items
				if len(got) != 2 || !got[0].ScheduledFor.Equal(noon.Add(2*time.Hour)) || !got[1].ScheduledFor.Equal(noon.Add(time.Hour)) {
					t.Fatalf("got the occurrences %v, want those of 13:00 and 14:00", got)
				}
				for _, o := range got {
					if o.Run != "" || o.Reason == "" {
						t.Errorf("the occurrence %v is not skipped with a reason", o)
					}
				}
				due, _, err := db.DueTriggers(ctx, noon.AddDate(1, 0, 0), 10)
				check(t, err)
				if len(due) != 0 {
					t.Errorf("%d triggers are due still", len(due))
				}
			})
		})
	}
}

func TestOccurrencesAreListedNewestFirst(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		createTrigger(t, db, hourly("a"))
		createTrigger(t, db, hourly("b"))
		for hour := 1; hour <= 3; hour++ {
			at := noon.Add(time.Duration(hour) * time.Hour)
			skipped := firing(t, db, "b", at)
			skipped.Runs, skipped.Occurrences[0].Run, skipped.Occurrences[0].Reason = nil, "", "missed"
			checkAll(t, db.Fire(ctx, []task.Firing{firing(t, db, "a", at), skipped}, nil, at))
		}
		list := func(f task.OccurrenceFilter) string {
			var words []string
			for p := (page.Request{Limit: 2}); ; {
				got := must(db.Occurrences(ctx, f, p))(t)
				for _, o := range got.Items {
					words = append(words, fmt.Sprintf("%s%d", o.Trigger, o.ScheduledFor.Hour()))
				}
				if p.Cursor = got.Next; p.Cursor == "" {
					return strings.Join(words, " ")
				}
			}
		}
		for want, f := range map[string]task.OccurrenceFilter{
			"b15 a15 b14 a14 b13 a13": {Owner: load}, "a15 a14 a13": {Trigger: "a"}, "b15 b14 b13": {Skipped: true},
			"b14 a14": {Since: noon.Add(2 * time.Hour), Until: noon.Add(3 * time.Hour)}, "": {Owner: task.TaskOwner("other")},
		} {
			if got := list(f); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		events := must(db.Events(ctx, task.EventFilter{Kinds: []string{"occurrence.skipped"}}, 10))(t)
		if len(events) != 3 || events[0].Task != "load" || events[0].Subject != "b" || events[0].Reason != "missed" {
			t.Errorf("got the events %v, want one for each skipped occurrence", events)
		}
	})
}

func TestATaskThatIsDeletedTakesItsTriggersAlong(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		_ = must(db.CreateCalendar(ctx, task.CalendarSpec{Name: "holidays"}, noon))(t)
		createTrigger(t, db, task.TriggerSpec{Name: "a", Cron: "@daily", Calendar: "holidays"})
		check(t, db.PauseTriggers(ctx, load, "", "ops", noon))
		wantKind(t, db.DeleteCalendar(ctx, "holidays", 0, noon), fault.Conflict)
		check(t, db.DeleteTask(ctx, "load", 0, noon))
		if left := must(db.Triggers(ctx, task.TriggerFilter{}, page.Request{}))(t).Items; len(left) > 0 {
			t.Errorf("the triggers %v are left", left)
		}
		if held := must(db.Pauses(ctx))(t); len(held) > 0 {
			t.Errorf("the pauses %v are left", held)
		}
		check(t, db.DeleteCalendar(ctx, "holidays", 0, noon))
	})
}

func TestACalendarMovesTheTriggersThatUseIt(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		calendar := must(db.CreateCalendar(ctx, task.CalendarSpec{Name: "holidays"}, noon))(t)
		_, err := db.CreateCalendar(ctx, task.CalendarSpec{Name: "holidays"}, noon)
		wantKind(t, err, fault.Conflict)
		createTrigger(t, db, task.TriggerSpec{Name: "a", Cron: "0 6 * * *", Calendar: "holidays"})
		six := time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)
		wantNext(t, getTrigger(t, db, "a"), six)
		exclude := func(version int64, dates ...string) (task.Calendar, error) {
			return db.EditCalendar(ctx, "holidays", version, noon, func(s *task.CalendarSpec) error {
				s.Entries = nil
				for _, d := range dates {
					s.Entries = append(s.Entries, task.CalendarEntry{Date: d})
				}
				return nil
			})
		}
		edited := must(exclude(calendar.Version, "2026-03-02", "2026-03-03"))(t)
		wantNext(t, getTrigger(t, db, "a"), six.AddDate(0, 0, 2))
		_, err = exclude(calendar.Version)
		wantKind(t, err, fault.Conflict)
		if same := must(exclude(0, "2026-03-02", "2026-03-03"))(t); same.Version != edited.Version {
			t.Errorf("an edit that changes nothing made version %d", same.Version)
		}
		_ = must(exclude(0))(t)
		wantNext(t, getTrigger(t, db, "a"), six)
		if got := must(db.Calendars(ctx, "holi", page.Request{}))(t).Items; len(got) != 1 || got[0].Version != 3 {
			t.Errorf("got the calendars %v", got)
		}
	})
}

func TestATriggerStartsAPlan(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		owner := task.Owner{Kind: task.OwnerPlan, Name: "night"}
		_, err := db.CreateTrigger(ctx, owner, hourly("a"), noon)
		wantKind(t, err, fault.NotFound)
		spec := plan.Spec{Name: "night", Params: map[string]string{"day": "one"}, Nodes: []plan.Node{{Name: "first", Task: "load"}}}
		_ = must(db.CreatePlan(ctx, spec, noon))(t)
		s := hourly("a")
		s.Params = map[string]string{"day": "two"}
		_ = must(db.CreateTrigger(ctx, owner, s, noon))(t)
		s.Name, s.Params = "b", map[string]string{"nosuch": ""}
		_, err = db.CreateTrigger(ctx, owner, s, noon)
		wantKind(t, err, fault.Invalid)
		one, two := noon.Add(time.Hour), noon.Add(2*time.Hour)
		f := task.Firing{
			Owner: owner, Trigger: "a", From: one, Next: &two, DueAt: &two, Params: map[string]string{"day": "two"},
			Occurrences: []task.Occurrence{{Owner: owner, Trigger: "a", ScheduledFor: one, Run: "01PLANRUN", DecidedAt: one}},
		}
		checkAll(t, db.Fire(ctx, []task.Firing{f}, nil, one))
		wantKind(t, db.Fire(ctx, []task.Firing{f}, nil, one)[0], fault.Conflict)
		run := must(db.PlanRun(ctx, "01PLANRUN"))(t)
		if run.Plan != "night" || run.Params["day"] != "two" || run.Cause != (task.Cause{Kind: task.CauseTrigger, By: "a"}) || !run.ScheduledFor.Equal(one) {
			t.Errorf("got the plan run %+v", run)
		}
		if all := must(db.Occurrences(ctx, task.OccurrenceFilter{Owner: owner}, page.Request{}))(t).Items; len(all) != 1 || all[0].Run != "01PLANRUN" {
			t.Errorf("got the occurrences %v", all)
		}
		check(t, db.PauseTriggers(ctx, owner, "", "ops", one))
		wantNext(t, must(db.Trigger(ctx, owner, "a"))(t), time.Time{})
		check(t, db.ResumeTriggers(ctx, owner, "ops", one))
		wantNext(t, must(db.Trigger(ctx, owner, "a"))(t), two)
	})
}
