package conductor

import (
	"context"
	"errors"
	"time"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/internal/replay"
	"github.com/segno-jobs/segno/task"
)

// Tasks returns tasks by name.
func (c *Conductor) Tasks(ctx context.Context, f task.Filter, p page.Request) (page.Of[task.Task], error) {
	return c.store.Tasks(ctx, f, p)
}

// Task returns a task.
func (c *Conductor) Task(ctx context.Context, name string) (task.Task, error) {
	return c.store.Task(ctx, name)
}

// CreateTask stores a new task with its triggers, all or nothing.
func (c *Conductor) CreateTask(ctx context.Context, s task.Spec, triggers ...task.TriggerSpec) (task.Task, error) {
	if err := errors.Join(s.Validate(), task.ValidateTriggers(triggers)); err != nil {
		return task.Task{}, err
	}
	t, err := c.storeTask(ctx, s, triggers)
	if err != nil {
		c.unread.task(s.Name, err)
		return task.Task{}, err
	}
	c.fleet.setTaskLimits(t)
	c.watch.eventsChanged()
	return t, nil
}

func (c *Conductor) storeTask(ctx context.Context, s task.Spec, triggers []task.TriggerSpec) (t task.Task, err error) {
	if len(triggers) == 0 {
		return c.store.CreateTask(ctx, s, c.now())
	}
	err = c.changeTriggers(func(store TriggerStore, now time.Time) error {
		t, err = store.CreateTaskWithTriggers(ctx, s, triggers, now)
		return err
	})
	return t, err
}

// EditTask changes a task. What was requested before keeps the task as it was.
func (c *Conductor) EditTask(ctx context.Context, name string, version int64, edit func(*task.Spec) error) (task.Task, error) {
	t, err := c.store.EditTask(ctx, name, version, c.now(), func(s *task.Spec) error {
		if err := edit(s); err != nil {
			return err
		}
		return s.Validate()
	})
	if err != nil {
		c.unread.task(name, err)
		return task.Task{}, err
	}
	c.fleet.setTaskLimits(t)
	c.wakeDispatcher()
	c.watch.eventsChanged()
	return t, nil
}

// DeleteTask removes a task; its runs stay.
func (c *Conductor) DeleteTask(ctx context.Context, name string, version int64) error {
	if err := c.store.DeleteTask(ctx, name, version, c.now()); err != nil {
		c.unread.task(name, err)
		return err
	}
	c.fleet.dropTaskLimits(name)
	c.watch.eventsChanged()
	return nil
}

// Answer returns the saved answer of an Idempotency-Key, or fault.NotFound.
func (c *Conductor) Answer(ctx context.Context, key string) (replay.Answer, error) {
	return c.store.Answer(ctx, key)
}

// SaveAnswer keeps the answer to a request with an Idempotency-Key.
func (c *Conductor) SaveAnswer(ctx context.Context, key string, a replay.Answer) error {
	return c.store.SaveAnswer(ctx, key, a, c.now())
}
