package guard

import (
	"sync"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// growth passes on which spools have grown. Signals of one attempt are joined while nobody reads them.
type growth struct {
	out  chan jobserver.Grown
	wake chan struct{}
	done chan struct{}

	mu      sync.Mutex
	pending map[task.Ref]bool
	order   []task.Ref
	closed  bool
}

func newGrowth() *growth {
	g := &growth{
		out: make(chan jobserver.Grown), wake: make(chan struct{}, 1), done: make(chan struct{}),
		pending: map[task.Ref]bool{},
	}
	return g
}

// signal notes that the spool of ref has more.
func (g *growth) signal(ref task.Ref, ended bool) {
	g.mu.Lock()
	was, queued := g.pending[ref]
	g.pending[ref] = was || ended
	if !queued {
		g.order = append(g.order, ref)
	}
	g.mu.Unlock()
	if !queued {
		select {
		case g.wake <- struct{}{}:
		default:
		}
	}
}

// run passes signals on until close is called; then it closes the channel.
func (g *growth) run() {
	defer close(g.out)
	for {
		signal, ok := g.next()
		if !ok {
			select {
			case <-g.wake:
				continue
			case <-g.done:
				return
			}
		}
		select {
		case g.out <- signal:
		case <-g.done:
			return
		}
	}
}

func (g *growth) next() (jobserver.Grown, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.order) == 0 {
		return jobserver.Grown{}, false
	}
	ref := g.order[0]
	g.order = g.order[1:]
	ended := g.pending[ref]
	delete(g.pending, ref)
	return jobserver.Grown{Ref: ref, Ended: ended}, true
}

// close ends run.
func (g *growth) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.closed = true
		close(g.done)
	}
}
