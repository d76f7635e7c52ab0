package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
)

// CreateJoinToken stores the hash of a one-time token.
func (db *DB) CreateJoinToken(ctx context.Context, token jobserver.JoinToken) error {
	const insert = `INSERT INTO join_token (id, hash, name, created_at, expires_at) VALUES (?, ?, ?, ?, ?)`
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(insert, token.ID, token.Hash, token.Name, micros(token.CreatedAt), micros(token.ExpiresAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("store a join token: %w", err)
	}
	return nil
}

// JoinServer uses a token up and stores the server with the hash of its credential. A server of that name that exists
// keeps its history, its place in groups, its mode and its description; kind, labels, slots and power become those of s,
// and its former credential is void. Forbidden for a token that is unknown, used, expired, or made for another name.
func (db *DB) JoinServer(ctx context.Context, tokenHash, credentialHash string, s jobserver.Server, now time.Time) (joined jobserver.Server, err error) {
	labels, err := encodeLabels(s.Labels, s.Name)
	if err != nil {
		return joined, err
	}
	err = db.update(ctx, func(t *tx) error {
		if err := checkToken(t, tokenHash, s.Name, now); err != nil {
			return err
		}
		if err := storeJoined(t, s, labels, credentialHash, now); err != nil {
			return err
		}
		if joined, err = readServer(t, s.Name, ""); err != nil {
			return err
		}
		return t.recordThing(now, "server.joined", s.Name, "")
	})
	if err != nil {
		return jobserver.Server{}, fmt.Errorf("join server %q: %w", s.Name, err)
	}
	return joined, nil
}

const useToken = `
	UPDATE join_token SET used_at = ?
	WHERE hash = ? AND used_at IS NULL AND expires_at > ? AND (name = '' OR name = ?)`

func checkToken(t *tx, hash, name string, now time.Time) error {
	n, err := t.exec(useToken, micros(now), hash, micros(now), name)
	if err != nil || n == 1 {
		return err
	}
	var token struct {
		Name      string
		ExpiresAt int64  `db:"expires_at"`
		UsedAt    *int64 `db:"used_at"`
	}
	err = t.get(&token, `SELECT name, expires_at, used_at FROM join_token WHERE hash = ?`, hash)
	switch {
	case isNone(err):
		return fmt.Errorf("the join token is not known: %w", fault.Forbidden)
	case err != nil:
		return err
	case token.UsedAt != nil:
		return fmt.Errorf("the join token was used already: %w", fault.Forbidden)
	case token.ExpiresAt <= micros(now):
		return fmt.Errorf("the join token has expired: %w", fault.Forbidden)
	}
	return fmt.Errorf("the join token was made for the name %q: %w", token.Name, fault.Forbidden)
}

const (
	insertServer = `
		INSERT INTO server (name, kind, mode, state, state_since, reason, description, labels, slots, power,
			unavailable_after, joined_at, boot_id, instance, agent_version, credential_hash, version)
		VALUES (?, ?, ?, 'never_seen', ?, ?, ?, ?, ?, ?, ?, ?, '', '', ?, ?, 1)`

	rejoinServer = `
		UPDATE server SET kind = ?, labels = ?, slots = ?, power = ?, agent_version = ?, credential_hash = ?,
			version = version + 1
		WHERE name = ?`
)

func storeJoined(t *tx, s jobserver.Server, labels, credentialHash string, now time.Time) error {
	_, err := readServer(t, s.Name, t.session.dialect.locked())
	if err == nil {
		_, err = t.exec(rejoinServer, string(s.Kind), labels, s.Slots, s.Power, clean(s.AgentVersion), credentialHash, s.Name)
		return err
	}
	if !errors.Is(err, fault.NotFound) {
		return err
	}
	mode := s.Mode
	if mode == "" {
		mode = jobserver.Active
	}
	_, err = t.exec(insertServer, s.Name, string(s.Kind), string(mode), micros(now), clean(s.Reason), clean(s.Description),
		labels, s.Slots, s.Power, s.UnavailableAfter.Microseconds(), micros(now), clean(s.AgentVersion), credentialHash)
	return err
}
