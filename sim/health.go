package sim

import "time"

// health is what is true of a server's being heard from: a server whose agent has done all it is to do must not be called
// unreachable, however seldom it is to be heard from.
type health struct {
	h *host
	// since is when the conductor last heard of the server, or began to listen.
	since time.Duration
	// beats counts the heartbeats that the agent has sent since then; hindered is true where it could not do as it should, or
	// may not know yet how often it should.
	beats    int
	hindered bool
	// told is when the conductor heard the last heartbeat whose answer the agent has, and asked when an operator has last
	// changed how long the server may be silent.
	told, asked time.Duration
}

// listened notes that the conductor begins to listen.
func (v *health) listened() {
	v.since, v.beats, v.hindered = v.h.w.now, 0, !v.able()
}

// heard notes that the conductor has heard of the server. What an earlier process of its agent said does not count.
func (v *health) heard(from *agentProcess, life int) {
	if from == v.h.agent && life == from.life {
		v.listened()
	}
}

// able reports whether the agent does as it should now.
func (v *health) able() bool {
	h := v.h
	return h.up && !h.frozen && h.agent.up && h.agent.paused == 0 && h.agent.failures <= 10 && h.agent.ready && v.told >= v.asked
}

// beat notes that the agent sends a heartbeat.
func (v *health) beat() {
	v.beats++
	v.look()
}

// look notes whether the agent is hindered.
func (v *health) look() { v.hindered = v.hindered || !v.able() }

// unreachable checks that a server which is called unreachable has missed a heartbeat: the agent was to send one since the
// conductor has heard of it last.
func (t *truth) unreachable(name string) {
	for _, h := range t.w.hosts {
		v := &h.health
		if v.look(); h.name != name || v.hindered {
			continue
		}
		t.w.cover("unreachable while its agent was at work")
		if v.beats == 0 {
			t.w.fail("%s is unreachable %s after it was heard, and no heartbeat of it was due", name, t.w.now-v.since)
		}
	}
}
