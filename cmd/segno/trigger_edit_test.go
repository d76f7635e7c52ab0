package main

import (
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/task"
)

// withTriggers has the task load-orders with a trigger by the clock and one for files.
func withTriggers(t *testing.T) *shell {
	s := newShell(t)
	s.api.addTask("load-orders", nil)
	s.api.addTriggers(task.TaskOwner("load-orders"),
		task.TriggerSpec{Name: "nightly", Cron: "30 2 * * *", Timezone: "Europe/Paris", Calendar: "holidays", Params: map[string]string{"day": "today", "region": "eu"}},
		task.TriggerSpec{Name: "in", File: &task.FileTrigger{Server: "js-1", Path: "/data/in", Mask: "*.csv", Settle: task.Duration(10 * time.Second)}})
	return s
}

func TestTriggerEditChangesWhatTheFlagsNameAndLeavesTheRest(t *testing.T) {
	for line, want := range map[string]string{
		`nightly --cron "45 2 * * *" --calendar ""`:     `PATCH /tasks/load-orders/triggers/nightly {"calendar":null,"cron":"45 2 * * *"}`,
		`nightly --param day=yesterday`:                 `PATCH /tasks/load-orders/triggers/nightly {"params":{"day":"yesterday"}}`,
		`nightly --every 10m --jitter 30s`:              `PATCH /tasks/load-orders/triggers/nightly {"cron":null,"every":"10m0s","jitter":"30s"}`,
		`nightly --after extract --on-end any`:          `PATCH /tasks/load-orders/triggers/nightly {"after":{"on":"any","task":"extract"},"cron":null}`,
		`in --mask *.txt --settle 0`:                    `PATCH /tasks/load-orders/triggers/in {"file":{"mask":"*.txt","settle":null}}`,
		`in --on-virtual-server etl`:                    `PATCH /tasks/load-orders/triggers/in {"file":{"server":null,"virtual_server":"etl"}}`,
		`in --cron @daily --start 2026-12-01T00:00:00Z`: `PATCH /tasks/load-orders/triggers/in {"cron":"@daily","file":null,"start":"2026-12-01T00:00:00Z"}`,
	} {
		s := withTriggers(t)
		s.ok(append([]string{"trigger", "edit", "load-orders"}, split(line)...)...)
		if got := strings.Join(s.api.calls, "\n"); got != want {
			t.Errorf("%s: asked was\n%s\nwant\n%s", line, got, want)
		}
	}
	s := withTriggers(t)
	s.ok("trigger", "edit", "load-orders", "in", "--mask", "*.txt")
	if f := s.api.triggers["load-orders/in"].File; f == nil || f.Mask != "*.txt" || f.Path != "/data/in" || f.Server != "js-1" {
		t.Errorf("the trigger is %+v", f)
	}
}

// split splits a line as a shell does that knows double quotes alone.
func split(line string) []string {
	var words []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	return words
}

func TestTriggerEditMakesATriggerWhatAFileSays(t *testing.T) {
	s := withTriggers(t)
	got := s.ok("trigger", "edit", "load-orders", "nightly", "-f", file(t, "cron: 45 2 * * *\ntimezone: Europe/Paris\n"))
	if !strings.Contains(got, "trigger load-orders/nightly: change") || !strings.Contains(got, "cron: 30 2 * * * → 45 2 * * *") || !strings.Contains(got, "- calendar: holidays") {
		t.Errorf("got\n%s", got)
	}
	if now := s.api.triggers["load-orders/nightly"]; now.Cron != "45 2 * * *" || now.Calendar != "" || now.Params != nil {
		t.Errorf("the trigger is %+v", now)
	}
	s.ok("trigger", "create", "load-orders", "often", "-f", file(t, "kind: trigger\nname: often\nevery: 10m\npaused: true\n"))
	if now := s.api.triggers["load-orders/often"]; now.Every != task.Duration(10*time.Minute) || !now.Paused {
		t.Errorf("the trigger is %+v", now)
	}
	s.api.calls = nil
	for text, want := range map[string]string{
		"crom: 45 2 * * *\n":            "setup.yaml:1: crom is no key here",
		"name: other\ncron: '@daily'\n": "setup.yaml:1: name must be nightly",
		"kind: task\ncron: '@daily'\n":  "setup.yaml:1: kind must be trigger",
		"cron: '@daily'\nevery: 10m\n":  "setup.yaml:2: trigger nightly: every must be left out",
		"- cron: '@daily'\n":            "must hold one trigger",
		"cron: a\n---\ncron: b\n":       "must hold one trigger",
		"cron: [\n":                     "setup.yaml: ",
	} {
		if got := s.run("trigger", "edit", "load-orders", "nightly", "-f", file(t, text)); got.code != 1 || !strings.Contains(got.err, want) || len(s.api.calls) > 0 {
			t.Errorf("%q: got %+v, want %q", text, got, want)
		}
	}
	for _, args := range [][]string{{"edit", "load-orders", "nightly"}, {"create", "load-orders", "other"}} {
		if got := s.run(append(append([]string{"trigger"}, args...), "-f", "x.yaml", "--cron", "@daily")...); got.code != exitUsage || len(s.api.calls) > 0 {
			t.Errorf("%v with a file and flags: got %+v", args, got)
		}
	}
}

func TestTriggerEditOpensAnEditorWithoutFlags(t *testing.T) {
	s := withTriggers(t)
	t.Setenv("TMPDIR", t.TempDir())
	s.env["EDITOR"] = editor(t, `sed -i 's/30 2/45 2/' "$1"`)
	if got := s.ok("trigger", "edit", "load-orders", "nightly"); !strings.Contains(got, "cron: 30 2 * * * → 45 2 * * *") || s.api.triggers["load-orders/nightly"].Calendar != "holidays" {
		t.Errorf("got\n%s", got)
	}
}

func TestTaskEditShowsTheTriggersAndAppliesThem(t *testing.T) {
	s := withTriggers(t)
	t.Setenv("TMPDIR", t.TempDir())
	s.env["EDITOR"] = editor(t, `sed -i 's/30 2/45 2/' "$1"`)
	if got := s.ok("task", "edit", "load-orders"); !strings.Contains(got, "trigger load-orders/nightly: change") || s.api.triggers["load-orders/nightly"].Cron != "45 2 * * *" || len(s.api.triggers) != 2 {
		t.Errorf("got\n%s and the triggers %v", got, s.api.triggers)
	}
	s.env["EDITOR"] = editor(t, `sed -i '/^triggers:/,$d' "$1"`)
	if got := s.ok("task", "edit", "load-orders"); !strings.HasPrefix(got, "Nothing to change") || len(s.api.triggers) != 2 {
		t.Errorf("a document without the key: got\n%s and the triggers %v", got, s.api.triggers)
	}
}
