package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// FileTriggers returns all file triggers.
func (db *DB) FileTriggers(ctx context.Context) (all []task.Trigger, err error) {
	err = db.snapshot(ctx, func(v view) error {
		all, err = triggersOf(v, `SELECT `+triggerColumns+` FROM trigger t WHERE kind = 'file' ORDER BY owner_kind, owner, name`)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read file triggers: %w", err)
	}
	return all, nil
}

// TellWatches stores what the agent of a server says of its watches. Triggers that do not exist are passed over.
func (db *DB) TellWatches(ctx context.Context, server string, states []jobserver.WatchState, now time.Time) error {
	const insert = `
		INSERT INTO trigger_watch (owner_kind, owner, trigger_name, server, files, pending, problem, told_at)
		SELECT t.owner_kind, t.owner, t.name, s.name, CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS BIGINT) FROM trigger t, server s
		WHERE t.owner_kind = ? AND t.owner = ? AND t.name = ? AND s.name = ?
		ON CONFLICT (owner_kind, owner, trigger_name, server) DO UPDATE SET
			files = excluded.files, pending = excluded.pending, problem = excluded.problem, told_at = excluded.told_at`
	err := db.update(ctx, func(t *tx) error {
		for _, s := range states {
			if _, err := t.exec(insert, s.Files, s.Pending, cut(clean(s.Problem), jobserver.MaxWatchProblem), micros(now),
				s.OwnerKind, s.Owner, s.Trigger, server); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store what %s says of watched files: %w", server, err)
	}
	return nil
}

// Watches returns what the agents last said of a trigger, by server. NotFound without the trigger.
func (db *DB) Watches(ctx context.Context, owner task.Owner, name string) (told []jobserver.ToldWatch, err error) {
	var rows []struct {
		Server  string
		Files   int
		Pending int
		Problem string
		ToldAt  int64 `db:"told_at"`
	}
	err = db.snapshot(ctx, func(v view) error {
		if _, err := readTrigger(v, owner, name, ""); err != nil {
			return err
		}
		const query = `SELECT server, files, pending, problem, told_at FROM trigger_watch
			WHERE owner_kind = ? AND owner = ? AND trigger_name = ? ORDER BY server`
		return v.all(&rows, query, string(owner.Kind), owner.Name, name)
	})
	if err != nil {
		return nil, fmt.Errorf("read what is said of the files of trigger %q of %s: %w", name, owner, err)
	}
	told = make([]jobserver.ToldWatch, len(rows))
	for i, row := range rows {
		told[i] = jobserver.ToldWatch{Server: row.Server, ToldAt: instant(row.ToldAt), WatchState: jobserver.WatchState{
			OwnerKind: string(owner.Kind), Owner: owner.Name, Trigger: name, Files: row.Files, Pending: row.Pending, Problem: row.Problem,
		}}
	}
	return told, nil
}
