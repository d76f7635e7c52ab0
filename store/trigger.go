package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// CreateTrigger stores a trigger of a task or a plan. NotFound without the owner, Conflict for a name that is taken; a
// calendar that does not exist and parameters that the task does not have are refused with field errors.
func (db *DB) CreateTrigger(ctx context.Context, owner task.Owner, s task.TriggerSpec, now time.Time) (task.Trigger, error) {
	created := task.Trigger{TriggerSpec: s, Owner: owner, Version: 1, CreatedAt: stored(now), UpdatedAt: stored(now)}
	err := db.update(ctx, func(t *tx) error {
		if err := checkTrigger(t, owner, s); err != nil {
			return err
		}
		var count int
		if err := t.get(&count, `SELECT count(*) FROM trigger WHERE owner_kind = ? AND owner = ?`, string(owner.Kind), owner.Name); err != nil {
			return err
		}
		if count >= task.MaxTriggers {
			return fmt.Errorf("%s has %d triggers already: %w", owner, count, fault.Conflict)
		}
		return insertTrigger(t, &created, now)
	})
	if err != nil {
		return task.Trigger{}, fmt.Errorf("create trigger %q of %s: %w", s.Name, owner, err)
	}
	return created, nil
}

// insertTriggers stores the triggers that a task or plan is created with.
func insertTriggers(t *tx, owner task.Owner, triggers []task.TriggerSpec, now time.Time) error {
	for i, s := range triggers {
		err := checkTrigger(t, owner, s)
		if err == nil {
			err = insertTrigger(t, &task.Trigger{TriggerSpec: s, Owner: owner}, now)
		}
		if err != nil {
			return fault.Under(fmt.Sprintf("triggers[%d]", i), err)
		}
	}
	return nil
}

func insertTrigger(t *tx, created *task.Trigger, now time.Time) error {
	if err := hold(t, created, now); err != nil {
		return err
	}
	if err := settleDue(t, created, now); err != nil {
		return err
	}
	spec, err := encode(created.TriggerSpec, "trigger", created.Name)
	if err != nil {
		return err
	}
	const insert = `
		INSERT INTO trigger (owner_kind, owner, name, kind, spec, calendar, next, due, pause_reason, paused_by, paused_at,
			version, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '', NULL, 1, ?, ?) ON CONFLICT (owner_kind, owner, name) DO NOTHING`
	n, err := t.exec(insert, string(created.Owner.Kind), created.Owner.Name, created.Name, string(created.Kind()), spec,
		orNil(created.Calendar), microsOrNil(created.Next), microsOrNil(created.DueAt), micros(now), micros(now))
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("the name is taken: %w", fault.Conflict)
	}
	if err := t.noteAfter(created.Owner, created.TriggerSpec); err != nil {
		return err
	}
	return t.recordTrigger(now, "trigger.created", created.Owner, created.Name, "")
}

// hold sets the pause of a trigger whose document has changed.
func hold(t *tx, tr *task.Trigger, now time.Time) error {
	if tr.Paused {
		if tr.Pause == nil || tr.Pause.Level != task.PauseTrigger {
			tr.Pause = &task.Pause{Level: task.PauseTrigger, At: stored(now)}
		}
		return nil
	}
	if err := t.sharePauses(tr.Owner); err != nil {
		return err
	}
	held, err := readPauses(t)
	tr.Pause = held.of(tr.Owner)
	return err
}

// checkTrigger refuses a trigger whose owner, calendar or parameters do not exist.
func checkTrigger(t *tx, owner task.Owner, s task.TriggerSpec) error {
	lock := ""
	if t.session.dialect == postgres {
		lock = " FOR KEY SHARE"
	}
	switch owner.Kind {
	case task.OwnerTask:
		of, err := tasks.read(t, owner.Name, lock)
		if err != nil {
			return err
		}
		if _, err := task.Fill(of.Spec, s.Params); err != nil {
			return err
		}
	case task.OwnerPlan:
		of, err := plans.read(t, owner.Name, lock)
		if err != nil {
			return err
		}
		if _, err := of.MergeParams(s.Params); err != nil {
			return err
		}
	default:
		return notFound(string(owner.Kind), owner.Name)
	}
	if err := checkEventTrigger(t, owner, s); err != nil {
		return err
	}
	if s.Calendar == "" {
		return nil
	}
	var name string
	err := t.scan(`SELECT name FROM calendar WHERE name = ?`+lock, []any{s.Calendar}, &name)
	if isNone(err) {
		return fault.Field("calendar", "%q does not exist", s.Calendar)
	}
	return err
}

