package virtualserver_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/virtualserver"
)

// The simulated world: servers that share their processors equally among all that runs there, slow down when their
// memory is overcommitted, have a foreign load that comes and goes, and tell of it late and inexactly. Times are in
// seconds, work is in seconds on an idle server of power 1.

// simJob is one run of the simulation.
type simJob struct {
	arrives float64
	work    float64
	// cpu and memory are what it really takes; need is what is believed.
	cpu, memory float64
	need        virtualserver.Need
	burst       int
	ended       float64
}

// resident is a job on a server: it ends when the server's progress reaches until.
type resident struct {
	job   *simJob
	until float64
}

type simServer struct {
	cores, speed, memory, swap float64

	// progress is how much work each resident would have got done since the beginning.
	progress  float64
	residents []resident
	cpu, used float64
	believed  virtualserver.Occupancy
	lastUsed  float64

	foreign, foreignMean  float64
	nextForeign, foreignT float64

	busy, ownBusy        float64
	sampledAt, busySince float64
	nextSample           float64
	sample               jobserver.Sample
	ownAtSample          virtualserver.Occupancy
}

// simSetting says how the servers report.
type simSetting struct {
	// every is the time between samples; noise the standard error of a share in them.
	every, noise float64
	// foreign is the mean share of the cores that others take.
	foreign float64
	// swap is the swap space as a share of the memory: where memory and swap space end, no server takes a job.
	swap float64
}

type simWorld struct {
	setting    simSetting
	now        float64
	servers    []*simServer
	candidates []virtualserver.Candidate
	rnd        *rand.Rand
	wasted     int
	placed     int
}

// simSlots is what an operator sets who gives all servers the same number. A job that finds no slot waits its turn.
const simSlots = 32

// newSimWorld makes sixteen servers of mixed size and speed.
func newSimWorld(setting simSetting, seed uint64) *simWorld {
	w := &simWorld{setting: setting, rnd: rand.New(rand.NewPCG(seed, 16))}
	cores := []float64{2, 4, 4, 4, 8, 8, 16, 2, 4, 4, 8, 8, 16, 4, 8, 32}
	speeds := []float64{1, 0.7, 1, 1.5, 1, 2, 1, 0.5, 1, 1, 0.8, 1.3, 1.2, 2, 1, 0.9}
	for i := range cores {
		s := &simServer{
			cores: cores[i], speed: speeds[i], memory: cores[i] * float64(2+2*(i%3)) * (1 << 30),
			lastUsed: -1, nextSample: w.rnd.Float64() * setting.every,
		}
		s.swap = s.memory * setting.swap
		w.servers = append(w.servers, s)
		w.candidates = append(w.candidates, candidate(fmt.Sprintf("js-%02d", i)))
		w.changeForeign(s)
		w.takeSample(s)
	}
	return w
}

func (s *simServer) stretch(cpu, used float64) float64 {
	x := max(1, cpu/s.cores) / s.speed
	return x * math.Pow(max(1, used/(0.97*s.memory)), 1.5)
}

// rate is the work that each resident gets done in a second.
func (s *simServer) rate() float64 { return 1 / s.stretch(s.cpu+s.foreign, s.used) }

func (s *simServer) nextEnd(now float64) float64 {
	if len(s.residents) == 0 {
		return math.Inf(1)
	}
	return now + max(0, s.residents[0].until-s.progress)/s.rate()
}

// run plays the jobs, which are in the order of their arrival; choose returns the index of a server, or -1 where none
// takes the job, which then waits.
func (w *simWorld) run(jobs []*simJob, choose func(w *simWorld, j *simJob) int) {
	next, open := 0, len(jobs)
	var queue []*simJob
	for open > 0 {
		at, who, what := math.Inf(1), -1, 0
		if next < len(jobs) {
			at = jobs[next].arrives
		}
		for i, s := range w.servers {
			for kind, t := range [...]float64{s.nextEnd(w.now), s.nextSample, s.nextForeign} {
				if t < at {
					at, who, what = t, i, kind+1
				}
			}
		}
		w.advance(at)
		switch what {
		case 0:
			queue = append(queue, jobs[next])
			next++
		case 1:
			w.end(w.servers[who])
			open--
		case 2:
			w.takeSample(w.servers[who])
		case 3:
			w.changeForeign(w.servers[who])
		}
		for len(queue) > 0 {
			server := choose(w, queue[0])
			if server < 0 {
				break
			}
			w.place(queue[0], server)
			queue = queue[1:]
		}
	}
}

