package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func history(t testing.TB, db *store.DB, id task.RunID) []task.Event {
	t.Helper()
	return must(db.RunEvents(context.Background(), id, page.Request{Limit: page.MaxLimit}))(t).Items
}

func TestRunFromRequestToExit(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		due := noon.Add(-time.Minute)
		want := newRun()
		want.ScheduledFor = &due
		want.Spec.Priority = 7
		want.Spec.Labels = map[string]string{"team": "etl"}
		run, created, err := db.InsertRun(ctx, want, "")
		check(t, err)
		if !created {
			t.Fatal("the run was not created")
		}
		want.State = task.Queued
		if diff := cmp.Diff(want, run); diff != "" {
			t.Errorf("inserted run (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, getRun(t, db, run.ID)); diff != "" {
			t.Errorf("stored run (-want +got):\n%s", diff)
		}

		ref := assign(t, db, run.ID, 1, "js-1")
		if got := wantState(t, db, run.ID, task.Starting); got.Server != "js-1" || got.Attempt != 1 {
			t.Errorf("got server %q and attempt %d, want js-1 and 1", got.Server, got.Attempt)
		}
		claim(t, db, ref, "js-1")
		running := wantState(t, db, run.ID, task.Running)
		if running.StartedAt == nil || !running.StartedAt.Equal(noon.Add(2*time.Second)) {
			t.Errorf("got start %v, want the instant of the claim", running.StartedAt)
		}
		got := deliver(t, db, "js-1", ref, started(1), exited(2, 3))
		e := task.Exit{Kind: task.ExitExited, Code: 3, Ran: time.Second}
		wantDelivered := task.Delivered{Ref: ref, Sequence: 2, Ended: true, State: task.Failed, Task: "load", Exit: &e}
		if diff := cmp.Diff(wantDelivered, got); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
		ended := wantState(t, db, run.ID, task.Failed)
		if ended.ExitCode == nil || *ended.ExitCode != 3 || ended.Reason != "exit code 3" || ended.EndedAt == nil {
			t.Errorf("got code %v, reason %q, end %v; want 3, %q and an end", ended.ExitCode, ended.Reason, ended.EndedAt, "exit code 3")
		}
		if a := ended.Attempts[0]; a.State != task.AttemptFailed || a.Exit == nil || *a.Exit != e || a.Delivered != 2 ||
			a.Instance != "instance-1" {
			t.Errorf("got attempt %+v, want a failed one with the exit record", a)
		}
		if got, want := kinds(t, db, run.ID), []string{"run.queued", "run.starting", "run.running", "run.failed"}; !slices.Equal(got, want) {
			t.Errorf("got events %q, want %q", got, want)
		}
		last := history(t, db, run.ID)[3]
		if last.From != task.Running || last.To != task.Failed || last.Task != "load" || last.Attempt != 1 || string(last.Data) != `{"server":"js-1"}` {
			t.Errorf("got last event %+v, want the step from running to failed on js-1", last)
		}
	})
}

func TestInsertRunWithAKey(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		first := newRun()
		must2(db.InsertRun(ctx, first, "key"))(t)
		t.Run("gives the first run again", func(t *testing.T) {
			got, created, err := db.InsertRun(ctx, newRun(), "key")
			check(t, err)
			if created || got.ID != first.ID {
				t.Errorf("got run %s, created %v; want %s, false", got.ID, created, first.ID)
			}
		})
		t.Run("refuses other params", func(t *testing.T) {
			other := newRun()
			other.Params = map[string]string{"date": "2027-01-01"}
			_, _, err := db.InsertRun(ctx, other, "key")
			wantKind(t, err, fault.Conflict)
		})
		t.Run("refuses another task", func(t *testing.T) {
			other := newRun()
			other.Task = "other"
			_, _, err := db.InsertRun(ctx, other, "key")
			wantKind(t, err, fault.Conflict)
		})
		t.Run("lets runs without a key be", func(t *testing.T) {
			for range 2 {
				_, created, err := db.InsertRun(ctx, newRun(), "")
				check(t, err)
				if !created {
					t.Error("a run without a key was taken for an earlier one")
				}
			}
		})
		t.Run("refuses an id that exists", func(t *testing.T) {
			_, _, err := db.InsertRun(ctx, first, "")
			wantKind(t, err, fault.Conflict)
		})
	})
}

func must2[A, B any](a A, _ B, err error) func(t testing.TB) A { return must(a, err) }

