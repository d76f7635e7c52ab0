package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// routeTriggers answers about triggers and calendars.
func (f *fakeAPI) routeTriggers(mux *http.ServeMux) {
	f.route(mux, "GET /triggers", func(r *http.Request) (any, error) {
		some := maps.Clone(f.triggers)
		if r.URL.Query().Get("paused") == "true" {
			maps.DeleteFunc(some, func(_ string, t wire.Trigger) bool { return !t.Paused })
		}
		return listOf(some)(r)
	})
	for collection, owner := range map[string]func(string) task.Owner{"/tasks": task.TaskOwner, "/plans": task.PlanOwner} {
		f.routeTriggersOf(mux, collection+"/{task}/triggers", owner)
	}
	none := func(*http.Request) (any, error) { return wire.Page[wire.Pause]{Items: []wire.Pause{}}, nil }
	for _, path := range []string{"/tasks/{task}/pause", "/tasks/{task}/resume", "/plans/{task}/pause", "/plans/{task}/resume", "/triggers/pause", "/triggers/resume"} {
		f.route(mux, "POST "+path, none)
	}
	preview := func(r *http.Request) (any, error) {
		return wire.Page[wire.Preview]{Items: []wire.Preview{
			{ScheduledFor: wire.At(noon), DueAt: wire.At(noon.Add(time.Minute)), Local: "2026-11-22 13:00:00", Due: true},
			{ScheduledFor: wire.At(noon), DueAt: wire.At(noon), Local: "2026-11-23 13:00:00", Effect: task.EffectExcluded, Note: "excluded by the calendar holidays"},
		}}, nil
	}
	f.route(mux, "GET /tasks/{task}/triggers/{trigger}/preview", preview)
	f.route(mux, "GET /plans/{task}/triggers/{trigger}/preview", preview)
	f.route(mux, "POST /triggers/preview", preview)
	f.route(mux, "GET /occurrences", func(r *http.Request) (any, error) {
		if name := r.URL.Query().Get("plan"); name != "" {
			run := task.RunID(planRunID)
			return wire.Page[wire.Occurrence]{Items: []wire.Occurrence{{Plan: &name, Trigger: "often", ScheduledFor: wire.At(noon), Run: &run}}}, nil
		}
		name, run := "load-orders", task.RunID(runID)
		return wire.Page[wire.Occurrence]{Items: []wire.Occurrence{
			{Task: &name, Trigger: "nightly", ScheduledFor: wire.At(noon), Run: &run}, {Task: &name, Trigger: "nightly", ScheduledFor: wire.At(noon), Reason: "missed: too late"},
		}}, nil
	})
	f.route(mux, "GET /forecast", func(r *http.Request) (any, error) {
		if name := r.URL.Query().Get("plan"); name != "" {
			return wire.Page[wire.Forecast]{Items: []wire.Forecast{{Plan: &name, Trigger: "often", ScheduledFor: wire.At(noon)}}}, nil
		}
		name := "load-orders"
		return wire.Page[wire.Forecast]{Items: []wire.Forecast{{Task: &name, Trigger: "nightly", ScheduledFor: wire.At(noon)}}}, nil
	})
	f.route(mux, "GET /calendars", listOf(f.calendars))
	f.route(mux, "GET /calendars/{name}", oneOf(f.calendars))
	f.route(mux, "POST /calendars", func(r *http.Request) (any, error) {
		var s task.CalendarSpec
		err := json.NewDecoder(r.Body).Decode(&s)
		f.calendars[s.Name] = wire.Calendar{CalendarSpec: s, Version: 1, UpdatedAt: wire.At(noon)}
		return f.calendars[s.Name], err
	})
	f.route(mux, "PATCH /calendars/{name}", patchOf(f.calendars))
	f.route(mux, "DELETE /calendars/{name}", removeOf(f.calendars))
	f.route(mux, "POST /calendars/preview", func(r *http.Request) (any, error) {
		var s task.CalendarSpec
		if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
			return nil, err
		}
		name := fmt.Sprintf("%d entries, %s", len(s.Entries), s.Mode)
		return wire.Page[wire.CalendarDay]{Items: []wire.CalendarDay{{Date: r.URL.Query().Get("from")[:10], Allowed: []string{}, Entries: []string{name}}}}, nil
	})
	f.route(mux, "GET /calendars/{name}/days", func(r *http.Request) (any, error) {
		day := func(date string, allowed ...string) wire.CalendarDay {
			return wire.CalendarDay{Date: date, Allowed: allowed, Entries: []string{}}
		}
		return wire.Page[wire.CalendarDay]{Items: []wire.CalendarDay{
			day("2026-12-24", "00:00-24:00"), day("2026-12-25"), day("2026-12-26"), day("2026-12-27", "09:00-17:00"),
		}}, nil
	})
}

