package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

const goodTask = `{"name": "load-orders", "target": {"virtual_server": "etl"}, "job": {"command": ["sh", "load.sh"], "env": {"REGION": "EU"}},
	"params": {"date": "2026-01-01"}, "on_unavailable": "recover", "unavailable_after": "120s", "timeout": "1h"}`

func TestATaskIsCreatedReadAndListed(t *testing.T) {
	h := serve(t)
	created := h.do("POST", "/api/v1/tasks", goodTask).want(201)
	var got wire.Task
	created.into(&got)
	if got.Name != "load-orders" || got.Version != 1 || got.Job.Env["REGION"] != "EU" || created.header.Get("ETag") != `"1"` {
		t.Errorf("got %+v with ETag %s", got, created.header.Get("ETag"))
	}
	if at := created.header.Get("Location"); at != "/api/v1/tasks/load-orders" {
		t.Errorf("got Location %q", at)
	}
	again := h.do("GET", "/api/v1/tasks/load-orders", "").want(200)
	if !bytes.Contains(again.body, []byte(`"created_at":"2026-03-01T12:00:00.250Z"`)) || !bytes.Contains(again.body, []byte(`"timeout":"1h0m0s"`)) {
		t.Errorf("got %s, want instants with milliseconds in UTC and durations as strings", again.body)
	}
	if bytes.Contains(again.body, []byte("CreatedAt")) {
		t.Errorf("got %s, want snake_case only", again.body)
	}
	h.do("POST", "/api/v1/tasks", goodTask).problem(409)
	var page wire.Page[wire.Task]
	h.do("GET", "/api/v1/tasks?q=orders", "").want(200).into(&page)
	if len(page.Items) != 1 || page.NextCursor != nil {
		t.Errorf("got %+v", page)
	}
	h.do("DELETE", "/api/v1/tasks/load-orders", "").want(204)
	h.do("GET", "/api/v1/tasks/load-orders", "").problem(404)
}

