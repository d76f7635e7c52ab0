// Package task holds what is run: tasks, their jobs, and the runs and attempts that come of them.
// It has types and rules and does no I/O.
package task

import (
	"time"

	"github.com/segno-jobs/segno/policy"
)

// Spec is a task as an operator writes it. Its JSON is the body of POST /tasks and the spec in an apply file.
type Spec struct {
	Name        string            `json:"name" doc:"Name of the task: 1 to 63 of a-z 0-9 - _ ."`
	Description string            `json:"description,omitempty" doc:"What the task is for."`
	Labels      map[string]string `json:"labels,omitempty" doc:"Labels of the task itself."`
	Target      Target            `json:"target" doc:"Where runs are placed."`
	Job         Job               `json:"job" doc:"What is run: command, script, steps or archive."`
	Params      map[string]string `json:"params,omitempty" doc:"Parameters and their default values."`
	Resources   Resources         `json:"resources,omitzero" doc:"What one run needs."`
	// Requires are labels that a server must have to be eligible.
	Requires map[string]string `json:"requires,omitempty" doc:"Labels that a server must have."`
	// Timeout is how long one attempt may run; 0 is without limit.
	Timeout Duration `json:"timeout,omitzero" doc:"How long one attempt may run, such as \"1h\"."`
	// StopGrace is the time between SIGTERM and SIGKILL; 0 means DefaultStopGrace.
	StopGrace Duration `json:"stop_grace,omitzero" doc:"Time between SIGTERM and SIGKILL; by default 10s."`
	// Priority orders the queue: higher first.
	Priority int `json:"priority,omitempty" doc:"Order in the queue, -1000 to 1000; higher first."`
	// OutputLimit is how many bytes of output one attempt may store; 0 means DefaultOutputLimit.
	OutputLimit Bytes `json:"output_limit,omitempty" doc:"Most output kept of one attempt, such as \"64MiB\"."`
	// OnUnavailable is what happens to a run whose server is unavailable: a word or a ladder. Nil leaves it to the virtual
	// server, and then to wait.
	OnUnavailable *policy.Policy `json:"on_unavailable,omitempty" doc:"What happens to a run whose server is unavailable: wait, reset, restart, recover, or a list of {after, do}; by default the virtual server's, else wait."`
	// LeaveRunning leaves the job of a run that is reset running. It gives up the promise that no two attempts overlap.
	LeaveRunning bool `json:"leave_running,omitempty" doc:"With reset: the cut-off job is not stopped. Gives up the promise that no two attempts overlap."`
	// Retries are for runs whose job failed by itself.
	Retries Retries `json:"retries,omitzero" doc:"How often and from where a run is tried again whose job failed."`
	// MaxConcurrent is how many runs of the task may be active at once; 0 is without limit. An edit holds at once, for runs
	// that wait, too.
	MaxConcurrent int `json:"max_concurrent,omitempty" doc:"How many runs of the task may be active at once, up to 10000; 0 is without limit. Changes hold for runs that wait, too."`
	// WhenBusy is what becomes of a request for a run while MaxConcurrent runs have not ended; empty means BusyQueue.
	WhenBusy WhenBusy `json:"when_busy,omitempty" enum:"queue,skip,replace" doc:"What becomes of a request for a run while max_concurrent runs have not ended: queue (the default), skip, or replace the oldest."`
	// MaxQueued is how many runs of the task may wait; 0 is without limit.
	MaxQueued int `json:"max_queued,omitempty" doc:"How many runs of the task may wait in the queue, up to 100000; 0 is without limit."`
	// MaxQueueTime is how long a run may wait in the queue before it fails; 0 is without limit.
	MaxQueueTime Duration `json:"max_queue_time,omitzero" doc:"How long a run may wait in the queue, such as \"1h\"; then it fails."`
	// ConcurrencyGroups name limits that the task shares with others.
	ConcurrencyGroups []string `json:"concurrency_groups,omitempty" doc:"Concurrency groups that the task's runs count in: limits shared with other tasks."`
	// PauseOnError pauses the triggers of the task once a run of it failed, timed out or was lost, until someone resumes them.
	PauseOnError bool `json:"pause_on_error,omitempty" doc:"A run that failed, timed out or was lost pauses the triggers of the task until someone resumes them."`
	// Retention is for how long, and how many of, the task's runs are kept; nil leaves it to the settings of all.
	Retention *Retention `json:"retention,omitempty" doc:"How many of the task's runs are kept, and for how long; by default as the settings of all say."`
	// UnavailableAfter overrides the server's own period; 0 leaves it.
	UnavailableAfter Duration `json:"unavailable_after,omitzero" doc:"Silence after which the server counts as unavailable for this task's runs."`
	// Expect is by when runs are expected to start and to finish.
	Expect Expect `json:"expect,omitzero" doc:"By when runs are expected to start and to finish; one that is late is an event."`
}

// Task is a stored task.
type Task struct {
	Spec
	// Version counts edits, from 1. It is the ETag.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Retries say how a run goes on whose job failed by itself or timed out.
type Retries struct {
	// Max is how many further attempts there are, 0 to MaxRetries.
	Max int `json:"max" doc:"How many further attempts there are."`
	// Backoff is the time before the first of them; it doubles each time, up to MaxBackoff, and is jittered by a quarter.
	Backoff Duration `json:"backoff,omitzero" doc:"Time before the first retry, such as \"30s\"; it doubles each time."`
	// From is RetryFromStart, the default, or RetryFromCheckpoint.
	From string `json:"from,omitempty" enum:"start,checkpoint" doc:"start or checkpoint."`
}

// Where a retry begins.
const (
	RetryFromStart      = "start"
	RetryFromCheckpoint = "checkpoint"
	MaxRetries          = 100
	MaxBackoff          = time.Hour
)

// Target is where runs are placed: exactly one of the two is set.
type Target struct {
	VirtualServer string `json:"virtual_server,omitempty" doc:"Name of a virtual server."`
	Server        string `json:"server,omitempty" doc:"Name of a job server."`
}

// Defaults and limits of a task's settings.
const (
	DefaultStopGrace   = 10 * time.Second
	DefaultOutputLimit = 64 << 20
	MaxOutputLimit     = 1 << 30
	MaxName            = 63
	MaxArgument        = 128 << 10
	MaxArguments       = 1024
	MaxScript          = 512 << 10
	MaxParams          = 256
	MaxParamValue      = 64 << 10
	MaxSteps           = 200
	MaxLabels          = 64
	MaxDescription     = 4096
)
