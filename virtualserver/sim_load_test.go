package virtualserver_test

import (
	"math"
	"math/rand/v2"

	"github.com/segno-jobs/segno/virtualserver"
)

// simLoad is one kind of workload: how jobs arrive, and how much work they are.
type simLoad struct {
	name string
	// work draws the seconds of one job.
	work func(rnd *rand.Rand) float64
	// burst is how many arrive within a second; 1 is a steady stream.
	burst   int
	foreign float64
}

var simLoads = []simLoad{
	{"steady", func(r *rand.Rand) float64 { return 1 + 30*r.ExpFloat64() }, 1, 0},
	{"heavy tails", func(r *rand.Rand) float64 { return min(20000, 2*math.Pow(1-r.Float64(), -1/1.1)) }, 1, 0.05},
	{"bursts", func(r *rand.Rand) float64 { return min(2000, 10*math.Exp(1.2*r.NormFloat64())) }, 100, 0},
	{"shared hosts", func(r *rand.Rand) float64 { return min(5000, 20*math.Exp(1.5*r.NormFloat64())) }, 1, 0.15},
}

// simClass is a task: what its runs take, more or less.
type simClass struct{ cpu, memory float64 }

// jobs draws n jobs that use the share of the servers' capacity.
func (l simLoad) jobs(n int, use float64, seed uint64) []*simJob {
	rnd := rand.New(rand.NewPCG(seed, 3))
	classes := make([]simClass, 12)
	for i := range classes {
		classes[i] = simClass{cpu: []float64{0.3, 0.5, 1, 1, 1, 2, 2, 4}[rnd.IntN(8)], memory: math.Exp(rnd.NormFloat64()) * (1 << 30)}
	}
	jobs := make([]*simJob, n)
	work := 0.0
	for i := range jobs {
		c := classes[rnd.IntN(len(classes))]
		j := &simJob{
			work:   l.work(rnd),
			cpu:    c.cpu * math.Exp(0.3*rnd.NormFloat64()),
			memory: c.memory * math.Exp(0.3*rnd.NormFloat64()),
			need:   virtualserver.Need{CPU: c.cpu, Memory: int64(c.memory), Slots: 1, Source: virtualserver.Learnt},
			burst:  i / l.burst,
		}
		jobs[i] = j
		work += j.work * j.cpu
	}
	capacity := 0.0
	for _, s := range newSimWorld(simSetting{every: 1}, 1).servers {
		capacity += s.cores * s.speed
	}
	gap := work / float64(n) / (capacity * max(0.1, use-l.foreign))
	t := 0.0
	for i, j := range jobs {
		if l.burst == 1 {
			t += gap * rnd.ExpFloat64()
			j.arrives = t
			continue
		}
		if i%l.burst == 0 && i > 0 {
			t += gap * float64(l.burst)
		}
		j.arrives = t + float64(i%l.burst)/float64(l.burst)
	}
	return jobs
}
