package guard

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// keeperSlack is the timer slack of keepers: how much longer than it asked for the kernel may let a thread sleep.
//
// The runtime of Go looks at its own process every 20 µs while that works. Of a keeper, which works for a moment and waits,
// that was a quarter of all it cost. A slack of milliseconds has it look more seldom; a keeper's deadlines are late by no
// more. What a process starts inherits its slack, so guards start keepers with this one, and keepers start jobs with that
// of the guard.
const keeperSlack = 2 * time.Millisecond

// defaultSlack is that of a process which was told nothing.
const defaultSlack = 50 * time.Microsecond

// timerSlack returns the slack of the present thread.
func timerSlack() time.Duration {
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil || slack <= 0 {
		return defaultSlack
	}
	return time.Duration(slack)
}

// withSlack calls start, so that what it starts has that timer slack. Where the kernel refuses, it has that of this process.
func withSlack(slack time.Duration, start func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := timerSlack()
	if slack > 0 && unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0) == nil {
		defer unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(before), 0, 0, 0)
	}
	start()
}
