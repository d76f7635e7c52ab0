package conductor

import "context"

// Pass makes one pass over the queue that is not thorough, as after a sign that something has changed.
func (c *Conductor) Pass(ctx context.Context) error { return c.passes.run(ctx, false) }

// Schedule acts on due triggers until ctx ends, as Serve does.
func (c *Conductor) Schedule(ctx context.Context) error { return c.scheduleLoop(ctx) }
