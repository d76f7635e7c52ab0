package task_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// onServer is a run whose attempt is on js-1.
func onServer(changes ...func(r *task.Run)) task.Run {
	r := task.Run{ID: "r1", State: task.Running, Attempt: 1, Server: "js-1", Spec: sound().Resolve(task.Defaults{})}
	for _, change := range changes {
		change(&r)
	}
	return r
}

func under(p policy.Policy) func(r *task.Run) {
	return func(r *task.Run) { r.Spec.OnUnavailable = &p }
}

func wanted(i task.Intent) func(r *task.Run) {
	return func(r *task.Run) { r.State, r.Pending = task.Stopping, i }
}

func retries(max int, from string) func(r *task.Run) {
	return func(r *task.Run) {
		r.Spec.Retries = task.Retries{Max: max, Backoff: task.Duration(20 * time.Second), From: from}
	}
}

var (
	well    = task.Exit{Kind: task.ExitExited}
	failure = task.Exit{Kind: task.ExitExited, Code: 3}
	killed  = task.Exit{Kind: task.ExitCancelled, Code: 143}
	fenced  = task.Exit{Kind: task.ExitFenced, Code: 143}
	expired = task.Exit{Kind: task.ExitLeaseExpired, Code: 137, Detail: "its lease had run out"}
	lost    = task.Exit{Kind: task.ExitLost, Code: -1, Detail: "its guard was killed"}
	late    = task.Exit{Kind: task.ExitTimedOut, Code: 143, Ran: 2 * time.Second}
	missing = task.Exit{Kind: task.ExitNotStarted, Code: -1, Detail: "no such file"}
)

func TestWhatAnExitMakesOfItsRun(t *testing.T) {
	recovering := policy.Word(policy.Recover)
	for name, c := range map[string]struct {
		run     task.Run
		exit    task.Exit
		want    task.State
		attempt task.AttemptState
		says    string
	}{
		"it ended well":                    {onServer(), well, task.Succeeded, task.AttemptSucceeded, ""},
		"it ended well before a reset":     {onServer(wanted(task.IntentReset)), well, task.Succeeded, task.AttemptSucceeded, ""},
		"it ended well before a restart":   {onServer(wanted(task.IntentRestart)), well, task.Succeeded, task.AttemptSucceeded, ""},
		"it failed":                        {onServer(), failure, task.Failed, task.AttemptFailed, "exit code 3"},
		"it failed, whatever the policy":   {onServer(under(recovering)), failure, task.Failed, task.AttemptFailed, "exit code 3"},
		"it failed before a cancel":        {onServer(wanted(task.IntentCancel)), failure, task.Failed, task.AttemptFailed, "exit code 3"},
		"it failed before a reset":         {onServer(wanted(task.IntentReset)), failure, task.Failed, task.AttemptFailed, "exit code 3"},
		"it failed before a restart":       {onServer(wanted(task.IntentRestart)), failure, task.Queued, task.AttemptFailed, "restarted at an operator's word, from the beginning"},
		"it timed out":                     {onServer(), late, task.TimedOut, task.AttemptTimedOut, "timeout"},
		"it had no program":                {onServer(), missing, task.Failed, task.AttemptFailed, "no such file"},
		"cancelled":                        {onServer(wanted(task.IntentCancel)), killed, task.Cancelled, task.AttemptCancelled, "cancelled"},
		"cancelled without an intent":      {onServer(func(r *task.Run) { r.State = task.Stopping }), killed, task.Cancelled, task.AttemptCancelled, "cancelled"},
		"cancelled, and nobody asked":      {onServer(under(recovering)), killed, task.Cancelled, task.AttemptCancelled, "cancelled"},
		"cancelled, and its lease ran out": {onServer(wanted(task.IntentCancel), under(recovering)), expired, task.Cancelled, task.AttemptLost, "cancelled; its lease had run out"},
		"cancelled, then silent, lost":     {onServer(func(r *task.Run) { r.State, r.Prior = task.Unknown, task.Stopping }, under(recovering)), lost, task.Cancelled, task.AttemptLost, "cancelled; its guard was killed"},
		"stopped for a reset":              {onServer(wanted(task.IntentReset)), killed, task.Reset, task.AttemptCancelled, "reset at an operator's word"},
		"lost before a reset":              {onServer(wanted(task.IntentReset), under(recovering)), lost, task.Reset, task.AttemptLost, "reset at an operator's word; its guard was killed"},
		"stopped for a restart":            {onServer(wanted(task.IntentRestart)), killed, task.Queued, task.AttemptCancelled, "restarted at an operator's word"},
		"stopped for a recovery":           {onServer(wanted(task.IntentRecover)), killed, task.Queued, task.AttemptCancelled, "recovered at an operator's word, from checkpoint 5"},
		"wait, and its guard died":         {onServer(), lost, task.Lost, task.AttemptLost, "its guard was killed"},
		"wait, and its lease ran out":      {onServer(), expired, task.Lost, task.AttemptLost, "its lease had run out"},
		"reset, and its lease ran out":     {onServer(under(policy.Word(policy.Reset))), expired, task.Reset, task.AttemptLost, "the policy is reset: it ends"},
		"restart, and its guard died":      {onServer(under(policy.Word(policy.Restart))), lost, task.Queued, task.AttemptLost, "its guard was killed; its attempt is over"},
		"recover, and its lease ran out":   {onServer(under(recovering)), expired, task.Queued, task.AttemptLost, "it goes on from checkpoint 5"},
		"recover, and it was fenced":       {onServer(under(recovering)), fenced, task.Queued, task.AttemptLost, "it goes on from checkpoint 5"},
		"recover, and a new kind of end":   {onServer(under(recovering)), task.Exit{Kind: "novel"}, task.Queued, task.AttemptLost, "novel"},
	} {
		a := task.AfterExit(c.run, c.exit, 5, noon, 0.5)
		if a.Run != c.want || a.Attempt != c.attempt || !strings.Contains(a.Reason, c.says) || (c.says == "") != (a.Reason == "") {
			t.Errorf("%s: got %+v, want %s, %s, %q", name, a, c.want, c.attempt, c.says)
		}
	}
}

