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

var (
	calendars     = documents[task.Calendar]{table: "calendar", noun: "calendar", of: calendarOf}
	calendarEdits = edits[task.Calendar, task.CalendarSpec]{
		noun: "calendar", read: calendars.read, store: storeCalendar,
		of: func(c *task.Calendar) (*task.CalendarSpec, string, int64) { return &c.CalendarSpec, c.Name, c.Version },
	}
)

func calendarOf(row documentRow) (task.Calendar, error) {
	c := task.Calendar{Version: row.Version, CreatedAt: instant(row.CreatedAt), UpdatedAt: instant(row.UpdatedAt)}
	return c, decode(row.Spec, &c.CalendarSpec, "calendar", row.Name)
}

// CreateCalendar stores a calendar. Conflict for a name that is taken.
func (db *DB) CreateCalendar(ctx context.Context, s task.CalendarSpec, now time.Time) (task.Calendar, error) {
	spec, err := encode(s, "calendar", s.Name)
	if err != nil {
		return task.Calendar{}, err
	}
	err = db.update(ctx, func(t *tx) error {
		if err := calendars.insert(t, s.Name, spec, now); err != nil {
			return err
		}
		return t.recordThing(now, "calendar.created", s.Name, "")
	})
	if err != nil {
		return task.Calendar{}, fmt.Errorf("create calendar %q: %w", s.Name, err)
	}
	return task.Calendar{CalendarSpec: s, Version: 1, CreatedAt: stored(now), UpdatedAt: stored(now)}, nil
}

// Calendar returns the calendar with that name, or fault.NotFound.
func (db *DB) Calendar(ctx context.Context, name string) (task.Calendar, error) {
	c, err := calendars.read(db.view(ctx), name, "")
	if err != nil {
		return task.Calendar{}, fmt.Errorf("read calendar: %w", err)
	}
	return c, nil
}

// Calendars returns calendars whose name contains the query, by name.
func (db *DB) Calendars(ctx context.Context, query string, p page.Request) (page.Of[task.Calendar], error) {
	last, err := after("calendars", p.Cursor)
	if err != nil {
		return page.Of[task.Calendar]{}, err
	}
	var c conditions
	if query != "" {
		c.contains("name", query)
	}
	all, err := calendars.list(db.view(ctx), c, last, p)
	if err != nil {
		return page.Of[task.Calendar]{}, fmt.Errorf("list calendars: %w", err)
	}
	return paged(all, p, "calendars", func(c task.Calendar) string { return c.Name }), nil
}

// EditCalendar applies edit in one transaction, and settles anew when the triggers that use the calendar are due. If
// version is not 0 it must be the stored one, else Conflict. An edit that changes nothing leaves the version.
func (db *DB) EditCalendar(ctx context.Context, name string, version int64, now time.Time, edit func(*task.CalendarSpec) error) (task.Calendar, error) {
	return calendarEdits.apply(ctx, db, name, version, now, edit)
}

func storeCalendar(t *tx, old task.Calendar, edited *task.Calendar, now time.Time) error {
	before, err := encode(old.CalendarSpec, "calendar", old.Name)
	if err != nil {
		return err
	}
	spec, err := encode(edited.CalendarSpec, "calendar", old.Name)
	if err != nil || spec == before {
		return err
	}
	edited.Version, edited.UpdatedAt = old.Version+1, stored(now)
	if err := calendars.update(t, old.Name, spec, old.Version, now); err != nil {
		return err
	}
	users, err := triggersOf(t, `SELECT `+triggerColumns+` FROM trigger t WHERE calendar = ?`, old.Name)
	if err != nil {
		return err
	}
	for _, tr := range users {
		if err := settleDue(t, &tr, now); err != nil {
			return fmt.Errorf("settle trigger %s of %s: %w", tr.Name, tr.Owner, err)
		}
		if err := t.setDue(tr); err != nil {
			return err
		}
	}
	return t.recordThing(now, "calendar.edited", old.Name, "")
}

// DeleteCalendar removes a calendar. Conflict, naming them, while triggers use it.
func (db *DB) DeleteCalendar(ctx context.Context, name string, version int64, now time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		if err := calendars.hold(t, name, version); err != nil {
			return err
		}
		users, err := triggersOf(t, `SELECT `+triggerColumns+` FROM trigger t WHERE calendar = ? ORDER BY owner, name LIMIT 6`, name)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return fmt.Errorf("it is used by %s: %w", usersWord(users), fault.Conflict)
		}
		if err := calendars.delete(t, name); err != nil {
			return err
		}
		return t.recordThing(now, "calendar.deleted", name, "")
	})
	if err != nil {
		return fmt.Errorf("delete calendar %q: %w", name, err)
	}
	return nil
}

// usersWord names triggers, at most five of them.
func usersWord(users []task.Trigger) string {
	var words []string
	for i, tr := range users {
		if i == 5 {
			words = append(words, "others")
			break
		}
		words = append(words, fmt.Sprintf("trigger %s of %s", tr.Name, tr.Owner))
	}
	return strings.Join(words, ", ")
}
