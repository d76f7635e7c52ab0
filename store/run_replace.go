package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// ReplaceAttempts ends attempts that certainly cannot act any more, or of which an operator says so, and moves their runs
// on: to Queued with a continuation, to Reset, Lost or, for one that was told to stop, Cancelled. Invalid for a
// replacement that says neither; NotFound for an attempt that does not exist; Fenced for one that is not its run's newest;
// Conflict for one that has ended or was never claimed.
//
// What an operator asked of the run meanwhile counts, whatever the replacement says: a pending intent is fulfilled, and a
// run that was cancelled ends cancelled. A continuation from a checkpoint begins at the newest one that is stored, so that
// none is lost that was acknowledged since the replacement was decided; [task.LastCheckpoint] stands for the beginning
// where there is none. Conflict, too, for an attempt whose job is left running and that was told to stop meanwhile.
func (db *DB) ReplaceAttempts(ctx context.Context, rs []task.Replacement, now time.Time) []error {
	removed := make([][]string, len(rs))
	errs := db.updateEach(ctx, len(rs), func(t *tx, i int) (err error) {
		if err = replace(t, rs[i], now); err == nil {
			removed[i], err = forgetContents(t, rs[i].Ref.Run, 0)
		}
		return err
	})
	for i, err := range errs {
		if err == nil {
			db.removeContents(removed[i])
		} else {
			errs[i] = fmt.Errorf("replace attempt %d of run %s: %w", rs[i].Ref.Number, rs[i].Ref.Run, err)
		}
	}
	return errs
}

func checkReplacement(r task.Replacement) error {
	if r.Attempt != task.AttemptUnavailable && r.Attempt != task.AttemptLost {
		return fault.Field("attempt", "must become unavailable or lost, not %q", r.Attempt)
	}
	switch {
	case r.Run == task.Queued && r.Next == nil:
		return fault.Field("next", "must be set for a run that goes on")
	case r.Run == task.Queued && r.Next.Checkpoint < task.LastCheckpoint:
		return fault.Field("next.checkpoint", "must not be %d", r.Next.Checkpoint)
	case r.Run == task.Queued, r.Run == task.Reset, r.Run == task.Lost, r.Run == task.Cancelled:
		return nil
	}
	return fault.Field("run", "must become queued, reset, lost or cancelled, not %q", r.Run)
}

const replaceAttempt = `
	UPDATE attempt SET state = ?, reason = ?, ended_at = ?, ended_on = ?
	WHERE run = ? AND number = ? AND ended_at IS NULL AND state <> 'offered'`

func replace(t *tx, r task.Replacement, now time.Time) error {
	if err := checkReplacement(r); err != nil {
		return err
	}
	p, err := readProgressed(t, r.Ref)
	switch {
	case isNone(err):
		return fmt.Errorf("there is no such attempt: %w", fault.NotFound)
	case err != nil:
		return err
	case p.newest != r.Ref.Number:
		return fmt.Errorf("attempt %d is newer: %w", p.newest, fault.Fenced)
	case p.fenced(p.server):
		return fmt.Errorf("it is %s, and its run %s: %w", p.state, p.run, fault.Conflict)
	}
	asked, err := readAsked(t, r.Ref.Run)
	if err != nil {
		return err
	}
	if r.Ground == string(policy.LeftRunning) && asked.pending != task.IntentReset && p.toldToStop() {
		return fmt.Errorf("its job is left running, and was told to stop meanwhile: %w", fault.Conflict)
	}
	n, err := t.exec(replaceAttempt, string(r.Attempt), clean(r.Reason), micros(now), clean(r.Ground),
		string(r.Ref.Run), r.Ref.Number)
	if err := hitOne(n, err); err != nil {
		return err
	}
	end := ending{state: r.Run, reason: clean(r.Reason), ground: r.Ground}
	if r.Next != nil {
		end.next = *r.Next
	}
	if end.next.Checkpoint != 0 {
		if end.next.Checkpoint, err = lastCheckpoint(t, r.Ref.Run); err != nil {
			return err
		}
	}
	if end, err = asked.instead(t, p, end); err != nil {
		return err
	}
	return end.apply(t, p, now)
}

// asked is what an operator wants of a run whose attempt is to end.
type asked struct {
	pending task.Intent
	// checkpoint is what to recover from, 0 for the last one.
	checkpoint int
}

const selectAsked = `SELECT pending, pending_checkpoint FROM run WHERE id = ?`

func readAsked(t *tx, id task.RunID) (a asked, err error) {
	var pending string
	err = t.scan(selectAsked, []any{string(id)}, &pending, &a.checkpoint)
	a.pending = task.Intent(pending)
	return a, err
}

// instead returns what becomes of the run in the place of e, if an operator has asked for something.
func (a asked) instead(t *tx, p progressed, e ending) (ending, error) {
	var err error
	from, reason := 0, p.askedReason(e.reason)
	switch {
	case a.pending == task.IntentReset:
		e.state, e.reason = task.Reset, reason
		return e, nil
	case a.pending == "" && p.toldToStop():
		e.state, e.reason = task.Cancelled, reason
		return e, nil
	case a.pending == "":
		return e, nil
	case a.pending == task.IntentRecover && a.checkpoint != 0:
		from = a.checkpoint
	case a.pending == task.IntentRecover:
		from, err = lastCheckpoint(t, p.ref.Run)
	}
	e.state = task.Queued
	e.next = task.Continuation{Ground: e.ground, Checkpoint: from, Avoid: p.server, Reason: reason}
	return e, err
}
