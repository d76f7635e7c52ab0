package conductor

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// origin is where an attempt begins.
type origin struct {
	// resume is the checkpoint to go on from, or nil for the beginning.
	resume *task.Checkpoint
	// last is the sequence of the run's newest checkpoint, 0 without one.
	last int
}

// offer sends the offers of attempts that were stored, and first the settings where their lease asks for more frequent
// heartbeats.
func (c *Conductor) offer(server string, offers ...*segnov1.Offer) {
	c.hurry(server)
	c.sessions.offer(server, offers...)
}

// outgoing gathers offers by server, so that those of one server go together: the agent claims together what came together.
type outgoing map[string][]*segnov1.Offer

func (o outgoing) add(server string, offer *segnov1.Offer) { o[server] = append(o[server], offer) }

// send offers all that was gathered.
func (o outgoing) send(c *Conductor) {
	for _, server := range slices.Sorted(maps.Keys(o)) {
		c.offer(server, o[server]...)
	}
}

// offerOf makes the offer of an attempt from the frozen spec of its run.
func offerOf(ref task.Ref, run task.Run, from origin) *segnov1.Offer {
	spec := run.Spec
	e := jobserver.Execution{
		Ref: ref, Task: run.Task, Job: spec.Job, Params: run.Params, Traceparent: traceparent(ref),
		Timeout: time.Duration(spec.Timeout), StopGrace: time.Duration(spec.StopGrace),
		OutputLimit: int64(spec.OutputLimit), MemoryLimit: int64(spec.Resources.Memory),
		LastCheckpoint: from.last, Resume: from.resume,
	}
	if e.StopGrace == 0 {
		e.StopGrace = task.DefaultStopGrace
	}
	if e.OutputLimit == 0 {
		e.OutputLimit = task.DefaultOutputLimit
	}
	if run.ScheduledFor != nil {
		e.ScheduledFor = *run.ScheduledFor
	}
	return protocol.OfferToProto(e)
}

// offerAgain makes the offer of a stored attempt.
func offerAgain(o virtualserver.OpenAttempt) *segnov1.Offer {
	run := task.Run{ID: o.Run, Task: o.Task, Spec: o.Spec, Params: o.Params, ScheduledFor: o.ScheduledFor}
	return offerOf(task.Ref{Run: o.Run, Number: o.Number}, run, origin{resume: o.Resume, last: o.LastCheckpoint})
}

// offerLoop takes back offers that nobody claims.
func (c *Conductor) offerLoop(ctx context.Context) error {
	return every(ctx, time.Second, func(ctx context.Context) { c.withdrawStale(ctx, c.now()) })
}

func (c *Conductor) withdrawStale(ctx context.Context, now time.Time) {
	stale := c.fleet.staleOffers(now.Add(-c.options.OfferTimeout))
	for _, server := range slices.Sorted(maps.Keys(stale)) {
		c.withdraw(ctx, server, stale[server], "the offer to "+server+" was not claimed in time", now)
	}
}

func (c *Conductor) withdraw(ctx context.Context, server string, refs []task.Ref, reason string, now time.Time) {
	for i, err := range c.store.WithdrawOffers(ctx, refs, reason, now) {
		switch {
		case err == nil:
			if p, there := c.fleet.release(server, refs[i]); there {
				c.wanted.add(p.target)
			}
		case errors.Is(err, fault.Conflict), errors.Is(err, fault.Fenced), errors.Is(err, fault.NotFound):
			c.refresh(ctx, server, refs[i])
		case ctx.Err() == nil:
			c.log.Error("taking back an offer failed; it is tried again", "run", refs[i].Run, "server", server, "error", err)
		}
	}
	c.watch.eventsChanged()
	c.wakeDispatcher()
}
