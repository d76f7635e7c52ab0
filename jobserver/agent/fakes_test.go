package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/protocol/segnov1/segnov1connect"
	"github.com/segno-jobs/segno/task"
)

// deadline is how long a test waits for what must come.
const deadline = 10 * time.Second

// fakeConductor serves the contract from memory over real HTTP.
type fakeConductor struct {
	credential string
	// Each answers a kind of call before it is carried out, with an error that is to be given instead, or nil.
	refuse func(call string) error
	// lose answers whether the answer to a call that was carried out is to be lost.
	lose func(call string) bool
	// noStreams keeps streams open without a word, as behind a proxy that holds them back.
	noStreams bool
	period    time.Duration

	mu       sync.Mutex
	changed  chan struct{}
	commands chan *segnov1.Command
	streams  int
	polls    int
	hellos   []*segnov1.Hello
	beats    []jobserver.Beat
	kept     []task.Ref
	stops    []*segnov1.Stop
	offered  map[task.Ref]bool
	claimed  map[task.Ref]string
	fenced   map[task.Ref]bool
	records  map[task.Ref][]task.Record

	// leases are the lengths of leases; answered is when the newest claim or heartbeat came that was answered with them.
	leases   map[task.Ref]time.Duration
	answered time.Duration
	held     []bool
	// contents are what was put, executions what is offered besides the default.
	contents   map[int][]byte
	puts       int
	refusals   map[int]string
	executions map[task.Ref]jobserver.Execution
}

func newFakeConductor() *fakeConductor {
	return &fakeConductor{
		credential: "secret", changed: make(chan struct{}), commands: make(chan *segnov1.Command, 10000),
		refuse: func(string) error { return nil }, lose: func(string) bool { return false }, period: 100 * time.Millisecond,
		offered: map[task.Ref]bool{}, claimed: map[task.Ref]string{}, fenced: map[task.Ref]bool{},
		records: map[task.Ref][]task.Record{}, leases: map[task.Ref]time.Duration{}, contents: map[int][]byte{},
		refusals: map[int]string{}, executions: map[task.Ref]jobserver.Execution{},
	}
}

// serve serves the conductor on loopback until the test ends, or stop is called.
func (c *fakeConductor) serve(t testing.TB) (url string, stop func()) {
	mux := http.NewServeMux()
	mux.Handle(segnov1connect.NewConductorServiceHandler(c, protocol.HandlerOptions()...))
	s := httptest.NewServer(mux)
	var once sync.Once
	stop = func() {
		once.Do(func() {
			s.CloseClientConnections()
			s.Close()
		})
	}
	t.Cleanup(stop)
	return s.URL, stop
}

func (c *fakeConductor) enter(call string, h http.Header) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if got, _ := protocol.Credential(h); call != "join" && got != c.credential {
		return fmt.Errorf("%s: %w", call, fault.Unauthorized)
	}
	return c.refuse(call)
}

// note says that something changed. The caller holds mu.
func (c *fakeConductor) note() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// until waits until the condition holds.
func (c *fakeConductor) until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	limit := time.NewTimer(deadline)
	defer limit.Stop()
	for {
		c.mu.Lock()
		ok, changed := holds(), c.changed
		c.mu.Unlock()
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

func (c *fakeConductor) Join(_ context.Context, req *connect.Request[segnov1.JoinRequest]) (*connect.Response[segnov1.JoinResponse], error) {
	if err := c.enter("join", req.Header()); err != nil {
		return nil, err
	}
	token, s := protocol.JoinFromProto(req.Msg)
	if token != "token" {
		return nil, fmt.Errorf("join: the token is not known: %w", fault.Forbidden)
	}
	return connect.NewResponse(&segnov1.JoinResponse{Name: s.Name, Credential: c.credential}), nil
}

func (c *fakeConductor) welcome() *segnov1.Command {
	return &segnov1.Command{Command: &segnov1.Command_Welcome{Welcome: &segnov1.Welcome{
		Server: "js-1", Settings: protocol.SettingsToProto(c.period, jobserver.Active),
	}}}
}

func (c *fakeConductor) Subscribe(ctx context.Context, req *connect.Request[segnov1.SubscribeRequest], s *connect.ServerStream[segnov1.Command]) error {
	if err := c.enter("subscribe", req.Header()); err != nil {
		return err
	}
	c.mu.Lock()
	c.streams++
	c.hellos = append(c.hellos, req.Msg.GetHello())
	silent := c.noStreams
	c.note()
	c.mu.Unlock()
	if silent {
		<-ctx.Done()
		return nil
	}
	if err := s.Send(c.welcome()); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case m := <-c.commands:
			if m == nil {
				return nil // the conductor ends the stream
			}
			if err := s.Send(m); err != nil {
				return err
			}
		}
	}
}

