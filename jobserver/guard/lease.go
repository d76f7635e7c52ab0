package guard

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
)

// A lease is on disk, where the agent writes it, and that is what counts. A keeper looks there when the deadline that it
// knows comes near, so that renewals cost it nothing, and when it is told that the deadline was moved to an earlier one,
// which only the end of a hold does. Should the keeper not act, the guard kills it, or the agent.

// watchLease begins to keep the present attempt's lease, and has the guard watch over that.
func (k *keeper) watchLease(now time.Duration) {
	if _, err := unix.Write(k.guard, []byte(isLeased)); err != nil {
		k.log.Warn("the guard could not be told of a lease", "error", err)
	}
	k.lookAtLease(now)
}

// lookAtLease takes the lease from disk. Where it cannot be read the one that is known stays.
func (k *keeper) lookAtLease(now time.Duration) {
	a := k.attempt
	l, err := k.folder.ReadLease(a.Ref, k.boot)
	if err != nil {
		k.log.Error("a lease cannot be read", "attempt", spool.Name(a.Ref), "error", err)
		return
	}
	k.carryOut(a.core.Step(now, Renewed{Lease: l}), now)
}

// Times of the guard.
const (
	// guardBound is how long after a deadline the guard takes it that neither keeper nor agent ends the attempt.
	guardBound = 2 * jobserver.WakeBound
	// lookEvery is the longest time between looks at the leases, of which each may be on disk with a later deadline, or with
	// an earlier one after a hold.
	lookEvery = time.Second
)

// enforce kills keepers that did not end an attempt whose lease has run out, and what is below them. The rest is as with
// any keeper that was killed.
func (g *guardian) enforce(now time.Duration) {
	g.lookAt = never
	for _, k := range g.keepers {
		due, any := g.due(k)
		if !any {
			continue
		}
		if due <= now {
			if !k.doomed {
				g.log.Error("a keeper did not end a run whose lease has run out; it is killed", "pid", k.pid)
			}
			k.doomed = true
			killBelow(k.pid, nil)
			unix.Kill(k.pid, unix.SIGKILL)
		}
		g.lookAt = min(g.lookAt, nextLook(now, due))
	}
}

// nextLook is when the guard looks again at a lease for whose end it kills at the instant due: at that very instant, so
// that the kill begins within the bounds, and otherwise every now and then.
func nextLook(now, due time.Duration) time.Duration {
	if due <= now {
		return now + lookEvery
	}
	return min(due, now+lookEvery)
}

// due returns from when on it is certain that a keeper does not end the attempt on its slate any more, and whether there is
// one with a lease.
func (g *guardian) due(k *keeperProcess) (at time.Duration, any bool) {
	if !k.leased {
		return never, false
	}
	ref, ok := g.onSlate(k)
	if !ok {
		k.leased = false
		return never, false
	}
	l, err := g.folder.ReadLease(ref, g.boot)
	if err != nil {
		g.log.Error("a lease cannot be read", "attempt", spool.Name(ref), "error", err)
	}
	if err != nil || l.Deadline <= 0 {
		return never, true
	}
	return l.Deadline + guardBound, true
}
