package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// Deliver stores records of attempts on a server, and ends the attempt and the run with the exit record. Records that
// are stored already are passed over; records after a gap are left out. An attempt that has ended with its exit record
// is answered with what is stored of it, one that ended otherwise is fenced. What the exit makes of the run says
// [task.AfterExit].
//
// The record of a checkpoint makes it visible. Its content must be whole by then: what follows the record of one whose
// content is not is left out, the record included. A checkpoint that cannot be shown at all is passed over.
//
// The answers are in the order of the deliveries. Where err is not nil, those with a Sequence of 0 may not have been
// stored, and are to be delivered again; the others are valid.
func (db *DB) Deliver(ctx context.Context, server string, ds []task.Delivery, now time.Time) ([]task.Delivered, error) {
	answers := make([]task.Delivered, len(ds))
	checked := make([]error, len(ds))
	exits := make([]string, len(ds))
	removed := make([][]string, len(ds))
	for i, d := range ds {
		exits[i], checked[i] = checkDelivery(d)
	}
	errs := db.updateEach(ctx, len(ds), func(t *tx, i int) (err error) {
		if checked[i] != nil {
			return checked[i]
		}
		answers[i], removed[i], err = deliver(t, server, ds[i], exits[i], now)
		return err
	})
	for i, err := range errs {
		if err == nil {
			db.removeContents(removed[i])
		} else {
			answers[i] = task.Delivered{Ref: ds[i].Ref}
			errs[i] = fmt.Errorf("deliver records of attempt %d of run %s: %w", ds[i].Ref.Number, ds[i].Ref.Run, err)
		}
	}
	return answers, joinDistinct(errs)
}

// checkDelivery refuses records that no guard writes, and returns the encoded exit record, if there is one.
func checkDelivery(d task.Delivery) (exit string, err error) {
	for _, r := range d.Records {
		switch {
		case r.Output != nil && len(r.Output.Data) > task.MaxOutputRecord:
			return "", fmt.Errorf("record %d has %d bytes of output, over the %d that one may have: %w",
				r.Sequence, len(r.Output.Data), task.MaxOutputRecord, fault.TooLarge)
		case r.Exit != nil:
			e := *r.Exit
			e.Detail = clean(e.Detail)
			return encode(e, "exit of run", string(d.Ref.Run))
		}
	}
	return "", nil
}

const selectDelivery = `
	SELECT a.server, a.state, a.delivered, a.log_bytes, a.exit IS NOT NULL, r.state, COALESCE(r.prior, ''),
		r.attempt, r.task, r.reason, COALESCE(r.prior_reason, '')
	FROM attempt a JOIN run r ON r.id = a.run WHERE a.run = ? AND a.number = ?`

// progressed is an attempt and its run as a delivery finds them.
type progressed struct {
	ref         task.Ref
	server      string
	state       task.AttemptState
	delivered   int64
	logBytes    int64
	hasExit     bool
	run         task.State
	prior       task.State
	newest      int
	task        string
	reason      string
	priorReason string
}

func readProgressed(t *tx, ref task.Ref) (p progressed, err error) {
	p.ref = ref
	// Both rows are locked: PostgreSQL reads a row anew that it had to wait for, but not those that are joined with it.
	query := selectDelivery + t.session.dialect.locked()
	var state, run, prior string
	err = t.scan(query, []any{string(ref.Run), ref.Number},
		&p.server, &state, &p.delivered, &p.logBytes, &p.hasExit, &run, &prior, &p.newest, &p.task,
		&p.reason, &p.priorReason)
	p.state, p.run, p.prior = task.AttemptState(state), task.State(run), task.State(prior)
	return p, err
}

func (p progressed) answer() task.Delivered {
	return task.Delivered{Ref: p.ref, Sequence: p.delivered, State: p.run, Task: p.task}
}

// fenced reports whether the attempt may not store anything from that server.
func (p progressed) fenced(server string) bool {
	return p.server != server || p.newest != p.ref.Number || !p.state.Open() || p.state == task.AttemptOffered
}

