package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/task"
)

// maxPrunedRows is about how many rows of output one transaction removes, each of up to 256 KiB.
const maxPrunedRows = 16

// keptQuery skips from one name to the next through an index, however many rows each has. Its verbs are the table, the column of
// the name, a condition or "true", and the table that has the rules of each.
const keptQuery = `
	WITH RECURSIVE names (name) AS (
		SELECT min(%[2]s) FROM %[1]s WHERE %[3]s AND %[2]s > ?
		UNION ALL
		SELECT (SELECT min(%[2]s) FROM %[1]s WHERE %[3]s AND %[2]s > names.name) FROM names WHERE names.name IS NOT NULL)
	SELECT n.name, o.spec FROM (SELECT name FROM names WHERE name IS NOT NULL LIMIT ?) n LEFT JOIN %[4]s o ON o.name = n.name
	ORDER BY n.name`

var (
	keptTasksQuery = fmt.Sprintf(keptQuery, "run", "task", "true", "task")
	keptPlansQuery = fmt.Sprintf(keptQuery, "plan_run", "plan", "true", "plan")

	keptOccurrencesQueries = map[task.OwnerKind]string{
		task.OwnerTask: fmt.Sprintf(keptQuery, "occurrence", "owner", "owner_kind = 'task'", "task"),
		task.OwnerPlan: fmt.Sprintf(keptQuery, "occurrence", "owner", "owner_kind = 'plan'", "plan"),
	}
)

// KeptTasks returns up to limit tasks of which runs are stored, by name after a name, deleted ones among them.
func (db *DB) KeptTasks(ctx context.Context, after string, limit int) ([]task.KeptOwner, error) {
	return db.kept(ctx, keptTasksQuery, after, limit)
}

// KeptPlans returns up to limit plans of which runs are stored, by name after a name, deleted ones among them.
func (db *DB) KeptPlans(ctx context.Context, after string, limit int) ([]task.KeptOwner, error) {
	return db.kept(ctx, keptPlansQuery, after, limit)
}

// KeptOccurrences returns up to limit tasks, or plans, of whose triggers occurrences are stored, by name after a name, deleted
// ones among them.
func (db *DB) KeptOccurrences(ctx context.Context, kind task.OwnerKind, after string, limit int) ([]task.KeptOwner, error) {
	return db.kept(ctx, keptOccurrencesQueries[kind], after, limit)
}

func (db *DB) kept(ctx context.Context, query, after string, limit int) ([]task.KeptOwner, error) {
	var rows []struct {
		Name string
		Spec *string
	}
	if err := db.view(ctx).all(&rows, query, after, limit); err != nil {
		return nil, fmt.Errorf("list of what something is kept: %w", err)
	}
	all := make([]task.KeptOwner, len(rows))
	for i, row := range rows {
		own, err := retentionIn(orEmpty(row.Spec), row.Name)
		if err != nil {
			return nil, err
		}
		all[i] = task.KeptOwner{Name: row.Name, Retention: own}
	}
	return all, nil
}

// retentionIn returns the rules that a task or plan has of its own.
func retentionIn(spec, name string) (task.Retention, error) {
	var own struct {
		Retention task.Retention `json:"retention"`
	}
	err := decode(spec, &own, "the rules of", name)
	return own.Retention, err
}

// Settled returns up to when everything that follows the events has dealt with them: the instant of the first event that
// some follower has not dealt with yet. Where there is none, it is now.
func (db *DB) Settled(ctx context.Context, now time.Time) (time.Time, error) {
	const query = `
		SELECT at FROM event WHERE id > (SELECT min(position) FROM follower) ORDER BY id LIMIT 1`
	var at int64
	err := db.view(ctx).get(&at, query)
	if isNone(err) {
		return now, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read what the followers have dealt with: %w", err)
	}
	return instant(at), nil
}

