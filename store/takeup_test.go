package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// inState returns a run in that state, with two checkpoints where it ever ran.
func inState(t testing.TB, db *store.DB, state task.State) (task.RunID, task.Ref) {
	t.Helper()
	ctx := context.Background()
	beat(t, db, "js-1", noon)
	if state == task.Queued {
		return insert(t, db).ID, task.Ref{}
	}
	if state == task.Starting {
		run := insert(t, db)
		return run.ID, assign(t, db, run.ID, 1, "js-1")
	}
	run, ref := startRun(t, db, "js-1")
	for n := 1; n <= 2; n++ {
		checkpointed(t, db, "js-1", ref, int64(n), checkpointOf(n, nil), nil)
	}
	deliver(t, db, "js-1", ref, task.Record{Sequence: 3, At: noon, Value: &task.ValueRecord{Name: "rows", Value: "7"}})
	ends := map[task.State]task.Exit{
		task.Succeeded: {Kind: task.ExitExited}, task.Failed: {Kind: task.ExitExited, Code: 3},
		task.TimedOut: {Kind: task.ExitTimedOut, Code: 143}, task.Cancelled: {Kind: task.ExitCancelled, Code: 143},
		task.Lost: {Kind: task.ExitLost, Code: -1},
	}
	switch state {
	case task.Running:
	case task.Unknown:
		must(db.MarkUnreachable(ctx, oneOf("js-1"), noon.Add(time.Hour), noon))(t)
	case task.Stopping:
		must(db.CancelRun(ctx, run.ID, "ops", noon))(t)
	case task.Reset:
		r := task.Replacement{Ref: ref, Attempt: task.AttemptUnavailable, Run: task.Reset, Ground: "lease expired"}
		checkAll(t, db.ReplaceAttempts(ctx, oneOf(r), noon))
	default:
		deliver(t, db, "js-1", ref, exit(4, ends[state]))
	}
	wantState(t, db, run.ID, state)
	return run.ID, ref
}