// deliver stores what follows of the records. removed are the names of contents that nothing refers to any more.
func deliver(t *tx, server string, d task.Delivery, exit string, now time.Time) (answer task.Delivered, removed []string, err error) {
	p, err := readProgressed(t, d.Ref)
	if isNone(err) {
		return task.Delivered{Ref: d.Ref, Fenced: true}, nil, nil
	}
	if err != nil {
		return task.Delivered{}, nil, err
	}
	answer = p.answer()
	if p.hasExit && p.server == server {
		return answer, nil, nil
	}
	if p.fenced(server) {
		answer.Fenced = true
		return answer, nil, nil
	}
	fresh, removed, err := showCheckpoints(t, p, freshRecords(d.Records, p.delivered), now)
	if err != nil || len(fresh) == 0 {
		return answer, nil, err
	}
	stored, err := storeRecords(t, p, fresh)
	if err != nil {
		return task.Delivered{}, nil, err
	}
	last := fresh[len(fresh)-1]
	answer.Sequence = last.Sequence
	if last.Exit == nil {
		return answer, removed, advance(t, p, last.Sequence, stored)
	}
	answer.Ended, answer.Exit = true, last.Exit
	answer.State, err = endWithExit(t, p, last, exit, stored, now)
	return answer, removed, err
}

// freshRecords returns the records that follow on what is delivered, up to a gap or the exit record.
func freshRecords(records []task.Record, delivered int64) []task.Record {
	start := 0
	for start < len(records) && records[start].Sequence <= delivered {
		start++
	}
	end := start
	for end < len(records) && records[end].Sequence == delivered+int64(end-start)+1 {
		end++
		if records[end-1].Exit != nil {
			break
		}
	}
	return records[start:end]
}

// storeRecords writes the output, the progress and the output values among the records, and returns how many bytes of
// output were stored.
func storeRecords(t *tx, p progressed, records []task.Record) (stored int64, err error) {
	var progress *task.Progress
	var values []task.ValueRecord
	output := chunker{ref: p.ref, at: p.logBytes}
	for _, r := range records {
		switch {
		case r.Output != nil:
			output.add(r.At, *r.Output)
		case r.Progress != nil:
			progress = r.Progress
		case r.Value != nil:
			values = append(values, *r.Value)
		}
	}
	if err := output.write(t); err != nil {
		return 0, err
	}
	if progress != nil {
		if err := storeProgress(t, p.ref, *progress); err != nil {
			return 0, err
		}
	}
	return output.stored, storeValues(t, p.ref, values)
}

func storeProgress(t *tx, ref task.Ref, progress task.Progress) error {
	percent := min(max(progress.Percent, 0), 100)
	if percent != percent { // NaN
		percent = 0
	}
	const update = `UPDATE run SET progress_percent = ?, progress_message = ? WHERE id = ? AND attempt = ?`
	_, err := t.exec(update, percent, cut(clean(progress.Message), task.MaxProgressMessage), string(ref.Run), ref.Number)
	return err
}

// storeValues keeps output values; a later value of a name replaces the earlier one. What is over the limits is dropped.
func storeValues(t *tx, ref task.Ref, values []task.ValueRecord) error {
	if len(values) == 0 {
		return nil
	}
	known, err := readValues(t, ref.Run)
	if err != nil {
		return err
	}
	if known == nil {
		known = map[string]string{}
	}
	const upsert = `
		INSERT INTO output_value (run, name, value, attempt) VALUES (?, ?, ?, ?)
		ON CONFLICT (run, name) DO UPDATE SET value = excluded.value, attempt = excluded.attempt`
	for _, v := range values {
		name, value := clean(v.Name), clean(v.Value)
		_, had := known[name]
		if name == "" || len(name) > task.MaxOutputValue || len(value) > task.MaxOutputValue ||
			!had && len(known) >= task.MaxOutputValues {
			continue
		}
		if _, err := t.exec(upsert, string(ref.Run), name, value, ref.Number); err != nil {
			return err
		}
		known[name] = value
	}
	return nil
}

