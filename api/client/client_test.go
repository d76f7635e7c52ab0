package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// script answers requests one after the other and remembers them.
type script struct {
	mu      sync.Mutex
	answers []func(http.ResponseWriter)
	seen    []*http.Request
	bodies  []string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen, s.bodies = append(s.seen, r), append(s.bodies, string(body))
	if len(s.seen) > len(s.answers) {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	s.answers[len(s.seen)-1](w)
}

// count returns how many requests there were.
func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

func status(code int, body string, headers ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func hangUp(http.ResponseWriter) { panic(http.ErrAbortHandler) }

const unavailable = `{"type": "urn:segno:problem:unavailable", "title": "Unavailable", "status": 503, "detail": "no room on the disk"}`

func playing(t *testing.T, answers ...func(http.ResponseWriter)) (*client.Client, *script) {
	t.Helper()
	s := &script{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := client.New(server.URL+"/", "secret", client.Options{UserAgent: "segno/9", Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

func TestReadsAreRepeatedWhileTheConductorIsUnavailable(t *testing.T) {
	c, s := playing(t, status(503, unavailable), hangUp, status(502, "<html>bad gateway"), status(200, `{"name": "load", "version": 3}`))
	got, err := c.Task(t.Context(), "load")
	if err != nil || got.Version != 3 || len(s.seen) != 4 {
		t.Errorf("got %+v, %v after %d requests", got, err, len(s.seen))
	}
	if r := s.seen[3]; r.URL.Path != "/api/v1/tasks/load" || r.Header.Get("Authorization") != "Bearer secret" || r.UserAgent() != "segno/9" {
		t.Errorf("got the request %v %v", r.URL, r.Header)
	}
}

func TestARunIsAskedForUnderOneKey(t *testing.T) {
	c, s := playing(t, hangUp, status(503, unavailable), status(201, `{"id": "01A"}`))
	run, err := c.StartRun(t.Context(), "load", wire.RunRequest{Params: map[string]string{"a": "b"}})
	if err != nil || run.ID != "01A" {
		t.Fatalf("got %+v, %v", run, err)
	}
	key := s.seen[0].Header.Get("Idempotency-Key")
	for i, r := range s.seen {
		if r.Header.Get("Idempotency-Key") != key || len(key) < 20 || s.bodies[i] != `{"params":{"a":"b"}}` {
			t.Errorf("request %d: got the key %q and the body %s", i, r.Header.Get("Idempotency-Key"), s.bodies[i])
		}
	}
}

func TestEditsAreNotRepeated(t *testing.T) {
	for name, do := range map[string]func(*client.Client) error{
		"patch": func(c *client.Client) error {
			_, err := c.PatchTask(t.Context(), "load", 3, map[string]any{"priority": 1})
			return err
		},
		"delete": func(c *client.Client) error { return c.DeleteTask(t.Context(), "load", 3) },
	} {
		c, s := playing(t, status(503, unavailable), status(200, `{}`))
		err := do(c)
		if !errors.Is(err, fault.Unavailable) || len(s.seen) != 1 {
			t.Errorf("%s: got %v after %d requests, want one", name, err, len(s.seen))
		}
		if got := s.seen[0].Header.Get("If-Match"); got != `"3"` {
			t.Errorf("%s: got If-Match %s", name, got)
		}
	}
}

func TestRefusalsAreNotRepeated(t *testing.T) {
	c, s := playing(t, status(404, `{"type": "urn:segno:problem:not-found", "title": "Not found", "status": 404, "detail": "there is no task load"}`))
	if _, err := c.Task(t.Context(), "load"); !errors.Is(err, fault.NotFound) || err.Error() != "there is no task load" || len(s.seen) != 1 {
		t.Errorf("got %v after %d requests", err, len(s.seen))
	}
}

func TestRepeatingEndsAndStopsWithTheContext(t *testing.T) {
	c, s := playing(t)
	s.answers = []func(http.ResponseWriter){hangUp, hangUp, hangUp, hangUp, hangUp, hangUp}
	if _, err := c.Task(t.Context(), "load"); !errors.Is(err, fault.Unavailable) || s.count() != 4 {
		t.Errorf("got %v after %d requests, want four", err, s.count())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Task(ctx, "load"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestProblemsHaveTheirKind(t *testing.T) {
	for code, kind := range map[int]error{
		400: fault.Malformed, 401: fault.Unauthorized, 403: fault.Forbidden, 404: fault.NotFound, 409: fault.Conflict,
		412: fault.Conflict, 413: fault.TooLarge, 422: fault.Invalid,
	} {
		c, _ := playing(t, status(code, "plain text"))
		_, err := c.Task(t.Context(), "load")
		e, ok := errors.AsType[*client.Error](err)
		if !ok || !errors.Is(err, kind) || e.Status != code || err.Error() != http.StatusText(code) {
			t.Errorf("%d: got %v, want the kind %v", code, err, kind)
		}
		if kind != fault.NotFound && errors.Is(err, fault.NotFound) {
			t.Errorf("%d is of two kinds", code)
		}
	}
	c, _ := playing(t, status(409, `{"type": "urn:segno:problem:fenced", "title": "x", "status": 409, "detail": "old"}`))
	if _, err := c.Task(t.Context(), "load"); !errors.Is(err, fault.Fenced) || errors.Is(err, fault.Conflict) {
		t.Errorf("got %v, want it fenced", err)
	}
	c, _ = playing(t, status(422, `{"title": "Invalid", "status": 422, "detail": "two are wrong", "errors": [{"field": "a", "reason": "is bad"}, {"field": "b[0]", "reason": "is worse"}]}`))
	if _, err := c.Task(t.Context(), "load"); err == nil || err.Error() != "two are wrong\n  a is bad\n  b[0] is worse" {
		t.Errorf("got %v", err)
	}
}

func TestAllReadsPageAfterPage(t *testing.T) {
	c, s := playing(t, status(200, `{"items": [{"name": "a"}, {"name": "b"}], "next_cursor": "x y"}`), status(200, `{"items": [{"name": "c"}], "next_cursor": null}`), status(500, "boom"))
	var names []string
	list := func(p client.PageRequest) (wire.Page[wire.Task], error) {
		return c.Tasks(t.Context(), task.Filter{Query: "q", Server: "js-1"}, p)
	}
	for item, err := range client.All(client.PageRequest{Limit: 2}, list) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, item.Name)
	}
	if strings.Join(names, "") != "abc" || s.seen[0].URL.RawQuery != "limit=2&q=q&server=js-1" || s.seen[1].URL.Query().Get("cursor") != "x y" {
		t.Errorf("got %v by %v and %v", names, s.seen[0].URL, s.seen[1].URL)
	}
	for _, err := range client.All(client.PageRequest{}, list) {
		if err == nil {
			t.Error("got an item, want the error")
		}
	}
}

func TestEveryMethodCallsItsRoute(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("x", 3600))
	ctx := t.Context()
	for want, do := range map[string]func(*client.Client) error{
		"GET /api/v1/servers?kind=job&label=a%3Db&q=js&status=online&virtual_server=etl": func(c *client.Client) error {
			_, err := c.Servers(ctx, jobserver.Filter{Query: "js", Kind: "job", Status: "online", VirtualServer: "etl", Labels: map[string]string{"a": "b"}}, client.PageRequest{})
			return err
		},
		"GET /api/v1/servers/js-1":           func(c *client.Client) error { _, err := c.Server(ctx, "js-1"); return err },
		"PATCH /api/v1/servers/js-1":         func(c *client.Client) error { _, err := c.PatchServer(ctx, "js-1", 0, struct{}{}); return err },
		"DELETE /api/v1/servers/js-1":        func(c *client.Client) error { return c.DeleteServer(ctx, "js-1", 0) },
		"POST /api/v1/servers/js-1/drain":    func(c *client.Client) error { _, err := c.DrainServer(ctx, "js-1", "x"); return err },
		"POST /api/v1/servers/js-1/activate": func(c *client.Client) error { _, err := c.ActivateServer(ctx, "js-1", "x"); return err },
		"POST /api/v1/servers/js-1/disable":  func(c *client.Client) error { _, err := c.DisableServer(ctx, "js-1", "x"); return err },
		"GET /api/v1/servers/js-1/load?from=2026-01-02T02%3A04%3A05Z": func(c *client.Client) error {
			_, err := c.ServerLoad(ctx, "js-1", at, time.Time{})
			return err
		},
		"POST /api/v1/join-tokens":        func(c *client.Client) error { _, err := c.CreateJoinToken(ctx, wire.JoinTokenRequest{}); return err },
		"GET /api/v1/virtual-servers?q=e": func(c *client.Client) error { _, err := c.VirtualServers(ctx, "e", client.PageRequest{}); return err },
		"POST /api/v1/virtual-servers":    func(c *client.Client) error { _, err := c.CreateVirtualServer(ctx, virtualserver.Spec{}); return err },
		"PUT /api/v1/virtual-servers/etl/members/js-1": func(c *client.Client) error {
			_, err := c.AddMember(ctx, "etl", "js-1", wire.Membership{})
			return err
		},
		"DELETE /api/v1/virtual-servers/etl/members/js-1": func(c *client.Client) error { return c.RemoveMember(ctx, "etl", "js-1") },
		"GET /api/v1/virtual-servers/etl/rating?task=t":   func(c *client.Client) error { _, err := c.Rating(ctx, "etl", "t"); return err },
		"POST /api/v1/virtual-servers/preview": func(c *client.Client) error {
			_, err := c.PreviewVirtualServers(ctx, wire.PreviewRequest{})
			return err
		},
		"POST /api/v1/tasks":      func(c *client.Client) error { _, err := c.CreateTask(ctx, task.Spec{}); return err },
		"GET /api/v1/tasks/a%2Fb": func(c *client.Client) error { _, err := c.Task(ctx, "a/b"); return err },
		"GET /api/v1/runs?limit=5&state=running&state=failed&task=t": func(c *client.Client) error {
			_, err := c.Runs(ctx, task.RunFilter{Task: "t", States: []task.State{task.Running, task.Failed}}, client.PageRequest{Limit: 5})
			return err
		},
		"POST /api/v1/runs/01A/cancel": func(c *client.Client) error { _, err := c.CancelRun(ctx, "01A"); return err },
		"GET /api/v1/runs/01A/log?attempt=2&format=json&limit=9&offset=7": func(c *client.Client) error {
			_, err := c.Log(ctx, "01A", client.LogPosition{Attempt: 2, Offset: 7}, 9)
			return err
		},
		"GET /api/v1/runs/01A/events": func(c *client.Client) error { _, err := c.RunEvents(ctx, "01A", client.PageRequest{}); return err },
		"GET /api/v1/events?after=4&kind=run.&newest=true": func(c *client.Client) error {
			_, err := c.Events(ctx, task.EventFilter{After: 4, Kinds: []string{"run."}, Newest: true}, client.PageRequest{})
			return err
		},
		"GET /api/v1/session": func(c *client.Client) error { _, err := c.Session(ctx); return err },
		"GET /readyz":         func(c *client.Client) error { return c.Ready(ctx) },
	} {
		c, s := playing(t, status(200, `{}`))
		if err := do(c); err != nil {
			t.Errorf("%s: %v", want, err)
		}
		if got := s.seen[0].Method + " " + s.seen[0].URL.RequestURI(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if s.seen[0].Method == "POST" && s.seen[0].Header.Get("Idempotency-Key") == "" {
			t.Errorf("%s has no Idempotency-Key", want)
		}
	}
}

func TestAStreamThatIsNoneIsAnError(t *testing.T) {
	c, _ := playing(t, status(200, `{}`, "Content-Type", "application/json"))
	_, err := c.FollowLog(t.Context(), "01A", client.LogPosition{}, client.LogFollower{})
	if err == nil || !strings.Contains(err.Error(), "stream") {
		t.Errorf("got %v", err)
	}
}

func TestFollowingGoesOnWithThePlaceOfTheLastPiece(t *testing.T) {
	chunk := func(offset int, text string) string {
		c := wire.LogChunk{Attempt: 1, Offset: int64(offset), Next: int64(offset + len(text)), Pieces: []wire.LogPiece{{Stream: wire.Stdout, Text: text}}}
		data, _ := json.Marshal(c)
		return "id: 1:" + strconv.Itoa(offset+len(text)) + "\r\nevent: output\r\ndata: " + string(data) + "\r\n\r\n"
	}
	const stream = "text/event-stream"
	c, s := playing(t,
		status(200, ": hello\n\n"+chunk(0, "abc")+"event: output\ndata: {\"attempt\":1", "Content-Type", stream),
		status(503, unavailable),
		status(200, chunk(3, "def")+"event: new\ndata: x\n\nevent: end\ndata: {\"state\":\"succeeded\"}\n\n", "Content-Type", stream))
	var got strings.Builder
	last, err := c.FollowLog(t.Context(), "01A", client.LogPosition{Attempt: 1}, client.LogFollower{Piece: func(p client.LogPiece) error {
		got.Write(p.Data)
		return nil
	}})
	if err != nil || got.String() != "abcdef" || last.State != task.Succeeded {
		t.Errorf("got %q, %+v, %v", got.String(), last, err)
	}
	if q := s.seen[2].URL.RawQuery; q != "attempt=1&follow=true&offset=3" {
		t.Errorf("got the query %s, want the place after the last piece", q)
	}
}

func TestOnlyURLsOfConductorsAreTaken(t *testing.T) {
	for _, url := range []string{"", "127.0.0.1:7700", "ftp://host", "http://", "::"} {
		if _, err := client.New(url, "", client.Options{}); err == nil {
			t.Errorf("%q was taken", url)
		}
	}
}
