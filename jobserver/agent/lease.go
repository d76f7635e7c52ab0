package agent

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
)

// sinceBoot reads CLOCK_BOOTTIME: it cannot be set, and goes on while the host is suspended.
func sinceBoot() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0 // Linux has had the clock since 2.6.39.
	}
	return time.Duration(ts.Nano())
}

// lookEvery lies between looks at the leases.
const lookEvery = 250 * time.Millisecond

// watchLeases tells the core the time again and again while there are leases. It does not compute with deadlines of its
// own, since Go's timers stand still while the host is suspended.
func (a *Agent) watchLeases(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.leased:
		}
		for again := true; again && pause(ctx, lookEvery); {
			a.step(Ticked{Boot: a.boot()})
			a.mu.Lock()
			again = a.core.Leased()
			a.mu.Unlock()
		}
	}
}

// expire has an attempt killed whose guard did not end it in time.
func (a *Agent) expire(g Guard, e Expire) ExpireDone {
	err := g.Expire(e.Ref)
	switch {
	case err == nil:
		a.log.Error("the lease of a run had run out and its keeper had not ended it; both were killed",
			"run", e.Ref.Run, "attempt", e.Ref.Number)
	case !errors.Is(err, fault.Conflict) && !errors.Is(err, fault.NotFound):
		a.log.Error("a run whose lease has run out could not be killed", "run", e.Ref.Run, "attempt", e.Ref.Number, "error", err)
	}
	return ExpireDone{Ref: e.Ref, Err: err}
}
