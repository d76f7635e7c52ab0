package store

import (
	"fmt"
	"time"

	"github.com/segno-jobs/segno/task"
)

const (
	// holdTask keeps two requests for runs of one task from being decided at once. SQLite has one writer.
	holdTask = `SELECT name FROM task WHERE name = ? FOR NO KEY UPDATE`

	runOfKey = `SELECT id FROM run WHERE request_key = ?`

	// loadOfTask reads the index of the counted runs that have not ended.
	loadOfTask = `
		SELECT count(*) FILTER (WHERE state = 'queued') AS queued, count(*) FILTER (WHERE state <> 'queued') AS active
		FROM run WHERE task = ? AND counted = 1 AND ended_at IS NULL`

	leavingOfTask = `
		SELECT count(*) FROM run
		WHERE task = ? AND counted = 1 AND ended_at IS NULL AND (state = 'stopping' OR prior = 'stopping') AND pending IN ('', 'reset')`

	replaceableOfTask = `
		SELECT id FROM run
		WHERE task = ? AND counted = 1 AND ended_at IS NULL AND NOT ((state = 'stopping' OR COALESCE(prior, '') = 'stopping') AND pending IN ('', 'reset'))
		ORDER BY id LIMIT ?`

	limitRun = `UPDATE run SET counted = ?, max_queue_time = ?, expires_at = ? WHERE id = ?`

	// countRuns counts the open runs of a task from now on that has had no limit for which they had to be counted. As with
	// openRunsOf, the expression has them found among the open runs of all tasks.
	countOpenRuns = `
		UPDATE run SET counted = 1
		WHERE state IN ('queued', 'starting', 'running', 'unknown', 'stopping') AND task || '' = ? AND counted = 0`
)

// admit decides by the limits of its task whether the run is made, and cancels those that it replaces. It reports whether
// a run has its key already; then nothing is decided. The error is a *task.Refusal where no run is to be made, and then
// nothing has been written.
//
// A task without such limits costs nothing here.
func (n newRun) admit(t *tx) (known bool, err error) {
	spec := n.run.Spec
	if !spec.NeedsAdmission() {
		return false, nil
	}
	if t.session.dialect == postgres {
		var name string
		if err := t.scan(holdTask, []any{n.run.Task}, &name); err != nil && !isNone(err) {
			return false, err
		}
	}
	if n.key != "" {
		var id string
		if err := t.scan(runOfKey, []any{n.key}, &id); err == nil || !isNone(err) {
			return err == nil, err
		}
	}
	load, err := loadOf(t, n.run.Task, spec)
	if err != nil {
		return false, fmt.Errorf("count the runs of task %s: %w", n.run.Task, err)
	}
	a := spec.Admit(load)
	if a.Refusal != "" {
		return false, &task.Refusal{Task: n.run.Task, Reason: a.Refusal}
	}
	return false, n.replace(t, a.Replace)
}

func loadOf(t *tx, name string, spec task.Spec) (l task.Load, err error) {
	if err := t.scan(loadOfTask, []any{name}, &l.Queued, &l.Active); err != nil {
		return l, err
	}
	if spec.WhenBusy == task.BusyReplace && l.Active > 0 {
		err = t.scan(leavingOfTask, []any{name}, &l.Leaving)
	}
	return l, err
}

// replace cancels that many of the oldest runs of the task that were not told to stop.
func (n newRun) replace(t *tx, many int) error {
	if many == 0 {
		return nil
	}
	var rows []struct{ ID string }
	if err := t.all(&rows, replaceableOfTask, n.run.Task, many); err != nil {
		return err
	}
	for _, row := range rows {
		old, err := readRun(t, task.RunID(row.ID), t.session.dialect.locked())
		if err != nil {
			return err
		}
		if old.State.Final() {
			continue
		}
		if _, err := cancel(t, old, task.Replaced(n.run.ID), n.run.QueuedAt); err != nil {
			return fmt.Errorf("cancel run %s, which is to be replaced: %w", old.ID, err)
		}
	}
	return nil
}

// limit notes on the run that was just written what its task's limits need of it later.
func (n newRun) limit(t *tx) error {
	spec := n.run.Spec
	counted := spec.NeedsAdmission()
	if !counted && spec.MaxQueueTime == 0 {
		return nil
	}
	var expires any
	if spec.MaxQueueTime > 0 {
		expires = micros(n.run.QueuedAt) + spanMicros(time.Duration(spec.MaxQueueTime))
	}
	_, err := t.exec(limitRun, zeroOrOne(counted), spanMicros(time.Duration(spec.MaxQueueTime)), expires, string(n.run.ID))
	return err
}

func zeroOrOne(b bool) int {
	if b {
		return 1
	}
	return 0
}
