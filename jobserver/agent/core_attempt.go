package agent

import (
	"container/heap"
	"errors"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/task"
)

// phase is how far an attempt is.
type phase uint8

const (
	// waiting attempts were offered; their claim is to be asked, for the first time or again.
	waiting phase = iota
	// claiming attempts are in the claim that is under way.
	claiming
	// claimed attempts may be started, and wait for a guard.
	claimed
	// fetching attempts may be started once the archive that they run and the checkpoint that they go on from are here.
	fetching
	// starting attempts are with the guard.
	starting
	// doubtful attempts may have been taken by the guard although it gave an error: its next list tells.
	doubtful
	// kept attempts have a spool.
	kept
	// void attempts have no spool; the core itself says how they ended.
	void
	// dropping attempts are delivered to their end, or fenced and ended: their spool is to be removed.
	dropping
	// forgotten attempts are not in the core any more.
	forgotten
)

// attempt is what the core knows of one attempt. Its records are on disk, not here.
type attempt struct {
	ref   task.Ref
	phase phase
	// execution is kept until the guard has it.
	execution jobserver.Execution
	// asked is true once a claim was sent, or made by the conductor: it may have been committed.
	asked bool
	// stop is the kind with which it is to be stopped, or empty; stopping is true once the guard was told.
	stop     task.ExitKind
	stopping bool
	ended    bool
	fenced   bool
	// acked is the last record that is durable at the conductor.
	acked int64
	// exit is how a void attempt ended, and told is true once that was sent.
	exit   *task.Exit
	exitAt time.Time
	told   bool
	// posted is true while it is in the outbox, underWay while it is in the delivery under way, of which endedThen says
	// whether it had ended before; grown is true if it grew meanwhile.
	posted, underWay, endedThen, grown bool
	failures, stopFailures             int
	// notBefore and stopAfter hold back its delivery or removal, and its stop, after a failure.
	notBefore, stopAfter time.Time
	// doubt is the error that made it doubtful.
	doubt error
	// epoch is the number of looks that had begun when it came into its phase: only later ones can miss it.
	epoch      uint64
	usage      jobserver.AttemptUsage
	unkillable bool

	// lease is what the guard has on disk, or begins with; want is what it should have. anchor is when the newest claim or
	// heartbeat was sent that was answered with a lease, heldAt when the hold came, where want is one. writing is what the
	// renewal under way writes.
	lease, want, writing jobserver.Lease
	anchor, heldAt       time.Duration
	renewing, expiring   bool
	// uploads are contents to hand over, the first of which is under way if uploading. uploaded is the highest checkpoint
	// that is settled, with refused telling why those are that the conductor does not take.
	uploads   []upload
	uploading bool
	uploaded  int
	refused   map[int]string
}

// alive reports whether a process of the attempt may exist on this host.
func (a *attempt) alive() bool {
	return a.phase == starting || a.phase == doubtful || a.phase == kept && !a.ended
}

// lacks reports whether something is still to be fetched that the attempt begins with.
func (a *attempt) lacks() bool {
	e := &a.execution
	return e.Resume != nil && e.ResumeContent == "" || e.Job.Archive != nil && e.PackageContent == ""
}

func (c *Core) offered(now time.Time, e Offered) {
	ref := e.Execution.Ref
	r := c.run(ref.Run)
	known := c.attempts[ref] != nil || ref.Number < r.newest || ref.Number <= r.finished
	if c.stale(e.Term) || c.quitting || known || len(c.waiting) >= maxWaiting {
		if len(r.numbers) == 0 && r.newest == 0 {
			delete(c.runs, ref.Run)
		}
		return
	}
	for _, n := range append([]int(nil), r.numbers...) {
		c.halt(now, c.attempts[task.Ref{Run: ref.Run, Number: n}], task.ExitFenced)
	}
	a := c.add(ref, waiting)
	a.execution, a.asked = e.Execution, e.Claim.Made
	if sent, answered := c.answered(e); answered && c.ready && !c.olderAlive(ref) {
		a.phase = claimed
		c.grant(a, sent, e.Claim.Lease)
		c.start(now, a)
		return
	}
	c.waiting = append(c.waiting, a)
}

// answered reports whether an offer is the answer to the claim of its attempt as well, and when the heartbeat was sent from
// which the lease counts. It is not once half of the lease is over, nor where the heartbeat was sent before something that is
// forgotten by now: the attempt might have been here then.
func (c *Core) answered(e Offered) (sent time.Duration, answered bool) {
	for _, b := range c.beats {
		if b.Number == e.Claim.Heartbeat && b.Number > c.forgotten {
			return b.At, e.Claim.Made && (e.Claim.Lease == 0 || e.At < b.At+e.Claim.Lease/2)
		}
	}
	return 0, false
}

// claim asks for as many waiting attempts as one call takes, unless a call is under way.
func (c *Core) claim(now time.Time) {
	if c.claiming != nil || !c.ready || len(c.waiting) == 0 || now.Before(c.claims.at) {
		return
	}
	var refs []task.Ref
	var left []*attempt
	for _, a := range c.waiting {
		switch {
		case a.phase != waiting:
		case len(refs) == protocol.MaxClaims || c.olderAlive(a.ref):
			left = append(left, a)
		default:
			a.phase, a.asked = claiming, true
			c.claiming = append(c.claiming, a)
			refs = append(refs, a.ref)
		}
	}
	c.waiting = left
	if len(refs) > 0 {
		c.do(Claim{Refs: refs})
	}
}

func (c *Core) olderAlive(ref task.Ref) bool {
	for _, n := range c.runs[ref.Run].numbers {
		if n < ref.Number && c.attempts[task.Ref{Run: ref.Run, Number: n}].alive() {
			return true
		}
	}
	return false
}

