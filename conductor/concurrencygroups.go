package conductor

import (
	"context"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// ConcurrencyGroups returns concurrency groups by name.
func (c *Conductor) ConcurrencyGroups(ctx context.Context, query string, p page.Request) (page.Of[task.ConcurrencyGroup], error) {
	return c.store.ConcurrencyGroups(ctx, query, p)
}

// ConcurrencyGroup returns a concurrency group.
func (c *Conductor) ConcurrencyGroup(ctx context.Context, name string) (task.ConcurrencyGroup, error) {
	return c.store.ConcurrencyGroup(ctx, name)
}

// ActiveIn returns how many runs count in a concurrency group now: those whose attempt may act.
func (c *Conductor) ActiveIn(group string) int { return c.fleet.activeIn(group) }

// CreateConcurrencyGroup stores a new concurrency group.
func (c *Conductor) CreateConcurrencyGroup(ctx context.Context, s task.ConcurrencyGroupSpec) (task.ConcurrencyGroup, error) {
	if err := s.Validate(); err != nil {
		return task.ConcurrencyGroup{}, err
	}
	g, err := c.store.CreateConcurrencyGroup(ctx, s, c.now())
	return g, c.groupStored(s.Name, g, err)
}

// EditConcurrencyGroup changes a concurrency group. What runs goes on; the new limit holds for whatever is placed from then
// on.
func (c *Conductor) EditConcurrencyGroup(ctx context.Context, name string, version int64, edit func(*task.ConcurrencyGroupSpec) error) (task.ConcurrencyGroup, error) {
	g, err := c.store.EditConcurrencyGroup(ctx, name, version, c.now(), func(s *task.ConcurrencyGroupSpec) error {
		if err := edit(s); err != nil {
			return err
		}
		return s.Validate()
	})
	return g, c.groupStored(name, g, err)
}

// DeleteConcurrencyGroup removes a concurrency group that no task names.
func (c *Conductor) DeleteConcurrencyGroup(ctx context.Context, name string, version int64) error {
	if err := c.store.DeleteConcurrencyGroup(ctx, name, version, c.now()); err != nil {
		c.unread.group(name, err)
		return err
	}
	c.fleet.dropGroupLimit(name)
	c.watch.eventsChanged()
	return nil
}

// groupStored takes in what the store has answered to the change of a group. Where that failed, it may have been done all
// the same.
func (c *Conductor) groupStored(name string, g task.ConcurrencyGroup, err error) error {
	if err != nil {
		c.unread.group(name, err)
		return err
	}
	c.fleet.setGroupLimits(g)
	c.wakeDispatcher()
	c.watch.eventsChanged()
	return nil
}
