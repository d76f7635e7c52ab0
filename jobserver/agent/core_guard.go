package agent

import (
	"slices"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// BeginLook begins a look at what the guard keeps that is not an effect, such as that of a heartbeat. Its outcome comes
// as [Listed] with the number.
func (c *Core) BeginLook() uint64 {
	c.looks++
	return c.looks
}

func (c *Core) guardUp() {
	c.up, c.ready, c.lookAgain, c.looking = true, false, true, 0
	c.lists.succeeded()
}

// look asks the guard for its list, unless that is under way.
func (c *Core) look(now time.Time) {
	if !c.up || !c.lookAgain || c.looking != 0 || now.Before(c.lists.at) {
		return
	}
	c.lookAgain = false
	c.looking = c.BeginLook()
	c.do(Look{Number: c.looking})
}

func (c *Core) listed(now time.Time, e Listed) {
	asked := e.Number == c.looking
	if asked {
		c.looking = 0
	}
	if e.Err != nil {
		if asked {
			c.lists.failed(now, e.Err, c.jitter)
			c.lookAgain = true
		}
		return
	}
	if !c.up || !c.ready && !asked {
		return // it tells of a guard that is gone
	}
	fresh := !c.ready
	c.lists.succeeded()
	c.ready = true

	there := make(map[task.Ref]bool, len(e.Kept))
	for _, k := range e.Kept {
		there[k.Ref] = true
		c.found(e.Number, k)
	}
	for _, a := range c.sorted(func(a *attempt) bool { return !there[a.ref] && a.epoch < e.Number }) {
		c.missing(now, a)
	}
	if fresh {
		for _, a := range c.sorted(func(*attempt) bool { return true }) {
			c.resume(now, a)
		}
	}
}

// found takes in that the guard keeps an attempt.
func (c *Core) found(look uint64, k jobserver.Kept) {
	a := c.attempts[k.Ref]
	if a == nil {
		if r := c.runs[k.Ref.Run]; r != nil && r.finished >= k.Ref.Number && r.dropped >= look {
			return // dropped since the list was begun
		}
		a = c.add(k.Ref, kept)
		a.epoch, a.asked, a.ended = look, true, k.Ended
		c.post(a)
	}
	switch a.phase {
	case waiting, claiming, claimed, fetching, starting, doubtful:
		c.keep(a)
		c.post(a)
	case void:
		if a.told {
			return
		}
		a.exit, a.exitAt, a.ended = nil, time.Time{}, false
		c.keep(a)
		c.post(a)
	case kept:
	default:
		return
	}
	a.usage, a.unkillable = k.Usage, k.Unkillable
	a.adopt(k.Lease)
	if k.Ended && !a.ended {
		a.ended = true
		c.tend(a)
		c.post(a)
	}
}

// missing takes in that the guard does not keep an attempt that it should.
func (c *Core) missing(now time.Time, a *attempt) {
	switch a.phase {
	case doubtful:
		detail := "the guard did not take it"
		if a.doubt != nil {
			detail = a.doubt.Error()
		}
		c.conclude(now, a, task.Exit{Kind: task.ExitNotStarted, Code: -1, Detail: detail})
	case kept:
		if a.fenced {
			c.finish(a)
			return
		}
		c.do(Note{Ref: a.ref, Text: "the spool of the attempt has disappeared"})
		c.conclude(now, a, task.Exit{Kind: task.ExitLost, Code: -1, Detail: "its spool on the job server has disappeared"})
	case dropping:
		c.finish(a)
	}
}

// resume goes on with an attempt after a new guard has told what it keeps.
func (c *Core) resume(now time.Time, a *attempt) {
	switch a.phase {
	case claimed:
		c.start(now, a)
	case kept, dropping:
		a.stopping = false
		c.tend(a)
		c.renew(a)
		c.post(a)
	}
}

// sorted returns the attempts that are wanted in the order of their names, so that a run of the core can be repeated.
func (c *Core) sorted(want func(*attempt) bool) []*attempt {
	var as []*attempt
	for _, a := range c.attempts {
		if want(a) {
			as = append(as, a)
		}
	}
	slices.SortFunc(as, func(a, b *attempt) int { return compareRefs(a.ref, b.ref) })
	return as
}
