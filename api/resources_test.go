package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func group(name string, members ...string) virtualserver.VirtualServer {
	return virtualserver.VirtualServer{
		Spec: virtualserver.Spec{Name: name, Members: members}, Version: 1, CreatedAt: noon, UpdatedAt: noon,
	}
}

func TestETagsGuardEdits(t *testing.T) {
	h := serve(t)
	h.addTask("load")
	h.addServer("js-1")
	h.groups["etl"] = group("etl")
	h.shared["db"] = task.ConcurrencyGroup{ConcurrencyGroupSpec: task.ConcurrencyGroupSpec{Name: "db", MaxConcurrent: 1}, Version: 1}
	for _, c := range []struct{ path, change, other string }{
		{"/api/v1/concurrency-groups/db", `{"max_concurrent": 2}`, `{"max_concurrent": 3}`},
		{"/api/v1/tasks/load", `{"priority": 5}`, `{"priority": 6}`},
		{"/api/v1/servers/js-1", `{"slots": 5}`, `{"slots": 6}`},
		{"/api/v1/virtual-servers/etl", `{"description": "a"}`, `{"description": "b"}`},
	} {
		if tag := h.do("GET", c.path, "").want(200).header.Get("ETag"); tag != `"1"` {
			t.Fatalf("%s: got ETag %s, want \"1\"", c.path, tag)
		}
		h.do("GET", c.path, "", "If-None-Match", `"1"`).want(304)
		h.do("GET", c.path, "", "If-None-Match", `"2"`).want(200)
		if tag := h.do("PATCH", c.path, c.change, "If-Match", `"1"`).want(200).header.Get("ETag"); tag != `"2"` {
			t.Errorf("%s: got ETag %s after an edit, want \"2\"", c.path, tag)
		}
		h.do("PATCH", c.path, c.other, "If-Match", `"1"`).problem(412)
		h.do("DELETE", c.path, "", "If-Match", `"1"`).problem(412)
		h.do("PATCH", c.path, c.other, "If-Match", `W/"2"`).problem(412)
		h.do("PATCH", c.path, c.other, "If-Match", `"abc"`).problem(412)
		h.do("PATCH", c.path, c.other, "If-Match", `2`).problem(400)
		h.do("PATCH", c.path, c.other, "If-Match", `"1", "2"`).problem(400)
		h.do("PATCH", c.path, c.other, "If-Match", `*`).want(200)
		h.do("DELETE", c.path, "", "If-Match", `"3"`).want(204)
	}
}

func TestAConflictThatIsNotTheVersionsStays409(t *testing.T) {
	h := serve(t)
	h.addServer("js-1")
	busy := h.servers["js-1"]
	busy.Attempts = []task.Attempt{{Run: "01A", Number: 1, State: task.AttemptRunning, OfferedAt: noon}}
	h.servers["js-1"] = busy
	h.do("DELETE", "/api/v1/servers/js-1", "", "If-Match", `"1"`).problem(409)
}

func TestAnEditThatChangesNothingMakesNoVersion(t *testing.T) {
	h := serve(t)
	h.addServer("js-1")
	h.addTask("load")
	h.groups["etl"] = group("etl", "js-1")
	writes := h.writes
	for path, body := range map[string]string{
		"/api/v1/tasks/load": `{"job": {"command": ["true"]}}`, "/api/v1/servers/js-1": `{"slots": 8, "unavailable_after": null}`,
		"/api/v1/virtual-servers/etl": `{"members": ["js-1"]}`,
	} {
		if tag := h.do("PATCH", path, body, "If-Match", `"1"`).want(200).header.Get("ETag"); tag != `"1"` {
			t.Errorf("%s: got ETag %s", path, tag)
		}
	}
	if h.writes != writes {
		t.Errorf("got %d writes, want none", h.writes-writes)
	}
}

func TestSettingsThatAreRemovedAreAtTheirDefault(t *testing.T) {
	h := serve(t)
	h.addServer("js-1")
	h.do("PATCH", "/api/v1/servers/js-1", `{"slots": 3, "power": 2.5, "unavailable_after": "30s", "labels": {"zone": "a", "os": "linux"}}`).want(200)
	var got wire.Server
	h.do("PATCH", "/api/v1/servers/js-1", `{"slots": null, "power": null, "unavailable_after": null, "labels": {"zone": null}}`).want(200).into(&got)
	if got.Slots != jobserver.DefaultSlots || got.Power != 1 || got.UnavailableAfter != 0 || fmt.Sprint(got.Labels) != "map[os:linux]" {
		t.Errorf("got %+v, want the defaults", got.ServerSettings)
	}
}

