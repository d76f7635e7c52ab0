package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// AssignRuns commits attempts: queued → starting, and on to running where the attempt is claimed with it. An assignment's
// number is one more than that of the run's newest attempt. The error is fault.Conflict for a run that is not queued any more
// or has a newer attempt, for a server that was deleted meanwhile, and for a claim on a server that is not online any more.
func (db *DB) AssignRuns(ctx context.Context, as []virtualserver.Assignment, now time.Time) []error {
	placements := make([]string, len(as))
	for i, a := range as {
		var err error
		if placements[i], err = encode(a.Placement, "placement of run", string(a.Ref.Run)); err != nil {
			return fill(make([]error, len(as)), err)
		}
	}
	errs := db.updateEach(ctx, len(as), func(t *tx, i int) error { return assign(t, as[i], placements[i], now) })
	for i, err := range errs {
		if err != nil {
			errs[i] = fmt.Errorf("assign run %s to %s: %w", as[i].Ref.Run, as[i].Server, err)
		}
	}
	return errs
}

const (
	assignRun = `
		UPDATE run SET state = ?, attempt = ?, server = ?, reason = '', started_at = COALESCE(started_at, ?)
		WHERE id = ? AND state = 'queued' AND attempt = ?`

	insertAttempt = `
		INSERT INTO attempt (run, number, server, state, reason, ground, resumed_from, instance, offered_at, claimed_at, log_bytes,
			delivered, unavailable_after, lease, need_cpu, need_memory, need_slots, need_source)
		VALUES (?, ?, ?, ?, '', ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?)`

	insertPlacement = `INSERT INTO placement (run, attempt, placement) VALUES (?, ?, ?)`
)

func assign(t *tx, a virtualserver.Assignment, placement string, now time.Time) error {
	if err := holdPlace(t, a); err != nil {
		return err
	}
	id, number := string(a.Ref.Run), a.Ref.Number
	of, err := t.changeRun(id, assignRun, string(a.RunState()), number, a.Server, claimedAt(a, now), id, number-1)
	if isNone(err) {
		return whyNotAssigned(t, a)
	}
	if err != nil {
		return err
	}
	return insertAssigned(t, a, of, placement, now)
}

// claimedAt is when an attempt that is placed at the instant was claimed, nil where it is not yet.
func claimedAt(a virtualserver.Assignment, now time.Time) *int64 {
	if a.ClaimedBy == "" {
		return nil
	}
	at := micros(now)
	return &at
}

// holdPlace keeps the server of an attempt from being deleted, and from becoming unreachable, before the transaction ends.
// Conflict where there is none, and where it is not online and the attempt is claimed: nobody would look after that.
func holdPlace(t *tx, a virtualserver.Assignment) error {
	state, err := holdServer(t, a.Server)
	switch {
	case isNone(err):
		return fmt.Errorf("there is no such server: %w", fault.Conflict)
	case err != nil:
		return err
	case a.ClaimedBy != "" && state != jobserver.Online:
		return fmt.Errorf("its server is %s: %w", state, fault.Conflict)
	}
	return nil
}

// holdServer keeps the server as it is before the transaction ends, but for what heartbeats change, and returns its state, or
// sql.ErrNoRows where there is none.
func holdServer(t *tx, name string) (jobserver.Contact, error) {
	query := `SELECT state FROM server WHERE name = ?`
	if t.session.dialect == postgres {
		query += ` FOR KEY SHARE`
	}
	var state string
	err := t.scan(query, []any{name}, &state)
	return jobserver.Contact(state), err
}

