package conductor

import (
	"context"
	"time"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// Calendars returns calendars whose name contains the query, by name.
func (c *Conductor) Calendars(ctx context.Context, query string, p page.Request) (page.Of[task.Calendar], error) {
	s, err := c.triggers()
	if err != nil {
		return page.Of[task.Calendar]{}, err
	}
	return s.Calendars(ctx, query, p)
}

// Calendar returns a calendar.
func (c *Conductor) Calendar(ctx context.Context, name string) (task.Calendar, error) {
	s, err := c.triggers()
	if err != nil {
		return task.Calendar{}, err
	}
	return s.Calendar(ctx, name)
}

// CreateCalendar stores a new calendar.
func (c *Conductor) CreateCalendar(ctx context.Context, spec task.CalendarSpec) (task.Calendar, error) {
	if err := spec.Validate(); err != nil {
		return task.Calendar{}, err
	}
	return c.changeCalendar(func(s TriggerStore, now time.Time) (task.Calendar, error) {
		return s.CreateCalendar(ctx, spec, now)
	})
}

// EditCalendar changes a calendar. The triggers that use it follow it from now on.
func (c *Conductor) EditCalendar(ctx context.Context, name string, version int64, edit func(*task.CalendarSpec) error) (task.Calendar, error) {
	return c.changeCalendar(func(s TriggerStore, now time.Time) (task.Calendar, error) {
		return s.EditCalendar(ctx, name, version, now, func(spec *task.CalendarSpec) error {
			if err := edit(spec); err != nil {
				return err
			}
			return spec.Validate()
		})
	})
}

// DeleteCalendar removes a calendar that no trigger uses.
func (c *Conductor) DeleteCalendar(ctx context.Context, name string, version int64) error {
	return c.changeTriggers(func(s TriggerStore, now time.Time) error { return s.DeleteCalendar(ctx, name, version, now) })
}

// CalendarDays says what a calendar allows on each day from from (inclusive) to to (exclusive).
func (c *Conductor) CalendarDays(ctx context.Context, name string, from, to time.Time) ([]task.CalendarDay, error) {
	cal, err := c.Calendar(ctx, name)
	if err != nil {
		return nil, err
	}
	return cal.Days(from, to)
}

func (c *Conductor) changeCalendar(change func(TriggerStore, time.Time) (task.Calendar, error)) (cal task.Calendar, err error) {
	err = c.changeTriggers(func(s TriggerStore, now time.Time) error {
		cal, err = change(s, now)
		return err
	})
	return cal, err
}