// takes reports whether a server may take a job: it has a slot, and memory and swap space suffice.
func (s *simServer) takes(j *simJob) bool {
	return len(s.residents) < simSlots && (len(s.residents) == 0 || s.used+j.memory <= s.memory+s.swap)
}

func (w *simWorld) advance(to float64) {
	dt := max(0, to-w.now)
	for _, s := range w.servers {
		s.progress += dt * s.rate()
		wanted := s.cpu + s.foreign
		if wanted > 0 {
			got := min(wanted, s.cores)
			s.busy += dt * got
			s.ownBusy += dt * got * s.cpu / wanted
		}
	}
	w.now = to
}

func (w *simWorld) place(j *simJob, at int) {
	s := w.servers[at]
	if w.wastes(s, j) {
		w.wasted++
	}
	w.placed++
	r := resident{j, s.progress + j.work}
	i, _ := slices.BinarySearchFunc(s.residents, r, func(a, b resident) int { return int(math.Copysign(1, a.until-b.until)) })
	s.residents = slices.Insert(s.residents, i, r)
	s.cpu += j.cpu
	s.used += j.memory
	s.lastUsed = w.now
	s.believed.Runs++
	s.believed.Slots++
	s.believed.CPU += j.need.CPU
	s.believed.Memory += j.need.Memory
}

// wastes reports whether a job goes to a server with a job although one that is as good or better has none.
func (w *simWorld) wastes(s *simServer, j *simJob) bool {
	if len(s.residents) == 0 || s.stretch(s.cpu+s.foreign+j.cpu, s.used+j.memory)*s.speed <= 1 {
		return false
	}
	return slices.ContainsFunc(w.servers, func(o *simServer) bool {
		return len(o.residents) == 0 && o.foreign <= s.foreign && o.cores >= s.cores && o.speed >= s.speed && o.memory >= s.memory
	})
}

func (w *simWorld) end(s *simServer) {
	j := s.residents[0].job
	s.residents = slices.Delete(s.residents, 0, 1)
	j.ended = w.now
	s.cpu -= j.cpu
	s.used -= j.memory
	s.believed.Runs--
	s.believed.Slots--
	s.believed.CPU -= j.need.CPU
	s.believed.Memory -= j.need.Memory
	if len(s.residents) == 0 {
		s.cpu, s.used, s.believed = 0, 0, virtualserver.Occupancy{}
	}
}

// takeSample measures a server as an agent does: shares of the time since the sample before, with noise.
func (w *simWorld) takeSample(s *simServer) {
	noisy := func(share float64) float64 { return min(1, max(0, share+w.rnd.NormFloat64()*w.setting.noise)) }
	span := max(1e-9, w.now-s.busySince)
	total, own := noisy(s.busy/span/s.cores), noisy(s.ownBusy/span/s.cores)
	available := int64(max(0, s.memory-s.used) * (1 - 0.02*w.rnd.Float64()))
	s.sample = jobserver.Sample{
		CPUs: s.cores, CPUTotal: total, CPUIdle: 1 - total,
		Load1: s.cpu + s.foreign, OwnCPU: min(own, total) * s.cores, OwnMemory: int64(min(s.used, s.memory)),
		MemoryTotal: int64(s.memory), MemoryAvailable: available, SwapTotal: int64(s.swap), SwapFree: int64(s.swap - max(0, s.used-s.memory)),
		DiskTotal: 100 << 30, DiskFree: 50 << 30,
	}
	s.ownAtSample, s.sampledAt = s.believed, w.now
	s.busy, s.ownBusy, s.busySince = 0, 0, w.now
	weight := 1 - math.Exp(-max(0, w.now-s.foreignT)/600)
	s.foreignMean += weight * (s.sample.ForeignCPU() - s.foreignMean)
	s.foreignT = w.now
	s.nextSample = w.now + w.setting.every*(0.95+0.1*w.rnd.Float64())
}

