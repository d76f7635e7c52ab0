package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/about"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// insight is what the fake tells beside runs.
type insight struct {
	points map[task.RunID][]task.LoadPoint
	spans  page.Of[task.Span]
	// asked is the last question for spans.
	asked struct {
		task.SpanFilter
		limit  int
		cursor string
	}
	choice virtualserver.Placement
	facts  about.Facts
	counts task.Summary
}

func (f *fake) Summary(context.Context) (task.Summary, error) { return f.insight.counts, f.broken }

func (f *fake) About(context.Context) (about.Facts, error) { return f.insight.facts, f.broken }

func (f *fake) RunLoad(ctx context.Context, id task.RunID) ([]task.LoadPoint, error) {
	if _, err := f.Run(ctx, id); err != nil {
		return nil, err
	}
	return f.insight.points[id], nil
}

func (f *fake) LatestRuns(_ context.Context, tasks []string) (map[string]task.Run, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	latest := map[string]task.Run{}
	for _, name := range tasks {
		for id, r := range f.runs {
			if r.Task == name && id > latest[name].ID {
				latest[name] = r.Run
			}
		}
	}
	return latest, nil
}

func (f *fake) Spans(_ context.Context, q task.SpanFilter, limit int, cursor string) (page.Of[task.Span], error) {
	f.insight.asked.SpanFilter, f.insight.asked.limit, f.insight.asked.cursor = q, limit, cursor
	return f.insight.spans, nil
}

func (f *fake) TaskPlacement(_ context.Context, name string) (virtualserver.Placement, error) {
	if _, known := f.tasks[name]; !known {
		return virtualserver.Placement{}, fmt.Errorf("find %q: %w", name, fault.NotFound)
	}
	return f.insight.choice, nil
}

func TestTheLoadOfARunIsTold(t *testing.T) {
	h := serve(t)
	h.addRun("01A", task.Running)
	h.insight.points = map[task.RunID][]task.LoadPoint{"01A": {{
		Ref: task.Ref{Run: "01A", Number: 2}, At: noon, Length: 5 * time.Second, CPU: 1.5, Memory: 4096, Processes: 3,
	}}}
	got := string(h.do("GET", "/api/v1/runs/01A/load", "").want(200).body)
	want := `{"attempt":2,"at":"2026-03-01T12:00:00.250Z","length":"5s","cpu":1.5,"memory":4096,"processes":3}`
	if !strings.Contains(got, want) {
		t.Errorf("got %s, want %s in it", got, want)
	}
	h.do("GET", "/api/v1/runs/nosuch/load", "").problem(404)
}

func TestTheListOfTasksTellsTheNewestRunOfEach(t *testing.T) {
	h := serve(t)
	h.addTask("load")
	h.addTask("idle")
	h.addRun("01A", task.Failed)
	newest := h.addRun("01B", task.Queued)
	newest.Reason = "no server is eligible"
	var list wire.Page[wire.Task]
	h.do("GET", "/api/v1/tasks", "").want(200).into(&list)
	if len(list.Items) != 2 || list.Items[0].LastRun != nil {
		t.Fatalf("got %+v, want two tasks, the first of which never ran", list.Items)
	}
	last := list.Items[1].LastRun
	if last == nil || last.ID != "01B" || last.State != task.Queued || last.Reason != "no server is eligible" {
		t.Errorf("got %+v, want the newest run", last)
	}
}

func TestWhereARunOfATaskWouldGoIsTold(t *testing.T) {
	h := serve(t)
	h.addTask("load")
	h.insight.choice = virtualserver.Placement{At: noon, Chosen: "js-2", Reason: "js-2 has the highest rating"}
	var p wire.Placement
	h.do("GET", "/api/v1/tasks/load/placement", "").want(200).into(&p)
	if p.Chosen != "js-2" || p.Reason != "js-2 has the highest rating" || p.Candidates == nil {
		t.Errorf("got %+v", p)
	}
	h.do("GET", "/api/v1/tasks/nosuch/placement", "").problem(404)
}

func TestTheTimelineListsSpansOfAStretchOfTime(t *testing.T) {
	h := serve(t)
	end := noon.Add(time.Minute)
	h.insight.spans = page.Of[task.Span]{Next: "more", Items: []task.Span{
		{Ref: task.Ref{Run: "01A", Number: 1}, Task: "load", Server: "js-1", State: task.AttemptLost, From: noon, To: &end},
	}}
	got := string(h.do("GET", "/api/v1/timeline?from=2026-03-01T11:00:00Z&to=2026-03-01T13:00:00Z&server=js-1&task=load&limit=5000&cursor=c", "").want(200).body)
	want := `{"run":"01A","attempt":1,"task":"load","server":"js-1","state":"lost","from":"2026-03-01T12:00:00.250Z","to":"2026-03-01T12:01:00.250Z"}`
	if !strings.Contains(got, want) || !strings.Contains(got, `"next_cursor":"more"`) {
		t.Errorf("got %s, want %s and a cursor", got, want)
	}
	q := h.insight.asked
	if q.From.Hour() != 11 || q.To.Hour() != 13 || q.Task != "load" || q.Server != "js-1" || q.limit != 5000 || q.cursor != "c" {
		t.Errorf("got the question %+v", q)
	}
	h.do("GET", "/api/v1/timeline", "").want(200)
	if q := h.insight.asked; q.To.Sub(q.From) != time.Hour || q.limit != 1000 {
		t.Errorf("by default got %s and a limit of %d, want an hour and 1000", q.To.Sub(q.From), q.limit)
	}
	for query, name := range map[string]string{
		"from=2026-03-01T13:00:00Z&to=2026-03-01T12:00:00Z": "from",
		"from=2026-01-01T00:00:00Z&to=2026-03-01T12:00:00Z": "from",
		"limit=5001":    "limit",
		"to=yesterday":  "to",
		"from=tomorrow": "from",
	} {
		if field(h.do("GET", "/api/v1/timeline?"+query, "").problem(422), name) == "" {
			t.Errorf("%s: the problem does not name %s", query, name)
		}
	}
}

