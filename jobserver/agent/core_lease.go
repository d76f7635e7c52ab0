package agent

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// The leases of attempts. A deadline is anchored at the instant at which the claim or the heartbeat was sent that the
// conductor answered with the lease, be it with an offer, so that it passes before the conductor's own, whatever became of the
// messages. The guard has it on its disk, and ends the attempt also where this agent is dead; the agent renews it, one renewal
// of an attempt after the other, and has an attempt killed whose guard is late.

// leased takes in that the conductor has answered what was sent at that instant with leases.
func (c *Core) leased(sent time.Duration, grants []Grant) {
	for _, g := range grants {
		if a := c.attempts[g.Ref]; a != nil {
			c.grant(a, sent, g.Length)
		}
	}
}

// grant takes in the lease of one attempt. It never shortens one, unless it ends a hold: for that it must have been sent
// after the hold came.
func (c *Core) grant(a *attempt, sent, length time.Duration) {
	if length <= 0 || a.ended || a.want.Held && sent <= a.heldAt {
		return
	}
	a.anchor = max(a.anchor, sent)
	l := jobserver.Lease{Deadline: sent + length, Grace: length / 4}
	if !a.want.Held && l.Deadline <= a.want.Deadline {
		return
	}
	a.want = l
	c.renew(a)
}

// hold lengthens all leases for a planned absence of the conductor. It counts from the last renewal rather than from its
// own receipt, so that one that comes late gives no more than one that came in time: the conductor counts from its own
// return.
func (c *Core) hold(e HoldOrdered) {
	if c.stale(e.Term) {
		return
	}
	for _, a := range c.sorted(func(a *attempt) bool { return !a.ended && a.want.Deadline > e.At }) {
		if until := a.anchor + e.Length; until > a.want.Deadline {
			a.want.Deadline, a.want.Held, a.heldAt = until, true, e.At
			c.renew(a)
		}
	}
}

// renew has the guard write the lease that an attempt should have. Before the start the lease comes along with that.
func (c *Core) renew(a *attempt) {
	if a.phase == kept && !a.ended && !a.renewing && a.want != a.lease && c.ready {
		a.renewing, a.writing = true, a.want
		c.do(Renew{Ref: a.ref, Lease: a.want})
	}
}

func (c *Core) renewDone(e RenewDone) {
	a := c.attempts[e.Ref]
	if a == nil || !a.renewing {
		return
	}
	a.renewing = false
	if e.Err != nil {
		// The next heartbeat renews it again. Until then it counts as it was, or as held if it may be that now.
		a.lease.Held = a.lease.Held || e.Lease.Held
		if !a.ended {
			c.do(Note{Ref: a.ref, Text: "the lease could not be renewed", Err: e.Err})
		}
		return
	}
	a.lease = e.Lease
	c.renew(a)
}

// adopt takes the lease of an attempt that an earlier agent started, unless one is known.
func (a *attempt) adopt(l *jobserver.Lease) {
	if l == nil || l.Deadline == 0 || a.lease.Deadline > 0 || a.renewing {
		return
	}
	a.lease, a.want = *l, *l
	if !l.Held {
		a.anchor = l.Deadline - 4*l.Grace
	}
}

// Held reports whether the deadline of an attempt may be that of a hold: from its receipt until a renewal that followed
// is on disk.
func (c *Core) Held() bool {
	for _, a := range c.attempts {
		if !a.ended && (a.lease.Held || a.want.Held || a.renewing && a.writing.Held) {
			return true
		}
	}
	return false
}

// Leased reports whether an attempt has a deadline: then [Ticked] is due again and again.
func (c *Core) Leased() bool {
	for _, a := range c.attempts {
		if a.phase == kept && !a.ended && a.lease.Deadline > 0 {
			return true
		}
	}
	return false
}

// Quarter is a quarter of the shortest lease that an attempt has, 0 where none has one: it must be renewed as often.
func (c *Core) Quarter() time.Duration {
	var shortest time.Duration
	for _, a := range c.attempts {
		if !a.ended && a.want.Deadline > 0 && (shortest == 0 || a.want.Grace < shortest) {
			shortest = a.want.Grace
		}
	}
	return shortest
}

// enforce has attempts ended whose guard should have ended them by now.
func (c *Core) enforce(boot time.Duration) {
	late := func(a *attempt) bool {
		return a.phase == kept && !a.ended && !a.expiring && a.lease.Deadline > 0 && boot > a.lease.Deadline+jobserver.WakeBound
	}
	for _, a := range c.sorted(late) {
		a.expiring = true
		c.do(Expire{Ref: a.ref})
	}
}

func (c *Core) expireDone(e ExpireDone) {
	if a := c.attempts[e.Ref]; a != nil {
		a.expiring = false
	}
}
