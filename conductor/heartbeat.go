package conductor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// Report is what an agent says in a heartbeat.
type Report struct {
	jobserver.Beat
	// Kept are the attempts that the agent keeps: running ones, and ended ones of which not all is delivered.
	Kept []jobserver.Kept
	// Held is true while the deadline of a lease there may be that of a hold.
	Held bool
}

// Orders are what a heartbeat is answered with.
type Orders struct {
	Stops []StopOrder
	// Heartbeat is the period that the agent is to keep from now on, also where it is longer than before.
	Heartbeat time.Duration
	// Leases are renewed from the instant on at which the agent sent the heartbeat.
	Leases []Lease
}

// StopOrder tells an agent to end an attempt.
type StopOrder struct {
	Ref task.Ref
	// Intent is what is wanted of the run, or "" for an attempt that a newer one has taken the place of.
	Intent task.Intent
}

// Heartbeat takes in what an agent says of its host, and answers with what it must stop and with the leases that it may
// count on. Everything that the answer rests on was stored before. The report counts from when it came: now.
func (c *Conductor) Heartbeat(ctx context.Context, r Report) (Orders, error) {
	now := c.now()
	r.At, r.Sample.At = now, now
	if err := c.admit(r.Server, r.Instance, now); err != nil {
		return Orders{}, err
	}
	if c.fleet.overtaken(r.Beat) {
		return Orders{}, fmt.Errorf("a later heartbeat of %s came before: %w", r.Server, fault.Conflict)
	}
	if err := c.settleReboot(ctx, r); err != nil {
		return Orders{}, err
	}
	told := c.fleet.tell(&r.Beat)
	if err := c.heard.add(ctx, r.Beat); err != nil {
		return Orders{}, err
	}
	if err := c.hearHold(ctx, r); err != nil {
		return Orders{}, err
	}
	if err := c.hearQuarantine(ctx, r); err != nil {
		return Orders{}, err
	}
	if c.fleet.beat(r.Beat) {
		if err := c.cameBack(ctx, r.Server); err != nil {
			return Orders{}, err
		}
	}
	stops, err := c.compare(ctx, r)
	if err != nil {
		return Orders{}, err
	}
	if c.leaving.Load() {
		return Orders{}, errLeaving
	}
	return Orders{
		Stops: stops, Heartbeat: min(told, c.fleet.heartbeat(r.Server)), Leases: c.fleet.renewals(r.Server),
	}, nil
}

// admit refuses word of a host while another agent process speaks for it, or from a process that was started before the one
// that did, and any word once this conductor is about to stop. A process that is connected may always speak.
func (c *Conductor) admit(server, instance string, now time.Time) error {
	if c.leaving.Load() {
		return errLeaving
	}
	if n, open := c.sessions.find(server, instance); open {
		n.touch(now)
		return nil
	}
	if n := c.sessions.get(server); n != nil && n.lastSeen().After(now.Add(-2*c.fleet.keeps(server))) {
		return fmt.Errorf("another agent process is connected as %s: %w", server, fault.Conflict)
	}
	if c.fleet.isPast(server, instance) {
		return fmt.Errorf("a later agent process has spoken for %s: %w", server, fault.Conflict)
	}
	return nil
}

// cameBack takes in that a server is heard from again: its runs have their prior state again, and what was wanted of them
// meanwhile is told to the agent.
func (c *Conductor) cameBack(ctx context.Context, server string) error {
	open, err := c.store.OpenAttempts(ctx, server)
	if err != nil {
		return err
	}
	for _, a := range open {
		c.fleet.update(a)
		c.watch.outputChanged(a.Run)
	}
	c.log.Info("a job server is online", "server", server)
	c.watch.eventsChanged()
	c.wakeDispatcher()
	return nil
}

// settleReboot moves the runs on whose attempts an earlier start of the host has taken with it. It does so before the new
// start is stored: a conductor that came after that could not tell them from attempts that never began.
func (c *Conductor) settleReboot(ctx context.Context, r Report) error {
	if !c.fleet.noteReboot(r.Server, r.BootID) {
		return nil
	}
	kept := make(map[task.Ref]bool, len(r.Kept))
	for _, k := range r.Kept {
		kept[k.Ref] = true
	}
	var gone []task.Ref
	for _, h := range c.fleet.attempts(r.Server) {
		if h.rebooted && jobserver.StartedBefore(h.instance, r.Instance) && !kept[h.ref] {
			gone = append(gone, h.ref)
		}
	}
	c.takeAway(ctx, r.Server, policy.HostRebooted, gone)
	for _, h := range c.fleet.attempts(r.Server) {
		if slices.Contains(gone, h.ref) {
			return fmt.Errorf("what ran on %s before its reboot is not settled yet: %w", r.Server, fault.Unavailable)
		}
	}
	return nil
}

// forgetAfter is from when on an attempt that its agent does not name is looked up: it may have ended unnoticed.
const forgetAfter = 10 * time.Second

