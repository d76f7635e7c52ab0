package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// limited stores the plan of twoSteps, of which at most so many runs may go on at once.
func limited(t testing.TB, db *store.DB, most int, when task.WhenBusy) {
	t.Helper()
	planned(t, db)
	limitPlan(t, db, most, when)
}

func limitPlan(t testing.TB, db *store.DB, most int, when task.WhenBusy) {
	t.Helper()
	_ = must(db.EditPlan(context.Background(), "nightly", 0, noon, func(s *plan.Spec) error {
		s.MaxConcurrent, s.WhenBusy = most, when
		return nil
	}))(t)
}

// wantPlanRuns compares the states of all plan runs, such as "01A=running 01B=waiting".
func wantPlanRuns(t testing.TB, db *store.DB, want string) {
	t.Helper()
	all := must(db.PlanRuns(context.Background(), plan.RunFilter{}, page.Request{}))(t)
	var got []string
	for _, r := range slices.Backward(all.Items) {
		got = append(got, string(r.ID)+"="+string(r.State))
	}
	if s := strings.Join(got, " "); s != want {
		t.Errorf("the plan runs are %s, want %s", s, want)
	}
}

// playOut has a plan run that is running begin, and ends all of its nodes well.
func playOut(t testing.TB, db *store.DB, id plan.RunID, now time.Time) {
	t.Helper()
	r, _ := moveOn(t, db, id, plan.Began{}, now)
	for !r.State.Final() {
		i := slices.IndexFunc(r.Nodes, func(n plan.NodeRun) bool { return n.State == plan.NodeRunning })
		if i < 0 {
			t.Fatalf("nothing of plan run %s runs, which is %s", id, r.State)
		}
		r, _ = moveOn(t, db, id, plan.RunEnded{Run: r.Nodes[i].Run, State: task.Succeeded}, now)
	}
}

func TestAPlanRunWaitsUntilAnotherOneHasEnded(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		limited(t, db, 1, task.BusyQueue)
		requestPlanRun(t, db, "01A", "")
		second := requestPlanRun(t, db, "01B", "")
		if second.State != plan.Waiting || second.Reason != "waits for another plan run: 1 of 1 running" {
			t.Errorf("the second is %s because %q", second.State, second.Reason)
		}
		requestPlanRun(t, db, "01C", "")
		wantPlanRuns(t, db, "01A=running 01B=waiting 01C=waiting")
		if r, _ := moveOn(t, db, "01B", plan.Began{}, noon); r.State != plan.Waiting || r.Nodes[0].State != plan.NodeWaiting {
			t.Errorf("a node of what waits has started: %+v", r)
		}
		for state, want := range map[plan.State]int{plan.Waiting: 2, plan.Running: 1, plan.Stopping: 0} {
			got := must(db.PlanRuns(ctx, plan.RunFilter{Plan: "nightly", States: []plan.State{state}}, page.Request{}))(t)
			if len(got.Items) != want {
				t.Errorf("%d plan runs are listed as %s, want %d", len(got.Items), state, want)
			}
		}
		both := must(db.PlanRuns(ctx, plan.RunFilter{States: []plan.State{plan.Waiting, plan.Running}}, page.Request{}))(t)
		if len(both.Items) != 3 {
			t.Errorf("%d plan runs are listed as waiting or running, want 3", len(both.Items))
		}
		later := noon.Add(time.Hour)
		playOut(t, db, "01A", later)
		wantPlanRuns(t, db, "01A=succeeded 01B=running 01C=waiting")
		begun := must(db.PlanRun(ctx, "01B"))(t)
		if begun.Reason != "" || !begun.StartedAt.Equal(later) {
			t.Errorf("the one that was released started at %s, and says %q", begun.StartedAt, begun.Reason)
		}
		wantSubject(t, db, "01B", "plan_run.waiting", "plan_run.running")
		wantKind(t, db.DeletePlan(ctx, "nightly", 0, later), fault.Conflict)
		if r, _ := moveOn(t, db, "01C", plan.CancelAsked{By: "ops"}, later); r.State != plan.Cancelled || r.Nodes[0].State != plan.NodeCancelled {
			t.Errorf("what was cancelled as it waited is %+v", r)
		}
		playOut(t, db, "01B", later)
		wantPlanRuns(t, db, "01A=succeeded 01B=succeeded 01C=cancelled")
	})
}

