package task

import "time"

const (
	// LongWait is how long a run may wait in the queue before a person should look.
	LongWait = time.Minute
	// FailedWithin is for how long after it was requested a run that failed is counted by a summary.
	FailedWithin = 24 * time.Hour
	// SummaryMinutes is how many minutes a summary looks back.
	SummaryMinutes = 30
)

// Summary is how much runs and what a person should look at, in true numbers however much there is.
type Summary struct {
	At time.Time
	// Open counts the runs that have not ended, by state.
	Open map[State]int64
	// OldestQueuedAt is zero where none waits.
	OldestQueuedAt time.Time
	// WaitLong counts queued runs that were requested longer than LongWait ago, but for those that are late.
	WaitLong int64
	// Servers counts the job servers by their status.
	Servers map[string]int64
	// Late counts runs that have not ended and of which was told that they are late.
	Late int64
	// Failed counts runs that failed, timed out or were lost, of those requested within FailedWithin.
	Failed int64
	// PausedTriggers counts triggers that are paused by themselves, Pauses what holds up several: of an owner, or of all.
	PausedTriggers, Pauses int64
	// DeadDeliveries counts notices that were given up and are kept for an operator.
	DeadDeliveries int64
	// Minutes are the last SummaryMinutes, oldest first; the present one, which is not over, is the last.
	Minutes []MinuteOfRuns
}

// MinuteOfRuns counts the runs that were requested in one minute.
type MinuteOfRuns struct {
	// At is when the minute began.
	At        time.Time
	Succeeded int64
	// Unsuccessful counts those that ended otherwise.
	Unsuccessful int64
	Open         int64
}