func TestMembersAreGroupedAndUngrouped(t *testing.T) {
	h := serve(t)
	for _, name := range []string{"js-1", "js-2", "js-3"} {
		h.addServer(name)
	}
	h.groups["etl"] = group("etl")
	put := func(server, body, want string) {
		t.Helper()
		var got wire.VirtualServer
		h.do("PUT", "/api/v1/virtual-servers/etl/members/"+server, body).want(200).into(&got)
		if strings.Join(got.Members, " ") != want {
			t.Errorf("after %s %s: got %v, want %s", server, body, got.Members, want)
		}
	}
	put("js-1", "", "js-1")
	put("js-2", "", "js-1 js-2")
	put("js-3", `{"position": 0}`, "js-3 js-1 js-2")
	put("js-3", `{"position": 99}`, "js-1 js-2 js-3")
	put("js-1", `{"position": 1, "weight": 2.5}`, "js-2 js-1 js-3")
	writes := h.writes
	put("js-1", "", "js-2 js-1 js-3")
	put("js-1", `{"position": 1, "weight": 2.5}`, "js-2 js-1 js-3")
	if h.writes != writes {
		t.Error("putting a member where it is stored a version")
	}
	if w := h.groups["etl"].Weights["js-1"]; w != 2.5 {
		t.Errorf("got the weight %v, want 2.5", w)
	}
	h.do("DELETE", "/api/v1/virtual-servers/etl/members/js-1", "").want(204)
	writes = h.writes
	h.do("DELETE", "/api/v1/virtual-servers/etl/members/js-1", "").want(204)
	h.do("DELETE", "/api/v1/virtual-servers/etl/members/js-77", "").want(204)
	if g := h.groups["etl"]; h.writes != writes || slices.Contains(g.Members, "js-1") || g.Weights["js-1"] != 0 {
		t.Errorf("got %+v after %d writes, want js-1 gone with its weight, once", g.Spec, h.writes-writes)
	}
	h.do("PUT", "/api/v1/virtual-servers/etl/members/js-1", "", "If-Match", `"1"`).problem(412)
}

func TestServersShowWhatIsKnownOfThem(t *testing.T) {
	h := serve(t)
	h.addServer("js-1")
	v := h.servers["js-1"]
	v.Rated, v.Rating, v.Stars, v.SlotsUsed = true, 83.33, 4, 2
	v.Sample = &jobserver.Sample{At: noon, CPUs: 4, CPUIdle: 0.5}
	v.Attempts = []task.Attempt{{Run: "01A", Number: 2, State: task.AttemptRunning, OfferedAt: noon}}
	h.servers["js-1"] = v
	h.addServer("js-2")
	var got wire.Server
	h.do("GET", "/api/v1/servers/js-1", "").want(200).into(&got)
	if *got.Rating != 83.33 || got.Load.CPUs != 4 || !got.Load.At.Equal(noon) || got.Attempts[0].Run != "01A" || got.Status != "online" {
		t.Errorf("got %+v", got)
	}
	body := string(h.do("GET", "/api/v1/servers/js-2", "").want(200).body)
	for _, want := range []string{`"rating":null`, `"load":null`, `"attempts":[]`, `"virtual_servers":[]`, `"labels":{}`, `"last_seen":null`} {
		if !strings.Contains(body, want) {
			t.Errorf("got %s, want %s", body, want)
		}
	}
}

func TestAnOperatorsActionsOnAServer(t *testing.T) {
	h := serve(t)
	h.addServer("js-1")
	for action, status := range map[string]string{"drain": "draining", "disable": "disabled", "activate": "online"} {
		var got wire.Server
		h.do("POST", "/api/v1/servers/js-1/"+action, `{"reason": "new kernel"}`).want(200).into(&got)
		if got.Status != status || got.Reason != "new kernel" {
			t.Errorf("%s: got %s, %q", action, got.Status, got.Reason)
		}
	}
	h.do("POST", "/api/v1/servers/js-1/drain", "").want(200)
	h.do("POST", "/api/v1/servers/js-9/drain", "").problem(404)
}