func TestAPlanRunBeginsWhenOneIsCancelledOrTheLimitRises(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		limited(t, db, 1, "")
		for _, id := range []plan.RunID{"01A", "01B", "01C", "01D", "01E"} {
			requestPlanRun(t, db, id, "")
		}
		limitPlan(t, db, 2, "")
		wantPlanRuns(t, db, "01A=running 01B=running 01C=waiting 01D=waiting 01E=waiting")
		if r := must(db.PlanRun(context.Background(), "01C"))(t); r.Reason != "waits for another plan run: 2 of 2 running" {
			t.Errorf("what still waits says %q", r.Reason)
		}
		// Nothing of it has begun, so it ends at once.
		moveOn(t, db, "01A", plan.CancelAsked{}, noon)
		wantPlanRuns(t, db, "01A=cancelled 01B=running 01C=running 01D=waiting 01E=waiting")
		limitPlan(t, db, 1, "")
		moveOn(t, db, "01B", plan.CancelAsked{}, noon)
		wantPlanRuns(t, db, "01A=cancelled 01B=cancelled 01C=running 01D=waiting 01E=waiting")
		limitPlan(t, db, 0, "")
		wantPlanRuns(t, db, "01A=cancelled 01B=cancelled 01C=running 01D=running 01E=running")
	})
}

func TestAPlanRunThatIsResumedWaitsForItsTurn(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		limited(t, db, 1, task.BusySkip)
		requestPlanRun(t, db, "01A", "")
		r, _ := moveOn(t, db, "01A", plan.Began{}, noon)
		moveOn(t, db, "01A", plan.RunEnded{Run: r.Nodes[0].Run, State: task.Failed}, noon)
		requestPlanRun(t, db, "01B", "")
		m := plan.Move{Before: must(db.PlanRun(ctx, "01A"))(t)}
		m.After = must(plan.Resume(m.Before, "ops"))(t)
		_, err := db.MovePlanRun(ctx, m, noon)
		check(t, err)
		wantPlanRuns(t, db, "01A=waiting 01B=running")
		if r := must(db.PlanRun(ctx, "01A"))(t); r.Reason != "waits for another plan run: 1 of 1 running" {
			t.Errorf("it waits because %q", r.Reason)
		}
		playOut(t, db, "01B", noon.Add(time.Minute))
		again := must(db.PlanRun(ctx, "01A"))(t)
		if again.State != plan.Running || !again.StartedAt.Equal(noon) {
			t.Errorf("it is %s, and started at %s", again.State, again.StartedAt)
		}
		playOut(t, db, "01A", noon.Add(time.Minute))
		wantPlanRuns(t, db, "01A=succeeded 01B=succeeded")
	})
}

