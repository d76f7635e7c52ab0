package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/virtualserver"
)

var (
	virtualServers     = documents[virtualserver.VirtualServer]{table: "virtual_server", noun: "virtual server", of: virtualServerOf}
	virtualServerEdits = edits[virtualserver.VirtualServer, virtualserver.Spec]{
		noun: "virtual server", read: readVirtualServer, store: storeGroup,
		of: func(vs *virtualserver.VirtualServer) (*virtualserver.Spec, string, int64) {
			return &vs.Spec, vs.Name, vs.Version
		},
	}
)

func virtualServerOf(row documentRow) (virtualserver.VirtualServer, error) {
	vs := virtualserver.VirtualServer{
		Version: row.Version, CreatedAt: instant(row.CreatedAt), UpdatedAt: instant(row.UpdatedAt),
	}
	return vs, decode(row.Spec, &vs.Spec, "virtual server", row.Name)
}

// CreateVirtualServer stores a group. Conflict for a name that is taken; a member that is no server is refused with a
// field error.
func (db *DB) CreateVirtualServer(ctx context.Context, s virtualserver.Spec, now time.Time) (virtualserver.VirtualServer, error) {
	spec, err := encodeGroup(s)
	if err != nil {
		return virtualserver.VirtualServer{}, err
	}
	err = db.update(ctx, func(t *tx) error {
		if err := checkMembers(t, s.Members); err != nil {
			return err
		}
		if err := virtualServers.insert(t, s.Name, spec, now); err != nil {
			return err
		}
		if err := insertMembers(t, s.Name, s.Members); err != nil {
			return err
		}
		return t.recordThing(now, "virtual_server.created", s.Name, "")
	})
	if err != nil {
		return virtualserver.VirtualServer{}, fmt.Errorf("create virtual server %q: %w", s.Name, err)
	}
	return virtualserver.VirtualServer{Spec: s, Version: 1, CreatedAt: stored(now), UpdatedAt: stored(now)}, nil
}

// encodeGroup writes a group without its members, which have a table of their own.
func encodeGroup(s virtualserver.Spec) (string, error) {
	s.Members = nil
	return encode(s, "virtual server", s.Name)
}

// checkMembers refuses members that are no servers or stand twice, naming their place in the list. On PostgreSQL the
// servers found cannot be deleted before the transaction ends.
func checkMembers(t *tx, members []string) error {
	seen := make(map[string]bool, len(members))
	for i, m := range members {
		field := fmt.Sprintf("members[%d]", i)
		if seen[m] {
			return fault.Field(field, "%q stands in the list twice", m)
		}
		seen[m] = true
		if _, err := holdServer(t, m); isNone(err) {
			return fault.Field(field, "%q is no server", m)
		} else if err != nil {
			return err
		}
	}
	return nil
}

func insertMembers(t *tx, group string, members []string) error {
	for i, m := range members {
		const insert = `INSERT INTO virtual_server_member (virtual_server, server, position) VALUES (?, ?, ?)`
		if _, err := t.exec(insert, group, m, i); err != nil {
			return err
		}
	}
	return nil
}

// VirtualServer returns the group with that name, or fault.NotFound.
func (db *DB) VirtualServer(ctx context.Context, name string) (vs virtualserver.VirtualServer, err error) {
	err = db.snapshot(ctx, func(v view) error {
		vs, err = readVirtualServer(v, name, "")
		return err
	})
	if err != nil {
		return virtualserver.VirtualServer{}, fmt.Errorf("read virtual server: %w", err)
	}
	return vs, nil
}

func readVirtualServer(r reader, name, lock string) (virtualserver.VirtualServer, error) {
	vs, err := virtualServers.read(r, name, lock)
	if err != nil {
		return vs, err
	}
	members, err := readMembers(r, []string{name})
	vs.Members = members[name]
	return vs, err
}

// readMembers returns the members of groups, in their order.
func readMembers(r reader, groups []string) (map[string][]string, error) {
	members := map[string][]string{}
	if len(groups) == 0 {
		return members, nil
	}
	var c conditions
	in(&c, "virtual_server", groups)
	var rows []struct {
		VirtualServer string `db:"virtual_server"`
		Server        string
	}
	query := `SELECT virtual_server, server FROM virtual_server_member` + c.where() + ` ORDER BY virtual_server, position`
	if err := r.all(&rows, query, c.args...); err != nil {
		return nil, err
	}
	for _, row := range rows {
		members[row.VirtualServer] = append(members[row.VirtualServer], row.Server)
	}
	return members, nil
}

