package virtualserver_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

func own(indicators ...virtualserver.Indicator) virtualserver.Rating {
	return virtualserver.Rating{Indicators: indicators}
}

// Talend's documentation: 1 to 2 GB of disk wanted, 500 MB there, weight 8 give 83.33.
func TestTalendsWorkedExample(t *testing.T) {
	c := candidate("js-1", func(c *virtualserver.Candidate) { c.Server.Sample.DiskFree = 500_000 * 1024 })
	v := virtualserver.Rate(own(virtualserver.Indicator{Name: "free_disk", Min: 1_000_000, Max: 2_000_000, Weight: 8}), virtualserver.Need{}, c)
	if v.Rating != 83.333 {
		t.Errorf("rating: got %v, want 83.333", v.Rating)
	}
	want := []virtualserver.Term{{
		Indicator: "free_disk", Value: 500_000, Min: 1_000_000, Max: 2_000_000, Weight: 8, Relative: 0.5, Penalty: 4,
	}}
	if diff := cmp.Diff(want, v.Terms); diff != "" {
		t.Errorf("terms (-want +got):\n%s", diff)
	}
	if got := virtualserver.Normalize(-400); !near(got, 100/1.2, 1e-12) {
		t.Errorf("Normalize(-400): got %v, want 83.33…", got)
	}
}

func TestRelativeOffsets(t *testing.T) {
	for _, c := range []struct{ value, least, most, want float64 }{
		{1, 1, 2, 0}, {2, 1, 2, 0}, {1.5, 1, 2, 0}, {0, 1, 2, 1}, {4, 1, 2, 2}, {0.5, 1, 3, 0.25}, {-5, -1, 1, 2},
		{3, 3, 3, 0}, {5, 3, 3, 2}, {1, 3, 3, 2},
	} {
		if got := virtualserver.Relative(c.value, c.least, c.most); got != c.want {
			t.Errorf("%v outside [%v, %v]: got %v, want %v", c.value, c.least, c.most, got, c.want)
		}
	}
}

func TestIdleServersRateByTheirPower(t *testing.T) {
	for power, want := range map[float64]float64{1: 83.3, 2: 90.9, 0.5: 71.4} {
		c := candidate("js-1", func(c *virtualserver.Candidate) { c.Server.Power = power })
		if got := virtualserver.Rate(virtualserver.Rating{}, virtualserver.Need{CPU: 1}, c).Rating; !near(got, want, 0.1) {
			t.Errorf("power %v: got %v, want %v", power, got, want)
		}
	}
}

// The rating is made of the terms that are stored with it, for whatever a host reports.
func TestARatingFollowsFromItsTerms(t *testing.T) {
	names := virtualserver.Metrics()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-100, 100), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0}))
		c := candidate("js-1", func(c *virtualserver.Candidate) {
			s := c.Server.Sample
			s.CPUs, s.CPUTotal, s.CPUIdle, s.OwnCPU, s.Load1 = number.Draw(t, "cpus"), number.Draw(t, "total"), number.Draw(t, "idle"), number.Draw(t, "own"), number.Draw(t, "load")
			s.MemoryTotal, s.MemoryAvailable = rapid.Int64().Draw(t, "memory"), rapid.Int64().Draw(t, "available")
			s.DiskTotal, s.DiskFree = rapid.Int64().Draw(t, "disk"), rapid.Int64().Draw(t, "disk free")
			c.Server.Power, c.ForeignCPUMean = number.Draw(t, "power"), number.Draw(t, "mean")
			c.Own = virtualserver.Occupancy{Runs: rapid.IntRange(-1, 9).Draw(t, "runs"), CPU: number.Draw(t, "own cpu")}
			c.SampleAge = time.Duration(rapid.Int64().Draw(t, "age"))
		})
		var r virtualserver.Rating
		for range rapid.IntRange(1, 5).Draw(t, "indicators") {
			a, b := rapid.Float64Range(-1e6, 1e6).Draw(t, "a"), rapid.Float64Range(-1e6, 1e6).Draw(t, "b")
			r.Indicators = append(r.Indicators, virtualserver.Indicator{
				Name: rapid.SampledFrom(names).Draw(t, "metric").Name, Min: min(a, b), Max: max(a, b), Weight: rapid.Float64Range(0, 100).Draw(t, "weight"),
			})
		}
		v := virtualserver.Rate(r, virtualserver.Need{CPU: number.Draw(t, "need")}, c)
		sum := 0.0
		for i, term := range v.Terms {
			if want := virtualserver.Relative(term.Value, term.Min, term.Max); term.Relative != want || term.Penalty < 0 {
				t.Fatalf("term %d: %+v, want relative %v", i, term, want)
			}
			sum += term.Penalty
		}
		if want := 100 / (1 + sum/20); !near(v.Rating, want, 1e-3) || v.Rating < 0 || v.Rating > 100 {
			t.Fatalf("got %v, want %v", v.Rating, want)
		}
		if _, err := json.Marshal(v); err != nil {
			t.Fatal(err)
		}
	})
}

