package conductor

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/protocol/segnov1/segnov1connect"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// AgentHandler returns the path under which agents call, and the handler that serves them.
func (c *Conductor) AgentHandler() (string, http.Handler) {
	return segnov1connect.NewConductorServiceHandler(&agents{c}, protocol.HandlerOptions()...)
}

// agents is the conductor's side of the protocol.
type agents struct{ c *Conductor }

// Join enrols a host: the token is used up, and a new credential handed out.
func (a *agents) Join(ctx context.Context, req *connect.Request[segnov1.JoinRequest]) (*connect.Response[segnov1.JoinResponse], error) {
	token, server := protocol.JoinFromProto(req.Msg)
	if err := server.Validate(); err != nil {
		return nil, err
	}
	credential := newSecret()
	joined, err := a.c.store.JoinServer(ctx, hashSecret(token), hashSecret(credential), server, a.c.now())
	if err != nil {
		return nil, err
	}
	a.c.keys.forget()
	a.c.sessions.drop(joined.Name)
	if err := a.c.reloadServers(ctx); err != nil {
		return nil, err
	}
	a.c.watch.eventsChanged()
	a.c.log.Info("a job server joined", "server", joined.Name)
	return connect.NewResponse(&segnov1.JoinResponse{Name: joined.Name, Credential: credential}), nil
}

// caller returns the server that a request comes from.
func (a *agents) caller(ctx context.Context, h http.Header) (string, error) {
	credential, err := protocol.Credential(h)
	if err != nil {
		return "", err
	}
	return a.c.keys.server(ctx, a.c.store, hashSecret(credential))
}

// begin opens a session, and puts into it Welcome and every open offer and stop order.
func (a *agents) begin(ctx context.Context, server string, hello *segnov1.Hello) (*session, error) {
	if hello.GetInstance() == "" {
		return nil, fault.Field("hello.instance", "must not be empty")
	}
	now := a.c.now()
	n, err := a.c.sessions.open(server, hello.GetInstance(), now, now.Add(-2*a.c.options.Heartbeat))
	if err != nil {
		return nil, err
	}
	n.send(&segnov1.Command{Command: &segnov1.Command_Welcome{Welcome: &segnov1.Welcome{
		Server: server, ConductorVersion: a.c.options.Version, Settings: a.settings(server),
	}}})
	open, err := a.c.store.OpenAttempts(ctx, server)
	if err != nil {
		a.c.sessions.close(n)
		return nil, err
	}
	for _, o := range open {
		a.resend(n, o)
	}
	return n, nil
}

func (a *agents) resend(n *session, o virtualserver.OpenAttempt) {
	ref := task.Ref{Run: o.Run, Number: o.Number}
	switch o.State {
	case task.AttemptOffered:
		n.send(&segnov1.Command{Command: &segnov1.Command_Offer{Offer: offerOf(ref, o.Task, o.Spec, o.Params, o.ScheduledFor)}})
	case task.AttemptStopping:
		n.send(&segnov1.Command{Command: &segnov1.Command_Stop{Stop: protocol.StopToProto(ref, task.ExitCancelled)}})
	}
}

func (a *agents) settings(server string) *segnov1.Settings {
	mode := jobserver.Active
	if cand, known := a.c.fleet.candidate(server, a.c.now()); known {
		mode = cand.Server.Mode
	}
	return protocol.SettingsToProto(a.c.options.Heartbeat, mode)
}

// Subscribe streams commands until the agent goes, a newer session takes over, or the conductor stops.
func (a *agents) Subscribe(ctx context.Context, req *connect.Request[segnov1.SubscribeRequest], stream *connect.ServerStream[segnov1.Command]) error {
	server, err := a.caller(ctx, req.Header())
	if err != nil {
		return err
	}
	n, err := a.begin(ctx, server, req.Msg.GetHello())
	if err != nil {
		return err
	}
	defer a.c.sessions.close(n)
	a.c.log.Info("an agent connected", "server", server, "instance", n.instance)
	defer a.c.log.Info("an agent's connection ended", "server", server, "instance", n.instance)
	for {
		commands, err := a.next(ctx, n)
		if err != nil {
			return err
		}
		for _, cmd := range commands {
			cmd.Term = a.c.term
			if err := stream.Send(cmd); err != nil {
				return err
			}
		}
	}
}

// next waits for commands; where there are none for a while it says the settings again, so that both ends know that the
// stream lives.
func (a *agents) next(ctx context.Context, n *session) ([]*segnov1.Command, error) {
	waiting, cancel := context.WithTimeout(ctx, protocol.KeepAlive)
	defer cancel()
	commands, err := n.take(waiting)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		n.send(&segnov1.Command{Command: &segnov1.Command_Settings{Settings: a.settings(n.server)}})
		return n.take(ctx)
	}
	return commands, err
}