// insertAssigned writes the attempt of a run that was just made starting or running, with its placement and the events.
func insertAssigned(t *tx, a virtualserver.Assignment, of, placement string, now time.Time) error {
	id, number := string(a.Ref.Run), a.Ref.Number
	need := a.Placement.Need
	state := task.AttemptOffered
	if a.ClaimedBy != "" {
		state = task.AttemptRunning
	}
	if _, err := t.exec(insertAttempt, id, number, a.Server, string(state), a.Ground, sequenceOrNil(a.ResumedFrom), a.ClaimedBy,
		micros(now), claimedAt(a, now), spanMicros(a.UnavailableAfter), spanMicros(a.Lease), need.CPU, need.Memory, need.Slots,
		need.Source); err != nil {
		return err
	}
	if _, err := t.exec(insertPlacement, id, number, placement); err != nil {
		return err
	}
	err := t.recordRun(now, a.Ref.Run, of, number, task.Queued, task.Starting, clean(a.Placement.Reason), onServer(a.Server))
	if err != nil || a.ClaimedBy == "" {
		return err
	}
	return t.recordRun(now, a.Ref.Run, of, number, task.Starting, task.Running, "", onServer(a.Server))
}

func whyNotAssigned(t *tx, a virtualserver.Assignment) error {
	var state string
	var attempt int
	err := t.scan(`SELECT state, attempt FROM run WHERE id = ?`, []any{string(a.Ref.Run)}, &state, &attempt)
	switch {
	case isNone(err):
		return notFound("run", string(a.Ref.Run))
	case err != nil:
		return err
	case !task.State(state).CanBecome(task.Starting):
		return fmt.Errorf("it is %s: %w", state, fault.Conflict)
	}
	return fmt.Errorf("its newest attempt is number %d: %w", attempt, fault.Conflict)
}

// WithdrawOffers takes back attempts that nobody claimed: starting → queued. Conflict for a claimed one, and for one
// that was withdrawn already.
func (db *DB) WithdrawOffers(ctx context.Context, refs []task.Ref, reason string, now time.Time) []error {
	reason = clean(reason)
	errs := db.updateEach(ctx, len(refs), func(t *tx, i int) error { return withdraw(t, refs[i], reason, now) })
	for i, err := range errs {
		if err != nil {
			errs[i] = fmt.Errorf("withdraw attempt %d of run %s: %w", refs[i].Number, refs[i].Run, err)
		}
	}
	return errs
}

const (
	withdrawAttempt = `
		UPDATE attempt SET state = 'withdrawn', reason = ?, ended_at = ?
		WHERE run = ? AND number = ? AND state = 'offered' RETURNING server`

	requeueRun = `
		UPDATE run SET state = 'queued', reason = ?, server = NULL
		WHERE id = ? AND state = 'starting' AND attempt = ?`
)

func withdraw(t *tx, ref task.Ref, reason string, now time.Time) error {
	var server string
	// The run's row is taken first, as everywhere: two transactions that took the rows in different orders would wait
	// for each other.
	of, err := t.changeRun(string(ref.Run), requeueRun, reason, string(ref.Run), ref.Number)
	if isNone(err) {
		return whyNotOpen(t, ref, task.AttemptOffered)
	}
	if err != nil {
		return err
	}
	if err := t.change(withdrawAttempt, []any{reason, micros(now), string(ref.Run), ref.Number}, &server); err != nil {
		return missing(err, ref)
	}
	return t.recordRun(now, ref.Run, of, ref.Number, task.Starting, task.Queued, reason, onServer(server))
}

// whyNotOpen says why an attempt is not in the state that was expected: NotFound, or Conflict with the state it has.
func whyNotOpen(t *tx, ref task.Ref, want task.AttemptState) error {
	var state string
	err := t.scan(`SELECT state FROM attempt WHERE run = ? AND number = ?`, []any{string(ref.Run), ref.Number}, &state)
	switch {
	case isNone(err):
		return fmt.Errorf("there is no such attempt: %w", fault.NotFound)
	case err != nil:
		return err
	}
	return fmt.Errorf("it is %s, not %s: %w", state, want, fault.Conflict)
}

// missing explains that a run and its newest attempt do not fit together, which the schema does not let happen.
func missing(err error, ref task.Ref) error {
	if isNone(err) {
		return fmt.Errorf("run %s and its attempt %d contradict each other: %w", ref.Run, ref.Number, fault.Conflict)
	}
	return err
}
