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
