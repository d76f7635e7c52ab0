package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

var (
	concurrencyGroups = documents[task.ConcurrencyGroup]{
		table: "concurrency_group", noun: "concurrency group", of: concurrencyGroupOf,
	}
	concurrencyGroupEdits = edits[task.ConcurrencyGroup, task.ConcurrencyGroupSpec]{
		noun: "concurrency group", read: readConcurrencyGroup, store: storeConcurrencyGroup,
		of: func(g *task.ConcurrencyGroup) (*task.ConcurrencyGroupSpec, string, int64) {
			return &g.ConcurrencyGroupSpec, g.Name, g.Version
		},
	}
)

func concurrencyGroupOf(row documentRow) (task.ConcurrencyGroup, error) {
	g := task.ConcurrencyGroup{Version: row.Version, CreatedAt: instant(row.CreatedAt), UpdatedAt: instant(row.UpdatedAt)}
	return g, decode(row.Spec, &g.ConcurrencyGroupSpec, "concurrency group", row.Name)
}

// CreateConcurrencyGroup stores a group. Conflict for a name that is taken.
func (db *DB) CreateConcurrencyGroup(ctx context.Context, s task.ConcurrencyGroupSpec, now time.Time) (task.ConcurrencyGroup, error) {
	spec, err := encode(s, "concurrency group", s.Name)
	if err != nil {
		return task.ConcurrencyGroup{}, err
	}
	err = db.update(ctx, func(t *tx) error {
		if err := concurrencyGroups.insert(t, s.Name, spec, now); err != nil {
			return err
		}
		return t.recordThing(now, "concurrency_group.created", s.Name, "")
	})
	if err != nil {
		return task.ConcurrencyGroup{}, fmt.Errorf("create concurrency group %q: %w", s.Name, err)
	}
	return task.ConcurrencyGroup{ConcurrencyGroupSpec: s, Version: 1, CreatedAt: stored(now), UpdatedAt: stored(now)}, nil
}

// ConcurrencyGroup returns the group with that name, or fault.NotFound.
func (db *DB) ConcurrencyGroup(ctx context.Context, name string) (g task.ConcurrencyGroup, err error) {
	err = db.snapshot(ctx, func(v view) error {
		g, err = readConcurrencyGroup(v, name, "")
		return err
	})
	if err != nil {
		return task.ConcurrencyGroup{}, fmt.Errorf("read concurrency group: %w", err)
	}
	return g, nil
}

func readConcurrencyGroup(r reader, name, lock string) (task.ConcurrencyGroup, error) {
	g, err := concurrencyGroups.read(r, name, lock)
	if err != nil {
		return g, err
	}
	tasks, err := readGroupTasks(r, []string{name})
	g.Tasks = tasks[name]
	return g, err
}

// readGroupTasks returns the tasks that name groups, in their order.
func readGroupTasks(r reader, groups []string) (map[string][]string, error) {
	tasks := map[string][]string{}
	if len(groups) == 0 {
		return tasks, nil
	}
	var c conditions
	in(&c, "concurrency_group", groups)
	var rows []struct {
		Group string `db:"concurrency_group"`
		Task  string
	}
	query := `SELECT concurrency_group, task FROM task_concurrency_group` + c.where() + ` ORDER BY concurrency_group, task`
	if err := r.all(&rows, query, c.args...); err != nil {
		return nil, err
	}
	for _, row := range rows {
		tasks[row.Group] = append(tasks[row.Group], row.Task)
	}
	return tasks, nil
}

// ConcurrencyGroups returns the groups whose names contain the query, by name.
func (db *DB) ConcurrencyGroups(ctx context.Context, query string, p page.Request) (page.Of[task.ConcurrencyGroup], error) {
	last, err := after("concurrency_groups", p.Cursor)
	if err != nil {
		return page.Of[task.ConcurrencyGroup]{}, err
	}
	var c conditions
	if query != "" {
		c.contains("name", query)
	}
	var all []task.ConcurrencyGroup
	err = db.snapshot(ctx, func(v view) error {
		if all, err = concurrencyGroups.list(v, c, last, p); err != nil {
			return err
		}
		names := make([]string, len(all))
		for i, g := range all {
			names[i] = g.Name
		}
		tasks, err := readGroupTasks(v, names)
		if err != nil {
			return err
		}
		for i, g := range all {
			all[i].Tasks = tasks[g.Name]
		}
		return nil
	})
	if err != nil {
		return page.Of[task.ConcurrencyGroup]{}, fmt.Errorf("list concurrency groups: %w", err)
	}
	return paged(all, p, "concurrency_groups", func(g task.ConcurrencyGroup) string { return g.Name }), nil
}

// EditConcurrencyGroup applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict. An
// edit that changes nothing leaves the version. edit may be called more than once, on fresh copies.
func (db *DB) EditConcurrencyGroup(ctx context.Context, name string, version int64, now time.Time, edit func(*task.ConcurrencyGroupSpec) error) (task.ConcurrencyGroup, error) {
	return concurrencyGroupEdits.apply(ctx, db, name, version, now, edit)
}

func storeConcurrencyGroup(t *tx, old task.ConcurrencyGroup, g *task.ConcurrencyGroup, now time.Time) error {
	if g.ConcurrencyGroupSpec == old.ConcurrencyGroupSpec {
		return nil
	}
	spec, err := encode(g.ConcurrencyGroupSpec, "concurrency group", g.Name)
	if err != nil {
		return err
	}
	g.Version, g.UpdatedAt = old.Version+1, stored(now)
	if err := concurrencyGroups.update(t, g.Name, spec, old.Version, now); err != nil {
		return err
	}
	return t.recordThing(now, "concurrency_group.edited", g.Name, "")
}

// DeleteConcurrencyGroup removes a group. Conflict, naming them, while tasks name it.
func (db *DB) DeleteConcurrencyGroup(ctx context.Context, name string, version int64, now time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		if err := concurrencyGroups.hold(t, name, version); err != nil {
			return err
		}
		const bound = `SELECT task FROM task_concurrency_group WHERE concurrency_group = ? ORDER BY task LIMIT 4`
		if err := refuseBound(t, bound, name); err != nil {
			return err
		}
		if err := concurrencyGroups.delete(t, name); err != nil {
			return err
		}
		return t.recordThing(now, "concurrency_group.deleted", name, "")
	})
	if err != nil {
		return fmt.Errorf("delete concurrency group %q: %w", name, err)
	}
	return nil
}

// joinConcurrencyGroups makes the task one of those that name the groups, which exist, and of no others.
func joinConcurrencyGroups(t *tx, name string, groups []string) error {
	if _, err := t.exec(`DELETE FROM task_concurrency_group WHERE task = ?`, name); err != nil {
		return err
	}
	for _, group := range groups {
		if _, err := t.exec(`INSERT INTO task_concurrency_group (task, concurrency_group) VALUES (?, ?)`, name, group); err != nil {
			return err
		}
	}
	return nil
}

// checkConcurrencyGroups refuses a group that does not exist, naming its place in the list. On PostgreSQL the groups found
// cannot be deleted before the transaction ends.
func checkConcurrencyGroups(t *tx, groups []string) error {
	query := `SELECT name FROM concurrency_group WHERE name = ?`
	if t.session.dialect == postgres {
		query += ` FOR KEY SHARE`
	}
	for i, group := range groups {
		var name string
		if err := t.scan(query, []any{group}, &name); isNone(err) {
			return fault.Field(fmt.Sprintf("concurrency_groups[%d]", i), "%q does not exist", group)
		} else if err != nil {
			return err
		}
	}
	return nil
}
