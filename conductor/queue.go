package conductor

import (
	"context"
	"slices"

	"github.com/segno-jobs/segno/task"
)

// queuePage is how many runs of a target are read together.
const queuePage = 64

// queue reads the queued runs of several targets in one order: higher priority first, then the older ones. A target that
// turned out to have no room can be dropped, so that however many runs wait for it, they cost nothing.
type queue struct {
	store RunStore
	lanes []*lane
	// waiting are targets for which runs may wait that were not placed.
	waiting []task.Target
}

// lane is the part of the queue that waits for one target.
type lane struct {
	target task.Target
	// runs were read and not yet handed out.
	runs []task.Run
	// last is the position of the newest run that was read; whole is true where none follow.
	last  task.QueuePosition
	whole bool
}

func newQueue(store RunStore, targets []task.Target) *queue {
	q := &queue{store: store, lanes: make([]*lane, len(targets))}
	for i, t := range targets {
		q.lanes[i] = &lane{target: t}
	}
	return q
}

// next returns the first of the runs that were not handed out yet.
func (q *queue) next(ctx context.Context) (run task.Run, more bool, err error) {
	var first *lane
	for i := 0; i < len(q.lanes); {
		l := q.lanes[i]
		if err := l.fill(ctx, q.store); err != nil {
			return task.Run{}, false, err
		}
		if len(l.runs) == 0 {
			q.lanes = slices.Delete(q.lanes, i, i+1)
			continue
		}
		if first == nil || l.runs[0].Position().Before(first.runs[0].Position()) {
			first = l
		}
		i++
	}
	if first == nil {
		return task.Run{}, false, nil
	}
	run, first.runs = first.runs[0], first.runs[1:]
	return run, true, nil
}

// drop leaves out all further runs of a target.
func (q *queue) drop(target task.Target) {
	q.lanes = slices.DeleteFunc(q.lanes, func(l *lane) bool { return l.target == target })
	q.keep(target)
}

// keep notes that a run of a target was not placed.
func (q *queue) keep(target task.Target) {
	if !slices.Contains(q.waiting, target) {
		q.waiting = append(q.waiting, target)
	}
}

// left returns the targets for which runs may still wait: those that were kept or dropped, and those not read to the end.
func (q *queue) left() []task.Target {
	for _, l := range q.lanes {
		q.keep(l.target)
	}
	return q.waiting
}

func (l *lane) fill(ctx context.Context, store RunStore) error {
	if len(l.runs) > 0 || l.whole {
		return nil
	}
	runs, err := store.QueuedRuns(ctx, l.target, l.last, queuePage)
	if err != nil {
		return err
	}
	l.runs, l.whole = runs, len(runs) < queuePage
	if len(runs) > 0 {
		l.last = runs[len(runs)-1].Position()
	}
	return nil
}
