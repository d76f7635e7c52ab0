package conductor

import (
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// fleet is the conductor's picture of the servers, the groups and what runs where. It follows the store: it is loaded
// at the start and told of each change after its commit, except for reservations, which it holds from the moment of the
// choice, so that runs placed together do not all land on one server.
type fleet struct {
	mu     sync.Mutex
	hosts  map[string]*host
	groups map[string]virtualserver.VirtualServer
	// resets are the open attempts whose runs are to be reset, by task; nil where they have to be looked for again.
	resets map[string][]overdue
	limits limits
	pace   pace
}

// host is one server in the fleet.
type host struct {
	server jobserver.Server
	// heard is when the last heartbeat or claim came, or when this conductor began to listen. Silence counts from it.
	heard time.Time
	// word is when anything came from its agent last.
	word time.Time
	// starts is what attempts may begin with there without a claim of their own, empty where its agent does not take that.
	starts headStart
	// keeps is the longest period between heartbeats that its agent may be keeping: it has said so, or was told so and may
	// not have heard of it.
	keeps time.Duration
	// first and newest are the numbers of heartbeats that came of the agent process beatsOf: the one that came first, and the
	// largest.
	first, newest uint64
	beatsOf       string
	// hold is the length of the hold that the agent was given before a planned absence, 0 without one, and holdSince when
	// this conductor learnt of it.
	hold      time.Duration
	holdSince time.Time
	// returned is when the server was heard from again after a longer silence.
	returned time.Time
	// foreignMean is the mean of the foreign load in cores over about ten minutes, at meanAt.
	foreignMean float64
	meanAt      time.Time
	open        map[task.Ref]*placed
	own         virtualserver.Occupancy
	ownAtSample virtualserver.Occupancy
	lastUsed    time.Time
	// archives are the hashes of archives on its disk.
	archives []string
}

// placed is an open attempt on a host.
type placed struct {
	terms
	need     virtualserver.Need
	claimed  bool
	instance string
	// since is the newest heartbeat of its agent that had been taken in when it was claimed, or with which it was last offered
	// again.
	since uint64
	// offered is when it was placed, or when this conductor took it over.
	offered time.Time
	// intent is what an operator wants of the run, if the attempt was told to stop.
	intent task.Intent
	// rebooted is true where the host has another boot id than when the attempt was claimed.
	rebooted bool
	// seized is why the attempt is being taken away, and nil otherwise. From then on until that is stored, its lease is not
	// renewed.
	seized *overdue
}

func newFleet(p pace) *fleet {
	return &fleet{hosts: map[string]*host{}, groups: map[string]virtualserver.VirtualServer{}, limits: newLimits(), pace: p}
}

// setServers replaces what is known of the servers, and keeps what runs there.
func (f *fleet) setServers(servers []jobserver.Server, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.resets = nil
	old := f.hosts
	f.hosts = make(map[string]*host, len(servers))
	for _, s := range servers {
		h, known := old[s.Name]
		if !known {
			h = &host{open: map[task.Ref]*placed{}, heard: now, hold: s.Held, holdSince: now}
			h.keeps = f.pace.keepsAtFirst(s)
		} else if h.server.Sample != nil && (s.Sample == nil || s.Sample.At.Before(h.server.Sample.At)) {
			s.Sample = h.server.Sample
		}
		if known && s.Patience() < h.server.Patience() && now.After(h.heard) {
			h.heard = now // Its agent may be about to be heard from as seldom as was right until now.
		}
		h.server = s
		f.hosts[s.Name] = h
		delete(old, s.Name)
	}
	for _, gone := range old { // It had nothing open, or it could not have been deleted.
		for ref := range gone.open {
			f.remove(gone, ref)
		}
	}
}

func (f *fleet) setGroups(groups []virtualserver.VirtualServer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.groups = make(map[string]virtualserver.VirtualServer, len(groups))
	for _, g := range groups {
		f.groups[g.Name] = g
	}
}

// place chooses for a run of the task named of on a target and, where it finds a server, reserves the place under ref. A zero
// ref reserves nothing. Nothing is chosen where the limits allow no further run of the task; an empty name has none.
func (f *fleet) place(of string, target task.Target, req virtualserver.Request, ref task.Ref, now time.Time, pick chooser) virtualserver.Placement {
	f.mu.Lock()
	defer f.mu.Unlock()
	if why := f.limits.full(of); why != "" {
		return virtualserver.Placement{At: now, Need: req.Need, Reason: why}
	}
	var p virtualserver.Placement
	if target.Server != "" {
		h, known := f.hosts[target.Server]
		if !known {
			return virtualserver.Placement{At: now, Need: req.Need, Reason: "the server " + target.Server + " does not exist"}
		}
		p = virtualserver.PlaceOn(h.candidateFor(req, now), req, now)
	} else {
		group, known := f.groups[target.VirtualServer]
		if !known {
			return virtualserver.Placement{At: now, Need: req.Need, Reason: "the virtual server " + target.VirtualServer + " does not exist"}
		}
		candidates := make([]virtualserver.Candidate, 0, len(group.Members))
		for _, name := range group.Members {
			if h, known := f.hosts[name]; known {
				candidates = append(candidates, h.candidateFor(req, now))
			}
		}
		p = pick(group.Spec, req, candidates, now)
	}
	if p.Chosen != "" && ref.Run != "" {
		h := f.hosts[p.Chosen]
		f.add(h, ref, &placed{terms: terms{task: of}, need: p.Need, offered: now})
		h.lastUsed = now
	}
	return p
}

// chooser is virtualserver.Place with its source of chance bound.
type chooser func(virtualserver.Spec, virtualserver.Request, []virtualserver.Candidate, time.Time) virtualserver.Placement

// candidateFor is candidate for a run, which may be of an archive that the host has.
func (h *host) candidateFor(req virtualserver.Request, now time.Time) virtualserver.Candidate {
	c := h.candidate(now)
	c.HoldsArchive = req.Archive != "" && slices.Contains(h.archives, req.Archive)
	return c
}

func (h *host) candidate(now time.Time) virtualserver.Candidate {
	c := virtualserver.Candidate{
		Server: h.server, ForeignCPUMean: h.foreignMean, Own: h.own, OwnAtSample: h.ownAtSample, LastUsed: h.lastUsed,
	}
	c.SlotLimit = h.slotLimit(now)
	if h.server.Sample != nil {
		c.SampleAge = max(0, now.Sub(h.server.Sample.At))
	}
	return c
}

func (f *fleet) add(h *host, ref task.Ref, p *placed) {
	if _, there := h.open[ref]; there {
		return
	}
	h.open[ref] = p
	f.limits.enter(p.task)
	h.own.Runs++
	h.own.Slots += max(1, p.need.Slots)
	h.own.CPU += p.need.CPU
	h.own.Memory += p.need.Memory
}

func (f *fleet) remove(h *host, ref task.Ref) (placed, bool) {
	p, there := h.open[ref]
	if !there {
		return placed{}, false
	}
	delete(h.open, ref)
	f.limits.leave(p.task)
	h.own.Runs--
	h.own.Slots -= max(1, p.need.Slots)
	h.own.CPU -= p.need.CPU
	h.own.Memory -= p.need.Memory
	if h.own.Runs == 0 {
		h.own = virtualserver.Occupancy{}
	}
	return *p, true
}

// adopt takes over an open attempt from the store.
func (f *fleet) adopt(a virtualserver.OpenAttempt) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[a.Server]
	if !known {
		return
	}
	ref := task.Ref{Run: a.Run, Number: a.Number}
	f.add(h, ref, &placed{terms: termsOf(a), need: a.Need, offered: h.heard})
	h.open[ref].follow(a)
	f.resets = nil
	if a.OfferedAt.After(h.lastUsed) {
		h.lastUsed = a.OfferedAt
	}
}

