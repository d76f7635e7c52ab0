package jobserver

import (
	"time"

	"github.com/segno-jobs/segno/task"
)

// Execution is all that a guard needs to run one attempt. All texts are filled in already.
type Execution struct {
	Ref  task.Ref `json:"ref"`
	Task string   `json:"task"`
	// Job has exactly one of command, script, steps and archive, and the job's own environment.
	Job task.Job `json:"job"`
	// Params become SEGNO_PARAM_<NAME>.
	Params       map[string]string `json:"params,omitempty"`
	ScheduledFor time.Time         `json:"scheduled_for,omitzero"`
	Traceparent  string            `json:"traceparent,omitempty"`
	// Timeout is 0 where there is none; StopGrace lies between SIGTERM and SIGKILL.
	Timeout   time.Duration `json:"timeout,omitempty"`
	StopGrace time.Duration `json:"stop_grace,omitempty"`
	// OutputLimit is the most bytes of output that are kept; what comes after it is read and dropped behind a mark.
	OutputLimit int64 `json:"output_limit"`
	// LastCheckpoint is the sequence of the run's newest checkpoint; those that this attempt makes are numbered after it.
	LastCheckpoint int `json:"last_checkpoint,omitempty"`
	// Resume is the checkpoint to go on from, or nil. Its content is a tar file at ResumeContent when the guard starts.
	Resume        *task.Checkpoint `json:"resume,omitempty"`
	ResumeContent string           `json:"resume_content,omitempty"`
	// PackageContent is where the content of the job's archive is when the guard starts, a zip or tar.gz.
	PackageContent string `json:"package_content,omitempty"`
	// Lease is the one with which it begins, nil where it has no deadline. No offer carries it: it comes with the claim.
	Lease *Lease `json:"lease,omitempty"`
	// MemoryLimit is applied where the host has control groups; 0 is without limit.
	MemoryLimit int64 `json:"memory_limit,omitempty"`
}

// Lease is up to when an attempt may run without word from a conductor, by the host's CLOCK_BOOTTIME.
type Lease struct {
	// Deadline is zero where there is none; else the attempt is over by then, give or take the bounds of package lease.
	Deadline time.Duration `json:"deadline"`
	// Grace is the time between SIGTERM and SIGKILL inside of the lease.
	Grace time.Duration `json:"grace"`
	// Held is true where the deadline is that of a hold before a planned absence of the conductor.
	Held bool `json:"held,omitempty"`
}

// Kept is an attempt whose spool exists on the host.
type Kept struct {
	Ref task.Ref
	// Ended is true once its exit record is in the spool.
	Ended bool
	Usage AttemptUsage
	// Lease is the one that stands on the host's disk, nil without deadline.
	Lease *Lease
	// Unkillable is true where processes of the attempt have outlived SIGKILL for longer than the kill bound.
	Unkillable bool
}

// Grown tells that the spool of an attempt has more records.
type Grown struct {
	Ref task.Ref
	// Ended is true once its exit record is in the spool.
	Ended bool
}
