package agent

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/task"
)

// deliverRest lies between two deliveries while several attempts have something to tell at once: what comes meanwhile goes
// with the next one, and calls and commits are fewer. It is left out where one attempt alone has something to tell, and
// where not all fitted into the call.
const deliverRest = 5 * time.Millisecond

// post puts an attempt into the outbox, unless it is there, or waits for its next try.
func (c *Core) post(a *attempt) {
	switch {
	case a.phase != kept && a.phase != void, a.fenced, a.posted, !a.notBefore.IsZero(), a.blocked():
	case a.underWay:
		a.grown = true
	default:
		a.posted = true
		c.outbox = append(c.outbox, a)
	}
}

// blocked reports whether the next record of the attempt is that of a checkpoint whose content is on its way.
func (a *attempt) blocked() bool {
	return slices.ContainsFunc(a.uploads, func(u upload) bool { return !u.delivered })
}

// deliver sends the outbox on its way, unless a call is under way. The first of it are served first; what does not fit
// into the call comes back to the front.
func (c *Core) deliver(now time.Time) {
	if c.delivering != nil || !c.ready || len(c.outbox) == 0 || now.Before(c.deliveries.at) {
		return
	}
	most := protocol.MaxDeliveries
	if c.alone > 0 {
		c.alone--
		most = 1
	}
	var wants []Want
	taken := 0
	for _, a := range c.outbox {
		if len(wants) == most {
			break
		}
		taken++
		a.posted = false
		if a.phase != kept && a.phase != void || a.fenced || !a.notBefore.IsZero() || a.blocked() {
			continue
		}
		a.underWay, a.endedThen, a.grown = true, a.ended, false
		if a.exit != nil {
			a.told = true
		}
		c.delivering = append(c.delivering, a)
		wants = append(wants, Want{
			Ref: a.ref, After: a.acked, Exit: a.exit, At: a.exitAt, Uploaded: a.uploaded, Refused: maps.Clone(a.refused),
		})
	}
	c.outbox = slices.Delete(c.outbox, 0, taken)
	if len(wants) > 0 {
		c.do(Deliver{Wants: wants})
	}
}

func (c *Core) deliverDone(now time.Time, e DeliverDone) {
	under := c.delivering
	c.delivering = nil
	c.term = max(c.term, e.Term)
	refused := errors.Is(e.Err, fault.Invalid) || errors.Is(e.Err, fault.TooLarge)
	sent, more := 0, false
	for _, r := range e.Reports {
		if r.Sent {
			sent++
		}
		more = more || r.More || !r.Reached
	}
	switch {
	case e.Err == nil:
		c.deliveries.succeeded()
		if sent > 1 && !more {
			c.deliveries.at = now.Add(deliverRest)
		}
	case refused && sent > 1:
		c.alone = sent
	case !refused:
		c.deliveries.failed(now, e.Err, c.jitter)
	}

	var again []*attempt
	for i, a := range under {
		a.underWay = false
		if a.phase == forgotten {
			continue
		}
		var r Report
		if i < len(e.Reports) {
			r = e.Reports[i]
		}
		switch {
		case a.fenced:
			// An upload was refused meanwhile. What it was waiting for is over.
			c.tend(a)
		case !r.Reached, r.Sent && e.Err != nil && (!refused || sent > 1):
			again = append(again, a)
		case r.Sent && e.Err != nil:
			c.do(Note{Ref: a.ref, Text: "the conductor refuses what the attempt recorded", Err: e.Err})
			c.later(now, a)
		default:
			c.reported(now, a, r)
		}
	}
	for _, a := range again {
		a.posted = true
	}
	c.outbox = append(again, c.outbox...)
}

// reported takes in what became of one attempt in a delivery that was answered, or for which nothing was sent.
func (c *Core) reported(now time.Time, a *attempt, r Report) {
	switch {
	case errors.Is(r.ReadErr, fault.NotFound):
		c.lookAgain = true
		c.later(now, a)
	case r.ReadErr != nil:
		c.do(Note{Ref: a.ref, Text: "the spool cannot be read", Err: r.ReadErr})
		c.later(now, a)
	case !r.Sent && r.Next != nil:
		c.stopped(a, r.Next)
	case !r.Sent && a.endedThen:
		// It had ended before its spool was read, and there is nothing after what the conductor has.
		c.delivered(a)
	case !r.Sent:
		if a.grown || a.ended {
			c.post(a)
		}
	case r.Fenced:
		c.fenced(a)
	default:
		c.acked(now, a, r)
	}
}

// maxVoidTries is how often the end of an attempt without a spool is offered to a conductor that does not take it, as
// one that has the true end already. After that no heartbeat names the attempt any more, and the conductor decides.
const maxVoidTries = 8

func (c *Core) acked(now time.Time, a *attempt, r Report) {
	before := a.acked
	a.acked = max(0, r.Acked)
	c.validate(a, r)
	switch {
	case a.phase == kept && r.Next != nil && a.acked == r.Last && a.acked > before:
		a.failures = 0
		c.stopped(a, r.Next)
	case r.Exit && a.acked >= r.Last && (a.phase != void || a.acked == r.Last):
		c.delivered(a)
	case a.acked <= before && a.phase == void && a.failures >= maxVoidTries:
		c.do(Note{Ref: a.ref, Text: "the conductor does not take the end of the attempt"})
		c.finish(a)
	case a.acked <= before:
		// The conductor took nothing, or wants what it had before once more. Not again at once.
		c.later(now, a)
	default:
		a.failures = 0
		if a.acked != r.Last || r.More || a.grown || a.ended {
			c.post(a)
		}
	}
}

// delivered says that the conductor has all of the attempt, its exit included.
func (c *Core) delivered(a *attempt) {
	a.ended = true
	if a.phase == void {
		c.finish(a)
		return
	}
	c.drop(a)
}

// fenced gives up an attempt that the conductor does not know any more.
func (c *Core) fenced(a *attempt) {
	if a.phase == void {
		c.finish(a)
		return
	}
	a.fenced = true
	if a.stop == "" {
		a.stop = task.ExitFenced
	}
	c.tend(a)
}

func (c *Core) grew(now time.Time, e Grew) {
	a := c.attempts[e.Ref]
	if a == nil {
		if r := c.runs[e.Ref.Run]; r == nil || r.finished < e.Ref.Number {
			c.lookAgain = true
		}
		return
	}
	switch a.phase {
	case waiting, claiming, claimed, fetching, starting, doubtful:
		c.keep(a)
	case kept:
	default:
		return
	}
	a.ended = a.ended || e.Ended
	c.tend(a)
	c.post(a)
}
