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
)

// sessions holds the commands that wait to go to agents, by server. Nothing is lost with it: a new session begins with
// every open offer and stop order of the store.
type sessions struct {
	mu   sync.Mutex
	byID map[string]*Session
}

// Session is the connection of one agent process.
type Session struct {
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
	// sent is the sequence of the last command that was sent; progress receives when it grows.
	sent     uint64
	progress chan struct{}
	seen     time.Time
	over     bool
}

func newSessions() *sessions { return &sessions{byID: map[string]*Session{}} }

// open begins a session. An older session of the same instance ends. One of another instance ends too, unless it was
// seen at or after alive: then two hosts use one identity, and the newcomer is refused with fault.Conflict.
func (s *sessions) open(server, instance string, now, alive time.Time) (*Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, there := s.byID[server]; there {
		if old.instance != instance && old.lastSeen().After(alive) {
			return nil, fmt.Errorf("another agent process is connected as %s: %w", server, fault.Conflict)
		}
		old.end()
	}
	n := &Session{server: server, instance: instance, ended: make(chan struct{}), signal: make(chan struct{}, 1), progress: make(chan struct{}, 1), seen: now}
	s.byID[server] = n
	return n, nil
}

// find returns the open session of an instance.
func (s *sessions) find(server, instance string) (*Session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, there := s.byID[server]
	return n, there && n.instance == instance
}

// close ends a session, if it is still the server's.
func (s *sessions) close(n *Session) {
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

func (s *sessions) get(server string) *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[server]
}

// offer sends offers to a server if it is connected; if not, its next session begins with them.
func (s *sessions) offer(server string, offers ...*segnov1.Offer) {
	n := s.get(server)
	if n == nil {
		return
	}
	commands := make([]*segnov1.Command, len(offers))
	for i, o := range offers {
		commands[i] = &segnov1.Command{Command: &segnov1.Command_Offer{Offer: o}}
	}
	n.send(commands...)
}

// stop sends a stop order, likewise.
func (s *sessions) stop(server string, order StopOrder) {
	if n := s.get(server); n != nil {
		n.send(&segnov1.Command{Command: &segnov1.Command_Stop{Stop: stopToProto(order)}})
	}
}

// settings sends new settings, likewise.
func (s *sessions) settings(server string, set *segnov1.Settings) {
	if n := s.get(server); n != nil {
		n.send(&segnov1.Command{Command: &segnov1.Command_Settings{Settings: set}})
	}
}

func (n *Session) send(commands ...*segnov1.Command) {
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

// hold lengthens the leases of the server.
func (n *Session) hold(length time.Duration) {
	n.send(&segnov1.Command{Command: protocol.HoldToProto(length)})
}

// Take returns the commands that wait, without waiting itself.
func (n *Session) Take() []*segnov1.Command {
	n.mu.Lock()
	defer n.mu.Unlock()
	commands := n.commands
	n.commands = nil
	return commands
}

// note says that commands were sent.
func (n *Session) note(commands []*segnov1.Command) {
	if len(commands) == 0 {
		return
	}
	n.mu.Lock()
	n.sent = max(n.sent, commands[len(commands)-1].Sequence)
	n.mu.Unlock()
	select {
	case n.progress <- struct{}{}:
	default:
	}
}

// drained waits until all commands so far were sent. It reports false where the session or ctx ended before.
func (n *Session) drained(ctx context.Context) bool {
	for {
		n.mu.Lock()
		done := n.sent >= n.sequence
		n.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-n.ended:
			return false
		case <-n.progress:
		}
	}
}

// take returns what waits, and waits itself until there is something or the session or ctx ends.
func (n *Session) take(ctx context.Context) ([]*segnov1.Command, error) {
	for {
		if commands := n.Take(); len(commands) > 0 {
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
func (n *Session) poll(ctx context.Context, after uint64) ([]*segnov1.Command, error) {
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

func (n *Session) touch(now time.Time) {
	n.mu.Lock()
	n.seen = now
	n.mu.Unlock()
}

func (n *Session) lastSeen() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.seen
}

func (n *Session) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.over {
		n.over = true
		close(n.ended)
	}
}