// update brings what is known of an open attempt up to what is stored. One that has left the fleet stays away.
func (f *fleet) update(a virtualserver.OpenAttempt) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h, known := f.hosts[a.Server]; known {
		if p, there := h.open[task.Ref{Run: a.Run, Number: a.Number}]; there {
			p.follow(a)
			f.resets = nil
		}
	}
}

func (p *placed) follow(a virtualserver.OpenAttempt) {
	p.terms = termsOf(a)
	p.claimed, p.instance = a.State != task.AttemptOffered, a.Instance
	p.intent = intentOf(a)
}

// release ends the reservation of an attempt, wherever it is on the server.
func (f *fleet) release(server string, ref task.Ref) (placed, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known {
		return placed{}, false
	}
	p, there := f.remove(h, ref)
	if p.intent == task.IntentReset {
		f.resets = nil
	}
	return p, there
}

// stopping notes that an attempt was told to stop, and why.
func (f *fleet) stopping(server string, ref task.Ref, intent task.Intent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h, known := f.hosts[server]; known {
		if p, there := h.open[ref]; there {
			p.intent, f.resets = intent, nil
		}
	}
}

// beat takes in a heartbeat that is stored. It reports whether the server was not online before.
func (f *fleet) beat(b jobserver.Beat) (cameBack bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[b.Server]
	if !known {
		return true
	}
	cameBack = h.contact(b.At)
	switch {
	case b.Heartbeat <= 0:
	case b.Number > 0 && b.Number <= h.first: // It may be an old one that was on its way while this conductor started.
		h.keeps = max(h.keeps, b.Heartbeat)
	default:
		h.keeps = b.Heartbeat
	}
	h.starts = h.starts.after(b)
	h.server.BootID, h.server.Instance, h.server.AgentVersion = b.BootID, b.Instance, b.AgentVersion
	h.server.RunAs, h.archives = b.RunAs, b.Archives
	sample := b.Sample
	h.server.Sample = &sample
	h.ownAtSample = h.own
	h.blendForeign(sample.ForeignCPU(), b.At)
	return cameBack
}

