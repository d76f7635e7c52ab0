package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
)

var serverEdits = edits[jobserver.Server, jobserver.Server]{
	noun: "server", read: readServer, store: storeEdit,
	of: func(s *jobserver.Server) (*jobserver.Server, string, int64) { return s, s.Name, s.Version },
}

// ServerByCredential returns the name of the server with that credential's hash, or fault.NotFound.
func (db *DB) ServerByCredential(ctx context.Context, credentialHash string) (string, error) {
	var name string
	err := db.view(ctx).get(&name, `SELECT name FROM server WHERE credential_hash = ?`, credentialHash)
	if isNone(err) {
		return "", fmt.Errorf("no server has that credential: %w", fault.NotFound)
	}
	if err != nil {
		return "", fmt.Errorf("find the server of a credential: %w", err)
	}
	return name, nil
}

// Server returns the server with that name, or fault.NotFound.
func (db *DB) Server(ctx context.Context, name string) (jobserver.Server, error) {
	s, err := readServer(db.view(ctx), name, "")
	if err != nil {
		return jobserver.Server{}, fmt.Errorf("read server: %w", err)
	}
	return s, nil
}

// Servers returns servers by name.
func (db *DB) Servers(ctx context.Context, f jobserver.Filter, p page.Request) (page.Of[jobserver.Server], error) {
	c, err := serverConditions(f, p)
	if err != nil {
		return page.Of[jobserver.Server]{}, err
	}
	query := `SELECT ` + serverColumns + ` FROM server` + c.where() + ` ORDER BY name`
	if len(f.Labels) == 0 {
		query += fmt.Sprintf(` LIMIT %d`, p.Size()+1)
	}
	v := db.view(ctx)
	rows, err := v.rows(query, c.args...)
	if err != nil {
		return page.Of[jobserver.Server]{}, fmt.Errorf("list servers: %w", err)
	}
	defer rows.Close()
	var all []jobserver.Server
	// Labels are compared here: the two databases read JSON in different ways, and a fleet is small.
	for len(all) <= p.Size() && rows.Next() {
		var row serverRow
		if err := rows.StructScan(&row); err != nil {
			return page.Of[jobserver.Server]{}, fmt.Errorf("list servers: %w", v.explain(err))
		}
		s, err := row.server()
		if err != nil {
			return page.Of[jobserver.Server]{}, fmt.Errorf("list servers: %w", err)
		}
		if hasLabels(s.Labels, f.Labels) {
			all = append(all, s)
		}
	}
	if err := rows.Err(); err != nil {
		return page.Of[jobserver.Server]{}, fmt.Errorf("list servers: %w", v.explain(err))
	}
	return paged(all, p, "servers", func(s jobserver.Server) string { return s.Name }), nil
}

func hasLabels(have, want map[string]string) bool {
	for k, v := range want {
		if got, ok := have[k]; !ok || got != v {
			return false
		}
	}
	return true
}

func serverConditions(f jobserver.Filter, p page.Request) (c conditions, err error) {
	last, err := after("servers", p.Cursor)
	if err != nil {
		return c, err
	}
	if last != "" {
		c.add("name > ?", last)
	}
	if f.Query != "" {
		c.contains("name", f.Query)
	}
	if f.Kind != "" {
		c.add("kind = ?", string(f.Kind))
	}
	if f.VirtualServer != "" {
		c.add("name IN (SELECT server FROM virtual_server_member WHERE virtual_server = ?)", f.VirtualServer)
	}
	// The same cases as in jobserver.Server.Status.
	switch f.Status {
	case "":
	case string(jobserver.Disabled):
		c.add("mode = 'disabled'")
	case string(jobserver.Draining):
		c.add("mode = 'draining' AND state = 'online'")
	case string(jobserver.Online):
		c.add("mode = 'active' AND state = 'online'")
	case string(jobserver.NeverSeen), string(jobserver.Unreachable), string(jobserver.Unavailable):
		c.add("mode <> 'disabled' AND state = ?", f.Status)
	default:
		return c, fault.Field("status", "%q is no status of a server", f.Status)
	}
	return c, nil
}

// EditServer applies edit to the server in one transaction. If version is not 0 it must be the stored one, else
// Conflict. Of what edit changes, Kind, Mode, Reason, Description, Labels, Slots, Power and UnavailableAfter are stored;
// an edit that changes nothing leaves the version. edit may be called more than once, on fresh copies.
func (db *DB) EditServer(ctx context.Context, name string, version int64, now time.Time, edit func(*jobserver.Server) error) (jobserver.Server, error) {
	return serverEdits.apply(ctx, db, name, version, now, edit)
}