func TestBadRequestsAreRefusedWithTheirPlace(t *testing.T) {
	h := serve(t)
	h.addServer("js-1")
	h.addTask("load")
	h.groups["etl"] = group("etl")
	h.addRun("01RUN", task.Queued)
	const tasks = "/api/v1/tasks"
	with := func(old, new string) string { return strings.Replace(goodTask, old, new, 1) }
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		field                    string
	}{
		{"malformed JSON", "POST", tasks, `{"name": `, 400, ""},
		{"no body", "POST", tasks, "", 400, ""},
		{"trailing data", "POST", tasks, goodTask + "x", 400, ""},
		{"an unknown key", "POST", tasks, with(`"timeout"`, `"time_out"`), 400, "time_out"},
		{"a duplicate key deep inside", "POST", tasks, with(`"REGION": "EU"`, `"REGION": "EU", "REGION": "US"`), 400, "job.env.REGION"},
		{"a wrong type", "POST", tasks, with(`["sh", "load.sh"]`, `["sh", 1]`), 422, "job.command[1]"},
		{"a number as name", "POST", tasks, with(`"load-orders"`, `7`), 422, "name"},
		{"a name with a slash", "POST", tasks, with("load-orders", "load/orders"), 422, "name"},
		{"no name", "POST", tasks, with("load-orders", ""), 422, "name"},
		{"no command", "POST", tasks, with(`["sh", "load.sh"]`, `[]`), 422, "job.command"},
		{"NUL in an argument", "POST", tasks, with(`load.sh`, `\u0000`), 422, "job.command[1]"},
		{"a negative duration", "POST", tasks, with(`"1h"`, `"-1s"`), 422, "timeout"},
		{"a duration without unit", "POST", tasks, with(`"1h"`, `"1"`), 422, "timeout"},
		{"an unknown policy", "POST", tasks, with("recover", "hope"), 422, "on_unavailable"},
		{"unavailable too soon", "POST", tasks, with("120s", "1s"), 422, "unavailable_after"},
		{"a list as task", "POST", tasks, "[]", 400, ""},
		{"a patch with an unknown key", "PATCH", tasks + "/load", `{"nope": null}`, 400, "nope"},
		{"a patch with a wrong type", "PATCH", tasks + "/load", `{"job": {"command": "x"}}`, 422, "job.command"},
		{"a patch that makes the task invalid", "PATCH", tasks + "/load", `{"target": null}`, 422, "target"},
		{"a patch that renames", "PATCH", tasks + "/load", `{"name": "other"}`, 422, "name"},
		{"a patch of nothing there", "PATCH", tasks + "/nope", `{"priority": 1}`, 404, ""},
		{"an empty patch", "PATCH", tasks + "/load", "", 400, ""},
		{"too many slots", "PATCH", "/api/v1/servers/js-1", `{"slots": 100000}`, 422, "slots"},
		{"no slots", "PATCH", "/api/v1/servers/js-1", `{"slots": 0}`, 422, "slots"},
		{"a read-only field", "PATCH", "/api/v1/servers/js-1", `{"status": "online"}`, 400, "status"},
		{"an unknown selection", "POST", "/api/v1/virtual-servers", `{"name": "x", "selection": "best"}`, 422, "selection"},
		{"a negative place", "PUT", "/api/v1/virtual-servers/etl/members/js-1", `{"position": -1}`, 422, "position"},
		{"a weight of 0", "PUT", "/api/v1/virtual-servers/etl/members/js-1", `{"weight": 0}`, 422, "weight"},
		{"a member that is no server", "PUT", "/api/v1/virtual-servers/etl/members/js-9", "", 404, ""},
		{"a group that is none", "PUT", "/api/v1/virtual-servers/nope/members/js-1", "", 404, ""},
		{"params of a wrong type", "POST", tasks + "/load/runs", `{"params": {"a": 1}}`, 422, "params.a"},
		{"params as list", "POST", tasks + "/load/runs", `{"params": []}`, 422, "params"},
		{"params with NUL", "POST", tasks + "/load/runs", `{"params": {"a": "\u0000"}}`, 422, "params.a"},
		{"a run of no task", "POST", tasks + "/nope/runs", `{}`, 404, ""},
		{"a long reason", "POST", "/api/v1/servers/js-1/drain", `{"reason": "` + strings.Repeat("x", 2000) + `"}`, 422, "reason"},
		{"a ttl out of range", "POST", "/api/v1/join-tokens", `{"ttl": "-1h"}`, 422, "ttl"},
		{"a long ttl", "POST", "/api/v1/join-tokens", `{"ttl": "10000h"}`, 422, "ttl"},
		{"a bad name for a token", "POST", "/api/v1/join-tokens", `{"name": "A B"}`, 422, "name"},
		{"a cancel with a body that is not known", "POST", "/api/v1/runs/01RUN/cancel", `{"why": "x"}`, 400, "why"},
		{"a limit of 0", "GET", tasks + "?limit=0", "", 422, "limit"},
		{"a limit of 501", "GET", tasks + "?limit=501", "", 422, "limit"},
		{"no limit", "GET", tasks + "?limit=", "", 422, "limit"},
		{"a limit that is none", "GET", tasks + "?limit=many", "", 422, "limit"},
		{"a limit twice", "GET", tasks + "?limit=1&limit=2", "", 422, "limit"},
		{"an unknown parameter", "GET", tasks + "?lmit=1", "", 400, "lmit"},
		{"an unknown parameter where there are none", "GET", tasks + "/load?x=1", "", 400, "x"},
		{"an unknown parameter on a POST", "POST", tasks + "/load/runs?dry=1", "", 400, "dry"},
		{"a query that cannot be read", "GET", tasks + "?q=%zz", "", 400, ""},
		{"NUL in a query", "GET", tasks + "?q=%00", "", 422, "q"},
		{"invalid UTF-8 in a query", "GET", tasks + "?q=%ff", "", 422, "q"},
		{"an unknown state", "GET", "/api/v1/runs?state=running,done", "", 422, "state"},
		{"a bad instant", "GET", "/api/v1/runs?since=yesterday", "", 422, "since"},
		{"an unknown kind of server", "GET", "/api/v1/servers?kind=big", "", 422, "kind"},
		{"an unknown status", "GET", "/api/v1/servers?status=up", "", 422, "status"},
		{"a label without value", "GET", "/api/v1/servers?label=x", "", 422, "label"},
		{"a turned-round period", "GET", "/api/v1/servers/js-1/load?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "", 422, "from"},
		{"an unknown task to rate", "GET", "/api/v1/virtual-servers/etl/rating?task=A/B", "", 422, "task"},
		{"attempt 0", "GET", "/api/v1/runs/01RUN/log?attempt=0", "", 422, "attempt"},
		{"a negative offset", "GET", "/api/v1/runs/01RUN/log?offset=-1", "", 422, "offset"},
		{"an unknown format", "GET", "/api/v1/runs/01RUN/log?format=xml", "", 422, "format"},
		{"an attempt that is not there", "GET", "/api/v1/runs/01RUN/log?attempt=1", "", 404, ""},
		{"a run that is not there", "GET", "/api/v1/runs/01NOPE/log", "", 404, ""},
		{"an id that is none", "GET", "/api/v1/runs/%00", "", 404, ""},
		{"a name that is none", "GET", tasks + "/a%2Fb", "", 404, ""},
		{"a name with a NUL", "GET", tasks + "/a%00b", "", 404, ""},
		{"a name in another alphabet", "GET", tasks + "/%C3%A4", "", 404, ""},
		{"an event id that is none", "GET", "/api/v1/events?after=x", "", 422, "after"},
		{"a cursor that is none", "GET", "/api/v1/events?cursor=x", "", 422, "cursor"},
		{"an unknown route", "GET", "/api/v1/nope", "", 404, ""},
		{"another version", "GET", "/api/v2/tasks", "", 404, ""},
		{"a slash too many", "GET", "/api/v1/tasks/", "", 404, ""},
		{"a method that is not possible", "PUT", tasks, "{}", 405, ""},
		{"DELETE of a collection", "DELETE", "/api/v1/runs", "", 405, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &harness{fake: h.fake, t: t, url: h.url}
			writes := h.writes
			p := h.do(c.method, c.path, c.body).problem(c.status)
			if c.field != "" && field(p, c.field) == "" {
				t.Errorf("got the errors %v (%s), want one for %s", p.Errors, p.Detail, c.field)
			}
			if h.writes != writes {
				t.Error("something was stored")
			}
		})
	}
}