func TestTakeUpFromEveryState(t *testing.T) {
	cases := []struct {
		from    task.State
		intent  task.Intent
		want    task.State // empty for a conflict
		begins  int
		ground  string
		outputs bool
	}{
		{task.Queued, task.IntentReset, task.Reset, 0, "", false},
		{task.Queued, task.IntentRestart, task.Queued, 0, "", false},
		{task.Queued, task.IntentRecover, task.Queued, 0, "", false},
		{task.Starting, task.IntentReset, task.Reset, 0, "", false},
		{task.Starting, task.IntentRestart, task.Starting, 0, "", false},
		{task.Starting, task.IntentRecover, task.Starting, 0, "", false},
		{task.Running, task.IntentReset, task.Stopping, 0, "", true},
		{task.Running, task.IntentRestart, task.Stopping, 0, "", true},
		{task.Running, task.IntentRecover, task.Stopping, 0, "", true},
		{task.Unknown, task.IntentReset, task.Stopping, 0, "", true},
		{task.Unknown, task.IntentRestart, task.Stopping, 0, "", true},
		{task.Unknown, task.IntentRecover, task.Stopping, 0, "", true},
		{task.Stopping, task.IntentReset, task.Stopping, 0, "", true},
		{task.Stopping, task.IntentRestart, task.Stopping, 0, "", true},
		{task.Stopping, task.IntentRecover, task.Stopping, 0, "", true},
		{task.Succeeded, task.IntentReset, "", 0, "", true},
		{task.Succeeded, task.IntentRestart, "", 0, "", true},
		{task.Succeeded, task.IntentRecover, "", 0, "", true},
		{task.Failed, task.IntentReset, "", 0, "", true},
		{task.Failed, task.IntentRestart, task.Queued, 0, "exit reported", false},
		{task.Failed, task.IntentRecover, task.Queued, 2, "exit reported", true},
		{task.TimedOut, task.IntentReset, "", 0, "", true},
		{task.TimedOut, task.IntentRestart, task.Queued, 0, "exit reported", false},
		{task.TimedOut, task.IntentRecover, task.Queued, 2, "exit reported", true},
		{task.Cancelled, task.IntentReset, "", 0, "", true},
		{task.Cancelled, task.IntentRestart, task.Queued, 0, "stop confirmed", false},
		{task.Cancelled, task.IntentRecover, task.Queued, 2, "stop confirmed", true},
		{task.Reset, task.IntentReset, "", 0, "", true},
		{task.Reset, task.IntentRestart, task.Queued, 0, "lease expired", false},
		{task.Reset, task.IntentRecover, task.Queued, 2, "lease expired", true},
		{task.Lost, task.IntentReset, "", 0, "", true},
		{task.Lost, task.IntentRestart, task.Queued, 0, "exit reported", false},
		{task.Lost, task.IntentRecover, task.Queued, 2, "exit reported", true},
	}
	seen := map[task.State]bool{}
	for _, c := range cases {
		seen[c.from] = true
	}
	for _, s := range task.States() {
		if !seen[s] {
			t.Errorf("there is no case for a run that is %s", s)
		}
	}
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		for _, c := range cases {
			t.Run(string(c.intent)+" of one that is "+string(c.from), func(t *testing.T) {
				id, ref := inState(t, db, c.from)
				before := getRun(t, db, id)
				got, err := db.TakeUp(ctx, id, c.intent, 0, "ops", noon.Add(time.Minute))
				if c.want == "" {
					wantKind(t, err, fault.Conflict)
					wantState(t, db, id, c.from)
					return
				}
				check(t, err)
				if got.State != c.want || (len(got.Outputs) > 0) != c.outputs {
					t.Fatalf("it is %s with the outputs %v, want %s", got.State, got.Outputs, c.want)
				}
				wantPath(t, db, id)
				switch c.want {
				case task.Queued:
					if c.from != task.Queued && (got.Next.Checkpoint != c.begins || got.Next.Ground != c.ground || got.Server != "") {
						t.Errorf("it is to begin with %+v on %q, want checkpoint %d on the ground %q", got.Next, got.Server, c.begins, c.ground)
					}
					if got.EndedAt != nil || got.ExitCode != nil || len(got.Attempts) != len(before.Attempts) {
						t.Errorf("got %+v, want a run that has not ended", got)
					}
				case task.Stopping:
					if got.Pending != c.intent || got.Attempts[0].State != task.AttemptStopping || got.Prior != "" {
						t.Errorf("got %+v, want it stopping with the intent pending", got)
					}
					told := len(history(t, db, id))
					again := must(db.TakeUp(ctx, id, c.intent, 0, "ops", noon))(t)
					if len(history(t, db, id)) != told || again.Pending != c.intent {
						t.Errorf("a second time it is %+v", again)
					}
				case task.Reset:
					if got.EndedAt == nil || c.from == task.Starting && got.Attempts[0].State != task.AttemptWithdrawn {
						t.Errorf("got %+v, want it ended", got)
					}
					if c.from == task.Starting {
						wantKind(t, db.ClaimAttempts(ctx, "js-1", "instance-1", oneOf(ref), noon)[0], fault.Fenced)
					}
				}
			})
		}
	})
}

func TestTakeUpChoosesACheckpoint(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		id, _ := inState(t, db, task.Failed)
		for _, wrong := range []int{-1, 3, 99} {
			_, err := db.TakeUp(ctx, id, task.IntentRecover, wrong, "ops", noon)
			wantKind(t, err, fault.Invalid)
		}
		_, err := db.TakeUp(ctx, id, task.IntentRestart, 1, "ops", noon)
		wantKind(t, err, fault.Invalid)
		_, err = db.TakeUp(ctx, id, "explode", 0, "ops", noon)
		wantKind(t, err, fault.Invalid)
		_, err = db.TakeUp(ctx, "nosuch", task.IntentRestart, 0, "ops", noon)
		wantKind(t, err, fault.NotFound)
		wantState(t, db, id, task.Failed)

		got := must(db.TakeUp(ctx, id, task.IntentRecover, 1, "ops", noon))(t)
		if got.Next.Checkpoint != 1 || got.Reason != "recovered by ops, from checkpoint 1" {
			t.Errorf("it is queued to begin with %+v, as %q", got.Next, got.Reason)
		}
		all := history(t, db, id)
		e := all[len(all)-1]
		if e.Kind != "run.queued" || e.From != task.Failed || string(e.Data) != `{"ground":"exit reported","checkpoint":1,"server":"js-1"}` {
			t.Errorf("got event %+v", e)
		}
		got = must(db.TakeUp(ctx, id, task.IntentRecover, 0, "ops", noon))(t)
		if got.Next.Checkpoint != 2 || got.Next.Ground != "exit reported" {
			t.Errorf("a later wish has it begin with %+v, want checkpoint 2 on the same ground", got.Next)
		}
		ref := assign(t, db, id, 2, "js-1")
		got = must(db.TakeUp(ctx, id, task.IntentRestart, 0, "ops", noon))(t)
		if got.State != task.Queued || got.Next.Checkpoint != 0 || got.Attempts[1].State != task.AttemptWithdrawn {
			t.Errorf("got %+v, want its offer withdrawn", got)
		}
		wantKind(t, db.ClaimAttempts(ctx, "js-1", "instance-1", oneOf(ref), noon)[0], fault.Fenced)
	})
}

