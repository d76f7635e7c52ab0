package conductor

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
	"github.com/segno-jobs/segno/virtualserver"
)

// TriggerStore keeps triggers, their occurrences and calendars. With each change it settles anew when the triggers
// concerned are due, in the same transaction, so that the row of a trigger always tells its next occurrence.
type TriggerStore interface {
	CalendarStore
	ArrearsStore

	// CreateTrigger stores a trigger of a task or a plan. NotFound without the owner, Conflict for a name that is taken; a
	// calendar that does not exist is refused with fault.Field("calendar", …).
	CreateTrigger(ctx context.Context, owner task.Owner, s task.TriggerSpec, now time.Time) (task.Trigger, error)
	// CreateTaskWithTriggers and CreatePlanWithTriggers store a task or plan and its triggers in one transaction. What is
	// refused of a trigger is told under triggers[i].
	CreateTaskWithTriggers(ctx context.Context, s task.Spec, triggers []task.TriggerSpec, now time.Time) (task.Task, error)
	CreatePlanWithTriggers(ctx context.Context, s plan.Spec, triggers []task.TriggerSpec, now time.Time) (plan.Plan, error)
	Trigger(ctx context.Context, owner task.Owner, name string) (task.Trigger, error)
	// Triggers returns triggers by owner and name.
	Triggers(ctx context.Context, f task.TriggerFilter, p page.Request) (page.Of[task.Trigger], error)
	// EditTrigger applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict.
	EditTrigger(ctx context.Context, owner task.Owner, name string, version int64, now time.Time, edit func(*task.TriggerSpec) error) (task.Trigger, error)
	// DeleteTrigger removes a trigger; its occurrences stay.
	DeleteTrigger(ctx context.Context, owner task.Owner, name string, version int64, now time.Time) error
	// PauseTrigger and ResumeTrigger change one trigger. Neither minds that it is so already.
	PauseTrigger(ctx context.Context, owner task.Owner, name, reason, by string, now time.Time) (task.Trigger, error)
	ResumeTrigger(ctx context.Context, owner task.Owner, name, by string, now time.Time) (task.Trigger, error)
	// PauseTriggers holds up all triggers of an owner or, with the zero owner, all there are; ResumeTriggers ends that.
	// Triggers that are paused by themselves stay so.
	PauseTriggers(ctx context.Context, owner task.Owner, reason, by string, now time.Time) error
	ResumeTriggers(ctx context.Context, owner task.Owner, by string, now time.Time) error
	// Pauses returns the pauses of owners, and that of all with the zero owner.
	Pauses(ctx context.Context) (map[task.Owner]task.Pause, error)

	// DueTriggers returns up to limit triggers that are due at now, the longest due first, and when the first of the others
	// is due: the zero instant where none is.
	DueTriggers(ctx context.Context, now time.Time, limit int) (due []task.DueTrigger, next time.Time, err error)
	// Fire stores what was decided about due triggers: the occurrences, their runs, and when each trigger is due again, all
	// firings in one transaction. Conflict for a trigger whose Next is not that of the firing any more, and nothing of that
	// firing is stored. An occurrence that has a row keeps it, and its run is not stored.
	//
	// Runs in placed are stored together with their first attempts: queued → starting. Those of fs that were have that state
	// then; Conflict also where the server of one was deleted meanwhile.
	Fire(ctx context.Context, fs []task.Firing, placed map[task.RunID]virtualserver.Assignment, now time.Time) []error
	// Occurrences returns what became of due instants, newest first.
	Occurrences(ctx context.Context, f task.OccurrenceFilter, p page.Request) (page.Of[task.Occurrence], error)
}

// CalendarStore keeps calendars.
type CalendarStore interface {
	CreateCalendar(ctx context.Context, s task.CalendarSpec, now time.Time) (task.Calendar, error)
	Calendar(ctx context.Context, name string) (task.Calendar, error)
	Calendars(ctx context.Context, query string, p page.Request) (page.Of[task.Calendar], error)
	// EditCalendar applies edit in one transaction, and settles anew when the triggers that use the calendar are due.
	EditCalendar(ctx context.Context, name string, version int64, now time.Time, edit func(*task.CalendarSpec) error) (task.Calendar, error)
	// DeleteCalendar removes a calendar. Conflict, naming them, while triggers use it.
	DeleteCalendar(ctx context.Context, name string, version int64, now time.Time) error
}

// triggers returns the store of triggers, or fault.Unavailable where the conductor has none.
func (c *Conductor) triggers() (TriggerStore, error) {
	if c.options.Triggers == nil {
		return nil, fmt.Errorf("this conductor keeps no triggers: %w", fault.Unavailable)
	}
	return c.options.Triggers, nil
}

