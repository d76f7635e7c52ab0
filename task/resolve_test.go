package task_test

import (
	"errors"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

func word(k policy.Kind) *policy.Policy { p := policy.Word(k); return &p }

func TestATasksOwnPolicyCountsBeforeThatOfTheVirtualServer(t *testing.T) {
	const group, own = task.Duration(time.Minute), task.Duration(10 * time.Second)
	for name, c := range map[string]struct {
		spec  task.Spec
		group task.Defaults
		want  policy.Kind
		leave bool
		after task.Duration
	}{
		"nobody says anything": {task.Spec{}, task.Defaults{}, policy.Wait, false, 0},
		"the group does":       {task.Spec{}, task.Defaults{OnUnavailable: word(policy.Recover), UnavailableAfter: group}, policy.Recover, false, group},
		"the task does": {task.Spec{OnUnavailable: word(policy.Restart), UnavailableAfter: own},
			task.Defaults{OnUnavailable: word(policy.Recover), UnavailableAfter: group}, policy.Restart, false, own},
		"a task that waits":          {task.Spec{OnUnavailable: word(policy.Wait)}, task.Defaults{OnUnavailable: word(policy.Reset), LeaveRunning: true}, policy.Wait, false, 0},
		"a group that leaves":        {task.Spec{}, task.Defaults{OnUnavailable: word(policy.Reset), LeaveRunning: true}, policy.Reset, true, 0},
		"a task's reset that stops":  {task.Spec{OnUnavailable: word(policy.Reset)}, task.Defaults{OnUnavailable: word(policy.Reset), LeaveRunning: true}, policy.Reset, false, 0},
		"a task that leaves":         {task.Spec{LeaveRunning: true}, task.Defaults{OnUnavailable: word(policy.Reset)}, policy.Reset, true, 0},
		"a task that cannot leave":   {task.Spec{LeaveRunning: true}, task.Defaults{OnUnavailable: word(policy.Recover)}, policy.Recover, false, 0},
		"a task without a group":     {task.Spec{LeaveRunning: true}, task.Defaults{}, policy.Wait, false, 0},
		"only the period of a group": {task.Spec{OnUnavailable: word(policy.Restart)}, task.Defaults{UnavailableAfter: group}, policy.Restart, false, group},
	} {
		got := c.spec.Resolve(c.group)
		if got.OnUnavailable == nil || got.OnUnavailable.Kind() != c.want || got.LeaveRunning != c.leave || got.UnavailableAfter != c.after {
			t.Errorf("%s: got %+v, %v, %s, want %s, %v, %s", name, got.OnUnavailable, got.LeaveRunning, got.UnavailableAfter, c.want, c.leave, c.after)
		}
		if again := got.Resolve(c.group); again.OnUnavailable.Kind() != c.want || again.LeaveRunning != c.leave {
			t.Errorf("%s: settled twice it is %+v", name, again)
		}
	}
}

func TestTheTimersOfAnAttempt(t *testing.T) {
	const patience = 2 * time.Minute
	ladder := &policy.Policy{Steps: []policy.Step{{After: 10 * time.Minute, Do: policy.Recover}}}
	for name, c := range map[string]struct {
		spec         task.Spec
		after, lease time.Duration
	}{
		"wait has no deadline":       {task.Spec{OnUnavailable: word(policy.Wait)}, patience, 0},
		"nor has a spec without one": {task.Spec{}, patience, 0},
		"the server's period":        {task.Spec{OnUnavailable: word(policy.Recover)}, patience, patience},
		"the task's period":          {task.Spec{OnUnavailable: word(policy.Restart), UnavailableAfter: task.Duration(5 * time.Second)}, 5 * time.Second, 5 * time.Second},
		"a ladder's first act":       {task.Spec{OnUnavailable: ladder}, patience, 10 * time.Minute},
		"reset":                      {task.Spec{OnUnavailable: word(policy.Reset)}, patience, patience},
		"reset that leaves it be":    {task.Spec{OnUnavailable: word(policy.Reset), LeaveRunning: true}, patience, 0},
		"what cannot leave it be":    {task.Spec{OnUnavailable: word(policy.Recover), LeaveRunning: true}, patience, patience},
		"wait with a period of its":  {task.Spec{OnUnavailable: word(policy.Wait), UnavailableAfter: task.Duration(time.Minute)}, time.Minute, 0},
	} {
		if after, lease := c.spec.Timers(patience); after != c.after || lease != c.lease {
			t.Errorf("%s: got %s and %s, want %s and %s", name, after, lease, c.after, c.lease)
		}
	}
}

func TestLeaveRunningIsForResetOnly(t *testing.T) {
	for _, k := range policy.Kinds() {
		err := task.CheckPolicy(word(k), true)
		if fields := fault.Fields(err); (err == nil) != (k == policy.Reset) || err != nil && (!errors.Is(err, fault.Invalid) || fields[0].Field != "leave_running") {
			t.Errorf("%s: got %v", k, err)
		}
		if err := task.CheckPolicy(word(k), false); err != nil {
			t.Errorf("%s without: %v", k, err)
		}
	}
	if err := task.CheckPolicy(nil, true); err != nil {
		t.Errorf("no policy of its own: %v", err)
	}
}
