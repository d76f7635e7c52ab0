package api_test

import (
	"strings"
	"testing"

	"github.com/segno-jobs/segno/task"
)

func TestConcurrencyGroupsAreMadeListedAndRemoved(t *testing.T) {
	h := serve(t)
	made := h.do("POST", "/api/v1/concurrency-groups", `{"name": "db", "max_concurrent": 2}`).want(201)
	if at := made.header.Get("Location"); at != "/api/v1/concurrency-groups/db" {
		t.Errorf("got Location %q", at)
	}
	h.do("POST", "/api/v1/concurrency-groups", `{"name": "db", "max_concurrent": 2}`).problem(409)
	h.do("POST", "/api/v1/concurrency-groups", `{"name": "ftp", "max_concurrent": 1}`).want(201)
	list := string(h.do("GET", "/api/v1/concurrency-groups?q=d", "").want(200).body)
	for _, want := range []string{`"name":"db"`, `"max_concurrent":2`, `"active":1`, `"tasks":[]`} {
		if !strings.Contains(list, want) {
			t.Errorf("%s does not contain %s", list, want)
		}
	}
	if strings.Contains(list, "ftp") {
		t.Errorf("%s holds a group that was not asked for", list)
	}
	h.do("DELETE", "/api/v1/concurrency-groups/db", "").want(204)
	h.do("GET", "/api/v1/concurrency-groups/db", "").problem(404)
}

func TestLimitsThatCannotBeAreRefusedByName(t *testing.T) {
	h := serve(t)
	h.addTask("load")
	for body, field := range map[string]string{
		`{"name": "db", "max_concurrent": 0}`: "max_concurrent",
		`{"name": "D", "max_concurrent": 1}`:  "name",
	} {
		if p := h.do("POST", "/api/v1/concurrency-groups", body).problem(422); len(p.Errors) != 1 || p.Errors[0].Field != field {
			t.Errorf("%s: got %+v", body, p)
		}
	}
	for body, field := range map[string]string{
		`{"max_concurrent": -1}`: "max_concurrent", `{"when_busy": "skip"}`: "when_busy", `{"max_concurrent": 1, "when_busy": "drop"}`: "when_busy",
		`{"max_queue_time": "1ms"}`: "max_queue_time", `{"concurrency_groups": ["a", "a"]}`: "concurrency_groups[1]",
	} {
		if p := h.do("PATCH", "/api/v1/tasks/load", body).problem(422); len(p.Errors) != 1 || p.Errors[0].Field != field {
			t.Errorf("%s: got %+v", body, p)
		}
	}
	h.do("PATCH", "/api/v1/tasks/load", `{"max_queue_time": 90}`).problem(422)
}

func TestARequestThatABusyTaskSkipsIsAConflictThatSaysWhy(t *testing.T) {
	h := serve(t)
	h.addTask("load")
	h.broken = &task.Refusal{Task: "load", Reason: "its task is busy: 1 run has not ended, of at most 1, and when_busy is skip"}
	p := h.do("POST", "/api/v1/tasks/load/runs", `{}`).problem(409)
	if !strings.Contains(p.Detail, "when_busy is skip") {
		t.Errorf("got %+v", p)
	}
}
