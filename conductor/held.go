package conductor

import (
	"context"

	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// heldMost is how many runs that limits hold back are looked at in a thorough pass, to tell each why it waits. Those behind
// them know it since they were requested.
const heldMost = 1000

// hold notes why a run waits of whose task no further one may be active. The runs of the task behind it are passed over, but
// for those that a thorough pass explains.
func (p *pass) hold(ctx context.Context, q *queue, run task.Run, wait string) {
	if p.c.giveUp(ctx, run, p.now) {
		return
	}
	q.hold(run.Spec.Target)
	p.held++
	if p.thorough {
		if run.Spec.WhenBusy == task.BusyReplace {
			p.c.stopReplaced(ctx, run.Task)
		}
		p.explain(run, virtualserver.Placement{At: p.now, Reason: wait})
	}
	if !p.thorough || p.held >= heldMost {
		q.passOver(run.Task)
	}
}

// stopReplaced tells the agents of the runs of a task that were cancelled for a newer run.
func (c *Conductor) stopReplaced(ctx context.Context, name string) {
	for _, id := range c.fleet.openOf(name) {
		run, err := c.store.Run(ctx, id)
		if err != nil {
			if ctx.Err() == nil {
				c.log.Error("reading a run that may have been replaced failed; it is tried again", "run", id, "error", err)
			}
			continue
		}
		if wantedOf(run) != "" || run.State.Final() {
			c.asked(run)
		}
	}
}

// expireMost is how many runs that have waited for too long are ended at once.
const expireMost = 256

// expire ends queued runs that have waited for longer than their tasks allow.
func (c *Conductor) expire(ctx context.Context) error {
	for {
		ended, err := c.store.ExpireQueued(ctx, expireMost, c.now())
		for _, run := range ended {
			c.watch.outputChanged(run.ID)
		}
		if len(ended) > 0 {
			c.watch.eventsChanged()
		}
		if err != nil || len(ended) < expireMost {
			return err
		}
	}
}
