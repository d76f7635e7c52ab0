package api

import (
	"context"
	"time"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// TriggerService is about triggers and their occurrences.
type TriggerService interface {
	// Triggers returns triggers by owner and name.
	Triggers(ctx context.Context, f task.TriggerFilter, p page.Request) (page.Of[task.Trigger], error)
	Trigger(ctx context.Context, owner task.Owner, name string) (task.Trigger, error)
	CreateTrigger(ctx context.Context, owner task.Owner, s task.TriggerSpec) (task.Trigger, error)
	EditTrigger(ctx context.Context, owner task.Owner, name string, version int64, edit func(*task.TriggerSpec) error) (task.Trigger, error)
	DeleteTrigger(ctx context.Context, owner task.Owner, name string, version int64) error
	// PauseTrigger and ResumeTrigger change one trigger for the caller named by. The reason may be empty.
	PauseTrigger(ctx context.Context, owner task.Owner, name, reason, by string) (task.Trigger, error)
	ResumeTrigger(ctx context.Context, owner task.Owner, name, by string) (task.Trigger, error)
	// PauseTriggers holds up all triggers of an owner or, with the zero owner, all there are; ResumeTriggers ends that.
	PauseTriggers(ctx context.Context, owner task.Owner, reason, by string) error
	ResumeTriggers(ctx context.Context, owner task.Owner, by string) error
	// Pauses returns the pauses of owners, and that of all with the zero owner.
	Pauses(ctx context.Context) (map[task.Owner]task.Pause, error)
	// Preview says what becomes of the times of a trigger, which need not be stored, at from (now, where that is zero) and
	// later, until count of them are due.
	Preview(ctx context.Context, owner task.Owner, s task.TriggerSpec, from time.Time, count int) ([]task.Preview, error)
	// Occurrences returns what became of due instants, newest first.
	Occurrences(ctx context.Context, f task.OccurrenceFilter, p page.Request) (page.Of[task.Occurrence], error)
	// Forecast returns occurrences that are still to come before until, soonest first.
	Forecast(ctx context.Context, f task.TriggerFilter, until time.Time, limit int) ([]task.Forecast, error)
}

// CalendarService is about calendars.
type CalendarService interface {
	Calendars(ctx context.Context, query string, p page.Request) (page.Of[task.Calendar], error)
	Calendar(ctx context.Context, name string) (task.Calendar, error)
	CreateCalendar(ctx context.Context, s task.CalendarSpec) (task.Calendar, error)
	EditCalendar(ctx context.Context, name string, version int64, edit func(*task.CalendarSpec) error) (task.Calendar, error)
	DeleteCalendar(ctx context.Context, name string, version int64) error
	// CalendarDays says what a calendar allows on each day from from (inclusive) to to (exclusive).
	CalendarDays(ctx context.Context, name string, from, to time.Time) ([]task.CalendarDay, error)
}
