package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// InsertRun stores a queued run. If key is not empty and a run has it already, that run is returned with created false;
// if it was made for another task or with other params, the error is fault.Conflict. It is a *task.Refusal, a Conflict as
// well, where the limits of the task allow no further run; a run that is replaced is cancelled in the same transaction.
func (db *DB) InsertRun(ctx context.Context, run task.Run, key string) (_ task.Run, created bool, err error) {
	n, err := prepareRun(&run, key)
	if err != nil {
		return task.Run{}, false, err
	}
	if err := db.update(ctx, func(t *tx) (err error) {
		created, err = n.insert(t)
		return err
	}); err != nil {
		return task.Run{}, false, notInserted(err, "insert run %s", run.ID)
	}
	if created {
		return run, true, nil
	}
	return db.sameRun(ctx, n)
}

// InsertPlacedRun stores a run together with its first attempt: what InsertRun and AssignRuns do one after the other, in
// one transaction. Conflict also where the server was deleted meanwhile or, for an attempt that is claimed with it, is not
// online any more; then nothing was stored.
func (db *DB) InsertPlacedRun(ctx context.Context, run task.Run, key string, a virtualserver.Assignment) (_ task.Run, created bool, err error) {
	n, err := prepareRun(&run, key)
	if err != nil {
		return task.Run{}, false, err
	}
	placement, err := encode(a.Placement, "placement of run", string(run.ID))
	if err != nil {
		return task.Run{}, false, err
	}
	if err := db.update(ctx, func(t *tx) (err error) {
		created, err = n.insertPlaced(t, a, placement)
		return err
	}); err != nil {
		return task.Run{}, false, notInserted(err, "insert run %s on %s", run.ID, a.Server)
	}
	if created {
		return placedAs(run, a), true, nil
	}
	return db.sameRun(ctx, n)
}

// placedAs is a run as it was stored with its first attempt.
func placedAs(run task.Run, a virtualserver.Assignment) task.Run {
	run.State, run.Attempt, run.Server = a.RunState(), a.Ref.Number, a.Server
	if run.State == task.Running {
		started := run.QueuedAt
		run.StartedAt = &started
	}
	return run
}

// notInserted says what was being done, unless the task refuses the run: that speaks for itself, and the run's id says nothing
// to anyone.
func notInserted(err error, doing string, args ...any) error {
	if refusal, is := errors.AsType[*task.Refusal](err); is {
		return refusal
	}
	return fmt.Errorf(doing+": %w", append(args, err)...)
}

// sameRun returns the run that has the key of n, if it was asked for with the same words.
func (db *DB) sameRun(ctx context.Context, n newRun) (_ task.Run, created bool, err error) {
	old, err := db.runByKey(ctx, n.key)
	if err != nil {
		return task.Run{}, false, fmt.Errorf("insert run %s: %w", n.run.ID, err)
	}
	if err := n.matches(old); err != nil {
		return task.Run{}, false, err
	}
	return old, false, nil
}

// newRun is a run on its way into the store, with its texts encoded.
type newRun struct {
	run                        *task.Run
	key                        string
	spec, params, labels, data string
	// policy is empty where the spec has none.
	policy string
	// archive is the one that the task names, of which the version is settled with the run; nil where it names none.
	archive *task.Archive
}

// prepareRun brings the run into the form in which it will be read back, and encodes its texts.
func prepareRun(run *task.Run, key string) (n newRun, err error) {
	if run.ID == "" {
		return n, fault.Field("id", "must not be empty")
	}
	if run.State != "" && run.State != task.Queued {
		return n, fault.Field("state", "must be %s for a new run, not %s", task.Queued, run.State)
	}
	run.State, run.Prior, run.Attempt, run.Server = task.Queued, "", 0, ""
	run.Pending, run.Next, run.Tries, run.StartedAt = "", nil, 0, nil
	run.QueuedAt, run.ScheduledFor = stored(run.QueuedAt), storedOrNil(run.ScheduledFor)
	n = newRun{run: run, key: key, archive: run.Spec.Job.Archive}
	if n.spec, err = encode(run.Spec, "spec of run", string(run.ID)); err != nil {
		return n, err
	}
	if n.params, err = encode(run.Params, "params of run", string(run.ID)); err != nil {
		return n, err
	}
	if run.Spec.OnUnavailable != nil {
		if n.policy, err = encode(run.Spec.OnUnavailable, "policy of run", string(run.ID)); err != nil {
			return n, err
		}
	}
	n.labels = "{}"
	if len(run.Spec.Labels) > 0 {
		if n.labels, err = encode(run.Spec.Labels, "labels of run", string(run.ID)); err != nil {
			return n, err
		}
	}
	n.data, err = encode(map[string]string{"cause": string(run.Cause.Kind), "by": run.Cause.By}, "cause of run", string(run.ID))
	return n, err
}

