package conductor

import (
	"context"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// Pass makes one pass over the queue that is not thorough, as after a sign that something has changed.
func (c *Conductor) Pass(ctx context.Context) error { return c.passes.run(ctx, false) }

// Schedule acts on due triggers until ctx ends, as Serve does.
func (c *Conductor) Schedule(ctx context.Context) error { return c.scheduleLoop(ctx) }

// WriteArrears writes the rows of missed occurrences until ctx ends.
func (c *Conductor) WriteArrears(ctx context.Context) error { return c.arrearsLoop(ctx) }

// Prune looks once at everything that is kept, without pauses, and returns in how many transactions it has removed what is
// not kept any more.
func (c *Conductor) Prune(ctx context.Context) (steps int, err error) {
	err = c.prune(ctx, func(context.Context, time.Duration) error { steps++; return nil })
	return steps, err
}

// PruneBetween looks once at everything that is kept, and calls between where a conductor pauses after a transaction.
func (c *Conductor) PruneBetween(ctx context.Context, between func()) error {
	return c.prune(ctx, func(context.Context, time.Duration) error { between(); return nil })
}

// FollowRuns deals with all ends of runs that are there, as a conductor does that has just started.
func (c *Conductor) FollowRuns(ctx context.Context) error {
	f := &runEnds{c: c, store: c.options.EventTriggers}
	for {
		if more, err := f.pass(ctx); err != nil || !more {
			return err
		}
	}
}

// FollowWatches reads the file triggers where they may have changed.
func (c *Conductor) FollowWatches(ctx context.Context) error { return c.followWatches(ctx) }

// WatchesOf returns what the agent of a server watches, WatchVersion the version of that.
func (c *Conductor) WatchesOf(server string) []jobserver.Watch { return c.files.of(server).watches }

func (c *Conductor) WatchVersion(server string) uint64 { return c.files.of(server).version }

// DetectLoop runs the loop that notices silent servers until ctx ends.
func (c *Conductor) DetectLoop(ctx context.Context) error { return c.detectLoop(ctx) }
