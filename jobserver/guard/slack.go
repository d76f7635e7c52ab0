package guard

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Timer slack is how much longer than it asked for the kernel may let a thread sleep.
//
// The runtime of Go has a thread that looks at its own process every 20 µs while that works or waits for the processor. Of a
// keeper, which works for a moment and waits, that was a quarter of all it cost, and of a hundred keepers that wait for the
// processor together more than that. A large slack has it look seldom. What a process starts inherits its slack, and so does
// what a thread starts: guards start keepers with monitorSlack, the thread of a keeper that waits for its deadlines takes
// keeperSlack, and jobs are started with the slack of the guard.
const (
	monitorSlack = 20 * time.Millisecond
	// keeperSlack is how late the deadlines of a keeper may be. They may be late by monitorSlack where another thread than
	// the last one comes to wait.
	keeperSlack = 2 * time.Millisecond
)

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

// setSlack sets the slack of the present thread, where the kernel lets it.
func setSlack(slack time.Duration) bool {
	return unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0) == nil
}

// withSlack calls start, so that what it starts has that timer slack. Where the kernel refuses, it has that of this process.
func withSlack(slack time.Duration, start func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := timerSlack()
	if slack > 0 && setSlack(slack) {
		defer setSlack(before)
	}
	start()
}
