package conductor

import (
	"sync"

	"github.com/segno-jobs/segno/task"
)

// watchers wakes those who wait for output of a run or for events. It carries no data: who is woken reads the store.
type watchers struct {
	mu     sync.Mutex
	output map[task.RunID]map[chan struct{}]struct{}
	events map[chan struct{}]struct{}
}

func newWatchers() *watchers {
	return &watchers{output: map[task.RunID]map[chan struct{}]struct{}{}, events: map[chan struct{}]struct{}{}}
}

func (w *watchers) watchOutput(id task.RunID) (<-chan struct{}, func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	signal := make(chan struct{}, 1)
	if w.output[id] == nil {
		w.output[id] = map[chan struct{}]struct{}{}
	}
	w.output[id][signal] = struct{}{}
	return signal, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.output[id], signal)
		if len(w.output[id]) == 0 {
			delete(w.output, id)
		}
	}
}

func (w *watchers) watchEvents() (<-chan struct{}, func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	signal := make(chan struct{}, 1)
	w.events[signal] = struct{}{}
	return signal, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.events, signal)
	}
}

// outputChanged wakes those who watch a run.
func (w *watchers) outputChanged(id task.RunID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wake(w.output[id])
}

// eventsChanged wakes those who watch events.
func (w *watchers) eventsChanged() {
	w.mu.Lock()
	defer w.mu.Unlock()
	wake(w.events)
}

func wake(signals map[chan struct{}]struct{}) {
	for signal := range signals {
		select {
		case signal <- struct{}{}:
		default:
		}
	}
}
