package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/internal/replay"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
	"github.com/segno-jobs/segno/virtualserver"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 250_000_000, time.UTC)

// fake is a conductor in memory.
type fake struct {
	api.TriggerService
	api.CalendarService
	fakeEvents
	told
	packages
	deeds
	browsers

	mu      sync.Mutex
	servers map[string]api.ServerView
	groups  map[string]virtualserver.VirtualServer
	shared  map[string]task.ConcurrencyGroup
	// retention is made of the defaults when it is first asked for.
	retention task.StoredRetention
	tasks     map[string]task.Task
	plans     map[string]plan.Plan
	planRuns  map[string]plan.Run
	runs      map[task.RunID]*fakeRun
	// runFilter is the one that runs were last listed by.
	runFilter task.RunFilter
	keys      map[string]task.RunID
	answers   map[string]replay.Answer
	events    []task.Event
	watchers  map[chan struct{}]struct{}
	// broken is returned by every method if it is set.
	broken error
	// writes counts changes that were stored.
	writes int
	loads  []jobserver.LoadPoint
	ready  error

	fates   map[string][]api.WhatIf
	takenUp []takenUp
	insight insight
	// closed counts contents that were closed.
	closed int
}

type fakeRun struct {
	task.Run
	output map[int][]task.OutputPiece
	ended  map[int]bool
	places map[int]virtualserver.Placement
	// contents are those of the checkpoints, by their sequence.
	checkpoints []task.Checkpoint
	contents    map[int][]byte
}

func newFake() *fake {
	return &fake{
		servers: map[string]api.ServerView{}, groups: map[string]virtualserver.VirtualServer{}, tasks: map[string]task.Task{},
		plans: map[string]plan.Plan{}, planRuns: map[string]plan.Run{},
		shared: map[string]task.ConcurrencyGroup{},
		runs:   map[task.RunID]*fakeRun{}, keys: map[string]task.RunID{}, answers: map[string]replay.Answer{},
		watchers: map[chan struct{}]struct{}{},
	}
}

func (f *fake) addServer(name string) {
	f.servers[name] = api.ServerView{Server: jobserver.Server{
		Name: name, Kind: jobserver.KindJob, Mode: jobserver.Active, State: jobserver.Online, Slots: 8, Power: 1, JoinedAt: noon, Version: 1, Labels: map[string]string{},
	}}
}

func (f *fake) addTask(name string) {
	f.tasks[name] = task.Task{
		Spec:    task.Spec{Name: name, Target: task.Target{VirtualServer: "etl"}, Job: task.Job{Command: []string{"true"}}},
		Version: 1, CreatedAt: noon, UpdatedAt: noon,
	}
}

func (f *fake) addRun(id task.RunID, state task.State) *fakeRun {
	r := &fakeRun{
		Run:    task.Run{ID: id, Task: "load", State: state, QueuedAt: noon, Spec: task.Spec{Target: task.Target{VirtualServer: "etl"}}},
		output: map[int][]task.OutputPiece{}, ended: map[int]bool{}, places: map[int]virtualserver.Placement{},
	}
	f.runs[id] = r
	return r
}

func (r *fakeRun) attempt(server string) *fakeRun {
	r.Attempt++
	r.Server = server
	r.Attempts = append(r.Attempts, task.Attempt{Run: r.ID, Number: r.Attempt, Server: server, State: task.AttemptRunning, OfferedAt: noon})
	return r
}

// change changes a run under the lock and tells everyone who watches.
func (f *fake) change(id task.RunID, do func(*fakeRun)) {
	f.mu.Lock()
	do(f.runs[id])
	f.mu.Unlock()
	f.signal()
}

func (f *fake) signal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.watchers {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

func (f *fake) watch() (<-chan struct{}, func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := make(chan struct{}, 1)
	f.watchers[w] = struct{}{}
	return w, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.watchers, w)
	}
}

func (f *fake) watching() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.watchers)
}

func (f *fake) Ready(context.Context) error { return f.ready }

// paged returns the page of sorted names.
func paged[T any](all map[string]T, p page.Request, keep func(T) bool) (page.Of[T], error) {
	var names []string
	for name, v := range all {
		if name > p.Cursor && keep(v) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var out page.Of[T]
	last := ""
	for _, name := range names {
		if len(out.Items) == p.Size() {
			out.Next = last
			break
		}
		last = name
		out.Items = append(out.Items, all[name])
	}
	return out, nil
}

func (f *fake) Servers(_ context.Context, q jobserver.Filter, p page.Request) (page.Of[api.ServerView], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return paged(f.servers, p, func(v api.ServerView) bool {
		for k, want := range q.Labels {
			if v.Labels[k] != want {
				return false
			}
		}
		return strings.Contains(v.Name, q.Query) && (q.Status == "" || v.Status() == q.Status)
	})
}

func (f *fake) Server(_ context.Context, name string) (api.ServerView, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return found(f, f.servers, name)
}

func found[T any](f *fake, all map[string]T, name string) (T, error) {
	v, ok := all[name]
	switch {
	case f.broken != nil:
		return v, f.broken
	case !ok:
		return v, fmt.Errorf("find %q: %w", name, fault.NotFound)
	}
	return v, nil
}

func (f *fake) EditServer(_ context.Context, name string, version int64, edit func(*jobserver.Server) error) (api.ServerView, error) {
	return edited(f, f.servers, name, version, func(v *api.ServerView) (*jobserver.Server, *int64) { return &v.Server, &v.Version }, edit)
}

// checked compares the versions.
func checked(stored, version int64) error {
	if version != 0 && version != stored {
		return fmt.Errorf("version %d is not %d: %w", version, stored, fault.Conflict)
	}
	return nil
}

// edited applies an edit, and stores and counts it if it changes something.
func edited[V, D any](f *fake, all map[string]V, name string, version int64, parts func(*V) (*D, *int64), edit func(*D) error) (V, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, err := found(f, all, name)
	if err != nil {
		return v, err
	}
	doc, stored := parts(&v)
	if err := checked(*stored, version); err != nil {
		return v, err
	}
	before, _ := json.Marshal(doc)
	if err := edit(doc); err != nil {
		return v, fmt.Errorf("edit: %w", err)
	}
	if after, _ := json.Marshal(doc); !bytes.Equal(before, after) {
		f.writes++
		*stored++
		all[name] = v
	}
	return v, nil
}

// removed deletes under the version.
func removed[V any](f *fake, all map[string]V, name string, version int64, stored func(V) int64) error {
	v, err := found(f, all, name)
	if err != nil {
		return err
	}
	if err := checked(stored(v), version); err != nil {
		return err
	}
	f.writes++
	delete(all, name)
	return nil
}

func (f *fake) DeleteServer(_ context.Context, name string, version int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.servers[name].Attempts) > 0 {
		return fmt.Errorf("server %s has open attempts: %w", name, fault.Conflict)
	}
	return removed(f, f.servers, name, version, func(v api.ServerView) int64 { return v.Version })
}

