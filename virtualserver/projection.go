package virtualserver

import (
	"math"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// foreignFade is the age at which a sample's word about foreign load has lost all but 1/e of its weight against the
// ten-minute mean.
const foreignFade = 45 * time.Second

// usableMemory is the share of the memory up to which nothing slows down.
const usableMemory = 0.97

// projection is a server as it is believed to be now, with and without the run that is to be placed: its sample, and
// what was placed since, less what has ended since.
type projection struct {
	sample *jobserver.Sample
	age    time.Duration
	// cores and speed are above 0.
	cores, speed float64
	// wanted is what all that runs there would take, in cores, if it could; used is the memory in use, in bytes.
	wantedBefore, wantedAfter float64
	usedBefore, usedAfter     float64
	memory                    float64
	runs                      int
	slotsAfter, slots         float64
}

// project returns false for a candidate without a sample.
func (p *projection) project(c *Candidate, need *Need) bool {
	s := c.Server.Sample
	if s == nil {
		return false
	}
	*p = projection{
		sample: s, age: c.SampleAge,
		cores: positive(s.CPUs), speed: positive(c.Server.Power),
		memory: float64(s.MemoryTotal), runs: c.Own.Runs,
		slotsAfter: float64(c.Own.Slots + need.Slots), slots: float64(max(1, c.Server.Slots)),
	}
	p.wantedBefore = max(0, c.Own.CPU) + foreignCPU(c)
	p.wantedAfter = p.wantedBefore + need.CPU
	p.usedBefore = max(0, float64(c.Own.Memory)) + foreignMemory(c)
	p.usedAfter = p.usedBefore + float64(need.Memory)
	return true
}

// foreignCPU is the load in cores that is not accounted for by the open attempts: what the sample shows beyond them,
// whether it comes from other programs or from attempts that take more than was expected of them.
func foreignCPU(c *Candidate) float64 {
	s := c.Server.Sample
	busy := finite(s.CPUTotal) * positive(s.CPUs)
	now := max(0, busy-c.OwnAtSample.CPU, busy-finite(s.OwnCPU))
	weight := math.Exp(-max(0, c.SampleAge.Seconds()) / foreignFade.Seconds())
	return weight*now + (1-weight)*max(0, finite(c.ForeignCPUMean))
}

// foreignMemory is the memory in bytes that is not accounted for by the open attempts.
func foreignMemory(c *Candidate) float64 {
	s := c.Server.Sample
	used := s.MemoryTotal - s.MemoryAvailable
	return float64(max(0, used-c.OwnAtSample.Memory, used-s.OwnMemory))
}

// stretch is how much longer work takes on this server than on an idle one of power 1.
func (p *projection) stretch(wanted, used float64) float64 {
	s := max(1, wanted/p.cores) / p.speed
	if over := used / (usableMemory * p.memory); p.memory > 0 && over > 1 {
		s *= over * math.Sqrt(over)
	}
	return s
}

func (p *projection) expectedStretch() float64 { return p.stretch(p.wantedAfter, p.usedAfter) }

func (p *projection) neighbourDelay() float64 {
	if p.runs <= 0 {
		return 0
	}
	return float64(p.runs) * (p.stretch(p.wantedAfter, p.usedAfter) - p.stretch(p.wantedBefore, p.usedBefore))
}

func (p *projection) loadPerCPU() float64 { return p.wantedAfter / p.cores }

func (p *projection) cpuIdle() float64 { return max(0, 1-p.wantedAfter/p.cores) }

func (p *projection) workTime() float64 { return 1 / p.speed }

func (p *projection) memoryFree() float64 {
	if p.memory <= 0 {
		return 1
	}
	return 1 - p.usedAfter/p.memory
}

func (p *projection) runsPerSlot() float64 { return p.slotsAfter / p.slots }

// positive returns x, or 1 for what cannot be a size.
func positive(x float64) float64 {
	if x > 0 && x < math.MaxFloat32 {
		return x
	}
	return 1
}

// finite returns x within ±1e18, and 0 for what is no number.
func finite(x float64) float64 {
	if x != x {
		return 0
	}
	return min(max(x, -1e18), 1e18)
}