const insertRun = `
	INSERT INTO run (id, task, state, attempt, server, rank, cause_kind, cause_by, virtual_server, target_server,
		on_unavailable, labels, scheduled_for, queued_at, started_at, reason, request_key)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (request_key) WHERE request_key IS NOT NULL DO NOTHING`

const insertRunSpec = `INSERT INTO run_spec (run, spec, params) VALUES (?, ?, ?)`

// insert writes the run as one that is queued, or returns false where a run has its key. What the limits of its task ask for
// is done with it; the error is a *task.Refusal, and nothing is written, where they allow no further run.
func (n newRun) insert(t *tx) (bool, error) { return n.insertAs(t, *n.run) }

// insertPlaced writes the run with its first attempt: it is queued and starting, or running, in one step. It returns false
// where a run has its key.
func (n newRun) insertPlaced(t *tx, a virtualserver.Assignment, placement string) (bool, error) {
	if err := holdPlace(t, a); err != nil {
		return false, err
	}
	created, err := n.insertAs(t, placedAs(*n.run, a))
	if err != nil || !created {
		return false, err
	}
	return true, insertAssigned(t, a, n.run.Task, placement, n.run.QueuedAt)
}

// insertAs writes the run with the state, attempt, server and start of another form of it.
func (n newRun) insertAs(t *tx, as task.Run) (bool, error) {
	if known, err := n.admit(t); err != nil || known {
		return false, err
	}
	if err := n.settleArchive(t); err != nil {
		return false, err
	}
	r := n.run
	reason := clean(r.Reason)
	shown := reason
	if as.State != task.Queued {
		shown = ""
	}
	written, err := t.exec(insertRun, string(r.ID), r.Task, string(as.State), as.Attempt, orNil(as.Server), -r.Spec.Priority,
		string(r.Cause.Kind), r.Cause.By, orNil(r.Spec.Target.VirtualServer), orNil(r.Spec.Target.Server), n.policy, n.labels,
		microsOrNil(r.ScheduledFor), micros(r.QueuedAt), microsOrNil(as.StartedAt), shown, orNil(n.key))
	if err != nil || written == 0 {
		return false, err
	}
	if _, err := t.exec(insertRunSpec, string(r.ID), n.spec, n.params); err != nil {
		return false, err
	}
	if err := n.noteArchive(t); err != nil {
		return false, err
	}
	if err := expect(t, r); err != nil {
		return false, err
	}
	if err := n.limit(t); err != nil {
		return false, err
	}
	return true, t.recordRun(r.QueuedAt, r.ID, r.Task, 0, "", task.Queued, reason, n.data)
}

// matches returns fault.Conflict unless the run that has the key was asked for with the same words.
func (n newRun) matches(old task.Run) error {
	if old.Task != n.run.Task {
		return fmt.Errorf("the key %q was used for a run of task %q: %w", n.key, old.Task, fault.Conflict)
	}
	params, err := encode(old.Params, "params of run", string(old.ID))
	if err != nil {
		return err
	}
	if params != n.params && (len(old.Params) > 0 || len(n.run.Params) > 0) {
		return fmt.Errorf("the key %q was used for a run with other params: %w", n.key, fault.Conflict)
	}
	return nil
}

func (db *DB) runByKey(ctx context.Context, key string) (run task.Run, err error) {
	err = db.snapshot(ctx, func(v view) error {
		var id string
		if err := v.get(&id, `SELECT id FROM run WHERE request_key = ?`, key); isNone(err) {
			return notFound("run with the key", key)
		} else if err != nil {
			return err
		}
		run, err = readRun(v, task.RunID(id), "")
		return err
	})
	return run, err
}