func TestLoadIsReadOverTime(t *testing.T) {
	h := serve(t, func(o *api.Options) { o.Now = func() time.Time { return noon } })
	h.addServer("js-1")
	for i := range 3 {
		h.loads = append(h.loads, jobserver.LoadPoint{At: noon.Add(-time.Duration(i) * 40 * time.Minute), Span: time.Minute, CPUTotal: 0.5})
	}
	count := func(query string) int {
		var got wire.Page[wire.LoadPoint]
		h.do("GET", "/api/v1/servers/js-1/load"+query, "").want(200).into(&got)
		return len(got.Items)
	}
	if a, b := count(""), count("?from=2026-03-01T00:00:00Z"); a != 2 || b != 3 {
		t.Errorf("got %d and %d points, want those of the last hour, and all three", a, b)
	}
}

func TestAJoinTokenComesWithTheLineToRun(t *testing.T) {
	h := serve(t)
	var got wire.JoinToken
	h.do("POST", "/api/v1/join-tokens", `{"name": "js-1", "ttl": "1h"}`).want(201).into(&got)
	want := "jobserver join --conductor " + h.url + " --token " + got.Token + " --data /var/lib/segno-jobserver --name js-1" +
		" && jobserver run --data /var/lib/segno-jobserver"
	if got.Command != want || got.Name != "js-1" || !got.ExpiresAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("got %+v, want the command %q", got, want)
	}
	h.do("POST", "/api/v1/join-tokens", "").want(201).into(&got)
	if strings.Contains(got.Command, "--name") {
		t.Errorf("got %q, want no name", got.Command)
	}
}

