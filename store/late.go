package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/task"
)

// expect notes by when a new run is expected to have done what.
func expect(t *tx, run *task.Run) error {
	if run.Spec.Expect == (task.Expect{}) {
		return nil
	}
	due := run.QueuedAt
	if run.ScheduledFor != nil {
		due = *run.ScheduledFor
	}
	for what, by := range run.Spec.Expect.Due(due) {
		const insert = `INSERT INTO run_expectation (run, expected, due_at) VALUES (?, ?, ?)`
		if _, err := t.exec(insert, string(run.ID), string(what), micros(by)); err != nil {
			return err
		}
	}
	return nil
}

const dueExpectations = `SELECT run, expected, due_at FROM run_expectation WHERE due_at <= ? ORDER BY due_at LIMIT ?`

// TellLate looks at up to limit runs that were expected to have started or finished by now, those first that were due
// first, and appends an event run.late for each that had not, also where it has done so since. Each expectation is looked
// at once. It returns how many there were, so that a caller goes on while that is limit.
func (db *DB) TellLate(ctx context.Context, now time.Time, limit int) (int, error) {
	var rows []struct {
		Run      string
		Expected string
		DueAt    int64 `db:"due_at"`
	}
	if err := db.view(ctx).all(&rows, dueExpectations, micros(now), limit); err != nil {
		return 0, fmt.Errorf("look for runs that are late: %w", err)
	}
	errs := db.updateEach(ctx, len(rows), func(t *tx, i int) error {
		late := task.Late{Run: task.RunID(rows[i].Run), Expected: task.Expectation(rows[i].Expected), Due: instant(rows[i].DueAt)}
		return tellLate(t, late, now)
	})
	if err := joinDistinct(errs); err != nil {
		return len(rows), fmt.Errorf("tell of runs that are late: %w", err)
	}
	return len(rows), nil
}

// tellLate takes an expectation away and, where it is not met, appends the event.
func tellLate(t *tx, late task.Late, now time.Time) error {
	n, err := t.exec(`DELETE FROM run_expectation WHERE run = ? AND expected = ?`, string(late.Run), string(late.Expected))
	if err != nil || n == 0 {
		return err
	}
	var of, state string
	var attempt int
	var started, ended *int64
	const read = `SELECT task, state, attempt, started_at, ended_at FROM run WHERE id = ?`
	if err := t.scan(read, []any{string(late.Run)}, &of, &state, &attempt, &started, &ended); err != nil {
		return err
	}
	done, word := ended, "ended"
	if late.Expected == task.ExpectStart && started != nil {
		done, word = started, "started"
	}
	reason := "it is " + state
	if done != nil {
		if !instant(*done).After(late.Due) {
			return nil
		}
		reason = fmt.Sprintf("it %s at %s", word, instant(*done).Format(time.RFC3339))
	}
	if _, err := t.exec(`UPDATE run SET late = 1 WHERE id = ?`, string(late.Run)); err != nil {
		return err
	}
	data, err := encode(map[string]any{"expected": late.Expected, "due": late.Due}, "lateness of run", string(late.Run))
	if err != nil {
		return err
	}
	return t.record(eventRow{
		at: micros(now), kind: "run.late", subject: string(late.Run), task: of, attempt: attempt,
		from: task.State(state), to: task.State(state), reason: reason, data: data,
	})
}