func TestABusyPlanRefusesAFurtherRunOrReplacesOne(t *testing.T) {
	request := func(t *testing.T, db *store.DB, id plan.RunID, key string) (plan.Run, bool, error) {
		r := must(plan.NewRun(id, twoSteps, nil, task.Cause{Kind: task.CauseManual}, noon))(t)
		return db.InsertPlanRun(context.Background(), r, key)
	}
	onEach(t, func(t *testing.T, db *store.DB) {
		limited(t, db, 1, task.BusySkip)
		requestPlanRun(t, db, "01A", "key")
		_, _, err := request(t, db, "01B", "")
		refusal, is := errors.AsType[*plan.Refusal](err)
		if !is || refusal.Reason != "the plan is busy: 1 run has not ended, of at most 1, and when_busy is skip" {
			t.Errorf("got %v", err)
		}
		wantKind(t, err, fault.Conflict)
		wantSubject(t, db, "01B")
		if again, created, err := request(t, db, "01C", "key"); err != nil || created || again.ID != "01A" {
			t.Errorf("the same request again got %s, created %v, %v", again.ID, created, err)
		}

		limitPlan(t, db, 1, task.BusyReplace)
		begun, _ := moveOn(t, db, "01A", plan.Began{}, noon)
		requestPlanRun(t, db, "01D", "")
		wantPlanRuns(t, db, "01A=stopping 01D=waiting")
		first := must(db.PlanRun(context.Background(), "01A"))(t)
		if first.Reason != "replaced by plan run 01D, as the plan is busy and when_busy is replace" || first.Nodes[0].Stop != plan.StopCancel {
			t.Errorf("what is replaced says %q: %+v", first.Reason, first.Nodes)
		}
		if run := getRun(t, db, begun.Nodes[0].Run); run.State != task.Cancelled || !strings.Contains(run.Reason, "replaced by plan run 01D") {
			t.Errorf("the run of the node is %s because %q", run.State, run.Reason)
		}
		// What waits is replaced at once, and what is stopping is not cancelled once more.
		requestPlanRun(t, db, "01E", "")
		wantPlanRuns(t, db, "01A=stopping 01D=cancelled 01E=waiting")
		moveOn(t, db, "01A", plan.RunEnded{Run: begun.Nodes[0].Run, State: task.Cancelled}, noon)
		wantPlanRuns(t, db, "01A=cancelled 01D=cancelled 01E=running")
		// Nothing of the last one has begun, so it gives way within the same transaction.
		if r := requestPlanRun(t, db, "01F", ""); r.State != plan.Running {
			t.Errorf("the newest is %s because %q", r.State, r.Reason)
		}
		wantPlanRuns(t, db, "01A=cancelled 01D=cancelled 01E=cancelled 01F=running")
	})
}

func TestAPlanRunThatFindsTheQueueFullIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		limited(t, db, 1, "")
		_ = must(db.EditPlan(ctx, "nightly", 0, noon, func(s *plan.Spec) error { s.MaxQueued = 1; return nil }))(t)
		requestPlanRun(t, db, "01A", "")
		requestPlanRun(t, db, "01B", "")
		refused := must(plan.NewRun("01C", twoSteps, nil, task.Cause{Kind: task.CauseManual}, noon))(t)
		_, _, err := db.InsertPlanRun(ctx, refused, "")
		refusal, is := errors.AsType[*plan.Refusal](err)
		if !is || refusal.Reason != "the queue of the plan is full: 1 run waits, of at most 1" {
			t.Errorf("got %v", err)
		}
		wantKind(t, err, fault.Conflict)
		// One that is resumed asks for nothing anew.
		moveOn(t, db, "01A", plan.CancelAsked{}, noon)
		requestPlanRun(t, db, "01D", "")
		m := plan.Move{Before: must(db.PlanRun(ctx, "01A"))(t)}
		m.After = must(plan.Resume(m.Before, "ops"))(t)
		_, err = db.MovePlanRun(ctx, m, noon)
		check(t, err)
		wantPlanRuns(t, db, "01A=waiting 01B=running 01D=waiting")
	})
}

