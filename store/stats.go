package store

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/segno-jobs/segno/task"
)

// endedCountsKept is for how long the numbers of ended runs are taken from memory.
const endedCountsKept = 30 * time.Second

// Stats counts what /metrics shows. Runs that have not ended are counted now; the numbers of ended ones, of which there
// may be millions, may be up to half a minute old.
func (db *DB) Stats(ctx context.Context) (task.Stats, error) {
	s := task.Stats{RunsByState: map[task.State]int64{}, ServersByState: map[string]int64{}}
	ended, err := db.countEnded(ctx)
	if err != nil {
		return s, fmt.Errorf("count ended runs: %w", err)
	}
	maps.Copy(s.RunsByState, ended)
	err = db.snapshot(ctx, func(v view) error {
		if err := countRuns(v, s.RunsByState, false); err != nil {
			return err
		}
		s.QueueLength = s.RunsByState[task.Queued]
		if s.QueueLength > 0 {
			var err error
			if s.OldestQueuedAt, err = oldestQueued(v); err != nil {
				return err
			}
		}
		var servers []struct {
			State string
			N     int64
		}
		if err := v.all(&servers, `SELECT state, count(*) AS n FROM server GROUP BY state`); err != nil {
			return err
		}
		for _, row := range servers {
			s.ServersByState[row.State] = row.N
		}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("count runs and servers: %w", err)
	}
	return s, nil
}

func countRuns(v view, into map[task.State]int64, final bool) error {
	for _, state := range task.States() {
		if state.Final() != final {
			continue
		}
		var n int64
		if err := v.get(&n, `SELECT count(*) FROM run WHERE state = ?`, string(state)); err != nil {
			return err
		}
		into[state] = n
	}
	return nil
}

func (db *DB) countEnded(ctx context.Context) (map[task.State]int64, error) {
	db.ended.mu.Lock()
	defer db.ended.mu.Unlock()
	if db.ended.byState != nil && time.Since(db.ended.at) < endedCountsKept {
		return db.ended.byState, nil
	}
	counts := map[task.State]int64{}
	if err := countRuns(db.view(ctx), counts, true); err != nil {
		return nil, err
	}
	db.ended.at, db.ended.byState = time.Now(), counts
	return counts, nil
}
