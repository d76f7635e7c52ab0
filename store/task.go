package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

var (
	tasks     = documents[task.Task]{table: "task", noun: "task", of: storedTask}
	taskEdits = edits[task.Task, task.Spec]{
		noun: "task", read: tasks.read, store: storeTask,
		of: func(t *task.Task) (*task.Spec, string, int64) { return &t.Spec, t.Name, t.Version },
	}
)

func storedTask(row documentRow) (task.Task, error) {
	t := task.Task{Version: row.Version, CreatedAt: instant(row.CreatedAt), UpdatedAt: instant(row.UpdatedAt)}
	return t, decode(row.Spec, &t.Spec, "task", row.Name)
}

// CreateTask stores a task. Conflict for a name that is taken; a target that does not exist is refused with a field
// error.
func (db *DB) CreateTask(ctx context.Context, s task.Spec, now time.Time) (task.Task, error) {
	return db.CreateTaskWithTriggers(ctx, s, nil, now)
}

// CreateTaskWithTriggers stores a task and its triggers, or nothing of them. What is refused of a trigger is told under
// triggers[i].
func (db *DB) CreateTaskWithTriggers(ctx context.Context, s task.Spec, triggers []task.TriggerSpec, now time.Time) (task.Task, error) {
	spec, err := encode(s, "task", s.Name)
	if err != nil {
		return task.Task{}, err
	}
	err = db.update(ctx, func(t *tx) error {
		if err := insertTask(t, s, spec, now); err != nil {
			return err
		}
		return insertTriggers(t, task.TaskOwner(s.Name), triggers, now)
	})
	if err != nil {
		return task.Task{}, fmt.Errorf("create task %q: %w", s.Name, err)
	}
	return task.Task{Spec: s, Version: 1, CreatedAt: stored(now), UpdatedAt: stored(now)}, nil
}

func insertTask(t *tx, s task.Spec, spec string, now time.Time) error {
	if err := checkTarget(t, s.Target); err != nil {
		return err
	}
	if err := checkConcurrencyGroups(t, s.ConcurrencyGroups); err != nil {
		return err
	}
	const insert = `
		INSERT INTO task (name, spec, virtual_server, server, version, created_at, updated_at)
		VALUES (?, ?, ?, ?, 1, ?, ?) ON CONFLICT (name) DO NOTHING`
	n, err := t.exec(insert, s.Name, spec, orNil(s.Target.VirtualServer), orNil(s.Target.Server), micros(now), micros(now))
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("the name is taken: %w", fault.Conflict)
	}
	if err := joinConcurrencyGroups(t, s.Name, s.ConcurrencyGroups); err != nil {
		return err
	}
	if err := nameArchive(t, s.Name, nil, s.Job.Archive); err != nil {
		return err
	}
	return t.recordTask(now, "task.created", s.Name)
}

// recordTask appends an event about a task that was changed. The event is found by its subject and by its task.
func (t *tx) recordTask(now time.Time, kind, name string) error {
	t.tasksChanged = true
	return t.record(eventRow{at: micros(now), kind: kind, subject: name, task: name})
}

// checkTarget refuses a target that does not exist. On PostgreSQL what was found cannot be deleted before the
// transaction ends.
func checkTarget(t *tx, target task.Target) error {
	lock := ""
	if t.session.dialect == postgres {
		lock = " FOR KEY SHARE"
	}
	var name string
	switch {
	case (target.VirtualServer == "") == (target.Server == ""):
		return fault.Field("target", "must name either a virtual server or a server")
	case target.VirtualServer != "":
		err := t.scan(`SELECT name FROM virtual_server WHERE name = ?`+lock, []any{target.VirtualServer}, &name)
		if isNone(err) {
			return fault.Field("target.virtual_server", "%q does not exist", target.VirtualServer)
		}
		return err
	}
	err := t.scan(`SELECT name FROM server WHERE name = ?`+lock, []any{target.Server}, &name)
	if isNone(err) {
		return fault.Field("target.server", "%q does not exist", target.Server)
	}
	return err
}

// Task returns the task with that name, or fault.NotFound. What its maps and slices hold must not be changed: others may
// have been given the same.
func (db *DB) Task(ctx context.Context, name string) (task.Task, error) {
	t, found, changes := db.tasks.get(name)
	if found {
		return t, nil
	}
	t, err := tasks.read(db.view(ctx), name, "")
	if err != nil {
		return task.Task{}, fmt.Errorf("read task: %w", err)
	}
	db.tasks.put(t, changes)
	return t, nil
}