func TestAPlanRunThatWaitsHasItsTimeInTheQueue(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		limited(t, db, 1, "")
		expired := func(now time.Time) string { return fmt.Sprint(must(db.ExpiredPlanRuns(ctx, now, 10))(t)) }
		request := func(id plan.RunID) {
			s := twoSteps
			s.MaxConcurrent, s.MaxQueueTime = 1, task.Duration(time.Hour)
			r := must(plan.NewRun(id, s, nil, task.Cause{Kind: task.CauseManual}, noon))(t)
			_, _, err := db.InsertPlanRun(ctx, r, "")
			check(t, err)
		}
		for _, id := range []plan.RunID{"01A", "01B", "01C"} {
			request(id)
		}
		late := noon.Add(time.Hour)
		if early, then := expired(late.Add(-time.Second)), expired(late); early != "[]" || then != "[01B 01C]" {
			t.Errorf("%s had waited for too long before, and %s then", early, then)
		}
		// What begins, or ends otherwise, does not wait any more.
		playOut(t, db, "01A", noon)
		if got := expired(late); got != "[01C]" {
			t.Errorf("%s have waited for too long", got)
		}
		if r, _ := moveOn(t, db, "01C", plan.Expired{}, late); r.State != plan.Failed || r.ExpiresAt != nil {
			t.Errorf("it is %s, and expires at %v", r.State, r.ExpiresAt)
		}
		wantSubject(t, db, "01C", "plan_run.waiting", "plan_run.node", "plan_run.node", "plan_run.failed")
		m := plan.Move{Before: must(db.PlanRun(ctx, "01C"))(t)}
		m.After = must(plan.Resume(m.Before, "ops"))(t)
		_, err := db.MovePlanRun(ctx, m, late)
		check(t, err)
		if early, then := expired(late.Add(time.Hour-time.Second)), expired(late.Add(time.Hour)); early != "[]" || then != "[01C]" {
			t.Errorf("resumed: %s had waited for too long before, and %s then", early, then)
		}
		moveOn(t, db, "01B", plan.CancelAsked{}, late)
		wantPlanRuns(t, db, "01A=succeeded 01B=cancelled 01C=running")
		if got := expired(late.Add(48 * time.Hour)); got != "[]" {
			t.Errorf("%s have waited for too long", got)
		}
	})
}

func TestAnOccurrenceOfABusyPlanIsSkippedWithTheReason(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		limited(t, db, 1, task.BusySkip)
		owner := task.PlanOwner("nightly")
		made := must(db.CreateTrigger(ctx, owner, task.TriggerSpec{Name: "often", Every: task.Duration(time.Minute)}, noon))(t)
		from := *made.Next
		var due []task.Occurrence
		for i := range 3 {
			at := from.Add(time.Duration(i) * time.Minute)
			due = append(due, task.Occurrence{Owner: owner, Trigger: "often", ScheduledFor: at, Run: task.RunID(fmt.Sprint("01", i)), DecidedAt: at})
		}
		next := from.Add(time.Hour)
		checkAll(t, db.Fire(ctx, []task.Firing{{Owner: owner, Trigger: "often", From: from, Next: &next, DueAt: &next, Occurrences: due}}, nil, next))
		wantPlanRuns(t, db, "010=running")
		skipped := must(db.Occurrences(ctx, task.OccurrenceFilter{Owner: owner, Skipped: true}, page.Request{}))(t)
		if len(skipped.Items) != 2 || !strings.Contains(skipped.Items[0].Reason, "the plan is busy: 1 run has not ended") {
			t.Errorf("got the skipped occurrences %+v", skipped.Items)
		}
	})
}

// TestPlanRunsKeepTheLimitWhateverHappensAtOnce has several callers request, cancel, end and resume runs of one plan and
// change its limit. After each of them: no more go on than may, and none waits where there is room.
func TestPlanRunsKeepTheLimitWhateverHappensAtOnce(t *testing.T) {
	const callers, steps = 4, 40
	onEach(t, func(t *testing.T, db *store.DB) {
		limited(t, db, 2, task.BusyQueue)
		var all sync.WaitGroup
		for caller := range callers {
			all.Go(func() {
				r := rand.New(rand.NewPCG(7, uint64(caller)))
				for i := range steps {
					meddle(t, db, r, plan.RunID(fmt.Sprintf("01%d%02d", caller, i)))
					wantWithinLimit(t, db, 2)
				}
			})
		}
		all.Wait()
		for range 10 * callers * steps {
			going := must(db.PlanRuns(context.Background(), plan.RunFilter{States: []plan.State{plan.Running, plan.Stopping}}, page.Request{}))(t)
			if len(going.Items) == 0 {
				break
			}
			endNode(t, db, going.Items[0].ID)
			wantWithinLimit(t, db, 2)
		}
		left := must(db.PlanRuns(context.Background(), plan.RunFilter{States: []plan.State{plan.Waiting, plan.Running, plan.Stopping}}, page.Request{}))(t)
		if len(left.Items) != 0 {
			t.Errorf("%d plan runs never ended", len(left.Items))
		}
		wantReleasedOnce(t, db)
	})
}