func TestAMethodThatIsNotPossibleSaysWhichAre(t *testing.T) {
	h := serve(t)
	allow := h.do("PUT", "/api/v1/tasks", "{}").want(405).header.Get("Allow")
	if !strings.Contains(allow, "GET") || !strings.Contains(allow, "POST") || strings.Contains(allow, "DELETE") {
		t.Errorf("got Allow %q, want GET and POST", allow)
	}
}

// endless is a body that counts what is read of it.
type endless struct{ read atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.read.Load() > 64<<20 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = ' '
	}
	e.read.Add(int64(len(p)))
	return len(p), nil
}

func TestABodyOverTheLimitIsRefusedWithoutBeingReadWhole(t *testing.T) {
	h := serve(t)
	h.addTask("load")
	big := strings.Repeat(" ", 10<<20)
	for _, path := range []string{"/api/v1/tasks", "/api/v1/tasks/load/runs"} {
		h.do("POST", path, big+"{}").problem(413)
		h.do("POST", path, big, "Idempotency-Key", "k").problem(413)
	}
	body := &endless{}
	req, err := http.NewRequestWithContext(t.Context(), "POST", h.url+"/api/v1/tasks", io.NopCloser(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 413 || body.read.Load() > 16<<20 {
		t.Errorf("got %d after %d bytes, want 413 after about a MiB", res.StatusCode, body.read.Load())
	}
	exact := goodTask + strings.Repeat(" ", api.DefaultMaxBody-len(goodTask))
	h.do("POST", "/api/v1/tasks", exact).want(201)
	h.do("POST", "/api/v1/tasks", exact+" ").problem(413)
}

func TestOtherContentTypesAreRefused(t *testing.T) {
	h := serve(t)
	h.addTask("load")
	for _, c := range []struct {
		method, path, body, media string
		status                    int
	}{
		{"POST", "/api/v1/tasks", goodTask, "text/plain", 415},
		{"POST", "/api/v1/tasks", goodTask, "application/x-www-form-urlencoded", 415},
		{"POST", "/api/v1/tasks", goodTask, "application/yaml", 415},
		{"POST", "/api/v1/tasks", goodTask, "x", 415},
		{"POST", "/api/v1/tasks", goodTask, "application/json; charset=utf-8", 201},
		{"PATCH", "/api/v1/tasks/load", `{"priority": 1}`, "application/merge-patch+json", 200},
		{"PATCH", "/api/v1/tasks/load", `{"priority": 2}`, "application/json", 200},
		{"PATCH", "/api/v1/tasks/load", `[]`, "application/json-patch+json", 415},
		{"POST", "/api/v1/tasks/load/runs", `{}`, "text/plain", 415},
	} {
		if r := h.do(c.method, c.path, c.body, "Content-Type", c.media); r.status != c.status {
			t.Errorf("%s %s as %s: got %d, want %d: %s", c.method, c.path, c.media, r.status, c.status, r.body)
		}
	}
	h.do("POST", "/api/v1/tasks", goodTask, "Content-Encoding", "gzip").problem(415)
	h.raw("POST", "/api/v1/tasks", strings.NewReader(goodTask), "Authorization", "Bearer "+token).problem(415)
	h.raw("POST", "/api/v1/tasks/load/runs", nil, "Authorization", "Bearer "+token).want(201)
}

func TestKindsOfErrorHaveTheirStatus(t *testing.T) {
	h := serve(t)
	for _, c := range []struct {
		err    error
		status int
	}{
		{fault.Field("a", "is bad"), 422}, {fault.Malformed, 400}, {fault.NotFound, 404}, {fault.Conflict, 409}, {fault.Fenced, 409},
		{fault.Unauthorized, 401}, {fault.Forbidden, 403}, {fault.TooLarge, 413}, {fault.Unavailable, 503}, {fault.Invalid, 422},
	} {
		h.broken = fmt.Errorf("read the task: %w", c.err)
		r := h.do("GET", "/api/v1/tasks/load", "")
		r.problem(c.status)
		if wait := r.header.Get("Retry-After"); (wait != "") != (c.status == 503) {
			t.Errorf("%v: got Retry-After %q", c.err, wait)
		}
	}
}

func TestAnInternalErrorHidesItsCauseAndIsLoggedOnce(t *testing.T) {
	h := serve(t)
	h.broken = errors.New("no such column: secret_thing")
	r := h.do("GET", "/api/v1/tasks/load", "")
	p := r.problem(500)
	if bytes.Contains(r.body, []byte("secret_thing")) || p.RequestID == "" {
		t.Errorf("got %s, want the cause hidden behind a request id", r.body)
	}
	log := h.log.String()
	if strings.Count(log, "secret_thing") != 1 || !strings.Contains(log, p.RequestID) {
		t.Errorf("got the log %q, want the cause once with %s", log, p.RequestID)
	}
}

func TestListsArePaged(t *testing.T) {
	h := serve(t)
	for i := range 7 {
		h.addServer(fmt.Sprintf("js-%d", i))
		h.addTask(fmt.Sprintf("t-%d", i))
		h.groups[fmt.Sprintf("g-%d", i)] = group(fmt.Sprintf("g-%d", i))
		h.addRun(task.RunID(fmt.Sprintf("01R%d", i)), task.Running)
		h.happen(task.Event{Kind: "run.running", Subject: "01R0"})
	}
	for _, path := range []string{"/servers", "/tasks", "/virtual-servers", "/runs", "/runs/01R0/events", "/events", "/events?newest=true"} {
		t.Run(path, func(t *testing.T) {
			h := &harness{fake: h.fake, t: t, url: h.url}
			var seen []string
			cursor := ""
			for pages := 0; ; pages++ {
				target := "/api/v1" + path + map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "limit=3"
				var page wire.Page[map[string]any]
				r := h.do("GET", target+"&cursor="+cursor, "").want(200)
				r.into(&page)
				for _, item := range page.Items {
					name, ok := item["name"]
					if !ok {
						name = item["id"]
					}
					seen = append(seen, fmt.Sprint(name))
				}
				if page.NextCursor == nil {
					if !bytes.Contains(r.body, []byte(`"next_cursor":null`)) {
						t.Errorf("got %s, want next_cursor null on the last page", r.body)
					}
					break
				}
				if len(page.Items) != 3 || pages > 5 {
					t.Fatalf("got a page of %d", len(page.Items))
				}
				cursor = *page.NextCursor
			}
			unique := map[string]bool{}
			for _, s := range seen {
				unique[s] = true
			}
			if len(seen) != 7 || len(unique) != 7 {
				t.Errorf("got %v, want each of seven once", seen)
			}
		})
	}
	if r := h.do("GET", "/api/v1/tasks?q=nothing", ""); string(bytes.TrimSpace(r.body)) != `{"items":[],"next_cursor":null}` {
		t.Errorf("got %s, want an empty list", r.body)
	}
}

func TestRunsAreFiltered(t *testing.T) {
	h := serve(t)
	h.addRun("01A", task.Running)
	h.addRun("01B", task.Failed)
	h.addRun("01C", task.Queued)
	count := func(query string) int {
		var page wire.Page[wire.Run]
		h.do("GET", "/api/v1/runs"+query, "").want(200).into(&page)
		return len(page.Items)
	}
	for query, want := range map[string]int{
		"": 3, "?state=running": 1, "?state=running,failed": 2, "?state=running&state=queued": 2, "?task=load": 3, "?task=other": 0,
		"?since=2026-03-01T12:00:00Z": 3, "?since=2026-03-01T13:00:00%2B01:00": 3, "?since=2026-03-01T12:00:01Z": 0, "?until=2026-03-01T12:00:00Z": 0,
	} {
		if got := count(query); got != want {
			t.Errorf("%s: got %d runs, want %d", query, got, want)
		}
	}
}
