package store

import (
	"context"
	"fmt"

	"github.com/segno-jobs/segno/task"
)

// PruneOccurrences removes up to limit occurrences of the triggers of an owner that need not be kept, the oldest first. It
// returns how many it has removed, and makes no transaction where there are none.
func (db *DB) PruneOccurrences(ctx context.Context, owner task.Owner, old task.OldOccurrences, limit int) (pruned int, err error) {
	due, err := db.oldOccurrences(ctx, owner, old, limit)
	if err != nil {
		return 0, fmt.Errorf("list old occurrences of %s: %w", owner, err)
	}
	if len(due) == 0 {
		return 0, nil
	}
	err = db.update(ctx, func(t *tx) error {
		pruned = 0
		for _, o := range due {
			const remove = `
				DELETE FROM occurrence WHERE owner_kind = ? AND owner = ? AND trigger_name = ? AND scheduled_for = ? AND event = ?`
			n, err := t.exec(remove, string(owner.Kind), owner.Name, o.TriggerName, o.ScheduledFor, o.Event)
			if err != nil {
				return err
			}
			pruned += int(n)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("prune occurrences of %s: %w", owner, err)
	}
	return pruned, nil
}

// occurrenceID is what tells an occurrence from the others of its owner.
type occurrenceID struct {
	TriggerName  string `db:"trigger_name"`
	ScheduledFor int64  `db:"scheduled_for"`
	Event        string
}

// oldOccurrences returns those that are too old or, where there are none, those that are too many.
func (db *DB) oldOccurrences(ctx context.Context, owner task.Owner, old task.OldOccurrences, limit int) (due []occurrenceID, err error) {
	v := db.view(ctx)
	const (
		from  = `SELECT trigger_name, scheduled_for, event FROM occurrence WHERE owner_kind = ? AND owner = ?`
		first = ` ORDER BY scheduled_for, trigger_name, event LIMIT ?`
	)
	if !old.Before.IsZero() {
		before := micros(old.Before)
		err := v.all(&due, from+` AND scheduled_for < ? AND decided_at < ?`+first, string(owner.Kind), owner.Name, before, before, limit)
		if err != nil || len(due) > 0 {
			return due, err
		}
	}
	if old.Kept == 0 {
		return nil, nil
	}
	var beyond occurrenceID
	const newest = from + ` ORDER BY scheduled_for DESC, trigger_name DESC, event DESC LIMIT 1 OFFSET ?`
	err = v.get(&beyond, newest, string(owner.Kind), owner.Name, old.Kept)
	if isNone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	err = v.all(&due, from+` AND (scheduled_for, trigger_name, event) <= (?, ?, ?) AND decided_at < ?`+first, string(owner.Kind), owner.Name,
		beyond.ScheduledFor, beyond.TriggerName, beyond.Event, micros(old.Decided), limit)
	return due, err
}
