package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// Heard stores heartbeats. A server that was not online becomes so, and its unknown runs get back their prior state.
// Beats of servers that do not exist, and beats that are older than what is stored, are passed over.
func (db *DB) Heard(ctx context.Context, beats []jobserver.Beat) error {
	texts := make([]beatTexts, len(beats))
	for i, b := range beats {
		var err error
		if texts[i], err = textsOf(b); err != nil {
			return err
		}
	}
	errs := db.updateEach(ctx, len(beats), func(t *tx, i int) error { return heard(t, beats[i], texts[i]) })
	if err := joinDistinct(errs); err != nil {
		return fmt.Errorf("store heartbeats: %w", err)
	}
	return nil
}

// beatTexts are the parts of a heartbeat that are stored as JSON.
type beatTexts struct{ sample, runAs string }

func textsOf(b jobserver.Beat) (texts beatTexts, err error) {
	if texts.sample, err = encode(b.Sample, "sample of server", b.Server); err != nil {
		return texts, err
	}
	texts.runAs, err = encode(b.RunAs, "users of server", b.Server)
	return texts, err
}

const updateBeat = `
	UPDATE server SET last_seen = ?, boot_id = ?, instance = ?, agent_version = ?, sample = ?, run_as = ?, heartbeat = ?
	WHERE name = ? AND (last_seen IS NULL OR last_seen <= ?) RETURNING state`

func heard(t *tx, b jobserver.Beat, texts beatTexts) error {
	var state string
	at := micros(b.At)
	err := t.change(updateBeat,
		[]any{at, clean(b.BootID), clean(b.Instance), clean(b.AgentVersion), clean(texts.sample), clean(texts.runAs), b.Heartbeat.Microseconds(), b.Server, at}, &state)
	if isNone(err) {
		return nil
	}
	if err != nil || state == string(jobserver.Online) {
		return err
	}
	return contact(t, b.Server, b.At)
}

const comeOnline = `
	UPDATE server SET state = 'online', state_since = ?,
		last_seen = CASE WHEN last_seen > ? THEN last_seen ELSE ? END
	WHERE name = ? AND state <> 'online'`

// contact makes a server online that was not, and gives its unknown runs back what they were.
func contact(t *tx, server string, now time.Time) error {
	at := micros(now)
	n, err := t.exec(comeOnline, at, at, at, server)
	if err != nil || n == 0 {
		return err
	}
	if err := t.recordThing(now, "server.online", server, ""); err != nil {
		return err
	}
	return eachRunOn(t, server, []task.State{task.Unknown}, func(r runOnServer) error { return restore(t, r, now) })
}

// MarkUnreachable makes online servers unreachable that were last heard before the instant, and their runs unknown. It
// returns the names of those that it changed; also where err is not nil.
func (db *DB) MarkUnreachable(ctx context.Context, names []string, lastHeardBefore, now time.Time) ([]string, error) {
	marked := make([]bool, len(names))
	errs := db.updateEach(ctx, len(names), func(t *tx, i int) (err error) {
		marked[i], err = markUnreachable(t, names[i], lastHeardBefore, now)
		return err
	})
	changed, err := changedNames(names, marked, errs)
	if err != nil {
		return changed, fmt.Errorf("mark servers unreachable: %w", err)
	}
	return changed, nil
}

const goUnreachable = `
	UPDATE server SET state = 'unreachable', state_since = ?
	WHERE name = ? AND state = 'online' AND (last_seen IS NULL OR last_seen < ?)`

func markUnreachable(t *tx, name string, lastHeardBefore, now time.Time) (bool, error) {
	if t.session.dialect == postgres {
		// Attempts that are being claimed there come first, so that they are seen, or they see that the server is unreachable.
		if err := t.scan(`SELECT name FROM server WHERE name = ? FOR UPDATE`, []any{name}, &name); isNone(err) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	n, err := t.exec(goUnreachable, micros(now), name, micros(lastHeardBefore))
	if err != nil || n == 0 {
		return false, err
	}
	if err := t.recordThing(now, "server.unreachable", name, ""); err != nil {
		return false, err
	}
	return true, loseSight(t, name, now)
}

// runOnServer is a run whose newest attempt is open on a server.
type runOnServer struct {
	ID          string
	Task        string
	State       string
	Attempt     int
	Prior       *string
	PriorReason *string `db:"prior_reason"`
	Server      string
}

const runsOnServer = `
	SELECT r.id, r.task, r.state, r.attempt, r.prior, r.prior_reason, a.server
	FROM attempt a JOIN run r ON r.id = a.run AND r.attempt = a.number
	WHERE a.server = ? AND a.ended_at IS NULL ORDER BY a.run`

// eachRunOn calls do for the runs on a server that are in one of the states.
func eachRunOn(t *tx, server string, states []task.State, do func(runOnServer) error) error {
	var runs []runOnServer
	if err := t.all(&runs, runsOnServer+t.session.dialect.locked(), server); err != nil {
		return err
	}
	for _, r := range runs {
		for _, s := range states {
			if r.State != string(s) {
				continue
			}
			if err := do(r); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	unknownRun = `
		UPDATE run SET state = 'unknown', prior = state, prior_reason = reason, reason = ?
		WHERE id = ? AND state = ? AND attempt = ?`

	knownRun = `
		UPDATE run SET state = prior, prior = NULL, prior_reason = NULL, reason = COALESCE(prior_reason, '')
		WHERE id = ? AND state = 'unknown' AND attempt = ?`

	changeAttempt = `UPDATE attempt SET state = ? WHERE run = ? AND number = ? AND ended_at IS NULL`
)

// lookAway makes a run unknown, which remembers what it was.
func lookAway(t *tx, r runOnServer, reason string, now time.Time) error {
	from := task.State(r.State)
	if !from.CanBecome(task.Unknown) {
		return fmt.Errorf("run %s cannot become unknown from %s", r.ID, from)
	}
	n, err := t.exec(unknownRun, reason, r.ID, r.State, r.Attempt)
	if err := hitOne(n, err); err != nil {
		return err
	}
	n, err = t.exec(changeAttempt, string(task.AttemptUnknown), r.ID, r.Attempt)
	if err := hitOne(n, err); err != nil {
		return err
	}
	return t.recordRun(now, task.RunID(r.ID), r.Task, r.Attempt, from, task.Unknown, reason, onServer(r.Server))
}

// restore gives an unknown run the state back that it had before.
func restore(t *tx, r runOnServer, now time.Time) error {
	prior := task.State(orEmpty(r.Prior))
	if !task.Unknown.CanBecome(prior) {
		return fmt.Errorf("run %s cannot become %q from unknown", r.ID, prior)
	}
	attempt := task.AttemptRunning
	if prior == task.Stopping {
		attempt = task.AttemptStopping
	}
	n, err := t.exec(knownRun, r.ID, r.Attempt)
	if err := hitOne(n, err); err != nil {
		return err
	}
	n, err = t.exec(changeAttempt, string(attempt), r.ID, r.Attempt)
	if err := hitOne(n, err); err != nil {
		return err
	}
	return t.recordRun(now, task.RunID(r.ID), r.Task, r.Attempt, task.Unknown, prior, orEmpty(r.PriorReason), onServer(r.Server))
}
