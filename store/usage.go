package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/segno-jobs/segno/task"
)

// Usage returns what earlier runs of each task used.
func (db *DB) Usage(ctx context.Context) (map[string]task.Usage, error) {
	var rows []struct {
		Task   string
		CPU    float64
		Memory int64
		Runs   int64
	}
	if err := db.view(ctx).all(&rows, `SELECT task, cpu, memory, runs FROM usage`); err != nil {
		return nil, fmt.Errorf("read the usage of tasks: %w", err)
	}
	all := make(map[string]task.Usage, len(rows))
	for _, row := range rows {
		all[row.Task] = task.Usage{CPU: row.CPU, Memory: row.Memory, Runs: row.Runs}
	}
	return all, nil
}

// SaveUsage stores what runs of tasks used, in place of what was stored.
func (db *DB) SaveUsage(ctx context.Context, us map[string]task.Usage, now time.Time) error {
	const upsert = `
		INSERT INTO usage (task, cpu, memory, runs, saved_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (task) DO UPDATE
		SET cpu = excluded.cpu, memory = excluded.memory, runs = excluded.runs, saved_at = excluded.saved_at`
	// In the order of their names, so that two conductors do not wait for each other's rows.
	names := slices.Sorted(maps.Keys(us))
	errs := db.updateEach(ctx, len(names), func(t *tx, i int) error {
		u := us[names[i]]
		_, err := t.exec(upsert, names[i], u.CPU, u.Memory, u.Runs, micros(now))
		return err
	})
	if err := joinDistinct(errs); err != nil {
		return fmt.Errorf("save the usage of tasks: %w", err)
	}
	return nil
}