func TestStars(t *testing.T) {
	for rating, want := range map[float64]float64{0: 0, 4.9: 0, 5: 0.5, 50: 2.5, 83.3: 4, 88.1: 4.5, 95: 5, 100: 5, -3: 0, 180: 5} {
		if got := virtualserver.Stars(rating); got != want {
			t.Errorf("%v: got %v stars, want %v", rating, got, want)
		}
	}
}

func TestAServerWithoutASampleIsNotRated(t *testing.T) {
	c := candidate("js-1", func(c *virtualserver.Candidate) { c.Server.Sample = nil })
	v := virtualserver.Rate(virtualserver.Rating{}, virtualserver.Need{}, c)
	if v.Rating != 0 || v.Stars != 0 || v.Terms != nil || v.SampleAgeMS != -1 {
		t.Errorf("got %+v, want no rating", v)
	}
}

// value returns what one metric says of a candidate.
func value(t *testing.T, metric string, need virtualserver.Need, c virtualserver.Candidate) float64 {
	t.Helper()
	v := virtualserver.Rate(own(virtualserver.Indicator{Name: metric, Weight: 1}), need, c)
	if len(v.Terms) != 1 {
		t.Fatalf("%s: got no term", metric)
	}
	return v.Terms[0].Value
}

func TestProjectedMetricsCountWhatTheSampleHasNotSeen(t *testing.T) {
	need := virtualserver.Need{CPU: 1, Memory: 2 << 30, Slots: 1}
	// Four cores, of which others take one; two runs of 1.5 cores and 4 GiB were placed since, one of them has ended.
	c := candidate("js-1", func(c *virtualserver.Candidate) {
		c.SampleAge = 0
		c.Server.Sample.CPUTotal, c.Server.Sample.MemoryAvailable = 0.25, 15<<30
		c.Own = virtualserver.Occupancy{Runs: 3, Slots: 3, CPU: 4.5, Memory: 12 << 30}
	})
	for metric, want := range map[string]float64{
		"load_per_cpu":     (4.5 + 1 + 1) / 4,
		"cpu_idle":         0,
		"expected_stretch": 6.5 / 4,
		"neighbour_delay":  3 * (6.5 - 5.5) / 4,
		"memory_free":      1 - (12.0+1+2)/16,
		"runs_per_slot":    4.0 / 8,
		"work_time":        1,
		"idle_cpu":         1,
		"total_cpu":        0.25,
		"raw_memory_free":  15.0 / 16,
		"cpu_count":        4,
		"free_swap":        2 << 30,
		"free_memory":      15 << 30,
		"sample_age":       0,
	} {
		if got := value(t, metric, need, c); !near(got, want, 1e-9) {
			t.Errorf("%s: got %v, want %v", metric, got, want)
		}
	}
}

