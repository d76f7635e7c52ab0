package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// TakeUp does what the operator named by wants of a run, and returns it as it is then, with its attempts. checkpoint is
// for recover: the sequence to begin from, 0 for the last one there is, or for the beginning where there is none.
//
//   - A run that ended otherwise than well is queued again by restart and recover.
//   - One that nothing was started for is ended by reset; by restart and recover it goes on waiting, and begins as they
//     say. An offer that nobody claimed is taken back for it.
//   - One that may run becomes stopping, with the intent pending. The attempt's end fulfils it: see [DB.Deliver] and
//     [DB.ReplaceAttempts]. A later intent takes the place of an earlier one, and so does a cancel.
//
// The intent cancel is that of [DB.CancelRun]. Invalid for an intent that is none and for a checkpoint that the run does
// not have; NotFound for a run that does not exist; Conflict for what cannot be done with the run as it is: anything with
// one that has succeeded, and the reset of one that has ended.
func (db *DB) TakeUp(ctx context.Context, id task.RunID, intent task.Intent, checkpoint int, by string, now time.Time) (run task.Run, err error) {
	if err := checkIntent(intent, checkpoint); err != nil {
		return task.Run{}, err
	}
	if intent == task.IntentCancel {
		return db.CancelRun(ctx, id, by, now)
	}
	err = db.update(ctx, func(t *tx) (err error) {
		if run, err = readRun(t, id, t.session.dialect.locked()); err != nil {
			return err
		}
		changed, err := takeUp(t, run, takingUp{intent: intent, checkpoint: checkpoint, by: by, now: now})
		if err != nil || !changed {
			return err
		}
		run, err = readRun(t, id, "")
		return err
	})
	if err != nil {
		return task.Run{}, fmt.Errorf("%s run %s: %w", intent, id, err)
	}
	return run, nil
}

func checkIntent(intent task.Intent, checkpoint int) error {
	switch intent {
	case task.IntentCancel, task.IntentReset, task.IntentRestart:
		if checkpoint != 0 {
			return fault.Field("checkpoint", "is for recover, not for %s", intent)
		}
		return nil
	case task.IntentRecover:
		if checkpoint < 0 {
			return fault.Field("checkpoint", "must not be negative")
		}
		return nil
	}
	return fault.Field("intent", "must be cancel, reset, restart or recover, not %.40q", intent)
}

// takingUp is an operator's wish.
type takingUp struct {
	intent     task.Intent
	checkpoint int
	by         string
	now        time.Time
}

// reason says who wants what, such as "restarted by ops".
func (u takingUp) reason() string {
	done := map[task.Intent]string{
		task.IntentReset: "reset", task.IntentRestart: "restarted", task.IntentRecover: "recovered",
	}[u.intent]
	if u.by != "" {
		done += " by " + u.by
	}
	return clean(done)
}

// takeUp takes the run a step towards what is wanted, and reports whether it changed anything.
func takeUp(t *tx, run task.Run, u takingUp) (bool, error) {
	if u.checkpoint != 0 {
		if _, err := readCheckpoint(t, run.ID, u.checkpoint); isMissing(err) {
			return false, errNoCheckpoint(u.checkpoint)
		} else if err != nil {
			return false, err
		}
	}
	switch {
	case run.State.OnServer():
		return stopFor(t, run, u)
	case u.intent == task.IntentReset && run.State.CanBecome(task.Reset):
		return true, endUnstarted(t, run, task.Reset, u.reason(), u.now)
	case u.intent == task.IntentReset:
	case run.State == task.Queued || run.State == task.Starting || run.State.CanBecome(task.Queued):
		return queueFor(t, run, u)
	}
	return false, fmt.Errorf("it has %s already: %w", run.State, fault.Conflict)
}

const stopRunFor = `
	UPDATE run SET state = 'stopping', prior = NULL, prior_reason = NULL, reason = ?, pending = ?, pending_checkpoint = ?
	WHERE id = ? AND state = ? AND attempt = ?`

