package virtualserver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/virtualserver"
)

type change = func(c *virtualserver.Candidate)

func TestRefusals(t *testing.T) {
	const gib = 1 << 30
	declared := func(memory int64) virtualserver.Need {
		return virtualserver.Need{CPU: 1, Memory: memory, Slots: 1, Source: virtualserver.Declared}
	}
	for name, c := range map[string]struct {
		change  change
		request virtualserver.Request
		want    virtualserver.Refusal
		says    string
	}{
		"a runtime server": {func(c *virtualserver.Candidate) { c.Server.Kind = jobserver.KindRuntime }, virtualserver.Request{},
			virtualserver.RefusedKind, "is of kind runtime, not job"},
		"a job server for a service": {nil, virtualserver.Request{Kind: jobserver.KindRuntime},
			virtualserver.RefusedKind, "is of kind job, not runtime"},
		"labels that it lacks": {nil, virtualserver.Request{Requires: map[string]string{"zone": "eu", "gpu": "yes"}},
			virtualserver.RefusedLabel, "lacks the label gpu=yes, zone=eu"},
		"a label with another value": {func(c *virtualserver.Candidate) { c.Server.Labels = map[string]string{"zone": "us"} },
			virtualserver.Request{Requires: map[string]string{"zone": "eu"}}, virtualserver.RefusedLabel, "has the label zone=us and not zone=eu"},
		"a user that it permits": {func(c *virtualserver.Candidate) { c.Server.RunAs.Users = []string{"etl-*"} },
			virtualserver.Request{RunAs: "etl-1"}, "", ""},
		"a user that it does not permit": {func(c *virtualserver.Candidate) { c.Server.RunAs.Users = []string{"etl-*"} },
			virtualserver.Request{RunAs: "report"}, virtualserver.RefusedUser, "does not permit jobs to run as report"},
		"a user where none is permitted": {nil, virtualserver.Request{RunAs: "etl"},
			virtualserver.RefusedUser, "does not permit jobs to run as etl"},
		"a user whom its agent could not become": {func(c *virtualserver.Candidate) {
			c.Server.RunAs = jobserver.RunAs{Users: []string{"etl"}, Problem: "cannot run jobs as other users: its agent runs with the uid 1000, and that takes root"}
		}, virtualserver.Request{RunAs: "etl"}, virtualserver.RefusedUser, "cannot run jobs as other users: its agent runs with the uid 1000, and that takes root"},
		"disabled": {func(c *virtualserver.Candidate) { c.Server.Mode, c.Server.Reason = jobserver.Disabled, "broken fan" }, virtualserver.Request{},
			virtualserver.RefusedDisabled, "is disabled (broken fan)"},
		"draining": {func(c *virtualserver.Candidate) { c.Server.Mode = jobserver.Draining }, virtualserver.Request{},
			virtualserver.RefusedDraining, "is draining"},
		"unreachable": {func(c *virtualserver.Candidate) { c.Server.State = jobserver.Unreachable }, virtualserver.Request{},
			virtualserver.RefusedOffline, "is unreachable (last heard at 2026-11-22 11:59:59 UTC)"},
		"unavailable": {func(c *virtualserver.Candidate) { c.Server.State = jobserver.Unavailable }, virtualserver.Request{},
			virtualserver.RefusedOffline, "is unavailable (last heard at 2026-11-22 11:59:59 UTC)"},
		"never seen": {func(c *virtualserver.Candidate) {
			c.Server = jobserver.Server{Name: "js-1", State: jobserver.NeverSeen}
		}, virtualserver.Request{},
			virtualserver.RefusedOffline, "has never connected"},
		"no sample": {func(c *virtualserver.Candidate) { c.Server.Sample = nil }, virtualserver.Request{},
			virtualserver.RefusedNoSample, "has not reported its load yet"},
		"a data folder that cannot be written": {func(c *virtualserver.Candidate) { c.Server.Sample.SpoolFull = true }, virtualserver.Request{},
			virtualserver.RefusedBound, "cannot write to its data folder"},
		"an almost full disk": {func(c *virtualserver.Candidate) { c.Server.Sample.DiskFree = virtualserver.MinDiskFree - 1 }, virtualserver.Request{},
			virtualserver.RefusedBound, "has an almost full disk (less than 128 MiB free)"},
		"a small disk with room": {func(c *virtualserver.Candidate) { c.Server.Sample.DiskTotal, c.Server.Sample.DiskFree = 64<<20, 8<<20 },
			virtualserver.Request{}, "", ""},
		"a small disk that is almost full": {func(c *virtualserver.Candidate) { c.Server.Sample.DiskTotal, c.Server.Sample.DiskFree = 64<<20, 3<<20 },
			virtualserver.Request{}, virtualserver.RefusedBound, "has an almost full disk (less than 3.2 MiB free)"},
		"more memory than it has": {nil, virtualserver.Request{Need: declared(17 * gib)},
			virtualserver.RefusedBound, "has 16 GiB of memory in all (17 GiB needed)"},
		"more memory than it has left": {nil, virtualserver.Request{Need: declared(16*gib + 1 - gib/2)},
			"", ""},
		"more memory than it has left, swap space included": {func(c *virtualserver.Candidate) { c.Own.Runs, c.Own.Memory = 1, 4*gib },
			virtualserver.Request{Need: declared(12*gib + 1)}, virtualserver.RefusedBound, "has too little memory left (6 GiB of 16 GiB taken, 12 GiB needed)"},
		"more slots than it has": {nil, virtualserver.Request{Need: virtualserver.Need{Slots: 9}},
			virtualserver.RefusedBound, "has 8 slots in all (9 needed)"},
		"no free slot": {func(c *virtualserver.Candidate) { c.Own.Slots = 8 }, virtualserver.Request{},
			virtualserver.RefusedNoSlot, "has no free slot (8 of 8 taken)"},
		"too few free slots": {func(c *virtualserver.Candidate) { c.Own.Slots = 6 }, virtualserver.Request{Need: virtualserver.Need{Slots: 3}},
			virtualserver.RefusedNoSlot, "has too few free slots (6 of 8 taken, 3 needed)"},
		"quarantined": {func(c *virtualserver.Candidate) { c.Server.Quarantine = "a process of run 7 outlived SIGKILL for 2s" }, virtualserver.Request{},
			virtualserver.RefusedQuarantined, "is quarantined (a process of run 7 outlived SIGKILL for 2s)"},
		"just returned": {func(c *virtualserver.Candidate) { c.SlotLimit, c.Own.Slots = 3, 3 }, virtualserver.Request{},
			virtualserver.RefusedReturned, "has just returned and takes load back gradually (3 slots taken, 1 needed, 3 of 8 open yet)"},
		"just returned, for a large run": {func(c *virtualserver.Candidate) { c.SlotLimit = 1 }, virtualserver.Request{Need: virtualserver.Need{Slots: 2}},
			virtualserver.RefusedReturned, "has just returned and takes load back gradually (0 slots taken, 2 needed, 1 of 8 open yet)"},
		"just returned, with a slot open": {func(c *virtualserver.Candidate) { c.SlotLimit, c.Own.Slots = 3, 2 }, virtualserver.Request{}, "", ""},
		"the last slot":                   {func(c *virtualserver.Candidate) { c.Own.Slots = 7 }, virtualserver.Request{}, "", ""},
		"a label that it has": {func(c *virtualserver.Candidate) { c.Server.Labels = map[string]string{"zone": "eu", "x": "y"} },
			virtualserver.Request{Requires: map[string]string{"zone": "eu"}}, "", ""},
		"a host without memory figures": {func(c *virtualserver.Candidate) { c.Server.Sample.MemoryTotal = 0 },
			virtualserver.Request{Need: declared(gib)}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cand := candidate("js-1")
			if c.change != nil {
				c.change(&cand)
			}
			p := virtualserver.Place(virtualserver.Spec{Name: "etl", Members: []string{"js-1"}}, c.request, []virtualserver.Candidate{cand}, noon, nil)
			v := p.Candidates[0]
			if v.Refused != c.want || v.RefusedBecause != c.says {
				t.Errorf("got %q, %q, want %q, %q", v.Refused, v.RefusedBecause, c.want, c.says)
			}
			if (p.Chosen == "") != (c.want != "") {
				t.Errorf("chosen: got %q although refused %q", p.Chosen, v.Refused)
			}
			if c.want != "" && !strings.Contains(p.Reason, "js-1 "+c.says) {
				t.Errorf("the reason %q does not say %q", p.Reason, c.says)
			}
			if on := virtualserver.PlaceOn(cand, c.request, noon); (on.Chosen == "") != (c.want != "") || !strings.Contains(on.Reason, c.says) {
				t.Errorf("bound to it: got %q, %q", on.Chosen, on.Reason)
			}
		})
	}
}

