package virtualserver_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func TestARatingIsAPresetOrIndicatorsInJSON(t *testing.T) {
	for text, want := range map[string]virtualserver.Rating{
		`"plain"`: {Preset: "plain"},
		`{"indicators":[{"name":"cpu_idle","min":0.1,"max":1,"weight":4}]}`: own(virtualserver.Indicator{Name: "cpu_idle", Min: 0.1, Max: 1, Weight: 4}),
		`{"indicators":[]}`: {Indicators: []virtualserver.Indicator{}},
	} {
		var got virtualserver.Rating
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
		if data, err := json.Marshal(got); err != nil || string(data) != text {
			t.Errorf("got %s, %v, want %s", data, err, text)
		}
	}
	for _, text := range []string{`{"indicator":[]}`, `{"indicators":[{"nam":"x"}]}`, `7`, `["plain"]`, `{"indicators":"x"}`} {
		var got virtualserver.Rating
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s: got %+v, want an error", text, got)
		}
	}
	data, err := json.Marshal(virtualserver.Spec{Name: "etl"})
	if err != nil || strings.Contains(string(data), "rating") {
		t.Errorf("got %s, %v, want no rating", data, err)
	}
}

func TestDefaultsOfAGroup(t *testing.T) {
	s := virtualserver.Spec{Name: "etl"}.WithDefaults()
	if s.Selection != virtualserver.BestRated || s.Rating.Preset != virtualserver.Recommended {
		t.Errorf("got %+v", s)
	}
	kept := virtualserver.Spec{Selection: virtualserver.Priority, Rating: own(virtualserver.Indicator{Name: "cpu_idle"})}
	if diff := cmp.Diff(kept, kept.WithDefaults()); diff != "" {
		t.Errorf("what was given was changed:\n%s", diff)
	}
}

func TestAGroupIsRefusedWithTheFieldAsTheUserWroteIt(t *testing.T) {
	indicator := func(change func(i *virtualserver.Indicator)) func(s *virtualserver.Spec) {
		return func(s *virtualserver.Spec) {
			good := virtualserver.Indicator{Name: "cpu_idle", Min: 0, Max: 1, Weight: 1}
			bad := good
			change(&bad)
			s.Rating = own(good, good, bad)
		}
	}
	for _, c := range []struct {
		field  string
		change func(s *virtualserver.Spec)
	}{
		{"name", func(s *virtualserver.Spec) { s.Name = "a/b" }},
		{"description", func(s *virtualserver.Spec) { s.Description = "\x00" }},
		{"labels.a b", func(s *virtualserver.Spec) { s.Labels = map[string]string{"a b": ""} }},
		{"cluster_group", func(s *virtualserver.Spec) { s.ClusterGroup = "A B" }},
		{"members[1]", func(s *virtualserver.Spec) { s.Members = []string{"js-1", ".."} }},
		{"members[2]", func(s *virtualserver.Spec) { s.Members = []string{"js-1", "js-2", "js-1"} }},
		{"members", func(s *virtualserver.Spec) { s.Members = make([]string, virtualserver.MaxMembers+1) }},
		{"selection", func(s *virtualserver.Spec) { s.Selection = "best" }},
		{"weights.js-1", func(s *virtualserver.Spec) { s.Weights = map[string]float64{"js-1": 0} }},
		{"weights.js-1", func(s *virtualserver.Spec) { s.Weights = map[string]float64{"js-1": math.NaN()} }},
		{"weights.js-1", func(s *virtualserver.Spec) { s.Weights = map[string]float64{"js-1": math.Inf(1)} }},
		{"weights", func(s *virtualserver.Spec) { s.Weights = map[string]float64{"a/b": 1} }},
		{"prefer_archive", func(s *virtualserver.Spec) { s.PreferArchive = -1 }},
		{"prefer_archive", func(s *virtualserver.Spec) { s.PreferArchive = math.NaN() }},
		{"rating", func(s *virtualserver.Spec) { s.Rating.Preset = "best" }},
		{"rating", func(s *virtualserver.Spec) {
			s.Rating = virtualserver.Rating{Preset: "plain", Indicators: []virtualserver.Indicator{{Name: "cpu_idle"}}}
		}},
		{"rating.indicators", func(s *virtualserver.Spec) { s.Rating.Indicators = []virtualserver.Indicator{} }},
		{"rating.indicators", func(s *virtualserver.Spec) {
			s.Rating.Indicators = make([]virtualserver.Indicator, virtualserver.MaxIndicators+1)
		}},
		{"rating.indicators[2].name", indicator(func(i *virtualserver.Indicator) { i.Name = "cpu" })},
		{"rating.indicators[2].min", indicator(func(i *virtualserver.Indicator) { i.Min = 2 })},
		{"rating.indicators[2].min", indicator(func(i *virtualserver.Indicator) { i.Min = math.NaN() })},
		{"rating.indicators[2].max", indicator(func(i *virtualserver.Indicator) { i.Max = math.Inf(1) })},
		{"rating.indicators[2].weight", indicator(func(i *virtualserver.Indicator) { i.Weight = -1 })},
		{"rating.indicators[2].weight", indicator(func(i *virtualserver.Indicator) { i.Weight = math.NaN() })},
	} {
		s := virtualserver.Spec{Name: "etl", Members: []string{"js-1", "js-2"}}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		c.change(&s)
		err := s.Validate()
		fields := fault.Fields(err)
		if !errors.Is(err, fault.Invalid) || len(fields) != 1 || fields[0].Field != c.field {
			t.Errorf("got %v, want one fault of %s", err, c.field)
		}
	}
}