// addTriggers gives a task or plan triggers.
func (f *fakeAPI) addTriggers(owner task.Owner, specs ...task.TriggerSpec) {
	for _, s := range specs {
		next := wire.At(noon.Add(time.Hour))
		t := wire.Trigger{TriggerSpec: s, Kind: string(s.Kind()), NextAt: &next, DueAt: &next, Version: 1, UpdatedAt: wire.At(noon)}
		if t.Task = &owner.Name; owner.Kind == task.OwnerPlan {
			t.Task, t.Plan = nil, &owner.Name
		}
		f.triggers[triggerName(owner, s.Name)] = t
	}
}

// routeTriggersOf answers about the triggers of tasks or of plans. The map has those of a plan under plan:.
func (f *fakeAPI) routeTriggersOf(mux *http.ServeMux, path string, ownerOf func(string) task.Owner) {
	key := func(r *http.Request) string {
		return triggerName(ownerOf(r.PathValue("task")), r.PathValue("trigger"))
	}
	named := func(do func(map[string]wire.Trigger) func(*http.Request) (any, error)) func(*http.Request) (any, error) {
		return func(r *http.Request) (any, error) {
			r.SetPathValue("name", key(r))
			return do(f.triggers)(r)
		}
	}
	f.route(mux, "GET "+path, func(r *http.Request) (any, error) {
		items := []wire.Trigger{}
		for _, name := range slices.Sorted(maps.Keys(f.triggers)) {
			if strings.HasPrefix(name, key(r)) {
				items = append(items, f.triggers[name])
			}
		}
		return wire.Page[wire.Trigger]{Items: items}, nil
	})
	f.route(mux, "POST "+path, func(r *http.Request) (any, error) {
		var s task.TriggerSpec
		err := json.NewDecoder(r.Body).Decode(&s)
		if err == nil && s.Validate() != nil {
			return nil, invalid("cron", s.Validate().Error())
		}
		owner := ownerOf(r.PathValue("task"))
		f.addTriggers(owner, s)
		return f.triggers[triggerName(owner, s.Name)], err
	})
	f.route(mux, "GET "+path+"/{trigger}", named(oneOf[wire.Trigger]))
	f.route(mux, "PATCH "+path+"/{trigger}", named(patchOf[wire.Trigger]))
	f.route(mux, "DELETE "+path+"/{trigger}", named(removeOf[wire.Trigger]))
	f.route(mux, "POST "+path+"/{trigger}/pause", named(oneOf[wire.Trigger]))
	f.route(mux, "POST "+path+"/{trigger}/resume", named(oneOf[wire.Trigger]))
}

