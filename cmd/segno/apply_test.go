package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

const setup = `kind: task
name: load-orders
target: {virtual_server: etl}
timeout: 1h
params: {date: 2026-01-01, pace: 0.5}
job:
  steps:
    - {name: extract, command: [sh, extract.sh]}
    - {name: load, command: [sh, load.sh, "${{ params.date }}"]}
---
kind: virtual-server
name: etl
members: [js-1, js-2]
---
kind: server
name: js-1
labels: {disk: ssd}
slots: 16
`

func withServers(t *testing.T) *shell {
	s := newShell(t)
	s.api.addServer("js-1", map[string]string{"disk": "hdd", "room": "cellar"})
	s.api.addServer("js-2", nil)
	return s
}

// file writes a file into a new folder and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "setup.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestApplyShowsTheDifferenceAndMakesItInOrder(t *testing.T) {
	s := withServers(t)
	got := s.run("apply", "-f", file(t, setup))
	if got.code != 0 {
		t.Fatalf("exit code %d: %s", got.code, got.err)
	}
	want := `server js-1: change
  ~ labels.disk: hdd → ssd
  - labels.room: cellar
  ~ slots: 8 → 16
virtual-server etl: create
  + members: [js-1, js-2]
task load-orders: create
  + job.steps[0].command: [sh, extract.sh]
  + job.steps[0].name: extract
  + job.steps[1].command: [sh, load.sh, ${{ params.date }}]
  + job.steps[1].name: load
  + params.date: 2026-01-01
  + params.pace: 0.5
  + target.virtual_server: etl
  + timeout: 1h0m0s
`
	if got.out != want {
		t.Errorf("got\n%s\nwant\n%s", got.out, want)
	}
	var verbs []string
	for _, call := range s.api.calls {
		verbs = append(verbs, strings.Join(strings.Fields(call)[:2], " "))
	}
	if order := strings.Join(verbs, ", "); order != "PATCH /servers/js-1, POST /virtual-servers, POST /tasks" {
		t.Errorf("the changes were made in the order %s", order)
	}
}

func TestApplyTwiceChangesNothing(t *testing.T) {
	s := withServers(t)
	path := file(t, setup)
	s.ok("apply", "-f", path)
	s.api.calls = nil
	if got := s.ok("apply", "-f", path); got != "Nothing to change: 3 things are as in the files.\n" {
		t.Errorf("the second time: got %q", got)
	}
	if got := s.run("apply", "-f", path, "--dry-run"); got.code != 0 {
		t.Errorf("a dry run with nothing to do: got code %d, want 0", got.code)
	}
	if len(s.api.calls) > 0 {
		t.Errorf("the second time something was changed: %q", s.api.calls)
	}
}

func TestApplyTakesADefaultForTheSameWhetherSpelledOutOrNot(t *testing.T) {
	s := withServers(t)
	s.ok("apply", "-f", file(t, setup))
	spelled := strings.Replace(setup, "timeout: 1h\n", "timeout: 60m\nstop_grace: 10s\noutput_limit: 64MiB\nresources: {slots: 1}\n", 1)
	spelled = strings.Replace(spelled, "members: [js-1, js-2]", "members: [js-1, js-2]\nselection: best-rated\nrating: recommended", 1)
	if got := s.ok("apply", "-f", file(t, spelled)); !strings.HasPrefix(got, "Nothing to change") {
		t.Errorf("got %s", got)
	}
}

func TestApplyPutsBackWhatWasChangedByHandAndTakesOutWhatTheFileHasNot(t *testing.T) {
	s := withServers(t)
	path := file(t, setup)
	s.ok("apply", "-f", path)
	s.api.addTask("load-orders", func(spec *task.Spec) {
		*spec = s.api.tasks["load-orders"].Spec
		spec.Priority, spec.Params = 7, map[string]string{"date": "2026-01-01", "pace": "0.5", "extra": ""}
	})
	group := s.api.groups["etl"]
	group.Rating = virtualserver.Rating{Indicators: []virtualserver.Indicator{{Name: "cpu_idle", Min: 0.1, Max: 1, Weight: 4}}}
	s.api.groups["etl"] = group
	got := s.ok("apply", "-f", path)
	for _, line := range []string{"  - priority: 7\n", "  - params.extra: \"\"\n", "  + rating: recommended\n", "1 thing is as in the files.\n"} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is missing in\n%s", line, got)
		}
	}
	after := s.api.tasks["load-orders"].Spec
	if _, left := after.Params["extra"]; left || after.Priority != 0 || !s.api.groups["etl"].Rating.IsZero() {
		t.Errorf("it is still there: %+v %+v", after, s.api.groups["etl"].Rating)
	}
	if got := s.ok("apply", "-f", path); !strings.HasPrefix(got, "Nothing to change") {
		t.Errorf("once more: got %s", got)
	}
}

