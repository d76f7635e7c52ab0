package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"

	"github.com/mattn/go-sqlite3"
)

// direct runs statements on SQLite's driver itself, each prepared once. A run takes a dozen small statements, and for these
// database/sql costs about as much as the statement does: it looks at each argument anew, and makes a result of several parts.
type direct struct {
	statements map[string]*sqlite3.SQLiteStmt
	args       []driver.NamedValue
	row        []driver.Value
}

// exec runs a statement and returns how many rows it changed.
func (d *direct) exec(ctx context.Context, conn *sqlite3.SQLiteConn, query string, args []any) (int64, error) {
	stmt, err := d.prepare(ctx, conn, query, args)
	if err != nil {
		return 0, err
	}
	res, err := stmt.ExecContext(ctx, d.args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// scan runs a query and scans its first row, or returns sql.ErrNoRows.
func (d *direct) scan(ctx context.Context, conn *sqlite3.SQLiteConn, query string, args, dest []any) (err error) {
	stmt, err := d.prepare(ctx, conn, query, args)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(ctx, d.args)
	if err != nil {
		return err
	}
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	d.row = append(d.row[:0], make([]driver.Value, len(dest))...)
	if err := rows.Next(d.row); err == io.EOF {
		return sql.ErrNoRows
	} else if err != nil {
		return err
	}
	for i, value := range d.row {
		if err := assignColumn(dest[i], value); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

// prepare returns the statement, and leaves its arguments in d.args.
func (d *direct) prepare(ctx context.Context, conn *sqlite3.SQLiteConn, query string, args []any) (*sqlite3.SQLiteStmt, error) {
	d.args = d.args[:0]
	for i, arg := range args {
		value, err := driverValue(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		d.args = append(d.args, driver.NamedValue{Ordinal: i + 1, Value: value})
	}
	if stmt, ok := d.statements[query]; ok {
		return stmt, nil
	}
	made, err := conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	stmt, ok := made.(*sqlite3.SQLiteStmt)
	if !ok {
		return nil, fmt.Errorf("the driver prepared a %T", made)
	}
	d.statements[query] = stmt
	return stmt, nil
}

// close closes the statements.
func (d *direct) close() {
	for _, stmt := range d.statements {
		_ = stmt.Close()
	}
	clear(d.statements)
}

// driverValue returns an argument as the driver takes it, the usual kinds without reflection.
func driverValue(arg any) (driver.Value, error) {
	switch v := arg.(type) {
	case nil, string, int64, float64, bool, []byte:
		return v, nil
	case int:
		return int64(v), nil
	}
	return driver.DefaultParameterConverter.ConvertValue(arg)
}

// assignColumn sets dest, a pointer, to the value of a column, as far as the queries of a transaction need it.
func assignColumn(dest any, value driver.Value) error {
	switch d := dest.(type) {
	case *string:
		if v, ok := value.(string); ok {
			*d = v
			return nil
		}
	case *int:
		if v, ok := value.(int64); ok {
			*d = int(v)
			return nil
		}
	case *int64:
		if v, ok := value.(int64); ok {
			*d = v
			return nil
		}
	case *bool:
		if v, ok := value.(int64); ok {
			*d = v != 0
			return nil
		}
	default:
		return assignOther(dest, value)
	}
	return fmt.Errorf("%T does not go into %T", value, dest)
}

// assignOther sets the kinds of destination that few queries have.
func assignOther(dest any, value driver.Value) error {
	switch d := dest.(type) {
	case **int64:
		var n sql.Null[int64]
		if err := n.Scan(value); err != nil {
			return err
		}
		if *d = nil; n.Valid {
			*d = &n.V
		}
		return nil
	case sql.Scanner:
		return d.Scan(value)
	}
	return fmt.Errorf("a query of a transaction cannot set a %T", dest)
}
