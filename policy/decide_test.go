package policy_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/policy"
)

const patience = 2 * time.Minute

// Every policy in every situation that differs in kind: heard, silent for too short, due, due with the lease over, and
// over by each ground.
func TestEachPolicyInEachSituation(t *testing.T) {
	grounds := []policy.Ground{policy.ExitReported, policy.StopConfirmed, policy.HostRebooted, policy.OperatorStatement, policy.LeaseExpired}
	for _, c := range []struct {
		kind       policy.Kind
		checkpoint int
		acts       policy.Action
		over       policy.Action
	}{
		{policy.Wait, 0, policy.Keep, policy.EndLost},
		{policy.Wait, 3, policy.Keep, policy.EndLost},
		{policy.Reset, 0, policy.EndReset, policy.EndReset},
		{policy.Reset, 3, policy.EndReset, policy.EndReset},
		{policy.Restart, 0, policy.StartAgain, policy.StartAgain},
		{policy.Restart, 3, policy.StartAgain, policy.StartAgain},
		{policy.Recover, 0, policy.StartAgain, policy.StartAgain},
		{policy.Recover, 3, policy.Resume, policy.Resume},
	} {
		s := policy.Situation{Policy: policy.Word(c.kind), UnavailableAfter: patience, Checkpoint: c.checkpoint}
		check := func(name string, s policy.Situation, want policy.Action, ground policy.Ground, again time.Duration) {
			t.Helper()
			got := policy.Decide(s)
			checkpoint := 0
			if want == policy.Resume {
				checkpoint = c.checkpoint
			}
			if got.Action != want || got.Ground != ground || got.Again != again || got.Checkpoint != checkpoint || got.Reason == "" || got.GiveUp != 0 {
				t.Errorf("%s, checkpoint %d, %s: got %+v, want %s on the ground %q, again after %s", c.kind, c.checkpoint, name, got, want, ground, again)
			}
		}
		waits := c.kind == policy.Wait
		left := func(d time.Duration) time.Duration {
			if waits {
				return 0
			}
			return d
		}
		check("heard", s, policy.Keep, "", 0)
		s.Silent = time.Second
		check("silent for a second", s, policy.Keep, "", left(patience-time.Second))
		s.Silent = patience - 1
		check("a moment before", s, policy.Keep, "", left(1))
		s.Silent = patience
		check("due with a lease that may run", s, policy.Keep, "", 0)
		s.LeaseOver = !waits
		ground := policy.LeaseExpired
		if waits {
			ground = ""
		}
		check("due with the lease over", s, c.acts, ground, 0)
		s.Silent = 1000 * patience
		check("for ever", s, c.acts, ground, 0)
		for _, ground := range grounds {
			for _, silent := range []time.Duration{0, time.Second, patience} {
				s.Over, s.Silent, s.LeaseOver = ground, silent, false
				check(fmt.Sprintf("%s after %s", ground, silent), s, c.over, ground, 0)
			}
		}
	}
}

func TestALadderClimbsWithTheSilence(t *testing.T) {
	for _, c := range []struct {
		silent    time.Duration
		leaseOver bool
		want      policy.Action
		again     time.Duration
		giveUp    time.Duration
	}{
		{time.Minute, false, policy.Keep, 9 * time.Minute, 0},
		{2 * time.Minute, false, policy.Keep, 8 * time.Minute, 0},
		{10 * time.Minute, false, policy.Keep, 50 * time.Minute, 0},
		{10 * time.Minute, true, policy.Resume, 50 * time.Minute, 50 * time.Minute},
		{59 * time.Minute, true, policy.Resume, time.Minute, time.Minute},
		{time.Hour, false, policy.Keep, 0, 0},
		{time.Hour, true, policy.EndReset, 0, 0},
	} {
		got := policy.Decide(policy.Situation{Policy: issued, UnavailableAfter: patience, Silent: c.silent, LeaseOver: c.leaseOver, Checkpoint: 4})
		if got.Action != c.want || got.Again != c.again || got.GiveUp != c.giveUp {
			t.Errorf("after %s: got %+v, want %+v", c.silent, got, c)
		}
	}
}

func TestAnAttemptThatIsOverIsActedUponAtOnceWhateverTheLadderSays(t *testing.T) {
	got := policy.Decide(policy.Situation{Policy: issued, UnavailableAfter: patience, Over: policy.HostRebooted, Checkpoint: 4})
	if got.Action != policy.Resume || got.Checkpoint != 4 || got.GiveUp != time.Hour {
		t.Errorf("got %+v, want to resume at once and to give up after an hour", got)
	}
	got = policy.Decide(policy.Situation{Policy: issued, UnavailableAfter: patience, Over: policy.OperatorStatement, Silent: 2 * time.Hour})
	if got.Action != policy.EndReset {
		t.Errorf("got %+v, want the step whose time has come", got)
	}
}

