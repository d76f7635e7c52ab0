package store

import (
	"fmt"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// chainLock is the advisory lock under which PostgreSQL's chains are changed: two triggers that are made at the same time
// could close a loop together that neither closes alone.
const chainLock = 0x5e6_0c4a1

// checkEventTrigger refuses a trigger that waits for what does not exist, or for the end of what it leads to itself.
func checkEventTrigger(t *tx, owner task.Owner, s task.TriggerSpec) error {
	switch {
	case s.File != nil && s.File.Server != "":
		return t.mustExist("server", s.File.Server, "file.server")
	case s.File != nil:
		return t.mustExist("virtual_server", s.File.VirtualServer, "file.virtual_server")
	case s.After != nil:
		if err := t.mustExist("task", s.After.Task, "after.task"); err != nil {
			return err
		}
		return checkChain(t, owner, s)
	}
	return nil
}

// mustExist returns a field error unless a table has a row of the name.
func (t *tx) mustExist(table, name, field string) error {
	var found string
	err := t.scan(`SELECT name FROM `+table+` WHERE name = ?`, []any{name}, &found)
	if isNone(err) {
		return fault.Field(field, "%q does not exist", name)
	}
	return err
}

// checkChain refuses a loop. A plan ends no run of its own task, so that it closes none.
func checkChain(t *tx, owner task.Owner, s task.TriggerSpec) error {
	if owner.Kind != task.OwnerTask {
		return nil
	}
	if t.session.dialect == postgres {
		if _, err := t.exec(`SELECT pg_advisory_xact_lock(?)`, int64(chainLock)); err != nil {
			return err
		}
	}
	var rows []struct {
		Owner     string
		AfterTask string `db:"after_task"`
	}
	const query = `SELECT owner, after_task FROM trigger_after WHERE owner_kind = 'task' AND NOT (owner = ? AND trigger_name = ?)`
	if err := t.all(&rows, query, owner.Name, s.Name); err != nil {
		return err
	}
	links := make([]task.Link, len(rows))
	for i, row := range rows {
		links[i] = task.Link{From: row.AfterTask, To: row.Owner}
	}
	return task.CheckChain(links, task.Link{From: s.After.Task, To: owner.Name})
}

// noteAfter keeps the row by which a trigger that waits for the end of a task is found.
func (t *tx) noteAfter(owner task.Owner, s task.TriggerSpec) error {
	const drop = `DELETE FROM trigger_after WHERE owner_kind = ? AND owner = ? AND trigger_name = ?`
	if _, err := t.exec(drop, string(owner.Kind), owner.Name, s.Name); err != nil || s.After == nil {
		return err
	}
	const insert = `INSERT INTO trigger_after (owner_kind, owner, trigger_name, after_task) VALUES (?, ?, ?, ?)`
	_, err := t.exec(insert, string(owner.Kind), owner.Name, s.Name, s.After.Task)
	return err
}

// refuseWatched returns fault.Conflict, naming them, while there are file triggers on a server or, where that is empty, on a
// virtual server: nobody would look into their folders any more.
func refuseWatched(t *tx, server, group string) error {
	all, err := triggersOf(t, `SELECT `+triggerColumns+` FROM trigger t WHERE kind = 'file' ORDER BY owner_kind, owner, name`)
	if err != nil {
		return err
	}
	var names []string
	for _, tr := range all {
		if tr.File != nil && tr.File.Server == server && tr.File.VirtualServer == group {
			names = append(names, tr.Owner.Name+"/"+tr.Name)
		}
	}
	return refuseNamed(names, "file triggers are about it")
}

// refuseFollowed returns fault.Conflict, naming them, while triggers of others wait for the end of a task.
func refuseFollowed(t *tx, taskName string) error {
	var rows []struct {
		Owner       string
		TriggerName string `db:"trigger_name"`
	}
	const query = `SELECT owner, trigger_name FROM trigger_after WHERE after_task = ? ORDER BY owner_kind, owner, trigger_name`
	if err := t.all(&rows, query, taskName); err != nil {
		return err
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = row.Owner + "/" + row.TriggerName
	}
	return refuseNamed(names, "triggers wait for its end")
}

func refuseNamed(names []string, why string) error {
	const shown = 3
	switch {
	case len(names) == 0:
		return nil
	case len(names) > shown:
		names = append(names[:shown:shown], fmt.Sprintf("%d more", len(names)-shown))
	}
	return fmt.Errorf("%s: %s: %w", why, strings.Join(names, ", "), fault.Conflict)
}
