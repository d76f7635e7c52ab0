package api_test

import (
	"testing"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

func TestRetentionIsReadAndEdited(t *testing.T) {
	h := serve(t)
	const path = "/api/v1/settings/retention"
	var got wire.Retention
	first := h.do("GET", path, "").want(200)
	if first.into(&got); got.Runs != 1000 || got.Age.String() != "360h0m0s" || got.UpdatedAt != nil || first.header.Get("ETag") != `"1"` {
		t.Errorf("got %+v, ETag %s", got, first.header.Get("ETag"))
	}
	h.do("PATCH", path, `{"runs": 50, "log_age": "24h"}`, "If-Match", `"1"`).want(200).into(&got)
	if got.Runs != 50 || got.LogAge.String() != "24h0m0s" || got.Version != 2 || got.UpdatedAt == nil {
		t.Errorf("got %+v", got)
	}
	h.do("PATCH", path, `{"runs": 60}`, "If-Match", `"1"`).problem(412)
	h.do("PATCH", path, `{"runs": null}`).want(200).into(&got)
	if got.Runs != 1000 || got.LogAge.String() != "24h0m0s" {
		t.Errorf("got %+v, want the default back and the rest as it was", got)
	}
	for body, field := range map[string]string{
		`{"runs": -1}`: "runs", `{"age": "1s"}`: "age", `{"event_age": "-1h"}`: "event_age",
	} {
		if p := h.do("PATCH", path, body).problem(422); len(p.Errors) != 1 || p.Errors[0].Field != field {
			t.Errorf("%s: got %+v", body, p)
		}
	}
	h.do("PATCH", path, `{"days": 3}`).problem(400)
}

func TestRunsArePinnedAndUnpinned(t *testing.T) {
	h := serve(t)
	h.addRun("01A", task.Succeeded)
	var run wire.Run
	h.do("POST", "/api/v1/runs/01A/pin", "").want(200).into(&run)
	if !run.Pinned {
		t.Error("it is not pinned")
	}
	h.do("POST", "/api/v1/runs/01A/unpin", "").want(200).into(&run)
	if run.Pinned {
		t.Error("it is pinned still")
	}
	h.do("POST", "/api/v1/runs/01B/pin", "").problem(404)
	h.do("POST", "/api/v1/runs/01A/pin", `{"for": "ever"}`).problem(400)
}

func TestATaskMayHaveRulesOfItsOwn(t *testing.T) {
	h := serve(t)
	h.addTask("load")
	var got wire.Task
	h.do("PATCH", "/api/v1/tasks/load", `{"retention": {"runs": 10, "age": "48h"}}`).want(200).into(&got)
	if got.Retention == nil || *got.Retention.Runs != 10 || got.Retention.LogAge != nil {
		t.Errorf("got %+v", got.Retention)
	}
	h.do("PATCH", "/api/v1/tasks/load", `{"retention": {"runs": -1}}`).problem(422)
	var again wire.Task
	h.do("PATCH", "/api/v1/tasks/load", `{"retention": null}`).want(200).into(&again)
	if again.Retention != nil {
		t.Errorf("got %+v, want none", again.Retention)
	}
}
