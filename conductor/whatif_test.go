package conductor_test

import (
	"testing"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

func TestWhatIfSaysWhatWouldBecomeOfEachRunAndChangesNothing(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	_, err := w.c.SetServerMode(t.Context(), "js-2", jobserver.Draining, "")
	check(t, err)
	w.task("waits", policy.Word(policy.Wait))
	w.task("bound", policy.Word(policy.Restart), onServer("js-1"))
	w.task("resets", policy.Word(policy.Reset))
	w.task("recovers", policy.Policy{Steps: []policy.Step{{After: time.Minute, Do: policy.Recover}}}, func(s *task.Spec) { s.Priority = 5 })
	ids := map[task.RunID]string{}
	for _, name := range []string{"waits", "bound", "resets", "recovers"} {
		id, a := w.start(name)
		ids[id] = name
		if name == "recovers" {
			check(t, a.checkpoint(refOf(id, 1), 1, "one"))
		}
	}
	_, err = w.c.SetServerMode(t.Context(), "js-2", jobserver.Active, "")
	check(t, err)
	answers, err := w.c.WhatIf(t.Context(), "js-1")
	check(t, err)
	if len(answers) != 4 || ids[answers[0].Run] != "recovers" {
		t.Fatalf("got %+v, want the four runs, that of higher priority first", answers)
	}
	for _, got := range answers {
		name := ids[got.Run]
		want := map[string]jobserver.WhatIf{
			"waits":    {Action: "wait"},
			"bound":    {Action: "restart", After: patience},
			"resets":   {Action: "reset", After: patience},
			"recovers": {Action: "recover", After: time.Minute, Server: "js-2"},
		}[name]
		if got.Task != name || got.Action != want.Action || got.Server != want.Server || want.After != 0 && got.After != want.After {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
		if (got.Checkpoint != nil) != (name == "recovers") {
			t.Errorf("%s: got checkpoint %+v", name, got.Checkpoint)
		}
		if name == "bound" {
			wantContains(t, got.Reason, "could not be placed", "js-1")
		}
	}
	if used := w.server("js-2").SlotsUsed; used != 0 {
		t.Errorf("%d slots of js-2 are taken by asking", used)
	}
	if got := w.server("js-1").State; got != jobserver.Online {
		t.Errorf("js-1 is %s, want online", got)
	}
}

func TestWhatIfPlacesRunsTogetherAsTheyWouldBe(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Restart), func(s *task.Spec) { s.Resources.Slots = 2 })
	for range 4 {
		w.start("load")
	}
	answers, err := w.c.WhatIf(t.Context(), "js-1")
	check(t, err)
	for _, a := range answers {
		if a.Server != "" {
			t.Errorf("run %s would go to %s, which is full", a.Run, a.Server)
		}
	}
	if len(answers) != 2 {
		t.Errorf("got %d runs on js-1, want 2", len(answers))
	}
}
