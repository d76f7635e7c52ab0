package main

import (
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/task"
)

func TestApplyMakesTheSettingsOfRetentionWhatTheirDocumentSays(t *testing.T) {
	s := newShell(t)
	s.ok("settings", "retention", "--event-age", "48h")
	path := file(t, "kind: retention\nruns: 5000\nage: 720h\n")
	got := s.ok("apply", "-f", path)
	for _, want := range []string{"retention settings: change", "runs", "5000", "event_age"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	want := task.DefaultRetention()
	want.Runs, want.Age = 5000, task.Duration(720*time.Hour)
	if kept := s.api.settings["retention"].RetentionSettings; kept != want {
		t.Errorf("got %+v, want %+v", kept, want)
	}
	if again := s.ok("apply", "-f", path); !strings.Contains(again, "Nothing to change") {
		t.Errorf("a second time: %s", again)
	}
	for text, reason := range map[string]string{
		"kind: retention\nage: 720h\nruns: -1\n":  "setup.yaml:3: retention settings: runs must be from 0",
		"kind: retention\nname: mine\n":           "setup.yaml:2: name is no key here",
		"kind: retention\n---\nkind: retention\n": "setup.yaml:3: retention settings is described at",
		"kind: retention\nage: soon\n":            "setup.yaml:2: age",
	} {
		if bad := s.run("apply", "-f", file(t, text)); bad.code == 0 || !strings.Contains(bad.err, reason) {
			t.Errorf("%q: exit code %d: %s", text, bad.code, bad.err)
		}
	}
}
