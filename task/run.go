package task

import "time"

// RunID identifies a run. Ids sort by the time at which the run was requested.
type RunID string

// CauseKind says what asked for a run.
type CauseKind string

// The kinds of cause.
const (
	CauseManual  CauseKind = "manual"
	CauseTrigger CauseKind = "trigger"
	CausePlan    CauseKind = "plan"
	CauseChain   CauseKind = "chain"
	CauseAPI     CauseKind = "api"
)

// Cause is who or what asked for a run.
type Cause struct {
	Kind CauseKind
	By   string
}

// Run is one requested execution of a task.
type Run struct {
	ID    RunID
	Task  string
	State State
	// Prior is the state before Unknown, and empty otherwise.
	Prior State
	// Attempt is the number of the newest attempt, and the fence of the run; 0 before the first.
	Attempt      int
	Cause        Cause
	ScheduledFor *time.Time
	QueuedAt     time.Time
	StartedAt    *time.Time
	EndedAt      *time.Time
	ExitCode     *int
	// Reason says in a sentence why the run is in its present state.
	Reason string
	// Spec is the task as it was when the run was requested, its texts filled in with Params.
	Spec Spec
	// Params are the values with which the texts were filled in.
	Params map[string]string
	// Server is the server of the newest attempt, or empty.
	Server   string
	Progress *Progress
	// Outputs are the values that the job handed over with `jobserver output`.
	Outputs map[string]string
	// Pending is what an operator or a policy wants of the run once its present attempt is certainly over, and empty
	// otherwise: while it is set, no other run of the task is placed.
	Pending Intent
	// Next is what the run's next attempt begins with. It is set while the run is queued for one. While Pending is
	// IntentRecover, its Checkpoint is the one that the operator chose, 0 for the newest.
	Next *Continuation
	// Pinned is true where the run is kept whatever the rules of retention say.
	Pinned bool
	// Tries counts the attempts whose job failed by itself, for retries.
	Tries int
	// Attempts are filled in where one run is asked for, oldest first.
	Attempts []Attempt
}

// Intent is what is to become of a run whose attempt is being stopped.
type Intent string

// The intents. IntentCancel is the ordinary one of a run that is stopping.
const (
	IntentCancel  Intent = "cancel"
	IntentReset   Intent = "reset"
	IntentRestart Intent = "restart"
	IntentRecover Intent = "recover"
)

// Continuation is how a run goes on with a further attempt.
type Continuation struct {
	// Ground says why the attempt may begin; see policy.Ground.
	Ground string
	// Checkpoint is the sequence of the checkpoint to resume from, 0 for the beginning. In a [Replacement] it may be
	// LastCheckpoint.
	Checkpoint int
	// Avoid is the server to be taken only if no other is eligible, or empty.
	Avoid string
	// NotBefore is the earliest instant of the attempt; zero is at once.
	NotBefore time.Time
	// GiveUpAt is when the run is reset if no server was found for it, by a ladder's last step; zero is never.
	GiveUpAt time.Time
	// Reason says why there is a further attempt.
	Reason string
}

// LastCheckpoint in place of a sequence stands for the run's newest checkpoint at the moment at which the continuation is
// stored, and for the beginning where there is none. One may become durable between a decision and its commit.
const LastCheckpoint = -1

// Checkpoint is named state that a running job handed over. It is visible only once all of its content is durable.
type Checkpoint struct {
	Run RunID
	// Sequence counts the checkpoints of a run over all of its attempts, from 1.
	Sequence int
	// Attempt is the attempt that made it.
	Attempt      int
	Name         string
	Label        string
	Instructions string
	// Step is the number of steps that ended well before it, for a job of steps; 0 otherwise.
	Step int
	// Size and SHA256 (in hexadecimal) are of its content: a tar archive of its files, possibly of none.
	Size      int64
	SHA256    string
	CreatedAt time.Time
}

// Limits on checkpoints.
const (
	MaxCheckpointSize = 1 << 30
	// MaxCheckpoints is how many one attempt may make.
	MaxCheckpoints = 10000
	// KeptCheckpoints is how many of a run are kept; those with a label are kept besides.
	KeptCheckpoints   = 10
	MaxCheckpointName = 200
	MaxInstructions   = 4096
	// MaxCheckpointChunk is the most content in one piece on its way to the conductor.
	MaxCheckpointChunk = 1 << 20
)

// Progress is what a job says of how far it is.
type Progress struct {
	// Percent is 0 to 100.
	Percent float64
	Message string
}

