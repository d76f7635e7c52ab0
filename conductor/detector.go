package conductor

import (
	"context"
	"errors"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// detectPeriod is how often the fleet is looked over: often enough that a server which misses its heartbeats is noticed
// within a fraction of one.
func (c *Conductor) detectPeriod() time.Duration { return c.options.Heartbeat / 6 }

// detectLoop notices servers that have fallen silent. A conductor that could not act for a while (it was paused, or the
// machine slept) first gives every server its whole time again, since it was itself who did not listen.
func (c *Conductor) detectLoop(ctx context.Context) error {
	last := c.now()
	return every(ctx, c.detectPeriod(), func(ctx context.Context) {
		now := c.now()
		if now.Sub(last) > c.options.Heartbeat+c.detectPeriod() {
			c.log.Warn("this conductor was paused; every server gets its whole time to report", "paused", now.Sub(last).Round(time.Millisecond))
			c.fleet.postpone(now)
		}
		last = now
		c.detect(ctx, now)
	})
}

// detect makes servers unreachable that have missed their heartbeats. What was offered to them is offered elsewhere.
func (c *Conductor) detect(ctx context.Context, now time.Time) {
	before := now.Add(-jobserver.MissedBeats * c.options.Heartbeat)
	silent := c.fleet.silent(before)
	if len(silent) == 0 {
		return
	}
	changed, err := c.store.MarkUnreachable(ctx, silent, before, now)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			c.log.Error("storing that servers are silent failed; it is tried again", "servers", silent, "error", err)
		}
		return
	}
	c.fleet.setUnreachable(silent, now)
	for _, name := range changed {
		c.log.Warn("a job server is unreachable", "server", name)
	}
	for server, refs := range c.fleet.staleOffers(now.Add(-c.options.OfferTimeout)) {
		c.withdraw(ctx, server, refs, now)
	}
	c.watch.eventsChanged()
	c.wakeDispatcher()
}
