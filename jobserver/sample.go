package jobserver

import "time"

// Sample is what an agent measured of its host at one instant. Sizes are in bytes, shares are 0 to 1.
type Sample struct {
	// At is when the conductor received it, by the conductor's clock.
	At time.Time `json:"at"`
	// AgentClock is what the agent's own clock said.
	AgentClock time.Time `json:"agent_clock"`
	// CPUs is the number of processors that the host's jobs may use, control groups considered.
	CPUs float64 `json:"cpus"`
	// CPUIdle, CPUNice and CPUTotal are shares of all processors since the sample before. CPUTotal is 1−idle.
	CPUIdle  float64 `json:"cpu_idle"`
	CPUNice  float64 `json:"cpu_nice"`
	CPUTotal float64 `json:"cpu_total"`
	// Load1, Load5 and Load15 are the host's load averages.
	Load1  float64 `json:"load1"`
	Load5  float64 `json:"load5"`
	Load15 float64 `json:"load15"`
	// MemoryAvailable is what a new process could have without swapping.
	MemoryTotal     int64 `json:"memory_total"`
	MemoryAvailable int64 `json:"memory_available"`
	SwapTotal       int64 `json:"swap_total"`
	SwapFree        int64 `json:"swap_free"`
	// Disk is that of the agent's data folder.
	DiskTotal int64 `json:"disk_total"`
	DiskFree  int64 `json:"disk_free"`
	// OwnCPU (in cores) and OwnMemory are what Segno's own attempts there used.
	OwnCPU    float64 `json:"own_cpu"`
	OwnMemory int64   `json:"own_memory"`
	// Attempts are those that run there.
	Attempts []AttemptUsage `json:"attempts,omitempty"`
	// SpoolFull is true while the agent cannot write to its data folder; such a server takes no new runs.
	SpoolFull bool `json:"spool_full,omitempty"`
}

// AttemptUsage is what one running attempt uses.
type AttemptUsage struct {
	Run    string `json:"run"`
	Number int    `json:"number"`
	// CPU is in cores, since the sample before; Memory in bytes, of all its processes.
	CPU       float64 `json:"cpu"`
	Memory    int64   `json:"memory"`
	Processes int     `json:"processes"`
}

// ForeignCPU is the cores' worth of work on the host that is not Segno's own.
func (s Sample) ForeignCPU() float64 { return max(0, s.CPUTotal*s.CPUs-s.OwnCPU) }

// ForeignMemory is the memory in use on the host that is not Segno's own.
func (s Sample) ForeignMemory() int64 {
	return max(0, s.MemoryTotal-s.MemoryAvailable-s.OwnMemory)
}