// Triggers returns triggers by owner and name.
func (c *Conductor) Triggers(ctx context.Context, f task.TriggerFilter, p page.Request) (page.Of[task.Trigger], error) {
	s, err := c.triggers()
	if err != nil {
		return page.Of[task.Trigger]{}, err
	}
	return s.Triggers(ctx, f, p)
}

// Trigger returns a trigger.
func (c *Conductor) Trigger(ctx context.Context, owner task.Owner, name string) (task.Trigger, error) {
	s, err := c.triggers()
	if err != nil {
		return task.Trigger{}, err
	}
	return s.Trigger(ctx, owner, name)
}

// CreateTrigger stores a new trigger.
func (c *Conductor) CreateTrigger(ctx context.Context, owner task.Owner, spec task.TriggerSpec) (task.Trigger, error) {
	if err := spec.Validate(); err != nil {
		return task.Trigger{}, err
	}
	return c.changeTrigger(func(s TriggerStore, now time.Time) (task.Trigger, error) {
		return s.CreateTrigger(ctx, owner, spec, now)
	})
}

// EditTrigger changes a trigger. When it is due is counted anew from now on; what was due before keeps its row.
func (c *Conductor) EditTrigger(ctx context.Context, owner task.Owner, name string, version int64, edit func(*task.TriggerSpec) error) (task.Trigger, error) {
	return c.changeTrigger(func(s TriggerStore, now time.Time) (task.Trigger, error) {
		return s.EditTrigger(ctx, owner, name, version, now, func(spec *task.TriggerSpec) error {
			if err := edit(spec); err != nil {
				return err
			}
			return spec.Validate()
		})
	})
}

// DeleteTrigger removes a trigger; its occurrences stay.
func (c *Conductor) DeleteTrigger(ctx context.Context, owner task.Owner, name string, version int64) error {
	return c.changeTriggers(func(s TriggerStore, now time.Time) error {
		return s.DeleteTrigger(ctx, owner, name, version, now)
	})
}

// PauseTrigger keeps a trigger from being due, for the caller named by.
func (c *Conductor) PauseTrigger(ctx context.Context, owner task.Owner, name, reason, by string) (task.Trigger, error) {
	if err := task.CheckText("reason", reason, task.MaxDescription); err != nil {
		return task.Trigger{}, err
	}
	return c.changeTrigger(func(s TriggerStore, now time.Time) (task.Trigger, error) {
		return s.PauseTrigger(ctx, owner, name, reason, by, now)
	})
}

// ResumeTrigger ends the pause of a trigger. What it would have been due for meanwhile is not made up for.
func (c *Conductor) ResumeTrigger(ctx context.Context, owner task.Owner, name, by string) (task.Trigger, error) {
	return c.changeTrigger(func(s TriggerStore, now time.Time) (task.Trigger, error) {
		return s.ResumeTrigger(ctx, owner, name, by, now)
	})
}

// PauseTriggers holds up all triggers of an owner or, with the zero owner, all there are.
func (c *Conductor) PauseTriggers(ctx context.Context, owner task.Owner, reason, by string) error {
	if err := task.CheckText("reason", reason, task.MaxDescription); err != nil {
		return err
	}
	return c.changeTriggers(func(s TriggerStore, now time.Time) error { return s.PauseTriggers(ctx, owner, reason, by, now) })
}

// ResumeTriggers ends what PauseTriggers began. Triggers that are paused by themselves stay so.
func (c *Conductor) ResumeTriggers(ctx context.Context, owner task.Owner, by string) error {
	return c.changeTriggers(func(s TriggerStore, now time.Time) error { return s.ResumeTriggers(ctx, owner, by, now) })
}

// Pauses returns the pauses of owners, and that of all with the zero owner.
func (c *Conductor) Pauses(ctx context.Context) (map[task.Owner]task.Pause, error) {
	s, err := c.triggers()
	if err != nil {
		return nil, err
	}
	return s.Pauses(ctx)
}

// Occurrences returns what became of due instants, newest first.
func (c *Conductor) Occurrences(ctx context.Context, f task.OccurrenceFilter, p page.Request) (page.Of[task.Occurrence], error) {
	s, err := c.triggers()
	if err != nil {
		return page.Of[task.Occurrence]{}, err
	}
	return s.Occurrences(ctx, f, p)
}

func (c *Conductor) changeTrigger(change func(TriggerStore, time.Time) (task.Trigger, error)) (t task.Trigger, err error) {
	err = c.changeTriggers(func(s TriggerStore, now time.Time) error {
		t, err = change(s, now)
		return err
	})
	return t, err
}

// changeTriggers makes a change after which other triggers may be due, or at other times.
func (c *Conductor) changeTriggers(change func(TriggerStore, time.Time) error) error {
	s, err := c.triggers()
	if err != nil {
		return err
	}
	if err := change(s, c.now()); err != nil {
		return err
	}
	c.wakeScheduler()
	c.watch.eventsChanged()
	return nil
}
