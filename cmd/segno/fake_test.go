package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

const (
	adminToken = "secret-token-of-the-tests"
	runID      = "01JD3Z5M7QW8X9Y0ABCDEFGHJK"
)

// noon is when everything happens in these tests.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fakeAPI answers as a conductor does that holds a few things. It keeps what was asked.
type fakeAPI struct {
	t   *testing.T
	url string

	mu       sync.Mutex
	servers  map[string]wire.Server
	groups   map[string]wire.VirtualServer
	shared   map[string]wire.ConcurrencyGroup
	settings map[string]wire.Retention
	plans    map[string]wire.Plan
	// planStates are what is answered of plan runs, one after the other; the last one stays. looked, unless it is nil, is
	// away is how many looks at a plan run are refused for a reason that passes.
	away int
	// called once a plan run was read.
	planStates []wire.PlanRun
	looked     func()
	// triggers are by their task's and their own name, with a slash between.
	triggers  map[string]wire.Trigger
	calendars map[string]wire.Calendar
	tasks     map[string]wire.Task
	runs      map[string]wire.Run
	rating    wire.Placement
	// fates are by server, content and runs for recovery by the run's id.
	fates       map[string][]wire.WhatIf
	content     map[string][]byte
	recoverable []wire.Recoverable
	events      []wire.Event
	about       wire.About
	summary     wire.Summary
	pauses      []wire.Pause
	// told is what belongs to notifications.
	told told
	// later are the events that a follower gets.
	later []wire.Event
	// news are events that a follower gets as they come.
	news chan wire.Event
	// log is what GET …/log sends: server-sent events for a follower, else the first chunk.
	log []sentEvent
	// hold keeps a followed log open until the reader goes.
	hold bool
	// calls are the changes that were asked for, as "METHOD path body", and looks what was read, as "path?query".
	calls   []string
	looks   []string
	headers []http.Header
}

type sentEvent struct {
	name string
	data any
}

