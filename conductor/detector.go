package conductor

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// detectPeriod is the longest time between two looks over the fleet.
func (c *Conductor) detectPeriod() time.Duration { return c.options.Heartbeat / 6 }

// detectLoop notices servers that have fallen silent, at the instant at which each has, and sees to their runs. With the
// default heartbeat of 1.5 s that is 4.5 s after the last word of a server; the other half of a second, of the 5 s within
// which a lost server is unreachable, is left to the last heartbeat's way here and to the commit.
func (c *Conductor) detectLoop(ctx context.Context) error {
	timer := time.NewTimer(c.detectPeriod())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		now := c.now()
		c.listen(now)
		c.detect(ctx, now)
		c.recover(ctx, now)
		c.looked.Store(&now)
		timer.Reset(c.untilLook(now, c.now()))
	}
}

// untilLook is how long the loop that looked last may sleep at the instant now: until the next server falls silent, or its
// period is over.
func (c *Conductor) untilLook(last, now time.Time) time.Duration {
	next := last.Add(c.detectPeriod())
	if due, any := c.fleet.fallsSilent(now); any && due.Before(next) {
		next = due
	}
	return max(0, next.Sub(now))
}

// listen sees to it that no server counts as silent for a time in which this conductor itself did not listen: because it
// was paused, its machine slept, or it was short of CPU. After a longer time every server gets its whole time to report,
// as after a start; after a shorter one it gets what was missed.
func (c *Conductor) listen(now time.Time) {
	last := c.listened
	c.listened = now
	if last.IsZero() {
		return
	}
	switch missed := now.Sub(last) - c.detectPeriod(); {
	case missed > c.options.Heartbeat:
		c.log.Warn("this conductor was paused; every server gets its whole time to report", "paused", missed.Round(time.Millisecond))
		c.fleet.postpone(now)
	case missed > c.detectPeriod():
		c.fleet.makeUp(missed, now)
	}
}

// detect makes servers unreachable that have missed their heartbeats, and unavailable that were silent for as long as they
// may be. What was offered to them is offered elsewhere, and the others are told how often to be heard from.
func (c *Conductor) detect(ctx context.Context, now time.Time) {
	c.detectUnreachable(ctx, now)
	c.detectUnavailable(ctx, now)
	c.keepPace(now)
}

func (c *Conductor) detectUnreachable(ctx context.Context, now time.Time) {
	noticed, silent := false, c.fleet.silent(now)
	for _, silence := range slices.Sorted(maps.Keys(silent)) {
		noticed = c.markUnreachable(ctx, silent[silence], now.Add(-silence), now) || noticed
	}
	if !noticed {
		return
	}
	c.withdrawStale(ctx, now)
	c.watch.eventsChanged()
	c.wakeDispatcher()
}

// markUnreachable stores that servers are unreachable that were last heard before the instant. It reports whether it has.
func (c *Conductor) markUnreachable(ctx context.Context, silent []string, before, now time.Time) bool {
	changed, err := c.store.MarkUnreachable(ctx, silent, before, now)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			c.log.Error("storing that servers are silent failed; it is tried again", "servers", silent, "error", err)
		}
		return false
	}
	c.fleet.setSilent(silent, jobserver.Unreachable, before, now)
	for _, name := range changed {
		c.log.Warn("a job server is unreachable", "server", name)
	}
	return true
}

func (c *Conductor) detectUnavailable(ctx context.Context, now time.Time) {
	lost := c.fleet.lost(now)
	if len(lost) == 0 {
		return
	}
	changed, err := c.store.MarkUnavailable(ctx, lost, now)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			c.log.Error("storing that servers are unavailable failed; it is tried again", "servers", lost, "error", err)
		}
		return
	}
	c.fleet.setSilent(changed, jobserver.Unavailable, now, now)
	for _, name := range changed {
		c.log.Warn("a job server is unavailable", "server", name)
	}
	if len(changed) < len(lost) {
		// The store knows better what became of the others: a heartbeat, or an answer, was lost on its way from there.
		if err := c.reloadServers(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("reading the servers failed; it is tried again", "error", err)
		}
	}
	c.watch.eventsChanged()
}