func TestApplySetsOfAServerOnlyWhatTheFileHas(t *testing.T) {
	s := withServers(t)
	s.ok("apply", "-f", file(t, "kind: server\nname: js-1\npower: 2\n"))
	after := s.api.servers["js-1"]
	if after.Power != 2 || after.Slots != 8 || after.Labels["room"] != "cellar" {
		t.Errorf("got %+v", after.ServerSettings)
	}
}

func TestApplyDryRunChangesNothingAndTellsByItsCode(t *testing.T) {
	s := withServers(t)
	got := s.run("apply", "-f", file(t, setup), "--dry-run")
	if got.code != 2 || !strings.Contains(got.out, "task load-orders: create") || len(s.api.calls) > 0 {
		t.Errorf("got code %d, calls %q and\n%s", got.code, s.api.calls, got.out)
	}
}

func TestApplyAsksOnATerminal(t *testing.T) {
	for answer, applied := range map[string]bool{"y\n": true, "yes\n": true, "n\n": false, "\n": false, "": false} {
		s := withServers(t)
		s.terminal, s.stdin = true, answer
		got := s.run("apply", "-f", file(t, setup), "--no-color")
		if done := len(s.api.calls) > 0; done != applied || (got.code == 0) != applied {
			t.Errorf("the answer %q: got code %d and calls %q", answer, got.code, s.api.calls)
		}
		if !strings.Contains(got.err, "3 changes: apply? [y/N]") {
			t.Errorf("it did not ask: %q", got.err)
		}
	}
	s := withServers(t)
	s.terminal = true
	if got := s.run("apply", "-f", file(t, setup), "--yes"); got.code != 0 || strings.Contains(got.err, "[y/N]") {
		t.Errorf("with --yes: got code %d and %q", got.code, got.err)
	}
}

func TestApplyTellsEverythingThatIsWrongWithFileAndLineBeforeItChangesAnything(t *testing.T) {
	s := withServers(t)
	path := file(t, `kind: virtual-server
name: etl
members: [js-1]
---
kind: server
name: js-9
slots: 4
---
kind: task
name: Load Orders
target: {virtual_server: etl}
job:
  command: []
`)
	got := s.run("apply", "-f", path)
	for _, want := range []string{
		path + ":5: server js-9: it has not joined", path + ":10: task Load Orders: name must be 1 to 63", path + ":1", "task Load Orders: job",
	} {
		if !strings.Contains(got.err, want) {
			t.Errorf("%q is missing in\n%s", want, got.err)
		}
	}
	if got.code != 1 || len(s.api.calls) > 0 {
		t.Errorf("got code %d and calls %q, want 1 and none", got.code, s.api.calls)
	}
}

func TestApplyNamesTheLineOfAFieldThatTheConductorRefuses(t *testing.T) {
	s := withServers(t)
	path := file(t, "kind: virtual-server\nname: etl\nmembers:\n  - js-1\n  - js-7\n")
	got := s.run("apply", "-f", path)
	if want := path + ":5: virtual-server etl: members[1] names js-7, which is no job server"; got.code != 1 || !strings.Contains(got.err, want) {
		t.Errorf("got code %d and %q, want %q", got.code, got.err, want)
	}
}

func TestApplyReadsStandardInputAndFolders(t *testing.T) {
	s := withServers(t)
	s.stdin = setup
	s.ok("apply", "-f", "-")
	if got := s.ok("apply", "-f", filepath.Dir(file(t, setup))); !strings.HasPrefix(got, "Nothing to change: 3 things") {
		t.Errorf("a folder: got %s", got)
	}
	if got := s.run("apply"); got.code != 2 {
		t.Errorf("without files: got code %d, want 2", got.code)
	}
}

func TestLineDifferencesShowWhatChangedAround(t *testing.T) {
	before := "a\nb\nc\nd\ne\nf\ng\n"
	after := "a\nb\nc\nd\nE\nf\ng\n"
	got := strings.Join(lineDifferences(before, after), "\n")
	if want := "  …\n  c\n  d\n- e\n+ E\n  f\n  g"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDifferencesOrderListsByNumber(t *testing.T) {
	steps := func(n int) (list []map[string]string) {
		for range n {
			list = append(list, map[string]string{"x": "y"})
		}
		return list
	}
	changes, err := differences(nil, map[string]any{"steps": steps(11)})
	if err != nil || changes[2].Path != "steps[2].x" || changes[10].Path != "steps[10].x" {
		t.Errorf("got %v and %v", changes, err)
	}
}
