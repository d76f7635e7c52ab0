package virtualserver

import "github.com/segno-jobs/segno/task"

// Where a need comes from.
const (
	Declared = "declared"
	Learnt   = "learnt"
	Assumed  = "assumed"
)

// NeedOf returns what a run is expected to use: what its task declares, else what its earlier runs used, else one
// core. CPU and memory are judged apart; the source is that of the better known of them.
func NeedOf(declared task.Resources, earlier task.Usage) Need {
	n := Need{CPU: declared.CPU, Memory: int64(declared.Memory), Slots: declared.Slots, Source: Assumed}
	if earlier.Runs > 0 {
		if n.CPU <= 0 {
			n.CPU = max(leastCPU, earlier.CPU)
		}
		if n.Memory <= 0 {
			n.Memory = max(0, earlier.Memory)
		}
		n.Source = Learnt
	}
	if declared.CPU > 0 || declared.Memory > 0 {
		n.Source = Declared
	}
	return n.orAssumed()
}

// leastCPU is the least that a run is believed to take, in cores: even one that waits has its bursts.
const leastCPU = 0.05

// orAssumed returns n with what is missing filled in.
func (n Need) orAssumed() Need {
	if !(n.CPU > 0) {
		n.CPU = 1
	}
	n.CPU = finite(n.CPU)
	n.Memory = max(0, n.Memory)
	n.Slots = max(1, n.Slots)
	if n.Source == "" {
		n.Source = Assumed
	}
	return n
}
