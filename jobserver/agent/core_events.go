package agent

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/task"
)

// Event is something that happened to the agent. See [Core.Step].
type Event interface{ event() }

// Offered is an offer of the conductor.
type Offered struct {
	Term uint64
	// At is when it came, by CLOCK_BOOTTIME.
	At        time.Duration
	Execution jobserver.Execution
	Claim     protocol.Claim
}

// HeartbeatSent is due before a heartbeat is sent.
type HeartbeatSent struct {
	// Number is one more than that of the heartbeat before.
	Number uint64
	// At is what CLOCK_BOOTTIME says.
	At time.Duration
}

// StopOrdered is the conductor's word to end an attempt, from the stream or from the answer to a heartbeat.
type StopOrdered struct {
	Term uint64
	Ref  task.Ref
	Kind task.ExitKind
}

// ClaimDone is the answer to [Claim], or that there was none.
type ClaimDone struct {
	Term uint64
	// Sent is when the claim was sent, by CLOCK_BOOTTIME, read before that.
	Sent time.Duration
	// Leases are those of the attempts whose claim was granted.
	Leases []Grant
	// Verdicts are in the order of the claim. Missing ones count as not answered.
	Verdicts []Verdict
	Err      error
}

// Grant is the length of an attempt's lease; 0 is without deadline.
type Grant struct {
	Ref    task.Ref
	Length time.Duration
}

// LeasesGranted is the answer to a heartbeat: the leases that it renews.
type LeasesGranted struct {
	Term uint64
	// Sent is when the heartbeat was sent, by CLOCK_BOOTTIME, read before that.
	Sent   time.Duration
	Leases []Grant
}

// HoldOrdered is the conductor's word that it will be away, and for how long the leases are to last.
type HoldOrdered struct {
	Term uint64
	// At is when it came, by CLOCK_BOOTTIME.
	At     time.Duration
	Length time.Duration
}

// RenewDone is the end of [Renew]. Without error the lease is on the guard's disk.
type RenewDone struct {
	Ref   task.Ref
	Lease jobserver.Lease
	Err   error
}

// Ticked tells what CLOCK_BOOTTIME says. It is due every quarter of a second while [Core.Leased].
type Ticked struct{ Boot time.Duration }

// ExpireDone is the end of [Expire].
type ExpireDone struct {
	Ref task.Ref
	Err error
}

// UploadDone is the end of [Upload]. Without error the conductor has all of the content, or says why it will never take
// it; fault.NotFound says that the content is not there.
type UploadDone struct {
	Ref     task.Ref
	Refused string
	Fenced  bool
	Err     error
}

// Reviewed is the end of [Review]: the checkpoints whose records are in the range.
type Reviewed struct {
	Ref         task.Ref
	Checkpoints []task.Checkpoint
}

// FetchDone is the end of [Fetch]: where the contents are. Their sizes and hashes are those of the checkpoint, at Path, and of
// the archive, at Package.
type FetchDone struct {
	Ref           task.Ref
	Path, Package string
	// Local is true where the host itself is what cannot take the archive: its disk is full, for example.
	Local bool
	Err   error
}

// Verdict is the conductor's answer to one claim.
type Verdict uint8

// The verdicts.
const (
	// Unanswered claims are repeated.
	Unanswered Verdict = iota
	// Granted claims are committed: the attempt may be started.
	Granted
	// Refused claims are forgotten.
	Refused
)

// StartDone is the end of [Start].
type StartDone struct {
	Ref task.Ref
	Err error
}

// StopDone is the end of [Stop]. Without error the guard has taken the order; the job may still live.
type StopDone struct {
	Ref task.Ref
	Err error
}

// Grew says that a spool has more records.
type Grew struct{ jobserver.Grown }

// DeliverDone is the end of [Deliver].
type DeliverDone struct {
	Term uint64
	// Reports are in the order of what was wanted.
	Reports []Report
	// Err is why the call failed. Nothing was answered then, and all of it is repeated.
	Err error
}

// Report is what became of one [Want].
type Report struct {
	Ref task.Ref
	// Reached is false where the call was full before it came to this attempt.
	Reached bool
	// Sent is true where records were sent. Last is then the sequence of the last of them.
	Sent bool
	Last int64
	// Exit is true where the last of them is the exit record.
	Exit bool
	// Checkpoints are those whose records were sent as such. Next is the one in front of which the reading stopped, since
	// its content is not settled.
	Checkpoints []SentCheckpoint
	Next        *task.Checkpoint
	// More is true where the reading stopped at the size limit.
	More bool
	// ReadErr is why nothing could be read.
	ReadErr error
	// Acked and Fenced are the conductor's answer, where records were sent.
	Acked  int64
	Fenced bool
}

// SentCheckpoint is the record of a checkpoint, and the checkpoint's sequence.
type SentCheckpoint struct {
	Record   int64
	Sequence int
}

