package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// routeRecovery answers what belongs to lost servers and to checkpoints.
func (f *fakeAPI) routeRecovery(mux *http.ServeMux) {
	f.route(mux, "GET /servers/{name}/what-if", func(r *http.Request) (any, error) {
		return wire.Page[wire.WhatIf]{Items: append([]wire.WhatIf{}, f.fates[r.PathValue("name")]...)}, nil
	})
	f.route(mux, "POST /servers/{name}/declare-dead", func(r *http.Request) (any, error) {
		s, err := find(f.servers, r.PathValue("name"))
		s.Mode, s.Status, s.Contact = jobserver.Disabled, "disabled", jobserver.Unavailable
		return s, err
	})
	for verb, intent := range map[string]task.Intent{"reset": task.IntentReset, "restart": task.IntentRestart, "recover": task.IntentRecover} {
		f.route(mux, "POST /runs/{name}/"+verb, func(r *http.Request) (any, error) {
			run, err := find(f.runs, r.PathValue("name"))
			if run.State == task.Failed {
				checkpoint := 3
				run.State, run.Next = task.Queued, &wire.Next{Ground: "exit reported", Checkpoint: &checkpoint}
			} else {
				run.State, run.Pending = task.Stopping, &intent
			}
			return run, err
		})
	}
	f.route(mux, "GET /runs/{name}/checkpoints", func(r *http.Request) (any, error) {
		run, err := find(f.runs, r.PathValue("name"))
		return wire.Page[wire.Checkpoint]{Items: append([]wire.Checkpoint{}, run.Checkpoints...)}, err
	})
	f.route(mux, "GET /recoverable-runs", func(*http.Request) (any, error) {
		return wire.Page[wire.Recoverable]{Items: append([]wire.Recoverable{}, f.recoverable...)}, nil
	})
	mux.HandleFunc("GET /api/v1/runs/{name}/checkpoints/{seq}/content", func(w http.ResponseWriter, r *http.Request) {
		content, ok := f.content[r.PathValue("name")+" "+r.PathValue("seq")]
		if !ok {
			writeProblem(w, wire.Problem{Status: 404, Title: "Not found", Detail: "there is no such checkpoint"})
			return
		}
		sum := sha256.Sum256(content)
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
		_, _ = w.Write(content)
	})
}

func half() wire.Checkpoint {
	return wire.Checkpoint{
		Sequence: 3, Attempt: 1, Name: "half", Label: "kept", Instructions: "call the owner first", Size: 2048, CreatedAt: wire.At(noon.Add(-90 * time.Second)),
	}
}

func (f *fakeAPI) addRun(change func(*wire.Run)) {
	server := "js-1"
	r := wire.Run{ID: runID, Task: "load-orders", State: task.Running, Server: &server, Attempt: 1, QueuedAt: wire.At(noon), Target: task.Target{VirtualServer: "etl"}}
	change(&r)
	f.runs[runID] = r
}

func TestRunsAreTakenUp(t *testing.T) {
	s := newShell(t)
	s.api.addRun(func(*wire.Run) {})
	const over = runID + " stopping: once attempt 1 on js-1 is certainly over, "
	for _, c := range []struct{ line, call, out string }{
		{"run reset " + runID, "POST /runs/" + runID + "/reset", over + "it is reset.\n"},
		{"run restart " + runID, "POST /runs/" + runID + "/restart", over + "it starts again from the beginning.\n"},
		{"run recover " + runID, "POST /runs/" + runID + "/recover {}", over + "it goes on from a checkpoint.\n"},
		{"run recover " + runID + " --checkpoint 2", "POST /runs/" + runID + `/recover {"checkpoint":2}`, over + "it goes on from a checkpoint.\n"},
	} {
		s.api.calls = nil
		if out := s.ok(strings.Fields(c.line)...); out != c.out || len(s.api.calls) != 1 || s.api.calls[0] != c.call {
			t.Errorf("%s: got %q and %q, want %q and %q", c.line, out, s.api.calls, c.out, c.call)
		}
	}
	s.api.addRun(func(r *wire.Run) { r.State = task.Failed })
	if got := s.ok("run", "recover", runID); got != runID+" queued: it goes on from checkpoint 3 (exit reported)\n" {
		t.Errorf("of a failed run: got %q", got)
	}
	for _, line := range []string{"run recover " + runID + " --checkpoint 0", "run recover", "run recover a b"} {
		if got := s.run(strings.Fields(line)...); got.code != exitUsage {
			t.Errorf("%s: got code %d, want %d", line, got.code, exitUsage)
		}
	}
}

