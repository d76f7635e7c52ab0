package wire

import (
	"time"

	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// RunRequest is the optional body of POST /tasks/{name}/runs.
type RunRequest struct {
	// Params override the task's.
	Params map[string]string `json:"params,omitempty" doc:"Values that override the task's parameters."`
}

// Run is one requested execution of a task.
type Run struct {
	ID    task.RunID `json:"id" doc:"Ids sort by the time at which the run was requested."`
	Task  string     `json:"task"`
	State task.State `json:"state" enum:"queued,starting,running,unknown,stopping,succeeded,failed,timed_out,cancelled,reset,lost"`
	// Prior is the state before unknown, and null otherwise.
	Prior        *task.State `json:"prior" enum:"starting,running,stopping" doc:"The state before unknown; null otherwise."`
	Cause        Cause       `json:"cause"`
	ScheduledFor *Time       `json:"scheduled_for" format:"date-time"`
	QueuedAt     Time        `json:"queued_at" format:"date-time"`
	StartedAt    *Time       `json:"started_at" format:"date-time"`
	EndedAt      *Time       `json:"ended_at" format:"date-time"`
	ExitCode     *int        `json:"exit_code"`
	Reason       string      `json:"reason" doc:"Why the run is in its state, in a sentence."`
	// Policy is a word, or a list for a ladder. It was frozen with the run, as LeaveRunning and UnavailableAfter were.
	Policy       policy.Policy `json:"policy" doc:"What happens if its server is unavailable; frozen with the run."`
	LeaveRunning bool          `json:"leave_running" doc:"With reset the cut-off job is not stopped. Gives up the promise that no two attempts overlap."`
	// UnavailableAfter is nil where the server's own period holds.
	UnavailableAfter *task.Duration    `json:"unavailable_after" doc:"Silence after which its server counts as unavailable for it; null leaves it to the server."`
	Target           task.Target       `json:"target"`
	Server           *string           `json:"server" doc:"Server of the newest attempt."`
	Attempt          int               `json:"attempt" doc:"Number of the newest attempt; 0 before the first."`
	Params           map[string]string `json:"params" nullable:"false"`
	Outputs          map[string]string `json:"outputs" doc:"Values that the job handed over." nullable:"false"`
	Progress         *Progress         `json:"progress"`
	// Pending is what is to become of a run that is stopping, once its attempt is certainly over.
	Pending *task.Intent `json:"pending" enum:"cancel,reset,restart,recover" doc:"Of a run whose attempt is being stopped: what becomes of it then."`
	// Pinned runs are kept whatever the rules of retention say.
	Pinned bool `json:"pinned" doc:"It is kept whatever the rules of retention say."`
	Tries  int  `json:"tries" doc:"How many attempts ended because the job itself failed."`
	// Next is nil unless the run is queued for a further attempt.
	Next *Next `json:"next" doc:"Of a run that is queued for a further attempt: how it goes on."`
	// Checkpoints and Attempts are given where one run is asked for; nil in lists.
	Checkpoints []Checkpoint `json:"checkpoints,omitzero" doc:"Oldest first; left out in lists." nullable:"false"`
	Attempts    []Attempt    `json:"attempts,omitzero" doc:"Oldest first; left out in lists." nullable:"false"`
	// Waiting says of a queued run why no server could take it. It may be nil.
	Waiting *Placement `json:"waiting,omitempty" doc:"Of a queued run: why no server could take it so far."`
}

// Cause is who or what asked for a run.
type Cause struct {
	Kind task.CauseKind `json:"kind" enum:"manual,trigger,plan,chain,api"`
	By   string         `json:"by"`
}

// Progress is what a job says of how far it is.
type Progress struct {
	Percent float64 `json:"percent" minimum:"0" maximum:"100"`
	Message string  `json:"message"`
}

// Attempt is one placement of a run on one job server.
type Attempt struct {
	Number int               `json:"number"`
	Server string            `json:"server"`
	State  task.AttemptState `json:"state" enum:"offered,running,unknown,stopping,withdrawn,succeeded,failed,timed_out,cancelled,lost,unavailable"`
	Reason string            `json:"reason"`
	// OfferedAt is when it was placed, StartedAt when the agent claimed it.
	OfferedAt Time  `json:"offered_at" doc:"When it was placed." format:"date-time"`
	StartedAt *Time `json:"started_at" doc:"When the agent claimed it." format:"date-time"`
	EndedAt   *Time `json:"ended_at" format:"date-time"`
	// Ground is null for the first attempt.
	Ground      *string `json:"ground" doc:"Why it could begin although an earlier one existed; null for the first."`
	ResumedFrom *int    `json:"resumed_from" doc:"Checkpoint that it resumed from."`
	// UnavailableAfter and Lease are nil before the claim; Lease is nil as well where there is no deadline.
	UnavailableAfter *task.Duration `json:"unavailable_after" doc:"Silence after which its server counts as unavailable for it."`
	Lease            *task.Duration `json:"lease" doc:"Silence of its server before which no other attempt begins; null where it has no deadline."`
	LogBytes         int64          `json:"log_bytes" doc:"Length of its stored output."`
	Exit             *Exit          `json:"exit"`
	Placement        *Placement     `json:"placement,omitempty" doc:"Why it was placed where it was."`
}

// Exit is how an attempt ended.
type Exit struct {
	Kind   task.ExitKind `json:"kind" enum:"exited,not_started,timed_out,cancelled,lease_expired,fenced,lost"`
	Code   int           `json:"code" doc:"Exit code, 128+signal after a signal, or -1."`
	Signal int           `json:"signal"`
	OOM    bool          `json:"oom" doc:"The kernel killed the job for want of memory."`
	Detail string        `json:"detail"`
	// CPU and Duration are in seconds, PeakMemory in bytes.
	CPU        float64 `json:"cpu_seconds"`
	PeakMemory int64   `json:"peak_memory" doc:"Bytes."`
	Duration   float64 `json:"duration_seconds"`
}

// RunOf returns r as it stands in a list: without its attempts.
func RunOf(r task.Run) Run {
	w := Run{
		ID: r.ID, Task: r.Task, State: r.State,
		Cause:        Cause{Kind: r.Cause.Kind, By: r.Cause.By},
		ScheduledFor: optional(r.ScheduledFor), QueuedAt: At(r.QueuedAt), StartedAt: optional(r.StartedAt), EndedAt: optional(r.EndedAt),
		ExitCode: r.ExitCode, Reason: r.Reason, Target: r.Spec.Target,
		Server: text(r.Server), Attempt: r.Attempt, Params: filled(r.Params), Outputs: filled(r.Outputs),
		LeaveRunning: r.Spec.LeaveRunning, UnavailableAfter: span(time.Duration(r.Spec.UnavailableAfter)), Tries: r.Tries, Pinned: r.Pinned, Next: nextOf(r.Next),
	}
	if p := r.Spec.OnUnavailable; p != nil {
		w.Policy = *p
	}
	if r.Prior != "" {
		w.Prior = &r.Prior
	}
	if r.Pending != "" {
		w.Pending = &r.Pending
	}
	if r.Progress != nil {
		w.Progress = &Progress{Percent: r.Progress.Percent, Message: r.Progress.Message}
	}
	return w
}

// WholeRunOf returns r with its attempts, its checkpoints, and the placements stored for the attempts by number; under 0
// stands why it waits.
func WholeRunOf(r task.Run, placements map[int]virtualserver.Placement, checkpoints []task.Checkpoint) Run {
	w := RunOf(r)
	w.Checkpoints = CheckpointsOf(checkpoints)
	w.Attempts = make([]Attempt, len(r.Attempts))
	for i, a := range r.Attempts {
		w.Attempts[i] = AttemptOf(a)
		if p, ok := placements[a.Number]; ok {
			placed := PlacementOf(p)
			w.Attempts[i].Placement = &placed
		}
	}
	if p, ok := placements[0]; ok && r.State == task.Queued {
		waiting := PlacementOf(p)
		w.Waiting = &waiting
	}
	return w
}

// AttemptOf returns a as it is sent, without its placement.
func AttemptOf(a task.Attempt) Attempt {
	return Attempt{
		Number: a.Number, Server: a.Server, State: a.State, Reason: a.Reason,
		OfferedAt: At(a.OfferedAt), StartedAt: optional(a.ClaimedAt), EndedAt: optional(a.EndedAt),
		Ground: text(a.Ground), ResumedFrom: a.ResumedFrom,
		UnavailableAfter: span(a.UnavailableAfter), Lease: span(a.Lease), LogBytes: a.LogBytes, Exit: exitOf(a.Exit),
	}
}

func exitOf(e *task.Exit) *Exit {
	if e == nil {
		return nil
	}
	return &Exit{
		Kind: e.Kind, Code: e.Code, Signal: e.Signal, OOM: e.OOM, Detail: e.Detail,
		CPU: e.CPU.Seconds(), PeakMemory: e.PeakMemory, Duration: e.Ran.Seconds(),
	}
}
