package conductor_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

func TestASilentServerIsUnreachableWithinFiveSecondsAndThenUnavailable(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Wait), onServer("js-1"))
	id, a := w.start("load")
	a.cut = true
	silent := w.at.Sub(a.heard)
	took := w.until(time.Minute, "js-1 is unreachable", func() bool { return w.server("js-1").State == jobserver.Unreachable })
	if took+silent > 5*time.Second {
		t.Errorf("js-1 was unreachable after %s of silence, want at most 5s", took+silent)
	}
	if run := w.wantState(id, task.Unknown); run.Prior != task.Running {
		t.Errorf("the run remembers %q, want running", run.Prior)
	}
	if at := w.server("js-1").UnavailableAt; !at.Equal(a.heard.Add(patience)) {
		t.Errorf("it is said to be unavailable at %s, want %s after it was heard", at, patience)
	}
	w.until(time.Minute, "js-1 is unavailable", func() bool { return w.server("js-1").State == jobserver.Unavailable })
	if silent := w.at.Sub(a.heard); silent < patience || silent > patience+tick {
		t.Errorf("js-1 was unavailable after %s of silence, want %s", silent, patience)
	}
	if got := w.server("js-2").State; got != jobserver.Online {
		t.Errorf("js-2 is %s, want online", got)
	}
}

func TestWaitLeavesARunUnknownForAsLongAsItTakesAndGivesItBack(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Wait))
	id, a := w.start("load")
	if got := w.newest(id).Lease; got != 0 || a.leases[refOf(id, 1)] != 0 {
		t.Errorf("the attempt has a lease of %s, want none", got)
	}
	a.cut = true
	w.pass(10 * patience)
	w.wantState(id, task.Unknown)
	a.cut = false
	w.pass(beatEvery)
	if run := w.wantState(id, task.Running); run.Attempt != 1 {
		t.Errorf("the run is in attempt %d, want 1", run.Attempt)
	}
	if d := a.end(refOf(id, 1), task.ExitExited, 0); d.State != task.Succeeded {
		t.Errorf("the run ended %s, want succeeded", d.State)
	}
}

func TestWaitShowsTheTrueEndThatHappenedMeanwhile(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Wait))
	id, a := w.start("load")
	a.cut = true
	w.pass(2 * patience)
	w.wantState(id, task.Unknown)
	a.cut = false
	a.kept[refOf(id, 1)].Ended = true
	w.pass(beatEvery)
	if d := a.end(refOf(id, 1), task.ExitExited, 7); d.State != task.Failed {
		t.Errorf("the run is %s, want failed", d.State)
	}
	if run := w.run(id); run.ExitCode == nil || *run.ExitCode != 7 {
		t.Errorf("got exit code %v, want 7", run.ExitCode)
	}
}

// TestEachPolicyActsOnceTheLeaseIsOverAndNotBefore is about the three policies that do not wait.
func TestEachPolicyActsOnceTheLeaseIsOverAndNotBefore(t *testing.T) {
	for _, tt := range []struct {
		kind       policy.Kind
		checkpoint bool
		resumed    int
	}{
		{policy.Reset, false, 0},
		{policy.Restart, true, 0},
		{policy.Recover, true, 2},
		{policy.Recover, false, 0},
	} {
		name := string(tt.kind)
		if tt.kind == policy.Recover && !tt.checkpoint {
			name += " without a checkpoint"
		}
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "js-1", "js-2")
			w.task("load", policy.Word(tt.kind))
			id, a := w.start("load")
			ref := refOf(id, 1)
			if tt.checkpoint {
				check(t, a.checkpoint(ref, 1, "one"))
				check(t, a.checkpoint(ref, 2, "two"))
			}
			if la, _ := jobserver.LeaseOf(patience); a.leases[ref] != la {
				t.Errorf("the agent has a lease of %s, want %s", a.leases[ref], la)
			}
			a.cut = true
			w.until(time.Minute, "the attempt is over", func() bool { return !w.run(id).Attempts[0].State.Open() })
			if silent := w.at.Sub(a.heard); silent < patience || silent > patience+tick {
				t.Errorf("acted after %s of silence, want %s", silent, patience)
			}
			if got := w.run(id).Attempts[0].State; got != task.AttemptUnavailable {
				t.Errorf("the attempt is %s, want unavailable", got)
			}
			if tt.kind == policy.Reset {
				w.pass(time.Minute)
				run := w.wantState(id, task.Reset)
				wantContains(t, run.Reason, "lease", "reset")
				return
			}
			b := w.awaitRunning(id)
			if b == a {
				t.Error("the attempt went to the server that was lost")
			}
			second := w.newest(id)
			if second.Number != 2 || second.Ground != string(policy.LeaseExpired) {
				t.Errorf("got attempt %d on the ground %q, want 2 on %q", second.Number, second.Ground, policy.LeaseExpired)
			}
			e := b.offers[refOf(id, 2)]
			got, last := 0, 0
			if e.Resume != nil {
				got = e.Resume.Sequence
			}
			if tt.checkpoint {
				last = 2
			}
			if got != tt.resumed || e.LastCheckpoint != last {
				t.Errorf("it was offered to resume from %d, numbering after %d, want %d and %d", got, e.LastCheckpoint, tt.resumed, last)
			}
			if tt.kind == policy.Recover && !tt.checkpoint {
				wantContains(t, w.run(id).Attempts[0].Reason+w.run(id).Reason, "no checkpoint")
			}
		})
	}
}

