package conductor_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func (w *world) open(server string) int {
	w.t.Helper()
	return len(w.server(server).Attempts)
}

func TestLoadComesBackGraduallyToAServerThatWasAway(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Wait))
	a := w.hosts["js-1"]
	a.cut = true
	w.pass(patience + time.Second)
	for range 6 {
		w.request("load")
	}
	a.cut = false
	back := w.at
	w.pass(3 * time.Second)
	if got := w.open("js-1"); got != 1 {
		t.Errorf("%d runs were placed within seconds of the return, want 1", got)
	}
	wantContains(t, w.firstQueued().Reason, "just returned")
	w.pass(32*time.Second - w.at.Sub(back))
	if got := w.open("js-1"); got != 2 {
		t.Errorf("%d runs were placed after half a minute, want 2 of 4", got)
	}
	w.pass(62*time.Second - w.at.Sub(back))
	if got := w.open("js-1"); got != 4 {
		t.Errorf("%d runs were placed after a minute, want all 4 slots taken", got)
	}
}

func TestWhatRanOnAServerAllAlongDoesNotKeepNewRunsFromIt(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Wait))
	w.start("load")
	_, a := w.start("load")
	a.cut = true
	w.pass(patience + time.Second)
	w.request("load")
	w.request("load")
	a.cut = false
	w.pass(3 * time.Second)
	if got := w.open("js-1"); got != 3 {
		t.Errorf("%d attempts are open, want the 2 that were there and 1 new one", got)
	}
}

func TestAClaimedAttemptThatNeverStartedGoesBackIntoTheQueue(t *testing.T) {
	for intent, want := range map[task.Intent]task.State{"": task.Running, task.IntentReset: task.Reset} {
		t.Run("intent "+string(intent), func(t *testing.T) {
			w := newWorld(t, "js-1")
			w.task("load", policy.Word(policy.Wait))
			id, a := w.start("load")
			if intent != "" {
				w.takeUp(id, intent, 0)
			}
			a.restart()
			clear(a.kept)
			w.until(10*time.Second, "the run is "+string(want), func() bool {
				run := w.run(id)
				return run.State == want && !run.Attempts[0].State.Open()
			})
		})
	}
}

// counting is a store that counts the queued runs that were read.
type counting struct {
	conductor.Store
	read int
}

func (c *counting) QueuedRuns(ctx context.Context, target task.Target, after task.QueuePosition, without []string, limit int) ([]task.Run, error) {
	runs, err := c.Store.QueuedRuns(ctx, target, after, without, limit)
	c.read += len(runs)
	return runs, err
}

func TestRunsThatMustNotBePlacedYetCostAPassLittle(t *testing.T) {
	w := newWorld(t, "js-1")
	db := &counting{Store: w.db}
	w.faulty = db
	w.restart()
	w.task("load", policy.Word(policy.Wait))
	id, _ := w.start("load")
	w.takeUp(id, task.IntentReset, 0)
	for range 400 {
		w.request("load")
	}
	check(t, w.c.Step(t.Context()))
	if db.read < 400 {
		t.Errorf("a thorough pass read %d runs, want all 400", db.read)
	}
	db.read = 0
	check(t, w.c.Pass(t.Context()))
	if db.read > 320 {
		t.Errorf("a pass read %d runs of 400 that must not be placed, want fewer", db.read)
	}
}

func TestAShortSilenceIsNoReturn(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Wait))
	a := w.hosts["js-1"]
	a.cut = true
	w.pass(7 * time.Second)
	for range 4 {
		w.request("load")
	}
	a.cut = false
	w.pass(2 * time.Second)
	if got := w.open("js-1"); got != 4 {
		t.Errorf("%d runs were placed, want 4", got)
	}
}

func (w *world) firstQueued() task.Run {
	w.t.Helper()
	runs, err := w.db.QueuedRuns(w.t.Context(), task.Target{VirtualServer: "etl"}, task.QueuePosition{}, nil, 1)
	check(w.t, err)
	if len(runs) == 0 {
		w.t.Fatal("no run is queued")
	}
	return runs[0]
}

func TestAJobThatFailedIsTriedAgainLaterAndElsewhere(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	_, err := w.c.EditServer(t.Context(), "js-1", 0, func(s *jobserver.Server) error { s.Power = 8; return nil })
	check(t, err)
	w.task("load", policy.Word(policy.Wait), func(s *task.Spec) {
		s.Retries = task.Retries{Max: 1, Backoff: task.Duration(20 * time.Second), From: task.RetryFromCheckpoint}
	})
	id, a := w.start("load")
	if a.name != "js-1" {
		t.Fatalf("the first attempt is on %s, want js-1, which is far better", a.name)
	}
	check(t, a.checkpoint(refOf(id, 1), 1, "one"))
	failed := w.at
	if d := a.end(refOf(id, 1), task.ExitExited, 3); d.State != task.Queued {
		t.Fatalf("the run became %s, want queued", d.State)
	}
	p, err := w.c.Placements(t.Context(), id)
	check(t, err)
	wantContains(t, p[0].Reason, "waits until")
	b := w.awaitRunning(id)
	if got := w.at.Sub(failed); got < 15*time.Second || got > 26*time.Second {
		t.Errorf("tried again after %s, want 20s with a quarter of jitter", got)
	}
	if e := b.offers[refOf(id, 2)]; b == a || e.Resume == nil || e.Resume.Sequence != 1 {
		t.Errorf("tried again on %s from %+v, want elsewhere and from checkpoint 1", b.name, e.Resume)
	}
	if ground := w.newest(id).Ground; ground != string(policy.ExitReported) {
		t.Errorf("the ground is %q, want %q", ground, policy.ExitReported)
	}
	if d := b.end(refOf(id, 2), task.ExitExited, 3); d.State != task.Failed {
		t.Errorf("the run became %s after its last retry, want failed", d.State)
	}
}

