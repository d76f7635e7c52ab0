package store

import (
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// ending is what becomes of a run whose attempt is over.
type ending struct {
	state  task.State
	reason string
	// ground is how it is known that the attempt is over; it is empty where the run has its job's own result.
	ground string
	// next counts where the state is queued.
	next task.Continuation
	// failed is 1 where the job has failed by itself, else 0.
	failed int
	// code is shown on a run that has ended; nil is none.
	code any
}

// apply ends the run or puts it back into the queue. The attempt has ended already.
func (e ending) apply(t *tx, p progressed, now time.Time) error {
	from, err := throughStopping(t, p, e.state, now)
	if err != nil {
		return err
	}
	if e.state == task.Queued {
		return again{
			id: p.ref.Run, task: p.task, from: p.run, attempt: p.ref.Number, server: p.server, failed: e.failed, next: e.next,
		}.queue(t, now)
	}
	data := onServer(p.server)
	if e.ground != "" {
		data = groundData(e.ground, 0, p.server)
	}
	n, err := t.exec(endRun, string(e.state), micros(now), e.code, e.reason, e.failed,
		string(p.ref.Run), string(p.run), p.ref.Number)
	if err := hitOne(n, err); err != nil {
		return err
	}
	return t.recordRun(now, p.ref.Run, p.task, p.ref.Number, from, e.state, e.reason, data)
}

// toldToStop reports whether an operator has told the run to stop.
func (p progressed) toldToStop() bool { return p.run == task.Stopping || p.prior == task.Stopping }

// askedReason keeps who asked for the end of the run in its reason, also where its server was not heard from since.
func (p progressed) askedReason(otherwise string) string {
	switch {
	case p.run == task.Stopping && p.reason != "":
		return p.reason
	case p.run == task.Unknown && p.priorReason != "":
		return p.priorReason
	}
	return otherwise
}

// throughStopping lets a run that was not told to stop, but was stopped, end cancelled: its history shows the step in
// between. It returns the state from which the run ends.
func throughStopping(t *tx, p progressed, end task.State, now time.Time) (task.State, error) {
	if p.run.CanBecome(end) {
		return p.run, nil
	}
	if !p.run.CanBecome(task.Stopping) || !task.Stopping.CanBecome(end) {
		return "", fmt.Errorf("a run that is %s cannot become %s: %w", p.run, end, fault.Conflict)
	}
	return task.Stopping, t.recordRun(now, p.ref.Run, p.task, p.ref.Number, p.run, task.Stopping, "", onServer(p.server))
}