func TestTriggersAreMadeShownPausedAndDeleted(t *testing.T) {
	s := newShell(t)
	if got := s.run("trigger", "list"); !strings.Contains(got.err, "There are no triggers") {
		t.Errorf("an empty list: got %+v", got)
	}
	s.ok("trigger", "create", "load-orders", "nightly", "--cron", "30 2 * * *", "--timezone", "Europe/Paris", "--misfire", "all", "--misfire-window", "2h",
		"--start", "2026-01-01T00:00:00+01:00", "--param", "day=one", "--jitter", "5m")
	spec := s.api.triggers["load-orders/nightly"].TriggerSpec
	if spec.Cron != "30 2 * * *" || spec.Misfire != task.MisfireAll || time.Duration(spec.MisfireWindow) != 2*time.Hour || spec.Params["day"] != "one" || spec.Start.Hour() != 23 {
		t.Errorf("got %+v", spec)
	}
	s.ok("trigger", "create", "load-orders", "often", "--every", "10m")
	if got := s.ok("trigger", "list", "load-orders"); !strings.Contains(got, "30 2 * * *") || !strings.Contains(got, "every 10m") {
		t.Errorf("got\n%s", got)
	}
	if got := s.ok("trigger", "show", "load-orders", "nightly"); !strings.Contains(got, "Europe/Paris") || !strings.Contains(got, "all 2h0m") {
		t.Errorf("got\n%s", got)
	}
	s.api.calls = nil
	s.ok("trigger", "pause", "load-orders", "nightly", "often", "--reason", "moving")
	s.ok("trigger", "pause", "load-orders")
	s.ok("trigger", "pause", "--all")
	s.ok("trigger", "resume", "--all")
	s.ok("trigger", "resume", "load-orders", "often")
	s.ok("trigger", "delete", "load-orders", "often")
	want := `POST /tasks/load-orders/triggers/nightly/pause {"reason":"moving"} POST /tasks/load-orders/triggers/often/pause {"reason":"moving"} ` +
		`POST /tasks/load-orders/pause {} POST /triggers/pause {} POST /triggers/resume POST /tasks/load-orders/triggers/often/resume DELETE /tasks/load-orders/triggers/often`
	if got := strings.Join(s.api.calls, " "); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, args := range [][]string{
		{"trigger", "pause"}, {"trigger", "pause", "load-orders", "--all"}, {"trigger", "create", "load-orders", "x", "--at", "tomorrow"},
		{"trigger", "preview", "load-orders"}, {"trigger", "create", "load-orders", "x", "--cron", "0 0 31 2 *"},
	} {
		if got := s.run(args...); got.code == 0 || got.err == "" {
			t.Errorf("%v succeeds", args)
		}
	}
}

func TestTheTimesOfTriggersAreShown(t *testing.T) {
	s := newShell(t)
	s.ok("trigger", "create", "load-orders", "nightly", "--cron", "@daily")
	for _, args := range [][]string{
		{"trigger", "preview", "load-orders", "nightly", "--count", "2"}, {"trigger", "preview", "--cron", "0 13 * * *", "--from", "2026-11-22T00:00:00Z"},
	} {
		if got := s.ok(args...); !strings.Contains(got, "2026-11-22 12:01:00") || !strings.Contains(got, "not due") || !strings.Contains(got, "excluded by the calendar") {
			t.Errorf("%v: got\n%s", args, got)
		}
	}
	if got := s.ok("trigger", "occurrences", "load-orders", "nightly"); !strings.Contains(got, runID) || !strings.Contains(got, "skipped: missed: too late") {
		t.Errorf("got\n%s", got)
	}
	if got := s.ok("trigger", "forecast"); !strings.Contains(got, "nightly") {
		t.Errorf("got\n%s", got)
	}
}

func TestCalendarsAreMadeAndLookedAt(t *testing.T) {
	s := newShell(t)
	s.stdin = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\nEND:VEVENT\nEND:VCALENDAR\n"
	s.ok("calendar", "create", "office", "--only", "--weekday", "mon-fri", "--hours", "09:00-17:00", "--date", "12-25", "--icalendar", "-")
	cal := s.api.calendars["office"]
	if cal.Mode != task.CalendarOnly || len(cal.Entries) != 2 || cal.Entries[1].Hours[0] != "09:00-17:00" || !strings.Contains(cal.ICalendar, "VEVENT") {
		t.Errorf("got %+v", cal.CalendarSpec)
	}
	if got := s.ok("calendar", "list"); !strings.Contains(got, "only then") || !strings.Contains(got, "2 and a file") {
		t.Errorf("got\n%s", got)
	}
	if got := s.ok("calendar", "show", "office"); !strings.Contains(got, "mon-fri") || !strings.Contains(got, "1 event") {
		t.Errorf("got\n%s", got)
	}
	got := s.ok("calendar", "days", "office")
	if !strings.Contains(got, "2026-12-25  Fri  nothing") || strings.Contains(got, "2026-12-26") || !strings.Contains(got, "09:00-17:00") {
		t.Errorf("got\n%s, want the days that differ from the day before", got)
	}
	if all := s.ok("calendar", "days", "office", "--all"); !strings.Contains(all, "2026-12-26") {
		t.Errorf("got\n%s, want each day", all)
	}
	s.ok("calendar", "delete", "office")
}