func TestTheFailedServerIsTakenWhereThereIsNoOther(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Wait), func(s *task.Spec) {
		s.Retries = task.Retries{Max: 1, Backoff: task.Duration(time.Second)}
	})
	id, a := w.start("load")
	a.end(refOf(id, 1), task.ExitExited, 3)
	if b := w.awaitRunning(id); b != a {
		t.Errorf("tried again on %s", b.name)
	}
}

func TestAServerWithAProcessThatCannotBeKilledIsQuarantinedUntilItIsGone(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Wait))
	id, a := w.start("load")
	a.kept[refOf(id, 1)].Unkillable = true
	w.pass(beatEvery)
	wantContains(t, w.server("js-1").Quarantine, string(id), "cannot be killed")
	other := w.request("load")
	w.pass(2 * time.Second)
	wantContains(t, w.wantState(other, task.Queued).Reason, "quarantined")
	w.restart()
	w.pass(time.Second)
	w.wantState(other, task.Queued)
	a.end(refOf(id, 1), task.ExitExited, 0)
	w.pass(2 * beatEvery)
	if got := w.server("js-1").Quarantine; got != "" {
		t.Errorf("still quarantined: %s", got)
	}
	w.awaitRunning(other)
}

func TestALateHeartbeatOfAnEarlierBootSaysNothing(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Restart))
	a := w.hosts["js-1"]
	late := conductor.Report{Beat: a.report()}
	w.pass(2 * time.Second)
	a.reboot(false)
	id, _ := w.start("load")
	a.cut = true
	w.pass(4 * time.Second)
	if _, err := w.c.Heartbeat(t.Context(), late); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v, want the late heartbeat refused", err)
	}
	if run := w.run(id); run.Attempt != 1 || !run.Attempts[0].State.Open() {
		t.Errorf("the run is %s in attempt %d, though its host is as it was", run.State, run.Attempt)
	}
}

func TestAHeartbeatThatALaterOneHasOvertakenSaysNothing(t *testing.T) {
	w := newWorld(t, "js-1")
	beat := func(number uint64, period time.Duration) error {
		b := w.hosts["js-1"].report()
		b.Number, b.Heartbeat = number, period
		_, err := w.c.Heartbeat(t.Context(), conductor.Report{Beat: b})
		return err
	}
	for _, number := range []uint64{7, 9, 9} {
		if err := beat(number, 4*time.Second); err != nil {
			t.Fatalf("heartbeat %d: %v", number, err)
		}
	}
	if err := beat(8, 100*time.Millisecond); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v, want the eighth heartbeat refused after the ninth", err)
	}
	if got := w.server("js-1").Heartbeat; got != 4*time.Second {
		t.Errorf("its agent may keep a period of %s, want the one that it said last", got)
	}
	if err := beat(0, 4*time.Second); err != nil {
		t.Errorf("a heartbeat without a number: %v", err)
	}
}

func TestTheAgentIsToldAHeartbeatThatRenewsItsShortestLeaseInTime(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Restart), func(s *task.Spec) { s.UnavailableAfter = task.Duration(5 * time.Second) })
	id, a := w.start("load")
	w.step()
	la, _ := jobserver.LeaseOf(5 * time.Second)
	if got := a.leases[refOf(id, 1)]; got != la {
		t.Errorf("got a lease of %s, want %s for the task's own 5s", got, la)
	}
	if a.period > la/4 || a.period < la/5 {
		t.Errorf("the agent is to report every %s, want a quarter of %s", a.period, la)
	}
	a.cut = true
	w.until(10*time.Second, "the attempt is given up", func() bool { return !w.run(id).Attempts[0].State.Open() })
	if silent := w.at.Sub(a.heard); silent < 5*time.Second || silent > 5*time.Second+tick {
		t.Errorf("given up after %s of silence, want the task's own 5s", silent)
	}
	if got := w.server("js-1").State; got != jobserver.Unreachable {
		t.Errorf("the server is %s, want unreachable: its own period is longer", got)
	}
}

func TestARunTakesItsPolicyFromItsTaskElseItsGroupElseWaits(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("own", policy.Word(policy.Restart))
	w.task("none", policy.Policy{}, func(s *task.Spec) { s.OnUnavailable = nil })
	kind := func(name string) policy.Kind { return w.run(w.request(name)).Spec.Policy().Kind() }
	if got := kind("none"); got != policy.Wait {
		t.Errorf("got %s where nobody says anything, want wait", got)
	}
	before := w.request("none")
	_, err := w.c.EditVirtualServer(t.Context(), "etl", 0, func(s *virtualserver.Spec) error {
		p := policy.Word(policy.Recover)
		s.OnUnavailable, s.UnavailableAfter = &p, task.Duration(30*time.Second)
		return nil
	})
	check(t, err)
	if got := kind("none"); got != policy.Recover {
		t.Errorf("got %s, want the group's recover", got)
	}
	if got := kind("own"); got != policy.Restart {
		t.Errorf("got %s, want the task's own restart", got)
	}
	if got := w.run(before).Spec.Policy().Kind(); got != policy.Wait {
		t.Errorf("the edit changed a run that was requested before to %s", got)
	}
	if got := w.run(w.request("none")).Spec.UnavailableAfter; time.Duration(got) != 30*time.Second {
		t.Errorf("got an unavailable_after of %s, want the group's 30s", got)
	}
}
