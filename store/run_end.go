package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// CancelRun ends a run that nothing was started for, or makes it stopping. It returns the run as it is then, with its
// attempts. A run that is stopping or cancelled already is returned unchanged; Conflict for one that ended otherwise.
func (db *DB) CancelRun(ctx context.Context, id task.RunID, by string, now time.Time) (run task.Run, err error) {
	reason := "cancelled"
	if by != "" {
		reason = clean("cancelled by " + by)
	}
	err = db.update(ctx, func(t *tx) (err error) {
		if run, err = readRun(t, id, t.session.dialect.locked()); err != nil {
			return err
		}
		changed, err := cancel(t, run, reason, now)
		if err != nil || !changed {
			return err
		}
		run, err = readRun(t, id, "")
		return err
	})
	if err != nil {
		return task.Run{}, fmt.Errorf("cancel run %s: %w", id, err)
	}
	return run, nil
}

const stopRun = `
	UPDATE run SET state = 'stopping', prior = NULL, prior_reason = NULL, reason = ?, pending = '', pending_checkpoint = 0
	WHERE id = ? AND state = ? AND attempt = ?`

// cancel takes the run a step towards its end, and reports whether it changed anything.
func cancel(t *tx, run task.Run, reason string, now time.Time) (bool, error) {
	stopping := run.State == task.Stopping || run.State == task.Unknown && run.Prior == task.Stopping
	switch {
	case run.State == task.Cancelled || stopping && run.Pending == "":
		return false, nil
	case run.State.OnServer():
		n, err := t.exec(stopRun, reason, string(run.ID), string(run.State), run.Attempt)
		if err := hitOne(n, err); err != nil {
			return false, err
		}
		n, err = t.exec(changeAttempt, string(task.AttemptStopping), string(run.ID), run.Attempt)
		if err := hitOne(n, err); err != nil {
			return false, err
		}
		return true, t.recordRun(now, run.ID, run.Task, run.Attempt, run.State, task.Stopping, reason, nil)
	case run.State.CanBecome(task.Cancelled):
		return true, endUnstarted(t, run, task.Cancelled, reason, now)
	}
	return false, fmt.Errorf("it has %s already: %w", run.State, fault.Conflict)
}

// endUnstarted ends a run of which no process exists, and takes its offer back, if there is one.
func endUnstarted(t *tx, run task.Run, end task.State, reason string, now time.Time) error {
	at, id := micros(now), string(run.ID)
	n, err := t.exec(endRun, string(end), at, nil, reason, 0, id, string(run.State), run.Attempt)
	if err := hitOne(n, err); err != nil {
		return err
	}
	if run.State == task.Starting {
		var server string
		if err := t.change(withdrawAttempt, []any{reason, at, id, run.Attempt}, &server); err != nil {
			return missing(err, task.Ref{Run: run.ID, Number: run.Attempt})
		}
	}
	return t.recordRun(now, run.ID, run.Task, run.Attempt, run.State, end, reason, nil)
}

// ReturnAttempts puts runs back into the queue whose claimed attempt provably never started: running or unknown →
// queued, and the attempt is withdrawn with the reason. For a run that was told to stop meanwhile, what was asked for is
// done instead, as nothing of it is left to be stopped: it ends cancelled, for one. Conflict for one that has ended or was
// never claimed.
func (db *DB) ReturnAttempts(ctx context.Context, refs []task.Ref, reason string, now time.Time) []error {
	reason = clean(reason)
	errs := db.updateEach(ctx, len(refs), func(t *tx, i int) error { return giveBack(t, refs[i], reason, now) })
	for i, err := range errs {
		if err != nil {
			errs[i] = fmt.Errorf("return attempt %d of run %s: %w", refs[i].Number, refs[i].Run, err)
		}
	}
	return errs
}

const (
	returnAttempt = `
		UPDATE attempt SET state = 'withdrawn', reason = ?, ended_at = ?
		WHERE run = ? AND number = ? AND ended_at IS NULL AND state <> 'offered'`

	returnRun = `
		UPDATE run SET state = 'queued', prior = NULL, prior_reason = NULL, reason = ?, server = NULL, started_at = NULL,
			progress_percent = NULL, progress_message = NULL
		WHERE id = ? AND state = ? AND attempt = ?`
)

func giveBack(t *tx, ref task.Ref, reason string, now time.Time) error {
	p, err := readProgressed(t, ref)
	if isNone(err) {
		return fmt.Errorf("there is no such attempt: %w", fault.NotFound)
	}
	if err != nil {
		return err
	}
	if p.fenced(p.server) || !p.run.CanBecome(task.Queued) {
		return fmt.Errorf("it is %s, and its run %s: %w", p.state, p.run, fault.Conflict)
	}
	id := string(ref.Run)
	n, err := t.exec(returnAttempt, reason, micros(now), id, ref.Number)
	if err := hitOne(n, err); err != nil {
		return err
	}
	if p.toldToStop() {
		return giveUp(t, p, reason, now)
	}
	n, err = t.exec(returnRun, reason, id, string(p.run), ref.Number)
	if err := hitOne(n, err); err != nil {
		return err
	}
	return t.recordRun(now, ref.Run, p.task, ref.Number, p.run, task.Queued, reason, onServer(p.server))
}

// giveUp does what an operator has asked of a run whose attempt never started: by default it ends cancelled. A further
// attempt may begin on the same ground as that one.
func giveUp(t *tx, p progressed, reason string, now time.Time) error {
	next, err := readNext(t, p.ref.Run)
	if err != nil {
		return err
	}
	asked, err := readAsked(t, p.ref.Run)
	if err != nil {
		return err
	}
	end, err := asked.instead(t, p, ending{state: task.Cancelled, reason: reason, ground: next.Ground})
	if err != nil {
		return err
	}
	return end.apply(t, p, now)
}
