package conductor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// unread are the names of tasks and groups whose stored limits may be others than the fleet has. They are read before
// anything is placed, so that an edit whose answer was lost counts as well.
type unread struct {
	mu     sync.Mutex
	tasks  map[string]struct{}
	groups map[string]struct{}
}

func newUnread() *unread {
	return &unread{tasks: map[string]struct{}{}, groups: map[string]struct{}{}}
}

// task notes that the store has answered the change of a task with an error, and group that of a group. Where it has
// refused the change, nothing is in doubt.
func (u *unread) task(name string, err error) {
	if refused(err) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.tasks[name] = struct{}{}
}

func (u *unread) group(name string, err error) {
	if refused(err) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.groups[name] = struct{}{}
}

// none reports whether all limits are known to be as stored.
func (u *unread) none() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.tasks) == 0 && len(u.groups) == 0
}

// take returns the names and forgets them.
func (u *unread) take() (tasks, groups []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	tasks, groups = slices.Sorted(maps.Keys(u.tasks)), slices.Sorted(maps.Keys(u.groups))
	clear(u.tasks)
	clear(u.groups)
	return tasks, groups
}

// loadLimits reads all limits.
func (c *Conductor) loadLimits(ctx context.Context) error {
	groups, err := readAll(func(p page.Request) (page.Of[task.ConcurrencyGroup], error) {
		return c.store.ConcurrencyGroups(ctx, "", p)
	})
	if err != nil {
		return fmt.Errorf("read the concurrency groups: %w", err)
	}
	c.fleet.setGroupLimits(groups...)
	tasks, err := readAll(func(p page.Request) (page.Of[task.Task], error) { return c.store.Tasks(ctx, task.Filter{}, p) })
	if err != nil {
		return fmt.Errorf("read the limits of tasks: %w", err)
	}
	c.fleet.setTaskLimits(tasks...)
	return nil
}

// readLimits reads the limits that may have changed.
func (c *Conductor) readLimits(ctx context.Context) error {
	tasks, groups := c.unread.take()
	var errs []error
	for _, name := range groups {
		g, err := c.store.ConcurrencyGroup(ctx, name)
		switch {
		case err == nil:
			c.fleet.setGroupLimits(g)
		case errors.Is(err, fault.NotFound):
			c.fleet.dropGroupLimit(name)
		default:
			c.unread.group(name, err)
			errs = append(errs, err)
		}
	}
	for _, name := range tasks {
		t, err := c.store.Task(ctx, name)
		switch {
		case err == nil:
			c.fleet.setTaskLimits(t)
		case errors.Is(err, fault.NotFound):
			c.fleet.dropTaskLimits(name)
		default:
			c.unread.task(name, err)
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("read the limits that have changed: %w", err)
	}
	return nil
}
