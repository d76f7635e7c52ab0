package conductor

import (
	"context"
	"errors"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// offerOf makes the offer of an attempt from the frozen spec of its run.
func offerOf(ref task.Ref, name string, spec task.Spec, params map[string]string, scheduledFor *time.Time) *segnov1.Offer {
	e := jobserver.Execution{
		Ref: ref, Task: name, Job: spec.Job, Params: params, Traceparent: traceparent(ref),
		Timeout: time.Duration(spec.Timeout), StopGrace: time.Duration(spec.StopGrace),
		OutputLimit: int64(spec.OutputLimit), MemoryLimit: int64(spec.Resources.Memory),
	}
	if e.StopGrace == 0 {
		e.StopGrace = task.DefaultStopGrace
	}
	if e.OutputLimit == 0 {
		e.OutputLimit = task.DefaultOutputLimit
	}
	if scheduledFor != nil {
		e.ScheduledFor = *scheduledFor
	}
	return protocol.OfferToProto(e)
}

// offerLoop takes back offers that nobody claims.
func (c *Conductor) offerLoop(ctx context.Context) error {
	return every(ctx, time.Second, func(ctx context.Context) {
		now := c.now()
		for server, refs := range c.fleet.staleOffers(now.Add(-c.options.OfferTimeout)) {
			c.withdraw(ctx, server, refs, now)
		}
	})
}

func (c *Conductor) withdraw(ctx context.Context, server string, refs []task.Ref, now time.Time) {
	reason := "the offer to " + server + " was not claimed in time"
	for i, err := range c.store.WithdrawOffers(ctx, refs, reason, now) {
		switch {
		case err == nil:
			c.fleet.release(server, refs[i])
		case errors.Is(err, fault.Conflict), errors.Is(err, fault.Fenced), errors.Is(err, fault.NotFound):
			c.refresh(ctx, server, refs[i])
		case ctx.Err() == nil:
			c.log.Error("taking back an offer failed; it is tried again", "run", refs[i].Run, "server", server, "error", err)
		}
	}
	c.watch.eventsChanged()
	c.wakeDispatcher()
}

// refresh brings the fleet's picture of one attempt up to what is stored.
func (c *Conductor) refresh(ctx context.Context, server string, ref task.Ref) {
	run, err := c.store.Run(ctx, ref.Run)
	if err != nil {
		c.log.Error("reading a run failed", "run", ref.Run, "error", err)
		return
	}
	for _, a := range run.Attempts {
		if a.Number != ref.Number {
			continue
		}
		if !a.State.Open() {
			c.fleet.release(server, ref)
		} else if a.State != task.AttemptOffered {
			c.fleet.claimed(server, a.Instance, ref)
		}
	}
}