func TestResetWithLeaveRunningHasNoLeaseAndSaysThatTheJobWasLeft(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Reset), func(s *task.Spec) { s.LeaveRunning = true })
	id, a := w.start("load")
	if a.leases[refOf(id, 1)] != 0 {
		t.Errorf("got a lease of %s, want none", a.leases[refOf(id, 1)])
	}
	a.cut = true
	w.pass(patience + time.Second)
	wantContains(t, w.wantState(id, task.Reset).Reason, "left running")
}

func TestALadderActsAtItsOwnTimes(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Policy{Steps: []policy.Step{{After: 10 * time.Second, Do: policy.Wait}, {After: 40 * time.Second, Do: policy.Recover}}})
	id, a := w.start("load")
	a.cut = true
	w.until(time.Minute, "the second attempt", func() bool { return w.run(id).Attempt == 2 })
	if silent := w.at.Sub(a.heard); silent < 40*time.Second || silent > 41*time.Second {
		t.Errorf("the next attempt was made after %s of silence, want 40s", silent)
	}
}

func TestALadderGivesARunUpThatFindsNoServer(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Policy{Steps: []policy.Step{{After: 10 * time.Second, Do: policy.Restart}, {After: 30 * time.Second, Do: policy.Reset}}})
	id, a := w.start("load")
	a.cut = true
	w.pass(15 * time.Second)
	w.wantState(id, task.Queued)
	w.until(time.Minute, "the run is reset", func() bool { return w.run(id).State == task.Reset })
	if silent := w.at.Sub(a.heard); silent < 30*time.Second || silent > 31*time.Second {
		t.Errorf("given up after %s of silence, want 30s", silent)
	}
}

func TestATaskOnOneServerWaitsForThatServerToBeRestarted(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Recover), onServer("js-1"))
	id, a := w.start("load")
	check(t, a.checkpoint(refOf(id, 1), 1, "one"))
	a.cut = true
	w.pass(3 * patience)
	wantContains(t, w.wantState(id, task.Queued).Reason, "js-1")
	a.cut = false
	a.reboot(false)
	b := w.awaitRunning(id)
	if b != a || w.newest(id).Number != 2 {
		t.Errorf("attempt %d runs on %s, want 2 on js-1", w.newest(id).Number, b.name)
	}
	if e := a.offers[refOf(id, 2)]; e.Resume == nil || e.Resume.Sequence != 1 {
		t.Errorf("it was offered to resume from %+v, want checkpoint 1", e.Resume)
	}
}

func TestWhatALostAttemptSaysLaterChangesNothingAndItIsStopped(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Recover))
	id, a := w.start("load")
	old := refOf(id, 1)
	check(t, a.checkpoint(old, 1, "one"))
	a.cut = true
	a.disconnect()
	w.pass(patience + time.Second)
	b := w.awaitRunning(id)
	a.cut = false
	w.pass(beatEvery)
	if _, told := a.stops[old]; !told {
		t.Error("the agent was not told to stop the attempt that was replaced")
	}
	before := w.run(id)
	if got := a.claim(old); got == nil || got[0].Granted {
		t.Errorf("got %+v, want a late claim refused", got)
	}
	if err := a.checkpoint(old, 2, "late"); err == nil {
		t.Error("a late checkpoint was taken")
	}
	if d := a.end(old, task.ExitExited, 0); !d.Fenced {
		t.Errorf("got %+v for a late exit, want it fenced", d)
	}
	after := w.run(id)
	if after.State != before.State || after.Attempt != 2 || after.Server != b.name {
		t.Errorf("the run became %s on %s in attempt %d", after.State, after.Server, after.Attempt)
	}
	if all, err := w.c.Checkpoints(t.Context(), id); err != nil || len(all) != 1 {
		t.Errorf("got %d checkpoints (%v), want 1", len(all), err)
	}
	if _, there := a.leases[old]; there {
		t.Error("the lease of the attempt that was replaced was renewed")
	}
}

