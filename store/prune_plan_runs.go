package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/task/plan"
)

// PrunePlanRuns removes up to limit runs of a plan, with their nodes: of those that ended before settled the ones behind the
// newest that are kept (0 is without limit), and the ones that ended before the instant. The runs of the nodes go by rules of
// their own. It returns how many it has removed, and makes no transaction where there are none.
func (db *DB) PrunePlanRuns(ctx context.Context, name string, kept int, endedBefore, settled time.Time, limit int) (pruned int, err error) {
	due, err := db.oldPlanRuns(ctx, name, kept, endedBefore, settled, limit)
	if err != nil {
		return 0, fmt.Errorf("list old runs of plan %s: %w", name, err)
	}
	if len(due) == 0 {
		return 0, nil
	}
	err = db.update(ctx, func(t *tx) error {
		pruned = 0
		for _, id := range due {
			// One that was resumed meanwhile stays.
			n, err := t.exec(`DELETE FROM plan_run WHERE id = ? AND ended_at < ?`, string(id), micros(settled))
			if err != nil {
				return err
			}
			pruned += int(n)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("prune runs of plan %s: %w", name, err)
	}
	return pruned, nil
}

func (db *DB) oldPlanRuns(ctx context.Context, name string, kept int, endedBefore, settled time.Time, limit int) (due []plan.RunID, err error) {
	v := db.view(ctx)
	var beyond string
	if kept > 0 {
		err := v.get(&beyond, `SELECT id FROM plan_run WHERE plan = ? ORDER BY id DESC LIMIT 1 OFFSET ?`, name, kept)
		if err != nil && !isNone(err) {
			return nil, err
		}
	}
	const query = `
		SELECT id FROM plan_run WHERE plan = ? AND ended_at < ? AND (id <= ? OR ended_at < ?) ORDER BY id LIMIT ?`
	var rows []struct{ ID string }
	if err := v.all(&rows, query, name, micros(settled), beyond, micros(endedBefore), limit); err != nil {
		return nil, err
	}
	for _, row := range rows {
		due = append(due, plan.RunID(row.ID))
	}
	return due, nil
}
