package conductor_test

import (
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/task"
)

// headStarted returns a world in which attempts are claimed as they are placed, with a task of the policy.
func headStarted(t *testing.T, newWorld makeWorld, p policy.Policy, servers ...string) *world {
	t.Helper()
	w := newWorld(t, servers...)
	w.headStart = time.Second
	w.restart()
	w.task("load", p)
	return w
}

func (w *world) wantClaims(a *agent, ref task.Ref, want ...protocol.Claim) {
	w.t.Helper()
	got := a.claims[ref]
	if len(got) != len(want) {
		w.t.Fatalf("%s got the offers %+v of %v, want %+v", a.name, got, ref, want)
	}
	for i := range want {
		if got[i] != want[i] {
			w.t.Errorf("offer %d of %v says %+v of its claim, want %+v", i+1, ref, got[i], want[i])
		}
	}
}

func TestARunIsClaimedAsItIsPlacedWhereItsAgentHasJustSpoken(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := headStarted(t, newWorld, policy.Word(policy.Restart), "js-1")
		js := w.hosts["js-1"]
		id := w.request("load")
		run := w.wantState(id, task.Running)
		a := run.Attempts[0]
		if a.State != task.AttemptRunning || a.Instance != js.instance || a.ClaimedAt == nil || run.StartedAt == nil {
			t.Fatalf("got the attempt %+v of a run that started at %v", a, run.StartedAt)
		}
		js.take()
		length, err := jobserver.LeaseOf(patience)
		check(t, err)
		w.wantClaims(js, refOf(id, 1), protocol.Claim{Made: true, Heartbeat: js.beats, Lease: length.Truncate(time.Microsecond)})
		var states []task.State
		events, err := w.c.RunEvents(t.Context(), id, page.Request{Limit: 100})
		check(t, err)
		for _, e := range events.Items {
			if e.From != e.To {
				states = append(states, e.To)
			}
		}
		wantStates(t, states, task.Queued, task.Starting, task.Running)
		js.end(refOf(id, 1), task.ExitExited, 0)
		w.wantState(id, task.Succeeded)
	})
}

func TestQueuedRunsAreClaimedAsTheyArePlacedToo(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := headStarted(t, newWorld, policy.Word(policy.Wait), "js-1")
		js := w.hosts["js-1"]
		var ids []task.RunID
		for range 5 { // One more than the server has slots.
			ids = append(ids, w.request("load"))
		}
		js.take()
		w.wantState(ids[4], task.Queued)
		js.end(refOf(ids[0], 1), task.ExitExited, 0)
		w.step()
		w.wantState(ids[4], task.Running)
		js.take()
		w.wantClaims(js, refOf(ids[4], 1), protocol.Claim{Made: true, Heartbeat: js.beats})
	})
}

func TestARunIsOfferedFirstWhereItsAgentWasSilentForALittle(t *testing.T) {
	w := headStarted(t, newWorld, policy.Word(policy.Wait), "js-1")
	js := w.hosts["js-1"]
	w.at = js.heard.Add(w.headStart + time.Millisecond)
	id := w.request("load")
	w.wantState(id, task.Starting)
	js.take()
	w.wantState(id, task.Running)
	w.wantClaims(js, refOf(id, 1), protocol.Claim{})
	// The claim was word from it.
	next := w.request("load")
	w.wantState(next, task.Running)
}

func TestADeliveryIsWordOfAnAgent(t *testing.T) {
	w := headStarted(t, newWorld, policy.Word(policy.Wait), "js-1")
	js := w.hosts["js-1"]
	id := w.request("load")
	js.take()
	w.at = js.heard.Add(w.headStart + 100*time.Millisecond)
	js.deliver(refOf(id, 1), task.Record{Output: &task.OutputRecord{Stream: task.Stdout, Data: []byte("x")}})
	w.wantState(w.request("load"), task.Running)
}

func TestNoHeadStartIsGivenToAnAgentThatIsNotConnectedOrDoesNotTakeIt(t *testing.T) {
	w := headStarted(t, newWorld, policy.Word(policy.Wait), "js-1")
	js := w.hosts["js-1"]
	w.c.Disconnect(js.session)
	w.wantState(w.request("load"), task.Starting)

	w = newWorld(t, "js-1") // Its agent says nothing of claimed offers.
	w.task("load", policy.Word(policy.Wait))
	w.wantState(w.request("load"), task.Starting)
}

