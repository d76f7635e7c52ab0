package sim

import (
	"flag"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	seeds   = flag.Uint64("sim.seeds", 2000, "how many seeds to live through")
	one     = flag.Int64("sim.seed", -1, "one seed to live through, with a trace")
	verbose = flag.Bool("sim.coverage", false, "print what was covered")
)

// outcome is what came of many seeds.
type outcome struct {
	failures map[uint64]Result
	covered  map[string]int
	steps    int
	first    uint64
}

// live goes through the seeds from first on, on all processors. It stops early where that says so.
func live(first, count uint64, stop func(Result) bool) outcome {
	o := outcome{failures: map[uint64]Result{}, covered: map[string]int{}, first: count}
	var next atomic.Uint64
	var over atomic.Bool
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < count && !over.Load(); i = next.Add(1) - 1 {
				r := Run(Options{Seed: first + i})
				mu.Lock()
				o.steps += r.Steps
				for what, n := range r.Covered {
					o.covered[what] += n
				}
				if r.Failure != "" {
					o.failures[first+i] = r
					o.first = min(o.first, i)
				}
				mu.Unlock()
				if stop != nil && stop(r) {
					over.Store(true)
				}
			}
		})
	}
	workers.Wait()
	return o
}

func TestThePromisesHoldUnderEveryFault(t *testing.T) {
	if *one >= 0 {
		replay(t, uint64(*one))
		return
	}
	count := *seeds
	if testing.Short() {
		count = min(count, 200)
	}
	begin := time.Now()
	o := live(1, count, nil)
	took := time.Since(begin)
	t.Logf("%d seeds, %d events, %.0f seeds a second", count, o.steps, float64(count)/took.Seconds())
	for seed, r := range o.failures {
		t.Errorf("seed %d, after %s: %s (make sim SEED=%d shows it)", seed, r.At, r.Failure, seed)
	}
	if *verbose {
		PrintCoverage(os.Stdout, o.covered)
	}
	if count < 2000 {
		return
	}
	for _, what := range Missed(o.covered, count) {
		t.Errorf("no seed has hit: %s", what)
	}
}

func replay(t *testing.T, seed uint64) {
	r := Run(Options{Seed: seed, Trace: os.Stdout})
	if r.Failure != "" {
		t.Errorf("seed %d, after %s: %s", seed, r.At, r.Failure)
	}
	if *verbose {
		PrintCoverage(os.Stdout, r.Covered)
	}
}

func TestTheSameSeedGivesTheSameRun(t *testing.T) {
	for seed := range uint64(20) {
		first, second := Run(Options{Seed: seed}), Run(Options{Seed: seed})
		if first.Hash != second.Hash || first.Steps != second.Steps {
			t.Errorf("seed %d: %d steps with hash %x, and then %d with %x", seed, first.Steps, first.Hash, second.Steps, second.Hash)
		}
	}
	if a, b := Run(Options{Seed: 1}), Run(Options{Seed: 2}); a.Hash == b.Hash {
		t.Error("two seeds gave one hash")
	}
}
