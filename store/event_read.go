package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

const (
	eventColumns = `id, at, kind, subject, task, attempt, from_state, to_state, reason, data`

	// defaultEvents is how many events are returned if the caller does not say, maxEvents the most.
	defaultEvents = 100
	maxEvents     = 1000
)

type storedEventRow struct {
	ID      int64
	At      int64
	Kind    string
	Subject string
	Task    *string
	Attempt int
	From    string `db:"from_state"`
	To      string `db:"to_state"`
	Reason  string
	Data    *string
}

func (row storedEventRow) event() task.Event {
	e := task.Event{
		ID: row.ID, At: instant(row.At), Kind: row.Kind, Subject: row.Subject, Task: orEmpty(row.Task),
		Attempt: row.Attempt, From: task.State(row.From), To: task.State(row.To), Reason: row.Reason,
	}
	if row.Data != nil {
		e.Data = json.RawMessage(*row.Data)
	}
	return e
}

func events(rows []storedEventRow) []task.Event {
	all := make([]task.Event, len(rows))
	for i, row := range rows {
		all[i] = row.event()
	}
	return all
}

// Events returns events in the order of their ids (or newest first where the filter says so), at most limit, 100 for a
// limit of 0 and never more than 1,000. Ids are in the order of the commits on both databases, so an event that is shown
// is never preceded by one that is shown later.
func (db *DB) Events(ctx context.Context, f task.EventFilter, limit int) ([]task.Event, error) {
	if limit <= 0 {
		limit = defaultEvents
	}
	var c conditions
	if f.After > 0 {
		c.add("id > ?", f.After)
	}
	if f.Before > 0 && f.Newest {
		c.add("id < ?", f.Before)
	}
	if f.Subject != "" {
		c.add("subject = ?", f.Subject)
	}
	if f.Task != "" {
		c.add("task = ?", f.Task)
	}
	addKinds(&c, f.Kinds)
	order := "id"
	if f.Newest {
		order = "id DESC"
	}
	query := `SELECT ` + eventColumns + ` FROM event` + c.where() + ` ORDER BY ` + order +
		fmt.Sprintf(` LIMIT %d`, min(limit, maxEvents))
	var rows []storedEventRow
	if err := db.view(ctx).all(&rows, query, c.args...); err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return events(rows), nil
}

// addKinds adds whole kinds, and prefixes that end in a dot: "run." is all from "run." to before "run/".
func addKinds(c *conditions, kinds []string) {
	var parts []string
	var args []any
	for _, k := range kinds {
		if prefix, ok := strings.CutSuffix(k, "."); ok {
			parts = append(parts, "kind >= ? AND kind < ?")
			args = append(args, k, prefix+"/")
			continue
		}
		parts = append(parts, "kind = ?")
		args = append(args, k)
	}
	if len(parts) > 0 {
		c.add("("+strings.Join(parts, " OR ")+")", args...)
	}
}

// RunEvents returns the history of a run, oldest first, or fault.NotFound for a run that does not exist.
func (db *DB) RunEvents(ctx context.Context, id task.RunID, p page.Request) (page.Of[task.Event], error) {
	last, err := afterNumber("run_events", p.Cursor)
	if err != nil {
		return page.Of[task.Event]{}, err
	}
	// Names of other things have no dot after "run", so the kind keeps a task or server of the same name out.
	query := `SELECT ` + eventColumns + ` FROM event
		WHERE subject = ? AND id > ? AND kind >= 'run.' AND kind < 'run/'` + fmt.Sprintf(` ORDER BY id LIMIT %d`, p.Size()+1)
	var rows []storedEventRow
	if err := db.view(ctx).all(&rows, query, string(id), last); err != nil {
		return page.Of[task.Event]{}, fmt.Errorf("read the history of run %s: %w", id, err)
	}
	// A run's history begins with its request, so one without events does not exist, or they were too old to be kept.
	if len(rows) == 0 && last == 0 {
		if err := db.checkRun(ctx, id); err != nil {
			return page.Of[task.Event]{}, fmt.Errorf("read history: %w", err)
		}
	}
	return paged(events(rows), p, "run_events", func(e task.Event) string { return strconv.FormatInt(e.ID, 10) }), nil
}

// checkRun returns fault.NotFound unless there is such a run.
func (db *DB) checkRun(ctx context.Context, id task.RunID) error {
	var found string
	err := db.view(ctx).get(&found, `SELECT id FROM run WHERE id = ?`, string(id))
	if isNone(err) {
		return notFound("run", string(id))
	}
	return err
}

// LastEvent returns the id of the newest event, or 0.
func (db *DB) LastEvent(ctx context.Context) (int64, error) {
	var id int64
	if err := db.view(ctx).get(&id, `SELECT COALESCE(max(id), 0) FROM event`); err != nil {
		return 0, fmt.Errorf("read the newest event: %w", err)
	}
	return id, nil
}