func TestARecoveryGoesOnFromTheCheckpointThatWasChosen(t *testing.T) {
	chosen := func(r *task.Run) { r.Next = &task.Continuation{Checkpoint: 2} }
	for _, c := range []struct {
		run    task.Run
		newest int
		want   int
	}{
		{onServer(wanted(task.IntentRecover), chosen), 5, 2},
		{onServer(wanted(task.IntentRecover)), 5, 5},
		{onServer(wanted(task.IntentRecover)), 0, 0},
		{onServer(wanted(task.IntentRestart), chosen), 5, 0},
		{onServer(under(policy.Word(policy.Restart))), 5, 0},
		{onServer(under(policy.Word(policy.Recover))), 5, 5},
	} {
		exit := killed
		if c.run.Pending == "" {
			exit = lost
		}
		a := task.AfterExit(c.run, exit, c.newest, noon, 0)
		if a.Next == nil || a.Next.Checkpoint != c.want || a.Next.Ground == "" {
			t.Errorf("%s, newest %d: got %+v, want checkpoint %d", c.run.Pending, c.newest, a.Next, c.want)
		}
	}
}

func TestTheServerIsAvoidedThatTheAttemptFailedOn(t *testing.T) {
	for name, c := range map[string]struct {
		run  task.Run
		exit task.Exit
		want string
	}{
		"its own failure":                   {onServer(retries(1, "")), failure, "js-1"},
		"its lease ran out":                 {onServer(under(policy.Word(policy.Restart))), expired, "js-1"},
		"its guard died":                    {onServer(under(policy.Word(policy.Recover))), lost, "js-1"},
		"an operator's word":                {onServer(wanted(task.IntentRestart)), killed, ""},
		"an operator's word and a lost job": {onServer(wanted(task.IntentRestart)), lost, "js-1"},
	} {
		if a := task.AfterExit(c.run, c.exit, 0, noon, 0); a.Next == nil || a.Next.Avoid != c.want {
			t.Errorf("%s: got %+v, want to avoid %q", name, a.Next, c.want)
		}
	}
}