// Tasks returns tasks by name.
func (db *DB) Tasks(ctx context.Context, f task.Filter, p page.Request) (page.Of[task.Task], error) {
	last, err := after("tasks", p.Cursor)
	if err != nil {
		return page.Of[task.Task]{}, err
	}
	var c conditions
	if f.Query != "" {
		c.contains("name", f.Query)
	}
	if f.VirtualServer != "" {
		c.add("virtual_server = ?", f.VirtualServer)
	}
	if f.Server != "" {
		c.add("server = ?", f.Server)
	}
	all, err := tasks.list(db.view(ctx), c, last, p)
	if err != nil {
		return page.Of[task.Task]{}, fmt.Errorf("list tasks: %w", err)
	}
	return paged(all, p, "tasks", func(t task.Task) string { return t.Name }), nil
}

// EditTask applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict. An edit that
// changes nothing leaves the version. edit may be called more than once, on fresh copies.
func (db *DB) EditTask(ctx context.Context, name string, version int64, now time.Time, edit func(*task.Spec) error) (task.Task, error) {
	return taskEdits.apply(ctx, db, name, version, now, edit)
}

func storeTask(t *tx, old task.Task, edited *task.Task, now time.Time) error {
	before, err := encode(old.Spec, "task", old.Name)
	if err != nil {
		return err
	}
	spec, err := encode(edited.Spec, "task", edited.Name)
	if err != nil {
		return err
	}
	if spec == before {
		return nil
	}
	if err := checkTarget(t, edited.Target); err != nil {
		return err
	}
	if err := limitTask(t, old.Spec, edited.Spec); err != nil {
		return err
	}
	if err := nameArchive(t, edited.Name, old.Job.Archive, edited.Job.Archive); err != nil {
		return err
	}
	edited.Version, edited.UpdatedAt = old.Version+1, stored(now)
	const update = `
		UPDATE task SET spec = ?, virtual_server = ?, server = ?, version = ?, updated_at = ?
		WHERE name = ? AND version = ?`
	n, err := t.exec(update, spec, orNil(edited.Target.VirtualServer), orNil(edited.Target.Server), edited.Version,
		micros(now), edited.Name, old.Version)
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("it was changed meanwhile: %w", fault.Conflict)
	}
	return t.recordTask(now, "task.edited", edited.Name)
}

// limitTask brings what is stored beside a task's spec up to its limits: the groups that it names, and that its open runs
// are counted where a further one is only made if there are few enough.
func limitTask(t *tx, old, edited task.Spec) error {
	if !slices.Equal(old.ConcurrencyGroups, edited.ConcurrencyGroups) {
		if err := checkConcurrencyGroups(t, edited.ConcurrencyGroups); err != nil {
			return err
		}
		if err := joinConcurrencyGroups(t, edited.Name, edited.ConcurrencyGroups); err != nil {
			return err
		}
	}
	if edited.NeedsAdmission() && !old.NeedsAdmission() {
		if _, err := t.exec(countOpenRuns, edited.Name); err != nil {
			return err
		}
	}
	return nil
}

// openRunsOf looks at the open runs of all tasks, which are few: the expression keeps the index of the task's runs, of
// which there may be very many, from being chosen.
const openRunsOf = `
	SELECT count(*) FROM run
	WHERE state IN ('queued', 'starting', 'running', 'unknown', 'stopping') AND task || '' = ?`

// DeleteTask removes a task; its runs stay. Conflict while one of them is not final, or a plan runs the task.
func (db *DB) DeleteTask(ctx context.Context, name string, version int64, now time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		if err := tasks.hold(t, name, version); err != nil {
			return err
		}
		var open int
		if err := t.get(&open, openRunsOf, name); err != nil {
			return err
		}
		if open > 0 {
			return fmt.Errorf("%d of its runs have not ended: %w", open, fault.Conflict)
		}
		if err := checkUnplanned(t, name); err != nil {
			return err
		}
		if err := refuseFollowed(t, name); err != nil {
			return err
		}
		for _, statement := range []string{`DELETE FROM usage WHERE task = ?`, `DELETE FROM task WHERE name = ?`} {
			if _, err := t.exec(statement, name); err != nil {
				return err
			}
		}
		if err := t.deleteTriggers(task.TaskOwner(name)); err != nil {
			return err
		}
		return t.recordTask(now, "task.deleted", name)
	})
	if err != nil {
		return fmt.Errorf("delete task %q: %w", name, err)
	}
	return nil
}
