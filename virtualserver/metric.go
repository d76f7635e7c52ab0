package virtualserver

// Metric is something that an indicator can look at.
type Metric struct {
	Name string `json:"name"`
	// Unit is what values are counted in, for a person.
	Unit string `json:"unit"`
	// Projected metrics look at the server as it would be with the run on it; the others at its newest sample alone.
	Projected bool `json:"projected"`
	// Meaning is a sentence for a person.
	Meaning string `json:"meaning"`

	of func(p *projection) float64
}

// metrics lists every metric, those of the presets first.
var metrics = []Metric{
	{"expected_stretch", "times", true, "Slowdown that the run itself would see: 1 on an idle server of power 1, 0.5 on one of power 2.", (*projection).expectedStretch},
	{"neighbour_delay", "times × runs", true, "Slowdown that the run would add to Segno's other runs there, summed over them.", (*projection).neighbourDelay},
	{"load_per_cpu", "cores per core", true, "Cores wanted, this run included, per core that there is.", (*projection).loadPerCPU},
	{"cpu_idle", "share", true, "Share of the cores that nobody would want; 0 on an overcommitted server.", (*projection).cpuIdle},
	{"work_time", "times", true, "Time that one unit of work takes: 1 / power.", (*projection).workTime},
	{"memory_free", "share", true, "Share of the memory that would be free; below 0 on an overcommitted server.", (*projection).memoryFree},
	{"runs_per_slot", "share", true, "Slots taken, this run's included, per slot that there is.", (*projection).runsPerSlot},

	{"free_disk", "kB", false, "Free space in the agent's data folder.", func(p *projection) float64 { return float64(p.sample.DiskFree) / 1024 }},
	{"free_memory", "bytes", false, "Memory that a new process could have without swapping.", func(p *projection) float64 { return float64(p.sample.MemoryAvailable) }},
	{"free_swap", "bytes", false, "Free swap space.", func(p *projection) float64 { return float64(p.sample.SwapFree) }},
	{"idle_cpu", "share", false, "Share of processor time that was idle.", func(p *projection) float64 { return p.sample.CPUIdle }},
	{"nice_cpu", "share", false, "Share of processor time that went to niced processes.", func(p *projection) float64 { return p.sample.CPUNice }},
	{"total_cpu", "share", false, "Share of processor time that was not idle.", func(p *projection) float64 { return p.sample.CPUTotal }},
	{"cpu_count", "cores", false, "Processors that jobs may use.", func(p *projection) float64 { return p.sample.CPUs }},

	{"raw_load_per_cpu", "processes per core", false, "Load average of the last minute per core.", func(p *projection) float64 { return p.sample.Load1 / p.cores }},
	{"raw_memory_free", "share", false, "Share of the memory that a new process could have.", func(p *projection) float64 { return share(p.sample.MemoryAvailable, p.sample.MemoryTotal) }},
	{"raw_disk_free", "share", false, "Share of the data folder's disk that is free.", func(p *projection) float64 { return share(p.sample.DiskFree, p.sample.DiskTotal) }},
	{"raw_swap_free", "share", false, "Share of the swap space that is free; 1 where there is none.", func(p *projection) float64 { return share(p.sample.SwapFree, p.sample.SwapTotal) }},
	{"sample_age", "seconds", false, "Age of the newest sample.", func(p *projection) float64 { return p.age.Seconds() }},
}

// share is part of whole, or 1 where there is no whole to be short of.
func share(part, whole int64) float64 {
	if whole <= 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// Metrics lists every metric that an indicator may name.
func Metrics() []Metric { return append([]Metric(nil), metrics...) }

func metricNamed(name string) (Metric, bool) {
	for _, m := range metrics {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}
