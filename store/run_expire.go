package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/task"
)

func expiredQuery(d dialect) string {
	return `SELECT id FROM run` + d.by("run_expires") + ` WHERE state = 'queued' AND expires_at IS NOT NULL AND expires_at <= ?
		ORDER BY expires_at, id LIMIT ?`
}

// ExpireQueued ends queued runs that have waited for longer than their tasks allow: queued → failed, with the reason. It
// takes up to limit of them, those that are overdue for longest first, and returns those that it has ended, without their
// attempts.
func (db *DB) ExpireQueued(ctx context.Context, limit int, now time.Time) ([]task.Run, error) {
	var rows []struct{ ID string }
	if err := db.view(ctx).all(&rows, expiredQuery(db.dialect), micros(now), limit); err != nil {
		return nil, fmt.Errorf("list runs that have waited for too long: %w", err)
	}
	expired := make([]task.Run, len(rows))
	errs := db.updateEach(ctx, len(rows), func(t *tx, i int) (err error) {
		expired[i], err = expire(t, task.RunID(rows[i].ID), now)
		return err
	})
	var ended []task.Run
	for i, run := range expired {
		if errs[i] == nil && run.ID != "" {
			ended = append(ended, run)
		}
	}
	if err := joinDistinct(errs); err != nil {
		return ended, fmt.Errorf("end runs that have waited for too long: %w", err)
	}
	return ended, nil
}

// expire ends a run unless something else has become of it meanwhile.
func expire(t *tx, id task.RunID, now time.Time) (run task.Run, err error) {
	run, err = readRun(t, id, t.session.dialect.locked())
	if isMissing(err) {
		return task.Run{}, nil
	}
	if err != nil {
		return task.Run{}, err
	}
	var overdue int
	const still = `SELECT count(*) FROM run WHERE id = ? AND state = 'queued' AND expires_at <= ?`
	if err := t.scan(still, []any{string(id), micros(now)}, &overdue); err != nil || overdue == 0 {
		return task.Run{}, err
	}
	reason := task.Expired(time.Duration(run.Spec.MaxQueueTime), run.Reason)
	if err := endUnstarted(t, run, task.Failed, reason, now); err != nil {
		return task.Run{}, err
	}
	run.State, run.Reason, run.Attempts = task.Failed, reason, nil
	return run, nil
}