// What the sample saw of runs that have ended since counts no more, and what it saw of runs that go on counts once.
func TestWhatHasEndedSinceTheSampleCountsNoMore(t *testing.T) {
	c := candidate("js-1", func(c *virtualserver.Candidate) {
		c.SampleAge = 0
		c.Server.Sample.CPUTotal, c.Server.Sample.OwnCPU = 0.75, 3
		c.Server.Sample.MemoryAvailable, c.Server.Sample.OwnMemory = 4<<30, 12<<30
		c.OwnAtSample = virtualserver.Occupancy{Runs: 3, Slots: 3, CPU: 3, Memory: 12 << 30}
		c.Own = virtualserver.Occupancy{Runs: 1, Slots: 1, CPU: 1, Memory: 4 << 30}
	})
	need := virtualserver.Need{CPU: 1, Memory: 1 << 30}
	if got := value(t, "load_per_cpu", need, c); got != 0.5 {
		t.Errorf("load_per_cpu: got %v, want (1 own + 1 new) / 4", got)
	}
	if got := value(t, "memory_free", need, c); !near(got, 1-5.0/16, 1e-9) {
		t.Errorf("memory_free: got %v, want 1 − (4 own + 1 new)/16", got)
	}
}

// A run that takes more than was expected of it weighs as what it takes.
func TestRunsThatTakeMoreThanExpectedAreSeen(t *testing.T) {
	c := candidate("js-1", func(c *virtualserver.Candidate) {
		c.SampleAge = 0
		c.Server.Sample.CPUTotal, c.Server.Sample.OwnCPU = 1, 4
		c.Own = virtualserver.Occupancy{Runs: 1, Slots: 1, CPU: 1}
		c.OwnAtSample = c.Own
	})
	if got := value(t, "load_per_cpu", virtualserver.Need{CPU: 1}, c); got != 1.25 {
		t.Errorf("load_per_cpu: got %v, want (4 busy + 1 new) / 4", got)
	}
}

func TestMemoryBeyondWhatWasExpectedIsSeen(t *testing.T) {
	c := candidate("js-1", func(c *virtualserver.Candidate) {
		c.Server.Sample.MemoryAvailable, c.Server.Sample.OwnMemory = 4<<30, 12<<30
		c.Own = virtualserver.Occupancy{Runs: 1, Slots: 1, Memory: 1 << 30}
		c.OwnAtSample = c.Own
	})
	if got := value(t, "memory_free", virtualserver.Need{Memory: 1 << 30}, c); got != 1-13.0/16 {
		t.Errorf("memory_free: got %v, want 1 − (12 used + 1 new)/16", got)
	}
}

// Reserved is reserved, and what others use comes on top of it.
func TestForeignUseIsSeenNextToReservationsThatAreNotUsedUp(t *testing.T) {
	c := candidate("js-1", func(c *virtualserver.Candidate) {
		c.SampleAge = 0
		c.Server.Sample.CPUTotal, c.Server.Sample.OwnCPU = 1, 2
		c.Server.Sample.MemoryAvailable, c.Server.Sample.OwnMemory = 12<<30, 1<<30
		c.Own = virtualserver.Occupancy{Runs: 6, Slots: 6, CPU: 6, Memory: 8 << 30}
		c.OwnAtSample = c.Own
	})
	need := virtualserver.Need{CPU: 1, Memory: 1 << 30}
	if got := value(t, "load_per_cpu", need, c); got != 9.0/4 {
		t.Errorf("load_per_cpu: got %v, want (6 own + 2 of others + 1 new) / 4", got)
	}
	if got := value(t, "memory_free", need, c); got != 1-12.0/16 {
		t.Errorf("memory_free: got %v, want 1 − (8 own + 3 of others + 1 new)/16", got)
	}
}

func TestForeignLoadFadesToItsMean(t *testing.T) {
	c := candidate("js-1", func(c *virtualserver.Candidate) { c.Server.Sample.CPUTotal, c.ForeignCPUMean = 1, 2 })
	for age, want := range map[time.Duration]float64{
		0: 4 + 1, 45 * time.Second: 2 + 2/math.E + 1, time.Hour: 2 + 1,
	} {
		c.SampleAge = age
		if got := 4 * value(t, "load_per_cpu", virtualserver.Need{CPU: 1}, c); !near(got, want, 1e-9) {
			t.Errorf("%s old: got %v cores wanted, want %v", age, got, want)
		}
	}
}