func newFakeAPI(t *testing.T) *fakeAPI {
	t.Helper()
	f := &fakeAPI{
		t: t, servers: map[string]wire.Server{}, groups: map[string]wire.VirtualServer{}, tasks: map[string]wire.Task{}, shared: map[string]wire.ConcurrencyGroup{}, settings: map[string]wire.Retention{}, plans: map[string]wire.Plan{}, runs: map[string]wire.Run{},
	}
	mux := http.NewServeMux()
	f.route(mux, "GET /session", func(*http.Request) (any, error) { return wire.Session{By: "admin"}, nil })
	f.route(mux, "GET /servers", listOf(f.servers))
	f.route(mux, "GET /servers/{name}", oneOf(f.servers))
	f.route(mux, "PATCH /servers/{name}", patchOf(f.servers))
	f.route(mux, "DELETE /servers/{name}", removeOf(f.servers))
	for verb, mode := range map[string]jobserver.Mode{"drain": jobserver.Draining, "activate": jobserver.Active, "disable": jobserver.Disabled} {
		f.route(mux, "POST /servers/{name}/"+verb, func(r *http.Request) (any, error) {
			s, err := find(f.servers, r.PathValue("name"))
			if s.Mode, s.Status = mode, string(mode); mode == jobserver.Active {
				s.Status = "online"
			}
			return s, err
		})
	}
	f.route(mux, "POST /join-tokens", func(r *http.Request) (any, error) {
		var in wire.JoinTokenRequest
		err := json.NewDecoder(r.Body).Decode(&in)
		return wire.JoinToken{Token: "one-time-token", Name: in.Name, ExpiresAt: wire.At(noon.Add(time.Duration(in.TTL))), Command: "jobserver join …"}, err
	})
	f.route(mux, "GET /virtual-servers", listOf(f.groups))
	f.route(mux, "GET /virtual-servers/{name}", oneOf(f.groups))
	f.route(mux, "GET /virtual-servers/{name}/rating", func(*http.Request) (any, error) { return f.rating, nil })
	f.route(mux, "POST /virtual-servers", func(r *http.Request) (any, error) {
		var s virtualserver.Spec
		err := json.NewDecoder(r.Body).Decode(&s)
		for i, m := range s.Members {
			if _, ok := f.servers[m]; !ok {
				return nil, invalid(fmt.Sprintf("members[%d]", i), "names "+m+", which is no job server")
			}
		}
		f.groups[s.Name] = wire.VirtualServer{Spec: s, Version: 1, UpdatedAt: wire.At(noon)}
		return f.groups[s.Name], err
	})
	f.route(mux, "PATCH /virtual-servers/{name}", patchOf(f.groups))
	f.route(mux, "DELETE /virtual-servers/{name}", removeOf(f.groups))
	f.route(mux, "PUT /virtual-servers/{name}/members/{server}", func(r *http.Request) (any, error) {
		v, err := find(f.groups, r.PathValue("name"))
		v.Members = append(slices.Clone(v.Members), r.PathValue("server"))
		f.groups[v.Name] = v
		return v, err
	})
	f.route(mux, "DELETE /virtual-servers/{name}/members/{server}", func(*http.Request) (any, error) { return nil, nil })
	f.settings["retention"] = wire.Retention{RetentionSettings: task.DefaultRetention(), Version: 1}
	f.route(mux, "GET /settings/{name}", oneOf(f.settings))
	f.route(mux, "PATCH /settings/{name}", patchOf(f.settings))
	for verb, pinned := range map[string]bool{"pin": true, "unpin": false} {
		f.route(mux, "POST /runs/{name}/"+verb, func(r *http.Request) (any, error) {
			run, err := find(f.runs, r.PathValue("name"))
			run.Pinned = pinned
			return run, err
		})
	}
	f.route(mux, "GET /concurrency-groups", listOf(f.shared))
	f.route(mux, "GET /concurrency-groups/{name}", oneOf(f.shared))
	f.route(mux, "POST /concurrency-groups", func(r *http.Request) (any, error) {
		var s task.ConcurrencyGroupSpec
		err := json.NewDecoder(r.Body).Decode(&s)
		f.shared[s.Name] = wire.ConcurrencyGroup{ConcurrencyGroupSpec: s, Version: 1, UpdatedAt: wire.At(noon)}
		return f.shared[s.Name], err
	})
	f.route(mux, "PATCH /concurrency-groups/{name}", patchOf(f.shared))
	f.route(mux, "DELETE /concurrency-groups/{name}", removeOf(f.shared))
	f.triggers, f.calendars = map[string]wire.Trigger{}, map[string]wire.Calendar{}
	f.routeTriggers(mux)
	f.routeAbout(mux)
	f.routeSummary(mux)
	f.route(mux, "GET /tasks", listOf(f.tasks))
	f.route(mux, "GET /tasks/{name}", oneOf(f.tasks))
	f.route(mux, "POST /tasks", func(r *http.Request) (any, error) {
		var s wire.NewTask
		if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
			return nil, err
		}
		if _, taken := f.tasks[s.Name]; taken {
			return nil, refusal{Status: 409, Title: "Conflict", Detail: "a task " + s.Name + " exists already"}
		}
		f.tasks[s.Name] = wire.Task{Spec: s.Spec, Version: 1, UpdatedAt: wire.At(noon)}
		f.addTriggers(task.TaskOwner(s.Name), s.Triggers...)
		return f.tasks[s.Name], nil
	})
	f.route(mux, "PATCH /tasks/{name}", patchOf(f.tasks))
	f.route(mux, "DELETE /tasks/{name}", removeOf(f.tasks))
	f.route(mux, "POST /tasks/{name}/runs", func(r *http.Request) (any, error) {
		if _, err := find(f.tasks, r.PathValue("name")); err != nil {
			return nil, err
		}
		return wire.Run{ID: runID, Task: r.PathValue("name"), State: task.Queued, QueuedAt: wire.At(noon)}, nil
	})
	f.route(mux, "GET /runs", listOf(f.runs))
	f.route(mux, "GET /runs/{name}", oneOf(f.runs))
	f.route(mux, "POST /runs/{name}/cancel", func(r *http.Request) (any, error) {
		run, err := find(f.runs, r.PathValue("name"))
		run.State = task.Stopping
		return run, err
	})
	f.routeRecovery(mux)
	f.routePlans(mux)
	f.routeNotifications(mux)
	f.routeEventTriggers(mux)
	mux.HandleFunc("GET /api/v1/events", f.serveEvents)
	mux.HandleFunc("GET /api/v1/runs/{name}/log", f.serveLog)

	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// route adds a handler that answers with what f returns: a value, nothing, or a problem.
