package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// placement is a choice among a good server, a worse one and one that is full.
func placement() wire.Placement {
	return wire.PlacementOf(virtualserver.Placement{
		At: noon, VirtualServer: "etl", Selection: virtualserver.BestRated, Chosen: "js-1",
		Reason: "js-1 was chosen: highest rating 100; js-3 was refused: no free slot",
		Need:   virtualserver.Need{CPU: 1, Memory: 256 << 20, Slots: 1, Source: "learnt"},
		Candidates: []virtualserver.Verdict{
			{Server: "js-1", Rating: 100, Stars: 5, SampleAgeMS: 400, Slots: 8, SlotsUsed: 1, Terms: []virtualserver.Term{
				{Indicator: "cpu_idle", Value: 0.9, Min: 0.1, Max: 1, Weight: 4},
			}},
			{Server: "js-2", Rating: 50, Stars: 2.5, SampleAgeMS: 1200, Slots: 4, SlotsUsed: 1, Terms: []virtualserver.Term{
				{Indicator: "cpu_idle", Value: 0.05, Min: 0.1, Max: 1, Weight: 4, Relative: 5, Penalty: 20},
			}},
			{Server: "js-3", Refused: virtualserver.RefusedNoSlot, RefusedBecause: "2 of 2 slots are taken", SampleAgeMS: -1, Slots: 2, SlotsUsed: 2},
		},
	})
}

func placed(s *shell) {
	p := placement()
	s.api.runs[runID] = wire.Run{
		ID: runID, Task: "load-orders", State: task.Running, Target: task.Target{VirtualServer: "etl"}, Attempt: 1,
		Attempts: []wire.Attempt{{Number: 1, Server: "js-1", State: task.AttemptRunning, Placement: &p}},
	}
}

func TestWhyTellsTheDecisionWithItsTermsAndRefusals(t *testing.T) {
	s := newShell(t)
	placed(s)
	want := `Run 01JD3Z5M7QW8X9Y0ABCDEFGHJK of load-orders: running

Attempt 1 on js-1, running
  js-1 in etl by best-rated: js-1 was chosen: highest rating 100; js-3 was refused: no free slot
  The run was expected to need 1 CPU, 256.0 MiB, 1 slot (as earlier runs did).

  → js-1              ★★★★★ 100.0  1 of 8 slots taken, measured 400ms before
      cpu_idle                 0.9  ··········  within 0.1 to 1 (weight 4)

    js-2              ★★½☆☆  50.0  1 of 4 slots taken, measured 1.2s before
      cpu_idle                0.05  █████·····  outside 0.1 to 1 (weight 4): penalty 20

    js-3              2 of 2 slots taken, nothing measured yet
      refused: 2 of 2 slots are taken
`
	if got := s.ok("why", runID); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWhySaysWhyARunWaits(t *testing.T) {
	s := newShell(t)
	waiting := placement()
	waiting.Chosen, waiting.Reason = "", "no member of etl is eligible: js-3 has no free slot"
	waiting.Candidates = waiting.Candidates[2:]
	s.api.runs[runID] = wire.Run{ID: runID, Task: "load-orders", State: task.Queued, Reason: "no member is eligible", Waiting: &waiting}
	got := s.ok("why", runID)
	if !strings.Contains(got, "queued (no member is eligible)") || !strings.Contains(got, "No server in etl by best-rated: no member of etl is eligible") {
		t.Errorf("got\n%s", got)
	}
}

func TestWhyNotAnswersForEachCaseOfAServer(t *testing.T) {
	s := newShell(t)
	placed(s)
	for server, want := range map[string]string{
		"js-1": "Attempt 1: js-1 was chosen.\n",
		"js-2": "Attempt 1: js-2 was rated 50.0, and js-1 100.0. js-1 was chosen: highest rating 100; js-3 was refused: no free slot\n" +
			"  cpu_idle                0.05  █████·····  outside 0.1 to 1 (weight 4): penalty 20\n",
		"js-3": "Attempt 1: js-3 was refused: 2 of 2 slots are taken.\n",
		"js-9": "Attempt 1: js-9 was no candidate: it was no member of the virtual server etl.\n",
	} {
		if got := s.ok("why-not", runID, server); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", server, got, want)
		}
	}
	var answer struct{ Items []reasonAgainst }
	if err := json.Unmarshal([]byte(s.ok("why-not", runID, "js-2", "-o", "json")), &answer); err != nil || len(answer.Items) != 1 || answer.Items[0].Chosen != "js-1" {
		t.Errorf("as JSON: got %+v and %v", answer, err)
	}
}

func TestWhyNotOfATaskBoundToOneServerAndOfARunNotYetPlaced(t *testing.T) {
	p := placement()
	bound := wire.Run{Target: task.Target{Server: "js-1"}, Attempts: []wire.Attempt{{Number: 1, Server: "js-1", Placement: &p}}}
	if got := whyNot(bound, "js-9")[0].Reason; !strings.Contains(got, "runs on the server js-1 and on no other") {
		t.Errorf("bound: got %q", got)
	}
	if got := whyNot(wire.Run{}, "js-1")[0].Reason; !strings.Contains(got, "has not been placed yet") {
		t.Errorf("not placed: got %q", got)
	}
}

func TestRatingIsToldAsAPlacementIs(t *testing.T) {
	s := newShell(t)
	s.api.rating = placement()
	if got := s.ok("vs", "rating", "etl"); !strings.Contains(got, "→ js-1") || !strings.Contains(got, "refused: 2 of 2 slots are taken") {
		t.Errorf("got\n%s", got)
	}
}

func TestStarsAndBarsAreDrawnToHalvesAndEighths(t *testing.T) {
	for n, want := range map[float64]string{0: "☆☆☆☆☆", 2.5: "★★½☆☆", 4.9: "★★★★★", 9: "★★★★★", -1: "☆☆☆☆☆"} {
		if got := stars(n); got != want {
			t.Errorf("stars(%g): got %s, want %s", n, got, want)
		}
	}
	for share, want := range map[float64]string{0: "····", 0.5: "██··", 1: "████", 0.28: "█▏··", 7: "████"} {
		if got := bar(share, 4); got != want {
			t.Errorf("bar(%g): got %s, want %s", share, got, want)
		}
	}
	for d, want := range map[time.Duration]string{-1: "0s", 3456 * time.Microsecond: "3ms", 1234 * time.Millisecond: "1.2s", 61 * time.Second: "1m1s", 90 * time.Minute: "1h30m", 72 * time.Hour: "3d"} {
		if got := span(d); got != want {
			t.Errorf("span(%s): got %s, want %s", d, got, want)
		}
	}
}
