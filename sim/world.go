package sim

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/sim/memstore"
	"github.com/segno-jobs/segno/task"
)

// epoch is what true time counts from.
var epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// Options say what a simulation is made of.
type Options struct {
	// Seed decides everything. Faults is for how long they go on; 0 means 60 s.
	Seed   uint64
	Faults time.Duration
	// Trace receives a line for each thing that happens, or is nil.
	Trace io.Writer
}

// Result is what came of a simulation.
type Result struct {
	// Failure is the first promise that was broken, or empty; At is when, in true time.
	Failure string
	At      time.Duration
	// Hash is that of the trace: the same seed gives the same.
	Hash uint64
	// Steps counts events, Covered what was hit and how often.
	Steps   int
	Covered map[string]int
}

// World is one simulation.
type World struct {
	ctx     context.Context
	now     time.Duration
	rnd     chance
	events  events
	seq     uint64
	steps   int
	options Options

	store     *memstore.Store
	conductor *conductorNode
	hosts     []*host
	truth     *truth
	plans     map[string]plan
	slots     map[string]int
	profile   profile
	// calm is true once the faults have ended, ending once no job goes on by itself.
	calm, ending bool
	covered      map[string]int
	failure      string
	at           time.Duration
	hash         uint64
	runs         []task.RunID
}

// Run lives through one seed.
func Run(o Options) Result {
	if o.Faults == 0 {
		o.Faults = 60 * time.Second
	}
	w := &World{
		ctx: context.Background(), rnd: newChance(o.Seed), options: o, store: memstore.New(),
		plans: map[string]plan{}, slots: map[string]int{}, covered: map[string]int{}, hash: fnv.New64a().Sum64(),
	}
	w.truth = newTruth(w)
	w.store.Committed = w.truth.committed
	w.store.Jitter = w.rnd.Float64
	w.profile = newProfile(w.rnd)
	w.setUp()
	w.trouble()
	w.runUntil(o.Faults)
	w.settle()
	return Result{Failure: w.failure, At: w.at, Hash: w.hash, Steps: w.steps, Covered: w.covered}
}

// fail notes that a promise was broken. The first counts.
func (w *World) fail(format string, args ...any) {
	if w.failure == "" {
		w.failure, w.at = fmt.Sprintf(format, args...), w.now
		w.trace("FAILED", w.failure)
	}
}

func (w *World) failed() bool { return w.failure != "" }

// cover counts that something was hit.
func (w *World) cover(what string) { w.covered[what]++ }

// trace adds to the hash of all that happens, and to the trace if there is one.
func (w *World) trace(who, what string) {
	const prime = 1099511628211
	mix := func(s string) {
		for i := range len(s) {
			w.hash = (w.hash ^ uint64(s[i])) * prime
		}
	}
	w.hash = (w.hash ^ uint64(w.now)) * prime
	mix(who)
	mix(what)
	if w.options.Trace != nil {
		fmt.Fprintf(w.options.Trace, "%12.6f %-22s %s\n", w.now.Seconds(), who, what)
	}
}

// logger returns the logger of the conductor: nothing but for a trace that someone reads.
func (w *World) logger() *slog.Logger {
	if w.options.Trace == nil {
		return nil
	}
	return slog.New(slog.NewTextHandler(logLines{w}, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

// logLines puts the lines of a log into the trace, but not into its hash.
type logLines struct{ w *World }

func (l logLines) Write(line []byte) (int, error) {
	return fmt.Fprintf(l.w.options.Trace, "%12.6f %-22s %s", l.w.now.Seconds(), "conductor log", line)
}

// check is called after each step. The most is checked where it happens: as a job begins, as something is committed.
func (w *World) check(string) {
	if w.steps%64 == 0 {
		w.truth.capacity()
	}
}

// longest is a bound on the time from the end of the faults until every run is ended, runs, or waits with a reason.
func (w *World) longest() time.Duration {
	takeover := 5 * time.Second
	return w.profile.longestWait + takeover + jobserver.KillBound + 3*w.profile.seldomest()
}
