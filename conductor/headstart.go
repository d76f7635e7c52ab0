package conductor

import (
	"context"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// A head start is a claim that this conductor makes for an agent process together with the placement, and answers with the
// offer. It saves a call and a commit before the start. The proof is that of any lease: it is anchored at the sending of a
// heartbeat that was heard here, and whatever is decided about the attempt for want of word counts from that or later word.

// DefaultHeadStart is the usual value of [Options.HeadStart]. An attempt that is claimed for an agent which has died meanwhile
// is not offered elsewhere, as an unclaimed one is, but goes the way of its policy: so the agent must have spoken very lately.
const DefaultHeadStart = 250 * time.Millisecond

// headStart is what a claim rests on that is made for an agent process.
type headStart struct {
	// instance is the process, or empty where the attempt gets no head start.
	instance string
	// heartbeat is the number of its newest heartbeat that was taken in.
	heartbeat uint64
}

// after is the head start once a heartbeat was taken in. A later one of the same process stays.
func (s headStart) after(b jobserver.Beat) headStart {
	switch {
	case !b.ClaimedOffers || b.Number == 0:
		return headStart{}
	case s.instance == b.Instance && s.heartbeat > b.Number:
		return s
	}
	return headStart{instance: b.Instance, heartbeat: b.Number}
}

// word notes that something came from a server, whatever it was.
func (f *fleet) word(server string, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h, known := f.hosts[server]; known && at.After(h.word) {
		h.word = at
	}
}

// headStart returns what an attempt with these terms may get on a server. Its agent must keep a period of heartbeats already
// that is short enough for the attempt: it may never hear of the offer.
func (f *fleet) headStart(server string, t terms, now time.Time, fresh time.Duration) headStart {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known || h.starts.instance == "" || now.Sub(h.word) > fresh {
		return headStart{}
	}
	if t.lease > 0 && h.keeps > t.agentLease()/4 || t.leaveRunning && h.keeps > t.unavailableAfter/4 {
		return headStart{}
	}
	return h.starts
}

// headStart lets an attempt be claimed as it is stored, where its agent is connected and was just heard from.
func (c *Conductor) headStart(a *virtualserver.Assignment, t terms, now time.Time) {
	if c.options.HeadStart == 0 || c.leaving.Load() {
		return
	}
	start := c.fleet.headStart(a.Server, t, now, c.options.HeadStart)
	if _, connected := c.sessions.find(a.Server, start.instance); connected && start.instance != "" {
		a.ClaimedBy = start.instance
	}
}

// begin notes that an attempt was stored as claimed by an agent process. It returns what the offer says of the claim; that
// asks for a claim where the process has not spoken since, or the attempt is being given up.
func (f *fleet) begin(server, instance string, ref task.Ref) protocol.Claim {
	f.mu.Lock()
	defer f.mu.Unlock()
	claim := protocol.Claim{Made: true}
	h, known := f.hosts[server]
	if !known {
		return claim
	}
	p, there := h.open[ref]
	if !there {
		return claim
	}
	p.claimed, p.instance, p.since = true, instance, h.starts.heartbeat
	if p.seized == nil && h.starts.instance == instance {
		claim.Heartbeat, claim.Lease = h.starts.heartbeat, p.agentLease()
	}
	return claim
}

// offerStored makes the offer of an attempt that was just stored.
func (c *Conductor) offerStored(a virtualserver.Assignment, run task.Run, from origin) *segnov1.Offer {
	offer := offerOf(a.Ref, run, from)
	if a.ClaimedBy == "" {
		return offer
	}
	claim := c.fleet.begin(a.Server, a.ClaimedBy, a.Ref)
	if c.leaving.Load() { // The conductor that comes after this one answers the claim.
		claim = protocol.Claim{Made: true}
	}
	protocol.ClaimToProto(offer, claim)
	c.metrics.claimed(c.now().Sub(a.Placement.At))
	c.watch.outputChanged(a.Ref.Run)
	return offer
}

// overlooked reports whether an agent process ought to have heard of an attempt by now that was claimed for it: it has sent
// two heartbeats since, and named it in none. Asked again, it reports so after two more.
func (f *fleet) overlooked(server string, ref task.Ref, heartbeat uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known || h.starts.instance == "" {
		return false
	}
	p, there := h.open[ref]
	if !there || heartbeat < p.since+2 {
		return false
	}
	p.since = heartbeat
	return true
}

// offerClaimed offers attempts again that were claimed for the agent process and of which it may not have heard. It has to
// account for them, and claims them once more before it starts them.
func (c *Conductor) offerClaimed(ctx context.Context, server string, refs []task.Ref) error {
	if len(refs) == 0 {
		return nil
	}
	open, err := c.store.OpenAttempts(ctx, server)
	if err != nil {
		return err
	}
	stored := make(map[task.Ref]virtualserver.OpenAttempt, len(open))
	for _, o := range open {
		stored[task.Ref{Run: o.Run, Number: o.Number}] = o
	}
	for _, ref := range refs {
		o, there := stored[ref]
		if !there {
			c.refresh(ctx, server, ref)
			continue
		}
		offer := offerAgain(o)
		protocol.ClaimToProto(offer, protocol.Claim{Made: o.State != task.AttemptOffered})
		c.offer(server, offer)
		if intent := intentOf(o); intent != "" {
			c.sessions.stop(server, StopOrder{Ref: ref, Intent: intent})
		}
	}
	return nil
}