func (c *fakeConductor) Poll(ctx context.Context, req *connect.Request[segnov1.PollRequest]) (*connect.Response[segnov1.PollResponse], error) {
	if err := c.enter("poll", req.Header()); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.polls++
	c.note()
	c.mu.Unlock()
	next := req.Msg.GetAfter() + 1
	m := c.welcome()
	if next > 1 {
		select {
		case m = <-c.commands:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	m.Sequence = next
	return connect.NewResponse(&segnov1.PollResponse{Commands: []*segnov1.Command{m}}), nil
}

func (c *fakeConductor) Heartbeat(_ context.Context, req *connect.Request[segnov1.HeartbeatRequest]) (*connect.Response[segnov1.HeartbeatResponse], error) {
	if err := c.enter("heartbeat", req.Header()); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.beats = append(c.beats, protocol.BeatFromProto("js-1", time.Now(), req.Msg))
	c.kept = protocol.KeptRefs(req.Msg)
	c.held = append(c.held, req.Msg.GetHeld())
	c.note()
	return connect.NewResponse(&segnov1.HeartbeatResponse{
		Settings: protocol.SettingsToProto(c.period, jobserver.Active), Stop: c.stops, Leases: c.leasesOf(c.kept),
	}), nil
}

// leasesOf answers what came now with leases. The caller holds mu.
func (c *fakeConductor) leasesOf(refs []task.Ref) []*segnov1.Lease {
	var ms []*segnov1.Lease
	for _, ref := range refs {
		if length := c.leases[ref]; length > 0 {
			ms = append(ms, protocol.LeaseToProto(ref, length))
			c.answered = sinceBoot()
		}
	}
	return ms
}

func (c *fakeConductor) PutCheckpoint(_ context.Context, req *connect.Request[segnov1.PutCheckpointRequest]) (*connect.Response[segnov1.PutCheckpointResponse], error) {
	if err := c.enter("put", req.Header()); err != nil {
		return nil, err
	}
	_, k, offset, data, err := protocol.PieceFromProto(req.Msg)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.puts++
	if have := int64(len(c.contents[k.Sequence])); offset <= have && offset+int64(len(data)) > have {
		c.contents[k.Sequence] = append(c.contents[k.Sequence], data[have-offset:]...)
	}
	received := int64(len(c.contents[k.Sequence]))
	refused := c.refusals[k.Sequence]
	if sum := sha256.Sum256(c.contents[k.Sequence]); received == k.Size && hex.EncodeToString(sum[:]) != k.SHA256 {
		refused = "its content has another hash"
	}
	c.note()
	return connect.NewResponse(&segnov1.PutCheckpointResponse{Received: received, Refused: refused}), nil
}

func (c *fakeConductor) GetCheckpoint(_ context.Context, req *connect.Request[segnov1.GetCheckpointRequest]) (*connect.Response[segnov1.GetCheckpointResponse], error) {
	if err := c.enter("get", req.Header()); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	content, there := c.contents[int(req.Msg.GetSequence())]
	if !there {
		return nil, fault.NotFound
	}
	rest := content[min(req.Msg.GetOffset(), int64(len(content))):]
	piece := rest[:min(len(rest), task.MaxCheckpointChunk)]
	return connect.NewResponse(&segnov1.GetCheckpointResponse{Data: piece, End: len(piece) == len(rest)}), nil
}

func (c *fakeConductor) Claim(_ context.Context, req *connect.Request[segnov1.ClaimRequest]) (*connect.Response[segnov1.ClaimResponse], error) {
	if err := c.enter("claim", req.Header()); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	res := &segnov1.ClaimResponse{}
	for _, ref := range protocol.RefsFromProto(req.Msg.GetAttempts()) {
		verdict := segnov1.Verdict_VERDICT_FENCED
		if by := c.claimed[ref]; c.offered[ref] && !c.fenced[ref] && (by == "" || by == req.Msg.GetInstance()) {
			c.claimed[ref] = req.Msg.GetInstance()
			verdict = segnov1.Verdict_VERDICT_CLAIMED
		}
		res.Verdicts = append(res.Verdicts, verdict)
	}
	res.Leases = c.leasesOf(protocol.RefsFromProto(req.Msg.GetAttempts()))
	c.note()
	if c.lose("claim") {
		return nil, fault.Unavailable
	}
	return connect.NewResponse(res), nil
}

func (c *fakeConductor) Deliver(_ context.Context, req *connect.Request[segnov1.DeliverRequest]) (*connect.Response[segnov1.DeliverResponse], error) {
	if err := c.enter("deliver", req.Header()); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	res := &segnov1.DeliverResponse{}
	for _, m := range req.Msg.GetAttempts() {
		d, err := protocol.DeliveryFromProto(m)
		if err != nil {
			return nil, err
		}
		for _, r := range d.Records {
			if r.Sequence == int64(len(c.records[d.Ref]))+1 {
				c.records[d.Ref] = append(c.records[d.Ref], r)
			}
		}
		res.Delivered = append(res.Delivered, &segnov1.Delivered{
			Sequence: uint64(len(c.records[d.Ref])), Fenced: c.fenced[d.Ref],
		})
	}
	c.note()
	if c.lose("deliver") {
		return nil, fault.Unavailable
	}
	return connect.NewResponse(res), nil
}

// offer sends an offer of an attempt.
func (c *fakeConductor) offer(r task.Ref) {
	c.mu.Lock()
	c.offered[r] = true
	e, ok := c.executions[r]
	c.mu.Unlock()
	if !ok {
		e = execution(r)
	}
	c.commands <- &segnov1.Command{Command: &segnov1.Command_Offer{Offer: protocol.OfferToProto(e)}}
}

func (c *fakeConductor) order(r task.Ref, kind task.ExitKind) {
	c.commands <- &segnov1.Command{Command: &segnov1.Command_Stop{Stop: protocol.StopToProto(r, kind)}}
}

// exit returns the exit record of an attempt, or nil. The caller holds mu.
func (c *fakeConductor) exit(r task.Ref) *task.Exit {
	rs := c.records[r]
	if len(rs) == 0 {
		return nil
	}
	return rs[len(rs)-1].Exit
}

// output is all output that was delivered of an attempt. The caller holds mu.
func (c *fakeConductor) output(r task.Ref) string {
	var b strings.Builder
	for _, record := range c.records[r] {
		if record.Output != nil {
			b.Write(record.Output.Data)
		}
	}
	return b.String()
}

func (c *fakeConductor) untilExit(t testing.TB, r task.Ref) task.Exit {
	t.Helper()
	c.until(t, fmt.Sprintf("the exit of %v", r), func() bool { return c.exit(r) != nil })
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.exit(r)
}

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
