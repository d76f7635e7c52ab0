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

const occurrenceColumns = `owner_kind, owner, trigger_name, scheduled_for, event, run, reason, decided_at`

type occurrenceRow struct {
	OwnerKind    string `db:"owner_kind"`
	Owner        string
	TriggerName  string `db:"trigger_name"`
	ScheduledFor int64  `db:"scheduled_for"`
	Event        string
	Run          *string
	Reason       string
	DecidedAt    int64 `db:"decided_at"`
}

func (row occurrenceRow) occurrence() task.Occurrence {
	return task.Occurrence{
		Owner: task.Owner{Kind: task.OwnerKind(row.OwnerKind), Name: row.Owner}, Trigger: row.TriggerName,
		ScheduledFor: instant(row.ScheduledFor), Event: row.Event, Run: task.RunID(orEmpty(row.Run)), Reason: row.Reason,
		DecidedAt: instant(row.DecidedAt),
	}
}

// occurrencesAtOnce are the numbers of occurrences that go into one statement, of which insertOccurrenceRows has the texts.
var (
	occurrencesAtOnce    = [...]int{32, 8, 1}
	insertOccurrenceRows = func() (texts [len(occurrencesAtOnce)]string) {
		const row = "(?, ?, ?, ?, ?, ?, ?, ?)"
		for i, n := range occurrencesAtOnce {
			texts[i] = `INSERT INTO occurrence (` + occurrenceColumns + `) VALUES ` + row + strings.Repeat(", "+row, n-1) + ` ON CONFLICT DO NOTHING`
		}
		return texts
	}()
)

// insertOccurrences stores what became of due instants, and returns how many of them had no row yet.
func (t *tx) insertOccurrences(rest []task.Occurrence) (inserted int, err error) {
	for i, most := range occurrencesAtOnce {
		for ; len(rest) >= most; rest = rest[most:] {
			args := make([]any, 0, 8*most)
			for _, o := range rest[:most] {
				args = append(args, string(o.Owner.Kind), o.Owner.Name, o.Trigger, micros(o.ScheduledFor), o.Event, orNil(string(o.Run)),
					clean(o.Reason), micros(o.DecidedAt))
			}
			n, err := t.exec(insertOccurrenceRows[i], args...)
			if err != nil {
				return inserted, err
			}
			inserted += int(n)
		}
	}
	return inserted, nil
}

// insertOccurrence stores what became of a due instant. It returns false where that has a row already.
func (t *tx) insertOccurrence(o task.Occurrence) (bool, error) {
	n, err := t.insertOccurrences([]task.Occurrence{o})
	return n > 0, err
}

// skip stores occurrences of one trigger that have no run, and one event for all of them.
func (t *tx) skip(skipped []task.Occurrence, now time.Time) error {
	stored, err := t.insertOccurrences(skipped)
	if err != nil || stored == 0 {
		return err
	}
	return t.recordSkipped(skipped[len(skipped)-1], stored, now)
}

// recordSkipped appends the event of occurrences of one trigger that have no run, of which last is the newest.
func (t *tx) recordSkipped(last task.Occurrence, count int, now time.Time) error {
	data, err := encode(map[string]any{
		string(last.Owner.Kind): last.Owner.Name, "trigger": last.Trigger, "count": count,
		"scheduled_for": last.ScheduledFor.UTC().Format(time.RFC3339Nano),
	}, "occurrence of", last.Trigger)
	if err != nil {
		return err
	}
	return t.record(eventRow{
		at: micros(now), kind: "occurrence.skipped", subject: last.Trigger, task: taskOf(last.Owner), reason: clean(last.Reason), data: data,
	})
}

// Occurrences returns what became of due instants, newest first.
func (db *DB) Occurrences(ctx context.Context, f task.OccurrenceFilter, p page.Request) (page.Of[task.Occurrence], error) {
	c, err := occurrencesWhere(f, p)
	if err != nil {
		return page.Of[task.Occurrence]{}, err
	}
	const order = ` ORDER BY scheduled_for DESC, owner_kind DESC, owner DESC, trigger_name DESC, event DESC`
	var rows []occurrenceRow
	query := `SELECT ` + occurrenceColumns + ` FROM occurrence` + c.where() + order + fmt.Sprintf(` LIMIT %d`, p.Size()+1)
	if err := db.view(ctx).all(&rows, query, c.args...); err != nil {
		return page.Of[task.Occurrence]{}, fmt.Errorf("list occurrences: %w", err)
	}
	all := make([]task.Occurrence, len(rows))
	for i, row := range rows {
		all[i] = row.occurrence()
	}
	return paged(all, p, "occurrences", occurrenceKey), nil
}

// keyMark stands between the parts of a cursor's key. Names do not have it.
const keyMark = "\x1f"

func occurrenceKey(o task.Occurrence) string {
	return strings.Join([]string{fmt.Sprint(micros(o.ScheduledFor)), string(o.Owner.Kind), o.Owner.Name, o.Trigger, o.Event}, keyMark)
}

func occurrencesWhere(f task.OccurrenceFilter, p page.Request) (c conditions, err error) {
	last, err := after("occurrences", p.Cursor)
	if err != nil {
		return c, err
	}
	if f.Owner != (task.Owner{}) {
		c.add("owner_kind = ?", string(f.Owner.Kind))
		c.add("owner = ?", f.Owner.Name)
	}
	if f.Trigger != "" {
		c.add("trigger_name = ?", f.Trigger)
	}
	if f.Skipped {
		c.add("run IS NULL")
	}
	if !f.Since.IsZero() {
		c.add("scheduled_for >= ?", micros(f.Since))
	}
	if !f.Until.IsZero() {
		c.add("scheduled_for < ?", micros(f.Until))
	}
	if last == "" {
		return c, nil
	}
	parts := strings.SplitN(last, keyMark, 5)
	var at int64
	if len(parts) == 5 {
		_, err = fmt.Sscanf(parts[0], "%d", &at)
	}
	if len(parts) != 5 || err != nil {
		return c, fault.Field("cursor", "is not one that this list has given")
	}
	c.add("(scheduled_for, owner_kind, owner, trigger_name, event) < (?, ?, ?, ?, ?)", at, parts[1], parts[2], parts[3], parts[4])
	return c, nil
}
