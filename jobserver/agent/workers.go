package agent

import (
	"sync"
	"time"
)

// workerStays is how long a goroutine without work waits for more.
const workerStays = 2 * time.Second

// workers run functions beside the core. A goroutine that has done its work stays for the next: a fresh one begins with a
// small stack, and each call has it grown and copied several times.
type workers struct {
	all  sync.WaitGroup
	work chan func()
	stop chan struct{}
}

func newWorkers() *workers {
	return &workers{work: make(chan func()), stop: make(chan struct{})}
}

// Go runs f at once, and does not wait for it. It must not be called after wait.
func (w *workers) Go(f func()) {
	select {
	case w.work <- f:
	default:
		w.all.Go(func() { w.run(f) })
	}
}

func (w *workers) run(f func()) {
	timer := time.NewTimer(workerStays)
	defer timer.Stop()
	for {
		f()
		timer.Reset(workerStays)
		select {
		case f = <-w.work:
		case <-timer.C:
			return
		case <-w.stop:
			return
		}
	}
}

// wait returns once all that was begun is done.
func (w *workers) wait() {
	close(w.stop)
	w.all.Wait()
}