// compare holds what the agent keeps against what is open on its server. It returns what the agent must stop, and
// settles attempts that an earlier agent process had claimed and this one does not keep.
func (c *Conductor) compare(ctx context.Context, r Report) ([]StopOrder, error) {
	kept := make(map[task.Ref]bool, len(r.Kept))
	running := map[task.Ref]bool{}
	for _, k := range r.Kept {
		kept[k.Ref] = true
		if !k.Ended {
			running[k.Ref] = true
		}
	}
	var stops []StopOrder
	var gone, asked, rebooted, overlooked []task.Ref
	for _, h := range c.fleet.attempts(r.Server) {
		// Only a later process knows that what an earlier one had claimed is not there.
		missing := h.claimed && jobserver.StartedBefore(h.instance, r.Instance) && !kept[h.ref]
		switch {
		case h.seized:
		case h.intent != "" && running[h.ref]:
			stops = append(stops, StopOrder{Ref: h.ref, Intent: h.intent})
		case missing && h.rebooted:
			rebooted = append(rebooted, h.ref)
		case missing && h.intent != "" && h.intent != task.IntentCancel:
			asked = append(asked, h.ref)
		case missing:
			gone = append(gone, h.ref)
		case h.claimed && !kept[h.ref] && h.instance == r.Instance && c.fleet.overlooked(r.Server, h.ref, r.Number):
			overlooked = append(overlooked, h.ref)
		case h.claimed && !kept[h.ref] && h.offered.Before(r.At.Add(-forgetAfter)):
			c.refresh(ctx, r.Server, h.ref)
		}
		delete(running, h.ref)
	}
	for _, k := range r.Kept {
		if !running[k.Ref] {
			continue
		}
		stale, err := c.stale(ctx, r.Server, k.Ref)
		if err != nil {
			return nil, err
		}
		if stale {
			stops = append(stops, StopOrder{Ref: k.Ref})
		}
	}
	if err := c.offerClaimed(ctx, r.Server, overlooked); err != nil {
		return nil, err
	}
	c.giveBack(ctx, r.Server, gone)
	c.takeAway(ctx, r.Server, policy.HostRebooted, rebooted)
	c.takeAway(ctx, r.Server, policy.StopConfirmed, asked)
	return stops, nil
}

// stale reports whether an attempt that an agent runs is no longer the one that should. The store decides, not the fleet.
func (c *Conductor) stale(ctx context.Context, server string, ref task.Ref) (bool, error) {
	run, err := c.store.Run(ctx, ref.Run)
	if errors.Is(err, fault.NotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	for _, attempt := range run.Attempts {
		if attempt.Number == ref.Number {
			return ref.Number != run.Attempt || attempt.Server != server || !attempt.State.Open(), nil
		}
	}
	return true, nil
}

// takeAway moves the runs on whose attempts on a server are known to be over.
func (c *Conductor) takeAway(ctx context.Context, server string, ground policy.Ground, refs []task.Ref) {
	if len(refs) > 0 {
		c.replace(ctx, c.fleet.seize(server, ground, refs...), c.now())
	}
}

// giveBack puts runs back into the queue whose attempt an earlier agent process claimed and whose spool does not exist on
// a host that was not rebooted: that process died between the commit of the claim and the start, and nothing was started.
// After a reboot the spool may have gone with the host's cache, so that is left to the policy.
func (c *Conductor) giveBack(ctx context.Context, server string, refs []task.Ref) {
	if len(refs) == 0 {
		return
	}
	reason := "the agent on " + server + " stopped before it had started the job"
	for i, err := range c.store.ReturnAttempts(ctx, refs, reason, c.now()) {
		if err != nil && !errors.Is(err, fault.Conflict) && !errors.Is(err, fault.Fenced) {
			c.log.Error("giving an attempt back failed; it is tried again", "run", refs[i].Run, "error", err)
			continue
		}
		if p, there := c.fleet.release(server, refs[i]); there {
			c.wanted.add(p.target)
		}
		c.watch.outputChanged(refs[i].Run)
	}
	c.watch.eventsChanged()
	c.wakeDispatcher()
}

// Heartbeat takes in what an agent says of its host.
func (a *agents) Heartbeat(ctx context.Context, req *connect.Request[segnov1.HeartbeatRequest]) (*connect.Response[segnov1.HeartbeatResponse], error) {
	server, err := a.caller(ctx, req.Header())
	if err != nil {
		return nil, err
	}
	m := req.Msg
	if len(m.GetAttempts()) > protocol.MaxKept {
		return nil, fault.Field("attempts", "must be at most %d", protocol.MaxKept)
	}
	r := Report{Beat: protocol.BeatFromProto(server, a.c.now(), m), Held: m.GetHeld(), Kept: make([]jobserver.Kept, len(m.GetAttempts()))}
	for i, k := range m.GetAttempts() {
		r.Kept[i] = protocol.KeptFromProto(k)
	}
	orders, err := a.c.Heartbeat(ctx, r)
	if err != nil {
		return nil, err
	}
	res := &segnov1.HeartbeatResponse{Settings: a.c.settingsWith(server, orders.Heartbeat), Term: a.c.term, Leases: leasesToProto(orders.Leases)}
	for _, s := range orders.Stops {
		res.Stop = append(res.Stop, stopToProto(s))
	}
	return connect.NewResponse(res), nil
}

func leasesToProto(leases []Lease) []*segnov1.Lease {
	ms := make([]*segnov1.Lease, len(leases))
	for i, l := range leases {
		ms[i] = protocol.LeaseToProto(l.Ref, l.Length)
	}
	return ms
}

func stopToProto(s StopOrder) *segnov1.Stop {
	m := &segnov1.Stop{Attempt: protocol.RefToProto(s.Ref), Cause: segnov1.StopCause_STOP_CAUSE_REPLACED}
	switch s.Intent {
	case "":
		m.Cause = segnov1.StopCause_STOP_CAUSE_FENCED
	case task.IntentCancel:
		m.Cause = segnov1.StopCause_STOP_CAUSE_CANCELLED
	}
	return m
}