// A need that was only learnt must not keep a run from every server for ever.
func TestWhatWasLearntOfMemoryDoesNotShutOutAnEmptyServer(t *testing.T) {
	request := virtualserver.Request{Need: virtualserver.Need{Memory: 40 << 30, Source: virtualserver.Learnt}}
	if p := virtualserver.PlaceOn(candidate("js-1"), request, noon); p.Chosen == "" {
		t.Errorf("an empty server: got %q", p.Reason)
	}
	busy := candidate("js-1", func(c *virtualserver.Candidate) { c.Own = virtualserver.Occupancy{Runs: 1, Slots: 1, Memory: 1 << 30} })
	if p := virtualserver.PlaceOn(busy, request, noon); p.Chosen != "" {
		t.Errorf("a server with a run: got %q, want it to wait", p.Reason)
	}
}

func TestMembersThatAreNoServersYetAreNotJoined(t *testing.T) {
	p := virtualserver.Place(virtualserver.Spec{Name: "etl", Members: []string{"js-1", "js-9"}}, virtualserver.Request{},
		[]virtualserver.Candidate{candidate("js-1"), candidate("js-7")}, noon, nil)
	if p.Chosen != "js-1" || len(p.Candidates) != 2 {
		t.Fatalf("got %+v, want js-1 of two members", p)
	}
	if v := p.Candidates[1]; v.Server != "js-9" || v.Refused != virtualserver.RefusedNotJoined || v.SampleAgeMS != -1 {
		t.Errorf("got %+v, want js-9 refused as not joined", v)
	}
	if !strings.HasSuffix(p.Reason, "; js-9 was refused: not joined") {
		t.Errorf("got %q", p.Reason)
	}
}

