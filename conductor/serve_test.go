package conductor_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// wire is a conductor that serves, and a client with the credential of the server js-1.
type wire struct {
	db     *store.DB
	c      *conductor.Conductor
	client *protocol.Client
	stop   func()
	ended  chan error
}

func overTheWire(ctx context.Context, t *testing.T, slots int) *wire {
	t.Helper()
	db, err := store.Open(ctx, filepath.Join(t.TempDir(), "segno.db"), store.Options{})
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	now := time.Now()
	check(t, db.CreateJoinToken(ctx, jobserver.JoinToken{ID: "1", Hash: "1", CreatedAt: now, ExpiresAt: now.Add(time.Hour)}))
	sum := sha256.Sum256([]byte("secret"))
	_, err = db.JoinServer(ctx, "1", hex.EncodeToString(sum[:]), jobserver.Server{Name: "js-1", Kind: jobserver.KindJob, Slots: slots, Power: 1}, now)
	check(t, err)

	c, err := conductor.New(db, conductor.Options{Hold: time.Hour})
	check(t, err)
	mux := http.NewServeMux()
	mux.Handle(c.AgentHandler())
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- c.Serve(serving) }()
	t.Cleanup(stop)

	client := protocol.NewClient(server.URL, "secret")
	t.Cleanup(client.Close)
	return &wire{db, c, client, stop, ended}
}

// TestOverTheWireAnAttemptGetsItsLeaseAndAPlannedStopItsHold speaks the protocol with a conductor that serves.
func TestOverTheWireAnAttemptGetsItsLeaseAndAPlannedStopItsHold(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	w := overTheWire(ctx, t, 1)
	db, c, client := w.db, w.c, w.client
	hello := &segnov1.Hello{Instance: "instance", BootId: "boot"}
	stream, err := client.Subscribe(ctx, connect.NewRequest(&segnov1.SubscribeRequest{Hello: hello}))
	check(t, err)
	defer stream.Close()
	next := func(want func(*segnov1.Command) bool) *segnov1.Command {
		t.Helper()
		for stream.Receive() {
			if want(stream.Msg()) {
				return stream.Msg()
			}
		}
		t.Fatalf("the stream ended before the command: %v", stream.Err())
		return nil
	}
	next(func(m *segnov1.Command) bool { return m.GetWelcome() != nil })
	beat := func() *segnov1.HeartbeatResponse {
		t.Helper()
		res, err := client.Heartbeat(ctx, connect.NewRequest(protocol.HeartbeatToProto(hello, jobserver.Sample{
			CPUs: 4, CPUIdle: 1, MemoryTotal: 8 << 30, MemoryAvailable: 7 << 30, DiskTotal: 100 << 30, DiskFree: 90 << 30,
		}, nil, false)))
		check(t, err)
		return res.Msg
	}
	beat()

	restart := policy.Word(policy.Restart)
	_, err = c.CreateTask(ctx, task.Spec{
		Name: "load", Target: task.Target{Server: "js-1"}, Job: task.Job{Command: []string{"load"}}, OnUnavailable: &restart,
	})
	check(t, err)
	_, err = c.StartRun(ctx, "load", task.RunRequest{})
	check(t, err)
	offer := next(func(m *segnov1.Command) bool { return m.GetOffer() != nil }).GetOffer()
	claim, err := client.Claim(ctx, connect.NewRequest(&segnov1.ClaimRequest{Instance: "instance", Attempts: []*segnov1.AttemptRef{offer.GetAttempt()}}))
	check(t, err)
	want, _ := jobserver.LeaseOf(jobserver.DefaultUnavailableAfter)
	for what, leases := range map[string][]*segnov1.Lease{"claim": claim.Msg.GetLeases(), "heartbeat": beat().GetLeases()} {
		if len(leases) != 1 {
			t.Fatalf("the %s was answered with %d leases, want 1", what, len(leases))
		}
		ref, length := protocol.LeaseFromProto(leases[0])
		if ref != protocol.RefFromProto(offer.GetAttempt()) || length != want.Truncate(time.Microsecond) {
			t.Errorf("the %s was answered with a lease of %s for %v, want %s", what, length, ref, want)
		}
	}

	w.stop()
	hold := next(func(m *segnov1.Command) bool { return m.GetHold() != nil }).GetHold()
	if got := protocol.HoldFromProto(hold); got != time.Hour {
		t.Errorf("told to hold for %s, want 1h", got)
	}
	check(t, <-w.ended)
	if s, err := db.Server(ctx, "js-1"); err != nil || s.Held != time.Hour {
		t.Errorf("the hold is stored as %s (%v), want 1h", s.Held, err)
	}
}

func TestOverTheWireCommandsGoTogetherToAnAgentThatTakesThemSo(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	w := overTheWire(ctx, t, 2)
	hello := &segnov1.Hello{Instance: "instance", BootId: "boot", Batches: true}
	_, err := w.client.Heartbeat(ctx, connect.NewRequest(protocol.HeartbeatToProto(hello, jobserver.Sample{
		CPUs: 4, CPUIdle: 1, MemoryTotal: 8 << 30, MemoryAvailable: 7 << 30, DiskTotal: 100 << 30, DiskFree: 90 << 30,
	}, nil, false)))
	check(t, err)
	_, err = w.c.CreateTask(ctx, task.Spec{Name: "load", Target: task.Target{Server: "js-1"}, Job: task.Job{Command: []string{"load"}}})
	check(t, err)
	for range 2 {
		_, err := w.c.StartRun(ctx, "load", task.RunRequest{})
		check(t, err)
	}
	for open := 0; open < 2; {
		all, err := w.db.OpenAttempts(ctx, "js-1")
		check(t, err)
		open = len(all)
	}
	stream, err := w.client.Subscribe(ctx, connect.NewRequest(&segnov1.SubscribeRequest{Hello: hello}))
	check(t, err)
	defer stream.Close()
	if !stream.Receive() {
		t.Fatalf("the stream ended: %v", stream.Err())
	}
	commands := stream.Msg().GetBatch().GetCommands()
	if len(commands) != 3 || commands[0].GetWelcome() == nil || commands[1].GetOffer() == nil || commands[2].GetOffer() == nil {
		t.Errorf("the first message is %v, want the welcome and both offers", stream.Msg())
	}
	w.stop()
	check(t, <-w.ended)
}
