package conductor

import (
	"context"
	"errors"
	"fmt"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// doubt is a placement of which it is not known whether it is stored: the store failed, and may have done it all the same.
type doubt struct {
	ref    task.Ref
	server string
	from   origin
}

// settleDoubts finds out what became of placements in doubt. Each kept its place until now, so that no server has more runs
// than slots; what was stored is offered, and the others give their places back. Nothing is placed before all are settled.
func (d *dispatch) settleDoubts(ctx context.Context) error {
	for len(d.doubts) > 0 {
		o := d.doubts[0]
		run, err := d.c.store.Run(ctx, o.ref.Run)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return fmt.Errorf("find out whether a placement was stored: %w", err)
		}
		switch stored(run, o) {
		case task.AttemptOffered:
			d.c.sessions.offer(o.server, offerOf(o.ref, run, o.from))
		case task.AttemptRunning, task.AttemptUnknown, task.AttemptStopping:
		default:
			d.c.fleet.release(o.server, o.ref)
		}
		d.doubts = d.doubts[1:]
	}
	return nil
}

// stored returns the state of the attempt in doubt, or "" where there is none on that server.
func stored(run task.Run, o doubt) task.AttemptState {
	for _, a := range run.Attempts {
		if a.Number == o.ref.Number && a.Server == o.server {
			return a.State
		}
	}
	return ""
}
