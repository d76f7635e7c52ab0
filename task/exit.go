package task

import (
	"fmt"
	"time"
)

func outcome(e Exit) (State, AttemptState, string) {
	switch e.Kind {
	case ExitExited:
		switch {
		case e.Code == 0 && e.Signal == 0:
			return Succeeded, AttemptSucceeded, ""
		case e.OOM:
			return Failed, AttemptFailed, "killed by the kernel: out of memory"
		case e.Signal != 0:
			return Failed, AttemptFailed, fmt.Sprintf("ended by signal %d", e.Signal)
		}
		return Failed, AttemptFailed, fmt.Sprintf("exit code %d", e.Code)
	case ExitNotStarted:
		return Failed, AttemptFailed, "could not be started: " + e.Detail
	case ExitTimedOut:
		return TimedOut, AttemptTimedOut, "stopped after " + e.Ran.Round(time.Millisecond).String() + ": its timeout had passed"
	case ExitCancelled:
		return Cancelled, AttemptCancelled, "cancelled"
	}
	reason := e.Detail
	if reason == "" {
		reason = string(e.Kind)
	}
	return Lost, AttemptLost, reason
}