// noteReboot marks what was claimed on a host that now has another boot id than before. It reports whether it has.
func (f *fleet) noteReboot(server, boot string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known || h.server.BootID == "" || h.server.BootID == boot {
		return false
	}
	for _, p := range h.open {
		p.rebooted = p.claimed
	}
	return true
}

// contact notes that the server was heard from. It reports whether it was not online before.
func (h *host) contact(at time.Time) (cameBack bool) {
	if cameBack = h.server.State != jobserver.Online; cameBack {
		h.notePause(at)
		h.server.State, h.server.StateSince = jobserver.Online, at
	}
	if at.After(h.heard) {
		h.heard, h.server.LastSeen = at, at
	}
	if at.After(h.word) {
		h.word = at
	}
	return cameBack
}

// foreignWindow is the time over which the mean of the foreign load is taken.
const foreignWindow = 10 * time.Minute

func (h *host) blendForeign(cores float64, at time.Time) {
	if h.meanAt.IsZero() {
		h.foreignMean, h.meanAt = cores, at
		return
	}
	share := 1 - math.Exp(-at.Sub(h.meanAt).Seconds()/foreignWindow.Seconds())
	h.foreignMean += share * (cores - h.foreignMean)
	h.meanAt = at
}

// held is what the fleet believes of one open attempt.
type held struct {
	ref      task.Ref
	claimed  bool
	instance string
	intent   task.Intent
	rebooted bool
	seized   bool
	offered  time.Time
}

// attempts returns the open attempts on a server, by run.
func (f *fleet) attempts(server string) []held {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known {
		return nil
	}
	all := make([]held, 0, len(h.open))
	for ref, p := range h.open {
		all = append(all, held{
			ref: ref, claimed: p.claimed, instance: p.instance, intent: p.intent, rebooted: p.rebooted, seized: p.seized != nil, offered: p.offered,
		})
	}
	slices.SortFunc(all, func(a, b held) int { return compareRefs(a.ref, b.ref) })
	return all
}

// candidate returns what would be known of a server in a choice now.
func (f *fleet) candidate(server string, now time.Time) (virtualserver.Candidate, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known {
		return virtualserver.Candidate{}, false
	}
	return h.candidate(now), true
}

// defaults returns what the virtual server of a target says for tasks that say nothing of their own.
func (f *fleet) defaults(t task.Target) task.Defaults {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.groups[t.VirtualServer]
	return task.Defaults{OnUnavailable: g.OnUnavailable, LeaveRunning: g.LeaveRunning, UnavailableAfter: g.UnavailableAfter}
}

// unavailableAt returns when an unreachable server will count as unavailable if it stays silent; zero for any other.
func (f *fleet) unavailableAt(server string) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known || h.server.State != jobserver.Unreachable {
		return time.Time{}
	}
	return h.heard.Add(h.server.Patience())
}

// groupsOf returns the names of the groups that a server is a member of.
func (f *fleet) groupsOf(server string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(f.groups)) {
		if slices.Contains(f.groups[name].Members, server) {
			names = append(names, name)
		}
	}
	return names
}

// mayHaveRoom reports whether some server of a target takes new runs and has a free slot. It does not look at what a run
// needs. A target that does not exist counts as having room, so that its runs are looked at and told.
func (f *fleet) mayHaveRoom(t task.Target, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	members := []string{t.Server}
	if t.Server == "" {
		group, known := f.groups[t.VirtualServer]
		if !known || len(group.Members) == 0 || group.Inactive {
			return true
		}
		members = group.Members
	}
	full := false
	for _, name := range members {
		h, known := f.hosts[name]
		if !known || h.server.State != jobserver.Online || h.server.Mode != jobserver.Active || h.server.Quarantine != "" {
			continue
		}
		if limit := h.slotLimit(now); h.own.Slots < h.server.Slots && (limit == 0 || h.own.Slots < limit) {
			return true
		}
		full = true
	}
	return !full
}
