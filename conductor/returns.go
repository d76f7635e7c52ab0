package conductor

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// longSilence is from when on a server that returns takes load back gradually: its host may have been in trouble.
const longSilence = 10 * time.Second

// notePause notes that a server which is not online is heard from at the instant.
func (h *host) notePause(at time.Time) {
	switch h.server.State {
	case jobserver.Unavailable:
		h.returned = at
	case jobserver.Unreachable:
		if at.Sub(h.server.StateSince) >= longSilence {
			h.returned = at
		}
	}
}

// slotLimit returns how many slots may be taken on a server that has only just returned, and 0 on any other: what ran
// there all along, and of new runs the more the longer it has been back.
func (h *host) slotLimit(now time.Time) int {
	if h.returned.IsZero() {
		return 0
	}
	limit := virtualserver.ReturnLimit(h.server.Slots, now.Sub(h.returned))
	if limit == 0 {
		h.returned = time.Time{}
		return 0
	}
	for _, p := range h.open {
		if p.offered.Before(h.returned) {
			limit += max(1, p.need.Slots)
		}
	}
	return limit
}

// isPast reports whether an agent process was started before the one that was heard from last. Its messages were on their
// way for long, and say nothing of the present.
func (f *fleet) isPast(server, instance string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	return known && h.server.Instance != "" && jobserver.StartedBefore(instance, h.server.Instance)
}

// overtaken reports whether the same process has sent a heartbeat after this one that came before it. Its sender waits for no
// answer any more, and may keep another period meanwhile than it says.
func (f *fleet) overtaken(b jobserver.Beat) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[b.Server]
	if !known || b.Number == 0 {
		return false
	}
	if h.beatsOf != b.Instance {
		h.first, h.beatsOf = b.Number, b.Instance
	} else if b.Number < h.newest {
		return true
	}
	h.newest = b.Number
	return false
}

// resetting returns a run of the task that is to be reset and whose attempt may still act, with its server. Nothing else of
// the task may start before that is over.
func (f *fleet) resetting(name string, except task.RunID) (run task.RunID, server string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.resets == nil {
		f.findResets()
	}
	for _, o := range f.resets[name] {
		if o.ref.Run != except {
			return o.ref.Run, o.server
		}
	}
	return "", ""
}

// findResets lists the attempts that are to be reset, by task.
func (f *fleet) findResets() {
	f.resets = map[string][]overdue{}
	for name, h := range f.hosts {
		for ref, p := range h.open {
			if p.intent == task.IntentReset {
				f.resets[p.task] = append(f.resets[p.task], overdue{server: name, ref: ref})
			}
		}
	}
	for _, of := range f.resets {
		sortOverdue(of)
	}
}
