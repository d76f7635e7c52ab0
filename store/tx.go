package store

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"
)

// reader reads rows: inside a transaction that writes (tx), or from a snapshot (view).
type reader interface {
	// get scans the first row into dest, or returns sql.ErrNoRows.
	get(dest any, query string, args ...any) error
	// all scans all rows into dest, a pointer to a slice.
	all(dest any, query string, args ...any) error
	// rows returns the rows for scanning by hand; the caller closes them.
	rows(query string, args ...any) (*sqlx.Rows, error)
}

// tx is a transaction that writes. It lives for one batch of the writer; each item of the batch sees what the items
// before it have written.
//
// A function that is given a tx may be run a second time, after its first effects were rolled back: whatever it sets
// outside of the database must not depend on how often it ran.
type tx struct {
	ctx     context.Context
	session *session
	// pending are the events that go in just before the commit; see [tx.record].
	pending []eventRow
	// wrote and failed are about the present item: it has changed a row, or one of its statements has failed.
	wrote, failed bool
	// tasksChanged is set once an item has changed tasks.
	tasksChanged bool
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	res, err := t.session.exec(t.ctx, query, args...)
	if err != nil {
		return 0, t.fail(err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, t.fail(err)
	}
	if n > 0 {
		t.wrote = true
	}
	return n, nil
}

// scan runs a query and scans its first row, or returns sql.ErrNoRows.
func (t *tx) scan(query string, args []any, dest ...any) error {
	rows, err := t.rows(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return t.fail(err)
		}
		return sql.ErrNoRows
	}
	if err := rows.Scan(dest...); err != nil {
		return t.fail(err)
	}
	return t.fail(rows.Close())
}

// change runs a statement with RETURNING and scans the row that it changed, or returns sql.ErrNoRows where it changed none.
func (t *tx) change(query string, args []any, dest ...any) error {
	err := t.scan(query, args, dest...)
	if err == nil {
		t.wrote = true
	}
	return err
}

// changeRun runs an UPDATE of a run and returns the run's task, or sql.ErrNoRows where it changed none.
//
// On SQLite it does not ask with RETURNING: that costs a table for each statement, with memory of its own, and is dearer
// than reading the row that is at hand.
func (t *tx) changeRun(id, update string, args ...any) (of string, err error) {
	if t.session.dialect == postgres {
		return of, t.change(update+` RETURNING task`, args, &of)
	}
	n, err := t.exec(update, args...)
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "", sql.ErrNoRows
	}
	return of, t.scan(`SELECT task FROM run WHERE id = ?`, []any{id}, &of)
}

func (t *tx) get(dest any, query string, args ...any) error {
	rows, err := t.rows(query, args...)
	if err != nil {
		return err
	}
	return t.fail(getRow(rows, dest))
}

func (t *tx) all(dest any, query string, args ...any) error {
	rows, err := t.rows(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return t.fail(sqlx.StructScan(rows, dest))
}

func (t *tx) rows(query string, args ...any) (*sqlx.Rows, error) {
	rows, err := t.session.rows(t.ctx, query, args...)
	if err != nil {
		return nil, t.fail(err)
	}
	return rows, nil
}

// fail notes that a statement has failed: PostgreSQL refuses the rest of the transaction then, and SQLite may have
// rolled it back.
func (t *tx) fail(err error) error {
	if err != nil && !isNone(err) {
		t.failed = true
	}
	return err
}

// getRow scans the first of the rows into dest, a struct or a single value, and closes them.
func getRow(rows *sqlx.Rows, dest any) error {
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := scanInto(rows, dest); err != nil {
		return err
	}
	return rows.Close()
}

func scanInto(rows *sqlx.Rows, dest any) error {
	switch dest.(type) {
	case *string, *int, *int64, *bool, *sql.NullInt64, *sql.NullString:
		return rows.Scan(dest)
	}
	return rows.StructScan(dest)
}