func TestThatARunWaitsForARetryEndsWithAnOperatorsWord(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		request := newRun()
		request.Spec.Retries = task.Retries{Max: 1, Backoff: task.Duration(time.Hour)}
		run := must2(db.InsertRun(ctx, request, ""))(t)
		ref := assign(t, db, run.ID, 1, "js-1")
		claim(t, db, ref, "js-1")
		deliver(t, db, "js-1", ref, exited(1, 3))
		got := must(db.TakeUp(ctx, run.ID, task.IntentRestart, 0, "ops", noon))(t)
		if got.State != task.Queued || !got.Next.NotBefore.IsZero() || got.Next.Ground != "exit reported" || got.Next.Avoid != "js-1" {
			t.Errorf("it is to begin with %+v, want it at once", got.Next)
		}
	})
}

func TestTheEndOfAnAttemptFulfilsWhatIsPending(t *testing.T) {
	ended := func(e task.Exit) func(*testing.T, *store.DB, task.Ref) {
		return func(t *testing.T, db *store.DB, ref task.Ref) {
			if got := deliver(t, db, "js-1", ref, exit(4, e)); !got.Ended {
				t.Fatalf("got %+v, want the attempt ended", got)
			}
		}
	}
	stopped := ended(task.Exit{Kind: task.ExitFenced, Code: 143, Signal: 15})
	failed := ended(task.Exit{Kind: task.ExitExited, Code: 1})
	well := ended(task.Exit{Kind: task.ExitExited})
	lost := func(t *testing.T, db *store.DB, ref task.Ref) {
		checkAll(t, db.ReplaceAttempts(context.Background(), oneOf(rebooted(ref)), noon))
	}
	returned := func(t *testing.T, db *store.DB, ref task.Ref) {
		checkAll(t, db.ReturnAttempts(context.Background(), oneOf(ref), "it never started", noon))
	}
	cases := []struct {
		claim  string
		intent task.Intent
		chosen int
		end    func(*testing.T, *store.DB, task.Ref)
		want   task.State
		begins int
		ground string
	}{
		{"reset, stopped", task.IntentReset, 0, stopped, task.Reset, 0, ""},
		{"restart, stopped", task.IntentRestart, 0, stopped, task.Queued, 0, "stop confirmed"},
		{"recover, stopped", task.IntentRecover, 0, stopped, task.Queued, 2, "stop confirmed"},
		{"recover from an earlier one, stopped", task.IntentRecover, 1, stopped, task.Queued, 1, "stop confirmed"},
		{"reset, but it had ended well", task.IntentReset, 0, well, task.Succeeded, 0, ""},
		{"restart, but it had ended well", task.IntentRestart, 0, well, task.Succeeded, 0, ""},
		{"reset, but it had failed", task.IntentReset, 0, failed, task.Failed, 0, ""},
		{"restart, and it had failed", task.IntentRestart, 0, failed, task.Queued, 0, "exit reported"},
		{"reset, lost", task.IntentReset, 0, lost, task.Reset, 0, ""},
		{"recover, lost", task.IntentRecover, 1, lost, task.Queued, 1, "host rebooted"},
		{"reset, returned", task.IntentReset, 0, returned, task.Reset, 0, ""},
		{"restart, returned", task.IntentRestart, 0, returned, task.Queued, 0, ""},
		{"recover, returned", task.IntentRecover, 1, returned, task.Queued, 1, ""},
	}
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		for _, c := range cases {
			t.Run(c.claim, func(t *testing.T) {
				id, ref := inState(t, db, task.Running)
				must(db.TakeUp(ctx, id, c.intent, c.chosen, "ops", noon))(t)
				c.end(t, db, ref)
				got := wantState(t, db, id, c.want)
				if got.Pending != "" {
					t.Errorf("%s is still pending", got.Pending)
				}
				if c.want == task.Queued && (got.Next.Checkpoint != c.begins || got.Next.Ground != c.ground) {
					t.Errorf("it is to begin with %+v, want checkpoint %d on the ground %q", got.Next, c.begins, c.ground)
				}
				wantPath(t, db, id)
			})
		}
	})
}

