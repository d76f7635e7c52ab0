package conductor

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// sessions holds the commands that wait to go to agents, by server. Nothing is lost with it: a new session begins with
// every open offer and stop order of the store.
type sessions struct {
	mu   sync.Mutex
	byID map[string]*session
}

// session is the connection of one agent process.
type session struct {
	server   string
	instance string
	// ended is closed when a newer session takes over or the conductor stops.
	ended chan struct{}
	// signal receives when commands were added.
	signal chan struct{}

	mu       sync.Mutex
	commands []*segnov1.Command
	// unconfirmed were handed out by poll.
	unconfirmed []*segnov1.Command
	sequence    uint64
	seen        time.Time
	over        bool
}

func newSessions() *sessions { return &sessions{byID: map[string]*session{}} }

// open begins a session. An older session of the same instance ends. One of another instance ends too, unless it was
// seen at or after alive: then two hosts use one identity, and the newcomer is refused with fault.Conflict.
func (s *sessions) open(server, instance string, now, alive time.Time) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, there := s.byID[server]; there {
		if old.instance != instance && old.lastSeen().After(alive) {
			return nil, fmt.Errorf("another agent process is connected as %s: %w", server, fault.Conflict)
		}
		old.end()
	}
	n := &session{server: server, instance: instance, ended: make(chan struct{}), signal: make(chan struct{}, 1), seen: now}
	s.byID[server] = n
	return n, nil
}

// find returns the open session of an instance.
func (s *sessions) find(server, instance string) (*session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, there := s.byID[server]
	return n, there && n.instance == instance
}

// close ends a session, if it is still the server's.
func (s *sessions) close(n *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[n.server] == n {
		delete(s.byID, n.server)
	}
	n.end()
}

func (s *sessions) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for server, n := range s.byID {
		n.end()
		delete(s.byID, server)
	}
}

// drop ends the session of a server that is no longer welcome.
func (s *sessions) drop(server string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, there := s.byID[server]; there {
		n.end()
		delete(s.byID, server)
	}
}

func (s *sessions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byID)
}

func (s *sessions) get(server string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[server]
}

// offer sends an offer to a server if it is connected; if not, its next session begins with it.
func (s *sessions) offer(server string, o *segnov1.Offer) {
	if n := s.get(server); n != nil {
		n.send(&segnov1.Command{Command: &segnov1.Command_Offer{Offer: o}})
	}
}

// stop sends a stop order, likewise.
func (s *sessions) stop(server string, ref task.Ref, kind task.ExitKind) {
	if n := s.get(server); n != nil {
		n.send(&segnov1.Command{Command: &segnov1.Command_Stop{Stop: protocol.StopToProto(ref, kind)}})
	}
}

// settings sends new settings, likewise.
func (s *sessions) settings(server string, set *segnov1.Settings) {
	if n := s.get(server); n != nil {
		n.send(&segnov1.Command{Command: &segnov1.Command_Settings{Settings: set}})
	}
}

func (n *session) send(commands ...*segnov1.Command) {
	n.mu.Lock()
	for _, cmd := range commands {
		n.sequence++
		cmd.Sequence = n.sequence
		n.commands = append(n.commands, cmd)
	}
	n.mu.Unlock()
	select {
	case n.signal <- struct{}{}:
	default:
	}
}

// take returns what waits, and waits itself until there is something or the session or ctx ends.
func (n *session) take(ctx context.Context) ([]*segnov1.Command, error) {
	for {
		n.mu.Lock()
		commands := n.commands
		n.commands = nil
		n.mu.Unlock()
		if len(commands) > 0 {
			return commands, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-n.ended:
			return nil, fmt.Errorf("the session of %s ended: %w", n.server, fault.Unavailable)
		case <-n.signal:
		}
	}
}

// poll is take for an agent that confirms what it has received: commands up to after are done with, those that were
// handed out since are handed out again.
func (n *session) poll(ctx context.Context, after uint64) ([]*segnov1.Command, error) {
	n.mu.Lock()
	n.unconfirmed = slices.DeleteFunc(n.unconfirmed, func(c *segnov1.Command) bool { return c.Sequence <= after })
	again := slices.Clone(n.unconfirmed)
	n.mu.Unlock()
	if len(again) > 0 {
		return again, nil
	}
	commands, err := n.take(ctx)
	n.mu.Lock()
	n.unconfirmed = append(n.unconfirmed, commands...)
	n.mu.Unlock()
	return commands, err
}

func (n *session) touch(now time.Time) {
	n.mu.Lock()
	n.seen = now
	n.mu.Unlock()
}

func (n *session) lastSeen() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.seen
}

func (n *session) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.over {
		n.over = true
		close(n.ended)
	}
}
