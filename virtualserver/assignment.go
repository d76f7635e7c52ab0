package virtualserver

import (
	"time"

	"github.com/segno-jobs/segno/task"
)

// Assignment is an attempt to be committed.
type Assignment struct {
	Ref       task.Ref
	Server    string
	Placement Placement
	// Ground is empty for the first attempt of a run.
	Ground string
	// ResumedFrom is the sequence of the checkpoint to resume from, 0 for the beginning.
	ResumedFrom int
	// UnavailableAfter and Lease are as in task.Attempt.
	UnavailableAfter time.Duration
	Lease            time.Duration
	// ClaimedBy is the instance of the agent process for which the attempt is claimed as it is placed, or empty where that
	// process is to claim it.
	ClaimedBy string
}

// RunState is the state of the run once the attempt is committed.
func (a Assignment) RunState() task.State {
	if a.ClaimedBy != "" {
		return task.Running
	}
	return task.Starting
}

// Explanation is why a queued run could not be placed.
type Explanation struct {
	Run    task.RunID
	Reason string
	// Placement names each member with its refusal; nil leaves the stored one.
	Placement *Placement
}

// OpenAttempt is an attempt that may still act, with what is needed to offer it again and to count it.
type OpenAttempt struct {
	task.Attempt
	Task         string
	RunState     task.State
	ScheduledFor *time.Time
	Spec         task.Spec
	Params       map[string]string
	// Need is what the placement expected of it.
	Need Need
	// Pending is what an operator wants of the run.
	Pending task.Intent
	// Resume is the checkpoint to resume from, or nil; LastCheckpoint the sequence of the run's newest one.
	Resume         *task.Checkpoint
	LastCheckpoint int
}
