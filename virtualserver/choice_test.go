package virtualserver_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/virtualserver"
)

func group(members ...string) virtualserver.Spec {
	return virtualserver.Spec{Name: "etl", Members: members}
}

func place(vs virtualserver.Spec, req virtualserver.Request, candidates ...virtualserver.Candidate) virtualserver.Placement {
	return virtualserver.Place(vs, req, candidates, noon, rand.New(rand.NewPCG(1, 1)))
}

func busy(runs int) change {
	return func(c *virtualserver.Candidate) {
		c.Own = virtualserver.Occupancy{Runs: runs, Slots: runs, CPU: float64(runs)}
	}
}

func used(ago time.Duration) change {
	return func(c *virtualserver.Candidate) { c.LastUsed = noon.Add(-ago) }
}

func TestTheHighestRatingIsChosenAndTheReasonSaysSo(t *testing.T) {
	fast := func(c *virtualserver.Candidate) { c.Server.Power = 1.7 }
	p := place(group("js-1", "js-2", "js-3"), virtualserver.Request{Avoid: []string{"js-1"}},
		candidate("js-1", func(c *virtualserver.Candidate) { c.Server.Power = 4 }), candidate("js-2", fast),
		candidate("js-3", func(c *virtualserver.Candidate) { c.Server.Mode = jobserver.Draining }))
	want := "js-2 was chosen: no other member is eligible; rating 89.5; js-1 was avoided: the run had just left it; js-3 was refused: draining"
	if p.Chosen != "js-2" || p.Reason != want {
		t.Errorf("got %q, want %q", p.Reason, want)
	}
	p = place(group("js-1", "js-2", "js-3"), virtualserver.Request{},
		candidate("js-1"), candidate("js-2", fast), candidate("js-3", func(c *virtualserver.Candidate) { c.Server.Mode = jobserver.Draining }))
	want = "js-2 was chosen: highest rating 89.5; js-3 was refused: draining"
	if p.Chosen != "js-2" || p.Reason != want {
		t.Errorf("got %q, want %q", p.Reason, want)
	}
	var order []string
	for _, v := range p.Candidates {
		order = append(order, v.Server)
	}
	if diff := cmp.Diff([]string{"js-2", "js-1", "js-3"}, order); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
}

func TestWithoutAnEligibleMemberTheReasonNamesEach(t *testing.T) {
	p := place(group("js-1", "js-2"), virtualserver.Request{},
		candidate("js-1", func(c *virtualserver.Candidate) {
			c.Server.State, c.Server.LastSeen = jobserver.Unreachable, time.Time{}
		}),
		candidate("js-2", busy(8)))
	want := "no member of etl is eligible: js-1 is unreachable, js-2 has no free slot (8 of 8 taken)"
	if p.Chosen != "" || p.Reason != want {
		t.Errorf("got %q, want %q", p.Reason, want)
	}
	if p := place(group(), virtualserver.Request{}); p.Chosen != "" || p.Reason != "etl has no members" || p.Candidates == nil {
		t.Errorf("an empty group: got %+v", p)
	}
}

// A reason is written to the store when it changes; time alone must not change it.
func TestTheReasonOfAWaitingRunDoesNotChangeWithTime(t *testing.T) {
	c := candidate("js-1", func(c *virtualserver.Candidate) { c.Server.State = jobserver.Unavailable })
	first := virtualserver.Place(group("js-1"), virtualserver.Request{}, []virtualserver.Candidate{c}, noon, nil)
	c.SampleAge += time.Hour
	later := virtualserver.Place(group("js-1"), virtualserver.Request{}, []virtualserver.Candidate{c}, noon.Add(time.Hour), nil)
	if first.Reason != later.Reason {
		t.Errorf("got %q and later %q", first.Reason, later.Reason)
	}
}

func TestLongReasonsAreCounted(t *testing.T) {
	var candidates []virtualserver.Candidate
	vs := group()
	for i := range 50 {
		name := fmt.Sprintf("js-%02d", i)
		vs.Members = append(vs.Members, name)
		candidates = append(candidates, candidate(name, busy(8)))
	}
	if p := place(vs, virtualserver.Request{}, candidates...); !strings.HasSuffix(p.Reason, ", and 42 more") {
		t.Errorf("got %q", p.Reason)
	}
	candidates[49] = candidate("js-49")
	if p := place(vs, virtualserver.Request{}, candidates...); p.Chosen != "js-49" || !strings.HasSuffix(p.Reason, "; and 41 more were not eligible") {
		t.Errorf("got %q", p.Reason)
	}
}