const advanceAttempt = `
	UPDATE attempt SET delivered = ?, log_bytes = ?
	WHERE run = ? AND number = ? AND delivered = ? AND ended_at IS NULL`

// advance notes how far an attempt that goes on has delivered.
func advance(t *tx, p progressed, sequence, stored int64) error {
	n, err := t.exec(advanceAttempt, sequence, p.logBytes+stored, string(p.ref.Run), p.ref.Number, p.delivered)
	return hitOne(n, err)
}

// hitOne returns fault.Fenced where a compare-and-set has hit no row.
func hitOne(n int64, err error) error {
	if err == nil && n != 1 {
		return fault.Fenced
	}
	return err
}

const (
	endAttempt = `
		UPDATE attempt SET state = ?, reason = ?, ended_at = ?, exit = ?, delivered = ?, log_bytes = ?
		WHERE run = ? AND number = ? AND delivered = ? AND ended_at IS NULL`

	endRun = `
		UPDATE run SET state = ?, prior = NULL, prior_reason = NULL, ended_at = ?, exit_code = ?, reason = ?,
			pending = '', pending_checkpoint = 0, tries = tries + ?
		WHERE id = ? AND state = ? AND attempt = ?`
)

// endWithExit ends the attempt and moves its run on as the exit record says, and returns the run's state.
func endWithExit(t *tx, p progressed, r task.Record, exit string, stored int64, now time.Time) (task.State, error) {
	after, tries, err := aftermath(t, p, *r.Exit, now)
	if err != nil {
		return "", err
	}
	n, err := t.exec(endAttempt, string(after.Attempt), clean(after.AttemptReason), micros(now), exit, r.Sequence,
		p.logBytes+stored, string(p.ref.Run), p.ref.Number, p.delivered)
	if err := hitOne(n, err); err != nil {
		return "", err
	}
	end := ending{state: after.Run, reason: clean(after.Reason), ground: string(after.Ground), code: exitCode(*r.Exit)}
	if after.Tries > tries {
		end.failed = 1
	}
	if after.Next != nil {
		end.next = *after.Next
	}
	if end.state == task.Cancelled || end.state == task.Reset && p.toldToStop() {
		end.reason = p.askedReason(end.reason)
	}
	return end.state, end.apply(t, p, now)
}

// aftermath returns what the exit record makes of the run, and how often its job had failed before. For a job that ended
// well, as most do, that needs nothing of what is stored.
func aftermath(t *tx, p progressed, exit task.Exit, now time.Time) (a task.Aftermath, tries int, err error) {
	run := task.Run{ID: p.ref.Run, Task: p.task, State: p.run, Prior: p.prior, Attempt: p.newest, Server: p.server}
	if state, _, _ := exit.Outcome(); state == task.Succeeded {
		return task.AfterExit(run, exit, 0, now, 0), 0, nil
	}
	const query = `SELECT r.pending, r.pending_checkpoint, r.tries, s.spec FROM run r JOIN run_spec s ON s.run = r.id WHERE r.id = ?`
	var pending, spec string
	var chosen int
	if err := t.scan(query, []any{string(run.ID)}, &pending, &chosen, &run.Tries, &spec); err != nil {
		return a, 0, err
	}
	if err := decode(spec, &run.Spec, "spec of run", string(run.ID)); err != nil {
		return a, 0, err
	}
	run.Pending = task.Intent(pending)
	if chosen != 0 {
		run.Next = &task.Continuation{Checkpoint: chosen}
	}
	last, err := lastCheckpoint(t, run.ID)
	if err != nil {
		return a, 0, err
	}
	return task.AfterExit(run, exit, last, now, rand.Float64()), run.Tries, nil
}

// exitCode is the code to show on the run: none where no process of the job has ended by itself or by a signal.
func exitCode(e task.Exit) any {
	if e.Code < 0 || e.Kind == task.ExitNotStarted || e.Kind == task.ExitLost {
		return nil
	}
	return e.Code
}
