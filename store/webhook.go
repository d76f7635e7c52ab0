package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/task"
)

// SetWebhook stores the hash of a webhook's address and the key of its signature, each where it is not empty, in place of
// the earlier ones. NotFound without the trigger.
func (db *DB) SetWebhook(ctx context.Context, owner task.Owner, name, addressHash, key string, now time.Time) error {
	const insert = `
		INSERT INTO trigger_webhook (owner_kind, owner, trigger_name, address, made_at, signing_key, refused)
		VALUES (?, ?, ?, ?, ?, ?, 0)
		ON CONFLICT (owner_kind, owner, trigger_name) DO UPDATE SET
			address = COALESCE(excluded.address, trigger_webhook.address),
			made_at = COALESCE(excluded.made_at, trigger_webhook.made_at),
			signing_key = CASE WHEN excluded.signing_key = '' THEN trigger_webhook.signing_key ELSE excluded.signing_key END`
	err := db.update(ctx, func(t *tx) error {
		if _, err := readTrigger(t, owner, name, t.session.dialect.shared()); err != nil {
			return err
		}
		var made any
		if addressHash != "" {
			made = micros(now)
		}
		if _, err := t.exec(insert, string(owner.Kind), owner.Name, name, orNil(addressHash), made, key); err != nil {
			return err
		}
		return t.recordTrigger(now, "trigger.secrets_made", owner, name, "")
	})
	if err != nil {
		return fmt.Errorf("store the secrets of webhook %q of %s: %w", name, owner, err)
	}
	return nil
}

// WebhookByAddress returns the trigger whose address has the hash, and its key.
func (db *DB) WebhookByAddress(ctx context.Context, addressHash string) (d task.DueTrigger, key string, err error) {
	var row struct {
		OwnerKind   string `db:"owner_kind"`
		Owner       string
		TriggerName string `db:"trigger_name"`
		SigningKey  string `db:"signing_key"`
	}
	err = db.view(ctx).get(&row, `SELECT owner_kind, owner, trigger_name, signing_key FROM trigger_webhook WHERE address = ?`, addressHash)
	if isNone(err) {
		return d, "", notFound("webhook with the hash", addressHash)
	}
	if err == nil {
		d, err = db.EventTrigger(ctx, task.Owner{Kind: task.OwnerKind(row.OwnerKind), Name: row.Owner}, row.TriggerName)
	}
	if err == nil && d.Trigger.Webhook == nil { // it was edited, and is of another kind now
		return d, "", notFound("webhook with the hash", addressHash)
	}
	if err != nil {
		return d, "", fmt.Errorf("find a webhook by its address: %w", err)
	}
	return d, row.SigningKey, nil
}

// Webhook says how a webhook is; the zero value before its address was made. NotFound without the trigger.
func (db *DB) Webhook(ctx context.Context, owner task.Owner, name string) (s task.WebhookState, err error) {
	var row struct {
		MadeAt     *int64 `db:"made_at"`
		SigningKey string `db:"signing_key"`
		Refused    int64
		RefusedAt  *int64 `db:"refused_at"`
	}
	err = db.snapshot(ctx, func(v view) error {
		if _, err := readTrigger(v, owner, name, ""); err != nil {
			return err
		}
		const query = `SELECT made_at, signing_key, refused, refused_at FROM trigger_webhook WHERE owner_kind = ? AND owner = ? AND trigger_name = ?`
		if err := v.get(&row, query, string(owner.Kind), owner.Name, name); !isNone(err) {
			return err
		}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("read webhook %q of %s: %w", name, owner, err)
	}
	return task.WebhookState{
		MadeAt: instantOrNil(row.MadeAt), HasKey: row.SigningKey != "", Refused: row.Refused, RefusedAt: instantOrNil(row.RefusedAt),
	}, nil
}

// RefuseWebhook counts a request whose signature was wrong.
func (db *DB) RefuseWebhook(ctx context.Context, owner task.Owner, name string, now time.Time) error {
	const count = `UPDATE trigger_webhook SET refused = refused + 1, refused_at = ? WHERE owner_kind = ? AND owner = ? AND trigger_name = ?`
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(count, micros(now), string(owner.Kind), owner.Name, name)
		return err
	})
	if err != nil {
		return fmt.Errorf("count a refused request to webhook %q of %s: %w", name, owner, err)
	}
	return nil
}
