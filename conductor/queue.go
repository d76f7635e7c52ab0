package conductor

import (
	"context"
	"slices"

	"github.com/segno-jobs/segno/task"
)

// queuePage is how many runs of a target are read together.
const queuePage = 64

// withoutMost is how many tasks the store is asked to pass over. The runs of further ones are read, and passed over then.
const withoutMost = 200

// queue reads the queued runs of several targets in one order: higher priority first, then the older ones. A target that
// turned out to have no room can be dropped, so that however many runs wait for it, they cost nothing.
type queue struct {
	store RunStore
	lanes []*lane
	// waiting are targets for which runs may wait that were not placed, held those of runs that a limit alone keeps.
	waiting, held []task.Target
	// without are tasks whose further runs are passed over.
	without []string
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
		if err := l.fill(ctx, q.store, q.without); err != nil {
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

// hold notes that a run of a target was not placed because of a limit of its task.
func (q *queue) hold(target task.Target) {
	if !slices.Contains(q.held, target) {
		q.held = append(q.held, target)
	}
}

// passOver leaves out all further runs of a task.
func (q *queue) passOver(name string) {
	if len(q.without) < withoutMost {
		q.without = append(q.without, name)
	}
	for _, l := range q.lanes {
		l.runs = slices.DeleteFunc(l.runs, func(r task.Run) bool { return r.Task == name })
	}
}

// left returns the targets for which runs may still wait: those that were kept or dropped, and those not read to the end;
// and those that have none but runs that a limit holds back.
func (q *queue) left() (waiting, held []task.Target) {
	for _, l := range q.lanes {
		q.keep(l.target)
	}
	return q.waiting, slices.DeleteFunc(q.held, func(t task.Target) bool { return slices.Contains(q.waiting, t) })
}

func (l *lane) fill(ctx context.Context, store RunStore, without []string) error {
	if len(l.runs) > 0 || l.whole {
		return nil
	}
	runs, err := store.QueuedRuns(ctx, l.target, l.last, without, queuePage)
	if err != nil {
		return err
	}
	l.runs, l.whole = runs, len(runs) < queuePage
	if len(runs) > 0 {
		l.last = runs[len(runs)-1].Position()
	}
	return nil
}
