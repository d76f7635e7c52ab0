package conductor_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

func (w *world) takeUp(id task.RunID, intent task.Intent, checkpoint int) task.Run {
	w.t.Helper()
	run, err := w.c.TakeUp(w.t.Context(), id, intent, checkpoint, "ops")
	check(w.t, err)
	return run
}

func TestWhatAnOperatorWantsOfARunningRunFollowsItsStop(t *testing.T) {
	for _, tt := range []struct {
		intent     task.Intent
		checkpoint int
		want       task.State
		resumed    int
	}{
		{task.IntentReset, 0, task.Reset, 0},
		{task.IntentRestart, 0, task.Queued, 0},
		{task.IntentRecover, 0, task.Queued, 2},
		{task.IntentRecover, 1, task.Queued, 1},
	} {
		t.Run(string(tt.intent), func(t *testing.T) {
			w := newWorld(t, "js-1")
			w.task("load", policy.Word(policy.Wait))
			id, a := w.start("load")
			ref := refOf(id, 1)
			check(t, a.checkpoint(ref, 1, "one"))
			check(t, a.checkpoint(ref, 2, "two"))
			if run := w.takeUp(id, tt.intent, tt.checkpoint); run.State != task.Stopping || run.Pending != tt.intent {
				t.Fatalf("the run is %s with %q pending, want stopping with %q", run.State, run.Pending, tt.intent)
			}
			a.take()
			if _, told := a.stops[ref]; !told {
				t.Error("the agent was not told at once")
			}
			clear(a.stops)
			w.pass(beatEvery)
			if s, told := a.stops[ref]; !told || s.Intent != tt.intent {
				t.Error("the stop is not repeated with the heartbeat")
			}
			if d := a.end(ref, task.ExitCancelled, -1); d.State != tt.want {
				t.Fatalf("the run became %s, want %s", d.State, tt.want)
			}
			if tt.want == task.Reset {
				w.pass(10 * time.Second)
				w.wantState(id, task.Reset)
				return
			}
			w.awaitRunning(id)
			got := 0
			if e := a.offers[refOf(id, 2)]; e.Resume != nil {
				got = e.Resume.Sequence
			}
			if got != tt.resumed {
				t.Errorf("resumed from %d, want %d", got, tt.resumed)
			}
			if ground := w.newest(id).Ground; ground != string(policy.StopConfirmed) {
				t.Errorf("the ground is %q, want %q", ground, policy.StopConfirmed)
			}
		})
	}
}

func TestARunThatFailedByItselfIsTakenUpFromAnyCheckpoint(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Wait))
	id, a := w.start("load")
	for i := 1; i <= 3; i++ {
		check(t, a.checkpoint(refOf(id, 1), i, string(rune('a'+i))))
	}
	a.end(refOf(id, 1), task.ExitExited, 3)
	w.wantState(id, task.Failed)
	recoverable, err := w.c.RecoverableRuns(t.Context(), "load", page.Request{})
	check(t, err)
	if len(recoverable.Items) != 1 || len(recoverable.Items[0].Checkpoints) != 3 {
		t.Errorf("got %+v, want the run with its 3 checkpoints", recoverable.Items)
	}
	if _, err := w.c.TakeUp(t.Context(), id, task.IntentRecover, 9, "ops"); !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v for a checkpoint that there is not, want it refused", err)
	}
	if _, err := w.c.TakeUp(t.Context(), id, task.IntentReset, 0, "ops"); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v for the reset of a run that has ended, want a conflict", err)
	}
	if _, err := w.c.TakeUp(t.Context(), id, "again", 0, "ops"); !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v for an intent that is none, want it refused", err)
	}
	w.takeUp(id, task.IntentRecover, 2)
	w.awaitRunning(id)
	e := a.offers[refOf(id, 2)]
	if e.Resume == nil || e.Resume.Sequence != 2 || e.Resume.Name != "part-2" || e.LastCheckpoint != 3 {
		t.Errorf("it was offered to resume from %+v, numbering after %d, want 2 and 3", e.Resume, e.LastCheckpoint)
	}
	data, end, err := w.c.CheckpointPiece(t.Context(), a.name, refOf(id, 2), 2, 0)
	if err != nil || string(data) != "c" || !end {
		t.Errorf("got content %q (end %t, %v), want c", data, end, err)
	}
	if _, _, err := w.c.CheckpointPiece(t.Context(), a.name, refOf(id, 2), 3, 0); !errors.Is(err, fault.Fenced) {
		t.Errorf("got %v for another checkpoint than the one to resume from, want it refused", err)
	}
	if _, _, err := w.c.CheckpointPiece(t.Context(), "js-2", refOf(id, 2), 2, 0); !errors.Is(err, fault.Fenced) {
		t.Errorf("got %v for another server, want it refused", err)
	}
}

