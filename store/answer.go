package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/replay"
)

// Answer returns the saved answer of an earlier request with this Idempotency-Key, or fault.NotFound.
func (db *DB) Answer(ctx context.Context, key string) (replay.Answer, error) {
	var row struct {
		Fingerprint string
		Status      int
		Body        *string
		ETag        string
	}
	err := db.view(ctx).get(&row, `SELECT fingerprint, status, body, etag FROM answer WHERE request_key = ?`, key)
	if isNone(err) {
		return replay.Answer{}, notFound("answer to the request with the key", key)
	}
	if err != nil {
		return replay.Answer{}, fmt.Errorf("read a saved answer: %w", err)
	}
	a := replay.Answer{Fingerprint: row.Fingerprint, Status: row.Status, ETag: row.ETag}
	if row.Body != nil {
		a.Body = json.RawMessage(*row.Body)
	}
	return a, nil
}

// SaveAnswer keeps the answer to a request. The first answer of a key stays.
func (db *DB) SaveAnswer(ctx context.Context, key string, a replay.Answer, now time.Time) error {
	const insert = `
		INSERT INTO answer (request_key, fingerprint, status, body, etag, saved_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (request_key) DO NOTHING`
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(insert, key, a.Fingerprint, a.Status, orNil(string(a.Body)), a.ETag, micros(now))
		return err
	})
	if err != nil {
		return fmt.Errorf("save an answer: %w", err)
	}
	return nil
}

// PruneAnswers forgets answers that were saved before the instant.
func (db *DB) PruneAnswers(ctx context.Context, before time.Time) error {
	// A piece at a time, so that others get their turn at the writer.
	const remove = `
		DELETE FROM answer WHERE request_key IN
			(SELECT request_key FROM answer WHERE saved_at < ? ORDER BY saved_at LIMIT 1000)`
	for removed := int64(1); removed > 0; {
		err := db.update(ctx, func(t *tx) (err error) {
			removed, err = t.exec(remove, micros(before))
			return err
		})
		if err != nil {
			return fmt.Errorf("forget saved answers: %w", err)
		}
	}
	return nil
}
