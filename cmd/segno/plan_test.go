package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

const planRunID = "01JD3Z5M7QW8X9Y0ABCDEFGHJP"

const nightlyDocument = `kind: plan
name: nightly
params: {date: 2026-01-31}
nodes:
  - {name: extract, task: extract, params: {day: "${{ params.date }}"}, timeout: 10m}
  - {name: load-eu, task: load}
  - {name: load-us, task: load}
  - {name: report, task: report}
  - {name: alarm, task: alarm, join: any}
groups:
  - {name: loads, nodes: [load-eu, load-us], limit: 1}
edges:
  - {from: extract, to: loads}
  - {from: loads, to: report}
  - {from: extract, to: alarm, on: error}
  - {from: loads, to: alarm, on: error}
`

// routePlans adds the routes of plans. The states of a plan run are handed out one after the other.
func (f *fakeAPI) routePlans(mux *http.ServeMux) {
	f.route(mux, "GET /plans", listOf(f.plans))
	f.route(mux, "GET /plans/{name}", oneOf(f.plans))
	f.route(mux, "PATCH /plans/{name}", patchOf(f.plans))
	f.route(mux, "DELETE /plans/{name}", removeOf(f.plans))
	f.route(mux, "POST /plans", func(r *http.Request) (any, error) {
		var s wire.NewPlan
		err := json.NewDecoder(r.Body).Decode(&s)
		f.plans[s.Name] = wire.Plan{Spec: s.Spec, Version: 1, UpdatedAt: wire.At(noon)}
		f.addTriggers(task.PlanOwner(s.Name), s.Triggers...)
		return f.plans[s.Name], err
	})
	one := func(*http.Request) (any, error) {
		if f.away > 0 {
			f.away--
			return nil, refusal{Status: 503, Title: "Unavailable", Detail: "the database cannot be reached"}
		}
		r := f.planStates[0]
		if f.looked != nil {
			f.looked()
		}
		if len(f.planStates) > 1 {
			f.planStates = f.planStates[1:]
		}
		return r, nil
	}
	f.route(mux, "POST /plans/{name}/runs", func(*http.Request) (any, error) { return f.planStates[0], nil })
	f.route(mux, "GET /plan-runs", func(*http.Request) (any, error) { return wire.Page[wire.PlanRun]{Items: f.planStates}, nil })
	f.route(mux, "GET /plan-runs/{id}", one)
	f.route(mux, "POST /plan-runs/{id}/cancel", one)
	f.route(mux, "POST /plan-runs/{id}/resume", one)
}

