package agent

import (
	"cmp"
	"container/heap"
	"errors"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/task"
)

// Core decides what an agent does. It is a state machine without goroutines, clock, randomness and I/O of its own: events
// come in through [Core.Step] and what is to be done comes out. It is not safe for use by several goroutines at once.
//
// What it holds to, in whatever order events come, are repeated, or are lost:
//
//   - an attempt is started only after its claim was granted, be it with the offer, and once at most;
//   - an attempt whose claim was granted ends with an exit record at the conductor, also where it never started;
//   - a spool is dropped only once its exit record is durable at the conductor, or the conductor has said that the
//     attempt is fenced and it has ended;
//   - of two attempts of one run the older one has ended on this host before the newer one is claimed;
//   - a deadline is moved by an answered claim or heartbeat alone, and counts from when that was sent, or from when a
//     heartbeat was sent that the conductor has heard; a hold counts from the last of them, and what is shortened by the end of
//     one is on disk before that is told;
//   - the record of a checkpoint goes after its content, and the job is told once both are durable.
type Core struct {
	jitter func() float64

	attempts map[task.Ref]*attempt
	runs     map[task.RunID]*run
	// gone are runs without an attempt here, oldest first, that are remembered for a while.
	gone []task.RunID
	// beats are the last heartbeats that were sent, oldest first; forgotten is the newest that had been sent when the last attempt
	// left of any run that is remembered no more.
	beats     []HeartbeatSent
	forgotten uint64

	// waiting are attempts whose claim has yet to be asked, claiming those of the claim under way.
	waiting  []*attempt
	claiming []*attempt
	claims   retry
	// outbox are attempts that may have records to deliver, oldest first; delivering those of the call under way.
	outbox     []*attempt
	delivering []*attempt
	deliveries retry
	// alone is how many of the next deliveries carry one attempt each, to find the one that is refused.
	alone int

	// looks counts lists of the guard that were begun, looking is the one that the core waits for, or 0.
	looks, looking uint64
	lookAgain      bool
	lists          retry
	// up is true while a guard is connected, ready once it has told what it keeps.
	up, ready bool

	term     uint64
	quitting bool
	timers   timers
	effects  []Effect
}

// run is what is known of a run, whatever its attempts here.
type run struct {
	// newest is the highest number that was offered or kept, finished the highest whose spool was dropped here.
	newest, finished int
	// left is the newest heartbeat that had been sent when an attempt left.
	left uint64
	// dropped is the number of looks that had begun when finished was dropped.
	dropped uint64
	// numbers are the attempts that are here, in no order.
	numbers []int
}

// Bounds on what the core remembers.
const (
	maxWaiting = 4096
	maxGone    = 16384
	maxBeats   = 8
)

// NewCore returns a core that keeps nothing yet. The jitter gives numbers in [0, 1); it spreads retries.
func NewCore(jitter func() float64) *Core {
	return &Core{jitter: jitter, attempts: map[task.Ref]*attempt{}, runs: map[task.RunID]*run{}}
}

// Step takes in events and returns what is to be done, in order. What can be asked for together after all of them is. now
// never goes back.
func (c *Core) Step(now time.Time, events ...Event) []Effect {
	c.effects = nil
	c.due(now)
	for _, e := range events {
		c.take(now, e)
	}
	c.claim(now)
	c.deliver(now)
	c.look(now)
	return c.effects
}

func (c *Core) take(now time.Time, e Event) {
	switch e := e.(type) {
	case Offered:
		c.offered(now, e)
	case StopOrdered:
		c.stopOrdered(now, e)
	case ClaimDone:
		c.claimDone(now, e)
	case StartDone:
		c.startDone(now, e)
	case StopDone:
		c.stopDone(now, e)
	case HeartbeatSent:
		c.beats = append(c.beats[max(0, len(c.beats)+1-maxBeats):], e)
	case LeasesGranted:
		c.term = max(c.term, e.Term)
		c.leased(e.Sent, e.Leases)
	case HoldOrdered:
		c.hold(e)
	case RenewDone:
		c.renewDone(e)
	case Ticked:
		c.enforce(e.Boot)
	case ExpireDone:
		c.expireDone(e)
	case UploadDone:
		c.uploadDone(now, e)
	case Reviewed:
		c.reviewed(e)
	case FetchDone:
		c.fetchDone(now, e)
	case Grew:
		c.grew(now, e)
	case DeliverDone:
		c.deliverDone(now, e)
	case DropDone:
		c.dropDone(now, e)
	case GuardUp:
		c.guardUp()
	case GuardDown:
		c.up, c.ready = false, false
	case Listed:
		c.listed(now, e)
	case Connected:
		c.claims.at, c.deliveries.at = time.Time{}, time.Time{}
	case QuitOrdered:
		c.quit()
	}
}