// Attempt is one placement of a run on one job server.
type Attempt struct {
	Run RunID
	// Number counts from 1 and is the fence.
	Number int
	Server string
	State  AttemptState
	Reason string
	// OfferedAt is when the placement was committed, ClaimedAt when the agent's claim was.
	OfferedAt time.Time
	ClaimedAt *time.Time
	EndedAt   *time.Time
	// Ground says why this attempt may begin although an earlier one existed; empty for the first.
	Ground string
	// ResumedFrom is the sequence of the checkpoint taken over, or nil.
	ResumedFrom *int
	// Exit is nil until the attempt has ended with an exit record.
	Exit *Exit
	// LogBytes is the length of its stored output.
	LogBytes int64
	// Delivered is the sequence of the last record of the attempt that is stored; the next one is Delivered+1.
	Delivered int64
	// Instance is the agent process that claimed the attempt.
	Instance string
	// UnavailableAfter is how long its server may be silent before it counts as unavailable for this attempt, and Lease
	// the conductor's length of its lease: no other attempt begins before the server was silent for that long. A Lease
	// of 0 has no deadline. Both are settled with the claim.
	UnavailableAfter time.Duration
	Lease            time.Duration
}

// ExitKind says how an attempt ended.
type ExitKind string

// The kinds of end that a guard reports.
const (
	// ExitExited: the job ended by itself, with Code or Signal.
	ExitExited ExitKind = "exited"
	// ExitNotStarted: the program could not be started; Detail says why.
	ExitNotStarted ExitKind = "not_started"
	// ExitTimedOut: it was stopped because its timeout had passed.
	ExitTimedOut ExitKind = "timed_out"
	// ExitCancelled: it was stopped at an operator's word.
	ExitCancelled ExitKind = "cancelled"
	// ExitLeaseExpired: it was stopped because its lease had run out.
	ExitLeaseExpired ExitKind = "lease_expired"
	// ExitFenced: it was stopped because a newer attempt exists.
	ExitFenced ExitKind = "fenced"
	// ExitLost: nobody saw how it ended; Detail says what is known (its guard was killed, its host was rebooted).
	ExitLost ExitKind = "lost"
)

// Exit is the exit record of an attempt.
type Exit struct {
	Kind ExitKind `json:"kind"`
	// Code is the exit code, or 128+Signal after a signal; -1 where there is none.
	Code int `json:"code"`
	// Signal is the number of the signal that ended the job, or 0.
	Signal int `json:"signal,omitempty"`
	// OOM is true where the kernel killed the job for want of memory.
	OOM bool `json:"oom,omitempty"`
	// Detail is a sentence for a person, such as `exec "nosuch": no such file or directory`.
	Detail string `json:"detail,omitempty"`
	// CPU is the processor time of all processes of the attempt.
	CPU time.Duration `json:"cpu_ns"`
	// PeakMemory is in bytes.
	PeakMemory int64 `json:"peak_memory"`
	// Ran is how long the job ran, by a clock that no one can set.
	Ran time.Duration `json:"ran_ns"`
}

// Outcome returns the state in which the run and the attempt end with this exit, and the reason to show.
// A job that exited by itself before it could be stopped has its own result.
func (e Exit) Outcome() (State, AttemptState, string) {
	return outcome(e)
}

// QueuePosition is the place of a run in the queue: higher priority first, then the smaller id. The zero value is
// before every run.
type QueuePosition struct {
	Priority int
	ID       RunID
}

// Before reports whether p is nearer to the head of the queue than q.
func (p QueuePosition) Before(q QueuePosition) bool {
	if p.Priority != q.Priority {
		return p.Priority > q.Priority
	}
	return p.ID < q.ID
}

// Position returns the run's place in the queue.
func (r Run) Position() QueuePosition { return QueuePosition{Priority: r.Spec.Priority, ID: r.ID} }

// RunRequest is what a caller gives for a run.
type RunRequest struct {
	// Params override the task's.
	Params map[string]string
	// Key is the Idempotency-Key, or empty.
	Key string
	// By is who asks.
	By string
}

// Replacement ends an attempt and says what becomes of its run.
type Replacement struct {
	Ref Ref
	// Attempt is the state in which the attempt ends: AttemptUnavailable or AttemptLost.
	Attempt AttemptState
	// Run is Queued, Reset or Lost; Next is set where it is Queued.
	Run    State
	Next   *Continuation
	Ground string
	Reason string
}

// Recoverable is a run that may be taken up again, with what it may be taken up from.
type Recoverable struct {
	Run         Run
	Checkpoints []Checkpoint
}
