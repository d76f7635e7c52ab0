package guard

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// phase is how far an attempt is.
type phase int

const (
	// preparing: no process exists yet; what the attempt goes on from is being unpacked.
	preparing phase = iota
	// running: the first process of the present step lives.
	running
	// clearing: it has ended, and others that it left are being killed.
	clearing
	// draining: no process is left, and what they wrote is being read.
	draining
	// packing: what the next steps need is being put into the checkpoint behind a step.
	packing
	// committing: the exit record is being written.
	committing
)

// Waits of an attempt.
const (
	// flushDelay is how long records may wait in memory for others.
	flushDelay = 10 * time.Millisecond
	// startDelay is the same for the record of the start. Nobody waits for it: a job that is short, also on a busy host,
	// writes it together with its exit, and that saves a message to the agent and a delivery.
	startDelay = 250 * time.Millisecond
	// progressEvery is the least time between two progress records.
	progressEvery = 100 * time.Millisecond
	// firstCheck to lastCheck lie between looks at processes that are being waited for.
	firstCheck = time.Millisecond
	lastCheck  = 50 * time.Millisecond
)

// never is a time that does not come.
const never = time.Duration(1<<63 - 1)

// attempt is what a keeper knows of the attempt that it keeps. Times are since the host's boot.
type attempt struct {
	jobserver.Execution
	spool *spool.Writer
	phase phase
	dir   string
	env   []string
	path  string
	// who is the user as whom its job runs, nil for the keeper's own; door is the socket of such a job, or nil.
	who  *Account
	door *door

	steps []step
	step  int
	// core decides about stops; begun is true once a process was started.
	core  *Core
	begun bool
	// leader is the first process of the present step. leaderGone is true once it was reaped, with status.
	leader     process
	leaderGone bool
	status     unix.WaitStatus

	began time.Duration
	// checkAt is when to look at the processes, flushAt when to write what is pending.
	checkAt, flushAt time.Duration
	checkWait        time.Duration
	// stop is why the present step was told to end, empty if it was not.
	stop       task.ExitKind
	stopDetail string
	// killed is true where the keeper itself killed the leader, unkillable while processes outlive that.
	killed, unkillable bool
	exit               *task.Exit

	cpu  time.Duration
	peak int64
	// oomBase is the host's count of kills for want of memory when the attempt was young.
	oomBase int64

	output   meteredOutput
	values   map[string]struct{}
	progress *task.Progress
	// progressAt is when the next progress may be written.
	progressAt time.Duration

	// aside ends what is done beside the loop for the attempt, or is nil.
	aside context.CancelFunc
	// made counts checkpoints, drafts those that are or were being gathered, drafting those that are; waiting are the
	// answers to jobs that wait for theirs.
	made, drafts, drafting int
	waiting                map[int]chan<- error
}

func newAttempt(x jobserver.Execution, w *spool.Writer, now time.Duration) *attempt {
	a := &attempt{
		Execution: x, spool: w, began: now, phase: preparing, checkAt: never, flushAt: never,
		leader: process{fd: -1, stdout: -1, stderr: -1},
	}
	terms := Terms{Timeout: x.Timeout, Grace: x.StopGrace}
	if x.Lease != nil {
		terms.Lease = *x.Lease
	}
	a.core = NewCore(now, terms)
	a.output.limit = x.OutputLimit
	if a.output.limit <= 0 {
		a.output.limit = task.DefaultOutputLimit
	}
	return a
}

// mark appends a line of Segno's own to the output.
func (a *attempt) mark(format string, args ...any) {
	a.spool.Output(time.Now(), task.StreamMark, fmt.Appendf(nil, format+"\n", args...))
}

// flushBy has what is pending written by at.
func (a *attempt) flushBy(at time.Duration) { a.flushAt = min(a.flushAt, at) }

// account adds what a reaped process used.
func (a *attempt) account(used *unix.Rusage) {
	a.cpu += time.Duration(used.Utime.Nano() + used.Stime.Nano())
	a.peak = max(a.peak, int64(used.Maxrss)<<10)
}

// result is the exit record for the present state.
func (a *attempt) result(now time.Duration) task.Exit {
	e := task.Exit{Kind: task.ExitExited, Code: a.status.ExitStatus(), CPU: a.cpu, PeakMemory: a.peak, Ran: now - a.began}
	if a.status.Signaled() {
		e.Signal = int(a.status.Signal())
		e.Code = 128 + e.Signal
	}
	if a.stop != "" {
		e.Kind, e.Detail = a.stop, a.stopDetail
	} else if len(a.steps) > 1 && e.Code != 0 {
		e.Detail = fmt.Sprintf("step %q", a.steps[a.step].name)
	}
	return e
}

// close frees the descriptors of the present step.
func (a *attempt) closeStep() {
	closeFD(&a.leader.fd)
	closeFD(&a.leader.stdout)
	closeFD(&a.leader.stderr)
}

// meteredOutput counts the bytes of output that are kept and those that are over the limit.
type meteredOutput struct {
	limit, kept, dropped int64
	cut                  bool
}

// take says how many of n more bytes are to be kept, and whether these are the first that are not.
func (m *meteredOutput) take(n int) (keep int, cutHere bool) {
	keep = int(min(int64(n), m.limit-m.kept))
	m.kept += int64(keep)
	m.dropped += int64(n - keep)
	cutHere = keep < n && !m.cut
	m.cut = m.cut || cutHere
	return keep, cutHere
}
