package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

func TestDeathIsDeclaredWithAReasonAndTheCallersName(t *testing.T) {
	h := serve(t)
	h.addServer("js-1")
	const path = "/api/v1/servers/js-1/declare-dead"
	for body, status := range map[string]int{
		``: 400, `{"reason": "its disk is broken", "by": "x"}`: 400, `{}`: 422, `{"reason": ""}`: 422, `{"reason": "too short"}`: 422,
		`{"reason": "         x         "}`: 422, `{"reason": 1}`: 422,
	} {
		h.do("POST", path, body).problem(status)
	}
	if reason := field(h.do("POST", path, `{"reason": "dead"}`).problem(422), "reason"); !strings.Contains(reason, "10 characters") {
		t.Errorf("got the reason %q, want how much is to be said", reason)
	}
	h.do("POST", path, fmt.Sprintf(`{"reason": %q}`, strings.Repeat("x", jobserver.MaxReason+1))).problem(422)
	if h.writes != 0 {
		t.Fatalf("%d statements without a proper reason were taken", h.writes)
	}
	var s wire.Server
	h.do("POST", path, `{"reason": " its disk is in pieces "}`).want(200).into(&s)
	if s.Mode != jobserver.Disabled || s.Contact != jobserver.Unavailable || s.Reason != "its disk is in pieces (admin)" {
		t.Errorf("got %s, %s, %q", s.Mode, s.Contact, s.Reason)
	}
	h.do("POST", "/api/v1/servers/js-9/declare-dead", `{"reason": "its disk is in pieces"}`).problem(404)
}

