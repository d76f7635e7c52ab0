package api

import (
	"context"
	"net/http"
	"time"

	"github.com/segno-jobs/segno/api/strictjson"
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

func (s *Server) createCalendar(c *call) (answer, error) {
	var spec task.CalendarSpec
	if err := c.read(&spec); err != nil {
		return answer{}, err
	}
	if err := spec.Validate(); err != nil {
		return answer{}, err
	}
	cal, err := s.service.CreateCalendar(c.ctx(), spec)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: wire.CalendarOf(cal), version: cal.Version, location: location("calendars", cal.Name)}, nil
}

func (s *Server) getCalendar(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	return oneCalendar(s.service.Calendar(c.ctx(), name))
}

func oneCalendar(cal task.Calendar, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return versioned(wire.CalendarOf(cal), cal.Version)
}

func (s *Server) patchCalendar(c *call) (answer, error) {
	e, err := readEdit[task.CalendarSpec](c)
	if err != nil {
		return answer{}, err
	}
	cal, err := s.service.EditCalendar(c.ctx(), e.name, e.version, func(stored *task.CalendarSpec) error {
		after, err := strictjson.Merge(*stored, task.CalendarSpec{}, e.patch)
		if err != nil {
			return err
		}
		if err := keepsName(stored.Name, after.Name); err != nil {
			return err
		}
		*stored = after
		return after.Validate()
	})
	return oneCalendar(cal, edited(err, e.version, s.calendarVersion(c, e.name)))
}

func (s *Server) deleteCalendar(c *call) (answer, error) {
	return deleted(c, s.service.DeleteCalendar, s.calendarVersion)
}

func (s *Server) calendarVersion(c *call, name string) func() (int64, error) {
	return func() (int64, error) {
		cal, err := s.service.Calendar(c.ctx(), name)
		return cal.Version, err
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