func (f *fakeAPI) route(mux *http.ServeMux, pattern string, answer func(*http.Request) (any, error)) {
	method, path, _ := strings.Cut(pattern, " ")
	mux.HandleFunc(method+" /api/v1"+path, func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer "+adminToken {
			writeProblem(w, wire.Problem{Status: 401, Title: "Unauthorized", Detail: "the request has no valid token"})
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			f.t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if method != http.MethodGet {
			f.calls = append(f.calls, strings.TrimSpace(method+" "+strings.TrimPrefix(r.URL.Path, "/api/v1")+" "+string(body)))
		} else {
			f.looks = append(f.looks, strings.TrimPrefix(r.URL.RequestURI(), "/api/v1"))
		}
		f.headers = append(f.headers, r.Header)
		got, err := answer(r)
		switch refused, isRefused := errors.AsType[refusal](err); {
		case isRefused:
			writeProblem(w, wire.Problem(refused))
		case err != nil:
			f.t.Error(err)
			w.WriteHeader(http.StatusInternalServerError)
		case got == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Content-Type", "application/json")
			if err := json.NewEncoder(w).Encode(got); err != nil {
				f.t.Error(err)
			}
		}
	})
}

func (f *fakeAPI) serveLog(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("follow") != "true" {
		w.Header().Set("Content-Type", "application/json")
		offset, _ := strconv.ParseInt(r.URL.Query().Get("offset"), 10, 64)
		for _, e := range f.log {
			if chunk, ok := e.data.(wire.LogChunk); ok && chunk.Offset >= offset {
				_ = json.NewEncoder(w).Encode(chunk)
				return
			}
		}
		_ = json.NewEncoder(w).Encode(wire.LogChunk{Attempt: 1, Offset: offset, Next: offset, Pieces: []wire.LogPiece{}})
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for _, e := range f.log {
		data, err := json.Marshal(e.data)
		if err != nil {
			f.t.Error(err)
		}
		fmt.Fprintf(w, "event: %s\ndata: %s\n\n", e.name, data)
	}
	w.(http.Flusher).Flush()
	if f.hold {
		<-r.Context().Done()
	}
}

// refusal is a problem as an error.
type refusal wire.Problem

func (r refusal) Error() string { return r.Detail }

// serveEvents answers with the events, newest first; a follower gets those after the last one that it knows.
func (f *fakeAPI) serveEvents(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("follow") != "true" {
		newest := slices.Clone(f.events)
		slices.Reverse(newest)
		_ = json.NewEncoder(w).Encode(wire.Page[wire.Event]{Items: newest})
		return
	}
	after, _ := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64)
	w.Header().Set("Content-Type", "text/event-stream")
	for _, e := range f.later {
		if data, err := json.Marshal(e); err == nil && e.ID > after {
			fmt.Fprintf(w, "id: %d\nevent: event\ndata: %s\n\n", e.ID, data)
		}
	}
	w.(http.Flusher).Flush()
	for {
		select {
		case <-r.Context().Done():
			return
		case e := <-f.news:
			if data, err := json.Marshal(e); err == nil {
				fmt.Fprintf(w, "id: %d\nevent: event\ndata: %s\n\n", e.ID, data)
			}
			w.(http.Flusher).Flush()
		}
	}
}

func writeProblem(w http.ResponseWriter, p wire.Problem) {
	w.Header().Set("Content-Type", wire.ProblemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

func invalid(field, reason string) error {
	return refusal{Status: 422, Title: "Invalid", Detail: field + " " + reason, Errors: []wire.FieldProblem{{Field: field, Reason: reason}}}
}

func find[T any](all map[string]T, name string) (T, error) {
	v, ok := all[name]
	if !ok {
		return v, refusal{Status: 404, Title: "Not found", Detail: "there is no " + name}
	}
	return v, nil
}

func listOf[T any](all map[string]T) func(*http.Request) (any, error) {
	return func(*http.Request) (any, error) {
		items := []T{}
		for _, name := range slices.Sorted(maps.Keys(all)) {
			items = append(items, all[name])
		}
		return wire.Page[T]{Items: items}, nil
	}
}

func oneOf[T any](all map[string]T) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) { return find(all, r.PathValue("name")) }
}

