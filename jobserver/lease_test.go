package jobserver_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
)

// anyLease draws lengths of a conductor's lease, the bounds often.
func anyLease(t *rapid.T) time.Duration {
	return time.Duration(rapid.Int64Range(int64(jobserver.MinUnavailableAfter), int64(jobserver.MaxUnavailableAfter)).Draw(t, "conductor's lease"))
}

// The attempt's clock is the slowest and the conductor's the fastest that the bound allows, the guard wakes up and kills
// as late as it may, and the renewal took no time: then the last process is gone before the conductor's lease is over.
func TestNoTwoAttemptsOverlapWithClocksAtTheirBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lc := anyLease(t)
		la, err := jobserver.LeaseOf(lc)
		if err != nil || la <= 0 {
			t.Fatalf("%s: got %s, %v", lc, la, err)
		}
		slow := 1 - rapid.Float64Range(0, jobserver.ClockRate).Draw(t, "slow")
		fast := 1 + rapid.Float64Range(0, jobserver.ClockRate).Draw(t, "fast")
		if rapid.Bool().Draw(t, "at the bounds") {
			slow, fast = 1-jobserver.ClockRate, 1+jobserver.ClockRate
		}
		gone := float64(la+jobserver.WakeBound+jobserver.KillBound) / slow
		next := float64(lc) / fast
		if gone > next {
			t.Fatalf("%s: gone after %.0f ns of real time, and the next begins after %.0f", lc, gone, next)
		}
	})
}

func TestTheLeaseIsTheLongestThatTheInequalityAllows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lc := anyLease(t)
		la, err := jobserver.LeaseOf(lc)
		if err != nil {
			t.Fatal(err)
		}
		const slack = 2 * time.Nanosecond
		if longer := float64(la+slack+jobserver.WakeBound+jobserver.KillBound) * (1 + jobserver.ClockRate) / (1 - jobserver.ClockRate); longer <= float64(lc) {
			t.Fatalf("%s: got %s, and %s would do", lc, la, la+slack)
		}
	})
}

func TestTheConductorsWaitIsTheInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lc := anyLease(t)
		la, _ := jobserver.LeaseOf(lc)
		if wait := jobserver.ConductorWait(la); wait < lc-4 || wait > lc+1 {
			t.Fatalf("%s: the lease %s is waited for %s", lc, la, wait)
		}
		hold := time.Duration(rapid.Int64Range(0, int64(100*time.Hour)).Draw(t, "hold"))
		wait := jobserver.ConductorWait(hold)
		if float64(wait)*(1-jobserver.ClockRate) < float64(hold+jobserver.WakeBound+jobserver.KillBound)*(1+jobserver.ClockRate) {
			t.Fatalf("a hold of %s is waited for %s only", hold, wait)
		}
	})
}

func TestLongerWaitsGiveLongerLeases(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyLease(t), anyLease(t)
		la, _ := jobserver.LeaseOf(a)
		lb, _ := jobserver.LeaseOf(b)
		if a <= b && la > lb {
			t.Fatalf("%s gives %s, and %s gives %s", a, la, b, lb)
		}
	})
}

func TestALeaseThatCannotBeIsRefusedWithTheSmallestThatWorks(t *testing.T) {
	smallest := jobserver.MinUnavailableAfter
	for _, lc := range []time.Duration{-time.Hour, 0, time.Second, 2500 * time.Millisecond, smallest - 1} {
		if la, err := jobserver.LeaseOf(lc); !errors.Is(err, fault.Invalid) || la != 0 || !strings.Contains(err.Error(), "the smallest that works is 5s") {
			t.Errorf("%s: got %s, %v", lc, la, err)
		}
	}
	if la, err := jobserver.LeaseOf(smallest); err != nil || la < 2*time.Second || la > 3*time.Second {
		t.Errorf("%s: got %s, %v, want 2.4s", smallest, la, err)
	}
}

func TestAPeriodTooShortForALeaseIsRefusedWithTheSmallest(t *testing.T) {
	s := jobserver.Server{Name: "js-1", UnavailableAfter: 4 * time.Second}.WithDefaults()
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "must be at least 5s, the smallest that leaves time for a lease, not 4s") {
		t.Errorf("got %v", err)
	}
}

// Figures that the manual gives.
func TestTheDefaultLease(t *testing.T) {
	la, err := jobserver.LeaseOf(jobserver.DefaultUnavailableAfter)
	if err != nil || la.Round(time.Millisecond) != 115124*time.Millisecond {
		t.Errorf("got %s, %v, want 115.124s", la, err)
	}
	if got := jobserver.ConductorWait(time.Hour).Round(time.Second); got != 3675*time.Second {
		t.Errorf("a hold of an hour: got %s, want 1h1m15s", got)
	}
}
