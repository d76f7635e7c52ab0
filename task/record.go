package task

import "time"

// Ref names one attempt of a run.
type Ref struct {
	Run    RunID
	Number int
}

// Record is one thing that an attempt produced, as its guard spooled it. Exactly one of the pointers is set.
// Records of an attempt are numbered from 1 without a gap; the exit is always the last.
type Record struct {
	Sequence int64
	At       time.Time
	Started  *StartedRecord
	Output   *OutputRecord
	Progress *Progress
	Value    *ValueRecord
	// Checkpoint names a checkpoint whose content is on its way; it is stored only once the content is whole.
	Checkpoint *Checkpoint
	Exit       *Exit
}

// StartedRecord says that the job's first process exists.
type StartedRecord struct{ PID int }

// OutputRecord is what one read from a pipe of the job gave.
type OutputRecord struct {
	Stream Stream
	Data   []byte
}

// ValueRecord is one output value of the job.
type ValueRecord struct{ Name, Value string }

// Delivery is consecutive records of one attempt, on their way into the store.
type Delivery struct {
	Ref     Ref
	Records []Record
}

// Delivered is what became of a delivery.
type Delivered struct {
	Ref Ref
	// Sequence is the last record of the attempt that is durable.
	Sequence int64
	// Fenced is true where the attempt is unknown, replaced, or on another server. Nothing was stored.
	Fenced bool
	// Ended is true where this delivery stored the exit record.
	Ended bool
	// State is the state of the run after the delivery.
	State State
	// Task is the run's task.
	Task string
	// Exit is set where Ended is.
	Exit *Exit
}

// Limits on what a job hands over. A guard cuts or refuses what is over them, and the store refuses it again.
const (
	// MaxOutputRecord is the most bytes in one OutputRecord.
	MaxOutputRecord = 64 << 10
	// MaxOutputValues is how many output values an attempt may set, MaxOutputValue the size of one.
	MaxOutputValues    = 256
	MaxOutputValue     = 16 << 10
	MaxProgressMessage = 1000
)
