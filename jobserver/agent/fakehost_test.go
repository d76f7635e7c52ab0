package agent

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// fakeHost is a host whose guards keep spools in memory. It outlives agents and guards.
type fakeHost struct {
	// run is what a job does: it writes with write, and its exit follows. By default it writes a line and ends.
	run      func(r task.Ref, write func(string)) task.Exit
	startErr func(task.Ref) error

	mu      sync.Mutex
	spools  map[task.Ref]*fakeSpool
	starts  map[task.Ref]int
	stopped map[task.Ref]task.ExitKind
	dropped map[task.Ref]bool
	guard   *fakeGuard
	guards  int
	jobs    sync.WaitGroup
	changed chan struct{}

	// started are what was started, resumed the contents that came with it; contents are those of checkpoints.
	started  map[task.Ref]jobserver.Execution
	resumed  map[task.Ref][]byte
	contents map[int][]byte
	// told is what jobs were told of their checkpoints: why they are refused, or nothing.
	told    map[int]string
	renewed []jobserver.Lease
	expired map[task.Ref]int
}

type fakeSpool struct {
	records []task.Record
	ended   bool
	lease   *jobserver.Lease
}

func newFakeHost() *fakeHost {
	return &fakeHost{
		run: func(r task.Ref, write func(string)) task.Exit {
			write("hello from " + string(r.Run) + "\n")
			return task.Exit{Kind: task.ExitExited}
		},
		startErr: func(task.Ref) error { return nil },
		spools:   map[task.Ref]*fakeSpool{}, starts: map[task.Ref]int{}, stopped: map[task.Ref]task.ExitKind{},
		dropped: map[task.Ref]bool{}, changed: make(chan struct{}),
		started: map[task.Ref]jobserver.Execution{}, resumed: map[task.Ref][]byte{}, contents: map[int][]byte{},
		told: map[int]string{}, expired: map[task.Ref]int{},
	}
}

func (h *fakeHost) connect(context.Context) (Guard, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.guards++
	h.guard = &fakeGuard{host: h, grown: make(chan jobserver.Grown, 1<<16)}
	h.note()
	return h.guard, nil
}

func (h *fakeHost) note() {
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *fakeHost) until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	limit := time.NewTimer(deadline)
	defer limit.Stop()
	for {
		h.mu.Lock()
		ok, changed := holds(), h.changed
		h.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-limit.C:
			t.Fatalf("waited %v in vain: %s", deadline, what)
		}
	}
}

// write appends a record to a spool and tells the guard's client of the moment. The caller does not hold mu.
func (h *fakeHost) write(r task.Ref, record task.Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.spools[r]
	if s == nil || s.ended { // it was stopped
		return
	}
	record.Sequence, record.At = int64(len(s.records))+1, time.Now().UTC().Truncate(time.Microsecond)
	s.records = append(s.records, record)
	s.ended = record.Exit != nil
	h.note()
	if h.guard != nil && !h.guard.gone {
		h.guard.grown <- jobserver.Grown{Ref: r, Ended: s.ended}
	}
}

// killGuard ends the guard; its jobs end as lost.
func (h *fakeHost) killGuard() {
	h.mu.Lock()
	g := h.guard
	g.gone = true
	h.guard = nil
	var refs []task.Ref
	for r, s := range h.spools {
		if !s.ended {
			refs = append(refs, r)
		}
	}
	h.mu.Unlock()
	for _, r := range refs {
		h.write(r, task.Record{Exit: &task.Exit{Kind: task.ExitLost, Code: -1, Detail: "its guard was killed"}})
	}
	close(g.grown)
}

type fakeGuard struct {
	host  *fakeHost
	grown chan jobserver.Grown
	gone  bool // guarded by host.mu
}

func (g *fakeGuard) Start(_ context.Context, e jobserver.Execution) error {
	h := g.host
	if err := h.startErr(e.Ref); err != nil {
		return err
	}
	h.mu.Lock()
	if h.spools[e.Ref] != nil {
		h.mu.Unlock()
		return fault.Conflict
	}
	h.spools[e.Ref] = &fakeSpool{lease: e.Lease}
	h.started[e.Ref] = e
	if e.ResumeContent != "" {
		content, err := os.ReadFile(e.ResumeContent)
		if err != nil {
			h.mu.Unlock()
			return err
		}
		h.resumed[e.Ref] = content
	}
	h.starts[e.Ref]++
	h.mu.Unlock()
	h.write(e.Ref, task.Record{Started: &task.StartedRecord{PID: 1}})
	h.jobs.Go(func() {
		exit := h.run(e.Ref, func(s string) {
			h.write(e.Ref, task.Record{Output: &task.OutputRecord{Stream: task.Stdout, Data: []byte(s)}})
		})
		h.write(e.Ref, task.Record{Exit: &exit})
	})
	return nil
}

