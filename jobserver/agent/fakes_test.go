package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
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
	// turnedAway are the attempts whose exit came in a delivery that was refused.
	turnedAway map[task.Ref]bool

	// leases are the lengths of leases; answered is when the newest claim or heartbeat came that was answered with them.
	leases   map[task.Ref]time.Duration
	answered time.Duration
	// granted is when the newest claim came.
	granted time.Duration
	held    []bool
	// contents are what was put, executions what is offered besides the default.
	contents   map[int][]byte
	puts       int
	refusals   map[int]string
	executions map[task.Ref]jobserver.Execution
	files      fakeWatches
}

func newFakeConductor() *fakeConductor {
	return &fakeConductor{
		credential: "secret", changed: make(chan struct{}), commands: make(chan *segnov1.Command, 10000),
		refuse: func(string) error { return nil }, lose: func(string) bool { return false }, period: 100 * time.Millisecond,
		offered: map[task.Ref]bool{}, claimed: map[task.Ref]string{}, fenced: map[task.Ref]bool{},
		records: map[task.Ref][]task.Record{}, turnedAway: map[task.Ref]bool{}, leases: map[task.Ref]time.Duration{}, contents: map[int][]byte{},
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
	return &segnov1.Command{Command: &segnov1.Command_Welcome{Welcome: &segnov1.Welcome{Server: "js-1", Settings: c.settings()}}}
}

func (c *fakeConductor) settings() *segnov1.Settings {
	m := protocol.SettingsToProto(c.period, jobserver.Active)
	m.Watches = c.files.version
	return m
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
	if c.lose("heartbeat") {
		return nil, fault.Unavailable
	}
	return connect.NewResponse(&segnov1.HeartbeatResponse{
		Settings: c.settings(), Stop: c.stops, Leases: c.leasesOf(c.kept),
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
	c.granted = sinceBoot()
	c.note()
	if c.lose("claim") {
		return nil, fault.Unavailable
	}
	return connect.NewResponse(res), nil
}

func (c *fakeConductor) Deliver(_ context.Context, req *connect.Request[segnov1.DeliverRequest]) (*connect.Response[segnov1.DeliverResponse], error) {
	refused := c.enter("deliver", req.Header())
	c.mu.Lock()
	defer c.mu.Unlock()
	if refused != nil {
		for _, m := range req.Msg.GetAttempts() {
			d, err := protocol.DeliveryFromProto(m)
			if err == nil && slices.ContainsFunc(d.Records, func(r task.Record) bool { return r.Exit != nil }) {
				c.turnedAway[d.Ref] = true
			}
		}
		c.note()
		return nil, refused
	}
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

// offerClaimed sends the offer of an attempt that is claimed already, answered with a heartbeat.
func (c *fakeConductor) offerClaimed(r task.Ref, heartbeat uint64, lease time.Duration) {
	m := protocol.OfferToProto(execution(r))
	protocol.ClaimToProto(m, protocol.Claim{Made: true, Heartbeat: heartbeat, Lease: lease})
	c.mu.Lock()
	c.offered[r] = true
	c.mu.Unlock()
	c.commands <- &segnov1.Command{Command: &segnov1.Command_Offer{Offer: m}}
}

// offerTogether sends offers of attempts in one message.
func (c *fakeConductor) offerTogether(rs ...task.Ref) {
	batch := &segnov1.Batch{}
	c.mu.Lock()
	for _, r := range rs {
		c.offered[r] = true
		offer := &segnov1.Command_Offer{Offer: protocol.OfferToProto(execution(r))}
		batch.Commands = append(batch.Commands, &segnov1.Command{Command: offer})
	}
	c.mu.Unlock()
	c.commands <- &segnov1.Command{Command: &segnov1.Command_Batch{Batch: batch}}
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
