package conductor_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func (w *world) preview(drafts ...virtualserver.Spec) []virtualserver.Effect {
	w.t.Helper()
	effects, err := w.c.PreviewVirtualServers(w.t.Context(), drafts, "")
	check(w.t, err)
	return effects
}

func TestAPreviewNamesTheTasksThatWouldLoseTheirLastServer(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	_, err := w.c.EditServer(t.Context(), "js-1", 0, func(s *jobserver.Server) error {
		s.Labels = map[string]string{"disk": "fast"}
		return nil
	})
	check(t, err)
	w.task("anywhere", policy.Word(policy.Wait))
	w.task("fast", policy.Word(policy.Wait), func(s *task.Spec) { s.Requires = map[string]string{"disk": "fast"} })
	w.task("nowhere", policy.Word(policy.Wait), func(s *task.Spec) { s.Requires = map[string]string{"disk": "tape"} })
	w.task("bound", policy.Word(policy.Wait), onServer("js-1"))
	effects := w.preview(
		virtualserver.Spec{Name: "etl", Members: []string{"js-2"}},
		virtualserver.Spec{Name: "etl"},
		virtualserver.Spec{Name: "etl", Members: []string{"js-2", "js-1"}},
	)
	for i, want := range [][]string{{"fast"}, {"anywhere", "fast"}, nil} {
		if got := effects[i].Stranded; !slices.Equal(got, want) {
			t.Errorf("draft %d strands %v, want %v", i, got, want)
		}
	}
	if got := effects[0]; got.Before.Slots != 8 || got.After.Slots != 4 || got.After.Members != 1 || got.Placement.Chosen != "js-2" {
		t.Errorf("got %+v, want 8 slots before, 4 after, and js-2 chosen", got)
	}
}

func TestAPreviewCountsTheWaitingRunsThatCouldStartAndChangesNothing(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	_, err := w.c.EditVirtualServer(t.Context(), "etl", 0, func(s *virtualserver.Spec) error {
		s.Members = []string{"js-1"}
		return nil
	})
	check(t, err)
	w.task("load", policy.Word(policy.Wait))
	for range 4 {
		w.start("load")
	}
	for range 6 {
		_, err := w.c.StartRun(t.Context(), "load", task.RunRequest{})
		check(t, err)
	}
	w.step()
	for range 2 {
		got := w.preview(virtualserver.Spec{Name: "etl", Members: []string{"js-1", "js-2"}})[0]
		if got.Queued != 6 || got.CouldStart != 4 || got.Counted || got.Before.Used != 4 || got.After.Slots != 8 {
			t.Fatalf("got %+v, want 4 of 6 waiting runs to start on the slots of js-2", got)
		}
	}
	if used := w.server("js-2").SlotsUsed; used != 0 {
		t.Errorf("%d slots of js-2 are taken by asking", used)
	}
	stored, err := w.c.VirtualServer(t.Context(), "etl")
	check(t, err)
	if len(stored.Members) != 1 {
		t.Errorf("the group has the members %v after asking", stored.Members)
	}
}

func TestAPreviewOfANewGroupAndOfATaskThatIsNone(t *testing.T) {
	w := newWorld(t, "js-1")
	got := w.preview(virtualserver.Spec{Name: "new", Members: []string{"js-1", "js-9"}})[0]
	if got.Before != (virtualserver.Capacity{}) || got.After.Slots != 4 || got.Placement.Chosen != "js-1" || got.Stranded != nil {
		t.Errorf("got %+v", got)
	}
	_, err := w.c.PreviewVirtualServers(t.Context(), []virtualserver.Spec{{Name: "etl"}}, "nosuch")
	if !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v for a task that does not exist, want invalid", err)
	}
}
