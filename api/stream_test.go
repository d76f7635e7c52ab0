package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// sse is one event as it was read.
type sse struct{ id, name, data string }

// follow opens a stream and returns its events; cut closes it.
func (h *harness) follow(path string, headers ...string) (events <-chan sse, header http.Header, cut func()) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", h.url+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		h.t.Fatal(err)
	}
	if res.StatusCode != 200 {
		h.t.Fatalf("got status %d", res.StatusCode)
	}
	out := make(chan sse, 1000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(out)
		defer res.Body.Close()
		lines := bufio.NewReader(res.Body)
		var e sse
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			line = strings.TrimSuffix(line, "\n")
			name, value, _ := strings.Cut(line, ": ")
			switch {
			case line == "" && e != sse{}:
				out <- e
				e = sse{}
			case name == "id":
				e.id = value
			case name == "event":
				e.name = value
			case name == "data":
				e.data = value
			}
		}
	}()
	h.t.Cleanup(func() { cancel(); <-done })
	return out, res.Header, cancel
}

// next returns the next event of a name.
func next(t testing.TB, events <-chan sse, name string) sse {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case e, open := <-events:
			if !open {
				t.Fatalf("the stream ended before an event %q", name)
			}
			if e.name == name {
				return e
			}
		case <-deadline:
			t.Fatalf("no event %q within ten seconds", name)
		}
	}
}

func piece(stream task.Stream, data string) task.OutputPiece {
	return task.OutputPiece{At: noon, Stream: stream, Data: []byte(data)}
}

func (r *fakeRun) write(pieces ...task.OutputPiece) {
	r.output[r.Attempt] = append(r.output[r.Attempt], pieces...)
}

func TestTheLogIsReadAsText(t *testing.T) {
	h := serve(t)
	run := h.addRun("01RUN", task.Running).attempt("js-1")
	run.write(piece(task.Stdout, "hello\n"), piece(task.Stderr, "\xff\x00bin\n"), piece(task.StreamMark, "cut"))
	r := h.do("GET", "/api/v1/runs/01RUN/log", "").want(200)
	if string(r.body) != "hello\n\xff\x00bin\ncut" || r.header.Get("Content-Type") != "text/plain; charset=utf-8" || r.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %q with %v", r.body, r.header)
	}
	place := func(r reply) string {
		return r.header.Get("X-Segno-Log-Attempt") + " " + r.header.Get("X-Segno-Log-Offset") + " " + r.header.Get("X-Segno-Log-Next") + " " + r.header.Get("X-Segno-Log-End")
	}
	if got := place(r); got != "1 0 15 false" {
		t.Errorf("got the place %q", got)
	}
	r = h.do("GET", "/api/v1/runs/01RUN/log?offset=3&limit=5", "").want(200)
	if string(r.body) != "lo\n\xff\x00" || place(r) != "1 3 8 false" {
		t.Errorf("got %q at %q", r.body, place(r))
	}
	run.ended[1] = true
	r = h.do("GET", "/api/v1/runs/01RUN/log?offset=15", "").want(200)
	if len(r.body) != 0 || place(r) != "1 15 15 true" {
		t.Errorf("got %q at %q", r.body, place(r))
	}
	run.attempt("js-2").write(piece(task.Stdout, "second"))
	if r = h.do("GET", "/api/v1/runs/01RUN/log", "").want(200); string(r.body) != "second" {
		t.Errorf("got %q, want the output of the newest attempt", r.body)
	}
	if r = h.do("GET", "/api/v1/runs/01RUN/log?attempt=1&limit=5", "").want(200); string(r.body) != "hello" {
		t.Errorf("got %q, want the output of the first attempt", r.body)
	}
}

func TestTheLogIsReadAsPieces(t *testing.T) {
	h := serve(t)
	h.addRun("01RUN", task.Running).attempt("js-1").write(piece(task.Stdout, "héllo\n"), piece(task.Stderr, "\xe2\x82"), piece(task.Stderr, "\xac"))
	var got wire.LogChunk
	h.do("GET", "/api/v1/runs/01RUN/log?format=json", "").want(200).into(&got)
	if len(got.Pieces) != 3 || got.Pieces[0].Text != "héllo\n" || got.Pieces[1].Stream != wire.Stderr || got.Pieces[1].Text != "" || got.Next != 10 {
		t.Fatalf("got %+v", got)
	}
	if euro := append(got.Pieces[1].Bytes(), got.Pieces[2].Bytes()...); string(euro) != "€" {
		t.Errorf("got %q, want a character that was split to survive", euro)
	}
	h.addRun("01NEW", task.Queued)
	h.do("GET", "/api/v1/runs/01NEW/log?format=json", "").want(200).into(&got)
	if got.Attempt != 0 || len(got.Pieces) != 0 || got.End {
		t.Errorf("got %+v of a run without attempts", got)
	}
}

