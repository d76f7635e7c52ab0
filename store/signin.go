package store

import (
	"context"
	"fmt"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/signin"
)

// BeginSession stores a browser's session. Those that have ended by then go, and of signin.Most the one that ends first.
func (db *DB) BeginSession(ctx context.Context, s signin.Session) error {
	const (
		over = `DELETE FROM session WHERE ends_at <= ?`
		full = `DELETE FROM session WHERE hash NOT IN (SELECT hash FROM session ORDER BY ends_at DESC, hash LIMIT ?)`
		open = `INSERT INTO session (hash, author, credential, created_at, ends_at) VALUES (?, ?, ?, ?, ?)`
	)
	err := db.update(ctx, func(t *tx) error {
		if _, err := t.exec(over, micros(s.CreatedAt)); err != nil {
			return err
		}
		if _, err := t.exec(full, signin.Most-1); err != nil {
			return err
		}
		_, err := t.exec(open, s.Key, s.By, s.Credential, micros(s.CreatedAt), micros(s.EndsAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	return nil
}

// Session returns the session with that key, or fault.NotFound. It may have ended by time.
func (db *DB) Session(ctx context.Context, key string) (signin.Session, error) {
	var row struct {
		Author, Credential string
		CreatedAt          int64 `db:"created_at"`
		EndsAt             int64 `db:"ends_at"`
	}
	err := db.view(ctx).get(&row, `SELECT author, credential, created_at, ends_at FROM session WHERE hash = ?`, key)
	if isNone(err) {
		return signin.Session{}, fmt.Errorf("there is no such session: %w", fault.NotFound)
	}
	if err != nil {
		return signin.Session{}, fmt.Errorf("read a session: %w", err)
	}
	return signin.Session{
		Key: key, By: row.Author, Credential: row.Credential, CreatedAt: instant(row.CreatedAt), EndsAt: instant(row.EndsAt),
	}, nil
}

// EndSession ends a session. One that there is no more is no error.
func (db *DB) EndSession(ctx context.Context, key string) error {
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(`DELETE FROM session WHERE hash = ?`, key)
		return err
	})
	if err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}