func TestQueuedRuns(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		onEtl := task.Target{VirtualServer: "etl"}
		bound := newRun()
		bound.Spec.Target = task.Target{Server: "js-1"}
		must2(db.InsertRun(ctx, bound, ""))(t)
		var want []task.RunID
		for _, priority := range []int{0, 5, -5, 5, 0} {
			run := newRun()
			run.Spec.Priority = priority
			want = append(want, must2(db.InsertRun(ctx, run, ""))(t).ID)
		}
		want = []task.RunID{want[1], want[3], want[0], want[4], want[2]}
		t.Run("come by priority, then age", func(t *testing.T) {
			if diff := cmp.Diff(want, ids(must(db.QueuedRuns(ctx, onEtl, task.QueuePosition{}, nil, 10))(t))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
		t.Run("are found by what they wait for", func(t *testing.T) {
			targets := must(db.QueuedTargets(ctx))(t)
			if diff := cmp.Diff([]task.Target{onEtl, {Server: "js-1"}}, targets); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]task.RunID{bound.ID}, ids(must(db.QueuedRuns(ctx, task.Target{Server: "js-1"}, task.QueuePosition{}, nil, 10))(t))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
		t.Run("come a page at a time", func(t *testing.T) {
			var got []task.RunID
			var after task.QueuePosition
			for {
				some := must(db.QueuedRuns(ctx, onEtl, after, nil, 2))(t)
				if len(some) == 0 {
					break
				}
				got = append(got, ids(some)...)
				after = some[len(some)-1].Position()
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
		t.Run("have their whole spec", func(t *testing.T) {
			got := must(db.QueuedRuns(ctx, onEtl, task.QueuePosition{}, nil, 1))(t)[0]
			if len(got.Spec.Job.Command) != 3 || got.Params["date"] == "" {
				t.Errorf("got spec %+v and params %v, want the frozen ones", got.Spec, got.Params)
			}
		})
	})
}

func ids(runs []task.Run) []task.RunID {
	all := []task.RunID{}
	for _, r := range runs {
		all = append(all, r.ID)
	}
	return all
}

func TestAssignRuns(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		t.Run("refuses one item without hindering the others", func(t *testing.T) {
			a, b := insert(t, db), insert(t, db)
			assign(t, db, a.ID, 1, "js-1")
			errs := db.AssignRuns(ctx, []virtualserver.Assignment{
				assignment(a.ID, 2, "js-1"), assignment(b.ID, 1, "js-1"), assignment("nosuch", 1, "js-1"),
			}, noon)
			wantKind(t, errs[0], fault.Conflict)
			check(t, errs[1])
			wantKind(t, errs[2], fault.NotFound)
			wantState(t, db, b.ID, task.Starting)
		})
		t.Run("refuses a number that is not the next", func(t *testing.T) {
			run := insert(t, db)
			errs := db.AssignRuns(ctx, []virtualserver.Assignment{assignment(run.ID, 2, "js-1")}, noon)
			wantKind(t, errs[0], fault.Conflict)
			wantState(t, db, run.ID, task.Queued)
		})
		t.Run("refuses a server that does not exist", func(t *testing.T) {
			run := insert(t, db)
			errs := db.AssignRuns(ctx, []virtualserver.Assignment{assignment(run.ID, 1, "js-9")}, noon)
			wantKind(t, errs[0], fault.Conflict)
			wantState(t, db, run.ID, task.Queued)
		})
		t.Run("stores the placement", func(t *testing.T) {
			run := insert(t, db)
			assign(t, db, run.ID, 1, "js-1")
			got := must(db.Placements(ctx, run.ID))(t)
			want := map[int]virtualserver.Placement{1: assignment(run.ID, 1, "js-1").Placement}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	})
}

func TestExplainQueued(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		run := insert(t, db)
		explain := func(reason string, p *virtualserver.Placement) {
			t.Helper()
			check(t, db.ExplainQueued(ctx, []virtualserver.Explanation{
				{Run: "nosuch", Reason: reason}, {Run: run.ID, Reason: reason, Placement: p},
			}, noon))
		}
		explain("no member is online", &virtualserver.Placement{At: noon, Reason: "no member is online"})
		explain("no member is online", &virtualserver.Placement{At: noon.Add(time.Hour), Reason: "not stored"})
		if got := wantState(t, db, run.ID, task.Queued).Reason; got != "no member is online" {
			t.Errorf("got reason %q", got)
		}
		explain("no member has a free slot", nil)
		if got := wantState(t, db, run.ID, task.Queued).Reason; got != "no member has a free slot" {
			t.Errorf("got reason %q", got)
		}
		if got, want := kinds(t, db, run.ID), []string{"run.queued", "run.waiting", "run.waiting"}; !slices.Equal(got, want) {
			t.Errorf("got events %q, want one for each new reason: %q", got, want)
		}
		if got := must(db.Placements(ctx, run.ID))(t)[0]; got.Reason != "no member is online" || !got.At.Equal(noon) {
			t.Errorf("got placement %+v under 0, want the newest that was stored with a new reason", got)
		}
	})
}

func TestWithdrawOffers(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		run := insert(t, db)
		ref := assign(t, db, run.ID, 1, "js-1")
		checkAll(t, db.WithdrawOffers(ctx, []task.Ref{ref}, "not claimed in time", noon))
		got := wantState(t, db, run.ID, task.Queued)
		if got.Server != "" || got.Attempts[0].State != task.AttemptWithdrawn || got.Attempts[0].Reason != "not claimed in time" {
			t.Errorf("got %+v, want a queued run without a server and a withdrawn attempt", got)
		}
		wantKind(t, db.WithdrawOffers(ctx, []task.Ref{ref}, "again", noon)[0], fault.Conflict)
		wantKind(t, db.WithdrawOffers(ctx, []task.Ref{{Run: "nosuch", Number: 1}}, "", noon)[0], fault.NotFound)
		wantKind(t, db.ClaimAttempts(ctx, "js-1", "instance-1", []task.Ref{ref}, noon)[0], fault.Fenced)

		second := assign(t, db, run.ID, 2, "js-2")
		claim(t, db, second, "js-2")
		wantKind(t, db.WithdrawOffers(ctx, []task.Ref{second}, "too late", noon)[0], fault.Conflict)
		wantState(t, db, run.ID, task.Running)
	})
}

func TestClaimAttempts(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		run := insert(t, db)
		ref := assign(t, db, run.ID, 1, "js-1")
		claimAs := func(server, instance string, ref task.Ref) error {
			return db.ClaimAttempts(ctx, server, instance, []task.Ref{ref}, noon)[0]
		}
		wantKind(t, claimAs("js-2", "instance-1", ref), fault.Fenced)
		wantKind(t, claimAs("js-1", "instance-1", task.Ref{Run: run.ID, Number: 2}), fault.Fenced)
		wantKind(t, claimAs("js-1", "instance-1", task.Ref{Run: "nosuch", Number: 1}), fault.Fenced)
		check(t, claimAs("js-1", "instance-1", ref))
		check(t, claimAs("js-1", "instance-1", ref))
		wantKind(t, claimAs("js-1", "instance-2", ref), fault.Fenced)
		if got, want := kinds(t, db, run.ID), []string{"run.queued", "run.starting", "run.running"}; !slices.Equal(got, want) {
			t.Errorf("got events %q, want a repeated claim to leave none: %q", got, want)
		}
		deliver(t, db, "js-1", ref, exited(1, 0))
		wantKind(t, claimAs("js-1", "instance-1", ref), fault.Fenced)

		t.Run("answers each in its place", func(t *testing.T) {
			other := assign(t, db, insert(t, db).ID, 1, "js-1")
			errs := db.ClaimAttempts(ctx, "js-1", "instance-1", []task.Ref{ref, other, {Run: "nosuch", Number: 1}}, noon)
			wantKind(t, errs[0], fault.Fenced)
			check(t, errs[1])
			wantKind(t, errs[2], fault.Fenced)
		})
		t.Run("makes a silent server online", func(t *testing.T) {
			must(db.MarkUnreachable(ctx, []string{"js-2"}, noon.Add(time.Hour), noon.Add(time.Hour)))(t)
			run := insert(t, db)
			ref := assign(t, db, run.ID, 1, "js-2")
			claim(t, db, ref, "js-2")
			if got := must(db.Server(ctx, "js-2"))(t); got.State != "online" {
				t.Errorf("the server is %s, want online", got.State)
			}
		})
	})
}