func TestCheckpointsAreListedAndDownloaded(t *testing.T) {
	s := newShell(t)
	s.api.addRun(func(r *wire.Run) { r.Checkpoints = []wire.Checkpoint{half()} })
	s.api.content = map[string][]byte{runID + " 3": []byte("an archive")}
	for _, line := range [][]string{{"run", "checkpoints", runID}, {"run", "show", runID}} {
		got := s.ok(line...)
		for _, want := range []string{"half", "kept", "2.0 KiB", "1m30s ago", "call the owner first"} {
			if !strings.Contains(got, want) {
				t.Errorf("%v: %q is missing in\n%s", line, want, got)
			}
		}
	}
	file := filepath.Join(t.TempDir(), "half.tar")
	s.ok("run", "checkpoint", runID, "3", "-o", file)
	if got, err := os.ReadFile(file); err != nil || string(got) != "an archive" {
		t.Errorf("got %q, %v in the file", got, err)
	}
	for _, args := range [][]string{{"run", "checkpoint", runID, "3"}, {"run", "checkpoint", runID, "3", "--output", "-"}} {
		if got := s.ok(args...); got != "an archive" {
			t.Errorf("%v: got %q", args, got)
		}
	}
	s.terminal = true
	if got := s.run("run", "checkpoint", runID, "3"); got.code != exitUsage || got.out != "" {
		t.Errorf("an archive on a terminal: got code %d and %q", got.code, got.out)
	}
	s.terminal = false
	if got := s.run("run", "checkpoint", runID, "x"); got.code != exitUsage {
		t.Errorf("a sequence that is none: got code %d", got.code)
	}
	other := filepath.Join(filepath.Dir(file), "other.tar")
	if got := s.run("run", "checkpoint", runID, "4", "-o", other); got.code != exitError {
		t.Errorf("a checkpoint that is not there: got code %d", got.code)
	}
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
		t.Errorf("a failed download left %v, %v", entries, err)
	}
}

func TestRecoverableRunsShowTheInstructionsOfEachCheckpoint(t *testing.T) {
	s := newShell(t)
	if got := s.run("run", "recoverable"); got.code != 0 || !strings.Contains(got.err, "no such runs") {
		t.Errorf("without runs: got %+v", got)
	}
	early := half()
	early.Sequence, early.Name, early.Instructions = 1, "start", "just restart"
	s.api.recoverable = []wire.Recoverable{
		{Run: wire.Run{ID: runID, Task: "load-orders", State: task.Failed}, Checkpoints: []wire.Checkpoint{early, half()}},
		{Run: wire.Run{ID: "01OTHER", Task: "sums", State: task.Lost}, Checkpoints: []wire.Checkpoint{}},
	}
	lines := strings.Split(s.ok("run", "recoverable"), "\n")
	for i, want := range [][]string{{"RUN"}, {runID, "failed", "3 half", "call the owner first"}, {"1 start", "just restart"}, {"01OTHER", "only from the beginning"}} {
		for _, word := range want {
			if i >= len(lines) || !strings.Contains(lines[i], word) {
				t.Fatalf("line %d lacks %q in\n%s", i, word, strings.Join(lines, "\n"))
			}
		}
	}
	var got wire.Page[wire.Recoverable]
	if err := json.Unmarshal([]byte(s.ok("run", "recoverable", "-o", "json")), &got); err != nil || len(got.Items) != 2 {
		t.Errorf("as JSON: got %+v, %v", got, err)
	}
}

