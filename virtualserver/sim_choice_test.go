package virtualserver_test

import (
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

// simCell is one workload of the grid.
type simCell struct {
	load       simLoad
	use, every float64
	swap       float64
	jobs       int
	seed       uint64
}

func (x simCell) simulate(c simChoice) simResult {
	jobs := x.load.jobs(x.jobs, x.use, x.seed)
	w := newSimWorld(simSetting{every: x.every, noise: 0.03, foreign: x.load.foreign, swap: x.swap}, x.seed)
	w.run(jobs, c.choose)
	slow := make([]float64, 0, x.jobs)
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
	r := simResult{mean: sum / float64(x.jobs), p99: slow[x.jobs*99/100], wasted: float64(w.wasted) / float64(w.placed)}
	for b := range begun {
		r.makespan += (done[b] - begun[b]) / float64(len(begun))
	}
	return r
}

// best returns for each figure what the best of the clairvoyants makes of it.
func (x simCell) best() simResult {
	best := x.simulate(clairvoyants[0])
	for _, c := range clairvoyants[1:] {
		r := x.simulate(c)
		best.mean, best.p99, best.makespan = min(best.mean, r.mean), min(best.p99, r.p99), min(best.makespan, r.makespan)
	}
	return best
}

// simRow sums results as multiples of the clairvoyant's.
type simRow struct {
	mean, p99, old, burst, makespan, wasted float64
	cells, oldCells, burstCells             float64
}

func (r *simRow) add(x simCell, got, best simResult) {
	r.mean += got.mean / best.mean
	r.p99 += got.p99 / best.p99
	r.wasted += got.wasted
	r.cells++
	if x.every == 90 {
		r.old += got.mean / best.mean
		r.oldCells++
	}
	if x.load.burst > 1 {
		r.burst += got.mean / best.mean
		r.makespan += got.makespan / best.makespan
		r.burstCells++
	}
}

// Swap space as a share of the memory. With ample swap space only the choice keeps a server from being overcommitted.
const (
	ampleSwap = 100
	someSwap  = 0.25
)

func simGrid(swap float64) []simCell {
	var cells []simCell
	for _, l := range simLoads {
		for _, use := range []float64{0.5, 0.7, 0.9} {
			for _, every := range []float64{1.5, 10, 90} {
				for seed := range uint64(2) {
					cells = append(cells, simCell{load: l, use: use, every: every, swap: swap, jobs: 3000, seed: seed + 1})
				}
			}
		}
	}
	return cells
}

// BenchmarkChoice prints how good the choices are, as multiples of the best clairvoyant's: the tables of
// docs/rating.md. Run it with -benchtime 1x.
func BenchmarkChoice(b *testing.B) {
	for _, bound := range []struct {
		name string
		swap float64
	}{{"memory-unbounded", ampleSwap}, {"memory-bounded", someSwap}} {
		cells := simGrid(bound.swap)
		best := make([]simResult, len(cells))
		for _, c := range simChoices() {
			b.Run(bound.name+"/"+c.name, func(b *testing.B) {
				if best[0].mean == 0 {
					for i, x := range cells {
						best[i] = x.best()
					}
				}
				var row simRow
				for b.Loop() {
					row = simRow{}
					for i, x := range cells {
						row.add(x, x.simulate(c), best[i])
					}
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
}

// simMeans returns the mean slowdown of each choice as a multiple of the best clairvoyant's, in a small part of the grid.
func simMeans(swap float64) map[string]float64 {
	mean := map[string]float64{}
	for _, l := range simLoads {
		x := simCell{load: l, use: 0.7, every: 10, swap: swap, jobs: 1000, seed: 7}
		best := x.best().mean
		for _, c := range simChoices() {
			mean[c.name] += x.simulate(c).mean / best / float64(len(simLoads))
		}
	}
	return mean
}

// The margins of these tests are wide: they tell of a broken choice, not of a slightly worse one.

func TestRecommendedIsFarBetterThanChoosingBlindly(t *testing.T) {
	mean := simMeans(ampleSwap)
	t.Logf("mean slowdown as multiples of that of the clairvoyant: %v", mean)
	for _, blind := range []string{"random", "round-robin", "least-running", "talend"} {
		if mean[blind] < 2*mean["recommended"] {
			t.Errorf("%s: got %.2f of the clairvoyant's slowdown, recommended %.2f, want at least twice that", blind, mean[blind], mean["recommended"])
		}
	}
	if mean["recommended"] > 1.25 {
		t.Errorf("recommended: got %.2f of the clairvoyant's slowdown, want at most 1.25", mean["recommended"])
	}
	if mean["plain"] >= mean["least-running"] {
		t.Errorf("plain: got %.2f, least-running %.2f, want plain below it", mean["plain"], mean["least-running"])
	}
}

func TestTheMemoryBoundHelpsEveryChoice(t *testing.T) {
	mean := simMeans(someSwap)
	t.Logf("mean slowdown as multiples of that of the clairvoyant: %v", mean)
	for _, blind := range []string{"random", "round-robin", "talend"} {
		if mean[blind] > 5 {
			t.Errorf("%s: got %.2f of the clairvoyant's slowdown, want at most 5", blind, mean[blind])
		}
		if mean[blind] < 1.5*mean["recommended"] {
			t.Errorf("%s: got %.2f of the clairvoyant's slowdown, recommended %.2f, want at least 1.5 times that", blind, mean[blind], mean["recommended"])
		}
	}
	if mean["recommended"] > 1.25 {
		t.Errorf("recommended: got %.2f of the clairvoyant's slowdown, want at most 1.25", mean["recommended"])
	}
}
