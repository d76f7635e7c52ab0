package conductor

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// leastHeartbeat is the shortest period that agents are told to keep.
const leastHeartbeat = 100 * time.Millisecond

// quarter is the longest period at which a lease is renewed often enough that belongs to a server which may be silent for
// that long.
func quarter(silence time.Duration) time.Duration {
	lease, err := jobserver.LeaseOf(max(silence, jobserver.MinUnavailableAfter))
	if err != nil {
		return leastHeartbeat
	}
	return lease / 4
}

// unhurried is the longest period of a server that may be silent for that long and has no lease to renew: a quarter of the
// lease that an attempt would have there, so that it need not be changed for each, or the period that is set, if three of them
// are over well before the silence is.
func (p *pace) unhurried(silence time.Duration) time.Duration {
	return max(quarter(silence), min(p.least, silence*3/10))
}

// due is the period that the agent of a host is to keep: the fleet's, unless something there asks for a shorter one.
func (p *pace) due(h *host) time.Duration {
	period := min(p.period, p.unhurried(h.server.Patience()))
	for _, a := range h.open {
		switch {
		case a.lease > 0:
			period = min(period, a.agentLease()/4)
		case a.leaveRunning:
			period = min(period, p.unhurried(a.unavailableAfter))
		}
	}
	return max(period, leastHeartbeat)
}

// keepsAtFirst is the longest period that the agent of a server may be keeping of which this conductor has not heard. It may
// be another process than the one that was heard from last, and then it begins with the default.
func (p *pace) keepsAtFirst(s jobserver.Server) time.Duration {
	stored := s.Heartbeat
	if stored == 0 {
		stored = p.least
	}
	return max(stored, jobserver.DefaultHeartbeat)
}

// silence is for how long a host may be unheard before it is unreachable: three times the longest period that its agent may
// keep, but never for longer than after which something is to be done.
func (h *host) silence() time.Duration {
	silence := min(jobserver.MissedBeats*h.keeps, h.server.Patience())
	for _, a := range h.open {
		switch {
		case !a.claimed:
		case a.lease > 0:
			silence = min(silence, a.lease)
		case a.leaveRunning:
			silence = min(silence, a.unavailableAfter)
		}
	}
	return silence
}

// setPace adapts the period of all heartbeats to how many servers are online. It reports whether that has changed it.
func (f *fleet) setPace(now time.Time) (servers int, period time.Duration, changed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.hosts {
		if h.server.State == jobserver.Online {
			servers++
		}
	}
	changed = f.pace.follow(servers, now)
	return servers, f.pace.period, changed
}

// heartbeat returns the period that the agent on a server is to keep.
func (f *fleet) heartbeat(server string) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known {
		return f.pace.least
	}
	return f.pace.due(h)
}

// tell returns the period that the agent is told in the answer to a heartbeat, and puts into that the longest that it may be
// keeping then: the answer may be lost.
func (f *fleet) tell(b *jobserver.Beat) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[b.Server]
	if !known {
		return f.pace.least
	}
	if b.Heartbeat <= 0 { // An agent of before it said so: it may keep whatever it was told.
		b.Heartbeat = h.keeps
	}
	told := f.pace.due(h)
	b.Heartbeat = max(b.Heartbeat, told)
	return told
}

// keeps returns the longest period that the agent on a server may be keeping.
func (f *fleet) keeps(server string) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known {
		return f.pace.least
	}
	return h.keeps
}

// beatTimes returns how often a server is heard from, and how long it may be silent before it is unreachable.
func (f *fleet) beatTimes(server string) (every, silence time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known {
		return 0, 0
	}
	return f.pace.due(h).Round(time.Millisecond), h.silence()
}

// hurry tells the agent on a server of its period where that must be shorter than it may be keeping: of a longer one it is
// told with the answer to a heartbeat.
func (c *Conductor) hurry(server string) {
	if c.fleet.heartbeat(server) < c.fleet.keeps(server) {
		c.sessions.settings(server, c.settings(server))
	}
}

// keepPace adapts the period of all heartbeats to the fleet.
func (c *Conductor) keepPace(now time.Time) {
	servers, period, changed := c.fleet.setPace(now)
	if changed {
		c.log.Info("the period of heartbeats follows the fleet", "servers", servers, "heartbeat", period)
	}
	c.metrics.heartbeat.Set(period.Seconds())
}
