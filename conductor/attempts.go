package conductor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// Claimed is the answer to the claim of one attempt.
type Claimed struct {
	// Granted is true where the attempt may be started, with the lease that it has.
	Granted bool
	Lease   Lease
}

// Claim commits claims of an agent process. What it grants may be started. A refused attempt never can be.
func (c *Conductor) Claim(ctx context.Context, server, instance string, refs []task.Ref) ([]Claimed, error) {
	now := c.now()
	if err := c.admit(server, instance, now); err != nil {
		return nil, err
	}
	answers := make([]Claimed, len(refs))
	for i, err := range c.store.ClaimAttempts(ctx, server, instance, refs, now) {
		verdict, err := protocol.VerdictOf(err)
		if err != nil {
			return nil, err
		}
		if verdict != segnov1.Verdict_VERDICT_CLAIMED {
			continue
		}
		if answers[i], err = c.claimed(ctx, server, instance, refs[i], now); err != nil {
			return nil, err
		}
	}
	c.watch.eventsChanged()
	if c.leaving.Load() {
		return nil, errLeaving
	}
	return answers, nil
}

// claimed takes in a claim that is stored. An attempt that is being given up is not granted: whether it is over for good
// shows when the claim is asked again.
func (c *Conductor) claimed(ctx context.Context, server, instance string, ref task.Ref, now time.Time) (Claimed, error) {
	lease, placed, ok := c.fleet.claim(server, instance, ref, now)
	if !ok {
		if err := c.readopt(ctx, server, ref); err != nil {
			return Claimed{}, err
		}
		if lease, placed, ok = c.fleet.claim(server, instance, ref, now); !ok {
			return Claimed{}, fmt.Errorf("attempt %d of run %s is being given up: %w", ref.Number, ref.Run, fault.Unavailable)
		}
	}
	c.metrics.claimed(now.Sub(placed))
	c.watch.outputChanged(ref.Run)
	return Claimed{Granted: true, Lease: lease}, nil
}

// readopt takes an attempt into the fleet that is open in the store.
func (c *Conductor) readopt(ctx context.Context, server string, ref task.Ref) error {
	open, err := c.store.OpenAttempts(ctx, server)
	if err != nil {
		return err
	}
	for _, a := range open {
		if a.Run == ref.Run && a.Number == ref.Number {
			c.fleet.adopt(a)
		}
	}
	return nil
}

// Deliver stores records of attempts. What it answers as delivered is durable.
func (c *Conductor) Deliver(ctx context.Context, server string, ds []task.Delivery) ([]task.Delivered, error) {
	now := c.now()
	c.fleet.word(server, now)
	delivered, err := c.store.Deliver(ctx, server, ds, now)
	if err != nil {
		return nil, err
	}
	ended := false
	for _, d := range delivered {
		ended = c.delivered(server, d) || ended
	}
	if ended {
		c.wakeDispatcher()
	}
	c.watch.eventsChanged()
	return delivered, nil
}

// delivered takes in what a delivery has changed. It reports whether an attempt has ended: with this delivery, or with an
// earlier one whose answer was lost.
func (c *Conductor) delivered(server string, d task.Delivered) bool {
	if !d.Ended && d.State.Final() {
		c.fleet.release(server, d.Ref)
		return true
	}
	if d.Ended {
		p, there := c.fleet.release(server, d.Ref)
		if there && d.State == task.Queued {
			c.wanted.add(p.target)
		}
		if d.Exit != nil {
			c.learner.learn(d.Task, *d.Exit)
		}
		c.metrics.ended(d.State)
	}
	if !d.Fenced {
		c.watch.outputChanged(d.Ref.Run)
	}
	return d.Ended
}

// refresh brings the fleet's picture of one attempt up to what is stored.
func (c *Conductor) refresh(ctx context.Context, server string, ref task.Ref) {
	run, err := c.store.Run(ctx, ref.Run)
	switch {
	case errors.Is(err, fault.NotFound):
		c.fleet.release(server, ref)
		return
	case err != nil:
		c.log.Error("reading a run failed", "run", ref.Run, "error", err)
		return
	}
	for _, a := range run.Attempts {
		if a.Number == ref.Number && !a.State.Open() {
			c.fleet.release(server, ref)
			return
		}
	}
	if err := c.readopt(ctx, server, ref); err != nil {
		c.log.Error("reading a run's attempt failed", "run", ref.Run, "error", err)
	}
}

// Claim commits claims.
func (a *agents) Claim(ctx context.Context, req *connect.Request[segnov1.ClaimRequest]) (*connect.Response[segnov1.ClaimResponse], error) {
	server, err := a.caller(ctx, req.Header())
	if err != nil {
		return nil, err
	}
	refs := protocol.RefsFromProto(req.Msg.GetAttempts())
	if len(refs) > protocol.MaxClaims {
		return nil, fault.Field("attempts", "must be at most %d", protocol.MaxClaims)
	}
	answers, err := a.c.Claim(ctx, server, req.Msg.GetInstance(), refs)
	if err != nil {
		return nil, err
	}
	res := &segnov1.ClaimResponse{Verdicts: make([]segnov1.Verdict, len(refs)), Term: a.c.term}
	for i, claimed := range answers {
		res.Verdicts[i] = segnov1.Verdict_VERDICT_FENCED
		if claimed.Granted {
			res.Verdicts[i] = segnov1.Verdict_VERDICT_CLAIMED
			res.Leases = append(res.Leases, protocol.LeaseToProto(claimed.Lease.Ref, claimed.Lease.Length))
		}
	}
	return connect.NewResponse(res), nil
}

// Deliver stores records.
func (a *agents) Deliver(ctx context.Context, req *connect.Request[segnov1.DeliverRequest]) (*connect.Response[segnov1.DeliverResponse], error) {
	server, err := a.caller(ctx, req.Header())
	if err != nil {
		return nil, err
	}
	if len(req.Msg.GetAttempts()) > protocol.MaxDeliveries {
		return nil, fault.Field("attempts", "must be at most %d", protocol.MaxDeliveries)
	}
	deliveries := make([]task.Delivery, len(req.Msg.GetAttempts()))
	for i, m := range req.Msg.GetAttempts() {
		if deliveries[i], err = protocol.DeliveryFromProto(m); err != nil {
			return nil, fault.Under(fmt.Sprintf("attempts[%d]", i), err)
		}
	}
	delivered, err := a.c.Deliver(ctx, server, deliveries)
	if err != nil {
		return nil, err
	}
	res := &segnov1.DeliverResponse{Delivered: make([]*segnov1.Delivered, len(delivered)), Term: a.c.term}
	for i, d := range delivered {
		res.Delivered[i] = protocol.DeliveredToProto(d)
	}
	return connect.NewResponse(res), nil
}