func TestAFollowedLogComesInEventsThroughAttemptsToTheEnd(t *testing.T) {
	h := serve(t)
	h.addRun("01RUN", task.Queued)
	events, header, _ := h.follow("/api/v1/runs/01RUN/log?follow=true")
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "X-Accel-Buffering": "no", "Cache-Control": "no-store"} {
		if header.Get(name) != want {
			t.Errorf("got %s %q, want %q", name, header.Get(name), want)
		}
	}
	if e := next(t, events, "run"); !strings.Contains(e.data, `"queued"`) {
		t.Errorf("got %+v, want the state first", e)
	}
	h.change("01RUN", func(r *fakeRun) { r.State = task.Running; r.attempt("js-1").write(piece(task.Stdout, "one\n")) })
	if e := next(t, events, "attempt"); e.data != `{"attempt":1,"server":"js-1"}` {
		t.Errorf("got %+v", e)
	}
	if e := next(t, events, "output"); e.id != "1:4" || !strings.Contains(e.data, `"pieces":[{"at":"2026-03-01T12:00:00.250Z","stream":"stdout","text":"one\n"}]`) {
		t.Errorf("got %+v", e)
	}
	h.change("01RUN", func(r *fakeRun) {
		r.write(piece(task.Stderr, "\xff"))
		r.attempt("js-2").write(piece(task.Stdout, "two"))
	})
	if e := next(t, events, "output"); e.id != "1:5" || !strings.Contains(e.data, `"base64":"/w=="`) {
		t.Errorf("got %+v", e)
	}
	if e := next(t, events, "attempt"); e.id != "2:0" || e.data != `{"attempt":2,"server":"js-2"}` {
		t.Errorf("got %+v", e)
	}
	if e := next(t, events, "output"); e.id != "2:3" {
		t.Errorf("got %+v", e)
	}
	h.change("01RUN", func(r *fakeRun) { r.Progress = &task.Progress{Percent: 42, Message: "loading"} })
	if e := next(t, events, "run"); !strings.Contains(e.data, `"percent":42`) {
		for !strings.Contains(e.data, `"percent":42`) {
			e = next(t, events, "run")
		}
	}
	code := 3
	h.change("01RUN", func(r *fakeRun) {
		r.write(piece(task.Stdout, "last"))
		r.State, r.ExitCode, r.ended[2] = task.Failed, &code, true
	})
	if e := next(t, events, "output"); e.id != "2:7" {
		t.Errorf("got %+v, want the last output before the end", e)
	}
	if e := next(t, events, "end"); !strings.Contains(e.data, `"state":"failed"`) || !strings.Contains(e.data, `"exit_code":3`) {
		t.Errorf("got %+v", e)
	}
	if e, open := <-events; open {
		t.Errorf("got %+v after the end", e)
	}
}

func TestAFollowerThatComesBackGoesOnWhereItStopped(t *testing.T) {
	h := serve(t)
	h.addRun("01RUN", task.Running).attempt("js-1").write(piece(task.Stdout, "0123456789"))
	for _, c := range []struct{ path, last, id, text string }{
		{"?follow=true", "1:4", "1:10", "456789"},
		{"", "1:9", "1:10", "9"},
		{"?follow=true&offset=7", "", "1:10", "789"},
		{"?follow=true&attempt=1", "", "1:10", "0123456789"},
	} {
		events, _, cut := h.follow("/api/v1/runs/01RUN/log"+c.path, "Last-Event-ID", c.last, "Accept", "text/event-stream")
		if e := next(t, events, "output"); e.id != c.id || !strings.Contains(e.data, `"text":"`+c.text+`"`) {
			t.Errorf("%s after %q: got %+v, want %s", c.path, c.last, e, c.text)
		}
		cut()
	}
	h.do("GET", "/api/v1/runs/01RUN/log?follow=true", "", "Last-Event-ID", "9:0").problem(404)
	h.do("GET", "/api/v1/runs/01RUN/log?follow=true", "", "Last-Event-ID", "x").problem(422)
	waitFor(t, "the watchers to be let go", func() bool { return h.watching() == 0 })
}

