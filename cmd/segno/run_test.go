package main

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// followed prepares a run of load-orders that writes two lines and ends so.
func followed(s *shell, state task.State, code *int, reason string) {
	s.api.addTask("load-orders", nil)
	server := new("js-1")
	running := wire.RunStatus{State: task.Running, Attempt: 1, Server: server, Progress: &wire.Progress{Percent: 42, Message: "loading orders"}}
	end := wire.RunStatus{State: state, Attempt: 1, Server: server, ExitCode: code, Reason: reason}
	s.api.log = []sentEvent{
		{wire.EventRun, wire.RunStatus{State: task.Queued, Reason: "no free slot"}},
		{wire.EventAttempt, wire.LogAttempt{Attempt: 1, Server: server}},
		{wire.EventRun, running},
		output(0, wire.Stdout, "one\n"),
		output(4, wire.Stderr, "two\n"),
		{wire.EventEnd, end},
	}
	started, ended := wire.At(noon), wire.At(noon.Add(1500*time.Millisecond))
	s.api.runs[runID] = wire.Run{
		ID: runID, Task: "load-orders", State: state, ExitCode: code, Reason: reason, QueuedAt: wire.At(noon), StartedAt: &started, EndedAt: &ended,
		Attempt: 1, Server: server, Outputs: map[string]string{"rows": "1200"},
	}
}

func TestFollowEndsWithTheExitCodeOfTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		state task.State
		code  *int
		want  int
	}{
		"succeeded":                     {task.Succeeded, new(0), 0},
		"failed with the job's code":    {task.Failed, new(42), 42},
		"failed by a signal":            {task.Failed, new(137), 137},
		"failed before it could start":  {task.Failed, new(-1), 126},
		"failed without an exit record": {task.Failed, nil, 126},
		"a code that no process has":    {task.Failed, new(256), 1},
		"timed out":                     {task.TimedOut, new(143), 124},
		"cancelled":                     {task.Cancelled, new(143), 130},
		"lost":                          {task.Lost, nil, 125},
		"reset":                         {task.Reset, nil, 125},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			followed(s, c.state, c.code, "")
			if got := s.run("run", "start", "load-orders", "--follow"); got.code != c.want {
				t.Errorf("exit code: got %d, want %d\n%s", got.code, c.want, got.err)
			}
		})
	}
}

func TestFollowPrintsTheLogAloneOnStandardOutput(t *testing.T) {
	s := newShell(t)
	followed(s, task.Failed, new(3), "exit code 3")
	got := s.run("run", "start", "load-orders", "--follow")
	if got.out != "one\ntwo\n" {
		t.Errorf("standard output: got %q, want the job's two lines", got.out)
	}
	want := "Run " + runID + " of load-orders\nwaits: no free slot\nattempt 1 on js-1\nfailed after 1.5s: exit code 3\noutputs: rows=1200\n"
	if got.err != want {
		t.Errorf("standard error: got\n%s\nwant\n%s", got.err, want)
	}
}

func TestFollowShowsAProgressBarOnATerminalOnly(t *testing.T) {
	s := newShell(t)
	followed(s, task.Succeeded, new(0), "")
	if got := s.run("run", "start", "load-orders", "--follow"); strings.Contains(got.err, "42 %") || strings.Contains(got.err, "\x1b") {
		t.Errorf("there is a bar away from a terminal: %q", got.err)
	}
	s.terminal = true
	got := s.run("run", "start", "load-orders", "--follow")
	if !strings.Contains(got.err, "42 % loading orders") {
		t.Errorf("there is no bar on a terminal: %q", got.err)
	}
	// Whatever follows the bar takes it off first.
	after := got.err[strings.LastIndex(got.err, "loading orders"):]
	if !strings.Contains(after, "\r\x1b[K") {
		t.Errorf("the bar stays on the screen: %q", after)
	}
}

func TestFollowWithJSONGivesTheRunAtItsEnd(t *testing.T) {
	s := newShell(t)
	followed(s, task.Failed, new(9), "")
	got := s.run("run", "start", "load-orders", "--follow", "-o", "json")
	var r wire.Run
	if err := json.Unmarshal([]byte(got.out), &r); err != nil || r.State != task.Failed || got.code != 9 {
		t.Errorf("got code %d, %v and %s", got.code, err, got.out)
	}
	if !strings.Contains(got.err, "one\n") {
		t.Errorf("the log is not on standard error: %q", got.err)
	}
}

// interruptible lets the run go on, and presses Ctrl-C once its first line is there.
func interruptible(t *testing.T, s *shell) {
	t.Helper()
	followed(s, task.Running, nil, "")
	s.api.log = s.api.log[:5]
	s.api.hold = true
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	t.Cleanup(cancel)
	s.ctx = ctx
}

func TestCtrlCLeavesTheRun(t *testing.T) {
	s := newShell(t)
	interruptible(t, s)
	got := s.run("run", "start", "load-orders", "--follow")
	if got.code != 130 || !strings.Contains(got.err, "segno logs -f "+runID) || !strings.Contains(got.err, "segno run cancel "+runID) {
		t.Errorf("got code %d and %q, want 130 and how to go on", got.code, got.err)
	}
	for _, call := range s.api.calls {
		if strings.Contains(call, "cancel") {
			t.Errorf("the run was cancelled: %s", call)
		}
	}
}