// DropDone is the end of [Drop].
type DropDone struct {
	Ref task.Ref
	Err error
}

// GuardUp says that a guard is connected.
type GuardUp struct{}

// GuardDown says that the guard is gone.
type GuardDown struct{}

// Listed is the end of [Look], or of a look that [Core.BeginLook] began.
type Listed struct {
	Number uint64
	Kept   []jobserver.Kept
	Err    error
}

// Connected says that the conductor is there again: what waits for another try is tried at once.
type Connected struct{}

// Woken says that the instant of [Core.Wake] has come.
type Woken struct{}

// QuitOrdered says that the agent is to end: no offer is taken any more. Jobs go on.
type QuitOrdered struct{}

func (Offered) event()       {}
func (HeartbeatSent) event() {}
func (LeasesGranted) event() {}
func (HoldOrdered) event()   {}
func (RenewDone) event()     {}
func (Ticked) event()        {}
func (ExpireDone) event()    {}
func (UploadDone) event()    {}
func (Reviewed) event()      {}
func (FetchDone) event()     {}
func (StopOrdered) event()   {}
func (ClaimDone) event()     {}
func (StartDone) event()     {}
func (StopDone) event()      {}
func (Grew) event()          {}
func (DeliverDone) event()   {}
func (DropDone) event()      {}
func (GuardUp) event()       {}
func (GuardDown) event()     {}
func (Listed) event()        {}
func (Connected) event()     {}
func (Woken) event()         {}
func (QuitOrdered) event()   {}

// Effect is something that the core wants done. Each but Validate, Discard and Note is answered with one event, once it is
// done.
type Effect interface{ effect() }

// Claim asks the conductor for the right to start attempts. It is answered with [ClaimDone]. One is under way at a time.
type Claim struct{ Refs []task.Ref }

// Start has the guard start an attempt. It is answered with [StartDone].
type Start struct{ Execution jobserver.Execution }

// Stop has the guard stop an attempt. It is answered with [StopDone].
type Stop struct {
	Ref  task.Ref
	Kind task.ExitKind
}

// Deliver reads what is wanted from the spools, as much as fits into one call, and hands it to the conductor. It is
// answered with [DeliverDone]. One is under way at a time.
type Deliver struct{ Wants []Want }

// Want is the records of one attempt after a sequence. Where Exit is set there is no spool to read: the exit is the one
// record, with the sequence After+1 and the instant At.
type Want struct {
	Ref   task.Ref
	After int64
	Exit  *task.Exit
	At    time.Time
	// Uploaded is the highest checkpoint that is settled: the reading stops in front of the record of a higher one. In the
	// place of those in Refused goes a line of Segno's own in the output, with the reason.
	Uploaded int
	Refused  map[int]string
}

// Renew has the guard write the lease of an attempt. It is answered with [RenewDone]. One of an attempt is under way at a
// time.
type Renew struct {
	Ref   task.Ref
	Lease jobserver.Lease
}

// Expire has an attempt killed, with its keeper, whose lease has run out. It is answered with [ExpireDone].
type Expire struct{ Ref task.Ref }

// Upload hands the content of a checkpoint to the conductor. It is answered with [UploadDone]. One of an attempt is under
// way at a time.
type Upload struct {
	Ref        task.Ref
	Checkpoint task.Checkpoint
}

// Review reads which checkpoints are among the records after After up to To. It is answered with [Reviewed].
type Review struct {
	Ref       task.Ref
	After, To int64
}

// Validate has the guard tell the job that a checkpoint is durable, or why it never will be.
type Validate struct {
	Ref      task.Ref
	Sequence int
	Refused  string
}

// Fetch gets what an attempt begins with: the archive that it runs, or nil, and the content of the checkpoint that it goes on
// from, of which the sequence is 0 where there is none. It is answered with [FetchDone].
type Fetch struct {
	Ref        task.Ref
	Checkpoint task.Checkpoint
	Archive    *task.Archive
}

// Discard removes content that was fetched and is not needed any more.
type Discard struct{ Path string }

// Drop has the guard remove a spool. It is answered with [DropDone].
type Drop struct{ Ref task.Ref }

// Look asks the guard what it keeps. It is answered with [Listed] of the same number.
type Look struct{ Number uint64 }

// Note is worth a line in the log.
type Note struct {
	Ref  task.Ref
	Text string
	Err  error
}

func (Claim) effect()    {}
func (Renew) effect()    {}
func (Expire) effect()   {}
func (Upload) effect()   {}
func (Review) effect()   {}
func (Validate) effect() {}
func (Fetch) effect()    {}
func (Discard) effect()  {}
func (Start) effect()    {}
func (Stop) effect()     {}
func (Deliver) effect()  {}
func (Drop) effect()     {}
func (Look) effect()     {}
func (Note) effect()     {}