func TestWhatIfTellsTheFateOfEachRun(t *testing.T) {
	s := newShell(t)
	checkpoint, after, on := half(), task.Duration(2*time.Minute), "js-2"
	s.api.fates = map[string][]wire.WhatIf{"js-1": {
		{Run: "01A", Task: "load", Attempt: 1, Action: "recover", After: &after, Checkpoint: &checkpoint, Server: &on, Reason: "highest rating"},
		{Run: "01B", Task: "sum", Attempt: 2, Action: "restart", After: &after, Reason: "no member is eligible"},
		{Run: "01C", Task: "read", Attempt: 1, Action: "wait", Reason: "its policy is wait"},
	}}
	lines := strings.Split(s.ok("server", "what-if", "js-1"), "\n")
	for i, want := range [][]string{
		{"WOULD"}, {"01A", "recover", "2m0s", "checkpoint 3 half, 1m30s old", "js-2"}, {"01B", "the beginning", "nowhere now", "no member is eligible"}, {"01C", "wait", "its policy is wait"},
	} {
		for _, word := range want {
			if i >= len(lines) || !strings.Contains(lines[i], word) {
				t.Fatalf("line %d lacks %q in\n%s", i, word, strings.Join(lines, "\n"))
			}
		}
	}
	if got := s.run("server", "what-if", "js-9"); !strings.Contains(got.err, "Nothing would happen") {
		t.Errorf("of a server without runs: got %+v", got)
	}
}

func TestDeathIsDeclaredWithAReasonAndTheTypedName(t *testing.T) {
	const call = `POST /servers/js-1/declare-dead {"reason":"its disk is in pieces"}`
	reason := []string{"server", "declare-dead", "js-1", "--reason", "its disk is in pieces"}
	for name, c := range map[string]struct {
		args     []string
		terminal bool
		typed    string
		code     int
	}{
		"without a reason":             {reason[:3], false, "", exitUsage},
		"from a script":                {reason, false, "", 0},
		"with the name":                {reason, true, "js-1\n", 0},
		"with another name":            {reason, true, "js-2\n", exitError},
		"with yes in the name's place": {reason, true, "y\n", exitError},
		"with nothing typed":           {reason, true, "", exitError},
		"with --yes on a terminal":     {append(slices.Clip(reason), "--yes"), true, "", 0},
	} {
		s := newShell(t)
		s.api.addServer("js-1", nil)
		s.api.fates = map[string][]wire.WhatIf{"js-1": {{Run: "01A", Task: "load", Action: "restart"}}}
		s.terminal, s.stdin = c.terminal, c.typed
		got := s.run(c.args...)
		if got.code != c.code {
			t.Errorf("%s: got code %d, want %d: %s", name, got.code, c.code, got.err)
		}
		if declared := len(s.api.calls) == 1 && s.api.calls[0] == call; declared != (c.code == 0) {
			t.Errorf("%s: asked for %q", name, s.api.calls)
		}
		if asked := strings.Contains(got.err, "Type the name"); asked != (c.terminal && !strings.Contains(name, "--yes")) {
			t.Errorf("%s: asked for the name: %v", name, asked)
		}
		if c.terminal && c.code != 0 && !strings.Contains(got.err, "01A of load: restart") {
			t.Errorf("%s: does not say what would happen: %s", name, got.err)
		}
	}
}