func TestARunIsAsTheConventionsSay(t *testing.T) {
	h := serve(t)
	run := h.addRun("01RUN", task.Running).attempt("js-1").attempt("js-2")
	three, started, ended := 3, noon.Add(time.Second), noon.Add(time.Minute)
	run.Attempts[0].State, run.Attempts[0].ClaimedAt, run.Attempts[0].EndedAt = task.AttemptUnavailable, &started, &ended
	run.Attempts[0].Exit = &task.Exit{Kind: task.ExitExited, Code: 137, Signal: 9, OOM: true, CPU: 1500 * time.Millisecond, PeakMemory: 4096, Ran: 2 * time.Second}
	run.Attempts[0].UnavailableAfter, run.Attempts[0].Lease = 2*time.Minute, 10*time.Minute
	run.checkpoints = []task.Checkpoint{{Sequence: 3, Attempt: 1, Name: "loaded", Label: "half", Instructions: "mail the owner", Size: 5, SHA256: "ab", CreatedAt: noon}}
	run.Attempts[1].Ground, run.Attempts[1].ResumedFrom = "lease expired", &three
	run.Spec.OnUnavailable, run.Progress = new(policy.Word(policy.Recover)), &task.Progress{Percent: 42, Message: "loading orders"}
	run.Cause = task.Cause{Kind: task.CauseManual, By: "admin"}
	run.Params, run.Outputs = map[string]string{"date": "x"}, map[string]string{"rows": "12"}
	run.places[2] = virtualserver.Placement{At: noon, Chosen: "js-2", Reason: "best", Need: virtualserver.Need{CPU: 1, Source: "assumed"}, Candidates: []virtualserver.Verdict{
		{Server: "js-2", Rating: 90, Terms: []virtualserver.Term{{Indicator: "cpu_idle"}}}, {Server: "js-3", Refused: virtualserver.RefusedDraining},
	}}
	var got, want map[string]any
	h.do("GET", "/api/v1/runs/01RUN", "").want(200).into(&got)
	_ = json.Unmarshal([]byte(`{"id": "01RUN", "task": "load", "state": "running", "prior": null, "cause": {"kind": "manual", "by": "admin"},
		"scheduled_for": null, "queued_at": "2026-03-01T12:00:00.250Z", "started_at": null, "ended_at": null, "exit_code": null, "reason": "",
		"policy": "recover", "target": {"virtual_server": "etl"}, "server": "js-2", "attempt": 2, "params": {"date": "x"}, "outputs": {"rows": "12"},
		"progress": {"percent": 42, "message": "loading orders"}, "leave_running": false, "unavailable_after": null, "pending": null, "tries": 0, "pinned": false,
		"next": null, "checkpoints": [{"sequence": 3, "attempt": 1, "name": "loaded", "label": "half", "instructions": "mail the owner", "step": 0,
			"size": 5, "sha256": "ab", "created_at": "2026-03-01T12:00:00.250Z"}],
		"attempts": [
			{"number": 1, "server": "js-1", "state": "unavailable", "reason": "", "offered_at": "2026-03-01T12:00:00.250Z",
			 "started_at": "2026-03-01T12:00:01.250Z", "ended_at": "2026-03-01T12:01:00.250Z", "ground": null, "resumed_from": null, "log_bytes": 0,
			 "unavailable_after": "2m0s", "lease": "10m0s",
			 "exit": {"kind": "exited", "code": 137, "signal": 9, "oom": true, "detail": "", "cpu_seconds": 1.5, "peak_memory": 4096, "duration_seconds": 2}},
			{"number": 2, "server": "js-2", "state": "running", "reason": "", "offered_at": "2026-03-01T12:00:00.250Z", "started_at": null,
			 "ended_at": null, "ground": "lease expired", "resumed_from": 3, "log_bytes": 0, "exit": null, "unavailable_after": null, "lease": null,
			 "placement": {"at": "2026-03-01T12:00:00.250Z", "chosen": "js-2", "reason": "best", "need": {"cpu": 1, "memory": 0, "slots": 0, "source": "assumed"},
			  "candidates": [
				{"server": "js-2", "rating": 90, "stars": 0, "sample_age_ms": 0, "runs": 0, "slots_used": 0, "slots": 0,
				 "terms": [{"indicator": "cpu_idle", "value": 0, "min": 0, "max": 0, "weight": 0, "relative": 0, "penalty": 0}]},
				{"server": "js-3", "refused": "draining", "rating": 0, "stars": 0, "sample_age_ms": 0, "runs": 0, "slots_used": 0, "slots": 0}]}}]}`), &want)
	a, _ := json.MarshalIndent(got, "", " ")
	b, _ := json.MarshalIndent(want, "", " ")
	if !bytes.Equal(a, b) {
		t.Errorf("got %s\nwant %s", a, b)
	}
	var list wire.Page[map[string]any]
	h.do("GET", "/api/v1/runs", "").want(200).into(&list)
	if _, given := list.Items[0]["attempts"]; given {
		t.Error("got attempts in a list")
	}
}

func TestAQueuedRunSaysWhatItWaitsFor(t *testing.T) {
	h := serve(t)
	run := h.addRun("01RUN", task.Queued)
	run.places[0] = virtualserver.Placement{Reason: "no eligible member", Candidates: []virtualserver.Verdict{{Server: "js-1", Refused: virtualserver.RefusedNoSlot}}}
	var got wire.Run
	h.do("GET", "/api/v1/runs/01RUN", "").want(200).into(&got)
	if got.Waiting == nil || got.Waiting.Candidates[0].Refused != virtualserver.RefusedNoSlot || got.Attempts == nil {
		t.Errorf("got %+v, want the explanation and an empty list of attempts", got)
	}
}

func TestTheRatingIsAnswered(t *testing.T) {
	h := serve(t)
	h.groups["etl"] = group("etl")
	var got wire.Placement
	h.do("GET", "/api/v1/virtual-servers/etl/rating?task=load", "").want(200).into(&got)
	if got.Chosen != "js-1" || got.Reason != "best for load" || got.Candidates == nil {
		t.Errorf("got %+v", got)
	}
	h.do("GET", "/api/v1/virtual-servers/nope/rating", "").problem(404)
}

