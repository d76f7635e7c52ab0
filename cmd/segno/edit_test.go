package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/task"
)

// editor returns a command that does to the file what the lines of shell say.
func editor(t *testing.T, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "editor")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nset -e\n"+lines+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTaskEditAppliesWhatIsSaved(t *testing.T) {
	s := newShell(t)
	t.Setenv("TMPDIR", t.TempDir())
	s.api.addTask("load-orders", func(spec *task.Spec) { spec.Params = map[string]string{"date": "2026-01-01"} })
	s.env["EDITOR"] = editor(t, `sed -i 's/2026-01-01/2026-02-02/' "$1"`)
	got := s.ok("task", "edit", "load-orders")
	if !strings.Contains(got, "  ~ params.date: 2026-01-01 → 2026-02-02\n") || s.api.tasks["load-orders"].Params["date"] != "2026-02-02" {
		t.Errorf("got\n%s", got)
	}
	s.env["EDITOR"] = "true"
	s.api.calls = nil
	if got := s.ok("task", "edit", "load-orders"); !strings.HasPrefix(got, "Nothing to change") || len(s.api.calls) > 0 {
		t.Errorf("nothing edited: got %q and %q", got, s.api.calls)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v %v", left, err)
	}
}

func TestACalendarAndARuleAreEditedAsTheirDocuments(t *testing.T) {
	s := newShell(t)
	t.Setenv("TMPDIR", t.TempDir())
	s.ok("calendar", "create", "holidays", "--date", "12-25")
	s.env["EDITOR"] = editor(t, `sed -i 's/12-25/12-26/' "$1"`)
	s.ok("calendar", "edit", "holidays")
	if got := s.api.calendars["holidays"].Entries; len(got) != 1 || got[0].Date != "12-26" {
		t.Errorf("the entries are %+v", got)
	}
	s.ok("notification", "rule", "create", "failures", "--events", "run_failed", "--channels", "ops")
	s.env["EDITOR"] = editor(t, `sed -i 's/run_failed/run_late/' "$1"`)
	s.ok("notification", "rule", "edit", "failures")
	if got := s.api.told.rules["failures"].Events; len(got) != 1 || got[0] != "run_late" {
		t.Errorf("the events are %v", got)
	}
	s.env["EDITOR"] = editor(t, `sed -i 's/^kind: .*/kind: task/' "$1"`)
	for _, of := range [][]string{{"calendar", "edit", "holidays"}, {"notification", "rule", "edit", "failures"}} {
		if got := s.run(of...); got.code != exitError || !strings.Contains(got.err, "still in") {
			t.Errorf("%v as another kind: %+v", of, got)
		}
	}
}

func TestTaskEditKeepsADocumentThatCannotBeApplied(t *testing.T) {
	s := newShell(t)
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s.api.addTask("load-orders", nil)
	for name, lines := range map[string]string{
		"an unknown key": `echo "nosuch: 1" >>"$1"`,
		"another name":   `sed -i 's/^name: .*/name: other/' "$1"`,
		"a failure":      `exit 1`,
	} {
		s.env["EDITOR"] = editor(t, lines)
		got := s.run("task", "edit", "load-orders")
		if got.code != 1 || !strings.Contains(got.err, "still in "+dir) || len(s.api.calls) > 0 {
			t.Errorf("%s: got code %d, %q and calls %q", name, got.code, got.err, s.api.calls)
		}
	}
}