func TestEqualRatingsGoToFewerRunsPerSlotThenLeastRecentThenName(t *testing.T) {
	// With a rating that sees no runs the two servers are equal.
	vs := group("js-1", "js-2", "js-3")
	vs.Rating = own(virtualserver.Indicator{Name: "cpu_count", Min: 1, Max: 2, Weight: 1})
	for name, c := range map[string]struct {
		one, two, three change
		want, says      string
	}{
		"fewer runs per slot": {busy(2), busy(1), busy(1), "js-2", "js-2 was chosen: highest rating 90.9, as js-3 has, and first by name"},
		"runs in relation to slots": {busy(2), func(c *virtualserver.Candidate) { busy(3)(c); c.Server.Slots = 24 }, busy(2), "js-2",
			"js-2 was chosen: highest rating 90.9, as js-1 has, and fewer runs per slot (0.12 against 0.25)"},
		"used least recently": {used(time.Second), used(time.Minute), used(time.Second), "js-2", "js-2 was chosen: highest rating 90.9, as js-1 has, and not used for longer"},
		"never used":          {used(time.Hour), used(time.Hour), func(*virtualserver.Candidate) {}, "js-3", "js-3 was chosen: highest rating 90.9, as js-1 has, and not used for longer"},
		"by name":             {busy(1), busy(1), busy(1), "js-1", "js-1 was chosen: highest rating 90.9, as js-2 has, and first by name"},
	} {
		p := place(vs, virtualserver.Request{}, candidate("js-1", c.one), candidate("js-2", c.two), candidate("js-3", c.three))
		if p.Chosen != c.want || p.Reason != c.says {
			t.Errorf("%s: got %q, want %q", name, p.Reason, c.says)
		}
	}
}

// fill places n runs one after the other, each counted as the conductor counts it, and returns how many each got.
func fill(vs virtualserver.Spec, candidates []virtualserver.Candidate, n int) map[string]int {
	rnd := rand.New(rand.NewPCG(2, 2))
	got := map[string]int{}
	for i := range n {
		now := noon.Add(time.Duration(i))
		p := virtualserver.Place(vs, virtualserver.Request{Need: virtualserver.Need{CPU: 1, Memory: 64 << 20, Slots: 1}}, candidates, now, rnd)
		got[p.Chosen]++
		for k := range candidates {
			if c := &candidates[k]; c.Server.Name == p.Chosen {
				c.Own.Runs++
				c.Own.Slots++
				c.Own.CPU++
				c.Own.Memory += 64 << 20
				c.LastUsed = now
			}
		}
	}
	return got
}

// All runs of a minute's burst are placed upon the same samples.
func TestABurstSpreadsBySizeAndSpeedAlthoughNoSampleIsNew(t *testing.T) {
	for _, preset := range []string{virtualserver.Recommended, virtualserver.Plain} {
		small := candidate("js-1")
		large := candidate("js-2", func(c *virtualserver.Candidate) { c.Server.Sample.CPUs, c.Server.Slots = 12, 100 })
		vs := group("js-1", "js-2")
		vs.Rating.Preset = preset
		got := fill(vs, []virtualserver.Candidate{small, large}, 16)
		if got["js-1"] < 3 || got["js-1"] > 5 {
			t.Errorf("%s: got %v, want about 4 and 12", preset, got)
		}
	}
}

func TestEqualServersShareEvenly(t *testing.T) {
	for _, selection := range []virtualserver.Selection{virtualserver.BestRated, virtualserver.LeastRunning, virtualserver.RoundRobin} {
		vs := group("js-1", "js-2", "js-3")
		vs.Selection = selection
		got := fill(vs, []virtualserver.Candidate{candidate("js-1"), candidate("js-2"), candidate("js-3")}, 12)
		if diff := cmp.Diff(map[string]int{"js-1": 4, "js-2": 4, "js-3": 4}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", selection, diff)
		}
	}
}

