package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// view reads from the database as it is, outside of the writer.
type view struct {
	ctx     context.Context
	dialect dialect
	on      sqlx.QueryerContext
}

// view returns a reader that sees, with each statement, all that is committed by then.
func (db *DB) view(ctx context.Context) view {
	return view{ctx: ctx, dialect: db.dialect, on: db.readers}
}

// snapshot runs fn with a reader whose statements all see the same state.
func (db *DB) snapshot(ctx context.Context, fn func(v view) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if db.dialect == postgres {
		opts.Isolation = sql.LevelRepeatableRead
	}
	t, err := db.readers.BeginTxx(ctx, opts)
	if err != nil {
		return classify(fmt.Errorf("begin to read: %w", err))
	}
	defer func() { _ = t.Rollback() }()
	return fn(view{ctx: ctx, dialect: db.dialect, on: t})
}

func (v view) get(dest any, query string, args ...any) error {
	rows, err := v.rows(query, args...)
	if err != nil {
		return err
	}
	return v.explain(getRow(rows, dest))
}

func (v view) all(dest any, query string, args ...any) error {
	rows, err := v.rows(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return v.explain(sqlx.StructScan(rows, dest))
}

func (v view) rows(query string, args ...any) (*sqlx.Rows, error) {
	rows, err := v.on.QueryxContext(v.ctx, v.dialect.bind(query), args...)
	if err != nil {
		return nil, v.explain(err)
	}
	return rows, nil
}

// explain gives err its kind. An error that came of the caller's own end of patience says so.
func (v view) explain(err error) error {
	if err != nil && !isNone(err) && v.ctx.Err() != nil {
		return fmt.Errorf("read the database: %w", context.Cause(v.ctx))
	}
	return classify(err)
}