func TestLeaveRunningResetsWithoutALease(t *testing.T) {
	s := policy.Situation{Policy: policy.Word(policy.Reset), LeaveRunning: true, UnavailableAfter: patience, Silent: patience - 1}
	if got := policy.Decide(s); got.Action != policy.Keep {
		t.Errorf("before: got %+v", got)
	}
	s.Silent = patience
	if got := policy.Decide(s); got.Action != policy.EndReset || got.Ground != policy.LeftRunning {
		t.Errorf("got %+v, want a reset that says that the job was left running", got)
	}
	for _, p := range []policy.Policy{policy.Word(policy.Restart), policy.Word(policy.Recover), issued} {
		s.Policy, s.Silent = p, 2*time.Hour
		if got := policy.Decide(s); got.Action != policy.Keep {
			t.Errorf("%s: got %+v although the lease may run", p, got)
		}
	}
}

func TestTheReasonIsASentenceThatSaysAll(t *testing.T) {
	silent := policy.Situation{Policy: policy.Word(policy.Recover), UnavailableAfter: patience, Silent: patience + 400*time.Millisecond, LeaseOver: true}
	with := func(change func(s *policy.Situation)) policy.Situation {
		s := silent
		change(&s)
		return s
	}
	for want, s := range map[string]policy.Situation{
		"its server was silent for 2m, and the lease of its attempt has run out; the policy is recover: it begins again from the beginning, as there is no checkpoint": silent,
		"its server was silent for 2m, and the lease of its attempt has run out; the policy is recover: it goes on from checkpoint 7":                                  with(func(s *policy.Situation) { s.Checkpoint = 7 }),
		"its host was rebooted; the policy is restart: it begins again from the beginning":                                                                             with(func(s *policy.Situation) { s.Policy, s.Over = policy.Word(policy.Restart), policy.HostRebooted }),
		"an operator stated that its server is dead; the policy is wait: it waited for an attempt that cannot come back":                                               with(func(s *policy.Situation) { s.Policy, s.Over = policy.Policy{}, policy.OperatorStatement }),
		"its attempt was stopped; the policy is reset: it ends, and its task is ready to run":                                                                          with(func(s *policy.Situation) { s.Policy, s.Over = policy.Word(policy.Reset), policy.StopConfirmed }),
		"its attempt is over without an end of the job's own; the policy is restart: it begins again from the beginning":                                               with(func(s *policy.Situation) { s.Policy, s.Over = policy.Word(policy.Restart), policy.ExitReported }),
		"its server was silent for 2m, and its job was left running; the policy is reset: it ends, and its task is ready to run": with(func(s *policy.Situation) {
			s.Policy, s.LeaseOver, s.LeaveRunning = policy.Word(policy.Reset), false, true
		}),
		"its server is silent; the policy is wait: it waits for its server for as long as it takes":                   with(func(s *policy.Situation) { s.Policy = policy.Policy{} }),
		"its server is silent; the policy is recover: nothing is done before 2m of silence":                           with(func(s *policy.Situation) { s.Silent = time.Second }),
		"its server is silent; the policy is recover, and waits until the lease of its attempt has certainly run out": with(func(s *policy.Situation) { s.LeaseOver = false }),
		"its server is heard from": with(func(s *policy.Situation) { s.Silent = 0 }),
	} {
		if got := policy.Decide(s).Reason; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// anyPolicy draws policies that may be stored.
func anyPolicy(t *rapid.T) policy.Policy {
	if rapid.Bool().Draw(t, "word") {
		return policy.Word(rapid.SampledFrom(policy.Kinds()).Draw(t, "kind"))
	}
	var p policy.Policy
	after := time.Duration(0)
	climb := func(do policy.Kind) {
		after += time.Duration(rapid.Int64Range(int64(policy.MinAfter), int64(time.Hour)).Draw(t, "after"))
		p.Steps = append(p.Steps, policy.Step{After: after, Do: do})
	}
	for range rapid.IntRange(0, 3).Draw(t, "waits") {
		climb(policy.Wait)
	}
	acts := rapid.SampledFrom(policy.Kinds()).Draw(t, "acts")
	climb(acts)
	if (acts == policy.Restart || acts == policy.Recover) && rapid.Bool().Draw(t, "gives up") {
		climb(policy.Reset)
	}
	if err := p.Validate("p"); err != nil {
		t.Fatalf("%s: %v", p, err)
	}
	return p
}

func anySituation(t *rapid.T) policy.Situation {
	s := policy.Situation{
		Policy:           anyPolicy(t),
		UnavailableAfter: time.Duration(rapid.Int64Range(int64(5*time.Second), int64(time.Hour)).Draw(t, "unavailable after")),
		Silent:           time.Duration(rapid.Int64Range(0, int64(6*time.Hour)).Draw(t, "silent")),
		Over: rapid.SampledFrom([]policy.Ground{"", "", "", policy.ExitReported, policy.StopConfirmed, policy.HostRebooted,
			policy.OperatorStatement}).Draw(t, "over"),
		Checkpoint: rapid.IntRange(0, 5).Draw(t, "checkpoint"),
	}
	lease, leased := s.Policy.Lease(s.UnavailableAfter)
	s.LeaveRunning = s.Policy.Kind() == policy.Reset && rapid.Bool().Draw(t, "leave running")
	s.LeaseOver = leased && !s.LeaveRunning && s.Silent >= lease && rapid.Bool().Draw(t, "lease over")
	return s
}

func TestNothingIsDoneWhileTheAttemptMayAct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySituation(t)
		d := policy.Decide(s)
		if d.Action != policy.Keep && s.Over == "" && !s.LeaseOver && !s.LeaveRunning {
			t.Fatalf("%+v: got %+v", s, d)
		}
		if d.Action != policy.Keep && s.Over == "" && s.Silent < s.UnavailableAfter && len(s.Policy.Steps) == 1 && s.Policy.Steps[0].After == 0 {
			t.Fatalf("%+v: got %+v before the server was unavailable", s, d)
		}
		if s.Policy.Kind() == policy.Wait && d.Action != policy.Keep && (d.Action != policy.EndLost || s.Over == "") {
			t.Fatalf("%+v: wait acted: %+v", s, d)
		}
		if (d.Ground == "") != (d.Action == policy.Keep) || d.Reason == "" || (d.Checkpoint > 0) != (d.Action == policy.Resume) {
			t.Fatalf("%+v: got an incomplete %+v", s, d)
		}
		if d.GiveUp != 0 && d.Action != policy.StartAgain && d.Action != policy.Resume {
			t.Fatalf("%+v: got %+v, which gives up what has ended", s, d)
		}
		if d != policy.Decide(s) {
			t.Fatalf("%+v: got another decision the second time", s)
		}
	})
}

