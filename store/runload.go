package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/task"
)

// maxRunLoadPoints is the most points that RunLoad returns.
const maxRunLoadPoints = 5000

// RecordRunLoad keeps what attempts used. A point for an instant that has one already, and one of a run that is gone, is
// passed over.
func (db *DB) RecordRunLoad(ctx context.Context, points []task.LoadPoint) error {
	const insert = `
		INSERT INTO run_load (run, attempt, at, length, cpu, memory, processes)
		SELECT a.run, a.number, ?, ?, ?, ?, ? FROM attempt a WHERE a.run = ? AND a.number = ?
		ON CONFLICT (run, attempt, at) DO NOTHING`
	errs := db.updateEach(ctx, len(points), func(t *tx, i int) error {
		p := points[i]
		_, err := t.exec(insert, micros(p.At), p.Length.Microseconds(), p.CPU, p.Memory, p.Processes, string(p.Run), p.Number)
		return err
	})
	if err := joinDistinct(errs); err != nil {
		return fmt.Errorf("record the load of runs: %w", err)
	}
	return nil
}

// RunLoad returns what the attempts of a run used, oldest first, at most 5,000 points.
func (db *DB) RunLoad(ctx context.Context, id task.RunID) ([]task.LoadPoint, error) {
	query := fmt.Sprintf(`
		SELECT attempt, at, length, cpu, memory, processes FROM run_load
		WHERE run = ? ORDER BY attempt, at LIMIT %d`, maxRunLoadPoints)
	var rows []struct {
		Attempt   int
		At        int64
		Length    int64
		CPU       float64
		Memory    int64
		Processes int
	}
	if err := db.view(ctx).all(&rows, query, string(id)); err != nil {
		return nil, fmt.Errorf("read the load of run %s: %w", id, err)
	}
	points := make([]task.LoadPoint, len(rows))
	for i, row := range rows {
		points[i] = task.LoadPoint{
			Ref: task.Ref{Run: id, Number: row.Attempt}, At: instant(row.At), Length: time.Duration(row.Length) * time.Microsecond,
			CPU: row.CPU, Memory: row.Memory, Processes: row.Processes,
		}
	}
	return points, nil
}

// LatestRuns returns the newest run of each of the tasks that has one, by task. The runs are as in a list.
func (db *DB) LatestRuns(ctx context.Context, tasks []string) (map[string]task.Run, error) {
	if len(tasks) == 0 {
		return nil, nil
	}
	var c conditions
	in(&c, "t.name", tasks)
	// For each task it is the end of an index: the newest runs of all tasks together would have to be looked for.
	query := `SELECT ` + runColumns + ` FROM task t JOIN run r ON r.id = (SELECT max(l.id) FROM run l WHERE l.task = t.name)` + c.where()
	var rows []runRow
	if err := db.view(ctx).all(&rows, query, c.args...); err != nil {
		return nil, fmt.Errorf("read the newest runs of tasks: %w", err)
	}
	runs := make(map[string]task.Run, len(rows))
	for _, row := range rows {
		run, err := row.run()
		if err != nil {
			return nil, fmt.Errorf("read the newest runs of tasks: %w", err)
		}
		runs[run.Task] = run
	}
	return runs, nil
}
