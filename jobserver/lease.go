package jobserver

import (
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// The bounds on which the promise rests that no two attempts of a run overlap.
const (
	// ClockRate is how much faster or slower than real time a clock may run: a hundredth.
	ClockRate = 0.01
	// WakeBound is how late a guard may begin to stop an attempt.
	WakeBound = 500 * time.Millisecond
	// KillBound is how long it takes from SIGKILL until no process of an attempt is left.
	KillBound = 2 * time.Second
)

// LeaseOf returns the length of the lease that an agent is given where a conductor waits for conductorLease before it
// lets another attempt begin: the longest La with Lc ≥ (La + WakeBound + KillBound)·(1+ClockRate)/(1−ClockRate).
// It returns fault.Invalid, with the smallest length that works, where no positive lease remains.
func LeaseOf(conductorLease time.Duration) (time.Duration, error) {
	if conductorLease < MinUnavailableAfter {
		return 0, fmt.Errorf("%s leaves no time for a lease; the smallest that works is %s: %w", conductorLease, MinUnavailableAfter, fault.Invalid)
	}
	real := float64(conductorLease) * (1 - ClockRate) / (1 + ClockRate)
	return time.Duration(real) - WakeBound - KillBound, nil
}

// ConductorWait is the inverse of LeaseOf: how long a conductor waits after the last renewal of a lease of that length.
func ConductorWait(agentLease time.Duration) time.Duration {
	real := float64(agentLease+WakeBound+KillBound) * (1 + ClockRate) / (1 - ClockRate)
	return time.Duration(real) + 1
}