// TestALeaseThatIsShorterThanWhatAnAgentKeepsIsClaimed: the agent might not hear of the offer, and be silent for longer than
// the lease allows.
func TestALeaseThatIsShorterThanWhatAnAgentKeepsIsClaimed(t *testing.T) {
	w := headStarted(t, newWorld, policy.Policy{Steps: []policy.Step{{Do: policy.Restart, After: 5 * time.Second}}}, "js-1")
	w.wantState(w.request("load"), task.Starting)
}

func TestAnAttemptThatItsAgentHasNotHeardOfIsOfferedAgain(t *testing.T) {
	for name, lose := range map[string]func(w *world, js *agent){
		"the connection broke": func(_ *world, js *agent) { js.session.Take(); js.disconnect() },
		"the message was lost": func(_ *world, js *agent) { js.session.Take() },
		"the conductor died":   func(w *world, _ *agent) { w.restart() },
	} {
		t.Run(name, func(t *testing.T) {
			w := headStarted(t, newWorld, policy.Word(policy.Wait), "js-1")
			js := w.hosts["js-1"]
			id := w.request("load")
			w.wantState(id, task.Running)
			lose(w, js)
			w.until(2*beatEvery+tick, "the agent has it", func() bool { return js.kept[refOf(id, 1)] != nil })
			w.wantClaims(js, refOf(id, 1), protocol.Claim{Made: true})
			w.pass(10 * beatEvery)
			w.wantClaims(js, refOf(id, 1), protocol.Claim{Made: true}) // not again
			js.end(refOf(id, 1), task.ExitExited, 0)
			w.wantState(id, task.Succeeded)
		})
	}
}

func TestARunThatIsCancelledBeforeItsAgentHeardOfItIsStoppedThere(t *testing.T) {
	w := headStarted(t, newWorld, policy.Word(policy.Wait), "js-1")
	js := w.hosts["js-1"]
	id := w.request("load")
	js.session.Take() // The offer is lost.
	_, err := w.c.CancelRun(t.Context(), id, "ops")
	check(t, err)
	js.session.Take() // So is the order.
	w.wantState(id, task.Stopping)
	w.until(2*beatEvery+tick, "the agent has both", func() bool { return js.stops[refOf(id, 1)].Ref.Run == id && js.kept[refOf(id, 1)] != nil })
	js.end(refOf(id, 1), task.ExitCancelled, -1)
	w.wantState(id, task.Cancelled)
}

// TestAnAttemptOfAnAgentThatDiedBeforeItHeardOfItIsPlacedAgain: its next process does not have it, so it never began.
func TestAnAttemptOfAnAgentThatDiedBeforeItHeardOfItIsPlacedAgain(t *testing.T) {
	w := headStarted(t, newWorld, policy.Word(policy.Wait), "js-1")
	js := w.hosts["js-1"]
	id := w.request("load")
	js.session.Take()
	js.restart()
	w.until(3*beatEvery, "it runs a second time", func() bool { return w.newest(id).Number == 2 && w.run(id).State == task.Running })
	first := w.run(id).Attempts[0]
	if first.State != task.AttemptWithdrawn {
		t.Errorf("the first attempt is %s, want it withdrawn", first.State)
	}
	wantContains(t, first.Reason, "before it had started the job")
}

func TestAConductorThatLeavesAnswersNoClaimsItHasMade(t *testing.T) {
	w := headStarted(t, newWorld, policy.Word(policy.Restart), "js-1")
	js := w.hosts["js-1"]
	id := w.request("load")
	js.take()
	_, err := w.c.Leave(t.Context())
	check(t, err)
	next, err := w.c.StartRun(t.Context(), "load", task.RunRequest{By: "ops"})
	check(t, err)
	js.take()
	w.wantClaims(js, refOf(id, 1), js.claims[refOf(id, 1)][0])
	for _, claim := range js.claims[refOf(next.ID, 1)] {
		if claim.Heartbeat != 0 {
			t.Errorf("it is answered: %+v", claim)
		}
	}
}

func wantStates(t *testing.T, got []task.State, want ...task.State) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got the states %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got the states %v, want %v", got, want)
		}
	}
}
