package task

import "time"

// Usage is what runs of a task used: moving means over its runs, newer ones counting more.
type Usage struct {
	// CPU is in cores, Memory (of the peak) in bytes.
	CPU    float64
	Memory int64
	Runs   int64
}

// Stats counts what a store holds, for /metrics.
type Stats struct {
	RunsByState    map[State]int64
	QueueLength    int64
	OldestQueuedAt time.Time
	// ServersByState counts by jobserver.Contact.
	ServersByState map[string]int64
}
