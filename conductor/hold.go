package conductor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
)

// Settings of holds.
const (
	// DefaultHold is how long a planned absence may last without a lease running out.
	DefaultHold = time.Hour
	// MaxHold bounds the setting: for as long, a server that was lost meanwhile is waited for.
	MaxHold = 7 * 24 * time.Hour
	// leaveWithin is how long a planned stop takes at most to tell the agents of the hold.
	leaveWithin = 2 * time.Second
)

var errLeaving = fmt.Errorf("this conductor is about to stop: %w", fault.Unavailable)

// Leave prepares a planned stop: from now on nothing is claimed and no lease renewed here, and the agents that run attempts
// with leases are told to hold on for as long as the setting says. The hold is stored before it is sent, so that the next
// conductor waits for it. It returns the connections that wait to take it.
func (c *Conductor) Leave(ctx context.Context) ([]*Session, error) {
	c.leaving.Store(true)
	if c.options.Hold <= 0 {
		return nil, nil
	}
	var names []string
	var told []*Session
	for _, name := range c.fleet.leased() {
		if n := c.sessions.get(name); n != nil {
			names, told = append(names, name), append(told, n)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	if err := c.store.Hold(ctx, names, c.options.Hold, c.now()); err != nil {
		return nil, fmt.Errorf("store the hold of %d servers: %w", len(names), err)
	}
	for _, n := range told {
		n.hold(c.options.Hold)
	}
	return told, nil
}

// leave is Leave with the waiting for what was sent. A conductor that could not tell everybody stops all the same: then it
// has the time of the leases to be back.
func (c *Conductor) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer cancel()
	told, err := c.Leave(ctx)
	if err != nil {
		c.log.Error("lengthening the leases before the stop failed", "error", err)
		return
	}
	missed := 0
	for _, n := range told {
		if !n.drained(ctx) {
			missed++
		}
	}
	if len(told) > 0 {
		c.log.Info("the leases of running attempts were lengthened", "hold", c.options.Hold, "servers", len(told), "not_reached", missed)
	}
}

// leased returns the online servers on which attempts with leases run.
func (f *fleet) leased() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for name, h := range f.hosts {
		if h.server.State != jobserver.Online {
			continue
		}
		for _, p := range h.open {
			if p.claimed && p.lease > 0 {
				names = append(names, name)
				break
			}
		}
	}
	slices.Sort(names)
	return names
}

// hearHold ends the hold of a server whose agent says that it is on none, and notes one that was not known. Only an agent
// that has connected to this conductor can say so: on its way to another one there may still be a hold.
func (c *Conductor) hearHold(ctx context.Context, r Report) error {
	hold, held := c.fleet.held(r.Server)
	switch {
	case r.Held && !held:
		length := max(hold, c.options.Hold, DefaultHold)
		if err := c.store.Hold(ctx, []string{r.Server}, length, r.At); err != nil {
			return err
		}
		c.fleet.setHold(r.Server, length, r.At)
	case !r.Held && held:
		if _, connected := c.sessions.find(r.Server, r.Instance); !connected {
			return nil
		}
		if err := c.store.Hold(ctx, []string{r.Server}, 0, r.At); err != nil {
			return err
		}
		c.fleet.setHold(r.Server, 0, r.At)
	}
	return nil
}

// held returns the length of the hold that a server's agent may be on.
func (f *fleet) held(server string) (time.Duration, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known {
		return 0, false
	}
	return h.hold, h.hold > 0
}

func (f *fleet) setHold(server string, length time.Duration, since time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h, known := f.hosts[server]; known {
		h.hold, h.holdSince = length, since
		h.server.Held = length
	}
}