// VirtualServers returns the groups whose names contain the query, by name.
func (db *DB) VirtualServers(ctx context.Context, query string, p page.Request) (page.Of[virtualserver.VirtualServer], error) {
	last, err := after("virtual_servers", p.Cursor)
	if err != nil {
		return page.Of[virtualserver.VirtualServer]{}, err
	}
	var c conditions
	if query != "" {
		c.contains("name", query)
	}
	var all []virtualserver.VirtualServer
	err = db.snapshot(ctx, func(v view) error {
		if all, err = virtualServers.list(v, c, last, p); err != nil {
			return err
		}
		names := make([]string, len(all))
		for i, vs := range all {
			names[i] = vs.Name
		}
		members, err := readMembers(v, names)
		if err != nil {
			return err
		}
		for i, vs := range all {
			all[i].Members = members[vs.Name]
		}
		return nil
	})
	if err != nil {
		return page.Of[virtualserver.VirtualServer]{}, fmt.Errorf("list virtual servers: %w", err)
	}
	return paged(all, p, "virtual_servers", func(vs virtualserver.VirtualServer) string { return vs.Name }), nil
}

// EditVirtualServer applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict. An
// edit that changes nothing leaves the version. edit may be called more than once, on fresh copies.
func (db *DB) EditVirtualServer(ctx context.Context, name string, version int64, now time.Time, edit func(*virtualserver.Spec) error) (virtualserver.VirtualServer, error) {
	return virtualServerEdits.apply(ctx, db, name, version, now, edit)
}

func storeGroup(t *tx, old virtualserver.VirtualServer, vs *virtualserver.VirtualServer, now time.Time) error {
	before, err := encodeGroup(old.Spec)
	if err != nil {
		return err
	}
	spec, err := encodeGroup(vs.Spec)
	if err != nil {
		return err
	}
	regrouped := !slices.Equal(old.Members, vs.Members)
	if spec == before && !regrouped {
		return nil
	}
	if regrouped {
		if err := checkMembers(t, vs.Members); err != nil {
			return err
		}
	}
	vs.Version, vs.UpdatedAt = old.Version+1, stored(now)
	if err := virtualServers.update(t, vs.Name, spec, old.Version, now); err != nil {
		return err
	}
	if regrouped {
		if _, err := t.exec(`DELETE FROM virtual_server_member WHERE virtual_server = ?`, vs.Name); err != nil {
			return err
		}
		if err := insertMembers(t, vs.Name, vs.Members); err != nil {
			return err
		}
	}
	return t.recordThing(now, "virtual_server.edited", vs.Name, "")
}

// leaveGroups takes a server out of all of its groups.
func leaveGroups(t *tx, server string, now time.Time) error {
	var groups []struct {
		Name string `db:"virtual_server"`
	}
	if err := t.all(&groups, `SELECT virtual_server FROM virtual_server_member WHERE server = ? ORDER BY 1`, server); err != nil {
		return err
	}
	for _, g := range groups {
		old, err := readVirtualServer(t, g.Name, t.session.dialect.locked())
		if err != nil {
			return err
		}
		without, err := readVirtualServer(t, g.Name, "")
		if err != nil {
			return err
		}
		without.Members = slices.DeleteFunc(without.Members, func(m string) bool { return m == server })
		delete(without.Weights, server)
		if err := storeGroup(t, old, &without, now); err != nil {
			return err
		}
	}
	return nil
}

// DeleteVirtualServer removes a group. Conflict, naming them, while tasks are bound to it.
func (db *DB) DeleteVirtualServer(ctx context.Context, name string, version int64, now time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		if err := virtualServers.hold(t, name, version); err != nil {
			return err
		}
		if err := refuseBound(t, `SELECT name FROM task WHERE virtual_server = ? ORDER BY name LIMIT 4`, name); err != nil {
			return err
		}
		if err := refuseWatched(t, "", name); err != nil {
			return err
		}
		if err := virtualServers.delete(t, name); err != nil {
			return err
		}
		return t.recordThing(now, "virtual_server.deleted", name, "")
	})
	if err != nil {
		return fmt.Errorf("delete virtual server %q: %w", name, err)
	}
	return nil
}