func TestAnInactiveGroupTakesNothing(t *testing.T) {
	p := virtualserver.Place(virtualserver.Spec{Name: "etl", Inactive: true, Members: []string{"js-1", "js-2"}}, virtualserver.Request{},
		[]virtualserver.Candidate{candidate("js-1"), candidate("js-2")}, noon, nil)
	if p.Chosen != "" || p.Reason != "the virtual server etl is inactive" {
		t.Errorf("got %q, %q", p.Chosen, p.Reason)
	}
	for _, v := range p.Candidates {
		if v.Refused != virtualserver.RefusedInactive || v.Rating == 0 {
			t.Errorf("got %+v, want it refused and rated all the same", v)
		}
	}
}

func TestAServerThatReturnedTakesLoadBackGradually(t *testing.T) {
	for _, c := range []struct {
		slots int
		back  time.Duration
		want  int
	}{
		{8, 0, 1}, {8, -time.Second, 1}, {8, 7 * time.Second, 1}, {8, 15 * time.Second, 2}, {8, 59 * time.Second, 7}, {8, time.Minute, 0},
		{1, 30 * time.Second, 1}, {10000, 6 * time.Second, 1000}, {0, time.Second, 1}, {8, 1000 * time.Hour, 0},
	} {
		if got := virtualserver.ReturnLimit(c.slots, c.back); got != c.want {
			t.Errorf("%d slots, back for %s: got %d, want %d", c.slots, c.back, got, c.want)
		}
	}
}