// waitFor waits until something is true.
func waitFor(t testing.TB, what string, is func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited ten seconds for %s", what)
		}
	}
}

// flaky is a proxy that cuts answers off after a random number of bytes below most. An event must fit, or it never comes.
func flaky(t *testing.T, target http.Handler, most int, seed uint64) (url string, cuts *atomic.Int64) {
	cuts = &atomic.Int64{}
	random := rand.New(rand.NewPCG(seed, 1))
	lengths := make(chan int, 1)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case lengths <- random.IntN(most):
			case <-stop:
				return
			}
		}
	}()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				cuts.Add(1)
				panic(http.ErrAbortHandler)
			}
		}()
		target.ServeHTTP(&cutWriter{ResponseWriter: w, left: <-lengths}, r)
	}))
	t.Cleanup(func() { server.Close(); close(stop); <-done })
	return server.URL, cuts
}

type cutWriter struct {
	http.ResponseWriter
	left int
}

func (c *cutWriter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *cutWriter) Write(p []byte) (int, error) {
	if len(p) > c.left {
		_, _ = c.ResponseWriter.Write(p[:c.left])
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= len(p)
	return c.ResponseWriter.Write(p)
}

func TestAFollowedLogIsByteForByteTheJobsOverBrokenConnections(t *testing.T) {
	f := newFake()
	s, err := api.New(f, api.Options{TokenHash: hashOf(token)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	url, cuts := flaky(t, s.Handler(), 200_000, 7)
	c, err := client.New(url, token, client.Options{Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	f.addRun("01RUN", task.Running).attempt("js-1")
	var want [3]bytes.Buffer
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		random := rand.New(rand.NewPCG(3, 4))
		for attempt := 1; attempt <= 2; attempt++ {
			for range 150 {
				data := make([]byte, 1+random.IntN(10_000))
				for i := range data {
					data[i] = byte(random.UintN(256))
				}
				if random.IntN(2) == 0 {
					data = []byte(strings.Repeat("zeile €\n", 1+random.IntN(800)))
					data = data[:1+random.IntN(len(data))]
				}
				want[attempt].Write(data)
				f.change("01RUN", func(r *fakeRun) { r.write(task.OutputPiece{At: noon, Stream: task.Stdout, Data: data}) })
			}
			f.change("01RUN", func(r *fakeRun) {
				r.ended[attempt] = true
				if attempt == 1 {
					r.attempt("js-2")
				} else {
					r.State = task.Succeeded
				}
			})
		}
	}()
	var got [3]bytes.Buffer
	last, err := c.FollowLog(t.Context(), "01RUN", client.LogPosition{Attempt: 1}, client.LogFollower{Piece: func(p client.LogPiece) error {
		if p.Offset != int64(got[p.Attempt].Len()) {
			t.Errorf("got a piece at %d:%d, want it at %d", p.Attempt, p.Offset, got[p.Attempt].Len())
		}
		got[p.Attempt].Write(p.Data)
		return nil
	}})
	<-wrote
	if err != nil || last.State != task.Succeeded {
		t.Fatalf("got %+v, %v", last, err)
	}
	for attempt := 1; attempt <= 2; attempt++ {
		if !bytes.Equal(got[attempt].Bytes(), want[attempt].Bytes()) {
			t.Errorf("attempt %d: got %d bytes, want the %d that were written", attempt, got[attempt].Len(), want[attempt].Len())
		}
	}
	if cuts.Load() < 5 {
		t.Errorf("got %d broken connections, want several", cuts.Load())
	}
}

func TestAFollowerStopsWithItsContextAndItsCallback(t *testing.T) {
	h := serve(t)
	h.addRun("01RUN", task.Running).attempt("js-1").write(piece(task.Stdout, "x"))
	c, err := client.New(h.url, token, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	_, err = c.FollowLog(t.Context(), "01RUN", client.LogPosition{}, client.LogFollower{Piece: func(client.LogPiece) error { return enough }})
	if !errors.Is(err, enough) {
		t.Errorf("got %v, want the error of the callback", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = c.FollowLog(ctx, "01RUN", client.LogPosition{}, client.LogFollower{Piece: func(client.LogPiece) error { cancel(); return nil }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
	if _, err = c.FollowLog(t.Context(), "01NOPE", client.LogPosition{}, client.LogFollower{}); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v, want not found at once", err)
	}
}

func TestEventsAreFollowedFromNowOn(t *testing.T) {
	h := serve(t)
	h.happen(task.Event{Kind: "task.created", Subject: "old"})
	events, _, cut := h.follow("/api/v1/events", "Accept", "text/event-stream")
	if e := next(t, events, ""); e.id != "1" || e.data != "" {
		t.Errorf("got %+v, want the place first", e)
	}
	h.happen(task.Event{Kind: "task.created", Subject: "new"})
	e := next(t, events, "")
	var got wire.Event
	if err := json.Unmarshal([]byte(e.data), &got); err != nil || e.id != "2" || got.Subject != "new" || got.ID != 2 {
		t.Errorf("got %+v, %v", e, err)
	}
	cut()
	h.happen(task.Event{Kind: "task.deleted", Subject: "third"})
	events, _, _ = h.follow("/api/v1/events?follow=true", "Last-Event-ID", "2")
	next(t, events, "")
	if e := next(t, events, ""); e.id != "3" {
		t.Errorf("got %+v, want the event that was missed", e)
	}
	events, _, _ = h.follow("/api/v1/events?follow=true&after=0&kind=task.created")
	next(t, events, "")
	if a, b := next(t, events, ""), next(t, events, ""); a.id != "1" || b.id != "2" {
		t.Errorf("got %+v and %+v, want all of the kind", a, b)
	}
	h.do("GET", "/api/v1/events?follow=true&newest=true", "").problem(422)
	h.do("GET", "/api/v1/events?follow=true", "", "Last-Event-ID", "x").problem(422)
}

func TestEventsAreFollowedOverBrokenConnections(t *testing.T) {
	f := newFake()
	s, err := api.New(f, api.Options{TokenHash: hashOf(token)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	url, cuts := flaky(t, s.Handler(), 6_000, 11)
	c, err := client.New(url, token, client.Options{Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	f.happen(task.Event{Kind: "task.created", Subject: "old"})
	const many = 700
	go func() {
		for range many {
			f.happen(task.Event{Kind: "task.created", Subject: "new"})
		}
	}()
	seen, done := int64(1), errors.New("done")
	err = c.FollowEvents(t.Context(), task.EventFilter{After: 1}, func(e wire.Event) error {
		if e.ID != seen+1 {
			t.Fatalf("got event %d after %d", e.ID, seen)
		}
		if seen = e.ID; seen == many+1 {
			return done
		}
		return nil
	})
	if !errors.Is(err, done) || cuts.Load() < 3 {
		t.Errorf("got %v after %d broken connections", err, cuts.Load())
	}
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	h := serve(t)
	h.addRun("01RUN", task.Running).attempt("js-1")
	logs, _, _ := h.follow("/api/v1/runs/01RUN/log?follow=true")
	events, _, _ := h.follow("/api/v1/events?follow=true")
	next(t, logs, "attempt")
	next(t, events, "")
	h.server.Stop()
	for range logs {
		continue
	}
	for range events {
		continue
	}
	waitFor(t, "the watchers to be let go", func() bool { return h.watching() == 0 })
}

func TestASlowReaderIsNotWaitedForWithMuchInHand(t *testing.T) {
	// The output is far larger than all buffers between the two; the reader takes nothing.
	h := serve(t)
	r := h.addRun("01RUN", task.Running).attempt("js-1")
	block := bytes.Repeat([]byte("0123456789abcdef"), 4<<10)
	for range 1000 {
		r.write(task.OutputPiece{At: noon, Stream: task.Stdout, Data: block})
	}
	req, _ := http.NewRequestWithContext(t.Context(), "GET", h.url+"/api/v1/runs/01RUN/log?follow=true", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, res.Body, 100); err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	waitFor(t, "the stream to be given up", func() bool { return h.watching() == 0 })
}
