package timerslack

import (
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// unset is the slack of a process that was told nothing.
const unset = 50 * time.Microsecond

// beforeRelax is the environment variable with which Relax tells the program that it runs anew which slack it had before.
const beforeRelax = "SEGNO_TIMER_SLACK_BEFORE"

// Current returns the slack of the present thread.
func Current() time.Duration {
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil || slack <= 0 {
		return unset
	}
	return time.Duration(slack)
}

// Set sets the slack of the present thread, which is more than 0. It reports whether the kernel let it.
func Set(slack time.Duration) bool {
	return unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0) == nil
}

// During calls start, so that what it starts has that slack. With a slack of 0, or where the kernel refuses, it has that of
// this process.
func During(slack time.Duration, start func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := Current()
	if slack > 0 && Set(slack) {
		defer Set(before)
	}
	start()
}

// Relax gives every thread of this program at least that slack, the runtime's monitor included. For that it begins the
// program anew in the same process, once: it is to be called before anything is open that must not be lost. It returns the
// slack that the process had before, for processes that are to have it still. Where it cannot begin the program anew, all
// stays as it is.
func Relax(slack time.Duration) (before time.Duration) {
	if told, ok := os.LookupEnv(beforeRelax); ok {
		os.Unsetenv(beforeRelax)
		if ns, err := strconv.ParseInt(told, 10, 64); err == nil && ns > 0 {
			return time.Duration(ns)
		}
		return Current()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if before = Current(); before >= slack {
		return before
	}
	program, err := os.Executable()
	if err != nil || !Set(slack) {
		return before
	}
	_ = syscall.Exec(program, os.Args, append(os.Environ(), beforeRelax+"="+strconv.FormatInt(before.Nanoseconds(), 10)))
	Set(before)
	return before
}
