package store

import (
	"context"
	"fmt"

	"github.com/segno-jobs/segno/internal/fault"
)

// Position returns the id of the last event that a follower has dealt with. One that is asked for the first time begins
// behind the newest event, and is stored.
func (db *DB) Position(ctx context.Context, follower string) (int64, error) {
	const begin = `
		INSERT INTO follower (name, position) SELECT CAST(? AS TEXT), COALESCE(max(id), 0) FROM event WHERE true
		ON CONFLICT (name) DO NOTHING`
	var position int64
	err := db.view(ctx).get(&position, `SELECT position FROM follower WHERE name = ?`, follower)
	if isNone(err) {
		err = db.update(ctx, func(t *tx) error {
			if _, err := t.exec(begin, follower); err != nil {
				return err
			}
			return t.get(&position, `SELECT position FROM follower WHERE name = ?`, follower)
		})
	}
	if err != nil {
		return 0, fmt.Errorf("read how far %s has followed the events: %w", follower, err)
	}
	return position, nil
}

// advance moves a follower on in the transaction of what it does about the events after from up to to. Conflict where it
// stands elsewhere: another conductor has dealt with them.
func (t *tx) advance(follower string, from, to int64) error {
	n, err := t.exec(`UPDATE follower SET position = ? WHERE name = ? AND position = ?`, to, follower, from)
	if err != nil {
		return fmt.Errorf("move %s on to event %d: %w", follower, to, err)
	}
	if n == 0 {
		return fmt.Errorf("%s does not stand at event %d: %w", follower, from, fault.Conflict)
	}
	return nil
}

// Advance moves a follower on that had nothing to do about the events after from up to to.
func (db *DB) Advance(ctx context.Context, follower string, from, to int64) error {
	return db.update(ctx, func(t *tx) error { return t.advance(follower, from, to) })
}