// stopFor has a run stopped that may run, with the intent pending.
func stopFor(t *tx, run task.Run, u takingUp) (bool, error) {
	chosen := 0
	if run.Next != nil {
		chosen = run.Next.Checkpoint
	}
	if run.Pending == u.intent && chosen == u.checkpoint {
		return false, nil
	}
	reason := "to be " + u.reason()
	n, err := t.exec(stopRunFor, reason, string(u.intent), u.checkpoint, string(run.ID), string(run.State), run.Attempt)
	if err := hitOne(n, err); err != nil {
		return false, err
	}
	n, err = t.exec(changeAttempt, string(task.AttemptStopping), string(run.ID), run.Attempt)
	if err := hitOne(n, err); err != nil {
		return false, err
	}
	return true, t.recordRun(u.now, run.ID, run.Task, run.Attempt, run.State, task.Stopping, reason, nil)
}

// queueFor puts a run into the queue that has ended, or lets one wait for another beginning than it was to have.
func queueFor(t *tx, run task.Run, u takingUp) (bool, error) {
	next := task.Continuation{Checkpoint: u.checkpoint, Reason: u.reason()}
	if u.intent == task.IntentRecover {
		if err := chooseLast(t, run.ID, &next); err != nil {
			return false, err
		}
	}
	if !run.State.Final() {
		old, err := readNext(t, run.ID)
		if err != nil {
			return false, err
		}
		if old.Checkpoint == next.Checkpoint && !old.NotBefore.After(u.now) {
			return false, nil
		}
		next.Ground, next.Avoid = old.Ground, old.Avoid
	} else if len(run.Attempts) > 0 {
		var err error
		if next.Ground, err = groundOfEnd(t, run.ID, run.Attempts); err != nil {
			return false, err
		}
	}
	if run.State == task.Starting {
		var server string
		if err := t.change(withdrawAttempt, []any{next.Reason, micros(u.now), string(run.ID), run.Attempt}, &server); err != nil {
			return false, missing(err, task.Ref{Run: run.ID, Number: run.Attempt})
		}
	}
	return true, again{
		id: run.ID, task: run.Task, from: run.State, attempt: run.Attempt, server: run.Server, next: next,
	}.queue(t, u.now)
}

// chooseLast has the continuation begin at the last checkpoint unless one was chosen, and says so.
func chooseLast(t *tx, id task.RunID, next *task.Continuation) error {
	if next.Checkpoint == 0 {
		last, err := lastCheckpoint(t, id)
		if err != nil {
			return err
		}
		next.Checkpoint = last
	}
	if next.Checkpoint == 0 {
		next.Reason += ", from the beginning, as there is no checkpoint"
	} else {
		next.Reason += fmt.Sprintf(", from checkpoint %d", next.Checkpoint)
	}
	return nil
}

// readNext returns what a run is to begin with, which is nothing but the beginning for one that never ran.
func readNext(t *tx, id task.RunID) (next task.Continuation, err error) {
	var text string
	if err := t.get(&text, `SELECT COALESCE(next, '') FROM run WHERE id = ?`, string(id)); err != nil || text == "" {
		return next, err
	}
	c, err := decodeContinuation(text, id)
	if err != nil {
		return next, err
	}
	return *c, nil
}

// groundOfEnd returns how it is known that the attempts of a run that has ended are over. An attempt without an exit
// record was ended on a ground that was stored; where there is none, the operator who takes the run up answers for it.
// Attempts that nobody claimed need none.
func groundOfEnd(t *tx, id task.RunID, attempts []task.Attempt) (string, error) {
	for _, a := range slices.Backward(attempts) {

		if a.State == task.AttemptWithdrawn {
			continue
		}
		if a.Exit != nil {
			return string(groundOf(a.Exit.Kind)), nil
		}
		var ground string
		const query = `SELECT ended_on FROM attempt WHERE run = ? AND number = ?`
		if err := t.get(&ground, query, string(id), a.Number); err != nil || ground != "" {
			return ground, err
		}
		return string(policy.OperatorStatement), nil
	}
	return "", nil
}

// groundOf returns how an exit record shows that its attempt is over.
func groundOf(kind task.ExitKind) policy.Ground {
	switch kind {
	case task.ExitCancelled, task.ExitFenced, task.ExitLeaseExpired:
		return policy.StopConfirmed
	}
	return policy.ExitReported
}