func (c *Core) claimDone(now time.Time, e ClaimDone) {
	asked := c.claiming
	c.claiming = nil
	c.term = max(c.term, e.Term)
	if e.Err != nil {
		c.claims.failed(now, e.Err, c.jitter)
		e.Verdicts = nil
	} else {
		c.claims.succeeded()
	}
	var again []*attempt
	for i, a := range asked {
		if a.phase != claiming {
			continue
		}
		verdict := Unanswered
		if i < len(e.Verdicts) {
			verdict = e.Verdicts[i]
		}
		switch verdict {
		case Granted:
			a.phase = claimed
			c.leased(e.Sent, e.Leases)
			c.start(now, a)
		case Refused:
			c.forget(a)
		default:
			a.phase = waiting
			again = append(again, a)
		}
	}
	if len(again) > 0 && e.Err == nil {
		c.claims.failed(now, nil, c.jitter)
	}
	c.waiting = append(again, c.waiting...)
}

// start hands a claimed attempt to the guard, unless it was stopped or replaced meanwhile.
func (c *Core) start(now time.Time, a *attempt) {
	switch {
	case a.stop != "":
		c.conclude(now, a, task.Exit{Kind: a.stop, Code: -1, Detail: "stopped before it was started"})
	case c.runs[a.ref.Run].newest > a.ref.Number:
		c.conclude(now, a, task.Exit{Kind: task.ExitFenced, Code: -1, Detail: "a newer attempt came before it was started"})
	case !c.ready || !a.notBefore.IsZero():
	case a.lacks():
		c.fetch(a)
	default:
		a.phase, a.lease = starting, a.want
		if a.want.Deadline > 0 {
			lease := a.want
			a.execution.Lease = &lease
		}
		c.do(Start{Execution: a.execution})
	}
}

func (c *Core) startDone(now time.Time, e StartDone) {
	a := c.attempts[e.Ref]
	if a == nil || a.phase != starting {
		return
	}
	switch {
	case e.Err == nil:
		c.keep(a)
	case errors.Is(e.Err, fault.Conflict):
		c.keep(a)
		c.post(a)
	case errors.Is(e.Err, fault.Invalid), errors.Is(e.Err, fault.TooLarge):
		c.conclude(now, a, task.Exit{Kind: task.ExitNotStarted, Code: -1, Detail: e.Err.Error()})
	default:
		a.phase, a.doubt, a.epoch = doubtful, e.Err, c.looks
		c.lookAgain = true
	}
}

// keep says that the attempt has a spool.
func (c *Core) keep(a *attempt) {
	a.phase, a.epoch, a.doubt, a.asked = kept, c.looks, nil, true
	a.execution = jobserver.Execution{}
	c.renew(a)
	c.tend(a)
}

// conclude ends an attempt that has no spool.
func (c *Core) conclude(now time.Time, a *attempt, exit task.Exit) {
	if a.phase == claimed {
		c.discard(a.execution.ResumeContent, a.execution.PackageContent)
	}
	a.phase, a.exit, a.exitAt, a.ended, a.notBefore = void, &exit, now, true, time.Time{}
	a.execution = jobserver.Execution{}
	c.post(a)
}

func (c *Core) stopOrdered(now time.Time, e StopOrdered) {
	a := c.attempts[e.Ref]
	if !c.stale(e.Term) && a != nil {
		c.halt(now, a, e.Kind)
	}
}

// halt ends an attempt, or sees to it that it never starts. The first kind stays.
func (c *Core) halt(now time.Time, a *attempt, kind task.ExitKind) {
	if a.ended || a.stop != "" {
		return
	}
	a.stop = kind
	switch {
	case a.phase == waiting && !a.asked:
		c.waiting = slices.DeleteFunc(c.waiting, func(w *attempt) bool { return w == a })
		c.forget(a)
	case a.phase == claimed, a.phase == fetching:
		c.start(now, a)
	default:
		c.tend(a)
	}
}

// tend does for an attempt what the guard has to do next, if anything.
func (c *Core) tend(a *attempt) {
	if !c.ready {
		return
	}
	switch {
	case a.phase == dropping && !a.stopping && a.notBefore.IsZero():
		a.stopping = true
		c.do(Drop{Ref: a.ref})
	case a.phase == kept && a.ended && a.fenced && !a.underWay:
		c.drop(a)
	case a.phase == kept && !a.ended && a.stop != "" && !a.stopping && a.stopAfter.IsZero():
		a.stopping = true
		c.do(Stop{Ref: a.ref, Kind: a.stop})
	}
}

func (c *Core) stopDone(now time.Time, e StopDone) {
	a := c.attempts[e.Ref]
	if a == nil || a.phase != kept || a.ended {
		return
	}
	if e.Err != nil {
		a.stopping = false
		a.stopFailures++
		a.stopAfter = now.Add(backoff(a.stopFailures, c.jitter))
		heap.Push(&c.timers, timer{at: a.stopAfter, a: a})
		return
	}
	a.stopFailures = 0
}

// drop has the spool removed. For a dropping attempt, stopping means that the guard was told.
func (c *Core) drop(a *attempt) {
	a.phase, a.stopping = dropping, false
	c.tend(a)
}

func (c *Core) dropDone(now time.Time, e DropDone) {
	a := c.attempts[e.Ref]
	if a == nil || a.phase != dropping {
		return
	}
	if e.Err != nil && !errors.Is(e.Err, fault.NotFound) {
		a.stopping = false
		c.later(now, a)
		return
	}
	c.finish(a)
}