func TestTheSameMetricMayStandTwice(t *testing.T) {
	s := virtualserver.Spec{Name: "etl", Rating: own(
		virtualserver.Indicator{Name: "load_per_cpu", Max: 1, Weight: 1},
		virtualserver.Indicator{Name: "load_per_cpu", Max: 0.8, Weight: 2})}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	v := virtualserver.Rate(s.Rating, virtualserver.Need{CPU: 8}, candidate("js-1"))
	if len(v.Terms) != 2 || v.Terms[0].Relative != 1 || !near(v.Terms[1].Relative, 1.5, 1e-9) {
		t.Errorf("got %+v", v.Terms)
	}
}

func TestAGroupsPolicyIsCheckedAsATasksIs(t *testing.T) {
	for _, c := range []struct {
		field  string
		change func(s *virtualserver.Spec)
	}{
		{"on_unavailable", func(s *virtualserver.Spec) { p := policy.Word("hope"); s.OnUnavailable = &p }},
		{"on_unavailable[0].after", func(s *virtualserver.Spec) {
			s.OnUnavailable = &policy.Policy{Steps: []policy.Step{{After: time.Second, Do: policy.Recover}}}
		}},
		{"leave_running", func(s *virtualserver.Spec) {
			p := policy.Word(policy.Restart)
			s.OnUnavailable, s.LeaveRunning = &p, true
		}},
		{"leave_running", func(s *virtualserver.Spec) { s.LeaveRunning = true }},
		{"unavailable_after", func(s *virtualserver.Spec) { s.UnavailableAfter = task.Duration(4 * time.Second) }},
		{"unavailable_after", func(s *virtualserver.Spec) { s.UnavailableAfter = task.Duration(-time.Second) }},
		{"unavailable_after", func(s *virtualserver.Spec) { s.UnavailableAfter = task.Duration(31 * 24 * time.Hour) }},
	} {
		s := virtualserver.Spec{Name: "etl"}
		c.change(&s)
		err := s.Validate()
		if fields := fault.Fields(err); !errors.Is(err, fault.Invalid) || len(fields) != 1 || fields[0].Field != c.field {
			t.Errorf("got %v, want one fault of %s", err, c.field)
		}
	}
	reset := policy.Word(policy.Reset)
	s := virtualserver.Spec{Name: "etl", OnUnavailable: &reset, LeaveRunning: true, UnavailableAfter: task.Duration(5 * time.Second)}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	if d := s.Defaults(); d.OnUnavailable != &reset || !d.LeaveRunning || d.UnavailableAfter != s.UnavailableAfter {
		t.Errorf("got %+v, want what the group says", d)
	}
}
