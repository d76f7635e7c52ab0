package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

const nightly = `{"name": "nightly", "params": {"date": "today"},
	"nodes": [{"name": "extract", "task": "extract"}, {"name": "load-eu", "task": "load", "timeout": "10m0s"}, {"name": "load-us", "task": "load"}, {"name": "alarm", "task": "alarm"}],
	"groups": [{"name": "loads", "nodes": ["load-eu", "load-us"], "limit": 1}],
	"edges": [{"from": "extract", "to": "loads"}, {"from": "loads", "to": "alarm", "on": "error"}]}`

func withPlan(t *testing.T) *harness {
	t.Helper()
	h := serve(t)
	for _, name := range []string{"extract", "load", "alarm"} {
		h.addTask(name)
	}
	h.do("POST", "/api/v1/plans", nightly).want(201)
	return h
}

func TestAPlanIsStoredAsItWasWritten(t *testing.T) {
	h := withPlan(t)
	r := h.do("GET", "/api/v1/plans/nightly", "").want(200)
	if r.header.Get("ETag") != `"1"` {
		t.Errorf("got the ETag %s", r.header.Get("ETag"))
	}
	var got, want map[string]any
	r.into(&got)
	if err := json.Unmarshal([]byte(nightly), &want); err != nil {
		t.Fatal(err)
	}
	for key, value := range want {
		a, _ := json.Marshal(got[key])
		b, _ := json.Marshal(value)
		if string(a) != string(b) {
			t.Errorf("%s: got %s, want %s", key, a, b)
		}
	}
	var list wire.Page[wire.Plan]
	h.do("GET", "/api/v1/plans?q=night&task=load", "").want(200).into(&list)
	if len(list.Items) != 1 {
		t.Errorf("got %d plans, want one", len(list.Items))
	}
	h.do("GET", "/api/v1/plans?task=other", "").want(200).into(&list)
	if len(list.Items) != 0 {
		t.Errorf("got %d plans of another task, want none", len(list.Items))
	}
	h.do("POST", "/api/v1/plans", nightly).problem(409)
}

func TestAPlanIsEditedUnderItsETag(t *testing.T) {
	h := withPlan(t)
	r := h.do("PATCH", "/api/v1/plans/nightly", `{"description": "each night"}`, "If-Match", `"1"`).want(200)
	if r.header.Get("ETag") != `"2"` {
		t.Errorf("got the ETag %s", r.header.Get("ETag"))
	}
	h.do("PATCH", "/api/v1/plans/nightly", `{"description": "x"}`, "If-Match", `"1"`).problem(412)
	h.do("PATCH", "/api/v1/plans/nightly", `{"name": "other"}`).problem(422)
	p := h.do("PATCH", "/api/v1/plans/nightly", `{"edges": [{"from": "alarm", "to": "alarm"}]}`).problem(422)
	if got := field(p, "edges[0]"); !strings.Contains(got, "closes a cycle: alarm → alarm") {
		t.Errorf("got %+v", p)
	}
	h.do("DELETE", "/api/v1/plans/nightly", "", "If-Match", `"1"`).problem(412)
	h.do("DELETE", "/api/v1/plans/nightly", "", "If-Match", `"2"`).want(204)
	h.do("GET", "/api/v1/plans/nightly", "").problem(404)
}

func TestAPlansLimitIsKeptAndItsRunsAreListedAsWaiting(t *testing.T) {
	h := withPlan(t)
	h.do("PATCH", "/api/v1/plans/nightly", `{"max_concurrent": 1, "when_busy": "skip", "max_queued": 3, "max_queue_time": "1h"}`).want(200)
	var got plan.Spec
	h.do("GET", "/api/v1/plans/nightly", "").want(200).into(&got)
	if got.MaxConcurrent != 1 || got.WhenBusy != task.BusySkip || got.MaxQueued != 3 || got.MaxQueueTime != task.Duration(time.Hour) {
		t.Errorf("got at most %d and %q, and at most %d that wait for %s", got.MaxConcurrent, got.WhenBusy, got.MaxQueued, got.MaxQueueTime)
	}
	for patch, at := range map[string]string{
		`{"max_concurrent": -1}`: "max_concurrent", `{"max_concurrent": 10001}`: "max_concurrent",
		`{"max_concurrent": null}`: "when_busy", `{"when_busy": "later"}`: "when_busy",
		`{"max_queued": -1}`: "max_queued", `{"max_queued": 100001}`: "max_queued", `{"max_queue_time": "1ms"}`: "max_queue_time",
		`{"max_concurrent": 0, "when_busy": null}`: "max_queued",
	} {
		if p := h.do("PATCH", "/api/v1/plans/nightly", patch).problem(422); field(p, at) == "" {
			t.Errorf("%s: got %+v", patch, p)
		}
	}
	var list wire.Page[wire.PlanRun]
	h.do("POST", "/api/v1/plans/nightly/runs", "").want(201)
	h.do("GET", "/api/v1/plan-runs?state=waiting", "").want(200).into(&list)
	if len(list.Items) != 0 {
		t.Errorf("got %+v as waiting", list.Items)
	}
	h.do("GET", "/api/v1/plan-runs?state=waiting,running", "").want(200).into(&list)
	if len(list.Items) != 1 {
		t.Errorf("got %d plan runs that wait or run", len(list.Items))
	}
}

