package conductor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// WhatIf says what would happen to each run on a server if it died now and nothing else changed, in the order in which the
// runs would be placed. Nothing is changed by asking.
func (c *Conductor) WhatIf(ctx context.Context, name string) ([]jobserver.WhatIf, error) {
	if _, err := c.store.Server(ctx, name); err != nil {
		return nil, err
	}
	open, err := c.store.OpenAttempts(ctx, name)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(open, func(a, b virtualserver.OpenAttempt) int {
		if queuePosition(a).Before(queuePosition(b)) {
			return -1
		}
		return 1
	})
	now := c.now()
	rest := c.fleet.without(name, now)
	answers := make([]jobserver.WhatIf, len(open))
	for i, a := range open {
		if answers[i], err = c.whatIf(ctx, rest, a, now); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func queuePosition(a virtualserver.OpenAttempt) task.QueuePosition {
	return task.QueuePosition{Priority: a.Spec.Priority, ID: a.Run}
}

// whatIf says what would happen to one run, and takes its place in what is left of the fleet.
func (c *Conductor) whatIf(ctx context.Context, rest *fleet, a virtualserver.OpenAttempt, now time.Time) (jobserver.WhatIf, error) {
	answer := jobserver.WhatIf{Run: a.Run, Task: a.Task, Attempt: a.Number}
	checkpoints, err := c.store.Checkpoints(ctx, a.Run)
	if err != nil {
		return answer, err
	}
	s := situation(a.Spec, a.Attempt, overdue{})
	s.Over = ""
	if n := len(checkpoints); n > 0 {
		s.Checkpoint = checkpoints[n-1].Sequence
	}
	again := false
	switch intent := intentOf(a); {
	case a.State == task.AttemptOffered:
		_, silence := c.fleet.beatTimes(a.Server)
		answer.Action, answer.After = string(policy.Restart), silence
		answer.Reason, again = "nothing was started: its offer is taken back and made elsewhere", true
	case intent != "":
		answer.Action, answer.After = string(intent), a.Lease
		answer.Reason = "an operator asked for it"
		if a.Lease == 0 {
			answer.Action = string(policy.Wait)
			answer.Reason = fmt.Sprintf("an operator asked for %s, but its attempt has no lease: only its server, a reboot or declare-dead can end it", intent)
		}
		again = a.Lease > 0 && (intent == task.IntentRestart || intent == task.IntentRecover)
	default:
		d, after := foresee(s, a.Lease)
		answer.After, answer.Reason = after, d.Reason
		answer.Action = map[policy.Action]string{
			policy.Keep: string(policy.Wait), policy.EndReset: string(policy.Reset),
			policy.StartAgain: string(policy.Restart), policy.Resume: string(policy.Recover),
		}[d.Action]
		again = d.Action == policy.StartAgain || d.Action == policy.Resume
		if d.Checkpoint > 0 {
			answer.Checkpoint = &checkpoints[len(checkpoints)-1]
		}
	}
	if !again {
		return answer, nil
	}
	ref := task.Ref{Run: a.Run, Number: a.Number + 1}
	p := rest.place(a.Task, a.Spec.Target, c.request(a.Task, a.Spec), ref, now, c.choose)
	answer.Server = p.Chosen
	if p.Chosen == "" {
		answer.Reason += "; it could not be placed: " + p.Reason
	}
	return answer, nil
}

// foresee returns the first decision about an attempt that changes anything if its server stays silent from now on, and
// after how long that is. A decision to keep it stands for good.
func foresee(s policy.Situation, lease time.Duration) (policy.Decision, time.Duration) {
	after := lease
	if after == 0 {
		after = s.UnavailableAfter
	}
	s.Silent, s.LeaseOver = max(after, 1), lease > 0
	d := policy.Decide(s)
	if d.Action == policy.Keep {
		return d, s.UnavailableAfter
	}
	return d, after
}

// picture returns a copy of the fleet. What is placed in it leaves the fleet as it is.
func (f *fleet) picture() *fleet {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := &fleet{hosts: make(map[string]*host, len(f.hosts)), groups: maps.Clone(f.groups), limits: f.limits.clone()}
	for name, h := range f.hosts {
		copied := *h
		copied.open = maps.Clone(h.open)
		all.hosts[name] = &copied
	}
	return all
}

// without returns a picture of the fleet in which the server has died.
func (f *fleet) without(server string, now time.Time) *fleet {
	rest := f.picture()
	if h, known := rest.hosts[server]; known {
		h.server.State, h.server.StateSince = jobserver.Unavailable, now
		for _, p := range h.open {
			rest.limits.leave(p.task)
		}
		h.open, h.own = map[task.Ref]*placed{}, virtualserver.Occupancy{}
	}
	return rest
}
