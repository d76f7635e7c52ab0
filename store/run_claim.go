package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// ClaimAttempts commits claims: starting → running. A repeated claim by the same instance succeeds again. Fenced for an
// attempt that is not open, not the newest, or not on that server.
//
// A claim is word from the server: one that counted as silent is online from then on, so that no run begins to run on a
// server that nobody watches.
func (db *DB) ClaimAttempts(ctx context.Context, server, instance string, refs []task.Ref, now time.Time) []error {
	n := len(refs)
	if n == 0 {
		return nil
	}
	// The claims are items 0 to n−1; the server's contact is an item of its own, so that neither hinders the other.
	errs := db.updateEach(ctx, n+1, func(t *tx, i int) error {
		if i == n {
			return contact(t, server, now)
		}
		return claim(t, server, instance, refs[i], now)
	})
	if err := errs[n]; err != nil {
		db.logger.Warn("could not note that a server was heard from", "server", server, "error", err)
	}
	for i, err := range errs[:n] {
		if err != nil {
			errs[i] = fmt.Errorf("claim attempt %d of run %s: %w", refs[i].Number, refs[i].Run, err)
		}
	}
	return errs[:n]
}

const (
	claimRun = `
		UPDATE run SET state = 'running', started_at = COALESCE(started_at, ?), reason = ''
		WHERE id = ? AND state = 'starting' AND attempt = ? AND server = ?`

	claimAttempt = `
		UPDATE attempt SET state = 'running', claimed_at = ?, instance = ?
		WHERE run = ? AND number = ? AND server = ? AND state = 'offered'`

	claimedBy = `
		SELECT a.instance FROM attempt a JOIN run r ON r.id = a.run AND r.attempt = a.number
		WHERE a.run = ? AND a.number = ? AND a.server = ? AND a.ended_at IS NULL AND a.state <> 'offered'`
)

func claim(t *tx, server, instance string, ref task.Ref, now time.Time) error {
	id, at := string(ref.Run), micros(now)
	of, err := t.changeRun(id, claimRun, at, id, ref.Number, server)
	if isNone(err) {
		return claimedBefore(t, server, instance, ref)
	}
	if err != nil {
		return err
	}
	n, err := t.exec(claimAttempt, at, instance, id, ref.Number, server)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("run %s and its attempt %d contradict each other: %w", ref.Run, ref.Number, fault.Fenced)
	}
	return t.recordRun(now, ref.Run, of, ref.Number, task.Starting, task.Running, "", onServer(server))
}

// claimedBefore returns nil where the same instance has claimed the attempt already and it is still open.
func claimedBefore(t *tx, server, instance string, ref task.Ref) error {
	var by string
	err := t.scan(claimedBy, []any{string(ref.Run), ref.Number, server}, &by)
	switch {
	case isNone(err):
		return fault.Fenced
	case err != nil:
		return err
	case by != instance:
		return fmt.Errorf("another instance of the agent has claimed it: %w", fault.Fenced)
	}
	return nil
}