// changeForeign lets others come and go, some minutes each time, on a third of the servers.
func (w *simWorld) changeForeign(s *simServer) {
	s.nextForeign = w.now + 60 + w.rnd.ExpFloat64()*240
	s.foreign = 0
	if w.setting.foreign > 0 && w.rnd.Float64() < 0.33 {
		s.foreign = s.cores * w.setting.foreign * 3 * w.rnd.ExpFloat64()
	}
}

// view returns the candidates as a conductor knows them.
func (w *simWorld) view() []virtualserver.Candidate {
	for i, s := range w.servers {
		c := &w.candidates[i]
		c.Server.Slots, c.Server.Power, c.Server.Sample = simSlots, s.speed, &s.sample
		c.SampleAge = time.Duration((w.now - s.sampledAt) * float64(time.Second))
		c.ForeignCPUMean = s.foreignMean
		c.Own, c.OwnAtSample = s.believed, s.ownAtSample
		if s.lastUsed >= 0 {
			c.LastUsed = noon.Add(time.Duration(s.lastUsed * float64(time.Second)))
		}
	}
	return w.candidates
}

// clairvoyants know all that the world knows. No one of them is best for every workload: the best for each is what the
// choices are measured by.
var clairvoyants = []simChoice{
	{"least sum of slowdowns by the true remaining work", cheapest(func(s *simServer, j *simJob) float64 {
		return s.slowdowns(j) - s.slowdowns(nil)
	})},
	{"least stretch of itself and its neighbours by the true needs", cheapest(func(s *simServer, j *simJob) float64 {
		return s.stretches(j, 1)
	})},
	{"the same with the neighbours at half", cheapest(func(s *simServer, j *simJob) float64 {
		return s.stretches(j, 0.5)
	})},
	{"the sum of the first two", cheapest(func(s *simServer, j *simJob) float64 {
		return s.slowdowns(j) - s.slowdowns(nil) + s.stretches(j, 1)
	})},
}

// stretches is the stretch that j would see, and, times share, what it would add to those of the residents.
func (s *simServer) stretches(j *simJob, share float64) float64 {
	before, after := s.stretch(s.cpu+s.foreign, s.used), s.stretch(s.cpu+s.foreign+j.cpu, s.used+j.memory)
	return after + share*float64(len(s.residents))*(after-before) + 1e-3*(s.cpu+s.foreign+j.cpu)/s.cores
}

func cheapest(cost func(s *simServer, j *simJob) float64) func(w *simWorld, j *simJob) int {
	return func(w *simWorld, j *simJob) int {
		best, least := -1, math.Inf(1)
		for i, s := range w.servers {
			if !s.takes(j) {
				continue
			}
			if c := cost(s, j); best < 0 || c < least {
				best, least = i, c
			}
		}
		return best
	}
}

// slowdowns sums what the slowdown of each resident, and of j, will still grow by, if nobody else comes.
func (s *simServer) slowdowns(j *simJob) float64 {
	cpu, used, t, sum, at := s.cpu+s.foreign, s.used, 0.0, 0.0, s.progress
	mine := math.Inf(1)
	if j != nil {
		cpu, used, mine = cpu+j.cpu, used+j.memory, s.progress+j.work
	}
	leave := func(job *simJob, until float64) {
		t += (until - at) * s.stretch(cpu, used)
		at = until
		sum += t / job.work
		cpu, used = cpu-job.cpu, used-job.memory
	}
	for _, r := range s.residents {
		if mine <= r.until {
			leave(j, mine)
			mine = math.Inf(1)
		}
		leave(r.job, r.until)
	}
	if !math.IsInf(mine, 1) {
		leave(j, mine)
	}
	return sum
}