func TestABadPlanIsRefusedWithThePath(t *testing.T) {
	h := withPlan(t)
	for body, want := range map[string]struct {
		status int
		field  string
	}{
		`{"name": "a", "nodes": [{"name": "a", "task": "nosuch"}]}`:                                                       {422, "nodes[0].task"},
		`{"name": "a", "nodes": []}`:                                                                                      {422, "nodes"},
		`{"name": "a", "nodes": [{"name": "a", "task": "load"}, {"name": "b", "task": "load"}]}`:                          {422, "nodes[1]"},
		`{"name": "a", "nodes": [{"name": "a", "task": "load", "params": {"x": "1"}}]}`:                                   {422, "nodes[0].params.x"},
		`{"name": "a", "nodes": [{"name": "a", "task": "load", "retry": 1}]}`:                                             {400, "nodes[0].retry"},
		`{"name": "a", "nodes": [{"name": "a", "task": "load"}], "edges": [{"from": "a", "to": "b", "on": "sometimes"}]}`: {422, "edges[0].on"},
	} {
		p := h.do("POST", "/api/v1/plans", body).problem(want.status)
		if field(p, want.field) == "" {
			t.Errorf("%s: got %+v, want the field %s", body, p, want.field)
		}
	}
}

func TestAPlanRunShowsEachNodeAndEdge(t *testing.T) {
	h := withPlan(t)
	r := h.do("POST", "/api/v1/plans/nightly/runs", `{"params": {"date": "2026-03-01"}}`, "Idempotency-Key", "k1").want(201)
	var got wire.PlanRun
	r.into(&got)
	if r.header.Get("Location") != "/api/v1/plan-runs/"+string(got.ID) || got.State != plan.Running || got.Params["date"] != "2026-03-01" {
		t.Fatalf("got %s at %s", r.body, r.header.Get("Location"))
	}
	var again wire.PlanRun
	h.do("POST", "/api/v1/plans/nightly/runs", `{"params": {"date": "2026-03-01"}}`, "Idempotency-Key", "k1").want(201).into(&again)
	if again.ID != got.ID {
		t.Errorf("the same key gave %s and %s", got.ID, again.ID)
	}
	h.do("POST", "/api/v1/plans/nightly/runs", `{"params": {"day": "1"}}`).problem(422)
	h.do("POST", "/api/v1/plans/nosuch/runs", "").problem(404)

	run := h.planRuns[string(got.ID)]
	run, _ = plan.Advance(run, plan.Began{}, noon)
	run = run.Started("extract", "01A")
	run, _ = plan.Advance(run, plan.RunEnded{Run: "01A", State: task.Succeeded}, noon)
	run = run.Started("load-eu", "01B")
	run.Nodes[1].Live = &plan.Live{State: task.Running, Server: "js-1", Attempt: 1, Progress: &task.Progress{Percent: 42}}
	h.planRuns[string(got.ID)] = run
	h.do("GET", "/api/v1/plan-runs/"+string(got.ID), "").want(200).into(&got)
	states := ""
	for _, n := range got.Nodes {
		states += n.Name + ":" + string(n.State) + " "
	}
	if states != "extract:succeeded load-eu:running load-us:waiting alarm:waiting " {
		t.Errorf("got the nodes %s", states)
	}
	eu := got.Nodes[1]
	if eu.Run == nil || *eu.Run != "01B" || eu.Task != "load" || eu.Try != 1 || eu.Deadline == nil || eu.Live == nil || *eu.Live.Server != "js-1" || eu.Live.Progress.Percent != 42 {
		t.Errorf("got the node %+v", eu)
	}
	if len(got.Edges) != 2 || got.Edges[0] != (wire.PlanEdge{From: "extract", To: "loads", On: plan.OnOK, State: plan.EdgeTaken}) || got.Edges[1].State != plan.EdgeWaiting {
		t.Errorf("got the edges %+v", got.Edges)
	}
	if len(got.Groups) != 1 || got.Groups[0].Limit != 1 || got.Counts[plan.NodeWaiting] != 2 {
		t.Errorf("got the groups %+v and the counts %v", got.Groups, got.Counts)
	}
	body := string(h.do("GET", "/api/v1/plan-runs?plan=nightly&state=running,stopping", "").want(200).body)
	if !strings.Contains(body, `"id":"`+string(got.ID)) || strings.Contains(body, `"nodes"`) || !strings.Contains(body, `"waiting":2`) {
		t.Errorf("got the list %s, want it without graphs", body)
	}
	if p := h.do("GET", "/api/v1/plan-runs?state=queued", "").problem(422); field(p, "state") == "" {
		t.Errorf("got %+v", p)
	}
}

func TestAPlanRunIsCancelledAndResumed(t *testing.T) {
	h := withPlan(t)
	var run wire.PlanRun
	h.do("POST", "/api/v1/plans/nightly/runs", "").want(201).into(&run)
	path := "/api/v1/plan-runs/" + string(run.ID)
	h.do("POST", path+"/resume", "").problem(409)
	h.do("POST", path+"/cancel", `{"why": 1}`).problem(400)
	h.do("POST", path+"/cancel", "").want(200).into(&run)
	if run.State != plan.Cancelled || run.EndedAt == nil || !strings.HasPrefix(run.Reason, "cancelled by ") {
		t.Errorf("got %+v", run)
	}
	h.do("POST", path+"/resume", "").want(200).into(&run)
	if run.State != plan.Running || run.EndedAt != nil {
		t.Errorf("got %+v", run)
	}
	h.do("GET", "/api/v1/plan-runs/nosuch", "").problem(404)
	h.do("POST", "/api/v1/plan-runs/no%20such/cancel", "").problem(404)
}