func TestInsertPlacedRun(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		run := newRun()
		got, created, err := db.InsertPlacedRun(ctx, run, "key", assignment(run.ID, 1, "js-1"))
		check(t, err)
		if !created || got.State != task.Starting || got.Attempt != 1 || got.Server != "js-1" {
			t.Errorf("got %+v, created %v, want a run that is starting on js-1", got, created)
		}
		t.Run("is what inserting and assigning make", func(t *testing.T) {
			other := insert(t, db)
			assign(t, db, other.ID, 1, "js-1")
			want, have := must(db.Run(ctx, other.ID))(t), must(db.Run(ctx, run.ID))(t)
			if have.State != want.State || len(have.Attempts) != 1 || have.Attempts[0].State != want.Attempts[0].State || have.Server != want.Server {
				t.Errorf("got %+v, want the like of %+v", have, want)
			}
			if p := must(db.Placements(ctx, run.ID))(t); p[1].Chosen != "js-1" {
				t.Errorf("got placements %+v, want the one that was given", p)
			}
			var kinds []string
			for _, e := range must(db.RunEvents(ctx, run.ID, page.Request{}))(t).Items {
				kinds = append(kinds, e.Kind)
			}
			if diff := cmp.Diff([]string{"run.queued", "run.starting"}, kinds); diff != "" {
				t.Errorf("history (-want +got):\n%s", diff)
			}
		})
		t.Run("gives the same run for the same key", func(t *testing.T) {
			again := newRun()
			same, created, err := db.InsertPlacedRun(ctx, again, "key", assignment(again.ID, 1, "js-1"))
			check(t, err)
			if created || same.ID != run.ID {
				t.Errorf("got run %s, created %v, want %s again", same.ID, created, run.ID)
			}
		})
		t.Run("stores nothing where the server is gone", func(t *testing.T) {
			lone := newRun()
			_, _, err := db.InsertPlacedRun(ctx, lone, "", assignment(lone.ID, 1, "js-9"))
			wantKind(t, err, fault.Conflict)
			_, err = db.Run(ctx, lone.ID)
			wantKind(t, err, fault.NotFound)
		})
	})
}
