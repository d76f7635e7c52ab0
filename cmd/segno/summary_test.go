package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// routeSummary answers how much runs, and what is paused.
func (f *fakeAPI) routeSummary(mux *http.ServeMux) {
	f.route(mux, "GET /summary", func(*http.Request) (any, error) { return f.summary, nil })
	f.route(mux, "GET /pauses", func(*http.Request) (any, error) { return wire.Page[wire.Pause]{Items: f.pauses}, nil })
}

func TestASummaryTellsTheNumbersOfTheFleetAndWhatNeedsAPerson(t *testing.T) {
	s := newShell(t)
	oldest := wire.At(noon.Add(-time.Hour))
	s.api.summary = wire.Summary{
		At: wire.At(noon), Servers: wire.SummaryServers{Online: 11, Unavailable: 1, Unreachable: 2},
		OpenRuns: wire.SummaryOpen{Queued: 1000, Running: 7, Unknown: 3}, OldestQueuedAt: &oldest,
		WaitLong: 900, Late: 1, Failed: 4, PausedTriggers: 5, Pauses: 1, DeadDeliveries: 6,
		Minutes: []wire.SummaryMinute{{Succeeded: 10, Unsuccessful: 1}, {Succeeded: 20, Open: 2}},
	}
	got := strings.Join(strings.Fields(s.ok("summary")), " ")
	for _, want := range []string{
		"servers 11 online, 2 unreachable, 1 unavailable",
		"open runs 7 running, 1000 queued, 3 unknown",
		"last half hour 33 runs requested: 30 succeeded, 1 ended otherwise, 2 not ended",
		"1 server is unavailable segno server list --status unavailable",
		"2 servers are unreachable segno server list --status unreachable",
		"3 runs are on servers that are not heard from segno run list --state unknown",
		"4 runs failed within a day segno run list --state failed,timed_out,lost --since 24h",
		"1 run is late segno run list --late",
		"900 runs wait for more than a minute, the oldest since " + clock(&oldest) + " segno run list --state queued",
		"1 pause holds up several triggers segno trigger pauses",
		"5 triggers are paused segno trigger list --paused",
		"6 notifications were given up segno notification delivery list --state dead",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant %q in it", got, want)
		}
	}
	var sent wire.Summary
	if err := json.Unmarshal([]byte(s.ok("summary", "-o", "json")), &sent); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.api.summary, sent); diff != "" {
		t.Errorf("as JSON (-counted +printed):\n%s", diff)
	}
	if yaml := s.ok("summary", "-o", "yaml"); !strings.Contains(yaml, "wait_long: 900\n") {
		t.Errorf("got as YAML\n%s", yaml)
	}
}

func TestASummaryOfAnIdleFleetSaysThatNothingNeedsAttention(t *testing.T) {
	s := newShell(t)
	got := strings.Join(strings.Fields(s.ok("summary")), " ")
	if want := "servers none have joined open runs none last half hour no runs requested Nothing needs attention."; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// The summary names commands; each must be one that there is.
func TestTheCommandsThatASummaryNamesAreThere(t *testing.T) {
	s := newShell(t)
	a := &app{}
	everything := wire.Summary{
		Servers: wire.SummaryServers{Unavailable: 1, Unreachable: 1}, OpenRuns: wire.SummaryOpen{Unknown: 1},
		WaitLong: 1, Late: 1, Failed: 1, PausedTriggers: 1, Pauses: 1, DeadDeliveries: 1,
	}
	needs := a.needs(everything)
	if len(needs) != 9 {
		t.Errorf("got %d needs, want each number to be one", len(needs))
	}
	for _, need := range needs {
		s.ok(strings.Fields(need[1])[1:]...)
	}
}

func TestPausedTriggersAreListedAlone(t *testing.T) {
	s := newShell(t)
	owner := "load-orders"
	s.api.triggers["load-orders/often"] = wire.Trigger{TriggerSpec: task.TriggerSpec{Name: "often", Every: task.Duration(time.Hour)}, Task: &owner}
	s.api.triggers["load-orders/held"] = wire.Trigger{TriggerSpec: task.TriggerSpec{Name: "held", Every: task.Duration(time.Hour), Paused: true}, Task: &owner}
	if got := s.ok("trigger", "list", "--paused"); !strings.Contains(got, "held") || strings.Contains(got, "often") {
		t.Errorf("got\n%s\nwant the paused one alone", got)
	}
	if got := s.run("trigger", "list", "load-orders", "--paused"); got.code != 2 {
		t.Errorf("with an owner: got %+v, want a usage error", got)
	}
}

func TestWhatHoldsTriggersUpIsListed(t *testing.T) {
	s := newShell(t)
	name := "load-orders"
	if got := s.run("trigger", "pauses"); got.code != 0 || !strings.Contains(got.err, "Nothing holds up") {
		t.Errorf("without pauses: %+v", got)
	}
	s.api.pauses = []wire.Pause{
		{Level: "all", By: "ops", Reason: "the move", At: wire.At(noon)},
		{Level: "owner", Task: &name, By: "segno", Reason: "run 01JD failed", At: wire.At(noon)},
	}
	got := strings.Join(strings.Fields(s.ok("trigger", "pauses")), " ")
	at := wire.At(noon)
	for _, want := range []string{"everything " + clock(&at) + " ops the move", "load-orders " + clock(&at) + " segno run 01JD failed"} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant %q in it", got, want)
		}
	}
}