const editServer = `
	UPDATE server SET kind = ?, mode = ?, state_since = ?, reason = ?, description = ?, labels = ?, slots = ?, power = ?,
		unavailable_after = ?, version = ?
	WHERE name = ? AND version = ?`

// storeEdit writes what differs, and tells of a new mode and of other changes apart.
func storeEdit(t *tx, old jobserver.Server, s *jobserver.Server, now time.Time) error {
	s.UnavailableAfter = s.UnavailableAfter.Truncate(time.Microsecond)
	oldLabels, err := encodeLabels(old.Labels, old.Name)
	if err != nil {
		return err
	}
	labels, err := encodeLabels(s.Labels, s.Name)
	if err != nil {
		return err
	}
	moded := s.Mode != old.Mode
	edited := s.Kind != old.Kind || s.Description != old.Description || labels != oldLabels || s.Slots != old.Slots ||
		s.Power != old.Power || s.UnavailableAfter != old.UnavailableAfter || !moded && s.Reason != old.Reason
	if !moded && !edited {
		return nil
	}
	if moded {
		s.StateSince = stored(now)
	}
	s.Version = old.Version + 1
	s.Reason, s.Description = clean(s.Reason), clean(s.Description)
	n, err := t.exec(editServer, string(s.Kind), string(s.Mode), micros(s.StateSince), s.Reason, s.Description, labels,
		s.Slots, s.Power, s.UnavailableAfter.Microseconds(), s.Version, s.Name, old.Version)
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("it was changed meanwhile: %w", fault.Conflict)
	}
	if moded {
		kind := map[jobserver.Mode]string{
			jobserver.Active: "server.activated", jobserver.Draining: "server.draining", jobserver.Disabled: "server.disabled",
		}[s.Mode]
		if err := t.recordThing(now, kind, s.Name, s.Reason); err != nil {
			return err
		}
	}
	if edited {
		return t.recordThing(now, "server.edited", s.Name, "")
	}
	return nil
}

// encodeLabels writes labels in the order of their names, so that equal ones are written alike.
func encodeLabels(labels map[string]string, name string) (string, error) {
	if len(labels) == 0 {
		return "{}", nil
	}
	return encode(labels, "labels of", name)
}

// DeleteServer removes a server from the fleet and from groups, with its history of load. Conflict while it has open
// attempts or a task is bound to it.
func (db *DB) DeleteServer(ctx context.Context, name string, version int64, now time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		s, err := readServer(t, name, t.session.dialect.locked())
		if err != nil {
			return err
		}
		if err := checkVersion("server", name, version, s.Version); err != nil {
			return err
		}
		var open int
		if err := t.get(&open, `SELECT count(*) FROM attempt WHERE server = ? AND ended_at IS NULL`, name); err != nil {
			return err
		}
		if open > 0 {
			return fmt.Errorf("%d runs are on it: %w", open, fault.Conflict)
		}
		if err := refuseBound(t, `SELECT name FROM task WHERE server = ? ORDER BY name LIMIT 4`, name); err != nil {
			return err
		}
		if err := refuseWatched(t, name, ""); err != nil {
			return err
		}
		if err := leaveGroups(t, name, now); err != nil {
			return err
		}
		for _, statement := range []string{`DELETE FROM load WHERE server = ?`, `DELETE FROM server WHERE name = ?`} {
			if _, err := t.exec(statement, name); err != nil {
				return err
			}
		}
		return t.recordThing(now, "server.deleted", name, "")
	})
	if err != nil {
		return fmt.Errorf("delete server %q: %w", name, err)
	}
	return nil
}

// refuseBound returns fault.Conflict, with the names that the query gives, if there are any.
func refuseBound(t *tx, query, name string) error {
	rows, err := t.rows(query, name)
	if err != nil {
		return err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return t.fail(err)
		}
		names = append(names, n)
	}
	if err := rows.Err(); err != nil {
		return t.fail(err)
	}
	switch {
	case len(names) == 0:
		return nil
	case len(names) > 3:
		names[3] = "others"
	}
	return fmt.Errorf("tasks are bound to it (%s): %w", strings.Join(names, ", "), fault.Conflict)
}
