package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func TestServerListIsATable(t *testing.T) {
	s := newShell(t)
	s.api.addServer("js-1", map[string]string{"disk": "ssd"})
	want := "NAME  STATUS  RATING  STARS  SLOTS  POWER  LOAD  SEEN    IN   LABELS\n" +
		"js-1  online  97.2    ★★★★★  2/8    1      0.50  1s ago  etl  disk=ssd\n"
	if got := s.ok("server", "list"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestJSONAndYAMLAreTheDocumentsOfTheAPI(t *testing.T) {
	s := newShell(t)
	s.api.addServer("js-1", map[string]string{"version": "1.0"})
	want, err := json.Marshal(s.api.servers["js-1"])
	if err != nil {
		t.Fatal(err)
	}
	var wanted, gotJSON, gotYAML any
	if err := json.Unmarshal(want, &wanted); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(s.ok("server", "show", "js-1", "-o", "json")), &gotJSON); err != nil {
		t.Fatal(err)
	}
	text := s.ok("server", "show", "js-1", "-o", "yaml")
	if err := yaml.Unmarshal([]byte(text), &gotYAML); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(gotYAML)
	if err != nil {
		t.Fatal(err)
	}
	sorted, err := json.Marshal(wanted)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := json.Marshal(gotJSON); string(got) != string(sorted) {
		t.Errorf("JSON: got %s, want %s", got, sorted)
	}
	if string(again) != string(sorted) {
		t.Errorf("YAML: got %s, want %s", again, sorted)
	}
	if !strings.HasPrefix(text, "name: js-1\nkind: job\n") {
		t.Errorf("YAML has not the order and the style of a document:\n%s", text)
	}
}

func TestAListAsJSONHasItems(t *testing.T) {
	s := newShell(t)
	var page struct{ Items []wire.Server }
	if err := json.Unmarshal([]byte(s.ok("server", "list", "-o", "json")), &page); err != nil || page.Items == nil {
		t.Errorf("an empty list: got %v and %v", page, err)
	}
}

func TestServerVerbs(t *testing.T) {
	s := newShell(t)
	s.api.addServer("js-1", map[string]string{"disk": "ssd", "room": "hall"})
	for _, c := range []struct{ line, call, out string }{
		{"server drain js-1 --reason disk", `POST /servers/js-1/drain {"reason":"disk"}`, "js-1 is draining now, with 0 runs on it.\n"},
		{"server disable js-1", `POST /servers/js-1/disable {}`, "js-1 is disabled now, with 0 runs on it.\n"},
		{"server activate js-1", `POST /servers/js-1/activate {}`, "js-1 is online now, with 0 runs on it.\n"},
		{"server label js-1 disk=hdd room-", `PATCH /servers/js-1 {"labels":{"disk":"hdd","room":null}}`, "js-1: disk=hdd\n"},
		{"server edit js-1 --slots 4 --unavailable-after 30s", `PATCH /servers/js-1 {"slots":4,"unavailable_after":"30s"}`, "js-1 changed.\n"},
		{"server edit js-1 --unavailable-after 0", `PATCH /servers/js-1 {"unavailable_after":null}`, "js-1 changed.\n"},
		{"server join-token js-4 --ttl 10m", `POST /join-tokens {"name":"js-4","ttl":"10m0s"}`, "one-time-token\n"},
		{"server delete js-1", `DELETE /servers/js-1`, ""},
	} {
		s.api.calls = nil
		out := s.ok(strings.Fields(c.line)...)
		if out != c.out || len(s.api.calls) != 1 || s.api.calls[0] != c.call {
			t.Errorf("%s: got %q and %q, want %q and %q", c.line, out, s.api.calls, c.out, c.call)
		}
	}
	if got := s.run("server", "delete", "../tasks"); got.code != 1 {
		t.Errorf("a name with a slash: got code %d", got.code)
	}
}

func TestServerShowSaysWhatRunsThere(t *testing.T) {
	s := newShell(t)
	s.api.addServer("js-1", nil)
	server := s.api.servers["js-1"]
	server.Attempts = []wire.RunningAttempt{{Run: runID, Number: 2, State: task.AttemptRunning, OfferedAt: wire.At(noon)}}
	s.api.servers["js-1"] = server
	got := s.ok("server", "show", "js-1")
	for _, want := range []string{"2 of 8 taken", "★★★★★ 97.2", "memory 50 % of 8.0 GiB", "2m0s (default)", runID} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestVirtualServerVerbs(t *testing.T) {
	s := newShell(t)
	s.api.addServer("js-1", nil)
	s.api.addServer("js-2", nil)
	for _, c := range []struct{ line, call, out string }{
		{"vs create etl --members js-1 --selection priority", `POST /virtual-servers {"name":"etl","members":["js-1"],"selection":"priority"}`, "virtual server etl created, with 1 member.\n"},
		{"vs add etl js-2 --position 0", `PUT /virtual-servers/etl/members/js-2 {"position":0}`, "etl: js-1, js-2\n"},
		{"vs edit etl --inactive", `PATCH /virtual-servers/etl {"inactive":true}`, "virtual server etl changed.\n"},
		{"vs edit etl --inactive=false --rating plain", `PATCH /virtual-servers/etl {"inactive":false,"rating":"plain"}`, "virtual server etl changed.\n"},
		{"vs remove etl js-2", `DELETE /virtual-servers/etl/members/js-2`, ""},
		{"vs delete etl", `DELETE /virtual-servers/etl`, ""},
	} {
		s.api.calls = nil
		out := s.ok(strings.Fields(c.line)...)
		if out != c.out || len(s.api.calls) != 1 || s.api.calls[0] != c.call {
			t.Errorf("%s: got %q and %q, want %q and %q", c.line, out, s.api.calls, c.out, c.call)
		}
	}
}

func TestVirtualServerShowAndList(t *testing.T) {
	s := newShell(t)
	s.ok("vs", "create", "etl", "--description", "Loads")
	if got := s.ok("vs", "list"); !strings.Contains(got, "etl   yes     best-rated           recommended  Loads") {
		t.Errorf("got\n%s", got)
	}
	if got := s.ok("vs", "show", "etl"); !strings.Contains(got, "selection    best-rated\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestTaskCreateTakesACommandAsItStands(t *testing.T) {
	s := newShell(t)
	out := s.ok("task", "create", "hello", "--virtual-server", "etl", "--timeout", "1m", "--param", "who=world", "--", "echo", "--loud", "hello, ${{ params.who }}")
	if !strings.Contains(out, "task hello created") {
		t.Errorf("got %q", out)
	}
	want := `POST /tasks {"name":"hello","target":{"virtual_server":"etl"},"job":{"command":["echo","--loud","hello, ${{ params.who }}"]},"params":{"who":"world"},"timeout":"1m0s"}`
	if s.api.calls[0] != want {
		t.Errorf("got %s\nwant %s", s.api.calls[0], want)
	}
	got := s.run("task", "create", "hello", "--virtual-server", "etl", "--", "echo")
	if got.code != 1 || got.err != "segno: task hello: a task hello exists already\n" {
		t.Errorf("a second one: got code %d and %q", got.code, got.err)
	}
}

func TestTaskCreateReadsTasksFromAFileAndNothingElse(t *testing.T) {
	s := newShell(t)
	s.ok("task", "create", "-f", file(t, "kind: task\nname: a\ntarget: {server: js-1}\njob: {command: [a]}\n---\nkind: task\nname: b\ntarget: {server: js-1}\njob: {command: [b]}\n"))
	if len(s.api.tasks) != 2 {
		t.Errorf("got %d tasks, want 2", len(s.api.tasks))
	}
	if got := s.run("task", "create", "-f", file(t, "kind: server\nname: a\n")); got.code != 1 || !strings.Contains(got.err, "segno apply") {
		t.Errorf("a server: got code %d and %q", got.code, got.err)
	}
}

func TestTaskShowQuotesArgumentsThatAPersonWouldMisread(t *testing.T) {
	s := newShell(t)
	s.api.addTask("hello", func(spec *task.Spec) { spec.Job.Command = []string{"sh", "-c", "echo it's $HOME", ""} })
	if got := s.ok("task", "show", "hello"); !strings.HasSuffix(got, `sh -c 'echo it'\''s $HOME' ''`+"\n") {
		t.Errorf("got\n%s", got)
	}
	s.api.addTask("script", func(spec *task.Spec) { spec.Job = task.Job{Script: &task.Script{Text: "a\nb\n"}} })
	if got := s.ok("task", "list"); !strings.Contains(got, "2 lines of script") {
		t.Errorf("got\n%s", got)
	}
}

func TestRunShowHasAttemptsAndOutputs(t *testing.T) {
	s := newShell(t)
	followed(s, task.Failed, new(3), "exit code 3")
	r := s.api.runs[runID]
	r.Progress = &wire.Progress{Percent: 50, Message: "half"}
	r.Attempts = []wire.Attempt{{Number: 1, Server: "js-1", State: task.AttemptFailed, Exit: &wire.Exit{Code: 3, CPU: 1.25, PeakMemory: 3 << 20}}}
	s.api.runs[runID] = r
	got := s.ok("run", "show", runID)
	for _, want := range []string{"failed: exit code 3", "██████████·········· 50 % half", "rows    1200", "1.25s", "3.0 MiB"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestRunCancelTakesSeveral(t *testing.T) {
	s := newShell(t)
	followed(s, task.Running, nil, "")
	s.api.calls = nil
	if got := s.run("run", "cancel", runID, "nosuch"); got.code != 1 || !strings.Contains(got.err, "cancel nosuch: there is no nosuch") || got.out != runID+" stopping\n" {
		t.Errorf("got code %d, %q and %q", got.code, got.out, got.err)
	}
}

func TestEventsAreToldOldestFirst(t *testing.T) {
	s := newShell(t)
	s.api.events = []wire.Event{
		{ID: 1, At: wire.At(noon), Kind: "run.queued", Subject: runID, Task: "load-orders", To: task.Queued},
		{ID: 2, At: wire.At(noon), Kind: "run.running", Subject: runID, Task: "load-orders", Attempt: 1, From: task.Starting, To: task.Running, Reason: "claimed"},
	}
	got := s.ok("events")
	first, second := strings.Index(got, "run.queued"), strings.Index(got, "load-orders attempt 1 starting → running (claimed)")
	if first < 0 || second < first {
		t.Errorf("got\n%s", got)
	}
}

func TestEventsAreFollowedFromTheLastOneThatWasPrinted(t *testing.T) {
	s := newShell(t)
	s.api.events = []wire.Event{{ID: 7, At: wire.At(noon), Kind: "server.online", Subject: "js-1"}}
	s.api.later = []wire.Event{s.api.events[0], {ID: 8, At: wire.At(noon), Kind: "server.unreachable", Subject: "js-1"}}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	s.ctx = ctx
	got := s.run("events", "-f", "-o", "json")
	var kinds []string
	for line := range strings.Lines(got.out) {
		var e wire.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q is no event on one line: %v", line, err)
		}
		kinds = append(kinds, e.Kind)
	}
	if told := strings.Join(kinds, " "); told != "server.online server.unreachable" {
		t.Errorf("got %s", told)
	}
}

func TestTheTokenIsInNoOutput(t *testing.T) {
	s := newShell(t)
	s.api.addServer("js-1", nil)
	followed(s, task.Succeeded, new(0), "")
	s.terminal = true
	for _, line := range []string{
		"server list -o json", "server list", "run start load-orders --follow", "run show " + runID, "events", "server show nosuch", "--help", "login", "server list --conductor http://127.0.0.1:1",
	} {
		got := s.run(strings.Fields(line)...)
		if strings.Contains(got.out+got.err, adminToken) {
			t.Errorf("segno %s shows the token", line)
		}
	}
}
