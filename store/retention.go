package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// retentionSetting is the name under which the rules of retention are stored.
const retentionSetting = "retention"

// Retention returns the rules that hold for all tasks without rules of their own: the defaults, in version 1, where none
// were stored.
func (db *DB) Retention(ctx context.Context) (task.StoredRetention, error) {
	s, err := readRetention(db.view(ctx), "")
	if err != nil {
		return s, fmt.Errorf("read the settings of retention: %w", err)
	}
	return s, nil
}

func readRetention(r reader, lock string) (task.StoredRetention, error) {
	s := task.StoredRetention{RetentionSettings: task.DefaultRetention(), Version: 1}
	var row struct {
		Value     string
		Version   int64
		UpdatedAt int64 `db:"updated_at"`
	}
	err := r.get(&row, `SELECT value, version, updated_at FROM setting WHERE name = ?`+lock, retentionSetting)
	if isNone(err) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	s.Version, s.UpdatedAt = row.Version, instant(row.UpdatedAt)
	return s, decode(row.Value, &s.RetentionSettings, "setting", retentionSetting)
}

// EditRetention applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict. An edit that
// changes nothing leaves the version. edit may be called more than once, on fresh copies.
func (db *DB) EditRetention(ctx context.Context, version int64, now time.Time, edit func(*task.RetentionSettings) error) (s task.StoredRetention, err error) {
	err = db.update(ctx, func(t *tx) error {
		old, err := readRetention(t, t.session.dialect.locked())
		if err != nil {
			return err
		}
		if err := checkVersion("setting", retentionSetting, version, old.Version); err != nil {
			return err
		}
		s = old
		if err := edit(&s.RetentionSettings); err != nil {
			return err
		}
		if s.RetentionSettings == old.RetentionSettings {
			return nil
		}
		value, err := encode(s.RetentionSettings, "setting", retentionSetting)
		if err != nil {
			return err
		}
		s.Version, s.UpdatedAt = old.Version+1, stored(now)
		const store = `
			INSERT INTO setting (name, value, version, updated_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = excluded.version, updated_at = excluded.updated_at
			WHERE setting.version = excluded.version - 1`
		n, err := t.exec(store, retentionSetting, value, s.Version, micros(now))
		if err := hitOne(n, err); err != nil {
			return err
		}
		return t.recordThing(now, "setting.edited", retentionSetting, "")
	})
	if err != nil {
		return task.StoredRetention{}, fmt.Errorf("edit the settings of retention: %w", err)
	}
	return s, nil
}

// PinRun keeps a run from being pruned, or no longer, and returns it as it is then. A run that is as wanted is returned
// unchanged.
func (db *DB) PinRun(ctx context.Context, id task.RunID, pinned bool, by string, now time.Time) (run task.Run, err error) {
	kind, reason := "run.unpinned", "unpinned"
	if pinned {
		kind, reason = "run.pinned", "pinned"
	}
	if by != "" {
		reason += " by " + by
	}
	err = db.update(ctx, func(t *tx) (err error) {
		if run, err = readRun(t, id, t.session.dialect.locked()); err != nil || run.Pinned == pinned {
			return err
		}
		n, err := t.exec(`UPDATE run SET pinned = ? WHERE id = ?`, zeroOrOne(pinned), string(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.NotFound
		}
		run.Pinned = pinned
		return t.record(eventRow{
			at: micros(now), kind: kind, subject: string(id), task: run.Task, attempt: run.Attempt,
			from: run.State, to: run.State, reason: clean(reason),
		})
	})
	if err != nil {
		return task.Run{}, fmt.Errorf("pin run %s: %w", id, err)
	}
	return run, nil
}