// meddle does one thing to the runs of the plan, which may well be refused: others have been faster.
func meddle(t *testing.T, db *store.DB, r *rand.Rand, id plan.RunID) {
	ctx := context.Background()
	open := must(db.PlanRuns(ctx, plan.RunFilter{}, page.Request{}))(t)
	if len(open.Items) == 0 || r.IntN(3) == 0 {
		made := must(plan.NewRun(id, twoSteps, nil, task.Cause{Kind: task.CauseManual}, noon))(t)
		if _, _, err := db.InsertPlanRun(ctx, made, ""); err != nil {
			t.Errorf("request: %v", err)
		}
		return
	}
	chosen := open.Items[r.IntN(len(open.Items))]
	switch {
	case chosen.State.Final() && chosen.State != plan.Succeeded:
		before := must(db.PlanRun(ctx, chosen.ID))(t)
		if after, err := plan.Resume(before, "ops"); err == nil {
			_, _ = db.MovePlanRun(ctx, plan.Move{Before: before, After: after}, noon)
		}
	case r.IntN(4) == 0:
		_, _ = db.MovePlanRun(ctx, plan.After(must(db.PlanRun(ctx, chosen.ID))(t), plan.CancelAsked{}, noon), noon)
	default:
		endNode(t, db, chosen.ID)
	}
}

// endNode has a plan run go on by a step, unless somebody else does so just then.
func endNode(t *testing.T, db *store.DB, id plan.RunID) {
	ctx := context.Background()
	r := must(db.PlanRun(ctx, id))(t)
	var e plan.Event = plan.Began{}
	if i := slices.IndexFunc(r.Nodes, func(n plan.NodeRun) bool { return n.State == plan.NodeRunning }); i >= 0 {
		e = plan.RunEnded{Run: r.Nodes[i].Run, State: task.Succeeded}
	}
	m := moveAfter(t, db, id, e, noon)
	if _, err := db.MovePlanRun(ctx, m, noon); err != nil && !errors.Is(err, fault.Conflict) {
		t.Errorf("move: %v", err)
	}
}

func wantWithinLimit(t *testing.T, db *store.DB, most int) {
	open := must(db.PlanRuns(context.Background(), plan.RunFilter{States: []plan.State{plan.Waiting, plan.Running, plan.Stopping}}, page.Request{}))(t)
	going := 0
	for _, r := range open.Items {
		if r.State != plan.Waiting {
			going++
		}
	}
	if waiting := len(open.Items) - going; going > most || waiting > 0 && going < most {
		t.Errorf("%d plan runs go on and %d wait, of at most %d", going, waiting, most)
	}
}

// wantReleasedOnce looks at the events: each plan run that waited began once for each time that it did, or was cancelled.
func wantReleasedOnce(t *testing.T, db *store.DB) {
	all := must(db.Events(context.Background(), task.EventFilter{}, 5000))(t)
	waited, begun := 0, map[string]int{}
	for _, e := range all {
		switch e.Kind {
		case "plan_run.waiting":
			waited++
			begun[e.Subject]++
		case "plan_run.running", "plan_run.stopping", "plan_run.cancelled":
			if e.From == "waiting" {
				begun[e.Subject]--
			}
		}
	}
	for id, n := range begun {
		if n != 0 {
			t.Errorf("plan run %s waited %d times more than it went on", id, n)
		}
	}
	if waited < 10 {
		t.Errorf("only %d plan runs waited", waited)
	}
}
