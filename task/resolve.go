package task

import (
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/policy"
)

// Defaults are what a virtual server says for the tasks on it that say nothing of their own.
type Defaults struct {
	OnUnavailable    *policy.Policy
	LeaveRunning     bool
	UnavailableAfter Duration
}

// Resolve returns the task with its policy settled, as a run freezes it: its own settings, else the virtual server's,
// else wait. LeaveRunning belongs to the policy it was written with: a policy of the task's own takes the task's, and
// the virtual server's otherwise counts as well. UnavailableAfter may remain 0, which leaves it to the server.
// It changes nothing that s refers to. The zero Defaults serve a task that is bound to one server.
func (s Spec) Resolve(group Defaults) Spec {
	if s.OnUnavailable == nil {
		s.OnUnavailable = group.OnUnavailable
		s.LeaveRunning = s.LeaveRunning || group.LeaveRunning
	}
	settled := s.Policy()
	s.OnUnavailable = &settled
	s.LeaveRunning = s.LeaveRunning && settled.Kind() == policy.Reset
	if s.UnavailableAfter == 0 {
		s.UnavailableAfter = group.UnavailableAfter
	}
	return s
}

// Policy returns the task's own policy, or wait where it has none.
func (s Spec) Policy() policy.Policy {
	if s.OnUnavailable == nil {
		return policy.Word(policy.Default)
	}
	return *s.OnUnavailable
}

// Timers returns how long the server of an attempt may be silent before it counts as unavailable for the run, and the
// conductor's length of the attempt's lease, 0 for none. The task is one that [Spec.Resolve] returned; patience is the
// server's own period. Both go with the assignment and never change.
func (s Spec) Timers(patience time.Duration) (unavailableAfter, lease time.Duration) {
	unavailableAfter = time.Duration(s.UnavailableAfter)
	if unavailableAfter == 0 {
		unavailableAfter = patience
	}
	p := s.Policy()
	if s.LeaveRunning && p.Kind() == policy.Reset {
		return unavailableAfter, 0
	}
	lease, _ = p.Lease(unavailableAfter)
	return unavailableAfter, lease
}

// CheckPolicy returns nil if a task or a virtual server may have these settings together, else field errors below
// on_unavailable and leave_running. Where there is no policy of its own, leave_running is for the one that it will get.
func CheckPolicy(own *policy.Policy, leaveRunning bool) error {
	if own == nil {
		return nil
	}
	if err := own.Validate("on_unavailable"); err != nil {
		return err
	}
	if leaveRunning && own.Kind() != policy.Reset {
		return fault.Field("leave_running", "must be left out, as the policy is %s: it is for reset", own.Kind())
	}
	return nil
}