func TestALaterWordCountsWhileARunIsStopping(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		stopped := task.Exit{Kind: task.ExitFenced, Code: 143}
		t.Run("a cancel after a restart", func(t *testing.T) {
			id, ref := inState(t, db, task.Running)
			must(db.TakeUp(ctx, id, task.IntentRestart, 0, "ops", noon))(t)
			must(db.CancelRun(ctx, id, "boss", noon))(t)
			deliver(t, db, "js-1", ref, exit(4, stopped))
			if got := wantState(t, db, id, task.Cancelled); got.Reason != "cancelled by boss" {
				t.Errorf("got reason %q", got.Reason)
			}
		})
		t.Run("a cancel by the same door", func(t *testing.T) {
			id, ref := inState(t, db, task.Running)
			must(db.TakeUp(ctx, id, task.IntentRestart, 0, "ops", noon))(t)
			must(db.TakeUp(ctx, id, task.IntentCancel, 0, "boss", noon))(t)
			deliver(t, db, "js-1", ref, exit(4, stopped))
			wantState(t, db, id, task.Cancelled)
		})
		t.Run("a reset after a cancel", func(t *testing.T) {
			id, ref := inState(t, db, task.Stopping)
			must(db.TakeUp(ctx, id, task.IntentReset, 0, "ops", noon))(t)
			deliver(t, db, "js-1", ref, exit(4, stopped))
			wantState(t, db, id, task.Reset)
		})
		t.Run("also when the server falls silent and comes back between", func(t *testing.T) {
			id, ref := inState(t, db, task.Running)
			must(db.TakeUp(ctx, id, task.IntentRecover, 1, "ops", noon))(t)
			must(db.MarkUnreachable(ctx, oneOf("js-1"), noon.Add(time.Hour), noon))(t)
			if got := wantState(t, db, id, task.Unknown); got.Prior != task.Stopping || got.Pending != task.IntentRecover || got.Next.Checkpoint != 1 {
				t.Errorf("got %+v, want the intent to stay", got)
			}
			beat(t, db, "js-1", noon.Add(time.Hour))
			if got := wantState(t, db, id, task.Stopping); got.Pending != task.IntentRecover {
				t.Errorf("got %+v, want the intent to stay", got)
			}
			deliver(t, db, "js-1", ref, exit(4, stopped))
			if got := wantState(t, db, id, task.Queued); got.Next.Checkpoint != 1 {
				t.Errorf("it is to begin with %+v, want checkpoint 1", got.Next)
			}
		})
	})
}

func TestARunOfNoKnownEndIsTakenUpAtTheOperatorsRisk(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		dead := rebooted(ref)
		dead.Ground, dead.Reason = "operator's statement", "its rack burns"
		checkAll(t, db.ReplaceAttempts(ctx, oneOf(dead), noon))
		got := must(db.TakeUp(ctx, run.ID, task.IntentRecover, 0, "", noon))(t)
		if got.Next.Ground != "operator's statement" || got.Reason != "recovered, from the beginning, as there is no checkpoint" {
			t.Errorf("it is to begin with %+v, as %q", got.Next, got.Reason)
		}
		if stored := kinds(t, db, run.ID); !slices.Equal(stored[len(stored)-2:], []string{"run.lost", "run.queued"}) {
			t.Errorf("got events %q", stored)
		}
	})
}
