package conductor

import (
	"context"
	"sync"
	"time"

	"github.com/segno-jobs/segno/task"
)

// summaryKept is for how long a summary is given again, however many ask.
const summaryKept = time.Second

// summaries remembers the last summary. Its mutex has those who ask at the same time wait for one count.
type summaries struct {
	mu   sync.Mutex
	last task.Summary
}

// Summary counts what runs and what a person should look at. The answer may be a second old.
func (c *Conductor) Summary(ctx context.Context) (task.Summary, error) {
	kept, err := c.insight()
	if err != nil {
		return task.Summary{}, err
	}
	c.summaries.mu.Lock()
	defer c.summaries.mu.Unlock()
	now := c.now()
	if age := now.Sub(c.summaries.last.At); age >= 0 && age < summaryKept {
		return c.summaries.last, nil
	}
	fresh, err := kept.Summary(ctx, now)
	if err == nil {
		c.summaries.last = fresh
	}
	return fresh, err
}
