package virtualserver_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/segno-jobs/segno/virtualserver"
)

// simChoice is one way to choose, named as in docs/rating.md.
type simChoice struct {
	name   string
	choose func(w *simWorld, j *simJob) int
}

// placed chooses by the real Place.
func placed(name string, spec virtualserver.Spec) simChoice {
	spec.Name = "sim"
	rnd := rand.New(rand.NewPCG(5, 5))
	return simChoice{name, func(w *simWorld, j *simJob) int {
		candidates := w.view()
		if len(spec.Members) == 0 {
			for i := range candidates {
				spec.Members = append(spec.Members, candidates[i].Server.Name)
			}
		}
		now := noon.Add(time.Duration(w.now * float64(time.Second)))
		p := virtualserver.Place(spec, virtualserver.Request{Need: j.need}, candidates, now, rnd)
		return slices.Index(spec.Members, p.Chosen)
	}}
}

func simChoices() []simChoice {
	return []simChoice{
		placed("recommended", virtualserver.Spec{}),
		placed("plain", virtualserver.Spec{Rating: virtualserver.Rating{Preset: virtualserver.Plain}}),
		placed("least-running", virtualserver.Spec{Selection: virtualserver.LeastRunning}),
		placed("round-robin", virtualserver.Spec{Selection: virtualserver.RoundRobin}),
		placed("random", virtualserver.Spec{Selection: virtualserver.Random}),
		placed("talend", virtualserver.Spec{Rating: virtualserver.Rating{Preset: virtualserver.Talend}}),
	}
}

// simResult is what became of one workload under one choice.
type simResult struct{ mean, p99, makespan, wasted float64 }

func simulate(l simLoad, use, every float64, n int, seed uint64, c simChoice) simResult {
	jobs := l.jobs(n, use, seed)
	w := newSimWorld(simSetting{every: every, noise: 0.03, foreign: l.foreign}, seed)
	w.run(jobs, c.choose)
	slow := make([]float64, 0, n)
	sum := 0.0
	begun, done := map[int]float64{}, map[int]float64{}
	for _, j := range jobs {
		s := (j.ended - j.arrives) / j.work
		slow = append(slow, s)
		sum += s
		if _, known := begun[j.burst]; !known {
			begun[j.burst] = j.arrives
		}
		done[j.burst] = max(done[j.burst], j.ended)
	}
	slices.Sort(slow)
	r := simResult{mean: sum / float64(n), p99: slow[n*99/100], wasted: float64(w.wasted) / float64(w.placed)}
	for b := range begun {
		r.makespan += (done[b] - begun[b]) / float64(len(begun))
	}
	return r
}

// bestOf returns for each figure what the best of the clairvoyants makes of it.
func bestOf(l simLoad, use, every float64, n int, seed uint64) simResult {
	best := simulate(l, use, every, n, seed, clairvoyants[0])
	for _, c := range clairvoyants[1:] {
		r := simulate(l, use, every, n, seed, c)
		best.mean, best.p99, best.makespan = min(best.mean, r.mean), min(best.p99, r.p99), min(best.makespan, r.makespan)
	}
	return best
}

// simRow sums results as multiples of the clairvoyant's.
type simRow struct {
	mean, p99, old, burst, makespan, wasted  float64
	cells, oldCells, burstCells, wastedCells float64
}

func (r *simRow) add(l simLoad, every float64, got, best simResult) {
	r.mean += got.mean / best.mean
	r.p99 += got.p99 / best.p99
	r.wasted += got.wasted
	r.cells++
	if every == 90 {
		r.old += got.mean / best.mean
		r.oldCells++
	}
	if l.burst > 1 {
		r.burst += got.mean / best.mean
		r.makespan += got.makespan / best.makespan
		r.burstCells++
	}
}

// BenchmarkChoice prints how good the choices are, as multiples of the clairvoyant's: the table of docs/rating.md.
func BenchmarkChoice(b *testing.B) {
	const jobs = 3000
	seeds := []uint64{1, 2}
	best := map[string]simResult{}
	cell := func(l simLoad, use, every float64, seed uint64) string {
		return fmt.Sprint(l.name, use, every, seed)
	}
	grid := func(do func(l simLoad, use, every float64, seed uint64)) {
		for _, l := range simLoads {
			for _, use := range []float64{0.5, 0.7, 0.9} {
				for _, every := range []float64{1.5, 10, 90} {
					for _, seed := range seeds {
						do(l, use, every, seed)
					}
				}
			}
		}
	}
	grid(func(l simLoad, use, every float64, seed uint64) {
		best[cell(l, use, every, seed)] = bestOf(l, use, every, jobs, seed)
	})
	for _, c := range simChoices() {
		b.Run(c.name, func(b *testing.B) {
			var row simRow
			for b.Loop() {
				row = simRow{}
				grid(func(l simLoad, use, every float64, seed uint64) {
					row.add(l, every, simulate(l, use, every, jobs, seed, c), best[cell(l, use, every, seed)])
				})
			}
			b.ReportMetric(row.mean/row.cells, "mean")
			b.ReportMetric(row.p99/row.cells, "p99")
			b.ReportMetric(row.old/row.oldCells, "mean_old_samples")
			b.ReportMetric(row.burst/row.burstCells, "mean_bursts")
			b.ReportMetric(row.makespan/row.burstCells, "makespan")
			b.ReportMetric(100*row.wasted/row.cells, "wasted_%")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// The margins are wide: this test tells of a broken choice, not of a slightly worse one.
func TestRecommendedIsFarBetterThanChoosingBlindly(t *testing.T) {
	mean := map[string]float64{}
	for _, l := range simLoads {
		best := bestOf(l, 0.7, 10, 1000, 7).mean
		for _, c := range simChoices() {
			mean[c.name] += simulate(l, 0.7, 10, 1000, 7, c).mean / best / float64(len(simLoads))
		}
	}
	t.Logf("mean slowdown as multiples of that of the clairvoyant: %v", mean)
	for _, blind := range []string{"random", "round-robin", "least-running", "talend"} {
		if mean[blind] < 2*mean["recommended"] {
			t.Errorf("%s: got %.2f of the clairvoyant's slowdown, recommended %.2f, want at least twice that", blind, mean[blind], mean["recommended"])
		}
	}
	if mean["recommended"] > 1.5 {
		t.Errorf("recommended: got %.2f of the clairvoyant's slowdown, want at most 1.5", mean["recommended"])
	}
	if mean["plain"] >= mean["least-running"] {
		t.Errorf("plain: got %.2f, least-running %.2f, want plain below it", mean["plain"], mean["least-running"])
	}
}