func TestARunStartsOncePerKey(t *testing.T) {
	h := serve(t)
	h.addTask("load")
	first := h.do("POST", "/api/v1/tasks/load/runs", `{"params": {"a": "b"}}`, "Idempotency-Key", "k1").want(201)
	var run, again, other wire.Run
	first.into(&run)
	if first.header.Get("Location") != "/api/v1/runs/"+string(run.ID) || run.Params["a"] != "b" || run.Cause.By != "admin" || run.State != task.Queued {
		t.Errorf("got %+v at %s", run, first.header.Get("Location"))
	}
	h.do("POST", "/api/v1/tasks/load/runs", `{"params": {"a": "b"}}`, "Idempotency-Key", "k1").want(201).into(&again)
	h.do("POST", "/api/v1/tasks/load/runs", "", "Idempotency-Key", "k2").want(201).into(&other)
	if again.ID != run.ID || other.ID == run.ID {
		t.Errorf("got the runs %s, %s and %s, want the first twice", run.ID, again.ID, other.ID)
	}
}

func TestAPostIsDoneOncePerKey(t *testing.T) {
	h := serve(t)
	h.addServer("js-1")
	h.addRun("01RUN", task.Queued)
	for i, c := range []struct{ path, body string }{
		{"/api/v1/tasks", goodTask},
		{"/api/v1/virtual-servers", `{"name": "etl"}`},
		{"/api/v1/servers/js-1/drain", `{"reason": "x"}`},
		{"/api/v1/runs/01RUN/cancel", ""},
	} {
		key := fmt.Sprintf("key %d", i)
		first := h.do("POST", c.path, c.body, "Idempotency-Key", key)
		writes := h.writes
		again := h.do("POST", c.path, c.body, "Idempotency-Key", key)
		if first.status >= 300 || again.status != first.status || !bytes.Equal(bytes.TrimSpace(again.body), bytes.TrimSpace(first.body)) || h.writes != writes {
			t.Errorf("%s: got %d %s and then %d %s", c.path, first.status, first.body, again.status, again.body)
		}
		if again.header.Get("ETag") != first.header.Get("ETag") || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: got the headers %v", c.path, again.header)
		}
		h.do("POST", c.path, `{"reason": "y"}`, "Idempotency-Key", key).problem(409)
	}
	h.do("POST", "/api/v1/virtual-servers", `{"name": "etl"}`, "Idempotency-Key", "key 0").problem(409)
}

func TestARefusedRequestMayBeSentAgainUnderItsKey(t *testing.T) {
	h := serve(t)
	h.do("POST", "/api/v1/tasks", `{"name": "x"}`, "Idempotency-Key", "k").problem(422)
	h.do("POST", "/api/v1/tasks", goodTask, "Idempotency-Key", "k").want(201)
}

func TestATokenIsNeverKeptNorShownTwice(t *testing.T) {
	h := serve(t)
	first := h.do("POST", "/api/v1/join-tokens", `{"name": "js-1"}`, "Idempotency-Key", "k").want(201)
	var got wire.JoinToken
	first.into(&got)
	h.do("POST", "/api/v1/join-tokens", `{"name": "js-1"}`, "Idempotency-Key", "k").problem(409)
	for _, a := range h.answers {
		if bytes.Contains(a.Body, []byte(got.Token)) {
			t.Error("the token was kept in clear")
		}
	}
	if h.writes != 1 {
		t.Errorf("got %d tokens, want 1", h.writes)
	}
}

func TestTwoRequestsWithOneKeyAtOnceAreDoneOnce(t *testing.T) {
	h := serve(t)
	var wg sync.WaitGroup
	statuses := make([]int, 16)
	for i := range statuses {
		wg.Go(func() { statuses[i] = h.do("POST", "/api/v1/tasks", goodTask, "Idempotency-Key", "k").status })
	}
	wg.Wait()
	for _, status := range statuses {
		if status != 201 {
			t.Fatalf("got the statuses %v, want 201 for all", statuses)
		}
	}
	if h.writes != 1 {
		t.Errorf("got %d writes, want 1", h.writes)
	}
}

func TestAKeyMustBeShortAndPrintable(t *testing.T) {
	h := serve(t)
	h.addTask("load")
	for _, key := range []string{strings.Repeat("k", 256), "ä", "a\tb"} {
		h.do("POST", "/api/v1/tasks/load/runs", "", "Idempotency-Key", key).problem(400)
	}
	h.do("POST", "/api/v1/tasks/load/runs", "", "Idempotency-Key", strings.Repeat("k", 255)).want(201)
}
