package api_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func TestABrowsersSession(t *testing.T) {
	now := noon
	h := serve(t, func(o *api.Options) { o.Now = func() time.Time { return now } })
	h.addTask("load")
	h.raw("POST", "/api/v1/session", strings.NewReader(`{"token": "wrong"}`), "Content-Type", "application/json").problem(401)
	r := h.raw("POST", "/api/v1/session", strings.NewReader(`{"token": "`+token+`"}`), "Content-Type", "application/json").want(201)
	cookie := r.header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("got the cookie %q, want %s", cookie, want)
		}
	}
	cookie, _, _ = strings.Cut(cookie, ";")
	if strings.Contains(cookie, token) {
		t.Error("the cookie holds the token")
	}
	var got wire.Session
	h.raw("GET", "/api/v1/session", nil, "Cookie", cookie).want(200).into(&got)
	if got.By != "admin" || got.ExpiresAt == nil || !got.ExpiresAt.Equal(noon.Add(12*time.Hour)) {
		t.Errorf("got %+v", got)
	}
	h.do("GET", "/api/v1/session", "").want(200).into(&got)

	h.raw("POST", "/api/v1/tasks/load/runs", nil, "Cookie", cookie, "Sec-Fetch-Site", "same-origin").want(201)
	h.raw("POST", "/api/v1/tasks/load/runs", nil, "Cookie", cookie, "Sec-Fetch-Site", "cross-site").problem(403)
	h.raw("POST", "/api/v1/tasks/load/runs", nil, "Cookie", cookie, "Origin", "https://evil.example").problem(403)
	h.raw("GET", "/api/v1/tasks", nil, "Cookie", cookie+"x").problem(401)
	h.raw("POST", "/api/v1/session", strings.NewReader(`{"token": "`+token+`"}`), "Content-Type", "application/json", "Sec-Fetch-Site", "cross-site").problem(403)

	now = noon.Add(13 * time.Hour)
	h.raw("GET", "/api/v1/tasks", nil, "Cookie", cookie).problem(401)
	now = noon
	h.raw("DELETE", "/api/v1/session", nil, "Cookie", cookie).want(204)
	h.raw("GET", "/api/v1/tasks", nil, "Cookie", cookie).problem(401)
}

func TestHealthNeedsNoTokenAndReadinessSaysWhyNot(t *testing.T) {
	h := serve(t, func(o *api.Options) {
		o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "segno_runs 1\n") })
	})
	h.raw("GET", "/healthz", nil).want(200)
	h.raw("GET", "/readyz", nil).want(200)
	if r := h.raw("GET", "/metrics", nil).want(200); string(r.body) != "segno_runs 1\n" {
		t.Errorf("got %q", r.body)
	}
	h.ready = errors.New("the disk is full")
	r := h.raw("GET", "/readyz", nil)
	if p := r.problem(503); !strings.Contains(p.Detail, "the disk is full") || r.header.Get("Retry-After") == "" {
		t.Errorf("got %+v", p)
	}
	h.raw("GET", "/healthz", nil).want(200)
}

func TestTheConsoleGetsWhatNoRouteTakes(t *testing.T) {
	h := serve(t, func(o *api.Options) {
		o.Console = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "console "+r.URL.Path) })
	})
	for _, path := range []string{"/", "/virtual-servers/etl", "/assets/app.js"} {
		if r := h.raw("GET", path, nil).want(200); string(r.body) != "console "+path {
			t.Errorf("%s: got %q", path, r.body)
		}
	}
	h.do("GET", "/api/v1/nope", "").problem(404)
	h.do("GET", "/api/nope", "").problem(404)
	h.do("POST", "/runs", "{}").problem(404)
	h.do("PUT", "/api/v1/tasks", "{}").problem(405)
	h.do("GET", "/api/v1/tasks", "").want(200)
}

func TestHandlersOfOtherPartsSeeToTheirOwnCallers(t *testing.T) {
	h := serve(t, func(o *api.Options) {
		o.Mounts = map[string]http.Handler{"/segno.v1.Agents/": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		})}
	})
	r := h.raw("POST", "/segno.v1.Agents/Beat", strings.NewReader("x"), "Authorization", "Bearer agent").want(200)
	if string(r.body) != "POST /segno.v1.Agents/Beat Bearer agent" {
		t.Errorf("got %q", r.body)
	}
}

func TestRequestsAreObservedByPatternOnly(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	h := serve(t, func(o *api.Options) {
		o.Observe = func(route string, status int, _ time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			seen[route] = status
		}
	})
	h.addTask("load")
	h.addRun("01A", task.Succeeded).attempt("js-1").ended[1] = true
	h.do("GET", "/api/v1/tasks/load", "")
	h.do("GET", "/api/v1/tasks/nope/zzz", "")
	h.do("GET", "/api/v1/runs/01NOPE", "")
	h.do("GET", "/api/v1/runs/01A/log?follow=true", "")
	mu.Lock()
	defer mu.Unlock()
	want := map[string]int{"GET /api/v1/tasks/{name}": 200, "unmatched": 404, "GET /api/v1/runs/{id}": 404, "GET /api/v1/runs/{id}/log stream": 200}
	if len(seen) != len(want) {
		t.Errorf("got %v, want %v", seen, want)
	}
	for route, status := range want {
		if seen[route] != status {
			t.Errorf("got %v, want %v", seen, want)
		}
	}
}

func TestServeSpeaksBothVersionsOfHTTPAndStopsWithItsContext(t *testing.T) {
	f := newFake()
	f.addTask("load")
	f.addRun("01RUN", task.Running).attempt("js-1")
	s, err := api.New(f, api.Options{TokenHash: hashOf(token)})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	h := &harness{fake: f, t: t, url: "http://" + l.Addr().String()}
	h.do("GET", "/api/v1/tasks/load", "").want(200)

	h2 := new(http.Protocols)
	h2.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: h2}
	defer transport.CloseIdleConnections()
	req, _ := http.NewRequestWithContext(t.Context(), "GET", h.url+"/healthz", nil)
	res, err := transport.RoundTrip(req)
	if err != nil || res.ProtoMajor != 2 {
		t.Fatalf("got %+v, %v, want HTTP/2", res, err)
	}
	_ = res.Body.Close()

	events, _, _ := h.follow("/api/v1/runs/01RUN/log?follow=true")
	next(t, events, "attempt")
	cancel()
	for range events {
		continue
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("got %v, want a stop without error", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the server does not stop")
	}
}

func TestAServerNeedsTheHashOfAToken(t *testing.T) {
	for _, hash := range []string{"", "abc", strings.Repeat("z", 64), token} {
		if _, err := api.New(newFake(), api.Options{TokenHash: hash}); err == nil {
			t.Errorf("%q was taken as the hash of a token", hash)
		}
	}
}
