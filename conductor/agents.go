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

// Connect opens the session of an agent process, and puts into it Welcome and every open offer and stop order.
func (c *Conductor) Connect(ctx context.Context, server, instance string) (*Session, error) {
	if instance == "" {
		return nil, fault.Field("hello.instance", "must not be empty")
	}
	now := c.now()
	n, err := c.sessions.open(server, instance, now, now.Add(-2*c.fleet.keeps(server)))
	if err != nil {
		return nil, err
	}
	n.send(&segnov1.Command{Command: &segnov1.Command_Welcome{Welcome: &segnov1.Welcome{
		Server: server, ConductorVersion: c.options.Version, Settings: c.settings(server),
	}}})
	open, err := c.store.OpenAttempts(ctx, server)
	if err != nil {
		c.sessions.close(n)
		return nil, err
	}
	for _, o := range open {
		resend(n, o)
	}
	return n, nil
}

// Disconnect ends a session.
func (c *Conductor) Disconnect(n *Session) { c.sessions.close(n) }

func resend(n *Session, o virtualserver.OpenAttempt) {
	ref := task.Ref{Run: o.Run, Number: o.Number}
	switch intent := intentOf(o); {
	case o.State == task.AttemptOffered:
		n.send(&segnov1.Command{Command: &segnov1.Command_Offer{Offer: offerAgain(o)}})
	case intent != "":
		n.send(&segnov1.Command{Command: &segnov1.Command_Stop{Stop: stopToProto(StopOrder{Ref: ref, Intent: intent})}})
	}
}

// settings are what a server's agent is to know. Of the period it takes nothing from a stream but a shorter one.
func (c *Conductor) settings(server string) *segnov1.Settings {
	return c.settingsWith(server, c.fleet.heartbeat(server))
}

func (c *Conductor) settingsWith(server string, heartbeat time.Duration) *segnov1.Settings {
	mode := jobserver.Active
	if cand, known := c.fleet.candidate(server, c.now()); known {
		mode = cand.Server.Mode
	}
	m := protocol.SettingsToProto(heartbeat, mode)
	m.Watches = c.files.of(server).version
	return m
}

// Subscribe streams commands until the agent goes, a newer session takes over, or the conductor stops.
func (a *agents) Subscribe(ctx context.Context, req *connect.Request[segnov1.SubscribeRequest], stream *connect.ServerStream[segnov1.Command]) error {
	server, err := a.caller(ctx, req.Header())
	if err != nil {
		return err
	}
	hello := req.Msg.GetHello()
	n, err := a.c.Connect(ctx, server, hello.GetInstance())
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
		}
		messages := commands
		if hello.GetBatches() {
			messages = protocol.Batches(commands)
		}
		for _, m := range messages {
			if err := stream.Send(m); err != nil {
				return err
			}
		}
		n.note(commands)
	}
}

// next waits for commands; where there are none for a while it says the settings again, so that both ends know that the
// stream lives.
func (a *agents) next(ctx context.Context, n *Session) ([]*segnov1.Command, error) {
	waiting, cancel := context.WithTimeout(ctx, protocol.KeepAlive)
	defer cancel()
	commands, err := n.take(waiting)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		n.send(&segnov1.Command{Command: &segnov1.Command_Settings{Settings: a.c.settings(n.server)}})
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
	hello := req.Msg.GetHello()
	n, open := a.c.sessions.find(server, hello.GetInstance())
	if !open || req.Msg.GetAfter() == 0 {
		if n, err = a.c.Connect(ctx, server, hello.GetInstance()); err != nil {
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
	n.note(commands)
	return connect.NewResponse(&segnov1.PollResponse{Commands: commands}), nil
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
	// forgotten counts calls of forget: what was asked before one is not remembered after it.
	forgotten int
}

// remember is for how long a credential is trusted at most without asking the store again. A server that joins anew or is
// deleted ends that at once.
const remember = time.Minute

func (k *credentials) server(ctx context.Context, store ServerStore, hash string) (string, error) {
	k.mu.Lock()
	if time.Now().After(k.until) {
		k.known, k.until = map[string]string{}, time.Now().Add(remember)
	}
	name, there := k.known[hash]
	asked := k.forgotten
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
	if k.known != nil && asked == k.forgotten {
		k.known[hash] = name
	}
	return name, nil
}

// forget makes the next call of every agent ask the store.
func (k *credentials) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forgotten++
	k.known, k.until = map[string]string{}, time.Now().Add(remember)
}