// played returns the states of a run of the plan in nightlyDocument: begun, with the loads at work, and ended so.
func played(t *testing.T, s *shell, load task.State) []wire.PlanRun {
	t.Helper()
	file := filepath.Join(t.TempDir(), "nightly.yaml")
	if err := os.WriteFile(file, []byte(nightlyDocument), 0o600); err != nil {
		t.Fatal(err)
	}
	s.ok("plan", "create", "-f", file)
	r, err := plan.NewRun(planRunID, s.api.plans["nightly"].Spec, nil, task.Cause{}, noon.Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	var states []wire.PlanRun
	at := noon.Add(-time.Minute)
	advance := func(e plan.Event) {
		var actions []plan.Action
		at = at.Add(10 * time.Second)
		r, actions = plan.Advance(r, e, at)
		for _, a := range actions {
			r = r.Started(a.Start, task.RunID("run-of-"+a.Start))
			live := plan.Live{State: task.Running, Server: "js-1", Attempt: 1, Progress: &task.Progress{Percent: 50, Message: "half"}}
			r.Nodes[r.Index(a.Start)].Live = &live
		}
		states = append(states, wire.WholePlanRunOf(r))
	}
	advance(plan.Began{})
	advance(plan.RunEnded{Run: "run-of-extract", State: task.Succeeded})
	advance(plan.RunEnded{Run: "run-of-load-eu", State: load, Reason: "for a reason"})
	advance(plan.RunEnded{Run: "run-of-load-us", State: task.Succeeded})
	advance(plan.RunEnded{Run: "run-of-report", State: task.Succeeded})
	advance(plan.RunEnded{Run: "run-of-alarm", State: task.Succeeded})
	return states
}

func TestFollowingAPlanPrintsALineForEachChange(t *testing.T) {
	s := newShell(t)
	s.api.planStates = played(t, s, task.Failed)
	s.api.tell()
	got := s.run("plan", "run", "nightly", "--follow", "--param", "date=2026-02-01")
	if got.code != 1 {
		t.Errorf("got the exit code %d, want 1\n%s", got.code, got.err)
	}
	var nodes []string
	for l := range strings.SplitSeq(got.out, "\n") {
		if fields := strings.Fields(l); len(fields) > 3 && strings.HasPrefix(l, "2026-") {
			nodes = append(nodes, fields[2]+" "+fields[3])
		}
	}
	want := "extract running, extract succeeded, load-eu running, load-eu failed, load-us running, load-us succeeded, report skipped, alarm running, alarm succeeded"
	if s := strings.Join(nodes, ", "); s != want {
		t.Errorf("got  %s\nwant %s\n%s", s, want, got.out)
	}
	for _, part := range []string{"plan run " + planRunID + " of nightly\n", "run run-of-extract", "█████····· 50 % half", "failed: for a reason", "failed after 1m0s: load-eu did not succeed\n"} {
		if !strings.Contains(got.out, part) {
			t.Errorf("%q is not in\n%s", part, got.out)
		}
	}
	if last := s.api.calls[len(s.api.calls)-1]; last != `POST /plans/nightly/runs {"params":{"date":"2026-02-01"}}` {
		t.Errorf("got the request %s", last)
	}
}

// tell has each look at a plan run followed by an event, so that nobody waits for the next second.
func (f *fakeAPI) tell() {
	f.news = make(chan wire.Event, 100)
	id := int64(0)
	f.looked = func() {
		id++
		f.news <- wire.Event{ID: id, Kind: "plan_run.node", Subject: planRunID}
	}
}

func TestFollowingAPlanOnATerminalDrawsTheGraphOverItself(t *testing.T) {
	s := newShell(t)
	s.api.planStates = played(t, s, task.Succeeded)
	s.api.tell()
	s.terminal = true
	got := s.run("plan", "run", "nightly", "--follow", "--no-color")
	if got.code != 0 {
		t.Fatalf("got the exit code %d\n%s", got.code, got.err)
	}
	screens := strings.Split(got.out, "\x1b[7A\r\x1b[J")
	if len(screens) != 5 {
		t.Fatalf("got %d screens, want one for each state, drawn over the one before:\n%q", len(screens), got.out)
	}
	for i, want := range map[int]string{
		1: `nightly ` + planRunID + `  running  1m0s  1/5 nodes
✔ extract          succeeded  10s  js-1
├─ok─ loads        1 at once
│  ┊ ▶ load-eu     running  40s  js-1  █████····· 50 % half
│  ┊ ○ load-us     waiting
│  └─ok─ ○ report  waiting
└─error─ ○ alarm   waiting; also follows loads (error)
`,
		4: `nightly ` + planRunID + `  succeeded  50s  5/5 nodes
✔ extract          succeeded  10s  js-1
├─ok─ loads        1 at once
│  ┊ ✔ load-eu     succeeded  10s  js-1
│  ┊ ✔ load-us     succeeded  10s  js-1
│  └─ok─ ✔ report  succeeded  10s  js-1
└─error─ – alarm   skipped  extract succeeded, and this follows on error; also…
`,
	} {
		if screens[i] != want {
			t.Errorf("screen %d: got\n%s\nwant\n%s", i, screens[i], want)
		}
	}
}

func TestAPlanIsShownAsAGraph(t *testing.T) {
	s := newShell(t)
	played(t, s, task.Succeeded)
	got := s.ok("plan", "show", "nightly")
	want := `extract          extract, at most 10m0s  day=${{ params.date }}
├─ok─ loads      1 at once
│  ┊ load-eu     load
│  ┊ load-us     load
│  └─ok─ report  report
└─error─ alarm   alarm; also follows loads (error)
`
	if !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nwant at its end\n%s", got, want)
	}
	if got := s.ok("plan", "get", "nightly", "-o", "json"); !strings.Contains(got, `"limit": 1`) {
		t.Errorf("got %s", got)
	}
	if got := s.ok("plan", "list"); !strings.Contains(got, "nightly  5") {
		t.Errorf("got %s", got)
	}
}

