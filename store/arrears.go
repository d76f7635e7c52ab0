package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

type arrearsRow struct {
	OwnerKind   string `db:"owner_kind"`
	Owner       string
	TriggerName string `db:"trigger_name"`
	Until       int64
	First       int64
	Next        int64
	Spec        string
	CreatedAt   int64 `db:"created_at"`
	Calendar    *string
	DecidedAt   int64 `db:"decided_at"`
	Reason      string
	KeptFrom    int64 `db:"kept_from"`
	Old         int
	Written     int
}

const arrearsColumns = `owner_kind, owner, trigger_name, until, first, next, spec, created_at, calendar, decided_at, reason, kept_from, old, written`

func (row arrearsRow) arrears() (a task.Arrears, err error) {
	a = task.Arrears{
		Owner: task.Owner{Kind: task.OwnerKind(row.OwnerKind), Name: row.Owner}, CreatedAt: instant(row.CreatedAt),
		First: instant(row.First), Next: instant(row.Next), Until: instant(row.Until), DecidedAt: instant(row.DecidedAt),
		Reason: row.Reason, Old: row.Old, Rows: row.Written,
	}
	if row.KeptFrom != 0 {
		a.KeptFrom = instant(row.KeptFrom)
	}
	if err := decode(row.Spec, &a.Trigger, "arrears of trigger", row.TriggerName); err != nil {
		return a, err
	}
	if row.Calendar == nil {
		return a, nil
	}
	a.Calendar = &task.CalendarSpec{}
	return a, decode(*row.Calendar, a.Calendar, "calendar of the arrears of trigger", row.TriggerName)
}

// Arrears returns the missed occurrences of one trigger that are owed their rows, or fault.NotFound where there are none.
func (db *DB) Arrears(ctx context.Context) (task.Arrears, error) {
	var row arrearsRow
	const first = `SELECT ` + arrearsColumns + ` FROM arrears ORDER BY owner_kind, owner, trigger_name, until LIMIT 1`
	err := db.view(ctx).get(&row, first)
	if isNone(err) {
		return task.Arrears{}, fmt.Errorf("no occurrence is owed its row: %w", fault.NotFound)
	}
	if err != nil {
		return task.Arrears{}, fmt.Errorf("read which occurrences are owed their rows: %w", err)
	}
	return row.arrears()
}

// owe stores which occurrences are owed their rows.
func (t *tx) owe(a task.Arrears) error {
	keptFrom, err := t.keptFrom(a.Owner, a.DecidedAt)
	if err != nil {
		return err
	}
	spec, err := encode(a.Trigger, "arrears of trigger", a.Trigger.Name)
	if err != nil {
		return err
	}
	var calendar any
	if a.Calendar != nil {
		if calendar, err = encode(a.Calendar, "calendar of the arrears of trigger", a.Trigger.Name); err != nil {
			return err
		}
	}
	// There are others up to the same instant only where the clock was set back.
	const insert = `
		INSERT INTO arrears (` + arrearsColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (owner_kind, owner, trigger_name, until) DO UPDATE SET first = excluded.first, next = excluded.next
		WHERE excluded.next < arrears.next`
	_, err = t.exec(insert, string(a.Owner.Kind), a.Owner.Name, a.Trigger.Name, micros(a.Until), micros(a.First), micros(a.Next), spec,
		micros(a.CreatedAt), calendar, micros(a.DecidedAt), clean(a.Reason), keptFrom, a.Old, a.Rows)
	return err
}

// keptFrom returns before which instant an occurrence of an owner's triggers is older than they are kept, or 0.
func (t *tx) keptFrom(owner task.Owner, now time.Time) (int64, error) {
	settings, err := readRetention(t, "")
	if err != nil {
		return 0, err
	}
	own, err := t.ownRetention(owner)
	if err != nil {
		return 0, err
	}
	before := settings.With(own).OldOccurrences(now).Before
	if before.IsZero() {
		return 0, nil
	}
	return micros(before), nil
}

// ownRetention returns the rules of a task or plan; none where it is gone.
func (t *tx) ownRetention(owner task.Owner) (task.Retention, error) {
	read := tasks.row
	if owner.Kind == task.OwnerPlan {
		read = plans.row
	}
	row, err := read(t, owner.Name, "")
	if err != nil && !isMissing(err) {
		return task.Retention{}, err
	}
	return retentionIn(row.Spec, owner.Name)
}

// SettleArrears stores rows that were owed, those from the Next of before on up to that of after, in one transaction, and
// with the last of them one event for all. An occurrence that has a row keeps it. Conflict where they were settled meanwhile.
func (db *DB) SettleArrears(ctx context.Context, before, after task.Arrears, rows []task.Occurrence, now time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.moveArrears(before, after); err != nil {
			return err
		}
		if _, err := t.insertOccurrences(rows); err != nil {
			return err
		}
		if !after.Done() || len(rows) == 0 {
			return nil
		}
		return t.recordSkipped(rows[len(rows)-1], after.Old+after.Rows, now)
	})
	if err != nil {
		return fmt.Errorf("store missed occurrences of trigger %s of %s: %w", before.Trigger.Name, before.Owner, err)
	}
	return nil
}

// moveArrears moves them on, or removes them where nothing is owed any more.
func (t *tx) moveArrears(before, after task.Arrears) error {
	const of = ` WHERE owner_kind = ? AND owner = ? AND trigger_name = ? AND until = ? AND next = ?`
	which := []any{string(before.Owner.Kind), before.Owner.Name, before.Trigger.Name, micros(before.Until), micros(before.Next)}
	var n int64
	var err error
	if after.Done() {
		n, err = t.exec(`DELETE FROM arrears`+of, which...)
	} else {
		args := append([]any{micros(after.Next), after.Old, after.Rows}, which...)
		n, err = t.exec(`UPDATE arrears SET next = ?, old = ?, written = ?`+of, args...)
	}
	if err == nil && n == 0 {
		err = fmt.Errorf("their rows are being written by another conductor: %w", fault.Conflict)
	}
	return err
}