func TestCtrlCCancelsTheRunWhereAsked(t *testing.T) {
	s := newShell(t)
	interruptible(t, s)
	got := s.run("run", "start", "load-orders", "--follow", "--cancel-on-interrupt")
	if got.code != 130 || s.api.calls[len(s.api.calls)-1] != "POST /runs/"+runID+"/cancel" {
		t.Errorf("got code %d and the calls %q, want 130 and a cancel", got.code, s.api.calls)
	}
	if got := s.run("run", "start", "load-orders", "--cancel-on-interrupt"); got.code != 2 {
		t.Errorf("without --follow: got code %d, want 2", got.code)
	}
}

func TestStartSendsParametersAndKey(t *testing.T) {
	s := newShell(t)
	s.api.addTask("load-orders", nil)
	out := s.ok("run", "start", "load-orders", "--param", "date=2026-01-31", "--param", "region=EU", "--idempotency-key", "build-7")
	if out != runID+"\n" {
		t.Errorf("got %q, want the run's id", out)
	}
	if want := `POST /tasks/load-orders/runs {"params":{"date":"2026-01-31","region":"EU"}}`; s.api.calls[0] != want {
		t.Errorf("got %s, want %s", s.api.calls[0], want)
	}
	if got := s.api.headers[0].Get("Idempotency-Key"); got != "build-7" {
		t.Errorf("Idempotency-Key: got %q, want build-7", got)
	}
}

func TestListShowsRunsOfTheStatesAskedFor(t *testing.T) {
	s := newShell(t)
	followed(s, task.Failed, new(3), "exit code 3")
	got := s.ok("run", "list", "--state", "failed")
	for _, word := range []string{runID, "load-orders", "failed", "js-1", "1.5s", "exit code 3"} {
		if !strings.Contains(got, word) {
			t.Errorf("%q is missing in\n%s", word, got)
		}
	}
	if got := s.run("run", "list", "--state", "broken"); got.code != 2 || !strings.Contains(got.err, "no state of a run") {
		t.Errorf("an unknown state: got code %d and %q", got.code, got.err)
	}
}

func TestLogsPrintsEachByteOnce(t *testing.T) {
	s := newShell(t)
	s.api.runs[runID] = wire.Run{ID: runID, State: task.Running, Attempt: 2}
	binary := string([]byte{0xff, 0x00, 0x80})
	s.api.log = []sentEvent{
		output(0, wire.Stdout, "one\ntw"), output(6, wire.Stdout, "o"),
		{wire.EventOutput, wire.LogChunk{Attempt: 1, Offset: 7, Next: 10, End: true, Pieces: []wire.LogPiece{{Stream: wire.Stdout, Base64: []byte(binary)}}}},
	}
	if got := s.ok("logs", runID); got != "one\ntwo"+binary {
		t.Errorf("got %q", got)
	}
	if got := s.run("logs", runID, "--attempt", "3"); got.code != 1 || !strings.Contains(got.err, "has had 2 attempts") {
		t.Errorf("an attempt that never was: got code %d and %q", got.code, got.err)
	}
	if got := s.run("logs", "nosuch"); got.code != 1 || !strings.Contains(got.err, "there is no nosuch") {
		t.Errorf("a run that never was: got code %d and %q", got.code, got.err)
	}
}

func TestLogsPaintsStandardErrorOnATerminalWhereAsked(t *testing.T) {
	s := newShell(t)
	s.terminal = true
	s.api.runs[runID] = wire.Run{ID: runID, State: task.Running, Attempt: 1}
	s.api.log = []sentEvent{output(0, wire.Stderr, "a\nb\n")}
	if got := s.ok("logs", runID); got != "a\nb\n" {
		t.Errorf("not asked for: got %q", got)
	}
	if got := s.ok("logs", runID, "--stderr-color"); got != "\x1b[31ma\x1b[0m\n\x1b[31mb\x1b[0m\n" {
		t.Errorf("asked for: got %q", got)
	}
	if got := s.ok("logs", runID, "--stderr-color", "--no-color"); got != "a\nb\n" {
		t.Errorf("with --no-color: got %q", got)
	}
}

func TestRunsAreListedByWhatIsAskedFor(t *testing.T) {
	s := newShell(t)
	if got := s.run("run", "list", "--late", "--state", "queued,running", "--task", "load-orders"); !strings.Contains(got.err, "There are no such runs.") {
		t.Errorf("got %q", got.out+got.err)
	}
	look := s.api.looks[len(s.api.looks)-1]
	path, query, _ := strings.Cut(look, "?")
	got, err := url.ParseQuery(query)
	if err != nil || path != "/runs" || got.Get("late") != "true" || got.Get("task") != "load-orders" || strings.Join(got["state"], ",") != "queued,running" {
		t.Errorf("asked for %q (%v)", look, err)
	}
	s.run("run", "list")
	if look := s.api.looks[len(s.api.looks)-1]; strings.Contains(look, "late") {
		t.Errorf("asked for %q without --late", look)
	}
}