// A dispatcher places many runs with the same now.
func TestTurnsAreTakenWithinOneInstant(t *testing.T) {
	vs := group("js-1", "js-2", "js-3")
	vs.Selection = virtualserver.RoundRobin
	candidates := []virtualserver.Candidate{candidate("js-1"), candidate("js-2"), candidate("js-3")}
	var got []string
	for range 7 {
		p := place(vs, virtualserver.Request{}, candidates...)
		got = append(got, p.Chosen)
		for k := range candidates {
			if c := &candidates[k]; c.Server.Name == p.Chosen {
				c.Own.Runs++
				c.LastUsed = noon
			}
		}
	}
	want := []string{"js-1", "js-2", "js-3", "js-1", "js-2", "js-3", "js-1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// One run after the other, each ended before the next: the first member must not get them all.
func TestRunsThatFollowOneAnotherTakeTurnsOnEqualServers(t *testing.T) {
	candidates := []virtualserver.Candidate{candidate("js-1"), candidate("js-2"), candidate("js-3")}
	got := map[string]int{}
	for i := range 9 {
		p := place(group("js-1", "js-2", "js-3"), virtualserver.Request{}, candidates...)
		got[p.Chosen]++
		for k := range candidates {
			if candidates[k].Server.Name == p.Chosen {
				candidates[k].LastUsed = noon.Add(time.Duration(i) * time.Second)
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"js-1": 3, "js-2": 3, "js-3": 3}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSelections(t *testing.T) {
	fast := func(c *virtualserver.Candidate) { c.Server.Power = 3 }
	for _, c := range []struct {
		selection       virtualserver.Selection
		one, two, three change
		want, says      string
	}{
		{virtualserver.BestRated, busy(1), fast, busy(2), "js-2", "highest rating 93.7"},
		{"", busy(1), fast, busy(2), "js-2", "highest rating 93.7"},
		{virtualserver.RoundRobin, used(time.Second), used(time.Minute), used(time.Hour), "js-3", "its turn among 3 eligible members"},
		{virtualserver.RoundRobin, used(time.Hour), used(time.Hour), used(time.Second), "js-1", "its turn"},
		{virtualserver.LeastRunning, busy(3), fast, busy(2), "js-2", "fewest runs per slot (0)"},
		{virtualserver.LeastRunning, busy(3), func(c *virtualserver.Candidate) { fast(c); busy(4)(c) }, busy(2), "js-3", "fewest runs per slot (0.25)"},
		{virtualserver.Priority, busy(8), busy(2), fast, "js-2", "first eligible member in order"},
	} {
		vs := group("js-1", "js-2", "js-3")
		vs.Selection = c.selection
		p := place(vs, virtualserver.Request{}, candidate("js-1", c.one), candidate("js-2", c.two), candidate("js-3", c.three))
		if p.Chosen != c.want || !strings.Contains(p.Reason, c.says) {
			t.Errorf("%s: got %q (%q), want %s (%q)", c.selection, p.Chosen, p.Reason, c.want, c.says)
		}
		if want := c.selection; want != "" && p.Selection != want || p.Selection == "" {
			t.Errorf("got selection %q, want %q", p.Selection, want)
		}
	}
}

func TestDrawsFollowTheirChances(t *testing.T) {
	vs := group("js-1", "js-2", "js-3", "js-4")
	vs.Weights = map[string]float64{"js-1": 3, "js-3": 0.5}
	candidates := []virtualserver.Candidate{candidate("js-1"), candidate("js-2"), candidate("js-3"), candidate("js-4", busy(8))}
	rnd := rand.New(rand.NewPCG(3, 3))
	for selection, want := range map[virtualserver.Selection]map[string]float64{
		virtualserver.Random:   {"js-1": 1.0 / 3, "js-2": 1.0 / 3, "js-3": 1.0 / 3},
		virtualserver.Weighted: {"js-1": 3 / 4.5, "js-2": 1 / 4.5, "js-3": 0.5 / 4.5},
	} {
		vs.Selection = selection
		const n = 20000
		got := map[string]float64{}
		for range n {
			got[virtualserver.Place(vs, virtualserver.Request{}, candidates, noon, rnd).Chosen] += 1.0 / n
		}
		for name, share := range want {
			if !near(got[name], share, 0.02) {
				t.Errorf("%s: %s got %.3f, want %.3f", selection, name, got[name], share)
			}
		}
		if got["js-4"] != 0 {
			t.Errorf("%s chose a member without a free slot", selection)
		}
	}
}

func TestAnAvoidedServerIsTakenOnlyIfNoOtherIsEligible(t *testing.T) {
	request := virtualserver.Request{Avoid: []string{"js-1"}}
	better := candidate("js-1", func(c *virtualserver.Candidate) { c.Server.Power = 8 })
	for _, selection := range virtualserver.Selections() {
		vs := group("js-1", "js-2")
		vs.Selection = selection
		p := place(vs, request, better, candidate("js-2", busy(7)))
		if p.Chosen != "js-2" || !strings.Contains(p.Reason, "js-1 was avoided: the run had just left it") || !p.Candidates[1].Avoided {
			t.Errorf("%s: got %q", selection, p.Reason)
		}
		p = place(vs, request, better, candidate("js-2", busy(8)))
		want := "js-1 was chosen although the run had just left it: no other member is eligible; rating 97.6; js-2 was refused: no free slot"
		if p.Chosen != "js-1" || p.Reason != want {
			t.Errorf("%s: got %q, want %q", selection, p.Reason, want)
		}
	}
}

func TestAServerThatHoldsTheArchiveIsPreferredByItsPoints(t *testing.T) {
	vs := group("js-1", "js-2")
	holds := candidate("js-2", busy(4), func(c *virtualserver.Candidate) { c.HoldsArchive = true })
	request := virtualserver.Request{Archive: "sha256:00"}
	for points, want := range map[float64]string{0: "js-1", 1: "js-1", 20: "js-2", 100: "js-2"} {
		vs.PreferArchive = points
		p := place(vs, request, candidate("js-1"), holds)
		if p.Chosen != want {
			t.Errorf("%v points: got %s, want %s", points, p.Chosen, want)
		}
		if want == "js-2" && (p.Candidates[0].Bonus != points || p.Candidates[0].Rating > 100) {
			t.Errorf("%v points: got %+v", points, p.Candidates[0])
		}
	}
	vs.PreferArchive = 100
	if p := place(vs, virtualserver.Request{}, candidate("js-1"), holds); p.Chosen != "js-1" {
		t.Errorf("a run without an archive: got %q", p.Reason)
	}
}

func TestARunBoundToOneServer(t *testing.T) {
	p := virtualserver.PlaceOn(candidate("js-1"), virtualserver.Request{Avoid: []string{"js-1"}}, noon)
	if p.Chosen != "js-1" || p.Reason != "js-1 was chosen: the task is bound to it" || len(p.Candidates) != 1 || len(p.Candidates[0].Terms) == 0 {
		t.Errorf("got %+v", p)
	}
	p = virtualserver.PlaceOn(candidate("js-1", busy(8)), virtualserver.Request{}, noon)
	if p.Chosen != "" || p.Reason != "js-1, which the task is bound to, has no free slot (8 of 8 taken)" {
		t.Errorf("got %q, %q", p.Chosen, p.Reason)
	}
}

// Whatever the fleet looks like: all members are judged once, the chosen one is eligible and, by what is stored with
// the decision, the best; and the same arguments give the same decision.
func TestThePlacementIsTheBestByWhatIsStoredWithIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vs := group()
		vs.Selection = rapid.SampledFrom(virtualserver.Selections()).Draw(t, "selection")
		vs.PreferArchive = rapid.SampledFrom([]float64{0, 5}).Draw(t, "points")
		var candidates []virtualserver.Candidate
		for i := range rapid.IntRange(0, 40).Draw(t, "members") {
			name := fmt.Sprintf("js-%d", i)
			vs.Members = append(vs.Members, name)
			if rapid.IntRange(0, 9).Draw(t, "joined") == 0 {
				continue
			}
			candidates = append(candidates, candidate(name, busy(rapid.IntRange(0, 9).Draw(t, "runs")), func(c *virtualserver.Candidate) {
				c.Server.Mode = rapid.SampledFrom(append(jobserver.Modes(), jobserver.Active, jobserver.Active)).Draw(t, "mode")
				c.Server.State = rapid.SampledFrom(append(jobserver.Contacts(), jobserver.Online, jobserver.Online)).Draw(t, "state")
				c.Server.Sample.CPUTotal = rapid.Float64Range(0, 1).Draw(t, "busy")
				c.HoldsArchive = rapid.Bool().Draw(t, "holds")
				c.LastUsed = noon.Add(-time.Duration(rapid.IntRange(0, 3).Draw(t, "ago")) * time.Second)
			}))
		}
		if rapid.Bool().Draw(t, "shuffled") {
			candidates = rapid.Permutation(candidates).Draw(t, "candidates")
		}
		request := virtualserver.Request{Archive: "x", Avoid: []string{"js-0"}}
		p := virtualserver.Place(vs, request, candidates, noon, rand.New(rand.NewPCG(1, 1)))
		if again := virtualserver.Place(vs, request, candidates, noon, rand.New(rand.NewPCG(1, 1))); !cmp.Equal(p, again) {
			t.Fatalf("the same arguments gave another decision:\n%s", cmp.Diff(p, again))
		}
		seen := map[string]virtualserver.Verdict{}
		anyOther, anyEligible := false, false
		for _, v := range p.Candidates {
			seen[v.Server] = v
			anyEligible = anyEligible || v.Refused == ""
			anyOther = anyOther || v.Refused == "" && !v.Avoided
		}
		if len(seen) != len(vs.Members) || len(p.Candidates) != len(vs.Members) {
			t.Fatalf("got %d verdicts on %d members", len(p.Candidates), len(vs.Members))
		}
		if (p.Chosen != "") != anyEligible || p.Reason == "" {
			t.Fatalf("chosen %q, eligible %v: %q", p.Chosen, anyEligible, p.Reason)
		}
		if p.Chosen == "" {
			return
		}
		chosen := seen[p.Chosen]
		if chosen.Refused != "" || chosen.Avoided && anyOther {
			t.Fatalf("chose %+v", chosen)
		}
		for _, v := range p.Candidates {
			if p.Selection == virtualserver.BestRated && v.Refused == "" && v.Avoided == chosen.Avoided && v.Rating > chosen.Rating {
				t.Fatalf("chose %s (%v) although %s has %v", chosen.Server, chosen.Rating, v.Server, v.Rating)
			}
		}
	})
}
