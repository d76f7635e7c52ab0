package api_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// serveTriggers is a server with the task "load", whose clock stands at noon.
func serveTriggers(t *testing.T) (*harness, *fakeTriggers) {
	h := serve(t, func(o *api.Options) { o.Now = func() time.Time { return noon } })
	triggers := newFakeTriggers(h.fake)
	h.fake.TriggerService, h.fake.CalendarService = triggers, triggers
	h.addTask("load")
	return h, triggers
}

const triggersOfLoad = "/api/v1/tasks/load/triggers"

func TestATriggerIsCreatedReadEditedAndDeleted(t *testing.T) {
	h, _ := serveTriggers(t)
	created := h.do("POST", triggersOfLoad, `{"name":"nightly","cron":"30 2 * * *","timezone":"Europe/Paris","params":{"a":"b"}}`).want(201)
	if got := created.header.Get("Location"); got != triggersOfLoad+"/nightly" {
		t.Errorf("got location %q", got)
	}
	var tr wire.Trigger
	read := h.do("GET", triggersOfLoad+"/nightly", "").want(200)
	read.into(&tr)
	if tr.Cron != "30 2 * * *" || tr.Kind != "cron" || tr.Task == nil || *tr.Task != "load" || tr.Plan != nil || tr.NextAt == nil || tr.Pause != nil || tr.Last != nil {
		t.Errorf("got %s", read.body)
	}
	// Its times change without its version, so that a caller never keeps old ones.
	h.do("GET", triggersOfLoad+"/nightly", "", "If-None-Match", read.header.Get("ETag")).want(200)
	tr = wire.Trigger{}
	h.do("PATCH", triggersOfLoad+"/nightly", `{"cron":"0 3 * * *","params":null}`, "If-Match", read.header.Get("ETag")).want(200).into(&tr)
	if tr.Cron != "0 3 * * *" || tr.Params != nil || tr.Version != 2 {
		t.Errorf("after the edit it is %+v", tr)
	}
	h.do("PATCH", triggersOfLoad+"/nightly", `{"cron":"0 4 * * *"}`, "If-Match", read.header.Get("ETag")).problem(http.StatusPreconditionFailed)
	h.do("PATCH", triggersOfLoad+"/nightly", `{"every":"10m"}`).problem(http.StatusUnprocessableEntity)
	h.do("PATCH", triggersOfLoad+"/nightly", `{"cron":null,"every":"10m"}`).want(200)
	h.do("POST", triggersOfLoad, `{"name":"nightly","cron":"@daily"}`).problem(http.StatusConflict)
	h.do("DELETE", triggersOfLoad+"/nightly", "").want(204)
	h.do("GET", triggersOfLoad+"/nightly", "").problem(404)
}

func TestATaskIsCreatedWithItsTriggers(t *testing.T) {
	h, triggers := serveTriggers(t)
	with := func(list string) string {
		return `{"name":"sums","target":{"virtual_server":"etl"},"job":{"command":["sh"]},"triggers":` + list + `}`
	}
	for list, field := range map[string]string{
		`[{"name":"a","cron":"@daily"},{"name":"b"}]`:                   "triggers[1]",
		`[{"name":"a","cron":"@daily"},{"name":"b","cron":"x"}]`:        "triggers[1].cron",
		`[{"name":"a","cron":"@daily"},{"name":"a","every":"1m"}]`:      "triggers[1].name",
		`[{"name":"a","crom":"@daily"}]`:                                "triggers[0].crom",
		`[` + strings.Repeat(`{"name":"a","every":"1m"},`, 100) + `{}]`: "triggers",
	} {
		refused := h.do("POST", "/api/v1/tasks", with(list))
		if refused.status != 400 && refused.status != 422 || !strings.Contains(string(refused.body), `"field":"`+field+`"`) {
			t.Errorf("%.60s: got %d %s, want %s refused", list, refused.status, refused.body, field)
		}
	}
	h.do("GET", "/api/v1/tasks/sums", "").problem(404)
	h.do("POST", "/api/v1/tasks", with(`[{"name":"a","cron":"@daily"},{"name":"b","every":"1m"}]`)).want(201)
	if len(triggers.triggers) != 2 || triggers.triggers["sums/b"].Every != task.Duration(time.Minute) {
		t.Errorf("the triggers are %+v", triggers.triggers)
	}
	h.do("PATCH", "/api/v1/tasks/sums", `{"triggers":[]}`).problem(http.StatusBadRequest)
}

