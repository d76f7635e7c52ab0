package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"

	"github.com/segno-jobs/segno/internal/fault"
)

// kinded is an error of a driver together with the kind of fault that it is.
type kinded struct {
	kind error
	text string
	err  error
}

func (e *kinded) Error() string   { return e.text }
func (e *kinded) Unwrap() []error { return []error{e.kind, e.err} }

// classify gives an error of a driver its kind. Other errors, those that have a kind already among them, pass unchanged.
func classify(err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if _, ok := errors.AsType[*kinded](err); ok {
		return err
	}
	if e, ok := errors.AsType[sqlite3.Error](err); ok {
		return classifySQLite(err, e)
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return classifyPostgres(err, e)
	}
	if lostConnection(err) {
		return &kinded{fault.Unavailable, "the database cannot be reached: " + err.Error(), err}
	}
	return err
}

func classifySQLite(err error, e sqlite3.Error) error {
	switch e.Code {
	case sqlite3.ErrFull:
		return &kinded{fault.Unavailable, "the disk under the database is full", err}
	case sqlite3.ErrIoErr, sqlite3.ErrCantOpen, sqlite3.ErrReadonly:
		return &kinded{fault.Unavailable, "the database file cannot be read or written: " + e.Error(), err}
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return &kinded{fault.Unavailable, "another program holds the database file locked", err}
	case sqlite3.ErrInterrupt:
		return &kinded{context.Canceled, "the query was interrupted", err}
	case sqlite3.ErrConstraint:
		switch e.ExtendedCode {
		case sqlite3.ErrConstraintUnique, sqlite3.ErrConstraintPrimaryKey, sqlite3.ErrConstraintRowID:
			return &kinded{fault.Conflict, "it exists already", err}
		case sqlite3.ErrConstraintForeignKey:
			return &kinded{fault.Conflict, "something that it belongs to does not exist, or something still belongs to it", err}
		}
	}
	return err
}

func classifyPostgres(err error, e *pgconn.PgError) error {
	switch {
	case e.Code == "23505":
		return &kinded{fault.Conflict, "it exists already", err}
	case e.Code == "23503":
		return &kinded{fault.Conflict, "something that it belongs to does not exist, or something still belongs to it", err}
	case e.Code == "53100":
		return &kinded{fault.Unavailable, "the disk under the database is full", err}
	case e.Code == "22021": // character_not_in_repertoire: NUL or broken UTF-8 in a text.
		return &kinded{fault.Invalid, "a text has characters that cannot be stored", err}
	case e.Code == "57014": // query_canceled
		return &kinded{context.Canceled, "the query was interrupted", err}
	case repeatable(err):
		return &kinded{fault.Unavailable, "too many changes at the same time: " + e.Message, err}
	}
	// Connection exceptions, insufficient resources, operator intervention, system errors; a server that only reads, and
	// a lock or a transaction that was held for too long.
	for _, class := range []string{"08", "53", "57", "58", "25006", "25P03", "55P03"} {
		if strings.HasPrefix(e.Code, class) {
			return &kinded{fault.Unavailable, "the database cannot be used: " + e.Message, err}
		}
	}
	return err
}

// repeatable reports whether PostgreSQL rolled the transaction back because of another one, so that it may be run again.
func repeatable(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

// answered reports whether the database itself refused, so that it is certain that nothing was committed.
func answered(err error) bool {
	if _, ok := errors.AsType[*pgconn.PgError](err); ok {
		return true
	}
	_, ok := errors.AsType[sqlite3.Error](err)
	return ok
}

func lostConnection(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed)
}

// notFound says that nothing has the name.
func notFound(what, name string) error {
	return fmt.Errorf("%s %q: %w", what, name, fault.NotFound)
}

// checkVersion compares the version that the caller saw with the stored one. 0 stands for any.
func checkVersion(what, name string, want, have int64) error {
	if want != 0 && want != have {
		return fmt.Errorf("%s %q was changed meanwhile: it has version %d, not %d: %w", what, name, have, want, fault.Conflict)
	}
	return nil
}

// isNone reports whether a query has found nothing, or a compare-and-set has hit no row.
func isNone(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// isMissing reports whether an error says that nothing has the name.
func isMissing(err error) bool { return errors.Is(err, fault.NotFound) }
