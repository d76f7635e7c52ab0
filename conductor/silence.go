package conductor

import (
	"slices"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// silent returns the servers that are online and have been silent for longer than they may be, by how long that is.
func (f *fleet) silent(now time.Time) map[time.Duration][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	names := map[time.Duration][]string{}
	for name, h := range f.hosts {
		if h.server.State != jobserver.Online {
			continue
		}
		if silence := h.silence(); h.heard.Before(now.Add(-silence)) {
			names[silence] = append(names[silence], name)
		}
	}
	for _, of := range names {
		slices.Sort(of)
	}
	return names
}

// fallsSilent returns the first instant after now at which silent or lost will return a server that they do not return
// yet, if no more is heard of it.
func (f *fleet) fallsSilent(now time.Time) (first time.Time, any bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.hosts {
		var due time.Time
		switch h.server.State {
		case jobserver.Online:
			due = h.heard.Add(h.silence() + time.Microsecond) // Stored instants have microseconds.
		case jobserver.Unreachable:
			due = h.heard.Add(h.server.Patience())
		default:
			continue
		}
		if due.After(now) && (!any || due.Before(first)) {
			first, any = due, true
		}
	}
	return first, any
}

// lost returns the unreachable servers that were silent for as long as they may be.
func (f *fleet) lost(now time.Time) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for name, h := range f.hosts {
		if h.server.State == jobserver.Unreachable && now.Sub(h.heard) >= h.server.Patience() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// setSilent notes what is stored of servers that have fallen silent. One that was heard from meanwhile stays as it is.
func (f *fleet) setSilent(names []string, state jobserver.Contact, before, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range names {
		if h, known := f.hosts[name]; known && h.heard.Before(before) {
			h.server.State, h.server.StateSince = state, now
		}
	}
}

// postpone gives every server its whole time to report anew, for a conductor that could not listen for a while.
func (f *fleet) postpone(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.hosts {
		h.heard = now
		for _, p := range h.open {
			if !p.claimed {
				p.offered = now
			}
		}
	}
}

// makeUp gives every server, for offers too, the time back in which this conductor did not listen.
func (f *fleet) makeUp(missed time.Duration, now time.Time) {
	later := func(t time.Time) time.Time {
		if t = t.Add(missed); t.After(now) {
			return now
		}
		return t
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.hosts {
		h.heard = later(h.heard)
		for _, p := range h.open {
			if !p.claimed {
				p.offered = later(p.offered)
			}
		}
	}
}

// staleOffers returns offers that nobody has claimed since before the instant, or whose server is not online.
func (f *fleet) staleOffers(before time.Time) map[string][]task.Ref {
	f.mu.Lock()
	defer f.mu.Unlock()
	stale := map[string][]task.Ref{}
	for name, h := range f.hosts {
		for ref, p := range h.open {
			if !p.claimed && (p.offered.Before(before) || h.server.State != jobserver.Online) {
				stale[name] = append(stale[name], ref)
			}
		}
		slices.SortFunc(stale[name], compareRefs)
	}
	for _, refs := range stale {
		slices.SortFunc(refs, compareRefs)
	}
	return stale
}
