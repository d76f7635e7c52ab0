package store

import (
	"context"
	"fmt"
	"time"
)

// PruneEvents looks at up to limit of the oldest events after the one with the id after, and removes those that happened
// before the instant. What some follower has not dealt with stays, and so do the events of pinned runs and, so that no id is
// given twice, the newest event. It returns how many it has removed and the id of the last event that it has looked at; more
// is false once it has met one that is to stay for its age or for a follower.
func (db *DB) PruneEvents(ctx context.Context, after int64, before time.Time, limit int) (pruned int, last int64, more bool, err error) {
	const oldest = `
		SELECT id, at FROM event
		WHERE id > ? AND id < (SELECT max(id) FROM event)
			AND id <= COALESCE((SELECT min(position) FROM follower), (SELECT max(id) FROM event))
		ORDER BY id LIMIT ?`
	var rows []struct{ ID, At int64 }
	if err := db.view(ctx).all(&rows, oldest, after, limit); err != nil {
		return 0, after, false, fmt.Errorf("list the oldest events: %w", err)
	}
	last = after
	for _, row := range rows {
		if row.At >= micros(before) {
			break
		}
		last = row.ID
	}
	if last == after {
		return 0, after, false, nil
	}
	const remove = `
		DELETE FROM event WHERE id > ? AND id <= ?
			AND NOT (kind >= 'run.' AND kind < 'run/' AND subject IN (SELECT id FROM run WHERE pinned = 1))`
	err = db.update(ctx, func(t *tx) error {
		n, err := t.exec(remove, after, last)
		pruned = int(n)
		return err
	})
	if err != nil {
		return 0, after, false, fmt.Errorf("prune events: %w", err)
	}
	return pruned, last, len(rows) == limit && rows[len(rows)-1].ID == last, nil
}