func TestASilentServerShowsItsTimersItsHoldAndItsQuarantine(t *testing.T) {
	s := newShell(t)
	s.api.addServer("js-1", nil)
	server := s.api.servers["js-1"]
	hold, since, at := task.Duration(time.Hour), wire.At(noon.Add(-time.Minute)), wire.At(noon.Add(time.Minute))
	server.Timers, server.Held, server.Quarantine = &wire.Timers{UnreachableSince: &since, UnavailableAt: &at}, &hold, "process 7 outlived SIGKILL"
	s.api.servers["js-1"] = server
	got := s.ok("server", "show", "js-1")
	for _, want := range []string{"unreachable since ", "unavailable in 1m0s", "1h0m: its jobs go on", "process 7 outlived SIGKILL"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if list := s.ok("server", "list"); !strings.Contains(list, "online (quarantined)") {
		t.Errorf("the list does not show the quarantine:\n%s", list)
	}
}

func TestLeaveRunningIsWarnedOfWhereverItIsShownOrSet(t *testing.T) {
	const warning = "does not promise any more\nthat no two attempts overlap"
	leaving := strings.Replace(setup, "timeout: 1h\n", "timeout: 1h\non_unavailable: reset\nleave_running: true\n", 1)
	s := withServers(t)
	s.api.addTask("left", func(spec *task.Spec) { spec.LeaveRunning = true })
	s.api.addRun(func(r *wire.Run) { r.LeaveRunning = true })
	for _, c := range []struct {
		args   []string
		warned bool
	}{
		{[]string{"task", "show", "left"}, true},
		{[]string{"run", "show", runID}, true},
		{[]string{"task", "create", "-f", file(t, "kind: task\nname: second\ntarget: {server: js-1}\nleave_running: true\njob: {command: [x]}\n")}, true},
		{[]string{"task", "create", "third", "--server", "js-1", "--leave-running", "--", "true"}, true},
		{[]string{"task", "create", "fourth", "--server", "js-1", "--", "true"}, false},
		{[]string{"task", "show", "fourth"}, false},
		{[]string{"apply", "-f", file(t, leaving)}, true},
		{[]string{"apply", "-f", file(t, setup)}, false},
		{[]string{"vs", "create", "spare", "--on-unavailable", "reset", "--leave-running"}, true},
		{[]string{"vs", "show", "spare"}, true},
		{[]string{"vs", "edit", "spare", "--description", "more"}, false},
		{[]string{"vs", "edit", "spare", "--leave-running"}, true},
	} {
		got := s.run(c.args...)
		if warned := strings.Contains(got.err, warning); got.code != 0 || warned != c.warned {
			t.Errorf("segno %s: code %d, warned %v, want %v: %s%s", strings.Join(c.args, " "), got.code, warned, c.warned, got.out, got.err)
		}
	}
}

func TestPoliciesOfFilesAreAppliedAndFaultsNameTheirLine(t *testing.T) {
	s := withServers(t)
	ladder := strings.Replace(setup, "timeout: 1h\n", `timeout: 1h
retries: {max: 3, backoff: 30s, from: checkpoint}
on_unavailable:
  - {after: 2m, do: wait}
  - {after: 10m, do: recover}
`, 1)
	path := file(t, ladder)
	s.ok("apply", "-f", path)
	stored := s.api.tasks["load-orders"].Spec
	if stored.OnUnavailable == nil || stored.OnUnavailable.Kind() != policy.Recover || stored.Retries.Max != 3 {
		t.Errorf("stored were %v and %+v", stored.OnUnavailable, stored.Retries)
	}
	if got := s.ok("apply", "-f", path); !strings.HasPrefix(got, "Nothing to change") {
		t.Errorf("the second time: got %s", got)
	}
	shown := s.ok("task", "show", "load-orders")
	for _, want := range []string{"wait after 2m, then recover after 10m", "3, from the checkpoint, the first after 30s"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is missing in\n%s", want, shown)
		}
	}
	for bad, field := range map[string]string{"after: 10m": "after: 10", "do: recover": "do: hope"} {
		broken := strings.Replace(ladder, bad, field, 1)
		line := strings.Count(broken[:strings.Index(broken, "do: wait")], "\n") + 2
		key, _, _ := strings.Cut(field, ":")
		got := s.run("apply", "-f", file(t, broken))
		if got.code != exitError || !strings.Contains(got.err, "on_unavailable[1]."+key) || !strings.Contains(got.err, ":"+strconv.Itoa(line)+":") {
			t.Errorf("%s: got code %d and %q, want line %d", field, got.code, got.err, line)
		}
	}
}

func TestWhyTellsTheGroundsOfFurtherAttempts(t *testing.T) {
	s := newShell(t)
	placed(s)
	run := s.api.runs[runID]
	ground, three, server := "lease expired", 3, "js-2"
	run.Checkpoints = []wire.Checkpoint{half()}
	run.Attempts = append(run.Attempts, wire.Attempt{Number: 2, Server: server, State: task.AttemptFailed, Ground: &ground, ResumedFrom: &three})
	exit, from := "exit reported", wire.At(noon.Add(30*time.Second))
	run.Attempts = append(run.Attempts, wire.Attempt{Number: 3, Server: server, State: task.AttemptFailed, Ground: &exit})
	run.State, run.Next = task.Queued, &wire.Next{Ground: exit, Checkpoint: &three, Avoid: &server, NotBefore: &from, Reason: "retry 2 of 3"}
	s.api.runs[runID] = run
	got := s.ok("why", runID)
	for _, want := range []string{
		"It could begin because: lease expired\nIt resumed from checkpoint 3 (half), which attempt 1 made at ",
		"It could begin because: exit reported\nIt began from the beginning.\n",
		"It goes on from checkpoint 3, in 30s, not on js-2 if another server is eligible (retry 2 of 3).\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if shown := s.ok("run", "show", runID); !strings.Contains(shown, "checkpoint 3") || !strings.Contains(shown, "lease expired") {
		t.Errorf("run show lacks the ground:\n%s", shown)
	}
}