func TestOvercommittedMemoryStretches(t *testing.T) {
	c := candidate("js-1", func(c *virtualserver.Candidate) { c.Server.Sample.MemoryAvailable = 8 << 30 })
	full := int64(16<<30) / 100 * 97
	if got := value(t, "expected_stretch", virtualserver.Need{CPU: 1, Memory: full - 8<<30}, c); !near(got, 1, 1e-6) {
		t.Errorf("97 %% used: got a stretch of %v, want 1", got)
	}
	if got := value(t, "expected_stretch", virtualserver.Need{CPU: 1, Memory: 2*full - 8<<30}, c); !near(got, math.Pow(2, 1.5), 1e-6) {
		t.Errorf("twice that: got a stretch of %v, want 2^1.5", got)
	}
}

func TestThePresetTalendLooksAtTheSampleAlone(t *testing.T) {
	idle := candidate("js-1")
	loaded := candidate("js-1", func(c *virtualserver.Candidate) {
		c.Own = virtualserver.Occupancy{Runs: 7, Slots: 7, CPU: 7, Memory: 8 << 30}
	})
	r := virtualserver.Rating{Preset: virtualserver.Talend}
	if a, b := virtualserver.Rate(r, virtualserver.Need{}, idle), virtualserver.Rate(r, virtualserver.Need{CPU: 4}, loaded); a.Rating != b.Rating {
		t.Errorf("got %v and %v, want the same: nothing but the sample counts", a.Rating, b.Rating)
	}
	loaded.Server.Sample = &jobserver.Sample{CPUs: 4, CPUTotal: 0.9, CPUIdle: 0.1, MemoryTotal: 16 << 30, MemoryAvailable: 1 << 30, DiskFree: 50 << 30}
	if a, b := virtualserver.Rate(r, virtualserver.Need{}, idle), virtualserver.Rate(r, virtualserver.Need{}, loaded); a.Rating <= b.Rating {
		t.Errorf("got %v for an idle and %v for a busy sample", a.Rating, b.Rating)
	}
}

func TestEveryPresetIsValidAndPrefersAnIdleServer(t *testing.T) {
	busy := candidate("js-1", func(c *virtualserver.Candidate) {
		c.Server.Sample.CPUTotal, c.Server.Sample.CPUIdle, c.Server.Sample.OwnCPU = 1, 0, 4
		c.Own = virtualserver.Occupancy{Runs: 6, Slots: 6, CPU: 6}
		c.OwnAtSample = c.Own
	})
	for _, p := range virtualserver.Presets() {
		r := virtualserver.Rating{Preset: p.Name}
		if err := r.Validate(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if err := own(p.Indicators...).Validate(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		a, b := virtualserver.Rate(r, virtualserver.Need{}, candidate("js-1")), virtualserver.Rate(r, virtualserver.Need{}, busy)
		if a.Rating <= b.Rating {
			t.Errorf("%s: got %v for an idle and %v for a busy server", p.Name, a.Rating, b.Rating)
		}
	}
}

func TestNeedIsDeclaredElseLearntElseOneCore(t *testing.T) {
	earlier := task.Usage{CPU: 0.3, Memory: 700, Runs: 4}
	for name, c := range map[string]struct {
		declared task.Resources
		earlier  task.Usage
		want     virtualserver.Need
	}{
		"nothing is known":      {task.Resources{}, task.Usage{}, virtualserver.Need{CPU: 1, Slots: 1, Source: "assumed"}},
		"earlier runs":          {task.Resources{Slots: 2}, earlier, virtualserver.Need{CPU: 0.3, Memory: 700, Slots: 2, Source: "learnt"}},
		"runs that used no CPU": {task.Resources{}, task.Usage{Runs: 1}, virtualserver.Need{CPU: 0.05, Slots: 1, Source: "learnt"}},
		"declared":              {task.Resources{CPU: 2, Memory: 5}, earlier, virtualserver.Need{CPU: 2, Memory: 5, Slots: 1, Source: "declared"}},
		"declared in part":      {task.Resources{CPU: 2}, earlier, virtualserver.Need{CPU: 2, Memory: 700, Slots: 1, Source: "declared"}},
		"memory without runs":   {task.Resources{Memory: 5}, task.Usage{}, virtualserver.Need{CPU: 1, Memory: 5, Slots: 1, Source: "declared"}},
	} {
		if got := virtualserver.NeedOf(c.declared, c.earlier); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}
