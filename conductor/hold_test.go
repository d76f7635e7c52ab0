package conductor_test

import (
	"errors"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// leave stops the conductor as planned, and lets the agents take what was sent.
func (w *world) leave() {
	w.t.Helper()
	_, err := w.c.Leave(w.t.Context())
	check(w.t, err)
	for _, a := range w.hosts {
		if !a.cut {
			a.take()
		}
	}
}

func TestAPlannedStopHoldsTheLeasesOfWhatRunsAndNothingElse(t *testing.T) {
	w := newWorld(t, "js-1", "js-2", "js-3")
	w.task("leased", policy.Word(policy.Restart), onServer("js-1"))
	w.task("waiting", policy.Word(policy.Wait), onServer("js-2"))
	w.task("gone", policy.Word(policy.Restart), onServer("js-3"))
	for _, name := range []string{"leased", "waiting", "gone"} {
		w.start(name)
	}
	w.hosts["js-3"].cut = true
	w.pass(6 * time.Second)
	w.leave()
	for name, want := range map[string]time.Duration{"js-1": time.Hour, "js-2": 0, "js-3": 0} {
		if got := w.server(name).Held; got != want {
			t.Errorf("the hold of %s is stored as %s, want %s", name, got, want)
		}
	}
	if got := w.hosts["js-1"].holds; len(got) != 1 || got[0] != time.Hour {
		t.Errorf("js-1 was told to hold %v, want once 1h", got)
	}
	if _, err := w.hosts["js-1"].beat(); !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v for a heartbeat after the hold, want it refused: it would end the hold", err)
	}
	if got := w.hosts["js-1"].claim(refOf("any", 1)); got != nil {
		t.Errorf("got %+v for a claim after the hold, want it refused", got)
	}
}

func TestAServerThatReportsAfterTheRestartEndsItsHold(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Restart))
	id, a := w.start("load")
	w.leave()
	w.at = w.at.Add(30 * time.Minute)
	w.restart()
	w.until(2*beatEvery, "the lease is renewed", func() bool { return !a.held })
	if w.server(a.name).Held == 0 {
		t.Fatal("the hold was ended by a heartbeat that may have been sent under it")
	}
	w.until(2*beatEvery, "the hold is over", func() bool { return w.server(a.name).Held == 0 })
	if run := w.wantState(id, task.Running); run.Attempt != 1 {
		t.Errorf("the run is in attempt %d, want 1", run.Attempt)
	}
	a.cut = true
	w.until(time.Minute, "the second attempt", func() bool { return w.run(id).Attempt == 2 })
	if silent := w.at.Sub(a.heard); silent < patience || silent > patience+tick {
		t.Errorf("acted after %s of silence, want %s again", silent, patience)
	}
}

func TestAServerThatIsLostOverThePlannedStopIsWaitedForAsLongAsItsHold(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.hold = time.Minute
	w.restart()
	w.task("load", policy.Word(policy.Restart))
	id, a := w.start("load")
	w.leave()
	a.cut = true
	w.at = w.at.Add(10 * time.Second)
	w.restart()
	started := w.at
	w.until(5*time.Minute, "the second attempt", func() bool { return w.run(id).Attempt == 2 })
	if got, want := w.at.Sub(started), jobserver.ConductorWait(time.Minute); got < want || got > want+tick {
		t.Errorf("acted %s after the start, want %s: the agent may hold on for so long", got, want)
	}
}

func TestAHoldIsNotEndedByAnAgentThatHasNotConnectedHere(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Restart))
	_, a := w.start("load")
	w.leave()
	a.cut = true
	w.restart()
	a.held = false
	if _, err := a.beat(); err != nil {
		t.Fatal(err)
	}
	if w.server("js-1").Held == 0 {
		t.Error("the hold was ended although the command may still be on its way on an older connection")
	}
}

func TestAnAgentThatIsFoundOnHoldIsWaitedFor(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Restart))
	id, a := w.start("load")
	a.held = true
	_, err := a.beat()
	check(t, err)
	a.cut = true
	w.pass(2 * patience)
	if run := w.run(id); run.Attempt != 1 {
		t.Error("a second attempt was made although the agent has said that it is on hold")
	}
}

func TestWithoutHoldAPlannedStopSendsNone(t *testing.T) {
	w := newWorld(t, "js-1")
	w.hold = 0
	w.restart()
	w.task("load", policy.Word(policy.Restart))
	_, a := w.start("load")
	w.leave()
	if len(a.holds) != 0 || w.server("js-1").Held != 0 {
		t.Errorf("got holds %v, stored %s, want none", a.holds, w.server("js-1").Held)
	}
}
