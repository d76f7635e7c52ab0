package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// replacement is what the policy restart makes of a silent attempt.
func replacement(ref task.Ref) task.Replacement {
	return task.Replacement{
		Ref: ref, Attempt: task.AttemptUnavailable, Run: task.Queued, Ground: "lease expired", Reason: "its server is gone",
		Next: &task.Continuation{Ground: "lease expired", Avoid: "js-1", Reason: "it begins again"},
	}
}

// rebooted is the end of an attempt that went with its host, and of its run.
func rebooted(ref task.Ref) task.Replacement {
	return task.Replacement{Ref: ref, Attempt: task.AttemptLost, Run: task.Lost, Ground: "host rebooted", Reason: "its host was rebooted"}
}

func TestReplaceAttempts(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		silent := func() (task.Run, task.Ref) {
			beat(t, db, "js-1", noon)
			run, ref := startRun(t, db, "js-1")
			must(db.MarkUnreachable(ctx, oneOf("js-1"), noon.Add(time.Hour), noon))(t)
			return run, ref
		}
		last := func(id task.RunID) task.Event {
			all := history(t, db, id)
			return all[len(all)-1]
		}
		at := noon.Add(time.Minute)

		t.Run("puts a run back into the queue with what it is to begin with", func(t *testing.T) {
			run, ref := silent()
			value := task.ValueRecord{Name: "rows", Value: "7"}
			deliver(t, db, "js-1", ref, task.Record{Sequence: 1, At: noon, Progress: &task.Progress{Percent: 50}}, task.Record{Sequence: 2, At: noon, Value: &value})
			r := replacement(ref)
			r.Next.NotBefore, r.Next.GiveUpAt = noon.Add(time.Minute), noon.Add(time.Hour)
			checkAll(t, db.ReplaceAttempts(ctx, oneOf(r), at))
			got := wantState(t, db, run.ID, task.Queued)
			if diff := cmp.Diff(r.Next, got.Next); diff != "" {
				t.Errorf("next (-want +got):\n%s", diff)
			}
			if got.Server != "" || got.Progress != nil || got.Prior != "" || got.Reason != "it begins again" || got.StartedAt == nil || got.Outputs != nil {
				t.Errorf("got %+v, want nothing left of the attempt but the start", got)
			}
			if a := got.Attempts[0]; a.State != task.AttemptUnavailable || a.Reason != "its server is gone" || !a.EndedAt.Equal(at) || a.Exit != nil {
				t.Errorf("got attempt %+v", a)
			}
			e := last(run.ID)
			if e.Kind != "run.queued" || e.From != task.Unknown || string(e.Data) != `{"ground":"lease expired","checkpoint":0,"server":"js-1"}` {
				t.Errorf("got event %+v", e)
			}
			queued := must(db.QueuedRuns(ctx, task.Target{VirtualServer: "etl"}, task.QueuePosition{}, nil, 100))(t)
			if n := queued[len(queued)-1]; n.ID != run.ID || n.Next == nil || n.Next.Avoid != "js-1" || n.Attempt != 1 {
				t.Errorf("the queue has %+v, want it with what it is to begin with", n)
			}

			second := assign(t, db, run.ID, 2, "js-2")
			if n := getRun(t, db, run.ID).Next; n != nil {
				t.Errorf("a run that is starting is to begin with %+v", n)
			}
			checkAll(t, db.WithdrawOffers(ctx, oneOf(second), "not claimed in time", at))
			if diff := cmp.Diff(r.Next, getRun(t, db, run.ID).Next); diff != "" {
				t.Errorf("after an offer that nobody claimed (-want +got):\n%s", diff)
			}
		})
		t.Run("ends a run as reset or lost", func(t *testing.T) {
			for _, end := range []task.State{task.Reset, task.Lost} {
				run, ref := silent()
				r := task.Replacement{Ref: ref, Attempt: task.AttemptLost, Run: end, Ground: "host rebooted", Reason: "the host was rebooted"}
				checkAll(t, db.ReplaceAttempts(ctx, oneOf(r), at))
				got := wantState(t, db, run.ID, end)
				if got.EndedAt == nil || got.Next != nil || got.Reason != "the host was rebooted" || got.Attempts[0].State != task.AttemptLost {
					t.Errorf("got %+v", got)
				}
				if e := last(run.ID); e.Kind != "run."+string(end) || string(e.Data) != `{"ground":"host rebooted","checkpoint":0,"server":"js-1"}` {
					t.Errorf("got event %+v", e)
				}
			}
		})
		t.Run("lets late messages of the attempt change nothing", func(t *testing.T) {
			run, ref := silent()
			checkAll(t, db.ReplaceAttempts(ctx, oneOf(replacement(ref)), at))
			before := getRun(t, db, run.ID)
			if got := deliver(t, db, "js-1", ref, output(1, "late"), exited(2, 0)); !got.Fenced {
				t.Errorf("got %+v, want it fenced", got)
			}
			wantKind(t, db.ClaimAttempts(ctx, "js-1", "instance-1", oneOf(ref), noon)[0], fault.Fenced)
			wantKind(t, db.ReturnAttempts(ctx, oneOf(ref), "late", noon)[0], fault.Conflict)
			wantKind(t, db.WithdrawOffers(ctx, oneOf(ref), "late", noon)[0], fault.Conflict)
			wantKind(t, db.ReplaceAttempts(ctx, oneOf(replacement(ref)), noon)[0], fault.Conflict)
			claim(t, db, assign(t, db, run.ID, 2, "js-2"), "js-2")
			wantKind(t, db.ReplaceAttempts(ctx, oneOf(replacement(ref)), noon)[0], fault.Fenced)
			wantKind(t, db.ReplaceAttempts(ctx, oneOf(replacement(task.Ref{Run: run.ID, Number: 3})), noon)[0], fault.NotFound)
			if diff := cmp.Diff(before.Attempts, getRun(t, db, run.ID).Attempts[:1]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
		t.Run("refuses what was never claimed, and what makes no sense", func(t *testing.T) {
			offered := assign(t, db, insert(t, db).ID, 1, "js-1")
			wantKind(t, db.ReplaceAttempts(ctx, oneOf(replacement(offered)), noon)[0], fault.Conflict)
			_, ref := silent()
			wrong := replacement(ref)
			wrong.Next = nil
			wantKind(t, db.ReplaceAttempts(ctx, oneOf(wrong), noon)[0], fault.Invalid)
			wrong = replacement(ref)
			wrong.Run = task.Succeeded
			wantKind(t, db.ReplaceAttempts(ctx, oneOf(wrong), noon)[0], fault.Invalid)
			wrong = replacement(ref)
			wrong.Attempt = task.AttemptSucceeded
			wantKind(t, db.ReplaceAttempts(ctx, oneOf(wrong), noon)[0], fault.Invalid)
		})
		t.Run("begins at the newest checkpoint, however old the decision is", func(t *testing.T) {
			for _, decided := range []int{task.LastCheckpoint, 1} {
				run, ref := silent()
				checkpointed(t, db, "js-1", ref, 1, checkpointOf(1, nil), nil)
				checkpointed(t, db, "js-1", ref, 2, checkpointOf(2, nil), nil)
				r := replacement(ref)
				r.Next.Checkpoint = decided
				checkAll(t, db.ReplaceAttempts(ctx, oneOf(r), at))
				if got := getRun(t, db, run.ID).Next.Checkpoint; got != 2 {
					t.Errorf("decided on %d: it begins at %d, want 2", decided, got)
				}
			}
			run, ref := silent()
			r := replacement(ref)
			r.Next.Checkpoint = task.LastCheckpoint
			checkAll(t, db.ReplaceAttempts(ctx, oneOf(r), at))
			if got := getRun(t, db, run.ID).Next.Checkpoint; got != 0 {
				t.Errorf("without a checkpoint it begins at %d, want the beginning", got)
			}
		})
		t.Run("does what an operator has asked meanwhile instead", func(t *testing.T) {
			for intent, want := range map[task.Intent]task.State{
				task.IntentCancel: task.Cancelled, task.IntentReset: task.Reset,
				task.IntentRestart: task.Queued, task.IntentRecover: task.Queued,
			} {
				for _, decided := range []task.State{task.Queued, task.Reset, task.Lost} {
					run, ref := silent()
					checkpointed(t, db, "js-1", ref, 1, checkpointOf(1, nil), nil)
					checkpointed(t, db, "js-1", ref, 2, checkpointOf(2, nil), nil)
					chosen := 0
					if intent == task.IntentRecover {
						chosen = 1
					}
					must(db.TakeUp(ctx, run.ID, intent, chosen, "ops", noon))(t)
					r := replacement(ref)
					r.Run = decided
					checkAll(t, db.ReplaceAttempts(ctx, oneOf(r), at))
					got := wantState(t, db, run.ID, want)
					if want == task.Queued && (got.Next.Checkpoint != chosen || got.Next.Ground != "lease expired") || got.Pending != "" {
						t.Errorf("%s: got %+v with %+v", intent, got, got.Next)
					}
				}
			}
		})
		t.Run("starts nothing beside a job that is left running and was told to stop meanwhile", func(t *testing.T) {
			run, ref := silent()
			must(db.TakeUp(ctx, run.ID, task.IntentRestart, 0, "ops", noon))(t)
			r := task.Replacement{Ref: ref, Attempt: task.AttemptUnavailable, Run: task.Reset, Ground: string(policy.LeftRunning)}
			wantKind(t, db.ReplaceAttempts(ctx, oneOf(r), at)[0], fault.Conflict)
			wantState(t, db, run.ID, task.Stopping)
			must(db.TakeUp(ctx, run.ID, task.IntentReset, 0, "ops", noon))(t)
			checkAll(t, db.ReplaceAttempts(ctx, oneOf(r), at))
			wantState(t, db, run.ID, task.Reset)
		})
	})
}

func TestARunThatFailedIsTriedAgain(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		request := newRun()
		request.Spec.Retries = task.Retries{Max: 2, Backoff: task.Duration(time.Minute), From: task.RetryFromCheckpoint}
		run := must2(db.InsertRun(ctx, request, ""))(t)
		for try := 1; try <= 3; try++ {
			ref := assign(t, db, run.ID, try, "js-1")
			claim(t, db, ref, "js-1")
			checkpointed(t, db, "js-1", ref, 1, checkpointOf(try, nil), nil)
			got := deliver(t, db, "js-1", ref, exited(2, 3))
			want := task.Queued
			if try == 3 {
				want = task.Failed
			}
			stored := wantState(t, db, run.ID, want)
			if got.State != want || !got.Ended || stored.Tries != try || stored.Attempts[try-1].State != task.AttemptFailed {
				t.Fatalf("try %d: got %+v and %d tries", try, got, stored.Tries)
			}
			if try == 3 {
				if stored.ExitCode == nil || *stored.ExitCode != 3 || stored.EndedAt == nil {
					t.Errorf("got %+v, want it ended with code 3", stored)
				}
				continue
			}
			delivered := noon.Add(3 * time.Second)
			if n := stored.Next; n.Checkpoint != try || n.Avoid != "js-1" || n.Ground != "exit reported" || !n.NotBefore.After(delivered.Add(44*time.Second)) {
				t.Errorf("try %d: it is to begin with %+v", try, n)
			}
			if stored.ExitCode != nil || stored.EndedAt != nil {
				t.Errorf("try %d: a queued run has code %v and end %v", try, stored.ExitCode, stored.EndedAt)
			}
		}
		wantPath(t, db, run.ID)
	})
}