func TestATriggerThatCannotBeIsAnsweredWithItsFields(t *testing.T) {
	h, _ := serveTriggers(t)
	for body, want := range map[string]string{
		`{"name":"a","cron":"0 0 31 2 *"}`:                            "cron",
		`{"name":"a","cron":"TZ=0"}`:                                  "cron",
		`{"name":"a","cron":"@daily","timezone":"Mars"}`:              "timezone",
		`{"name":"a","cron":"@daily","misfire":"some"}`:               "misfire",
		`{"name":"a","cron":"@daily","at":"yesterday"}`:               "at",
		`{"name":"a","cron":"@daily","start":"0001-01-01T00:00:00Z"}`: "start",
		`{"name":"A/b","cron":"@daily"}`:                              "name",
		`{"name":"a","every":"1"}`:                                    "every",
	} {
		if p := h.do("POST", triggersOfLoad, body).problem(422); field(p, want) == "" {
			t.Errorf("%s: got the fields %v, want %s", body, p.Errors, want)
		}
	}
	h.do("POST", triggersOfLoad, `{"name":"a","cron":"@daily","nonsense":1}`).problem(400)
	h.do("POST", triggersOfLoad, `{"name":"a","cron":"@daily","cron":"@hourly"}`).problem(400)
	h.do("POST", "/api/v1/tasks/nosuch/triggers", `{"name":"a","cron":"@daily"}`).problem(404)
	h.do("GET", "/api/v1/tasks/nosuch/triggers", "").problem(404)
	h.do("GET", "/api/v1/triggers?kind=never", "").problem(422)
}

func TestTriggersAreListedOfATaskAndOfAll(t *testing.T) {
	h, _ := serveTriggers(t)
	h.addTask("other")
	for path, body := range map[string]string{
		triggersOfLoad: `{"name":"a","cron":"@daily","calendar":"c"}`, "/api/v1/tasks/other/triggers": `{"name":"b","every":"1h"}`,
	} {
		h.do("POST", path, body).want(201)
	}
	for path, want := range map[string]string{
		triggersOfLoad: "a", "/api/v1/triggers": "ab", "/api/v1/triggers?kind=every": "b", "/api/v1/triggers?calendar=c": "a",
	} {
		var got wire.Page[wire.Trigger]
		h.do("GET", path, "").want(200).into(&got)
		names := ""
		for _, tr := range got.Items {
			names += tr.Name
		}
		if names != want {
			t.Errorf("%s: got %q, want %q", path, names, want)
		}
	}
}

func TestTriggersArePausedAtEachLevel(t *testing.T) {
	h, triggers := serveTriggers(t)
	h.do("POST", triggersOfLoad, `{"name":"a","cron":"@daily"}`).want(201)
	var tr wire.Trigger
	h.do("POST", triggersOfLoad+"/a/pause", `{"reason":"moving"}`).want(200).into(&tr)
	if tr.Pause == nil || tr.Pause.Reason != "moving" || tr.Pause.Level != task.PauseTrigger || tr.Pause.By == "" || tr.NextAt != nil {
		t.Errorf("got %+v", tr)
	}
	h.do("POST", triggersOfLoad+"/a/resume", "").want(200)
	var held wire.Page[wire.Pause]
	h.do("POST", "/api/v1/tasks/load/pause", `{"reason":"broken"}`).want(200)
	h.do("POST", "/api/v1/triggers/pause", "").want(200).into(&held)
	if len(held.Items) != 2 || held.Items[0].Level != task.PauseAll || held.Items[1].Task == nil || *held.Items[1].Task != "load" || held.Items[1].Reason != "broken" {
		t.Errorf("got %+v", held.Items)
	}
	h.do("POST", "/api/v1/tasks/load/resume", "").want(200)
	h.do("POST", "/api/v1/triggers/resume", "").want(200).into(&held)
	if len(held.Items) != 0 || len(triggers.pauses) != 0 {
		t.Errorf("got %+v", held.Items)
	}
	h.do("POST", "/api/v1/tasks/nosuch/pause", "").problem(404)
	h.do("POST", "/api/v1/tasks/load/pause", `{"reason":"`+strings.Repeat("x", task.MaxDescription+1)+`"}`).problem(422)
	h.do("GET", "/api/v1/pauses", "").want(200)
}

