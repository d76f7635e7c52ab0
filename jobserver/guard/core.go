package guard

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// Core decides when the processes of one attempt are told to end and when they are killed. It is a state machine without
// clock, goroutines and I/O: events come in through [Core.Step] and what is to be done comes out. All times are those of
// the host's CLOCK_BOOTTIME.
//
// What it holds to, if it is stepped at each instant of [Core.Wake] or at most jobserver.WakeBound later:
//
//   - an attempt with a lease is told to end no later than the lease's grace before its deadline, and killed at the
//     deadline, whatever else it is being stopped for and however long that would give it;
//   - the deadline is moved by [Renewed] alone, and once a stop has begun nothing ends it but the end of the processes;
//   - no step of a job begins once a stop was decided or the lease has run out;
//   - the first reason for a stop stays, and a job that has ended by itself before keeps its own result.
type Core struct {
	lease jobserver.Lease
	grace time.Duration
	// timeout is when the attempt's timeout has passed, graceEnd when a stop becomes a kill, stuck when what was killed
	// must be gone.
	timeout, graceEnd, stuck time.Duration

	kind   task.ExitKind
	detail string
	life   life
	killed bool

	effects []Effect
}

// life is what is left of the present step of a job.
type life uint8

const (
	// nothing: no process exists.
	nothing life = iota
	// led: the first process of the step lives.
	led
	// leaderless: it has ended, and others that it left have not.
	leaderless
)

// Terms are what an attempt begins with.
type Terms struct {
	// Timeout is counted from the begin; 0 is none. Grace is the job's own between SIGTERM and SIGKILL.
	Timeout, Grace time.Duration
	// Lease has no deadline where the attempt has none.
	Lease jobserver.Lease
}

// Event is something that happened to an attempt. See [Core.Step].
type Event interface{ event() }

// Renewed says which lease the attempt has now, as it stands on disk.
type Renewed struct{ Lease jobserver.Lease }

// Ordered has the attempt stopped for a reason; AtOnce leaves it no grace.
type Ordered struct {
	Kind   task.ExitKind
	Detail string
	AtOnce bool
}

// Begun says that the first process of a step exists.
type Begun struct{}

// LeaderEnded says that the first process of the step has ended, and that others of its processes are left.
type LeaderEnded struct{}

// AllEnded says that no process of the step is left.
type AllEnded struct{}

// Woken says that the instant of [Core.Wake] may have come.
type Woken struct{}

func (Renewed) event()     {}
func (Ordered) event()     {}
func (Begun) event()       {}
func (LeaderEnded) event() {}
func (AllEnded) event()    {}
func (Woken) event()       {}

// Effect is something to be done with the processes of an attempt.
type Effect uint8

const (
	// Terminate sends SIGTERM to the group of the first process.
	Terminate Effect = iota + 1
	// Kill sends SIGKILL to all processes, again and again until none is left.
	Kill
	// Unkillable says that processes have outlived Kill for longer than jobserver.KillBound.
	Unkillable
)

// NewCore returns the core of an attempt that begins now and has no process yet.
func NewCore(now time.Duration, t Terms) *Core {
	c := &Core{lease: t.Lease, grace: t.Grace, timeout: never, graceEnd: never, stuck: never}
	if c.grace <= 0 {
		c.grace = task.DefaultStopGrace
	}
	if t.Timeout > 0 {
		c.timeout = now + t.Timeout
	}
	return c
}

// Step takes in one event and returns what is to be done, in order. The result is valid until the next step.
func (c *Core) Step(now time.Duration, e Event) []Effect {
	c.effects = c.effects[:0]
	if r, ok := e.(Renewed); ok {
		c.lease = r.Lease
	}
	c.due(now)
	switch e := e.(type) {
	case Ordered:
		c.stop(now, e.Kind, e.Detail, now+c.grace)
		if e.AtOnce && c.kind != "" {
			c.graceEnd = min(c.graceEnd, now)
		}
	case Begun:
		c.life, c.killed, c.stuck = led, false, never
	case LeaderEnded:
		if c.life == led {
			c.life = leaderless
			if c.kind == "" {
				c.graceEnd = now
			}
		}
	case AllEnded:
		c.life, c.killed, c.stuck = nothing, false, never
		if c.kind == "" {
			c.graceEnd = never
		}
	}
	c.due(now)
	return c.effects
}

// due does what time has brought.
func (c *Core) due(now time.Duration) {
	first := min(c.timeout, c.expiry())
	switch {
	case c.kind != "" || now < first:
	case first == c.timeout:
		c.stop(now, task.ExitTimedOut, "", now+c.grace)
	default:
		c.stop(now, task.ExitLeaseExpired, leaseRanOut, c.lease.Deadline)
	}
	if c.life != nothing && !c.killed && now >= c.killAt() {
		c.killed, c.stuck = true, now+jobserver.KillBound
		c.effects = append(c.effects, Kill)
	}
	if now >= c.stuck {
		c.stuck = never
		c.effects = append(c.effects, Unkillable)
	}
}

// stop begins to stop the attempt, unless that was begun or its job has ended by itself.
func (c *Core) stop(now time.Duration, kind task.ExitKind, detail string, graceEnd time.Duration) {
	if c.kind != "" || c.life == leaderless {
		return
	}
	c.kind, c.detail, c.graceEnd = kind, detail, graceEnd
	if c.life == led && now < c.killAt() {
		c.effects = append(c.effects, Terminate)
	}
}

// leased reports whether there is a deadline.
func (c *Core) leased() bool { return c.lease.Deadline > 0 }

// expiry is when the lease has the attempt told to end.
func (c *Core) expiry() time.Duration {
	if !c.leased() {
		return never
	}
	return c.lease.Deadline - min(c.grace, c.lease.Grace)
}

// killAt is when what lives is killed.
func (c *Core) killAt() time.Duration {
	if !c.leased() {
		return c.graceEnd
	}
	return min(c.graceEnd, c.lease.Deadline)
}

// Wake returns the next instant at which time alone changes what is to be done; it may have passed. It is the largest
// duration where there is none.
func (c *Core) Wake() time.Duration {
	next := c.stuck
	if c.kind == "" && c.life != leaderless {
		next = min(next, c.timeout, c.expiry())
	}
	if c.life != nothing && !c.killed {
		next = min(next, c.killAt())
	}
	return next
}

// LeaseDue reports whether the lease, as it is known here, has the attempt stopped at now. Then it is time to look
// whether it was renewed.
func (c *Core) LeaseDue(now time.Duration) bool { return c.leased() && now >= c.expiry() }

// MayBegin reports whether a step of the job may begin.
func (c *Core) MayBegin(now time.Duration) bool {
	c.Step(now, Woken{})
	return c.kind == ""
}

// Killed reports whether the processes that are left are being killed.
func (c *Core) Killed() bool { return c.killed }

// Stopped returns why the attempt is being stopped and what is to be said of it, or "" where it is not.
func (c *Core) Stopped() (task.ExitKind, string) { return c.kind, c.detail }
