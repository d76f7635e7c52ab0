package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

const (
	// DefaultWarm is how many keepers without work are kept unless told otherwise, so that a start need not wait for one.
	DefaultWarm = 1
	// readyAtOnce is how many are kept ready at every moment. Further ones are started within tendEvery: a burst finds those
	// that were ready before it, and is not held up by the start of others.
	readyAtOnce = 1
	tendEvery   = time.Second
	// orderWithin is how long a keeper may leave an order unread.
	orderWithin = 2 * time.Second
	// surplusAfter is how long further ones stay.
	surplusAfter = 30 * time.Second
	// maxEarlyEnds is how many keepers in a row may end before they are ready, until those who wait are told.
	maxEarlyEnds = 5
)

// pool is the client's keepers.
type pool struct {
	client *Client

	mu      sync.Mutex
	keepers map[int]*keeperConn
	// idle are those without work; the one used last is taken first, so that the others grow old.
	idle []*keeperConn
	// asked counts keepers that the guard is to start, waiting those who wait for one.
	asked   int
	waiting []chan poolAnswer
	// earlyEnds counts keepers that ended before they were ready, since the last one that was.
	earlyEnds int
	failed    error
	closed    bool
}

type poolAnswer struct {
	keeper *keeperConn
	err    error
}

func newPool(c *Client) *pool { return &pool{client: c, keepers: map[int]*keeperConn{}} }

// take returns a keeper without work; it is the caller's until put back or handed an attempt. Where there is none it
// waits for one, as long as ctx lets it.
func (p *pool) take(ctx context.Context) (*keeperConn, error) {
	p.mu.Lock()
	if p.failed != nil {
		p.mu.Unlock()
		return nil, p.failed
	}
	if n := len(p.idle); n > 0 {
		k := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.refill(readyAtOnce)
		p.mu.Unlock()
		return k, nil
	}
	answer := make(chan poolAnswer, 1)
	p.waiting = append(p.waiting, answer)
	p.refill(readyAtOnce)
	p.mu.Unlock()
	select {
	case a := <-answer:
		return a.keeper, a.err
	case <-ctx.Done():
		p.giveUp(answer)
		return nil, fmt.Errorf("wait for a keeper: %w: %w", fault.Unavailable, ctx.Err())
	}
}

// giveUp takes a waiting place back. A keeper that came meanwhile goes to the next.
func (p *pool) giveUp(answer chan poolAnswer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, w := range p.waiting {
		if w == answer {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			return
		}
	}
	if a := <-answer; a.keeper != nil {
		p.free(a.keeper)
	}
}

// refill asks the guard for a keeper for each who waits, and for as many that are ready. The caller has the lock.
func (p *pool) refill(ready int) {
	want := len(p.waiting) + ready - len(p.idle)
	for p.asked < want && len(p.keepers)+p.asked < p.client.options.MaxKeepers {
		text, _ := json.Marshal(order{Do: doSpawn})
		if _, err := p.client.guard.Write(text); err != nil {
			return
		}
		p.asked++
	}
}

// assign notes what a keeper is about to be handed.
func (p *pool) assign(k *keeperConn, ref task.Ref) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k.busy = &ref
}

// discard gives up a keeper that cannot be reached; the guard will say when it is gone.
func (p *pool) discard(k *keeperConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k.busy = nil
	k.close()
}

// put returns a keeper that was taken and has no work.
func (p *pool) put(k *keeperConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free(k)
}

// free gives a keeper to who waits longest, or makes it idle. The caller has the lock.
func (p *pool) free(k *keeperConn) {
	k.busy = nil
	if p.keepers[k.pid] != k {
		return // It is gone.
	}
	if len(p.waiting) > 0 {
		first := p.waiting[0]
		p.waiting = p.waiting[1:]
		first <- poolAnswer{keeper: k}
		return
	}
	k.idleSince = time.Now()
	p.idle = append(p.idle, k)
}

// meet connects to a keeper that the guard named.
func (p *pool) meet(pid int) {
	p.mu.Lock()
	known := p.keepers[pid] != nil
	p.mu.Unlock()
	if known {
		return
	}
	k, hello, err := p.client.connectKeeper(pid)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = max(0, p.asked-1)
	if err != nil {
		p.client.options.Logger.Error("a keeper does not answer", "pid", pid, "error", err)
		return
	}
	if p.closed {
		k.close()
		return
	}
	p.keepers[pid], p.earlyEnds = k, 0
	k.full = hello.Full
	if hello.Run == "" {
		p.free(k)
	} else {
		ref := hello.ref()
		k.busy = &ref
		p.client.adopt(ref, k, hello.Unkillable)
	}
	p.client.tasks.Go(func() { p.hear(k) })
}

