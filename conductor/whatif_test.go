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

func TestWhatIfPlacesRunsTogetherAndOnOtherServers(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Restart), func(s *task.Spec) { s.Resources.Slots = 2 })
	for range 3 {
		w.start("load")
	}
	full, free := "js-1", "js-2"
	if w.server("js-2").SlotsUsed == 4 {
		full, free = free, full
	}
	answers, err := w.c.WhatIf(t.Context(), full)
	check(t, err)
	if len(answers) != 2 || answers[0].Server != free || answers[1].Server != "" {
		t.Errorf("got %+v, want one of the two runs on %s and no place for the other", answers, free)
	}
	_, err = w.c.WhatIf(t.Context(), "nosuch")
	if !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v for a server that does not exist, want not found", err)
	}
}

func TestWhatIfNeverPlacesARunOnTheServerThatDies(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	_, err := w.c.EditServer(t.Context(), "js-1", 0, func(s *jobserver.Server) error { s.Power = 8; return nil })
	check(t, err)
	w.task("load", policy.Word(policy.Restart))
	_, a := w.start("load")
	answers, err := w.c.WhatIf(t.Context(), a.name)
	check(t, err)
	if a.name != "js-1" || len(answers) != 1 || answers[0].Server != "js-2" {
		t.Errorf("got %+v for %s, want js-2 in the place of js-1", answers, a.name)
	}
}

func TestWhereARunOfATaskWouldGoIsToldWithoutPlacingIt(t *testing.T) {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Wait))
	w.task("bound", policy.Word(policy.Wait), onServer("js-2"))
	for range 3 {
		p, err := w.c.TaskPlacement(t.Context(), "bound")
		check(t, err)
		if p.Chosen != "js-2" || len(p.Candidates) != 1 {
			t.Fatalf("got %+v, want the task's own server", p)
		}
	}
	p, err := w.c.TaskPlacement(t.Context(), "load")
	check(t, err)
	if p.Chosen == "" || len(p.Candidates) != 2 {
		t.Errorf("got %+v, want a choice among both servers", p)
	}
	if v := w.server("js-2"); v.SlotsUsed != 0 {
		t.Errorf("asking took %d slots", v.SlotsUsed)
	}
}