// Beyond returns the newest run of a task that is older than its newest runs, of which there are as many as kept says; ""
// where the task has no more than that.
func (db *DB) Beyond(ctx context.Context, name string, kept int) (task.RunID, error) {
	var id string
	err := db.view(ctx).get(&id, `SELECT id FROM run WHERE task = ? ORDER BY id DESC LIMIT 1 OFFSET ?`, name, kept)
	if err != nil && !isNone(err) {
		return "", fmt.Errorf("count the runs of task %s: %w", name, err)
	}
	return task.RunID(id), nil
}

// OldRuns returns up to limit runs of a task after one, the oldest first.
func (db *DB) OldRuns(ctx context.Context, name string, after task.RunID, limit int) ([]task.OldRun, error) {
	query := fmt.Sprintf(`
		SELECT r.id, r.queued_at, r.ended_at, r.pinned, r.log_pruned,
			(SELECT count(*) FROM (SELECT 1 FROM output o WHERE o.run = r.id LIMIT %d) found) AS output_rows,
			(SELECT count(*) FROM (SELECT 1 FROM output o WHERE o.run = r.id AND o.start > 0 LIMIT 1) found) AS behind,
			(SELECT count(*) FROM (SELECT 1 FROM checkpoint k WHERE k.run = r.id LIMIT 1) found) AS checkpoints
		FROM run r WHERE r.task = ? AND r.id > ? ORDER BY r.id LIMIT ?`, maxPrunedRows+1)
	var rows []struct {
		ID         string
		QueuedAt   int64  `db:"queued_at"`
		EndedAt    *int64 `db:"ended_at"`
		Pinned     int
		LogPruned  int `db:"log_pruned"`
		OutputRows int `db:"output_rows"`
		// Behind is 1 where there is output behind the first row of an attempt.
		Behind      int
		Checkpoints int
	}
	if err := db.view(ctx).all(&rows, query, name, string(after), limit); err != nil {
		return nil, fmt.Errorf("list old runs of task %s: %w", name, err)
	}
	all := make([]task.OldRun, len(rows))
	for i, row := range rows {
		all[i] = task.OldRun{
			ID: task.RunID(row.ID), QueuedAt: instant(row.QueuedAt), EndedAt: instantOrNil(row.EndedAt), Pinned: row.Pinned == 1,
			Log: row.Behind == 1 || row.LogPruned == 0 && row.OutputRows > 0, LargeLog: row.OutputRows > maxPrunedRows,
			Checkpoints: row.Checkpoints == 1,
		}
	}
	return all, nil
}

// prunable locks a run that may be pruned: one that has ended, before the instant, that is not pinned, and that is part of no
// plan run that goes on. Other runs are passed over.
const prunable = `SELECT count(*) FROM (
	SELECT id FROM run WHERE id = ? AND ended_at IS NOT NULL AND ended_at < ? AND pinned = 0 AND NOT EXISTS (
		SELECT 1 FROM plan_node n JOIN plan_run p ON p.id = n.plan_run WHERE n.run = run.id AND p.ended_at IS NULL)`

func mayPrune(t *tx, id task.RunID, endedBefore time.Time) (bool, error) {
	var n int
	err := t.scan(prunable+t.session.dialect.locked()+`) found`, []any{string(id), micros(endedBefore)}, &n)
	return n == 1, err
}

// PruneRuns removes runs with all that belongs to them, but for their events. Runs that have not ended before the instant,
// or are pinned, stay. It returns how many it has removed. What a run has of output beyond a few rows is to be removed
// before, with [DB.PruneLog].
func (db *DB) PruneRuns(ctx context.Context, ids []task.RunID, endedBefore time.Time) (int, error) {
	removed, gone := make([][]string, len(ids)), make([]bool, len(ids))
	errs := db.updateEach(ctx, len(ids), func(t *tx, i int) (err error) {
		removed[i], gone[i] = nil, false
		may, err := mayPrune(t, ids[i], endedBefore)
		if err != nil || !may {
			return err
		}
		if removed[i], err = namesOfContents(t, ids[i]); err != nil {
			return err
		}
		gone[i] = true
		_, err = t.exec(`DELETE FROM run WHERE id = ?`, string(ids[i]))
		return err
	})
	n := 0
	for i, err := range errs {
		if err == nil && gone[i] {
			n++
			db.removeContents(removed[i])
		}
	}
	if err := joinDistinct(errs); err != nil {
		return n, fmt.Errorf("prune runs: %w", err)
	}
	return n, nil
}