func TestAPreviewIsGivenForStoredAndForUnsavedTriggers(t *testing.T) {
	h, _ := serveTriggers(t)
	h.do("POST", triggersOfLoad, `{"name":"a","cron":"30 2 * * *","timezone":"Europe/Paris"}`).want(201)
	h.do("POST", triggersOfLoad, `{"name":"hook","webhook":{}}`)
	for _, got := range []reply{
		h.do("GET", triggersOfLoad+"/a/preview?count=3&from=2026-03-28T00:00:00Z", ""),
		h.do("POST", "/api/v1/triggers/preview?count=3&from=2026-03-28T00:00:00Z", `{"cron":"30 2 * * *","timezone":"Europe/Paris"}`),
	} {
		var p wire.Page[wire.Preview]
		got.want(200).into(&p)
		if len(p.Items) != 3 || p.Items[1].Effect != task.EffectMoved || p.Items[1].Local != "2026-03-29 02:30:00" || p.Items[1].Note == "" || !p.Items[1].Due {
			t.Errorf("got %s", got.body)
		}
	}
	h.do("POST", "/api/v1/triggers/preview", `{"cron":"99 * * * *"}`).problem(422)
	h.do("POST", "/api/v1/triggers/preview", `{"after":{"task":"load","on":"ok"}}`).problem(409)
	h.do("GET", triggersOfLoad+"/a/preview?count=0", "").problem(422)
	h.do("GET", triggersOfLoad+"/a/preview?count=1000000", "").problem(422)
	h.do("GET", triggersOfLoad+"/nosuch/preview", "").problem(404)
}

func TestOccurrencesAndForecastsAreListed(t *testing.T) {
	h, triggers := serveTriggers(t)
	triggers.occurrences = []task.Occurrence{
		{Owner: task.TaskOwner("load"), Trigger: "a", ScheduledFor: noon, Run: "01RUN", DecidedAt: noon},
		{Owner: task.Owner{Kind: task.OwnerPlan, Name: "p"}, Trigger: "b", ScheduledFor: noon, Reason: "missed", DecidedAt: noon},
	}
	triggers.forecasts = []task.Forecast{{Owner: task.TaskOwner("load"), Trigger: "a", ScheduledFor: noon, DueAt: noon, Timezone: "Asia/Tokyo"}, {}}
	var got wire.Page[wire.Occurrence]
	h.do("GET", "/api/v1/tasks/load/occurrences?trigger=a&skipped=true&since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z", "").want(200).into(&got)
	if o := got.Items; len(o) != 2 || o[0].Run == nil || *o[0].Run != "01RUN" || o[0].Plan != nil || o[1].Run != nil || o[1].Reason != "missed" || *o[1].Plan != "p" {
		t.Errorf("got %+v", got.Items)
	}
	if f := triggers.filter; f.Owner != task.TaskOwner("load") || f.Trigger != "a" || !f.Skipped || f.Since.IsZero() || f.Until.IsZero() {
		t.Errorf("asked for %+v", f)
	}
	h.do("GET", "/api/v1/occurrences?task=other", "").want(200)
	if triggers.filter.Owner != task.TaskOwner("other") {
		t.Errorf("asked for %+v", triggers.filter)
	}
	h.do("GET", "/api/v1/occurrences?plan=nightly", "").want(200)
	if triggers.filter.Owner != task.PlanOwner("nightly") {
		t.Errorf("asked for %+v", triggers.filter)
	}
	h.do("GET", "/api/v1/forecast?plan=nightly", "").want(200)
	for _, path := range []string{"occurrences", "forecast"} {
		if p := h.do("GET", "/api/v1/"+path+"?plan=nightly&task=load", "").problem(422); len(p.Errors) != 1 || p.Errors[0].Field != "plan" {
			t.Errorf("%s of a task and a plan: got %+v", path, p)
		}
	}
	var forecast wire.Page[wire.Forecast]
	h.do("GET", "/api/v1/forecast?limit=1&task=load", "").want(200).into(&forecast)
	if len(forecast.Items) != 1 || *forecast.Items[0].Task != "load" || forecast.Items[0].Timezone != "Asia/Tokyo" || !triggers.until.Equal(noon.Add(24*time.Hour)) {
		t.Errorf("got %+v until %s", forecast.Items, triggers.until)
	}
	h.do("GET", "/api/v1/forecast?until=soon", "").problem(422)
	h.do("GET", "/api/v1/occurrences?skipped=perhaps", "").problem(422)
}