func TestRunsCanBeFilteredByWhatAskedForThem(t *testing.T) {
	h := serve(t)
	h.do("GET", "/api/v1/runs?cause=manual,trigger&cause=plan&q=load", "").want(200)
	if got := h.runFilter; !slices.Equal(got.Causes, []task.CauseKind{task.CauseManual, task.CauseTrigger, task.CausePlan}) || got.Query != "load" {
		t.Errorf("got the filter %+v", got)
	}
	if field(h.do("GET", "/api/v1/runs?cause=whim", "").problem(422), "cause") == "" {
		t.Error("the problem does not name the cause")
	}
}

func TestAllOutputOfAnAttemptCanBeDownloaded(t *testing.T) {
	h := serve(t)
	run := h.addRun("01A", task.Succeeded).attempt("js-1")
	var want bytes.Buffer
	for i := range 40 { // More than one piece of what is read at once.
		data := bytes.Repeat([]byte{byte('a' + i%26)}, 512<<10)
		want.Write(data)
		run.output[1] = append(run.output[1], task.OutputPiece{Stream: task.Stdout, Data: data})
	}
	run.ended[1] = true
	got := h.do("GET", "/api/v1/runs/01A/log?attempt=1&download=true", "").want(200)
	if !bytes.Equal(got.body, want.Bytes()) {
		t.Errorf("got %d bytes, want the %d that the job wrote", len(got.body), want.Len())
	}
	if name := got.header.Get("Content-Disposition"); name != `attachment; filename="01A-1.log"` {
		t.Errorf("got Content-Disposition %q", name)
	}
	for _, with := range []string{"follow=true", "format=json"} {
		if field(h.do("GET", "/api/v1/runs/01A/log?download=true&"+with, "").problem(422), "download") == "" {
			t.Errorf("with %s: the problem does not name download", with)
		}
	}
}

func TestAboutSaysWhatTheConductorIsAndWhichCheckFails(t *testing.T) {
	h := serve(t)
	h.insight.facts = about.Facts{
		Version: "1.2.3", Go: "go1.26", Database: about.Database{Kind: "SQLite", Version: "3.54.1", Schema: 10, Bytes: 4096},
		Checks:     []about.Check{{Name: "a", Took: 1500 * time.Microsecond}},
		Conductors: []about.Conductor{{Name: "host-1", Version: "1.2.3", StartedAt: noon}},
	}
	want := wire.About{
		Version: "1.2.3", GoVersion: "go1.26", Ready: true,
		Database:   wire.AboutDatabase{Kind: "SQLite", Version: "3.54.1", Schema: 10, Bytes: 4096},
		Checks:     []wire.AboutCheck{{Name: "a", OK: true, Took: task.Duration(1500 * time.Microsecond)}},
		Conductors: []wire.AboutConductor{{Name: "host-1", Version: "1.2.3", StartedAt: wire.At(noon)}},
	}
	var got wire.About
	h.do("GET", "/api/v1/about", "").want(200).into(&got)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	h.insight.facts.Checks = append(h.insight.facts.Checks, about.Check{Name: "b", Err: errors.New("the disk is full")})
	h.do("GET", "/api/v1/about", "").want(200).into(&got)
	if got.Ready || got.Checks[1].OK || got.Checks[1].Error != "the disk is full" {
		t.Errorf("got %+v, want it not ready, and why", got)
	}
}

func TestTheSummaryIsSentAsCounted(t *testing.T) {
	h := serve(t)
	h.insight.counts = task.Summary{
		At: noon, Open: map[task.State]int64{task.Queued: 1000, task.Unknown: 2}, OldestQueuedAt: noon.Add(-time.Hour),
		WaitLong: 900, Late: 3, Failed: 4, PausedTriggers: 5, Pauses: 6, DeadDeliveries: 10,
		Servers: map[string]int64{"online": 11, "draining": 12, "disabled": 13, "unreachable": 14, "unavailable": 15, "never_seen": 16},
		Minutes: []task.MinuteOfRuns{{At: noon, Succeeded: 7, Unsuccessful: 8, Open: 9}},
	}
	oldest := wire.At(noon.Add(-time.Hour))
	want := wire.Summary{
		At: wire.At(noon), OpenRuns: wire.SummaryOpen{Queued: 1000, Unknown: 2}, OldestQueuedAt: &oldest,
		WaitLong: 900, Late: 3, Failed: 4, PausedTriggers: 5, Pauses: 6, DeadDeliveries: 10,
		Servers: wire.SummaryServers{Online: 11, Draining: 12, Disabled: 13, Unreachable: 14, Unavailable: 15, NeverSeen: 16},
		Minutes: []wire.SummaryMinute{{At: wire.At(noon), Succeeded: 7, Unsuccessful: 8, Open: 9}},
	}
	var got wire.Summary
	h.do("GET", "/api/v1/summary", "").want(200).into(&got)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	h.do("GET", "/api/v1/runs?late=true", "").want(200)
	if !h.runFilter.Late {
		t.Errorf("got the filter %+v, want that of runs that are late", h.runFilter)
	}
	h.do("GET", "/api/v1/runs?late=maybe", "").problem(422)
	h.do("GET", "/api/v1/triggers?paused=maybe", "").problem(422)
}