func (g *fakeGuard) Stop(_ context.Context, r task.Ref, kind task.ExitKind) error {
	g.host.mu.Lock()
	g.host.stopped[r] = kind
	g.host.note()
	g.host.mu.Unlock()
	g.host.write(r, task.Record{Exit: &task.Exit{Kind: kind, Code: -1}})
	return nil
}

func (g *fakeGuard) Renew(r task.Ref, l jobserver.Lease) error {
	g.host.mu.Lock()
	defer g.host.mu.Unlock()
	g.host.spools[r].lease = &l
	g.host.renewed = append(g.host.renewed, l)
	g.host.note()
	return nil
}

func (g *fakeGuard) Expire(r task.Ref) error {
	g.host.mu.Lock()
	g.host.expired[r]++
	g.host.mu.Unlock()
	g.host.write(r, task.Record{Exit: &task.Exit{Kind: task.ExitLeaseExpired, Code: -1}})
	return nil
}

func (g *fakeGuard) Checkpoint(_ task.Ref, sequence int) (io.ReadCloser, error) {
	g.host.mu.Lock()
	defer g.host.mu.Unlock()
	content, there := g.host.contents[sequence]
	if !there {
		return nil, fault.NotFound
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

func (g *fakeGuard) Validated(_ task.Ref, sequence int, refused string) error {
	g.host.mu.Lock()
	defer g.host.mu.Unlock()
	g.host.told[sequence] = refused
	delete(g.host.contents, sequence)
	g.host.note()
	return nil
}

func (g *fakeGuard) Kept(context.Context) ([]jobserver.Kept, error) {
	g.host.mu.Lock()
	defer g.host.mu.Unlock()
	var list []jobserver.Kept
	for r, s := range g.host.spools {
		list = append(list, jobserver.Kept{Ref: r, Ended: s.ended, Lease: s.lease, Usage: jobserver.AttemptUsage{CPU: 0.5, Memory: 1000, Processes: 1}})
	}
	return list, nil
}

func (g *fakeGuard) Grown() <-chan jobserver.Grown { return g.grown }

func (g *fakeGuard) Read(r task.Ref, after int64, limit int) ([]task.Record, error) {
	g.host.mu.Lock()
	defer g.host.mu.Unlock()
	s := g.host.spools[r]
	if s == nil {
		return nil, fault.NotFound
	}
	n, room := int(min(after, int64(len(s.records)))), limit
	var out []task.Record
	for _, record := range s.records[n:] {
		if room <= 0 {
			break
		}
		room -= size(record)
		out = append(out, record)
	}
	return slices.Clone(out), nil
}

func (g *fakeGuard) Drop(r task.Ref) error {
	g.host.mu.Lock()
	defer g.host.mu.Unlock()
	delete(g.host.spools, r)
	g.host.dropped[r] = true
	g.host.note()
	return nil
}

func (g *fakeGuard) Full() bool   { return false }
func (g *fakeGuard) Close() error { return nil }

// running is an agent that runs.
type running struct {
	*Agent
	cancel context.CancelFunc
	done   chan error
	log    *logBuffer
}

// startAgent runs an agent until the test ends, or end is called.
func startAgent(t testing.TB, h *fakeHost, urls ...string) *running {
	t.Helper()
	return startAgentAs(t, h, Identity{Name: "js-1", Credential: "secret", Conductors: urls})
}

func startAgentAs(t testing.TB, h *fakeHost, id Identity) *running {
	t.Helper()
	log := &logBuffer{}
	a, err := New(Options{
		Identity: id, Data: t.TempDir(), Version: "test", Guard: h.connect,
		FlushWithin: 500 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Agent: a, cancel: cancel, done: make(chan error, 1), log: log}
	go func() { r.done <- a.Run(ctx) }()
	t.Cleanup(func() { r.end(t) })
	return r
}

// end ends the agent as SIGTERM does.
func (r *running) end(t testing.TB) {
	t.Helper()
	r.cancel()
	select {
	case err := <-r.done:
		if err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
		r.done <- nil
	case <-time.After(deadline):
		t.Errorf("the agent did not end within %v", deadline)
	}
}

// logBuffer is a log that can be read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) contains(s string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Contains(b.text.String(), s)
}