func TestARebootIsAGroundAtOnce(t *testing.T) {
	for _, tt := range []struct {
		kind policy.Kind
		want task.State
	}{{policy.Wait, task.Lost}, {policy.Reset, task.Reset}, {policy.Restart, task.Running}, {policy.Recover, task.Running}} {
		t.Run(string(tt.kind), func(t *testing.T) {
			w := newWorld(t, "js-1", "js-2")
			w.task("load", policy.Word(tt.kind))
			id, a := w.start("load")
			check(t, a.checkpoint(refOf(id, 1), 1, "one"))
			a.reboot(false)
			w.until(10*time.Second, "the run is "+string(tt.want), func() bool {
				run := w.run(id)
				return run.State == tt.want && (tt.want != task.Running || run.Attempt == 2)
			})
			if tt.want == task.Running {
				if got := w.newest(id).Ground; got != string(policy.HostRebooted) {
					t.Errorf("the ground is %q, want %q", got, policy.HostRebooted)
				}
			} else {
				wantContains(t, w.run(id).Reason, "reboot")
			}
		})
	}
}

func TestAfterARebootASpoolThatIsThereIsHeard(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Restart))
	id, a := w.start("load")
	a.reboot(true)
	a.kept[refOf(id, 1)].Ended = true
	w.pass(5 * time.Second)
	if run := w.run(id); run.Attempt != 1 {
		t.Fatalf("a second attempt was made although the first has a result to deliver")
	}
	if d := a.end(refOf(id, 1), task.ExitExited, 0); d.State != task.Succeeded {
		t.Errorf("the run ended %s, want succeeded", d.State)
	}
}

func TestTheAgentsOwnWordThatAnAttemptWasStoppedIsAGroundAtOnce(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Recover))
	id, a := w.start("load")
	check(t, a.checkpoint(refOf(id, 1), 1, "one"))
	if d := a.end(refOf(id, 1), task.ExitLeaseExpired, -1); d.State != task.Queued {
		t.Fatalf("the run became %s, want queued", d.State)
	}
	b := w.awaitRunning(id)
	if got := w.newest(id); b == a || got.Ground != string(policy.StopConfirmed) || got.ResumedFrom == nil || *got.ResumedFrom != 1 {
		t.Errorf("got %+v on %s, want it recovered elsewhere from 1, stop confirmed", got, b.name)
	}
}

func TestADeadServerMayBeDeclaredSoAndItsRunsFollowTheirPoliciesAtOnce(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	for _, kind := range policy.Kinds() {
		w.task(string(kind), policy.Word(kind), onServer("js-1"))
	}
	ids := map[policy.Kind]task.RunID{}
	for _, kind := range policy.Kinds() {
		ids[kind], _ = w.start(string(kind))
	}
	a := w.hosts["js-1"]
	if _, err := w.c.DeclareDead(t.Context(), "js-1", "on fire", "ops"); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v for a server that is heard from, want a conflict", err)
	}
	a.cut = true
	w.pass(6 * time.Second)
	if _, err := w.c.DeclareDead(t.Context(), "js-1", " ", "ops"); !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v without a reason, want it refused", err)
	}
	v, err := w.c.DeclareDead(t.Context(), "js-1", "on fire", "ops")
	check(t, err)
	if v.Mode != jobserver.Disabled || v.State != jobserver.Unavailable {
		t.Errorf("the server is %s and %s, want disabled and unavailable", v.Mode, v.State)
	}
	for kind, want := range map[policy.Kind]task.State{
		policy.Wait: task.Lost, policy.Reset: task.Reset, policy.Restart: task.Queued, policy.Recover: task.Queued,
	} {
		run := w.wantState(ids[kind], want)
		if run.Next != nil && run.Next.Ground != string(policy.OperatorStatement) {
			t.Errorf("%s goes on with the ground %q, want %q", kind, run.Next.Ground, policy.OperatorStatement)
		}
		if run.Next == nil {
			wantContains(t, run.Reason, "operator stated")
		}
	}
}

func TestAConductorThatStartsGivesEveryServerItsWholeTime(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Restart))
	id, a := w.start("load")
	a.cut = true
	w.pass(patience - 2*time.Second)
	w.restart()
	started := w.at
	w.until(time.Minute, "the second attempt", func() bool { return w.run(id).Attempt == 2 })
	if got := w.at.Sub(started); got < patience {
		t.Errorf("acted %s after the start, want %s", got, patience)
	}
}

func TestAConductorThatWasPausedGivesEveryServerItsWholeTime(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Restart))
	id, a := w.start("load")
	a.cut = true
	w.pass(6 * time.Second)
	w.at = w.at.Add(time.Hour)
	resumed := w.at
	w.step()
	if got := w.server("js-2").State; got != jobserver.Online {
		t.Errorf("js-2 is %s after the pause, want online", got)
	}
	w.until(time.Minute, "the second attempt", func() bool { return w.run(id).Attempt == 2 })
	if got := w.at.Sub(resumed); got < patience {
		t.Errorf("acted %s after the pause, want %s", got, patience)
	}
}