func TestAFailedJobIsTriedAgainUntilItsRetriesAreUsedUp(t *testing.T) {
	run := onServer(retries(3, task.RetryFromCheckpoint))
	for try := 1; try <= 3; try++ {
		a := task.AfterExit(run, failure, 7, noon, 0.5)
		delay := 20 * time.Second << (try - 1)
		want := task.Continuation{
			Ground: "exit reported", Checkpoint: 7, Avoid: "js-1", NotBefore: noon.Add(delay),
			Reason: "exit code 3; retry " + string(rune('0'+try)) + " of 3, from checkpoint 7",
		}
		if a.Run != task.Queued || a.Next == nil || *a.Next != want || a.Tries != try || a.Attempt != task.AttemptFailed {
			t.Fatalf("try %d: got %+v with %+v, want %+v", try, a, a.Next, want)
		}
		run.Tries = a.Tries
	}
	a := task.AfterExit(run, failure, 7, noon, 0.5)
	if a.Run != task.Failed || a.Next != nil || a.Tries != 4 || a.Reason != "exit code 3; all of 3 retries are used up" {
		t.Errorf("got %+v, want the end", a)
	}
}

func TestOnlyAFailureOfTheJobItselfIsRetried(t *testing.T) {
	for name, c := range map[string]struct {
		run  task.Run
		exit task.Exit
		want bool
	}{
		"exit code 3":       {onServer(retries(1, "")), failure, true},
		"a timeout":         {onServer(retries(1, "")), late, true},
		"a missing program": {onServer(retries(1, "")), missing, true},
		"success":           {onServer(retries(1, "")), well, false},
		"a killed guard":    {onServer(retries(1, "")), lost, false},
		"a lease":           {onServer(retries(1, "")), expired, false},
		"a cancelled run":   {onServer(retries(1, ""), wanted(task.IntentCancel)), failure, false},
		"a run to be reset": {onServer(retries(1, ""), wanted(task.IntentReset)), failure, false},
		"no retries":        {onServer(), failure, false},
	} {
		a := task.AfterExit(c.run, c.exit, 0, noon, 0)
		if (a.Run == task.Queued) != c.want {
			t.Errorf("%s: got %+v", name, a)
		}
		if c.want && (a.Next.Checkpoint != 0 || !strings.HasSuffix(a.Reason, "retry 1 of 1, from the beginning")) {
			t.Errorf("%s: got %+v, want it from the beginning", name, a.Next)
		}
	}
}

