package conductor

import (
	"context"
	"time"
)

const (
	// followEvery is how often events are looked for that another conductor has caused.
	followEvery = time.Second
	// advanceEvery is how often a position is stored that has moved on with nothing to do. What it has passed over is looked at
	// again after a restart; and nothing that has happened since the stored position is pruned.
	advanceEvery = 5 * time.Second
	// followRest is the least time between two passes over the ends of runs. What ends meanwhile is dealt with together: a
	// pass costs the same for one as for many.
	followRest = 25 * time.Millisecond
	// tellRest is the like for passes whose outcome nobody waits for.
	tellRest = 200 * time.Millisecond
)

// followEvents makes a pass at once, at the first sign of events that are new, and each second without one, until ctx ends.
// It rests between two passes.
func (c *Conductor) followEvents(ctx context.Context, rest time.Duration, pass func(context.Context)) error {
	signal, stop := c.watch.watchEvents()
	defer stop()
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	for {
		pass(ctx)
		if err := sleep(ctx, rest); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-signal:
		case <-ticker.C:
		}
	}
}

// sleep waits, or returns the error of ctx when that ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