func TestAShortPauseOfTheConductorIsMadeUpFor(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Restart))
	id, a := w.start("load")
	a.cut = true
	heard := a.heard
	missed := time.Duration(0)
	for w.run(id).Attempt == 1 {
		w.at = w.at.Add(time.Second)
		missed += time.Second - tick
		w.step()
		if w.at.Sub(heard) > 5*patience {
			t.Fatal("the run was never restarted")
		}
	}
	if got := w.at.Sub(heard) - missed; got < patience-tick {
		t.Errorf("acted after %s in which this conductor listened, want %s", got, patience)
	}
}

// refusing is a store that cannot replace attempts for a while.
type refusing struct {
	conductor.Store
	broken bool
}

func (r *refusing) ReplaceAttempts(ctx context.Context, rs []task.Replacement, now time.Time) []error {
	if !r.broken {
		return r.Store.ReplaceAttempts(ctx, rs, now)
	}
	errs := make([]error, len(rs))
	for i := range errs {
		errs[i] = fmt.Errorf("no space left: %w", fault.Unavailable)
	}
	return errs
}

func TestAnAttemptThatIsToBeReplacedGetsNoLeaseAnyMoreThoughStoringThatFails(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	db := &refusing{Store: w.db, broken: true}
	w.faulty = db
	w.restart()
	w.task("load", policy.Word(policy.Restart))
	id, a := w.start("load")
	a.cut = true
	w.pass(patience + time.Second)
	a.cut = false
	w.pass(2 * beatEvery)
	if _, renewed := a.leases[refOf(id, 1)]; renewed {
		t.Error("the lease was renewed although whether the attempt was replaced is not known")
	}
	if got := a.claim(refOf(id, 1)); got != nil {
		t.Errorf("got %+v for a repeated claim meanwhile, want the call to fail", got)
	}
	db.broken = false
	w.pass(time.Second)
	if run := w.run(id); run.Attempt != 2 && run.State != task.Queued {
		t.Errorf("the run is %s in attempt %d, want it to go on", run.State, run.Attempt)
	}
	if got := w.run(id).Attempts[0].State; got != task.AttemptUnavailable {
		t.Errorf("the first attempt is %s, want unavailable", got)
	}
}

// forgetful is a store that does not show a checkpoint which is just being stored.
type forgetful struct {
	conductor.Store
	stale bool
}

func (f *forgetful) Checkpoints(ctx context.Context, id task.RunID) ([]task.Checkpoint, error) {
	if f.stale {
		return nil, nil
	}
	return f.Store.Checkpoints(ctx, id)
}

func (f *forgetful) ReplaceAttempts(ctx context.Context, rs []task.Replacement, now time.Time) []error {
	f.stale = false
	return f.Store.ReplaceAttempts(ctx, rs, now)
}

func TestACheckpointThatIsStoredWhileItIsDecidedIsResumedFrom(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	db := &forgetful{Store: w.db}
	w.faulty = db
	w.restart()
	w.task("load", policy.Word(policy.Recover))
	id, a := w.start("load")
	check(t, a.checkpoint(refOf(id, 1), 1, "one"))
	db.stale = true
	a.cut = true
	w.pass(patience + time.Second)
	b := w.awaitRunning(id)
	if e := b.offers[refOf(id, 2)]; e.Resume == nil || e.Resume.Sequence != 1 {
		t.Errorf("it was offered to resume from %+v, want checkpoint 1", e.Resume)
	}
}

// unheard is a store that stores heartbeats of a server and does not say so.
type unheard struct {
	conductor.Store
	server string
}

func (u *unheard) Heard(ctx context.Context, beats []jobserver.Beat) error {
	if err := u.Store.Heard(ctx, beats); err != nil || beats[0].Server != u.server {
		return err
	}
	return fmt.Errorf("the connection was lost: %w", fault.Unavailable)
}

func TestAHeartbeatWhoseAnswerTheStoreLostDoesNotKeepAServerOnline(t *testing.T) {
	w := newWorld(t, "js-1")
	db := &unheard{Store: w.db}
	w.faulty = db
	w.restart()
	a := w.hosts["js-1"]
	a.cut = true
	w.pass(6 * time.Second)
	db.server = "js-1"
	if _, err := a.beat(); !errors.Is(err, fault.Unavailable) {
		t.Fatalf("got %v, want the loss said", err)
	}
	w.pass(3 * patience)
	if s, err := w.db.Server(t.Context(), "js-1"); err != nil || s.State != jobserver.Unavailable {
		t.Errorf("js-1 is stored as %s (%v), want unavailable", s.State, err)
	}
}
