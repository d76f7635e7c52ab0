package conductor

import (
	"context"
	"sync"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// heardWithin bounds how long gathered heartbeats take to be stored, whoever of those that wait for it gives up.
const heardWithin = 15 * time.Second

// gathering stores heartbeats together that come within a short time: a commit for each is most of what a heartbeat costs.
type gathering struct {
	// within is how long the first of them waits for others; 0 stores each by itself.
	within time.Duration
	store  func(context.Context, []jobserver.Beat) error

	mu   sync.Mutex
	next *gathered
}

// gathered are heartbeats that are stored together.
type gathered struct {
	beats []jobserver.Beat
	// errs has what became of each once done is closed.
	errs []error
	done chan struct{}
}

// add stores a heartbeat and returns once that is committed, or ctx has ended.
func (g *gathering) add(ctx context.Context, b jobserver.Beat) error {
	if g.within <= 0 {
		return g.store(ctx, []jobserver.Beat{b})
	}
	g.mu.Lock()
	batch, first := g.next, g.next == nil
	if first {
		batch = &gathered{done: make(chan struct{})}
		g.next = batch
	}
	at := len(batch.beats)
	batch.beats = append(batch.beats, b)
	g.mu.Unlock()
	if first { // It sees to the others too, and therefore stays although nobody may wait for it any more.
		time.Sleep(g.within)
		g.commit(context.WithoutCancel(ctx), batch)
		return batch.errs[at]
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-batch.done:
		return batch.errs[at]
	}
}

// commit stores what was gathered. Where that fails each is stored by itself, so that one server does no harm to the others.
func (g *gathering) commit(ctx context.Context, batch *gathered) {
	g.mu.Lock()
	g.next = nil
	g.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, heardWithin)
	defer cancel()
	defer close(batch.done)
	batch.errs = make([]error, len(batch.beats))
	err := g.store(ctx, batch.beats)
	if err == nil {
		return
	}
	for i, b := range batch.beats {
		if batch.errs[i] = err; len(batch.beats) > 1 {
			batch.errs[i] = g.store(ctx, []jobserver.Beat{b})
		}
	}
}
