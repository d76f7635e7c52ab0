package agent

import (
	"runtime"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/segno-jobs/segno/jobserver"
)

// sampler measures the host. What cannot be measured stays 0.
type sampler struct {
	data   string
	groups groupFiles
	before cpu.TimesStat
}

// newSampler returns a sampler of the host and of the disk of a folder.
func newSampler(data string) *sampler {
	s := &sampler{data: data, groups: hostGroupFiles}
	s.before = cpuTimes()
	return s
}

// sample measures. The shares of the processors are those since the sample before.
func (s *sampler) sample() jobserver.Sample {
	var sample jobserver.Sample
	now := cpuTimes()
	sample.CPUIdle, sample.CPUNice = shares(s.before, now)
	sample.CPUTotal = 1 - sample.CPUIdle
	s.before = now

	if l, err := load.Avg(); err == nil {
		sample.Load1, sample.Load5, sample.Load15 = l.Load1, l.Load5, l.Load15
	}
	if m, err := mem.VirtualMemory(); err == nil {
		sample.MemoryTotal, sample.MemoryAvailable = int64(m.Total), int64(m.Available)
		sample.SwapTotal, sample.SwapFree = int64(m.SwapTotal), int64(m.SwapFree)
	}
	if d, err := disk.Usage(s.data); err == nil {
		sample.DiskTotal, sample.DiskFree = int64(d.Total), int64(d.Free)
	}

	limits := s.groups.limits()
	sample.CPUs = float64(runtime.NumCPU())
	if limits.cpus > 0 {
		sample.CPUs = min(sample.CPUs, limits.cpus)
	}
	if limits.memory > 0 && limits.memory < sample.MemoryTotal {
		sample.MemoryTotal = limits.memory
		sample.MemoryAvailable = min(sample.MemoryAvailable, max(0, limits.memory-limits.memoryUsed))
	}
	return sample
}

// cpuTimes is the time that all processors together have spent so far.
func cpuTimes() cpu.TimesStat {
	times, err := cpu.Times(false)
	if err != nil || len(times) == 0 {
		return cpu.TimesStat{}
	}
	return times[0]
}

// shares returns which share of the time between two measurements was idle, and which was spent on niced processes.
// Time spent waiting for disks is idle. Between equal measurements all is idle.
func shares(before, now cpu.TimesStat) (idle, nice float64) {
	total := busy(now) - busy(before) + rest(now) - rest(before)
	if total <= 0 {
		return 1, 0
	}
	share := func(d float64) float64 { return min(max(d/total, 0), 1) }
	return share(rest(now) - rest(before)), share(now.Nice - before.Nice)
}

func busy(t cpu.TimesStat) float64 { return t.User + t.System + t.Nice + t.Irq + t.Softirq + t.Steal }
func rest(t cpu.TimesStat) float64 { return t.Idle + t.Iowait }