func TestACalendarIsCreatedEditedLookedAtAndDeleted(t *testing.T) {
	h, _ := serveTriggers(t)
	const one = "/api/v1/calendars/holidays"
	created := h.do("POST", "/api/v1/calendars", `{"name":"holidays","entries":[{"name":"Christmas","date":"12-25"}]}`).want(201)
	if created.header.Get("Location") != one {
		t.Errorf("got location %q", created.header.Get("Location"))
	}
	var days wire.Page[wire.CalendarDay]
	h.do("GET", one+"/days?from=2026-12-24T00:00:00Z&to=2026-12-27T00:00:00Z", "").want(200).into(&days)
	if len(days.Items) != 3 || len(days.Items[1].Allowed) != 0 || days.Items[1].Entries[0] != "Christmas" || days.Items[2].Allowed[0] != "00:00-24:00" {
		t.Errorf("got %+v", days.Items)
	}
	h.do("GET", one+"/days", "").want(200).into(&days)
	if len(days.Items) != 365 || days.Items[0].Date != "2026-03-01" {
		t.Errorf("got %d days, want a year from today", len(days.Items))
	}
	h.do("GET", one+"/days?from=2026-12-24T00:00:00Z&to=2026-12-23T00:00:00Z", "").problem(422)
	h.do("GET", one+"/days?from=2026-12-24T00:00:00Z&to=2036-12-23T00:00:00Z", "").problem(422)
	h.do("PATCH", one, `{"mode":"only"}`, "If-Match", created.header.Get("ETag")).want(200)
	h.do("PATCH", one, `{"mode":"only"}`, "If-Match", `"7"`).problem(http.StatusPreconditionFailed)
	if p := h.do("PATCH", one, `{"entries":[{"hours":["late"]}]}`).problem(422); field(p, "entries[0].hours[0]") == "" {
		t.Errorf("got the fields %v", p.Errors)
	}
	if p := h.do("POST", "/api/v1/calendars", `{"name":"c","icalendar":"nonsense"}`).problem(422); field(p, "icalendar") == "" {
		t.Errorf("got the fields %v", p.Errors)
	}
	h.do("DELETE", one, "").want(204)
	h.do("GET", one, "").problem(404)
}

func TestACalendarThatIsNotStoredIsLookedAt(t *testing.T) {
	h, triggers := serveTriggers(t)
	const preview = "/api/v1/calendars/preview"
	const draft = `{"mode":"only","entries":[{"name":"office","weekdays":["mon-fri"],"hours":["09:00-17:00"]}]}`
	var days wire.Page[wire.CalendarDay]
	h.do("POST", preview+"?from=2026-12-25T00:00:00Z&to=2026-12-27T00:00:00Z", draft).want(200).into(&days)
	want := []wire.CalendarDay{
		{Date: "2026-12-25", Allowed: []string{"09:00-17:00"}, Entries: []string{"office"}},
		{Date: "2026-12-26", Allowed: []string{}, Entries: []string{}},
	}
	if !reflect.DeepEqual(days.Items, want) {
		t.Errorf("got %+v, want %+v", days.Items, want)
	}
	h.do("POST", preview, draft).want(200).into(&days)
	if len(days.Items) != 365 || days.Items[0].Date != "2026-03-01" {
		t.Errorf("got %d days, want a year from today", len(days.Items))
	}
	if p := h.do("POST", preview, `{"entries":[{"hours":["late"]}]}`).problem(422); field(p, "entries[0].hours[0]") == "" {
		t.Errorf("got the fields %v", p.Errors)
	}
	h.do("POST", preview+"?from=2026-12-24T00:00:00Z&to=2026-12-23T00:00:00Z", draft).problem(422)
	h.do("POST", preview, `{"colour":"red"}`).problem(400)
	if len(triggers.calendars) != 0 || h.writes != 0 {
		t.Error("a look has stored something")
	}
}