// Trigger returns a trigger with its newest occurrence, or fault.NotFound.
func (db *DB) Trigger(ctx context.Context, owner task.Owner, name string) (tr task.Trigger, err error) {
	err = db.snapshot(ctx, func(v view) error {
		if tr, err = readTrigger(v, owner, name, ""); err != nil {
			return err
		}
		tr.Last, err = lastOccurrence(v, owner, name)
		return err
	})
	if err != nil {
		return task.Trigger{}, fmt.Errorf("read trigger of %s: %w", owner, err)
	}
	return tr, nil
}

// Triggers returns triggers by owner and name, each with its newest occurrence.
func (db *DB) Triggers(ctx context.Context, f task.TriggerFilter, p page.Request) (page.Of[task.Trigger], error) {
	last, err := after("triggers", p.Cursor)
	if err != nil {
		return page.Of[task.Trigger]{}, err
	}
	var c conditions
	if last != "" {
		parts := strings.SplitN(last, "/", 3)
		if len(parts) != 3 {
			return page.Of[task.Trigger]{}, fault.Field("cursor", "is not one that this list has given")
		}
		c.add("(owner_kind, owner, name) > (?, ?, ?)", parts[0], parts[1], parts[2])
	}
	if f.Owner != (task.Owner{}) {
		c.add("owner_kind = ?", string(f.Owner.Kind))
		c.add("owner = ?", f.Owner.Name)
	}
	if f.Kind != "" {
		c.add("kind = ?", string(f.Kind))
	}
	if f.Calendar != "" {
		c.add("calendar = ?", f.Calendar)
	}
	if f.Paused {
		c.add(db.dialect.paused())
	}
	var all []task.Trigger
	err = db.snapshot(ctx, func(v view) error {
		query := `SELECT ` + triggerColumns + ` FROM trigger t` + c.where() + fmt.Sprintf(` ORDER BY owner_kind, owner, name LIMIT %d`, p.Size()+1)
		if all, err = triggersOf(v, query, c.args...); err != nil {
			return err
		}
		for i := range all {
			if all[i].Last, err = lastOccurrence(v, all[i].Owner, all[i].Name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return page.Of[task.Trigger]{}, fmt.Errorf("list triggers: %w", err)
	}
	key := func(t task.Trigger) string { return string(t.Owner.Kind) + "/" + t.Owner.Name + "/" + t.Name }
	return paged(all, p, "triggers", key), nil
}

// triggersOf returns the triggers that a query of triggerColumns finds.
func triggersOf(r reader, query string, args ...any) ([]task.Trigger, error) {
	held, err := readPauses(r)
	if err != nil {
		return nil, err
	}
	var rows []triggerRow
	if err := r.all(&rows, query, args...); err != nil {
		return nil, err
	}
	all := make([]task.Trigger, len(rows))
	for i, row := range rows {
		if all[i], err = row.trigger(held); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// EditTrigger applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict. An edit that
// changes nothing leaves the version. edit may be called more than once, on fresh copies.
func (db *DB) EditTrigger(ctx context.Context, owner task.Owner, name string, version int64, now time.Time, edit func(*task.TriggerSpec) error) (edited task.Trigger, err error) {
	err = db.update(ctx, func(t *tx) error {
		edited, err = editTrigger(t, owner, name, version, now, "trigger.edited", task.Pause{}, edit)
		return err
	})
	if err != nil {
		return task.Trigger{}, fmt.Errorf("edit trigger %q of %s: %w", name, owner, err)
	}
	return edited, nil
}

// PauseTrigger keeps a trigger from being due. One that is paused stays as it is.
func (db *DB) PauseTrigger(ctx context.Context, owner task.Owner, name, reason, by string, now time.Time) (task.Trigger, error) {
	pause := task.Pause{Level: task.PauseTrigger, Reason: reason, By: by, At: stored(now)}
	return db.setPaused(ctx, owner, name, now, "trigger.paused", pause, true)
}

// ResumeTrigger ends the pause of a trigger. One that is not paused by itself stays as it is.
func (db *DB) ResumeTrigger(ctx context.Context, owner task.Owner, name, by string, now time.Time) (task.Trigger, error) {
	return db.setPaused(ctx, owner, name, now, "trigger.resumed", task.Pause{By: by}, false)
}

func (db *DB) setPaused(ctx context.Context, owner task.Owner, name string, now time.Time, kind string, p task.Pause, paused bool) (edited task.Trigger, err error) {
	err = db.update(ctx, func(t *tx) error {
		edited, err = editTrigger(t, owner, name, 0, now, kind, p, func(s *task.TriggerSpec) error { s.Paused = paused; return nil })
		return err
	})
	if err != nil {
		return task.Trigger{}, fmt.Errorf("pause or resume trigger %q of %s: %w", name, owner, err)
	}
	return edited, nil
}

// editTrigger changes the document of a trigger, with the pause that it gets where the edit pauses it.
func editTrigger(t *tx, owner task.Owner, name string, version int64, now time.Time, kind string, pause task.Pause, edit func(*task.TriggerSpec) error) (edited task.Trigger, err error) {
	trigger := edits[task.Trigger, task.TriggerSpec]{
		noun: "trigger",
		read: func(r reader, name, lock string) (task.Trigger, error) { return readTrigger(r, owner, name, lock) },
		of:   func(tr *task.Trigger) (*task.TriggerSpec, string, int64) { return &tr.TriggerSpec, tr.Name, tr.Version },
		store: func(t *tx, old task.Trigger, edited *task.Trigger, now time.Time) error {
			return reviseTrigger(t, old, edited, kind, pause, now)
		},
	}
	return trigger.within(t, name, version, now, edit)
}

// reviseTrigger checks what an edit has made of a trigger, and stores it unless it is as it was.
func reviseTrigger(t *tx, old task.Trigger, edited *task.Trigger, kind string, pause task.Pause, now time.Time) error {
	before, err := encode(old.TriggerSpec, "trigger", old.Name)
	if err != nil {
		return err
	}
	spec, err := encode(edited.TriggerSpec, "trigger", old.Name)
	if err != nil || spec == before {
		return err
	}
	if err := checkTrigger(t, old.Owner, edited.TriggerSpec); err != nil {
		return err
	}
	if edited.Paused && !old.Paused && pause.Level != "" {
		edited.Pause = &pause
	}
	return storeTrigger(t, old, edited, spec, kind, pause, now)
}

func storeTrigger(t *tx, old task.Trigger, edited *task.Trigger, spec, kind string, pause task.Pause, now time.Time) error {
	if err := hold(t, edited, now); err != nil {
		return err
	}
	if edited.Pause != nil || !edited.Kind().Timed() {
		if err := t.giveUp(old, now, "the trigger was paused or changed before this could be acted on"); err != nil {
			return err
		}
	}
	if err := settleDue(t, edited, now); err != nil {
		return err
	}
	edited.Version, edited.UpdatedAt = old.Version+1, stored(now)
	var reason, by string
	var at any
	if p := edited.Pause; p != nil && p.Level == task.PauseTrigger {
		reason, by, at = clean(p.Reason), p.By, micros(p.At)
	}
	const update = `
		UPDATE trigger SET kind = ?, spec = ?, calendar = ?, next = ?, due = ?, pause_reason = ?, paused_by = ?, paused_at = ?,
			version = ?, updated_at = ?
		WHERE owner_kind = ? AND owner = ? AND name = ? AND version = ?`
	n, err := t.exec(update, string(edited.Kind()), spec, orNil(edited.Calendar), microsOrNil(edited.Next), microsOrNil(edited.DueAt),
		reason, by, at, edited.Version, micros(now), string(old.Owner.Kind), old.Owner.Name, old.Name, old.Version)
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("it was changed meanwhile: %w", fault.Conflict)
	}
	if err := t.noteAfter(old.Owner, edited.TriggerSpec); err != nil {
		return err
	}
	return t.recordTrigger(now, kind, old.Owner, old.Name, pause.Reason)
}

// DeleteTrigger removes a trigger; its occurrences stay.
func (db *DB) DeleteTrigger(ctx context.Context, owner task.Owner, name string, version int64, now time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		old, err := readTrigger(t, owner, name, t.session.dialect.locked())
		if err != nil {
			return err
		}
		if err := checkVersion("trigger", name, version, old.Version); err != nil {
			return err
		}
		if err := t.giveUp(old, now, "the trigger was deleted before this could be acted on"); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM trigger WHERE owner_kind = ? AND owner = ? AND name = ?`, string(owner.Kind), owner.Name, name); err != nil {
			return err
		}
		return t.recordTrigger(now, "trigger.deleted", owner, name, "")
	})
	if err != nil {
		return fmt.Errorf("delete trigger %q of %s: %w", name, owner, err)
	}
	return nil
}

// deleteTriggers removes all triggers of an owner that is deleted.
func (t *tx) deleteTriggers(owner task.Owner) error {
	for _, statement := range []string{
		`DELETE FROM trigger WHERE owner_kind = ? AND owner = ?`, `DELETE FROM trigger_pause WHERE owner_kind = ? AND owner = ?`,
	} {
		if _, err := t.exec(statement, string(owner.Kind), owner.Name); err != nil {
			return err
		}
	}
	return nil
}
