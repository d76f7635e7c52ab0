package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// LoseAttempts ends claimed attempts without an exit record: the run becomes lost with the reason. Conflict for one that
// has ended or was never claimed.
func (db *DB) LoseAttempts(ctx context.Context, refs []task.Ref, reason string, now time.Time) []error {
	reason = clean(reason)
	errs := db.updateEach(ctx, len(refs), func(t *tx, i int) error { return lose(t, refs[i], reason, now) })
	for i, err := range errs {
		if err != nil {
			errs[i] = fmt.Errorf("give up attempt %d of run %s: %w", refs[i].Number, refs[i].Run, err)
		}
	}
	return errs
}

const loseAttempt = `
	UPDATE attempt SET state = 'lost', reason = ?, ended_at = ?
	WHERE run = ? AND number = ? AND ended_at IS NULL AND state <> 'offered'`

func lose(t *tx, ref task.Ref, reason string, now time.Time) error {
	p, err := readProgressed(t, ref)
	if isNone(err) {
		return fmt.Errorf("there is no such attempt: %w", fault.NotFound)
	}
	if err != nil {
		return err
	}
	if p.fenced(p.server) || !p.run.CanBecome(task.Lost) {
		return fmt.Errorf("it is %s, and its run %s: %w", p.state, p.run, fault.Conflict)
	}
	at, id := micros(now), string(ref.Run)
	n, err := t.exec(loseAttempt, reason, at, id, ref.Number)
	if err := hitOne(n, err); err != nil {
		return err
	}
	n, err = t.exec(endRun, string(task.Lost), at, nil, reason, id, string(p.run), ref.Number)
	if err := hitOne(n, err); err != nil {
		return err
	}
	return t.recordRun(now, ref.Run, p.task, ref.Number, p.run, task.Lost, reason, onServer(p.server))
}

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
	UPDATE run SET state = 'stopping', prior = NULL, prior_reason = NULL, reason = ?
	WHERE id = ? AND state = ? AND attempt = ?`

// cancel takes the run a step towards its end, and reports whether it changed anything.
func cancel(t *tx, run task.Run, reason string, now time.Time) (bool, error) {
	switch {
	case run.State == task.Stopping || run.State == task.Cancelled || run.State == task.Unknown && run.Prior == task.Stopping:
		return false, nil
	case run.State.OnServer() && run.State.CanBecome(task.Stopping):
		n, err := t.exec(stopRun, reason, string(run.ID), string(run.State), run.Attempt)
		if err := hitOne(n, err); err != nil {
			return false, err
		}
		n, err = t.exec(`UPDATE attempt SET state = 'stopping' WHERE run = ? AND number = ? AND ended_at IS NULL`,
			string(run.ID), run.Attempt)
		if err := hitOne(n, err); err != nil {
			return false, err
		}
		return true, t.recordRun(now, run.ID, run.Task, run.Attempt, run.State, task.Stopping, reason, nil)
	case !run.State.OnServer() && run.State.CanBecome(task.Cancelled):
		return true, cancelUnstarted(t, run, reason, now)
	}
	return false, fmt.Errorf("it has %s already: %w", run.State, fault.Conflict)
}

// cancelUnstarted ends a run of which no process exists, and takes its offer back, if there is one.
func cancelUnstarted(t *tx, run task.Run, reason string, now time.Time) error {
	at, id := micros(now), string(run.ID)
	n, err := t.exec(endRun, string(task.Cancelled), at, nil, reason, id, string(run.State), run.Attempt)
	if err := hitOne(n, err); err != nil {
		return err
	}
	if run.State == task.Starting {
		var server string
		if err := t.change(withdrawAttempt, []any{reason, at, id, run.Attempt}, &server); err != nil {
			return missing(err, task.Ref{Run: run.ID, Number: run.Attempt})
		}
	}
	return t.recordRun(now, run.ID, run.Task, run.Attempt, run.State, task.Cancelled, reason, nil)
}

// ReturnAttempts puts runs back into the queue whose claimed attempt provably never started: running or unknown →
// queued, and the attempt is withdrawn with the reason. A run that was told to stop meanwhile ends cancelled instead, as
// nothing of it is left to be stopped. Conflict for one that has ended or was never claimed.
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
	to := task.Queued
	if p.run == task.Stopping || p.prior == task.Stopping {
		to = task.Cancelled
	}
	if p.fenced(p.server) || !p.run.CanBecome(to) {
		return fmt.Errorf("it is %s, and its run %s: %w", p.state, p.run, fault.Conflict)
	}
	at, id := micros(now), string(ref.Run)
	n, err := t.exec(returnAttempt, reason, at, id, ref.Number)
	if err := hitOne(n, err); err != nil {
		return err
	}
	if to == task.Cancelled {
		reason = p.cancelReason(reason)
		n, err = t.exec(endRun, string(to), at, nil, reason, id, string(p.run), ref.Number)
	} else {
		n, err = t.exec(returnRun, reason, id, string(p.run), ref.Number)
	}
	if err := hitOne(n, err); err != nil {
		return err
	}
	return t.recordRun(now, ref.Run, p.task, ref.Number, p.run, to, reason, onServer(p.server))
}
