package conductor

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

const (
	// learnEvery is how often what was learnt is stored. What a crash loses of it is learnt again.
	learnEvery = 10 * time.Second
	// learnShare is the part of a new run in the mean, once there were enough runs.
	learnShare = 0.2
)

// learner knows what earlier runs of each task used.
type learner struct {
	mu      sync.Mutex
	usage   map[string]task.Usage
	changed map[string]struct{}
}

func newLearner() *learner {
	return &learner{usage: map[string]task.Usage{}, changed: map[string]struct{}{}}
}

func (l *learner) set(usage map[string]task.Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if usage != nil {
		l.usage = usage
	}
}

// learn takes in how a run ended. What ran too shortly to be measured counts as next to nothing.
func (l *learner) learn(name string, e task.Exit) {
	if name == "" || e.Kind != task.ExitExited || e.Ran <= 0 {
		return
	}
	cpu := e.CPU.Seconds() / max(e.Ran.Seconds(), 0.01)
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.usage[name]
	u.Runs++
	share := max(learnShare, 1/float64(u.Runs))
	u.CPU += share * (cpu - u.CPU)
	u.Memory += int64(share * float64(e.PeakMemory-u.Memory))
	l.usage[name] = u
	l.changed[name] = struct{}{}
}

// need returns what a run of the task is expected to use: declared, else learnt, else one core.
func (l *learner) need(name string, declared task.Resources) virtualserver.Need {
	l.mu.Lock()
	defer l.mu.Unlock()
	return virtualserver.NeedOf(declared, l.usage[name])
}

// take returns what has changed since the last call.
func (l *learner) take() map[string]task.Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed := make(map[string]task.Usage, len(l.changed))
	for name := range l.changed {
		changed[name] = l.usage[name]
	}
	clear(l.changed)
	return changed
}

// putBack marks what could not be stored as changed again.
func (l *learner) putBack(usage map[string]task.Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name := range maps.Keys(usage) {
		l.changed[name] = struct{}{}
	}
}

func (c *Conductor) learnLoop(ctx context.Context) error {
	return every(ctx, learnEvery, func(ctx context.Context) {
		usage := c.learner.take()
		if len(usage) == 0 {
			return
		}
		if err := c.store.SaveUsage(ctx, usage, c.now()); err != nil {
			c.learner.putBack(usage)
			c.log.Error("storing what tasks use failed; it is tried again", "error", err)
		}
	})
}