// Wake returns the instant at which [Woken] is due, or false where nothing waits for time to pass.
func (c *Core) Wake() (time.Time, bool) {
	var first time.Time
	earlier := func(at time.Time) {
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	if len(c.timers) > 0 {
		earlier(c.timers[0].at)
	}
	if c.ready && c.claiming == nil && len(c.waiting) > 0 {
		earlier(c.claims.at)
	}
	if c.ready && c.delivering == nil && len(c.outbox) > 0 {
		earlier(c.deliveries.at)
	}
	if c.up && c.looking == 0 && c.lookAgain {
		earlier(c.lists.at)
	}
	return first, !first.IsZero()
}

// Kept lists the attempts that a heartbeat names: all that may have been claimed and whose end is not yet delivered.
func (c *Core) Kept() []jobserver.Kept {
	kept := make([]jobserver.Kept, 0, len(c.attempts))
	for _, a := range c.attempts {
		if a.phase == dropping || a.phase == waiting && !a.asked || len(kept) == protocol.MaxKept {
			continue
		}
		k := jobserver.Kept{Ref: a.ref, Ended: a.ended, Unkillable: a.unkillable && !a.ended}
		if !a.ended {
			k.Usage = a.usage
			k.Usage.Run, k.Usage.Number = string(a.ref.Run), a.ref.Number
		}
		kept = append(kept, k)
	}
	return kept
}

// Idle reports whether nothing is under way or could be delivered now. A running job does not hinder it.
func (c *Core) Idle() bool {
	if c.claiming != nil || c.delivering != nil || len(c.outbox) > 0 || len(c.waiting) > 0 {
		return false
	}
	for _, a := range c.attempts {
		switch a.phase {
		case claimed, fetching, starting, doubtful, void, dropping:
			return false
		case kept:
			if a.ended {
				return false
			}
		}
	}
	return true
}

func (c *Core) do(e Effect) { c.effects = append(c.effects, e) }

// stale reports whether a command comes from a conductor that acts no more.
func (c *Core) stale(term uint64) bool {
	if term < c.term {
		return true
	}
	c.term = term
	return false
}

// quit forgets what nothing was asked for yet.
func (c *Core) quit() {
	c.quitting = true
	left := c.waiting
	c.waiting = nil
	for _, a := range left {
		if a.asked {
			c.waiting = append(c.waiting, a)
		} else {
			c.forget(a)
		}
	}
}

func (c *Core) run(id task.RunID) *run {
	r := c.runs[id]
	if r == nil {
		r = &run{}
		c.runs[id] = r
	}
	return r
}

func (c *Core) add(ref task.Ref, p phase) *attempt {
	a := &attempt{ref: ref, phase: p}
	c.attempts[ref] = a
	r := c.run(ref.Run)
	r.newest = max(r.newest, ref.Number)
	r.numbers = append(r.numbers, ref.Number)
	return a
}

// forget removes an attempt. Its run is remembered for a while, so that late offers of it are known as such.
func (c *Core) forget(a *attempt) {
	delete(c.attempts, a.ref)
	a.phase = forgotten
	r := c.runs[a.ref.Run]
	for i, n := range r.numbers {
		if n == a.ref.Number {
			r.numbers = append(r.numbers[:i], r.numbers[i+1:]...)
			break
		}
	}
	if len(r.numbers) > 0 {
		return
	}
	if n := len(c.beats); n > 0 {
		r.left = c.beats[n-1].Number
	}
	c.gone = append(c.gone, a.ref.Run)
	if len(c.gone) <= maxGone {
		return
	}
	oldest := c.gone[0]
	c.gone = c.gone[1:]
	if r := c.runs[oldest]; r != nil && len(r.numbers) == 0 {
		delete(c.runs, oldest)
		c.forgotten = max(c.forgotten, r.left)
	}
}

// finish forgets an attempt that must never start again.
func (c *Core) finish(a *attempt) {
	r := c.run(a.ref.Run)
	r.finished, r.dropped = max(r.finished, a.ref.Number), c.looks
	c.forget(a)
}

// retry is when a kind of call may be tried again.
type retry struct {
	failures int
	at       time.Time
}

func (r *retry) failed(now time.Time, err error, jitter func() float64) {
	r.failures++
	r.at = now.Add(backoff(r.failures, jitter))
	if errors.Is(err, fault.Unauthorized) {
		r.at = now.Add(slowly(jitter))
	}
}

func (r *retry) succeeded() { *r = retry{} }

// later has an attempt tended again after a while.
func (c *Core) later(now time.Time, a *attempt) {
	a.failures++
	a.notBefore = now.Add(backoff(a.failures, c.jitter))
	heap.Push(&c.timers, timer{at: a.notBefore, a: a})
}

// due tends the attempts whose time has come.
func (c *Core) due(now time.Time) {
	for len(c.timers) > 0 && !c.timers[0].at.After(now) {
		t := heap.Pop(&c.timers).(timer)
		if t.a.phase == forgotten {
			continue
		}
		again := !t.a.notBefore.IsZero() && !t.a.notBefore.After(now)
		if again {
			t.a.notBefore = time.Time{}
		}
		if !t.a.stopAfter.After(now) {
			t.a.stopAfter = time.Time{}
		}
		if t.a.phase == claimed {
			c.start(now, t.a)
		}
		c.tend(t.a)
		if again {
			c.upload(t.a)
			c.post(t.a)
		}
	}
}

type timer struct {
	at time.Time
	a  *attempt
}

// timers is a heap; equal instants are ordered by attempt, so that a run of the core can be repeated exactly.
type timers []timer

func (t timers) Len() int { return len(t) }
func (t timers) Less(i, j int) bool {
	if !t[i].at.Equal(t[j].at) {
		return t[i].at.Before(t[j].at)
	}
	return compareRefs(t[i].a.ref, t[j].a.ref) < 0
}
func (t timers) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t *timers) Push(x any)   { *t = append(*t, x.(timer)) }
func (t *timers) Pop() any {
	last := (*t)[len(*t)-1]
	(*t)[len(*t)-1] = timer{}
	*t = (*t)[:len(*t)-1]
	return last
}

func compareRefs(a, b task.Ref) int {
	return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.Number, b.Number))
}