// adopt notes that a keeper keeps an attempt that an earlier client started.
func (c *Client) adopt(ref task.Ref, k *keeperConn, unkillable bool) {
	lease := c.leaseOnDisk(ref)
	c.mu.Lock()
	h := c.attempts[ref]
	if h == nil {
		h = &held{}
		c.attempts[ref] = h
	}
	h.keeper, h.lease, h.beside, h.unkillable = k, lease, true, unkillable
	c.mu.Unlock()
	c.growth.signal(ref, false)
}

// part forgets a keeper that is gone with all of its processes. The attempt that it had taken is settled; one that it
// was handed and had not taken goes to another keeper.
func (p *pool) part(pid int, taken task.Ref) {
	p.mu.Lock()
	k := p.keepers[pid]
	delete(p.keepers, pid)
	var ref *task.Ref
	if k != nil {
		ref = k.busy
		p.unlist(k)
		k.close()
	}
	early := k == nil
	if early {
		p.asked = max(0, p.asked-1)
		p.earlyEnds++
	}
	failing := p.earlyEnds > maxEarlyEnds
	if !failing {
		p.refill(readyAtOnce)
	}
	p.mu.Unlock()
	if early && failing {
		p.unable(errors.New("it ended at once; guard.log in the data folder may say why"))
	}
	switch {
	case ref == nil && taken.Run != "":
		// It left processes that could not be killed, and a former client had it.
		p.client.settle(taken, keeperKilled)
	case ref == nil:
	case *ref == taken:
		p.client.settle(*ref, keeperKilled)
	default:
		p.client.tasks.Go(func() { p.client.giveAgain(*ref) })
	}
}

// unlist takes a keeper from the idle ones. The caller has the lock.
func (p *pool) unlist(k *keeperConn) {
	for i, other := range p.idle {
		if other == k {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			return
		}
	}
}

// unable tells the one who waits longest that no keeper could be started. The next try is tend's.
func (p *pool) unable(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.client.options.Logger.Error("the guard could not start a keeper", "error", err)
	if len(p.waiting) > 0 && len(p.keepers) == 0 {
		first := p.waiting[0]
		p.waiting = p.waiting[1:]
		first <- poolAnswer{err: fmt.Errorf("start keeper: %w: %w", fault.Unavailable, err)}
	}
}

// refused takes the guard's word that it could not start a keeper.
func (p *pool) refused(err error) {
	p.mu.Lock()
	p.asked = max(0, p.asked-1)
	p.mu.Unlock()
	p.unable(err)
}

// fail ends all waiting: there is no guard any more.
func (p *pool) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = err
	for _, w := range p.waiting {
		w <- poolAnswer{err: err}
	}
	p.waiting = nil
}

// hear takes the notices of one keeper until its connection ends.
func (p *pool) hear(k *keeperConn) {
	buf := make([]byte, maxMessage)
	for {
		n, err := hear(k.conn, buf)
		if err != nil {
			p.mu.Lock()
			p.unlist(k)
			k.full = false
			p.mu.Unlock()
			return // The guard will say when its processes are gone.
		}
		switch n.Is {
		case isGrown:
			p.client.growth.signal(n.ref(), false)
		case isEnded:
			p.mu.Lock()
			k.full = false
			p.free(k)
			p.mu.Unlock()
			p.client.ended(n.ref(), n.Beside)
		case isRefused:
			p.client.options.Logger.Error("a keeper refused an attempt", "attempt", n.Run, "number", n.Number, "error", n.Error)
			p.client.settle(n.ref(), "its keeper could not take it: "+n.Error)
		case isUnkillable:
			p.client.noteUnkillable(n.ref(), n.Unkillable)
		case isFull, isRoom:
			p.mu.Lock()
			k.full = n.Is == isFull
			p.mu.Unlock()
		}
	}
}

// full reports whether a keeper has no room for its spool.
func (p *pool) full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.keepers {
		if k.full {
			return true
		}
	}
	return false
}

// tend keeps warm keepers ready and lets surplus ones go, until the client is closed.
func (p *pool) tend() {
	every := time.NewTicker(tendEvery)
	defer every.Stop()
	for {
		p.mu.Lock()
		p.refill(p.client.options.Warm)
		p.letGo(time.Now())
		p.mu.Unlock()
		select {
		case <-every.C:
		case <-p.client.stopped.Done():
			return
		}
	}
}

// letGo has keepers leave that have had no work for long. The caller has the lock.
func (p *pool) letGo(now time.Time) {
	for len(p.idle) > p.client.options.Warm && now.Sub(p.idle[0].idleSince) > surplusAfter {
		k := p.idle[0]
		p.idle = p.idle[1:]
		_ = k.order(order{Do: doLeave})
	}
}

// close closes the connections; the keepers stay.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, k := range p.keepers {
		k.close()
	}
}
