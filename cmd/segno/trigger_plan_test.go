package main

import (
	"strings"
	"testing"
)

func TestEachTriggerVerbTakesAPlanBehindItsPrefix(t *testing.T) {
	s := newShell(t)
	s.ok("trigger", "create", "plan:nightly", "often", "--every", "10m")
	s.ok("trigger", "create", "nightly", "of-task", "--every", "10m")
	s.ok("trigger", "pause", "plan:nightly", "often")
	s.ok("trigger", "resume", "plan:nightly", "often")
	s.ok("trigger", "pause", "plan:nightly")
	s.ok("trigger", "resume", "plan:nightly")
	if got := s.ok("trigger", "list", "plan:nightly"); !strings.Contains(got, "plan:nightly  often") || strings.Contains(got, "of-task") {
		t.Errorf("the list of the plan's triggers is\n%s", got)
	}
	for want, args := range map[string][]string{
		"plan:nightly":        {"show", "plan:nightly", "often"},
		"2026-11-22 13:00:00": {"preview", "plan:nightly", "often"},
		planRunID:             {"occurrences", "plan:nightly", "often"},
		"often":               {"forecast", "plan:nightly"},
		"permission denied":   {"watches", "plan:nightly", "in"},
		"/hooks/secret":       {"address", "plan:nightly", "push"},
	} {
		if got := s.ok(append([]string{"trigger"}, args...)...); !strings.Contains(got, want) {
			t.Errorf("%v: got\n%s\nwant %q in it", args, got, want)
		}
	}
	s.ok("trigger", "delete", "plan:nightly", "often")
	got := strings.Join(s.api.calls, "\n")
	for _, want := range []string{
		"POST /plans/nightly/triggers {", "POST /tasks/nightly/triggers {", "POST /plans/nightly/triggers/often/pause", "POST /plans/nightly/triggers/often/resume",
		"POST /plans/nightly/pause", "POST /plans/nightly/resume", "DELETE /plans/nightly/triggers/often",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s was not asked for, only\n%s", want, got)
		}
	}
	if bad := s.run("trigger", "list", "plan:"); bad.code == 0 || !strings.Contains(bad.err, "plan:nightly") {
		t.Errorf("a plan without a name: got %+v", bad)
	}
}

func TestApplyMakesTheTriggersOfAPlanWhatItsDocumentSays(t *testing.T) {
	s := newShell(t)
	const text = "kind: plan\nname: nightly\nnodes: [{name: a, task: a}]\n"
	one := text + "triggers:\n  - {name: nightly, cron: 30 2 * * *}\n"
	if dry := s.run("apply", "--dry-run", "-f", file(t, one)); dry.code != exitChanges || !strings.Contains(dry.out, "trigger plan:nightly/nightly: create") || len(s.api.calls) != 0 {
		t.Fatalf("a dry run: %+v, and asked was %q", dry, s.api.calls)
	}
	s.ok("apply", "-f", file(t, one))
	if got, has := s.api.triggers["plan:nightly/nightly"]; !has || got.Cron != "30 2 * * *" {
		t.Fatalf("the triggers are %+v", s.api.triggers)
	}
	for _, same := range []string{one, text} {
		if again := s.ok("apply", "-f", file(t, same)); !strings.Contains(again, "Nothing to change") {
			t.Errorf("got %s for\n%s", again, same)
		}
	}
	other := s.ok("apply", "-f", file(t, text+"triggers:\n  - {name: nightly, cron: 45 2 * * *}\n  - {name: often, every: 10m}\n"))
	if !strings.Contains(other, "trigger plan:nightly/nightly: change") || !strings.Contains(other, "cron: 30 2 * * * → 45 2 * * *") || len(s.api.triggers) != 2 {
		t.Errorf("got %s", other)
	}
	s.ok("apply", "-f", file(t, text+"triggers: []\n"))
	if len(s.api.triggers) != 0 {
		t.Errorf("an empty list leaves %v", s.api.triggers)
	}
}

func TestTaskCreateMakesTheTriggersOfItsFileInOneRequest(t *testing.T) {
	s := newShell(t)
	const text = "kind: task\nname: sums\ntarget: {virtual_server: etl}\njob: {command: [sh]}\ntriggers: [{name: often, every: 10m}]\n"
	s.ok("task", "create", "-f", file(t, text))
	if _, has := s.api.triggers["sums/often"]; !has || len(s.api.calls) != 1 {
		t.Errorf("made were the triggers %v by %q", s.api.triggers, s.api.calls)
	}
}

func TestPlanCreateMakesTheTriggersOfItsFile(t *testing.T) {
	s := newShell(t)
	s.ok("plan", "create", "-f", file(t, "kind: plan\nname: nightly\nnodes: [{name: a, task: a}]\ntriggers: [{name: often, every: 10m}]\n"))
	if _, has := s.api.triggers["plan:nightly/often"]; !has || len(s.api.plans) != 1 || len(s.api.calls) != 1 {
		t.Errorf("made were the plans %v and the triggers %v", s.api.plans, s.api.triggers)
	}
}

func TestPlanEditAppliesWhatIsSavedAndLeavesTriggersAlone(t *testing.T) {
	s := newShell(t)
	t.Setenv("TMPDIR", t.TempDir())
	s.ok("apply", "-f", file(t, "kind: plan\nname: nightly\nparams: {date: monday}\nnodes: [{name: a, task: a}]\ntriggers: [{name: often, every: 10m}]\n"))
	s.env["EDITOR"] = editor(t, `sed -i 's/monday/tuesday/' "$1"`)
	if got := s.ok("plan", "edit", "nightly"); !strings.Contains(got, "params.date: monday → tuesday") || s.api.plans["nightly"].Params["date"] != "tuesday" || len(s.api.triggers) != 1 {
		t.Errorf("got\n%s and the triggers %v", got, s.api.triggers)
	}
	s.env["EDITOR"] = editor(t, `sed -i 's/^name: nightly/name: other/' "$1"`)
	if got := s.run("plan", "edit", "nightly"); got.code != 1 || !strings.Contains(got.err, "one plan with the name nightly") || !strings.Contains(got.err, "still in") {
		t.Errorf("another name: got %+v", got)
	}
}
