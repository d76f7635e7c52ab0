package store

import (
	"sync"

	"github.com/segno-jobs/segno/task"
)

// cachedTasks is how many tasks a cache holds; one that is full begins anew.
const cachedTasks = 10_000

// taskCache holds tasks as they are stored, so that a run's request need not read its task: with each commit the readers'
// connections lose the pages that they have in memory. It is for SQLite alone, where nobody else writes to the database;
// a nil cache, as on PostgreSQL, holds nothing.
type taskCache struct {
	mu    sync.Mutex
	tasks map[string]task.Task
	// changes counts how often the cache was emptied: what was read from the database before that may be old.
	changes uint64
}

// get returns the task, and otherwise what put needs to know.
func (c *taskCache) get(name string) (t task.Task, found bool, changes uint64) {
	if c == nil {
		return t, false, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t, found = c.tasks[name]
	return t, found, c.changes
}

// put keeps a task that was read after get returned changes.
func (c *taskCache) put(t task.Task, changes uint64) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != changes {
		return
	}
	if c.tasks == nil || len(c.tasks) >= cachedTasks {
		c.tasks = map[string]task.Task{}
	}
	c.tasks[t.Name] = t
}

// forget empties the cache, after a commit that has changed tasks and before its caller is answered.
func (c *taskCache) forget() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tasks = nil
	c.changes++
}