func (f *fake) SetServerMode(ctx context.Context, name string, mode jobserver.Mode, reason string) (api.ServerView, error) {
	return f.EditServer(ctx, name, 0, func(s *jobserver.Server) error { s.Mode, s.Reason = mode, reason; return nil })
}

func (f *fake) ServerLoad(_ context.Context, _ string, from, to time.Time) ([]jobserver.LoadPoint, error) {
	var out []jobserver.LoadPoint
	for _, p := range f.loads {
		if !p.At.Before(from) && p.At.Before(to) {
			out = append(out, p)
		}
	}
	return out, nil
}

func (f *fake) CreateJoinToken(_ context.Context, name string, ttl time.Duration) (string, jobserver.JoinToken, error) {
	f.writes++
	return "secret" + strconv.Itoa(f.writes), jobserver.JoinToken{Name: name, ExpiresAt: noon.Add(ttl)}, nil
}

func (f *fake) VirtualServers(_ context.Context, query string, p page.Request) (page.Of[virtualserver.VirtualServer], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return paged(f.groups, p, func(v virtualserver.VirtualServer) bool { return strings.Contains(v.Name, query) })
}

func (f *fake) VirtualServer(_ context.Context, name string) (virtualserver.VirtualServer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return found(f, f.groups, name)
}

func (f *fake) CreateVirtualServer(_ context.Context, s virtualserver.Spec) (virtualserver.VirtualServer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, taken := f.groups[s.Name]; taken {
		return virtualserver.VirtualServer{}, fmt.Errorf("virtual server %s exists: %w", s.Name, fault.Conflict)
	}
	f.writes++
	f.groups[s.Name] = virtualserver.VirtualServer{Spec: s, Version: 1, CreatedAt: noon, UpdatedAt: noon}
	return f.groups[s.Name], nil
}

func (f *fake) EditVirtualServer(_ context.Context, name string, version int64, edit func(*virtualserver.Spec) error) (virtualserver.VirtualServer, error) {
	return edited(f, f.groups, name, version, func(v *virtualserver.VirtualServer) (*virtualserver.Spec, *int64) { return &v.Spec, &v.Version }, edit)
}

func (f *fake) DeleteVirtualServer(_ context.Context, name string, version int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return removed(f, f.groups, name, version, func(v virtualserver.VirtualServer) int64 { return v.Version })
}

func (f *fake) Rating(_ context.Context, name, of string) (virtualserver.Placement, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := found(f, f.groups, name); err != nil {
		return virtualserver.Placement{}, err
	}
	return virtualserver.Placement{At: noon, VirtualServer: name, Chosen: "js-1", Reason: "best for " + of}, nil
}

func (f *fake) Tasks(_ context.Context, q task.Filter, p page.Request) (page.Of[task.Task], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return paged(f.tasks, p, func(t task.Task) bool { return strings.Contains(t.Name, q.Query) })
}

func (f *fake) Task(_ context.Context, name string) (task.Task, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return found(f, f.tasks, name)
}

func (f *fake) CreateTask(ctx context.Context, s task.Spec, triggers ...task.TriggerSpec) (task.Task, error) {
	t, err := f.storeTask(s)
	for _, trigger := range triggers {
		if err == nil {
			_, err = f.CreateTrigger(ctx, task.TaskOwner(s.Name), trigger)
		}
	}
	return t, err
}

func (f *fake) storeTask(s task.Spec) (task.Task, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, taken := f.tasks[s.Name]; taken {
		return task.Task{}, fmt.Errorf("task %s exists: %w", s.Name, fault.Conflict)
	}
	f.writes++
	f.tasks[s.Name] = task.Task{Spec: s, Version: 1, CreatedAt: noon, UpdatedAt: noon}
	return f.tasks[s.Name], nil
}

func (f *fake) EditTask(_ context.Context, name string, version int64, edit func(*task.Spec) error) (task.Task, error) {
	return edited(f, f.tasks, name, version, func(t *task.Task) (*task.Spec, *int64) { return &t.Spec, &t.Version }, edit)
}

func (f *fake) DeleteTask(_ context.Context, name string, version int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return removed(f, f.tasks, name, version, func(t task.Task) int64 { return t.Version })
}

func (f *fake) Answer(_ context.Context, key string) (replay.Answer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return found(f, f.answers, key)
}

func (f *fake) SaveAnswer(_ context.Context, key string, a replay.Answer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, kept := f.answers[key]; kept {
		return errors.New("there is an answer already")
	}
	f.answers[key] = a
	return nil
}