func namesOfContents(t *tx, id task.RunID) ([]string, error) {
	var rows []struct{ Name string }
	if err := t.all(&rows, `SELECT name FROM content WHERE run = ?`, string(id)); err != nil {
		return nil, err
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = row.Name
	}
	return names, nil
}

// PruneCheckpoints removes the checkpoints of a run with their content, unless it has not ended before the instant, or is
// pinned. It reports whether it has removed any.
func (db *DB) PruneCheckpoints(ctx context.Context, id task.RunID, endedBefore time.Time) (pruned bool, err error) {
	var removed []string
	err = db.update(ctx, func(t *tx) error {
		removed, pruned = nil, false
		may, err := mayPrune(t, id, endedBefore)
		if err != nil || !may {
			return err
		}
		if removed, err = namesOfContents(t, id); err != nil {
			return err
		}
		n, err := t.exec(`DELETE FROM checkpoint WHERE run = ?`, string(id))
		if err != nil {
			return err
		}
		pruned = n > 0
		_, err = t.exec(`DELETE FROM content WHERE run = ?`, string(id))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("prune the checkpoints of run %s: %w", id, err)
	}
	db.removeContents(removed)
	return pruned, nil
}

const (
	// pruneOutput removes output that stands behind the marks.
	pruneOutput = `
		DELETE FROM output WHERE run = ? AND start > 0 AND (run, attempt, start) IN (
			SELECT run, attempt, start FROM output WHERE run = ? AND start > 0 LIMIT ?)`

	markLogs = `UPDATE attempt SET log_bytes = ? WHERE run = ? AND log_bytes > 0`

	firstOutputs = `SELECT attempt FROM output WHERE run = ? AND start = 0`
)

// PruneLog does a step of removing the output of a run, unless it has not ended before the instant, or is pinned: first a
// mark comes in the place of the output of each attempt, then the rows behind it go, a few with each step. It reports
// whether there is more to do.
func (db *DB) PruneLog(ctx context.Context, id task.RunID, endedBefore, now time.Time) (more bool, err error) {
	mark := chunker{}
	mark.add(now, task.OutputRecord{Stream: task.StreamMark, Data: []byte(task.PrunedLog(now))})
	err = db.update(ctx, func(t *tx) error {
		more = false
		may, err := mayPrune(t, id, endedBefore)
		if err != nil || !may {
			return err
		}
		n, err := t.exec(`UPDATE run SET log_pruned = 1 WHERE id = ? AND log_pruned = 0`, string(id))
		if err != nil {
			return err
		}
		if n > 0 {
			if err := markOutput(t, id, mark.chunks[0]); err != nil {
				return err
			}
		}
		gone, err := t.exec(pruneOutput, string(id), string(id), maxPrunedRows)
		more = gone == maxPrunedRows
		return err
	})
	if err != nil {
		return false, fmt.Errorf("prune the output of run %s: %w", id, err)
	}
	return more, nil
}

// markOutput puts the mark in the place of the first output of each attempt that has any, as all that counts of it.
func markOutput(t *tx, id task.RunID, mark chunk) error {
	var rows []struct{ Attempt int }
	if err := t.all(&rows, firstOutputs, string(id)); err != nil {
		return err
	}
	if _, err := t.exec(markLogs, len(mark.data), string(id)); err != nil {
		return err
	}
	for _, row := range rows {
		const replace = `UPDATE output SET pieces = ?, data = ? WHERE run = ? AND attempt = ? AND start = 0`
		if _, err := t.exec(replace, mark.pieces, mark.data, string(id), row.Attempt); err != nil {
			return err
		}
	}
	return nil
}
