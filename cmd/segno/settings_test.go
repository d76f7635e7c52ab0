package main

import (
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func TestRetentionIsShownAndChanged(t *testing.T) {
	s := newShell(t)
	got := s.ok("settings", "retention")
	for _, want := range []string{"the newest 1000 of each task and plan, for 15 days", "as long as its run", "never; these are the defaults"} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwithout %q", got, want)
		}
	}
	s.ok("settings", "retention", "--runs", "0", "--log-age", "36h")
	stored := s.api.settings["retention"]
	if stored.Runs != 0 || time.Duration(stored.LogAge) != 36*time.Hour || stored.Age != task.DefaultRetention().Age {
		t.Errorf("got %+v: what is not given stays", stored)
	}
	if got := s.ok("settings", "retention"); !strings.Contains(got, "all, for 15 days") || !strings.Contains(got, "for 36h") {
		t.Errorf("got\n%s", got)
	}
}

func TestRunsArePinned(t *testing.T) {
	s := newShell(t)
	s.api.runs[runID] = wire.Run{ID: runID, Task: "load", State: task.Succeeded}
	if got := s.ok("run", "pin", runID); got != "run "+runID+" is pinned: it is kept.\n" {
		t.Errorf("got %q", got)
	}
	if got := s.ok("run", "unpin", runID); got != "run "+runID+" is pinned no more.\n" {
		t.Errorf("got %q", got)
	}
}

func TestATaskShowsItsOwnRules(t *testing.T) {
	runs, age := 10, task.Duration(48*time.Hour)
	if got := retentionWord(&task.Retention{Runs: &runs, Age: &age}); got != "10 runs; for 2 days" {
		t.Errorf("got %q", got)
	}
}
