package conductor

import (
	"cmp"
	"slices"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// terms are what was settled about an attempt when it was placed, and never changes.
type terms struct {
	task   string
	target task.Target
	// unavailableAfter and lease are as in task.Attempt.
	unavailableAfter time.Duration
	lease            time.Duration
	// leaveRunning is true where the run is reset without its attempt being over.
	leaveRunning bool
}

// settle fills in the terms of an attempt that was just placed on a server, by the frozen spec of its run.
func (f *fleet) settle(server string, ref task.Ref, run task.Run) terms {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := terms{task: run.Task, target: run.Spec.Target}
	h, known := f.hosts[server]
	if !known {
		return t
	}
	t.unavailableAfter, t.lease = run.Spec.Timers(h.server.Patience())
	if t.lease > 0 {
		t.lease = max(t.lease, jobserver.MinUnavailableAfter)
	}
	t.leaveRunning = t.lease == 0 && run.Spec.LeaveRunning && run.Spec.Policy().Kind() == policy.Reset
	if p, there := h.open[ref]; there {
		p.terms = t
	}
	return t
}

// termsOf returns the terms of a stored attempt.
func termsOf(a virtualserver.OpenAttempt) terms {
	return terms{
		task: a.Task, target: a.Spec.Target, unavailableAfter: a.UnavailableAfter, lease: a.Lease,
		leaveRunning: a.Lease == 0 && a.Spec.LeaveRunning && a.Spec.Policy().Kind() == policy.Reset,
	}
}

// intentOf returns what an operator wants of the run of an attempt.
func intentOf(a virtualserver.OpenAttempt) task.Intent {
	if a.Pending == "" && (a.RunState == task.Stopping || a.State == task.AttemptStopping) {
		return task.IntentCancel
	}
	return a.Pending
}

// Lease is a lease as an agent is told of it: its length, anchored at the instant at which the agent sent the message that
// is answered. A length of 0 is without a deadline.
type Lease struct {
	Ref    task.Ref
	Length time.Duration
}

// agentLease returns the length of the lease that the agent is given.
func (t terms) agentLease() time.Duration {
	if t.lease == 0 {
		return 0
	}
	length, err := jobserver.LeaseOf(t.lease)
	if err != nil { // No stored lease is so short; the agent must not take it for one without a deadline.
		return time.Microsecond
	}
	return length
}

// claim notes that an attempt was claimed by a message that came at the instant, which is word of its server, too. It
// returns the lease and when the attempt was placed; not ok for an attempt that is unknown here or was given up.
func (f *fleet) claim(server, instance string, ref task.Ref, at time.Time) (lease Lease, placed time.Time, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known {
		return Lease{}, time.Time{}, false
	}
	p, there := h.open[ref]
	if !there || p.seized != nil {
		return Lease{}, time.Time{}, false
	}
	h.contact(at)
	p.claimed, p.instance, p.since = true, instance, h.starts.heartbeat
	return Lease{Ref: ref, Length: p.agentLease()}, p.offered, true
}

// renewals returns the leases of a server's attempts, by run. It is called after the message that they answer was taken
// in, so that whatever is decided later counts from that message on.
func (f *fleet) renewals(server string) []Lease {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known {
		return nil
	}
	var leases []Lease
	for ref, p := range h.open {
		if p.claimed && p.seized == nil && p.lease > 0 {
			leases = append(leases, Lease{Ref: ref, Length: p.agentLease()})
		}
	}
	slices.SortFunc(leases, func(a, b Lease) int { return compareRefs(a.Ref, b.Ref) })
	return leases
}

func compareRefs(a, b task.Ref) int {
	return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.Number, b.Number))
}

// overdue is an attempt that is taken away from its server.
type overdue struct {
	server string
	ref    task.Ref
	// ground is how it is known that the attempt is over, or policy.LeftRunning.
	ground policy.Ground
	// silent is for how long the server had been.
	silent time.Duration
}

// leaseOver reports whether the lease of an attempt has certainly run out: its server was silent for its length and, if
// its agent may still be on hold, for the length of the hold since this conductor is there.
func (h *host) leaseOver(p *placed, now time.Time) bool {
	if p.lease == 0 || now.Sub(h.heard) < p.lease {
		return false
	}
	return h.hold == 0 || now.Sub(h.holdSince) >= jobserver.ConductorWait(h.hold)
}

// seizeSilent takes away the claimed attempts on silent servers of which it is known by now that they are over, and those
// that are reset without that. It returns them, with those that were taken away before and of which that is not stored
// yet, by run.
func (f *fleet) seizeSilent(now time.Time) []overdue {
	f.mu.Lock()
	defer f.mu.Unlock()
	var due []overdue
	for name, h := range f.hosts {
		away := h.server.State == jobserver.Unreachable || h.server.State == jobserver.Unavailable
		for ref, p := range h.open {
			silent := now.Sub(h.heard)
			switch {
			case p.seized != nil || !p.claimed || !away:
			case h.leaseOver(p, now):
				p.seized = &overdue{server: name, ref: ref, ground: policy.LeaseExpired, silent: silent}
			case p.leaveRunning && silent >= p.unavailableAfter && (p.intent == "" || p.intent == task.IntentReset):
				p.seized = &overdue{server: name, ref: ref, ground: policy.LeftRunning, silent: silent}
			}
			if p.seized != nil {
				due = append(due, *p.seized)
			}
		}
	}
	sortOverdue(due)
	return due
}

// seize takes claimed attempts on a server away on a ground: those named, or all of them where none is.
func (f *fleet) seize(server string, ground policy.Ground, refs ...task.Ref) []overdue {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known {
		return nil
	}
	var due []overdue
	for ref, p := range h.open {
		if !p.claimed || len(refs) > 0 && !slices.Contains(refs, ref) {
			continue
		}
		if p.seized == nil {
			p.seized = &overdue{server: server, ref: ref, ground: ground}
		}
		due = append(due, *p.seized)
	}
	sortOverdue(due)
	return due
}

// letGo gives an attempt back to its server of which nothing is to be done.
func (f *fleet) letGo(server string, ref task.Ref) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h, known := f.hosts[server]; known {
		if p, there := h.open[ref]; there {
			p.seized = nil
		}
	}
}

func sortOverdue(due []overdue) {
	slices.SortFunc(due, func(a, b overdue) int { return compareRefs(a.ref, b.ref) })
}
