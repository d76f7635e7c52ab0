package conductor

import (
	"fmt"
	"sync/atomic"

	"github.com/segno-jobs/segno/internal/fault"
)

// backlog is about how many runs of all tasks wait: as many as were counted last, a few seconds ago, and those that were
// queued since. It bounds what a flood of requests can do to the store, and is no matter of single runs.
type backlog struct{ waiting atomic.Int64 }

func (b *backlog) counted(n int64) { b.waiting.Store(n) }

func (b *backlog) grow() { b.waiting.Add(1) }

// admit returns fault.Unavailable where most runs wait already. A bound of 0 is none.
func (b *backlog) admit(most int) error {
	if n := b.waiting.Load(); most > 0 && n >= int64(most) {
		return fmt.Errorf("the queue is full: %d runs wait, of at most %d: %w", n, most, fault.Unavailable)
	}
	return nil
}