func TestAnIntentIsFulfilledWithoutTheServerOnceTheLeaseIsOver(t *testing.T) {
	for intent, want := range map[task.Intent]task.State{
		task.IntentReset: task.Reset, task.IntentRestart: task.Queued, task.IntentRecover: task.Queued, task.IntentCancel: task.Cancelled,
	} {
		t.Run(string(intent), func(t *testing.T) {
			w := newWorld(t, "js-1")
			// The ladder itself would do nothing for long after the intent can be fulfilled.
			w.task("load", policy.Word(policy.Restart))
			id, a := w.start("load")
			check(t, a.checkpoint(refOf(id, 1), 1, "one"))
			a.cut = true
			w.pass(6 * time.Second)
			if intent == task.IntentCancel {
				_, err := w.c.CancelRun(t.Context(), id, "ops")
				check(t, err)
			} else {
				w.takeUp(id, intent, 0)
			}
			w.pass(10 * time.Second)
			w.wantState(id, task.Stopping)
			w.until(time.Minute, "the intent is fulfilled", func() bool { return w.run(id).State == want })
			if silent := w.at.Sub(a.heard); silent < patience {
				t.Errorf("fulfilled after %s of silence, before the lease was over", silent)
			}
			run := w.run(id)
			if run.Pending != "" {
				t.Errorf("%q is still pending", run.Pending)
			}
			if want == task.Queued {
				resumed := 0
				if intent == task.IntentRecover {
					resumed = 1
				}
				if run.Next == nil || run.Next.Checkpoint != resumed || run.Next.Ground != string(policy.LeaseExpired) {
					t.Errorf("it goes on with %+v, want from %d, lease expired", run.Next, resumed)
				}
			}
		})
	}
}

func TestAConductorThatStartsRemembersWhatIsWantedOfARun(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Recover))
	id, a := w.start("load")
	a.cut = true
	w.pass(6 * time.Second)
	_, err := w.c.CancelRun(t.Context(), id, "ops")
	check(t, err)
	w.restart()
	w.pass(patience + tick)
	w.wantState(id, task.Cancelled)
}

func TestWithoutALeaseOnlyWordOfTheServerEndsWhatIsToBeReset(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Wait))
	id, a := w.start("load")
	a.cut = true
	w.pass(6 * time.Second)
	w.takeUp(id, task.IntentReset, 0)
	other := w.request("load")
	w.pass(10 * patience)
	w.wantState(id, task.Stopping)
	waiting := w.wantState(other, task.Queued)
	wantContains(t, waiting.Reason, string(id), "reset", a.name)
	p, err := w.c.Placements(t.Context(), other)
	check(t, err)
	wantContains(t, p[0].Reason, string(id))
	a.cut = false
	w.pass(beatEvery)
	if s := a.stops[refOf(id, 1)]; s.Intent != task.IntentReset {
		t.Fatalf("got %+v, want the returning server told to stop the attempt", s)
	}
	w.wantState(other, task.Queued)
	a.end(refOf(id, 1), task.ExitCancelled, -1)
	w.wantState(id, task.Reset)
	w.awaitRunning(other)
}

func TestAResetBlocksOtherRunsOfItsTaskAlsoAfterARestartOfTheConductor(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Wait))
	w.task("other", policy.Word(policy.Wait))
	id, a := w.start("load")
	w.takeUp(id, task.IntentReset, 0)
	a.cut = true
	w.restart()
	same, different := w.request("load"), w.request("other")
	w.awaitRunning(different)
	w.wantState(same, task.Queued)
}

func TestARunThatNothingWasStartedForIsResetAtOnceAndItsOfferWithdrawn(t *testing.T) {
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Wait))
	w.hosts["js-1"].deaf = true
	id := w.request("load")
	w.until(5*time.Second, "the offer", func() bool { return w.run(id).State == task.Starting })
	if run := w.takeUp(id, task.IntentReset, 0); run.State != task.Reset {
		t.Errorf("the run is %s, want reset", run.State)
	}
	if used := w.server("js-1").SlotsUsed; used != 0 {
		t.Errorf("%d slots are still taken", used)
	}
}

func TestALeaseIsNotGrantedForAnAttemptThatIsGivenUp(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Restart))
	id, a := w.start("load")
	a.cut = true
	w.pass(patience + time.Second)
	if got := a.claim(refOf(id, 1)); len(got) != 1 || got[0].Granted {
		t.Errorf("got %+v for a repeated claim, want it refused", got)
	}
	orders, err := w.c.Heartbeat(t.Context(), conductor.Report{Beat: a.report()})
	check(t, err)
	if len(orders.Leases) != 0 {
		t.Errorf("got leases %+v, want none", orders.Leases)
	}
}

// silent is a store that does what an operator wants of a run and does not say so.
type silent struct{ conductor.Store }

func (s silent) TakeUp(ctx context.Context, id task.RunID, i task.Intent, from int, by string, now time.Time) (task.Run, error) {
	if _, err := s.Store.TakeUp(ctx, id, i, from, by, now); err != nil {
		return task.Run{}, err
	}
	return task.Run{}, fmt.Errorf("the connection was lost: %w", fault.Unavailable)
}

func TestAWishWhoseAnswerWasLostIsFollowedAllTheSame(t *testing.T) {
	w := newWorld(t, "js-1")
	w.faulty = silent{w.db}
	w.restart()
	w.task("load", policy.Word(policy.Wait))
	id, a := w.start("load")
	if _, err := w.c.TakeUp(t.Context(), id, task.IntentReset, 0, "ops"); !errors.Is(err, fault.Unavailable) {
		t.Fatalf("got %v, want the loss said", err)
	}
	other := w.request("load")
	w.pass(2 * beatEvery)
	if s := a.stops[refOf(id, 1)]; s.Intent != task.IntentReset {
		t.Errorf("got %+v, want the agent told to stop", s)
	}
	w.wantState(other, task.Queued)
}
