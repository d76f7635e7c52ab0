package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"
)

// session is the connection on which a writer runs its transactions. One goroutine uses it at a time.
type session struct {
	dialect dialect
	pool    *sqlx.DB
	conn    *sqlx.Conn
	// prepared holds the statements of conn by their text. The texts are constants of this package, so it stays small.
	// pgx keeps prepared statements by itself.
	prepared map[string]*sqlx.Stmt
}

func newSession(d dialect, pool *sqlx.DB) *session {
	return &session{dialect: d, pool: pool, prepared: map[string]*sqlx.Stmt{}}
}

// connect makes sure that there is a connection.
func (s *session) connect(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	conn, err := s.pool.Connx(ctx)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	s.conn = conn
	return nil
}

// discard closes the connection for good, with whatever it was in the middle of.
func (s *session) discard() {
	if s.conn == nil {
		return
	}
	s.closePrepared()
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
	s.conn = nil
}

// close gives the connection back to its pool.
func (s *session) close() {
	if s.conn == nil {
		return
	}
	s.closePrepared()
	_ = s.conn.Close()
	s.conn = nil
}

func (s *session) closePrepared() {
	for _, stmt := range s.prepared {
		_ = stmt.Close()
	}
	clear(s.prepared)
}

func (s *session) stmt(ctx context.Context, query string) (*sqlx.Stmt, error) {
	if stmt, ok := s.prepared[query]; ok {
		return stmt, nil
	}
	stmt, err := s.conn.PreparexContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s.prepared[query] = stmt
	return stmt, nil
}

func (s *session) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s.dialect == postgres {
		return s.conn.ExecContext(ctx, s.dialect.bind(query), args...)
	}
	stmt, err := s.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

func (s *session) rows(ctx context.Context, query string, args ...any) (*sqlx.Rows, error) {
	if s.dialect == postgres {
		return s.conn.QueryxContext(ctx, s.dialect.bind(query), args...)
	}
	stmt, err := s.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryxContext(ctx, args...)
}

// rolledBack reports whether SQLite has given the transaction up by itself, as it does when the disk is full.
func (s *session) rolledBack() bool {
	if s.dialect != sqlite || s.conn == nil {
		return false
	}
	var idle bool
	err := s.conn.Raw(func(c any) error {
		lite, ok := c.(*sqlite3.SQLiteConn)
		idle = ok && lite.AutoCommit()
		return nil
	})
	return err == nil && idle
}