// rank orders the actions by how far up the ladder they are.
func rank(a policy.Action) int {
	switch a {
	case policy.Keep:
		return 0
	case policy.StartAgain, policy.Resume:
		return 1
	}
	return 2
}

func TestLongerSilenceNeverTakesAStepBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySituation(t)
		later := s
		later.Silent += time.Duration(rapid.Int64Range(0, int64(6*time.Hour)).Draw(t, "later"))
		if a, b := policy.Decide(s), policy.Decide(later); rank(b.Action) < rank(a.Action) {
			t.Fatalf("%+v: %+v, and later %+v", s, a, b)
		}
	})
}

func TestAgainIsWhenTimeAloneChangesTheDecision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySituation(t)
		s.Over, s.Silent = "", max(s.Silent, 1)
		lease, leased := s.Policy.Lease(s.UnavailableAfter)
		at := func(silent time.Duration) policy.Decision {
			now := s
			now.Silent, now.LeaseOver = silent, leased && !s.LeaveRunning && silent >= lease
			return policy.Decide(now)
		}
		d := at(s.Silent)
		until := d.Again
		if until == 0 {
			until = 1000 * time.Hour
		}
		between := time.Duration(rapid.Int64Range(0, int64(until)-1).Draw(t, "between"))
		if got := at(s.Silent + between); got.Action != d.Action || got.Checkpoint != d.Checkpoint {
			t.Fatalf("%+v: %+v became %+v after %s already", s, d, got, between)
		}
		if d.Again > 0 && at(s.Silent+d.Again).Action == d.Action {
			t.Fatalf("%+v: %+v did not change after %s", s, d, d.Again)
		}
		if d.GiveUp > 0 && at(s.Silent+d.GiveUp).Action != policy.EndReset {
			t.Fatalf("%+v: %+v is not reset after %s", s, d, d.GiveUp)
		}
	})
}