func TestWhatIfSaysWhatBecomesOfEachRun(t *testing.T) {
	h := serve(t)
	h.addServer("js-1")
	h.addServer("idle")
	h.fates = map[string][]api.WhatIf{"js-1": {
		{Run: "01A", Task: "load", Attempt: 2, Action: "recover", After: 2 * time.Minute, Checkpoint: &task.Checkpoint{Sequence: 3, Name: "half", CreatedAt: noon}, Server: "js-2", Reason: "best"},
		{Run: "01B", Task: "sum", Attempt: 1, Action: "wait", Reason: "the task waits"},
	}}
	var got map[string]any
	h.do("GET", "/api/v1/servers/js-1/what-if", "").want(200).into(&got)
	want := map[string]any{"next_cursor": nil, "items": []any{
		map[string]any{
			"run": "01A", "task": "load", "attempt": 2.0, "action": "recover", "after": "2m0s", "server": "js-2", "reason": "best",
			"checkpoint": map[string]any{
				"sequence": 3.0, "attempt": 0.0, "name": "half", "label": "", "instructions": "", "step": 0.0, "size": 0.0, "sha256": "",
				"created_at": "2026-03-01T12:00:00.250Z",
			},
		},
		map[string]any{"run": "01B", "task": "sum", "attempt": 1.0, "action": "wait", "after": nil, "server": nil, "reason": "the task waits", "checkpoint": nil},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if body := string(h.do("GET", "/api/v1/servers/idle/what-if", "").want(200).body); !strings.Contains(body, `"items":[]`) {
		t.Errorf("got %s, want an empty list", body)
	}
	h.do("GET", "/api/v1/servers/js-9/what-if", "").problem(404)
}

func TestRunsAreTakenUpByHand(t *testing.T) {
	h := serve(t)
	h.addRun("01RUN", task.Running)
	for _, c := range []struct {
		path, body string
		want       takenUp
	}{
		{"reset", ``, takenUp{"01RUN", task.IntentReset, 0, "admin"}},
		{"restart", `{}`, takenUp{"01RUN", task.IntentRestart, 0, "admin"}},
		{"recover", ``, takenUp{"01RUN", task.IntentRecover, 0, "admin"}},
		{"recover", `{}`, takenUp{"01RUN", task.IntentRecover, 0, "admin"}},
		{"recover", `{"checkpoint": 7}`, takenUp{"01RUN", task.IntentRecover, 7, "admin"}},
	} {
		h.takenUp = nil
		var run wire.Run
		h.do("POST", "/api/v1/runs/01RUN/"+c.path, c.body).want(200).into(&run)
		if len(h.takenUp) != 1 || h.takenUp[0] != c.want {
			t.Errorf("%s %s: got %+v, want %+v", c.path, c.body, h.takenUp, c.want)
		}
		if run.Pending == nil || *run.Pending != c.want.intent {
			t.Errorf("%s: got pending %v, want %s", c.path, run.Pending, c.want.intent)
		}
	}
	h.takenUp = nil
	for path, body := range map[string]string{"recover": `{"checkpoint": 0}`, "restart": `{"checkpoint": 1}`, "reset": `[]`} {
		if got := h.do("POST", "/api/v1/runs/01RUN/"+path, body); got.status != 422 && got.status != 400 {
			t.Errorf("%s %s: got status %d, want a refusal", path, body, got.status)
		}
	}
	if p := h.do("POST", "/api/v1/runs/01RUN/recover", `{"checkpoint": -1}`).problem(422); field(p, "checkpoint") == "" {
		t.Errorf("got %+v, want the field named", p)
	}
	if len(h.takenUp) != 0 {
		t.Errorf("refused requests did %+v", h.takenUp)
	}
	h.do("POST", "/api/v1/runs/01NONE/restart", "").problem(404)
	h.broken = fmt.Errorf("the run has succeeded: %w", fault.Conflict)
	h.do("POST", "/api/v1/runs/01RUN/restart", "").problem(409)
}

func TestARunThatWaitsForAFurtherAttemptSaysHowItGoesOn(t *testing.T) {
	h := serve(t)
	run := h.addRun("01RUN", task.Queued)
	ladder := policy.Policy{Steps: []policy.Step{{After: 2 * time.Minute, Do: policy.Wait}, {After: 10 * time.Minute, Do: policy.Recover}}}
	run.Spec.OnUnavailable, run.Spec.LeaveRunning, run.Spec.UnavailableAfter, run.Tries = &ladder, true, task.Duration(30*time.Second), 2
	run.Next = &task.Continuation{Ground: "exit reported", Checkpoint: 4, Avoid: "js-1", NotBefore: noon.Add(time.Minute), Reason: "retry 2 of 3"}
	var got map[string]any
	h.do("GET", "/api/v1/runs/01RUN", "").want(200).into(&got)
	want := map[string]any{
		"policy":        []any{map[string]any{"after": "2m", "do": "wait"}, map[string]any{"after": "10m", "do": "recover"}},
		"leave_running": true, "unavailable_after": "30s", "tries": 2.0, "pinned": false, "checkpoints": []any{},
		"next": map[string]any{
			"ground": "exit reported", "checkpoint": 4.0, "avoid": "js-1", "not_before": "2026-03-01T12:01:00.250Z", "reason": "retry 2 of 3",
		},
	}
	for key, value := range want {
		if diff := cmp.Diff(value, got[key]); diff != "" {
			t.Errorf("%s: -want +got:\n%s", key, diff)
		}
	}
	run.Spec.OnUnavailable = nil
	h.do("GET", "/api/v1/runs/01RUN", "").want(200).into(&got)
	if got["policy"] != "wait" {
		t.Errorf("got the policy %v of a run without one, want wait", got["policy"])
	}
}

func TestRunsThatCanBeTakenUpAreListedWithTheirCheckpoints(t *testing.T) {
	h := serve(t)
	h.addRun("01A", task.Failed).checkpoints = []task.Checkpoint{{Sequence: 1, Name: "half", Instructions: "call the owner first"}}
	h.addRun("01B", task.Lost)
	h.addRun("01C", task.Succeeded)
	h.runs["01B"].Task = "sum"
	var got wire.Page[wire.Recoverable]
	h.do("GET", "/api/v1/recoverable-runs?limit=1", "").want(200).into(&got)
	if len(got.Items) != 1 || got.NextCursor == nil || got.Items[0].Run.ID != "01A" || got.Items[0].Checkpoints[0].Instructions != "call the owner first" {
		t.Fatalf("got %+v, want the failed run with its checkpoint, and more to come", got)
	}
	h.do("GET", "/api/v1/recoverable-runs?cursor="+*got.NextCursor, "").want(200).into(&got)
	if len(got.Items) != 1 || got.Items[0].Run.ID != "01B" || got.Items[0].Checkpoints == nil {
		t.Errorf("got %+v, want the lost run with an empty list", got)
	}
	h.do("GET", "/api/v1/recoverable-runs?task=sum", "").want(200).into(&got)
	if len(got.Items) != 1 || got.Items[0].Run.Task != "sum" {
		t.Errorf("got %+v, want runs of sum alone", got)
	}
}

func TestTheContentOfACheckpointIsDownloadedWholeAndInParts(t *testing.T) {
	h := serve(t)
	content := bytes.Repeat([]byte("0123456789"), 20_000)
	run := h.addRun("01RUN", task.Running)
	run.checkpoints = []task.Checkpoint{{Sequence: 2, Name: "half", Size: int64(len(content)), SHA256: hashOf(string(content)), CreatedAt: noon}}
	run.contents = map[int][]byte{2: content}
	const path = "/api/v1/runs/01RUN/checkpoints/2/content"

	whole := h.do("GET", path, "").want(200)
	tag := whole.header.Get("ETag")
	if !bytes.Equal(whole.body, content) || whole.header.Get("Content-Type") != "application/x-tar" || tag != `"`+hashOf(string(content))+`"` {
		t.Errorf("got %d bytes of %s with the tag %s", len(whole.body), whole.header.Get("Content-Type"), tag)
	}
	if got := whole.header.Get("Content-Disposition"); got != `attachment; filename="01RUN-2.tar"` {
		t.Errorf("got Content-Disposition %s", got)
	}
	rest := h.do("GET", path, "", "Range", "bytes=199990-", "If-Range", tag).want(206)
	if string(rest.body) != "0123456789" || rest.header.Get("Content-Range") != "bytes 199990-199999/200000" {
		t.Errorf("got %q as %s", rest.body, rest.header.Get("Content-Range"))
	}
	if other := h.do("GET", path, "", "Range", "bytes=199990-", "If-Range", `"another"`).want(200); len(other.body) != len(content) {
		t.Errorf("got %d bytes of a content that is another one, want all", len(other.body))
	}
	h.do("GET", path, "", "If-None-Match", tag).want(http.StatusNotModified)
	refused := h.do("GET", path, "", "Range", "bytes=200000-")
	refused.problem(http.StatusRequestedRangeNotSatisfiable)
	if got := refused.header.Get("Content-Range"); got != "bytes */200000" {
		t.Errorf("got Content-Range %q, want how much there is", got)
	}
	for _, seq := range []string{"1", "0", "-2", "02", "x", "99999999999999999999"} {
		h.do("GET", "/api/v1/runs/01RUN/checkpoints/"+seq+"/content", "").problem(404)
	}
	if h.closed != 5 {
		t.Errorf("of 5 opened contents %d were closed", h.closed)
	}
}

func TestCheckpointsAreListed(t *testing.T) {
	h := serve(t)
	h.addRun("01RUN", task.Running).checkpoints = []task.Checkpoint{{Sequence: 1, Name: "extract", Step: 1}, {Sequence: 2, Name: "clean", Step: 2}}
	var got wire.Page[wire.Checkpoint]
	h.do("GET", "/api/v1/runs/01RUN/checkpoints", "").want(200).into(&got)
	if len(got.Items) != 2 || got.Items[1].Name != "clean" || got.Items[1].Step != 2 {
		t.Errorf("got %+v", got.Items)
	}
	h.do("GET", "/api/v1/runs/01NONE/checkpoints", "").problem(404)
}

func TestASilentServerShowsItsTimers(t *testing.T) {
	h := serve(t)
	h.addServer("js-1")
	show := func(change func(*api.ServerView)) (s wire.Server) {
		t.Helper()
		v := h.servers["js-1"]
		change(&v)
		h.servers["js-1"] = v
		h.do("GET", "/api/v1/servers/js-1", "").want(200).into(&s)
		return s
	}
	online := show(func(*api.ServerView) {})
	if online.Timers != nil || online.Held != nil || online.Quarantine != "" || time.Duration(online.Patience) != 120*time.Second || online.UnavailableAfter != 0 {
		t.Errorf("online: got %+v, held %v, patience %v", online.Timers, online.Held, online.Patience)
	}
	stretched := show(func(v *api.ServerView) { v.HeartbeatEvery, v.UnreachableAfter = 6*time.Second, 18*time.Second })
	if time.Duration(stretched.HeartbeatEvery) != 6*time.Second || time.Duration(stretched.UnreachableAfter) != 18*time.Second {
		t.Errorf("of a large fleet: got heartbeats every %v, unreachable after %v", stretched.HeartbeatEvery, stretched.UnreachableAfter)
	}
	seen, since := noon.Add(-5*time.Second), noon
	silent := show(func(v *api.ServerView) {
		v.State, v.LastSeen, v.StateSince, v.UnavailableAfter = jobserver.Unreachable, seen, since, 30*time.Second
		v.Held, v.Quarantine = time.Hour, "process 7 outlived SIGKILL"
	})
	if silent.Timers == nil || !silent.Timers.UnreachableSince.Equal(since) || !silent.Timers.UnavailableAt.Equal(seen.Add(30*time.Second)) || silent.Timers.UnavailableSince != nil {
		t.Errorf("unreachable: got %+v", silent.Timers)
	}
	if time.Duration(*silent.Held) != time.Hour || silent.Quarantine == "" || time.Duration(silent.Patience) != 30*time.Second {
		t.Errorf("unreachable: got held %v, quarantine %q, patience %v", silent.Held, silent.Quarantine, silent.Patience)
	}
	if later := show(func(v *api.ServerView) { v.UnavailableAt = noon.Add(time.Hour) }); !later.Timers.UnavailableAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("counted from later: got %v", later.Timers.UnavailableAt)
	}
	gone := show(func(v *api.ServerView) { v.State = jobserver.Unavailable })
	if gone.Timers == nil || !gone.Timers.UnavailableSince.Equal(since) || gone.Timers.UnavailableAt != nil {
		t.Errorf("unavailable: got %+v", gone.Timers)
	}
}

func TestPoliciesAreReadAsAWordOrALadderAndFaultsNameTheirPlace(t *testing.T) {
	h := serve(t)
	const head = `{"name": "load", "target": {"virtual_server": "etl"}, "job": {"command": ["true"]}, "on_unavailable": `
	for body, where := range map[string]struct {
		status int
		field  string
	}{
		`"retry"`: {422, "on_unavailable"},
		`[{"after": "2m", "do": "wait"}, {"after": "1m", "do": "recover"}]`: {422, "on_unavailable[1].after"},
		`[{"after": "2m", "do": "wait"}, {"after": "10", "do": "recover"}]`: {422, "on_unavailable[1].after"},
		`[{"after": "2m", "do": "wait"}, {"after": 10, "do": "recover"}]`:   {422, "on_unavailable[1].after"},
		`[{"after": "2m", "do": "hope"}]`:                                   {422, "on_unavailable[0].do"},
		`[{"after": "1s", "do": "restart"}]`:                                {422, "on_unavailable[0].after"},
		`[{"afterwards": "2m", "do": "wait"}]`:                              {400, "on_unavailable[0].afterwards"},
		`{"after": "2m"}`:                                                   {422, "on_unavailable"},
	} {
		if p := h.do("POST", "/api/v1/tasks", head+body+"}").problem(where.status); field(p, where.field) == "" {
			t.Errorf("%s: got %+v, want %s named", body, p.Errors, where.field)
		}
	}
	for _, body := range []string{`"recover"`, `[{"after":"2m","do":"wait"},{"after":"10m","do":"recover"},{"after":"1h","do":"reset"}]`} {
		h.tasks = map[string]task.Task{}
		var got map[string]any
		if answer := string(h.do("POST", "/api/v1/tasks", head+body+"}").want(201).body); !strings.Contains(answer, `"on_unavailable":`+body) {
			t.Errorf("got %s, want the policy as it was written", answer)
		}
		h.do("PATCH", "/api/v1/tasks/load", `{"on_unavailable": null, "retries": {"max": 3, "backoff": "30s", "from": "checkpoint"}}`).want(200).into(&got)
		if _, given := got["on_unavailable"]; given || got["retries"] == nil {
			t.Errorf("got %v, want no policy and the retries", got)
		}
	}
	h.addServer("js-1")
	h.do("POST", "/api/v1/virtual-servers", `{"name": "etl", "on_unavailable": "restart", "unavailable_after": "20s", "leave_running": false}`).want(201)
	if got := h.groups["etl"].OnUnavailable; got == nil || got.Kind() != policy.Restart {
		t.Errorf("got the policy %v of a virtual server, want restart", got)
	}
}