func TestAnEmptyICalendarFileIsNoCalendar(t *testing.T) {
	s := newShell(t)
	s.stdin = "\n"
	if got := s.run("calendar", "create", "holidays", "--icalendar", "-"); got.code != exitError || !strings.Contains(got.err, "is empty") || len(s.api.calls) > 0 {
		t.Errorf("got %+v and %v", got, s.api.calls)
	}
}

func TestACalendarIsPreviewedWithoutMakingIt(t *testing.T) {
	s := newShell(t)
	if got := s.ok("calendar", "preview", "--only", "--weekday", "mon-fri", "--date", "12-25"); !strings.Contains(got, "2026-11-22  Sun  nothing  2 entries, only") {
		t.Errorf("got\n%s", got)
	}
	holidays := file(t, "kind: calendar\nname: holidays\nentries: [{date: 12-25}]\n")
	if got := s.ok("calendar", "preview", "-f", holidays, "--from", "2026-12-25T00:00:00Z"); !strings.Contains(got, "2026-12-25  Fri  nothing  1 entries") {
		t.Errorf("got\n%s", got)
	}
	for claim, args := range map[string][]string{
		"a file and flags":    {"-f", holidays, "--date", "12-25"},
		"a file with a group": {"-f", file(t, "kind: concurrency-group\nname: db\nmax_concurrent: 1\n")},
	} {
		if got := s.run(append([]string{"calendar", "preview"}, args...)...); got.code == 0 {
			t.Errorf("%s: got exit code 0 and\n%s", claim, got.out)
		}
	}
	if len(s.api.calendars) != 0 {
		t.Error("a preview has made a calendar")
	}
}

func TestApplyMakesTheTriggersOfATaskWhatItsDocumentSays(t *testing.T) {
	s := newShell(t)
	s.api.groups["etl"] = wire.VirtualServer{}
	text := "kind: task\nname: load-orders\ntarget: {virtual_server: etl}\njob: {command: [sh, load.sh]}\n"
	calendar := "---\nkind: calendar\nname: holidays\nentries: [{date: 12-25}]\n"
	two := file(t, text+"triggers:\n  - {name: nightly, cron: 30 2 * * *, calendar: holidays}\n  - {name: often, every: 10m}\n"+calendar)
	got := s.run("apply", "-f", two)
	if got.code != 0 || !strings.Contains(got.out, "trigger load-orders/nightly: create") || len(s.api.triggers) != 2 || len(s.api.calendars) != 1 {
		t.Fatalf("exit code %d: %s\n%s", got.code, got.out, got.err)
	}
	if again := s.ok("apply", "-f", two); !strings.Contains(again, "Nothing to change") {
		t.Errorf("a second time: %s", again)
	}
	if silent := s.ok("apply", "-f", file(t, text)); !strings.Contains(silent, "Nothing to change") {
		t.Errorf("a document without triggers changes them: %s", silent)
	}
	one := s.ok("apply", "-f", file(t, text+"triggers:\n  - {name: nightly, cron: 45 2 * * *, calendar: holidays}\n"))
	if !strings.Contains(one, "trigger load-orders/nightly: change") || !strings.Contains(one, "trigger load-orders/often: delete") {
		t.Errorf("got %s", one)
	}
	if len(s.api.triggers) != 1 || s.api.triggers["load-orders/nightly"].Cron != "45 2 * * *" {
		t.Errorf("got %+v", s.api.triggers)
	}
	s.ok("apply", "-f", file(t, text+"triggers: []\n"))
	if len(s.api.triggers) != 0 {
		t.Errorf("an empty list leaves %v", s.api.triggers)
	}
	for triggers, want := range map[string]string{
		"triggers: {}\n":                                                  "setup.yaml:5: triggers must be a list",
		"triggers:\n  - {cron: '@daily'}\n":                               "setup.yaml:6: this trigger has no name",
		"triggers:\n  - {name: a, cron: 0 0 31 2 *}\n":                    "setup.yaml:6: trigger a: cron is never due",
		"triggers:\n  - {name: a, when: never}\n":                         "setup.yaml:6: when is no key here",
		"triggers:\n  - {name: a, every: 1h}\n  - {name: a, every: 2h}\n": "setup.yaml:7: trigger a is described in line 6 already",
	} {
		if bad := s.run("apply", "-f", file(t, text+triggers)); bad.code == 0 || !strings.Contains(bad.err, want) {
			t.Errorf("%q: got %d: %s", triggers, bad.code, bad.err)
		}
	}
}