func TestAnAttemptThatItsGuardStoppedFollowsThePolicy(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		for kind, want := range map[policy.Kind]task.State{
			policy.Wait: task.Lost, policy.Reset: task.Reset, policy.Restart: task.Queued, policy.Recover: task.Queued,
		} {
			request := newRun()
			does := policy.Word(kind)
			request.Spec.OnUnavailable = &does
			run := must2(db.InsertRun(ctx, request, ""))(t)
			ref := assign(t, db, run.ID, 1, "js-1")
			claim(t, db, ref, "js-1")
			checkpointed(t, db, "js-1", ref, 1, checkpointOf(1, nil), nil)
			got := deliver(t, db, "js-1", ref, exit(2, task.Exit{Kind: task.ExitLeaseExpired, Code: 137, Detail: "its lease had run out"}))
			after := wantState(t, db, run.ID, want)
			if got.State != want || after.Attempts[0].State != task.AttemptLost || after.Attempts[0].Exit == nil {
				t.Errorf("%s: got %+v, attempt %+v", kind, got, after.Attempts[0])
			}
			if want == task.Queued && (after.Next.Checkpoint == 1) != (kind == policy.Recover) {
				t.Errorf("%s: it is to begin with %+v", kind, after.Next)
			}
			if again := deliver(t, db, "js-1", ref, exit(2, task.Exit{Kind: task.ExitLeaseExpired})); again.Fenced || again.Ended || again.State != want {
				t.Errorf("%s: the same exit again got %+v, want an acknowledgement", kind, again)
			}
			wantPath(t, db, run.ID)
		}
	})
}