func TestTheBackoffDoublesWithinItsBounds(t *testing.T) {
	after := func(tries int, backoff time.Duration, jitter float64) time.Duration {
		run := onServer(retries(100, ""))
		run.Tries, run.Spec.Retries.Backoff = tries, task.Duration(backoff)
		return task.AfterExit(run, failure, 0, noon, jitter).Next.NotBefore.Sub(noon)
	}
	for _, c := range []struct {
		tries   int
		backoff time.Duration
		jitter  float64
		want    time.Duration
	}{
		{0, time.Minute, 0.5, time.Minute},
		{0, time.Minute, 0, 45 * time.Second},
		{0, time.Minute, 1, 75 * time.Second},
		{0, time.Minute, 9, 75 * time.Second},
		{0, time.Minute, -1, 45 * time.Second},
		{3, time.Minute, 0.5, 8 * time.Minute},
		{6, time.Minute, 0.5, time.Hour},
		{99, time.Minute, 0.5, time.Hour},
		{99, time.Minute, 1, 75 * time.Minute},
		{0, 0, 0.5, task.DefaultBackoff},
	} {
		if got := after(c.tries, c.backoff, c.jitter); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

func TestAJobThatBringsItsGuardDownDoesNotRaceThroughTheFleet(t *testing.T) {
	pause := func(attempt int, exit task.Exit) time.Duration {
		run := onServer(under(policy.Word(policy.Restart)), func(r *task.Run) { r.Attempt = attempt })
		next := task.AfterExit(run, exit, 0, noon, 0.5).Next
		if next.NotBefore.IsZero() {
			return 0
		}
		return next.NotBefore.Sub(noon)
	}
	for attempt, want := range map[int]time.Duration{1: 0, 2: time.Second, 3: 2 * time.Second, 8: 64 * time.Second, 1000: 64 * time.Second} {
		if got := pause(attempt, lost); got != want {
			t.Errorf("attempt %d: got %s, want %s", attempt, got, want)
		}
		if got := pause(attempt, expired); got != 0 {
			t.Errorf("attempt %d whose lease ran out: got %s, want none", attempt, got)
		}
	}
}

// Whatever ends in whatever state, the table of transitions knows the way, and what goes on says why.
func TestEveryExitFindsAWayInTheTable(t *testing.T) {
	states := []func(r *task.Run){
		func(r *task.Run) { r.State = task.Running },
		func(r *task.Run) { r.State, r.Prior = task.Unknown, task.Running },
		func(r *task.Run) { r.State, r.Prior = task.Unknown, task.Stopping },
		func(r *task.Run) { r.State = task.Stopping },
	}
	intents := []task.Intent{"", task.IntentCancel, task.IntentReset, task.IntentRestart, task.IntentRecover}
	exits := []task.Exit{well, failure, killed, fenced, expired, lost, late, missing}
	for _, in := range states {
		for _, intent := range intents {
			for _, kind := range policy.Kinds() {
				for _, exit := range exits {
					for _, max := range []int{0, 2} {
						run := onServer(retries(max, ""), under(policy.Word(kind)), in)
						if run.Pending = intent; intent != "" && run.State == task.Running {
							continue
						}
						a := task.AfterExit(run, exit, 1, noon, 0.5)
						// A job that was cancelled was stopping, whether that was stored or not.
						way := run.State.CanBecome(a.Run) || exit == killed && task.Stopping.CanBecome(a.Run)
						if !way || !slices.Contains(task.AttemptStates(), a.Attempt) || a.Attempt.Open() {
							t.Errorf("%s, %q, %s, %s: got %+v", run.State, intent, kind, exit.Kind, a)
						}
						if (a.Run == task.Queued) != (a.Next != nil) || a.Next != nil && (a.Next.Ground == "" || a.Next.Reason == "" || a.Reason != a.Next.Reason) {
							t.Errorf("%s, %q, %s, %s: got %+v with %+v", run.State, intent, kind, exit.Kind, a, a.Next)
						}
						if (a.Run == task.Succeeded) != (exit == well) {
							t.Errorf("%s, %q, %s: got %s", run.State, intent, exit.Kind, a.Run)
						}
					}
				}
			}
		}
	}
}

func TestADecisionBecomesAReplacement(t *testing.T) {
	ref := task.Ref{Run: "r1", Number: 2}
	d := policy.Decision{Action: policy.Resume, Checkpoint: 4, Ground: policy.LeaseExpired, Reason: "because", GiveUp: time.Hour}
	got, ok := task.Replace(ref, "js-1", d, noon)
	want := task.Continuation{Ground: "lease expired", Checkpoint: 4, Avoid: "js-1", Reason: "because", GiveUpAt: noon.Add(time.Hour)}
	if !ok || got.Ref != ref || got.Attempt != task.AttemptUnavailable || got.Run != task.Queued || got.Next == nil || *got.Next != want || got.Ground != "lease expired" || got.Reason != "because" {
		t.Errorf("got %+v with %+v, want %+v", got, got.Next, want)
	}
	for action, state := range map[policy.Action]task.State{policy.StartAgain: task.Queued, policy.EndReset: task.Reset, policy.EndLost: task.Lost} {
		if got, ok := task.Replace(ref, "js-1", policy.Decision{Action: action}, noon); !ok || got.Run != state || (got.Next != nil) != (state == task.Queued) || got.Attempt.Open() {
			t.Errorf("%s: got %+v, %v", action, got, ok)
		}
	}
	if _, ok := task.Replace(ref, "js-1", policy.Decision{Action: policy.Keep}, noon); ok {
		t.Error("keep became a replacement")
	}
}
