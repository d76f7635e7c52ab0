package conductor

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

const (
	// longSilence is from when on a server that returns takes load back gradually: its host may have been in trouble.
	longSilence = 10 * time.Second
	// mostPast is how many agent processes and boots are remembered of a server.
	mostPast = 64
)

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

// retire notes the agent process and the boot that speak now. Those before them are over.
func (h *host) retire(instance, boot string) {
	if h.past == nil || len(h.past) >= mostPast {
		h.past = map[string]struct{}{}
	}
	if old := h.server.Instance; old != "" && old != instance {
		h.past[old] = struct{}{}
	}
	if old := h.server.BootID; old != "" && old != boot {
		h.past[old] = struct{}{}
	}
}

// isPast reports whether a message comes from an agent process or a boot that a later one has taken the place of. Such a
// message was on its way for long, and says nothing of the present.
func (f *fleet) isPast(server, instance, boot string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known {
		return false
	}
	_, oldInstance := h.past[instance]
	_, oldBoot := h.past[boot]
	return oldInstance || oldBoot
}

// welcome lets an agent process speak that connects anew, whatever was before.
func (f *fleet) welcome(server, instance, boot string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h, known := f.hosts[server]; known {
		delete(h.past, instance)
		delete(h.past, boot)
	}
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