func patchOf[T any](all map[string]T) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		stored, err := find(all, r.PathValue("name"))
		if err != nil {
			return nil, err
		}
		doc, err := json.Marshal(stored)
		if err != nil {
			return nil, err
		}
		patch, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		merged, err := wire.Merge(doc, patch)
		if err != nil {
			return nil, err
		}
		var changed T
		if err := json.Unmarshal(merged, &changed); err != nil {
			return nil, err
		}
		all[r.PathValue("name")] = changed
		return changed, nil
	}
}

func removeOf[T any](all map[string]T) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		_, err := find(all, r.PathValue("name"))
		delete(all, r.PathValue("name"))
		return nil, err
	}
}

// shell runs command lines against a fake conductor.
type shell struct {
	t   *testing.T
	api *fakeAPI
	// env are the variables; the conductor and the token stand there unless a test takes them out.
	env      map[string]string
	config   string
	stdin    string
	terminal bool
	ctx      context.Context
}

func newShell(t *testing.T) *shell {
	api := newFakeAPI(t)
	return &shell{
		t: t, api: api, env: map[string]string{envConductor: api.url, envToken: adminToken}, config: t.TempDir(), ctx: t.Context(),
	}
}

// result is what a command line left.
type result struct {
	code     int
	out, err string
}

func (s *shell) run(args ...string) result {
	s.t.Helper()
	var out, errs bytes.Buffer
	code := run(s.ctx, args, &app{
		in: strings.NewReader(s.stdin), out: &out, err: &errs, inTerminal: s.terminal, outTerminal: s.terminal, errTerminal: s.terminal,
		getenv: func(name string) string { return s.env[name] }, configDir: s.config, now: func() time.Time { return noon },
	})
	return result{code, out.String(), errs.String()}
}

// ok runs a command line that must end well, and returns its output.
func (s *shell) ok(args ...string) string {
	s.t.Helper()
	got := s.run(args...)
	if got.code != 0 {
		s.t.Fatalf("segno %s: exit code %d\n%s%s", strings.Join(args, " "), got.code, got.out, got.err)
	}
	return got.out
}

// addServer adds a job server that is online.
func (f *fakeAPI) addServer(name string, labels map[string]string) {
	rating, stars := 97.25, 5.0
	seen := wire.At(noon.Add(-time.Second))
	f.servers[name] = wire.Server{
		Name: name, Kind: jobserver.KindJob, Status: "online", Mode: jobserver.Active, Contact: jobserver.Online,
		ServerSettings: wire.ServerSettings{Labels: labels, Slots: 8, Power: 1}, Patience: task.Duration(2 * time.Minute),
		HeartbeatEvery: task.Duration(1500 * time.Millisecond), UnreachableAfter: task.Duration(4500 * time.Millisecond), SlotsUsed: 2, Rating: &rating, Stars: &stars,
		Load:     &wire.Sample{Sample: jobserver.Sample{CPUs: 4, Load1: 0.5, MemoryTotal: 8 << 30, MemoryAvailable: 4 << 30}, At: seen},
		Attempts: []wire.RunningAttempt{}, VirtualServers: []string{"etl"}, JoinedAt: wire.At(noon.Add(-time.Hour)), LastSeen: &seen, Version: 3,
	}
}

// addTask adds a task that runs on etl.
func (f *fakeAPI) addTask(name string, change func(*task.Spec)) {
	spec := task.Spec{Name: name, Target: task.Target{VirtualServer: "etl"}, Job: task.Job{Command: []string{"sh", "load.sh"}}}
	if change != nil {
		change(&spec)
	}
	f.tasks[name] = wire.Task{Spec: spec, Version: 7, UpdatedAt: wire.At(noon.Add(-time.Hour))}
}

// output is an event of the log with what the job wrote.
func output(offset int64, stream wire.Stream, text string) sentEvent {
	return sentEvent{wire.EventOutput, wire.LogChunk{
		Attempt: 1, Offset: offset, Next: offset + int64(len(text)), Pieces: []wire.LogPiece{{At: wire.At(noon), Stream: stream, Text: text}},
	}}
}
