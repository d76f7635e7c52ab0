package conductor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

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
			d.c.refresh(ctx, o.server, o.ref)
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

// wishes are runs of which it is not known whether what an operator wants of them is stored: the store failed, and may have
// done it all the same. Then the agent has to be told.
type wishes struct {
	mu   sync.Mutex
	runs map[task.RunID]struct{}
}

// refused reports whether the error is an answer of the store by which it has changed nothing. After another one it is not
// known what is stored.
func refused(err error) bool {
	for _, kind := range []error{fault.Invalid, fault.NotFound, fault.Conflict, fault.Fenced} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// note takes in the error with which the store answered a wish.
func (w *wishes) note(id task.RunID, err error) {
	if refused(err) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.runs == nil {
		w.runs = map[task.RunID]struct{}{}
	}
	w.runs[id] = struct{}{}
}

// take returns the runs, by id, and forgets them.
func (w *wishes) take() []task.RunID {
	w.mu.Lock()
	defer w.mu.Unlock()
	taken := slices.Sorted(maps.Keys(w.runs))
	clear(w.runs)
	return taken
}

// none reports whether every wish is known to be stored or refused.
func (w *wishes) none() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.runs) == 0
}

// settleWishes finds out what became of wishes in doubt. Nothing is placed before all are settled: one may be a reset, for
// which the other runs of its task wait.
func (c *Conductor) settleWishes(ctx context.Context) error {
	taken := c.wishes.take()
	for i, id := range taken {
		run, err := c.store.Run(ctx, id)
		if err != nil && !errors.Is(err, fault.NotFound) {
			for _, left := range taken[i:] {
				c.wishes.note(left, err)
			}
			return fmt.Errorf("find out whether what is wanted of run %s was stored: %w", id, err)
		}
		if err == nil {
			c.asked(run)
		}
	}
	return nil
}
