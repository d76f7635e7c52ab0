package api_test

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// fakeTriggers are the triggers and calendars of a fake.
type fakeTriggers struct {
	f           *fake
	triggers    map[string]task.Trigger
	calendars   map[string]task.Calendar
	pauses      map[task.Owner]task.Pause
	occurrences []task.Occurrence
	forecasts   []task.Forecast
	// filter and until are what was asked for last.
	filter task.OccurrenceFilter
	until  time.Time
}

func newFakeTriggers(f *fake) *fakeTriggers {
	return &fakeTriggers{f: f, triggers: map[string]task.Trigger{}, calendars: map[string]task.Calendar{}, pauses: map[task.Owner]task.Pause{}}
}

func (t *fakeTriggers) Triggers(_ context.Context, q task.TriggerFilter, p page.Request) (page.Of[task.Trigger], error) {
	return paged(t.triggers, p, func(tr task.Trigger) bool {
		return (q.Owner == task.Owner{} || q.Owner == tr.Owner) && (q.Kind == "" || q.Kind == tr.Kind()) && (q.Calendar == "" || q.Calendar == tr.Calendar)
	})
}

func key(owner task.Owner, name string) string { return owner.Name + "/" + name }

func (t *fakeTriggers) Trigger(_ context.Context, owner task.Owner, name string) (task.Trigger, error) {
	return found(t.f, t.triggers, key(owner, name))
}

func (t *fakeTriggers) CreateTrigger(ctx context.Context, owner task.Owner, s task.TriggerSpec) (task.Trigger, error) {
	if _, err := t.f.Task(ctx, owner.Name); err != nil {
		return task.Trigger{}, err
	}
	if _, taken := t.triggers[key(owner, s.Name)]; taken {
		return task.Trigger{}, fmt.Errorf("the name is taken: %w", fault.Conflict)
	}
	next := noon.Add(time.Hour)
	tr := task.Trigger{TriggerSpec: s, Owner: owner, Version: 1, CreatedAt: noon, UpdatedAt: noon, Next: &next, DueAt: &next}
	t.triggers[key(owner, s.Name)] = tr
	t.f.writes++
	return tr, nil
}

func (t *fakeTriggers) EditTrigger(_ context.Context, owner task.Owner, name string, version int64, edit func(*task.TriggerSpec) error) (task.Trigger, error) {
	parts := func(tr *task.Trigger) (*task.TriggerSpec, *int64) { return &tr.TriggerSpec, &tr.Version }
	return edited(t.f, t.triggers, key(owner, name), version, parts, edit)
}

func (t *fakeTriggers) DeleteTrigger(_ context.Context, owner task.Owner, name string, version int64) error {
	return removed(t.f, t.triggers, key(owner, name), version, func(tr task.Trigger) int64 { return tr.Version })
}

func (t *fakeTriggers) PauseTrigger(ctx context.Context, owner task.Owner, name, reason, by string) (task.Trigger, error) {
	tr, err := t.EditTrigger(ctx, owner, name, 0, func(s *task.TriggerSpec) error { s.Paused = true; return nil })
	if err == nil {
		tr.Pause, tr.Next, tr.DueAt = &task.Pause{Level: task.PauseTrigger, Reason: reason, By: by, At: noon}, nil, nil
		t.triggers[key(owner, name)] = tr
	}
	return tr, err
}

func (t *fakeTriggers) ResumeTrigger(ctx context.Context, owner task.Owner, name, _ string) (task.Trigger, error) {
	tr, err := t.EditTrigger(ctx, owner, name, 0, func(s *task.TriggerSpec) error { s.Paused = false; return nil })
	tr.Pause = nil
	return tr, err
}

func (t *fakeTriggers) PauseTriggers(ctx context.Context, owner task.Owner, reason, by string) error {
	level := task.PauseAll
	if owner.Name != "" {
		level = task.PauseOwner
		if _, err := t.f.Task(ctx, owner.Name); err != nil {
			return err
		}
	}
	t.pauses[owner] = task.Pause{Level: level, Reason: reason, By: by, At: noon}
	return nil
}

func (t *fakeTriggers) ResumeTriggers(_ context.Context, owner task.Owner, _ string) error {
	delete(t.pauses, owner)
	return nil
}

func (t *fakeTriggers) Pauses(context.Context) (map[task.Owner]task.Pause, error) {
	return t.pauses, nil
}

func (t *fakeTriggers) Preview(_ context.Context, owner task.Owner, s task.TriggerSpec, from time.Time, count int) ([]task.Preview, error) {
	if from.IsZero() {
		from = noon
	}
	schedule, err := task.NewSchedule(owner, s, noon, nil)
	if err != nil {
		return nil, err
	}
	return schedule.Preview(from, count), nil
}

func (t *fakeTriggers) Occurrences(_ context.Context, f task.OccurrenceFilter, _ page.Request) (page.Of[task.Occurrence], error) {
	t.filter = f
	return page.Of[task.Occurrence]{Items: t.occurrences}, nil
}

func (t *fakeTriggers) Forecast(_ context.Context, f task.TriggerFilter, until time.Time, limit int) ([]task.Forecast, error) {
	t.filter.Owner, t.until = f.Owner, until
	return t.forecasts[:min(limit, len(t.forecasts))], nil
}

func (t *fakeTriggers) Calendars(_ context.Context, query string, p page.Request) (page.Of[task.Calendar], error) {
	return paged(t.calendars, p, func(c task.Calendar) bool { return query == "" || query == c.Name })
}

func (t *fakeTriggers) Calendar(_ context.Context, name string) (task.Calendar, error) {
	return found(t.f, t.calendars, name)
}

func (t *fakeTriggers) CreateCalendar(_ context.Context, s task.CalendarSpec) (task.Calendar, error) {
	c := task.Calendar{CalendarSpec: s, Version: 1, CreatedAt: noon, UpdatedAt: noon}
	t.calendars[s.Name] = c
	return c, nil
}

func (t *fakeTriggers) EditCalendar(_ context.Context, name string, version int64, edit func(*task.CalendarSpec) error) (task.Calendar, error) {
	parts := func(c *task.Calendar) (*task.CalendarSpec, *int64) { return &c.CalendarSpec, &c.Version }
	return edited(t.f, t.calendars, name, version, parts, edit)
}

func (t *fakeTriggers) DeleteCalendar(_ context.Context, name string, version int64) error {
	return removed(t.f, t.calendars, name, version, func(c task.Calendar) int64 { return c.Version })
}

func (t *fakeTriggers) CalendarDays(ctx context.Context, name string, from, to time.Time) ([]task.CalendarDay, error) {
	c, err := t.Calendar(ctx, name)
	if err != nil {
		return nil, err
	}
	return c.Days(from, to)
}
