package api

import (
	"context"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

func (s *Server) listCalendars(c *call) (answer, error) {
	query := c.query.text("q")
	return listed(c, wire.CalendarOf, func(ctx context.Context, p page.Request) (page.Of[task.Calendar], error) {
		return s.service.Calendars(ctx, query, p)
	})
}

func (s *Server) calendars() documents[task.CalendarSpec, task.Calendar] {
	return documents[task.CalendarSpec, task.Calendar]{
		collection: "calendars",
		name:       func(d task.CalendarSpec) string { return d.Name },
		parts:      func(v task.Calendar) (task.CalendarSpec, int64) { return v.CalendarSpec, v.Version },
		body:       body(wire.CalendarOf),
		store:      s.service.CreateCalendar,
		load:       s.service.Calendar,
		change:     s.service.EditCalendar,
		withdraw:   s.service.DeleteCalendar,
	}
}

// calendarDays is GET /calendars/{name}/days.
func (s *Server) calendarDays(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	from, to := c.query.instant("from"), c.query.instant("to")
	if from.IsZero() {
		from = s.now()
	}
	if to.IsZero() {
		to = from.AddDate(1, 0, 0)
	}
	switch {
	case !from.Before(to):
		c.query.refuse("to", "must be after from")
	case to.Sub(from) > task.MaxCalendarDays*24*time.Hour:
		c.query.refuse("to", "must be at most %d days after from", task.MaxCalendarDays)
	}
	if err := c.query.err(); err != nil {
		return answer{}, err
	}
	days, err := s.service.CalendarDays(c.ctx(), name, from, to)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.PageOf(page.Of[task.CalendarDay]{Items: days}, wire.CalendarDayOf))
}