func TestPlanRunsAreListedCancelledAndResumed(t *testing.T) {
	s := newShell(t)
	states := played(t, s, task.Failed)
	s.api.planStates = states[2:3]
	if got := s.ok("plan", "runs", "nightly", "--state", "running"); !strings.Contains(got, planRunID) || !strings.Contains(got, "2/5") {
		t.Errorf("got %s", got)
	}
	if got := s.ok("plan", "status", planRunID); !strings.Contains(got, "✘ load-eu") || !strings.Contains(got, "○ report") {
		t.Errorf("got %s", got)
	}
	if got := s.ok("plan", "cancel", planRunID); got != planRunID+" running\n" {
		t.Errorf("got %s", got)
	}
	if got := s.ok("plan", "resume", planRunID); got != planRunID+" running\n" {
		t.Errorf("got %s", got)
	}
	calls := strings.Join(s.api.calls[len(s.api.calls)-2:], "; ")
	if calls != "POST /plan-runs/"+planRunID+"/cancel; POST /plan-runs/"+planRunID+"/resume" {
		t.Errorf("got the requests %s", calls)
	}
	s.api.planStates = states[len(states)-1:]
	if got := s.run("plan", "status", planRunID, "--follow", "-o", "json"); got.code != 1 || !strings.Contains(got.out, `"state": "failed"`) {
		t.Errorf("got %d with %s", got.code, got.out)
	}
	s.ok("plan", "delete", "nightly")
	if got := s.run("plan", "run", "nightly", "--cancel-on-interrupt"); got.code != exitUsage {
		t.Errorf("got the exit code %d", got.code)
	}
}

func TestCtrlCLeavesAPlanRunOrCancelsIt(t *testing.T) {
	for _, cancel := range []bool{false, true} {
		s := newShell(t)
		s.api.planStates = played(t, s, task.Failed)[:1]
		ctx, stop := context.WithCancel(t.Context())
		s.ctx = ctx
		args := []string{"plan", "run", "nightly", "--follow"}
		if cancel {
			args = append(args, "--cancel-on-interrupt")
		}
		s.api.looked = stop
		got := s.run(args...)
		if got.code != exitInterrupted {
			t.Errorf("got the exit code %d\n%s", got.code, got.err)
		}
		cancelled := strings.Contains(fmt.Sprint(s.api.calls), "/cancel")
		if cancelled != cancel || !cancel && !strings.Contains(got.err, "segno plan status "+planRunID+" --follow") {
			t.Errorf("cancelled %v, want %v\n%s", cancelled, cancel, got.err)
		}
	}
}

func TestApplyMakesAndChangesPlans(t *testing.T) {
	s := newShell(t)
	s.stdin = nightlyDocument
	if got := s.ok("apply", "-f", "-", "--yes"); !strings.Contains(got, "plan nightly: create") {
		t.Errorf("got %s", got)
	}
	if got := s.ok("apply", "-f", "-"); !strings.Contains(got, "Nothing to change") {
		t.Errorf("a second time: got %s", got)
	}
	s.stdin = strings.Replace(nightlyDocument, "limit: 1", "limit: 2", 1)
	if got := s.ok("apply", "-f", "-", "--yes"); !strings.Contains(got, "groups[0].limit: 1 → 2") {
		t.Errorf("got %s", got)
	}
	if got := s.api.plans["nightly"].Groups[0].Limit; got != 2 {
		t.Errorf("got the limit %d", got)
	}
	s.stdin = strings.Replace(nightlyDocument, "to: report}", "to: extract}", 1)
	if got := s.run("apply", "-f", "-"); got.code != 1 || !strings.Contains(got.err, "stdin:14: plan nightly: edges[1] closes a cycle: loads → extract → loads") {
		t.Errorf("got %s", got.err)
	}
}
