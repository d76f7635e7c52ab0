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
	from, to, err := s.stretchOfDays(c)
	if err != nil {
		return answer{}, err
	}
	return listedDays(s.service.CalendarDays(c.ctx(), name, from, to))
}

// previewCalendar is POST /calendars/preview: what a calendar that is not stored would allow.
func (s *Server) previewCalendar(c *call) (answer, error) {
	var spec task.CalendarSpec
	if err := c.read(&spec); err != nil {
		return answer{}, err
	}
	if spec.Name == "" {
		spec.Name = "unnamed"
	}
	if err := spec.Validate(); err != nil {
		return answer{}, err
	}
	from, to, err := s.stretchOfDays(c)
	if err != nil {
		return answer{}, err
	}
	return listedDays(task.Calendar{CalendarSpec: spec}.Days(from, to))
}

// stretchOfDays returns the days that a query asks for, by default a year from today.
func (s *Server) stretchOfDays(c *call) (from, to time.Time, err error) {
	from, to = c.query.instant("from"), c.query.instant("to")
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
	return from, to, c.query.err()
}

func listedDays(days []task.CalendarDay, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return ok(wire.PageOf(page.Of[task.CalendarDay]{Items: days}, wire.CalendarDayOf))
}
