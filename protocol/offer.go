package protocol

import (
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// RefToProto maps the name of an attempt.
func RefToProto(r task.Ref) *segnov1.AttemptRef {
	return &segnov1.AttemptRef{Run: string(r.Run), Number: uint32(max(0, r.Number))}
}

// RefFromProto maps the name of an attempt. A missing message gives the zero Ref.
func RefFromProto(m *segnov1.AttemptRef) task.Ref {
	return task.Ref{Run: task.RunID(m.GetRun()), Number: int(m.GetNumber())}
}

// RefsToProto and RefsFromProto map several, in their order.
func RefsToProto(refs []task.Ref) []*segnov1.AttemptRef {
	ms := make([]*segnov1.AttemptRef, len(refs))
	for i, r := range refs {
		ms[i] = RefToProto(r)
	}
	return ms
}

// RefsFromProto is the inverse of [RefsToProto].
func RefsFromProto(ms []*segnov1.AttemptRef) []task.Ref {
	refs := make([]task.Ref, len(ms))
	for i, m := range ms {
		refs[i] = RefFromProto(m)
	}
	return refs
}

// OfferToProto maps an execution with its name, task and times to the offer of its attempt.
func OfferToProto(e jobserver.Execution) *segnov1.Offer {
	return &segnov1.Offer{
		Attempt:      RefToProto(e.Ref),
		Task:         e.Task,
		Execution:    ExecutionToProto(e),
		ScheduledFor: micros(e.ScheduledFor),
		Traceparent:  e.Traceparent,
	}
}

// Claim is what an offer says of the claim of its attempt, for the agent process that gets it.
type Claim struct {
	// Made is true where the attempt is claimed for that process already.
	Made bool
	// Heartbeat is the number of the heartbeat that the claim is answered with, from whose sending on the lease counts; 0
	// where the claim is to be asked again.
	Heartbeat uint64
	// Lease is the length of the lease, 0 without deadline.
	Lease time.Duration
}

// ClaimToProto puts into an offer what it says of the claim.
func ClaimToProto(m *segnov1.Offer, c Claim) {
	m.Claimed, m.Heartbeat, m.Lease = c.Made, c.Heartbeat, c.Lease.Microseconds()
}

// ClaimFromProto is the inverse of [ClaimToProto].
func ClaimFromProto(m *segnov1.Offer) Claim {
	return Claim{Made: m.GetClaimed(), Heartbeat: m.GetHeartbeat(), Lease: span(m.GetLease())}
}

// OfferFromProto is the inverse of [OfferToProto]. An offer without a run, a number, or exactly one of command, script,
// steps and archive is refused with fault.Invalid, and so is one that resumes from a checkpoint, or runs an archive, that
// cannot be.
func OfferFromProto(m *segnov1.Offer) (jobserver.Execution, error) {
	e := ExecutionFromProto(m.GetExecution())
	e.Ref = RefFromProto(m.GetAttempt())
	e.Task = m.GetTask()
	e.ScheduledFor = instant(m.GetScheduledFor())
	e.Traceparent = m.GetTraceparent()
	switch {
	case e.Ref.Run == "":
		return e, fault.Field("attempt.run", "must not be empty")
	case e.Ref.Number < 1:
		return e, fault.Field("attempt.number", "must be at least 1")
	}
	if e.Resume != nil {
		e.Resume.Run = e.Ref.Run
		if err := e.Resume.Validate(); err != nil {
			return e, fault.Under("execution.resume", err)
		}
	}
	if e.Job.Archive != nil {
		if err := checkPackage(e.Job.Archive); err != nil {
			return e, fault.Under("execution.archive", err)
		}
	}
	kinds := 0
	for _, is := range []bool{len(e.Job.Command) > 0, e.Job.Script != nil, len(e.Job.Steps) > 0, e.Job.Archive != nil} {
		if is {
			kinds++
		}
	}
	if kinds != 1 {
		return e, fault.Field("execution", "must have exactly one of command, script, steps and archive")
	}
	return e, nil
}

// ExecutionToProto maps what a guard runs. The attempt's name, task and times stand in the offer: see [OfferToProto].
func ExecutionToProto(e jobserver.Execution) *segnov1.Execution {
	m := &segnov1.Execution{
		Command:        e.Job.Command,
		Env:            e.Job.Env,
		RunAs:          e.Job.RunAs,
		Params:         e.Params,
		Timeout:        e.Timeout.Microseconds(),
		StopGrace:      e.StopGrace.Microseconds(),
		OutputLimit:    e.OutputLimit,
		MemoryLimit:    e.MemoryLimit,
		LastCheckpoint: uint32(max(0, e.LastCheckpoint)),
	}
	if e.Resume != nil {
		m.Resume = CheckpointToProto(*e.Resume)
	}
	if a := e.Job.Archive; a != nil {
		m.Archive = ArchiveToProto(*a)
	}
	if s := e.Job.Script; s != nil {
		m.Script = &segnov1.Script{Interpreter: s.Interpreter, Text: s.Text}
	}
	for _, s := range e.Job.Steps {
		m.Steps = append(m.Steps, &segnov1.Step{Name: s.Name, Command: s.Command, Keep: s.Keep})
	}
	return m
}

// ExecutionFromProto is the inverse of [ExecutionToProto].
func ExecutionFromProto(m *segnov1.Execution) jobserver.Execution {
	e := jobserver.Execution{
		Job:            task.Job{Command: m.GetCommand(), Env: m.GetEnv(), RunAs: m.GetRunAs()},
		Params:         m.GetParams(),
		Timeout:        span(m.GetTimeout()),
		StopGrace:      span(m.GetStopGrace()),
		OutputLimit:    max(0, m.GetOutputLimit()),
		MemoryLimit:    max(0, m.GetMemoryLimit()),
		LastCheckpoint: int(m.GetLastCheckpoint()),
	}
	if c := m.GetResume(); c != nil {
		resume := CheckpointFromProto(c)
		e.Resume = &resume
	}
	if a := m.GetArchive(); a != nil {
		e.Job.Archive = ArchiveFromProto(a)
	}
	if s := m.GetScript(); s != nil {
		e.Job.Script = &task.Script{Interpreter: s.GetInterpreter(), Text: s.GetText()}
	}
	for _, s := range m.GetSteps() {
		e.Job.Steps = append(e.Job.Steps, task.Step{Name: s.GetName(), Command: s.GetCommand(), Keep: s.GetKeep()})
	}
	return e
}

// StopToProto maps an order to end an attempt. The kinds other than cancelled are sent as fenced: see [ReplacedToProto].
func StopToProto(ref task.Ref, kind task.ExitKind) *segnov1.Stop {
	cause := segnov1.StopCause_STOP_CAUSE_FENCED
	if kind == task.ExitCancelled {
		cause = segnov1.StopCause_STOP_CAUSE_CANCELLED
	}
	return &segnov1.Stop{Attempt: RefToProto(ref), Cause: cause}
}

// ReplacedToProto maps the order to end an attempt because an operator wants its run reset, restarted or recovered. Its
// exit record says fenced, and is delivered like any other: it confirms that the attempt was stopped.
func ReplacedToProto(ref task.Ref) *segnov1.Stop {
	return &segnov1.Stop{Attempt: RefToProto(ref), Cause: segnov1.StopCause_STOP_CAUSE_REPLACED}
}

// StopFromProto is the inverse of [StopToProto] and [ReplacedToProto]. A cause that is not known here counts as fenced.
func StopFromProto(m *segnov1.Stop) (task.Ref, task.ExitKind) {
	kind := task.ExitFenced
	if m.GetCause() == segnov1.StopCause_STOP_CAUSE_CANCELLED {
		kind = task.ExitCancelled
	}
	return RefFromProto(m.GetAttempt()), kind
}
