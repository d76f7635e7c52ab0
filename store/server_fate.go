package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// MarkUnavailable makes unreachable servers unavailable. It returns the names of those that it changed; also where err is
// not nil. A server that was heard from meanwhile is left alone.
func (db *DB) MarkUnavailable(ctx context.Context, names []string, now time.Time) ([]string, error) {
	marked := make([]bool, len(names))
	const update = `UPDATE server SET state = 'unavailable', state_since = ? WHERE name = ? AND state = 'unreachable'`
	errs := db.updateEach(ctx, len(names), func(t *tx, i int) error {
		n, err := t.exec(update, micros(now), names[i])
		marked[i] = n == 1
		if err != nil || n == 0 {
			return err
		}
		return t.recordThing(now, "server.unavailable", names[i], "")
	})
	changed, err := changedNames(names, marked, errs)
	if err != nil {
		return changed, fmt.Errorf("mark servers unavailable: %w", err)
	}
	return changed, nil
}

// changedNames returns the names that were marked without an error, and the errors.
func changedNames(names []string, marked []bool, errs []error) ([]string, error) {
	var changed []string
	for i, name := range names {
		if marked[i] && errs[i] == nil {
			changed = append(changed, name)
		}
	}
	return changed, joinDistinct(errs)
}

// DeclareDead notes an operator's statement that a server is dead: it is disabled and unavailable, with the reason, and
// its runs are unknown. Invalid without a reason; NotFound for a server that does not exist.
func (db *DB) DeclareDead(ctx context.Context, name, reason, by string, now time.Time) (s jobserver.Server, err error) {
	reason = clean(reason)
	if strings.TrimSpace(reason) == "" {
		return s, fault.Field("reason", "must say how it is known that the server is dead")
	}
	err = db.update(ctx, func(t *tx) (err error) {
		s, err = declareDead(t, name, reason, by, now)
		return err
	})
	if err != nil {
		return jobserver.Server{}, fmt.Errorf("declare server %q dead: %w", name, err)
	}
	return s, nil
}

func declareDead(t *tx, name, reason, by string, now time.Time) (s jobserver.Server, err error) {
	const update = `
		UPDATE server SET mode = 'disabled', state = 'unavailable', state_since = ?, reason = ?, version = version + 1
		WHERE name = ?`
	n, err := t.exec(update, micros(now), reason, name)
	if err != nil {
		return s, err
	}
	if n == 0 {
		return s, notFound("server", name)
	}
	data, err := encode(map[string]string{"by": clean(by)}, "author of the statement on server", name)
	if err != nil {
		return s, err
	}
	if err := t.record(eventRow{
		at: micros(now), kind: "server.declared_dead", subject: name, reason: reason, data: data,
	}); err != nil {
		return s, err
	}
	if err := loseSight(t, name, now); err != nil {
		return s, err
	}
	return readServer(t, name, "")
}

// loseSight makes the runs on a server unknown.
func loseSight(t *tx, server string, now time.Time) error {
	reason := "server " + server + " is not heard from"
	return eachRunOn(t, server, []task.State{task.Running, task.Stopping}, func(r runOnServer) error {
		return lookAway(t, r, reason, now)
	})
}

// Hold notes that the leases of these servers were lengthened for a planned absence; 0 ends the hold. Servers that do
// not exist are passed over. What was noted for some of them stays where err is not nil.
func (db *DB) Hold(ctx context.Context, servers []string, length time.Duration, now time.Time) error {
	kind, reason := "server.held", "leases lengthened to "+length.String()+" for a planned absence of the conductor"
	if length <= 0 {
		kind, reason, length = "server.released", "", 0
	}
	errs := db.updateEach(ctx, len(servers), func(t *tx, i int) error {
		us := spanMicros(length)
		n, err := t.exec(`UPDATE server SET held = ? WHERE name = ? AND held <> ?`, us, servers[i], us)
		if err != nil || n == 0 {
			return err
		}
		return t.recordThing(now, kind, servers[i], reason)
	})
	if err := joinDistinct(errs); err != nil {
		return fmt.Errorf("hold servers: %w", err)
	}
	return nil
}

// Quarantine notes why a server must not be used: a process there could not be killed. An empty reason lifts it.
// Saying the same again changes nothing. NotFound for a server that does not exist.
func (db *DB) Quarantine(ctx context.Context, server, reason string, now time.Time) error {
	reason = clean(reason)
	kind := "server.quarantined"
	if reason == "" {
		kind = "server.unquarantined"
	}
	err := db.update(ctx, func(t *tx) error {
		n, err := t.exec(`UPDATE server SET quarantine = ? WHERE name = ? AND quarantine <> ?`, reason, server, reason)
		if err != nil {
			return err
		}
		if n == 0 {
			_, err := readServer(t, server, "")
			return err
		}
		return t.recordThing(now, kind, server, reason)
	})
	if err != nil {
		return fmt.Errorf("quarantine server %q: %w", server, err)
	}
	return nil
}
