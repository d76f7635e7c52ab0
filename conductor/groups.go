package conductor

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// VirtualServers returns groups by name.
func (c *Conductor) VirtualServers(ctx context.Context, query string, p page.Request) (page.Of[virtualserver.VirtualServer], error) {
	return c.store.VirtualServers(ctx, query, p)
}

// VirtualServer returns a group.
func (c *Conductor) VirtualServer(ctx context.Context, name string) (virtualserver.VirtualServer, error) {
	return c.store.VirtualServer(ctx, name)
}

// CreateVirtualServer stores a new group.
func (c *Conductor) CreateVirtualServer(ctx context.Context, s virtualserver.Spec) (virtualserver.VirtualServer, error) {
	if err := s.Validate(); err != nil {
		return virtualserver.VirtualServer{}, err
	}
	v, err := c.store.CreateVirtualServer(ctx, s, c.now())
	if err != nil {
		return v, err
	}
	return v, c.groupsChanged(ctx)
}

// EditVirtualServer changes a group. Runs that wait are looked at again at once.
func (c *Conductor) EditVirtualServer(ctx context.Context, name string, version int64, edit func(*virtualserver.Spec) error) (virtualserver.VirtualServer, error) {
	v, err := c.store.EditVirtualServer(ctx, name, version, c.now(), func(s *virtualserver.Spec) error {
		if err := edit(s); err != nil {
			return err
		}
		return s.Validate()
	})
	if err != nil {
		return v, err
	}
	return v, c.groupsChanged(ctx)
}

// DeleteVirtualServer removes a group that no task is bound to.
func (c *Conductor) DeleteVirtualServer(ctx context.Context, name string, version int64) error {
	if err := c.store.DeleteVirtualServer(ctx, name, version, c.now()); err != nil {
		return err
	}
	return c.groupsChanged(ctx)
}

// Rating answers what the placement of a run of the task would be now, without placing it. An empty task stands for a
// run of one core.
func (c *Conductor) Rating(ctx context.Context, name, taskName string) (virtualserver.Placement, error) {
	if _, err := c.store.VirtualServer(ctx, name); err != nil {
		return virtualserver.Placement{}, err
	}
	req, err := c.requestOf(ctx, taskName)
	if err != nil {
		return virtualserver.Placement{}, err
	}
	return c.fleet.place(taskName, task.Target{VirtualServer: name}, req, task.Ref{}, c.now(), c.choose), nil
}

func (c *Conductor) groupsChanged(ctx context.Context) error {
	if err := c.reloadGroups(ctx); err != nil {
		return err
	}
	c.watch.eventsChanged()
	c.wakeDispatcher()
	return nil
}

func (c *Conductor) reloadGroups(ctx context.Context) error {
	groups, err := readAll(func(p page.Request) (page.Of[virtualserver.VirtualServer], error) {
		return c.store.VirtualServers(ctx, "", p)
	})
	if err != nil {
		return err
	}
	c.fleet.setGroups(groups)
	return nil
}

// readAll reads every page of a list.
func readAll[T any](read func(page.Request) (page.Of[T], error)) ([]T, error) {
	var all []T
	p := page.Request{Limit: page.MaxLimit}
	for {
		got, err := read(p)
		if err != nil {
			return nil, err
		}
		all = append(all, got.Items...)
		if got.Next == "" {
			return all, nil
		}
		p.Cursor = got.Next
	}
}

// chance is a source of random choices that may be used by several goroutines.
type chance struct {
	mu  sync.Mutex
	rnd *rand.Rand
}

func newChance(seed uint64) *chance {
	return &chance{rnd: rand.New(rand.NewPCG(seed, seed))}
}

// share returns a random number from 0 to 1.
func (c *chance) share() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rnd.Float64()
}

// choose is virtualserver.Place with the conductor's source of chance.
func (c *Conductor) choose(s virtualserver.Spec, req virtualserver.Request, cands []virtualserver.Candidate, now time.Time) virtualserver.Placement {
	c.chance.mu.Lock()
	defer c.chance.mu.Unlock()
	return virtualserver.Place(s, req, cands, now, c.chance.rnd)
}
