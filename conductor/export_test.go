package conductor

import (
	"context"
	"time"
)

// Pass makes one pass over the queue that is not thorough, as after a sign that something has changed.
func (c *Conductor) Pass(ctx context.Context) error { return c.passes.run(ctx, false) }

// Prune looks once at everything that is kept, without pauses, and returns in how many transactions it has removed what is
// not kept any more.
func (c *Conductor) Prune(ctx context.Context) (steps int, err error) {
	err = c.prune(ctx, func(context.Context, time.Duration) error { steps++; return nil })
	return steps, err
}
