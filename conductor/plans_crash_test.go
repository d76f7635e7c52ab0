package conductor_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// everyKind is a plan with an edge of each kind, a group with a limit, an output that is handed on, and a failure.
func everyKind() plan.Spec {
	return plan.Spec{
		Nodes: []plan.Node{
			{Name: "extract", Task: "extract"},
			{Name: "load-1", Task: "load", Params: map[string]string{"rows": "${{ nodes.extract.outputs.rows }}"}},
			{Name: "load-2", Task: "load"},
			{Name: "load-3", Task: "load"},
			{Name: "report", Task: "report"},
			{Name: "alarm", Task: "alarm"},
			{Name: "clean", Task: "clean"},
		},
		Groups: []plan.Group{{Name: "loads", Nodes: []string{"load-1", "load-2", "load-3"}, Limit: 2}},
		Edges: []plan.Edge{
			{From: "extract", To: "loads"}, {From: "loads", To: "report"}, {From: "loads", To: "alarm", On: plan.OnError},
			{From: "loads", To: "clean", On: plan.OnEnd},
		},
	}
}

// starts counts the runs of each node, from the runs themselves.
func (w *world) starts(id plan.RunID) map[string]int {
	w.t.Helper()
	runs, err := w.db.Runs(w.t.Context(), task.RunFilter{}, page.Request{Limit: page.MaxLimit})
	check(w.t, err)
	counts := map[string]int{}
	for _, r := range runs.Items {
		if of, node, ok := strings.Cut(r.Cause.By, "/"); ok && of == string(id) {
			counts[node]++
		}
	}
	return counts
}

// cutShort plays a plan that fails and is resumed, while the conductor dies at its nth change and another one takes its
// place. It reports whether it died.
func cutShort(t *testing.T, newWorld makeWorld, n int, after bool) (died bool) {
	w := newWorld(t, "js-1")
	w.planned(everyKind())
	m := &mortal{PlanStore: w.db, left: n, after: after}
	w.faultyPlans = m
	w.restart()
	survive := func() {
		if m.dead && w.faultyPlans != nil {
			died, w.faultyPlans = true, nil
			w.restart()
		}
	}
	// What a caller asked for and got no answer to, it asks for again; the key says that it is the same.
	var id plan.RunID
	insist := func(what string, ask func() error) {
		for range 3 {
			err := ask()
			if err == nil {
				return
			}
			if !errors.Is(err, errKilled) && !died {
				t.Fatalf("%s: %v", what, err)
			}
			survive()
			if w.planRunIs(id, plan.Running) {
				return
			}
		}
		t.Fatalf("%s was refused again and again", what)
	}
	insist("start", func() error {
		r, err := w.c.StartPlanRun(t.Context(), "nightly", plan.RunRequest{Key: "tonight"})
		id = r.ID
		return err
	})
	outcome := func(node string, try int) (int, map[string]string) {
		code, _ := failing("load-2")(node, try)
		return code, map[string]string{"rows": "7"}
	}
	play := func() {
		w.until(5*time.Minute, "the plan run has ended", func() bool {
			survive()
			w.work(outcome)
			return w.planRun(id).State.Final()
		})
	}
	play()
	wantNodes(t, w.planRun(id), "extract=succeeded load-1=succeeded load-2=failed load-3=succeeded report=skipped alarm=succeeded clean=succeeded")
	wantStarts(t, w.starts(id), "alarm:1 clean:1 extract:1 load-1:1 load-2:1 load-3:1")
	insist("resume", func() error {
		_, err := w.c.ResumePlanRun(t.Context(), id, "ops")
		return err
	})
	play()
	wantNodes(t, w.planRun(id), "extract=succeeded load-1=succeeded load-2=succeeded load-3=succeeded report=succeeded alarm=skipped clean=succeeded")
	wantStarts(t, w.starts(id), "alarm:1 clean:2 extract:1 load-1:1 load-2:2 load-3:1 report:1")
	if r := w.planRun(id); r.State != plan.Succeeded {
		t.Errorf("the plan run %s because %q", r.State, r.Reason)
	}
	all, err := w.db.PlanRuns(t.Context(), plan.RunFilter{}, page.Request{})
	check(t, err)
	if len(all.Items) != 1 {
		t.Errorf("there are %d plan runs, want one for one key", len(all.Items))
	}
	return died
}

func (w *world) planRunIs(id plan.RunID, s plan.State) bool {
	r, err := w.db.PlanRun(w.t.Context(), id)
	return err == nil && r.State == s
}

func wantStarts(t *testing.T, got map[string]int, want string) {
	t.Helper()
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(got)) {
		parts = append(parts, fmt.Sprintf("%s:%d", name, got[name]))
	}
	if s := strings.Join(parts, " "); s != want {
		t.Errorf("the nodes started %s, want %s", s, want)
	}
}

// TestEachEdgeIsTakenOnceWhereverTheConductorDies kills the conductor before and after each of its changes.
func TestEachEdgeIsTakenOnceWhereverTheConductorDies(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		deaths := 0
		for _, after := range []bool{false, true} {
			for n := 0; ; n++ {
				died := false
				t.Run(fmt.Sprintf("change %d, after its commit %v", n, after), func(t *testing.T) { died = cutShort(t, newWorld, n, after) })
				if !died || t.Failed() {
					break
				}
				deaths++
			}
		}
		// The request, its beginning, six ends of nodes, the resume, its beginning and three ends more.
		if deaths < 20 && !t.Failed() {
			t.Errorf("the conductor died %d times, want it to die at each change", deaths)
		}
	})
}

// TestTwoConductorsTakeAnEdgeOnce lets two conductors follow the same events of one store.
func TestTwoConductorsTakeAnEdgeOnce(t *testing.T) {
	onEach(t, func(t *testing.T, newWorld makeWorld) {
		w := newWorld(t, "js-1")
		w.planned(everyKind())
		id := w.startPlan(nil)
		other := &twin{PlanStore: w.db}
		w.faultyPlans = other
		w.restart()
		r := w.finish(id, func(string, int) (int, map[string]string) { return 0, map[string]string{"rows": "1"} })
		if r.State != plan.Succeeded || other.first == 0 {
			t.Fatalf("got the plan run %s, and the other conductor was first %d times", r.State, other.first)
		}
		wantStarts(t, w.starts(id), "clean:1 extract:1 load-1:1 load-2:1 load-3:1 report:1")
	})
}

// twin is a store in which another conductor stores each move of the planner just before this one does.
type twin struct {
	conductor.PlanStore
	first int
}

func (s *twin) MovePlanRun(ctx context.Context, m plan.Move, now time.Time) ([]task.Run, error) {
	if m.Follow != nil {
		if _, err := s.PlanStore.MovePlanRun(ctx, m, now); err != nil {
			return nil, err
		}
		s.first++
	}
	return s.PlanStore.MovePlanRun(ctx, m, now)
}