// Poll hands out commands in pieces.
func (a *agents) Poll(ctx context.Context, req *connect.Request[segnov1.PollRequest]) (*connect.Response[segnov1.PollResponse], error) {
	server, err := a.caller(ctx, req.Header())
	if err != nil {
		return nil, err
	}
	n, open := a.c.sessions.find(server, req.Msg.GetHello().GetInstance())
	if !open || req.Msg.GetAfter() == 0 {
		if n, err = a.begin(ctx, server, req.Msg.GetHello()); err != nil {
			return nil, err
		}
	}
	n.touch(a.c.now())
	waiting, cancel := context.WithTimeout(ctx, protocol.PollWait)
	defer cancel()
	commands, err := n.poll(waiting, req.Msg.GetAfter())
	if err != nil && (!errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil) {
		return nil, err
	}
	for _, cmd := range commands {
		cmd.Term = a.c.term
	}
	return connect.NewResponse(&segnov1.PollResponse{Commands: commands}), nil
}

// Claim commits claims. What it answers with CLAIMED may be started.
func (a *agents) Claim(ctx context.Context, req *connect.Request[segnov1.ClaimRequest]) (*connect.Response[segnov1.ClaimResponse], error) {
	server, err := a.caller(ctx, req.Header())
	if err != nil {
		return nil, err
	}
	refs, instance := protocol.RefsFromProto(req.Msg.GetAttempts()), req.Msg.GetInstance()
	if len(refs) > protocol.MaxClaims {
		return nil, fault.Field("attempts", "must be at most %d", protocol.MaxClaims)
	}
	res := &segnov1.ClaimResponse{Verdicts: make([]segnov1.Verdict, len(refs)), Term: a.c.term}
	now := a.c.now()
	for i, err := range a.c.store.ClaimAttempts(ctx, server, instance, refs, now) {
		if res.Verdicts[i], err = protocol.VerdictOf(err); err != nil {
			return nil, err
		}
		if res.Verdicts[i] == segnov1.Verdict_VERDICT_CLAIMED {
			if offered := a.c.fleet.claimed(server, instance, refs[i]); !offered.IsZero() {
				a.c.metrics.claimed(now.Sub(offered))
			}
			a.c.watch.outputChanged(refs[i].Run)
		}
	}
	a.c.watch.eventsChanged()
	return connect.NewResponse(res), nil
}

// Deliver stores records. What it answers as delivered is durable.
func (a *agents) Deliver(ctx context.Context, req *connect.Request[segnov1.DeliverRequest]) (*connect.Response[segnov1.DeliverResponse], error) {
	server, err := a.caller(ctx, req.Header())
	if err != nil {
		return nil, err
	}
	if len(req.Msg.GetAttempts()) > protocol.MaxDeliveries {
		return nil, fault.Field("attempts", "must be at most %d", protocol.MaxDeliveries)
	}
	deliveries := make([]task.Delivery, len(req.Msg.GetAttempts()))
	for i, m := range req.Msg.GetAttempts() {
		if deliveries[i], err = protocol.DeliveryFromProto(m); err != nil {
			return nil, fault.Under(fmt.Sprintf("attempts[%d]", i), err)
		}
	}
	delivered, err := a.c.store.Deliver(ctx, server, deliveries, a.c.now())
	if err != nil {
		return nil, err
	}
	res := &segnov1.DeliverResponse{Delivered: make([]*segnov1.Delivered, len(delivered)), Term: a.c.term}
	ended := false
	for i, d := range delivered {
		res.Delivered[i] = protocol.DeliveredToProto(d)
		ended = a.settle(server, d) || ended
	}
	if ended {
		a.c.wakeDispatcher()
	}
	a.c.watch.eventsChanged()
	return connect.NewResponse(res), nil
}

// settle takes in what a delivery has changed. It reports whether an attempt has ended: with this delivery, or with an
// earlier one whose answer was lost.
func (a *agents) settle(server string, d task.Delivered) bool {
	if d.State.Final() {
		a.c.fleet.release(server, d.Ref)
	}
	if d.Ended {
		if d.Exit != nil {
			a.c.learner.learn(d.Task, *d.Exit)
		}
		a.c.metrics.ended(d.State)
	}
	if !d.Fenced {
		a.c.watch.outputChanged(d.Ref.Run)
	}
	return d.State.Final()
}

// newSecret returns a random secret of 256 bits as text.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hashSecret returns what is stored of a secret. The secrets have 256 random bits, so a plain hash is enough.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// credentials remembers which credential is whose, for a short time.
type credentials struct {
	mu    sync.Mutex
	known map[string]string
	until time.Time
}

// remember is how long a credential is trusted without asking the store again.
const remember = 5 * time.Second

func (k *credentials) server(ctx context.Context, store ServerStore, hash string) (string, error) {
	k.mu.Lock()
	if time.Now().After(k.until) {
		k.known, k.until = map[string]string{}, time.Now().Add(remember)
	}
	name, there := k.known[hash]
	k.mu.Unlock()
	if there {
		return name, nil
	}
	name, err := store.ServerByCredential(ctx, hash)
	if errors.Is(err, fault.NotFound) {
		return "", fmt.Errorf("this credential belongs to no job server; it may have been deleted or joined anew: %w", fault.Unauthorized)
	}
	if err != nil {
		return "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known != nil {
		k.known[hash] = name
	}
	return name, nil
}

// forget makes the next call of every agent ask the store.
func (k *credentials) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known, k.until = map[string]string{}, time.Now().Add(remember)
}
