package policy

import (
	"fmt"
	"time"
)

// Decide says what is to be done with a run whose attempt is in that situation. It depends on its argument alone.
//
// While the attempt may still act, the run is kept: anything else needs the attempt to be over, or its lease to have run
// out after the server was silent for as long as the policy says. The one exception is a reset with LeaveRunning. An
// attempt that is over is acted upon at once, whatever the ladder's times: there is nothing left to wait for.
func Decide(s Situation) Decision {
	first, acts := s.Policy.acting()
	step, reached := s.reached()
	switch {
	case s.Over != "":
		if !reached {
			step = first
		}
		return s.act(step, s.Over)
	case s.Silent <= 0:
		return s.keep("its server is heard from")
	case !acts:
		return s.keep("its server is silent; the policy is wait: it waits for its server for as long as it takes")
	case !reached:
		due := first.at(s.UnavailableAfter)
		return s.keep(fmt.Sprintf("its server is silent; the policy is %s: nothing is done before %s of silence", s.Policy, short(due)))
	case s.LeaseOver:
		return s.act(step, LeaseExpired)
	case s.LeaveRunning && first.Do == Reset:
		return s.act(step, LeftRunning)
	}
	return s.keep(fmt.Sprintf("its server is silent; the policy is %s, and waits until the lease of its attempt has certainly run out", s.Policy))
}

// reached returns the last step that does not wait and whose time has come, and whether there is one.
func (s Situation) reached() (step Step, any bool) {
	for _, next := range s.Policy.Steps {
		if next.Do != Wait && next.at(s.UnavailableAfter) <= s.Silent {
			step, any = next, true
		}
	}
	return step, any
}

// again returns how long it takes until the next step that does not wait, 0 where there is none or the server is heard.
func (s Situation) again() time.Duration {
	if s.Silent <= 0 {
		return 0
	}
	for _, next := range s.Policy.Steps {
		if left := next.at(s.UnavailableAfter) - s.Silent; next.Do != Wait && left > 0 {
			return left
		}
	}
	return 0
}

func (s Situation) keep(reason string) Decision {
	return Decision{Action: Keep, Reason: reason, Again: s.again()}
}

// act returns the decision for a step that is due. A step that waits has nothing left to wait for.
func (s Situation) act(step Step, ground Ground) Decision {
	d := Decision{Ground: ground, GiveUp: s.giveUp()}
	does := ""
	switch {
	case step.Do == Reset:
		d.Action, d.GiveUp, does = EndReset, 0, "it ends, and its task is ready to run"
	case step.Do == Recover && s.Checkpoint > 0:
		d.Action, d.Checkpoint, does = Resume, s.Checkpoint, fmt.Sprintf("it goes on from checkpoint %d", s.Checkpoint)
	case step.Do == Recover:
		d.Action, does = StartAgain, "it begins again from the beginning, as there is no checkpoint"
	case step.Do == Restart:
		d.Action, does = StartAgain, "it begins again from the beginning"
	default:
		d.Action, d.GiveUp, does = EndLost, 0, "it waited for an attempt that cannot come back"
	}
	if s.Silent > 0 {
		d.Again = d.GiveUp
	}
	d.Reason = fmt.Sprintf("%s; the policy is %s: %s", s.because(ground), s.Policy, does)
	return d
}

// giveUp returns how long a run that goes on may look for a server, 0 for as long as it takes.
func (s Situation) giveUp() time.Duration {
	after, ok := s.Policy.GiveUp()
	if !ok {
		return 0
	}
	return max(after-max(s.Silent, 0), 1)
}

// because says a ground as the first half of a sentence.
func (s Situation) because(ground Ground) string {
	silent := short(s.Silent.Round(time.Second))
	switch ground {
	case LeaseExpired:
		return "its server was silent for " + silent + ", and the lease of its attempt has run out"
	case LeftRunning:
		return "its server was silent for " + silent + ", and its job was left running"
	case ExitReported:
		return "its attempt is over without an end of the job's own"
	case StopConfirmed:
		return "its attempt was stopped"
	case HostRebooted:
		return "its host was rebooted"
	case OperatorStatement:
		return "an operator stated that its server is dead"
	}
	return string(ground)
}
