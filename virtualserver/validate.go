package virtualserver

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// Limits of a virtual server's settings.
const (
	MaxMembers    = 1000
	MaxIndicators = 32
	// MaxBound bounds an indicator's min and max, both ways.
	MaxBound = 1e18
	// MaxWeight bounds the weights of indicators and of members.
	MaxWeight = 1e9
	// MaxPreferArchive bounds the points for a member that holds the job's archive.
	MaxPreferArchive = 100
)

// WithDefaults returns the group with each setting that was left out at its default, so that two specs that mean the
// same are equal.
func (s Spec) WithDefaults() Spec {
	if s.Selection == "" {
		s.Selection = BestRated
	}
	if s.Rating.IsZero() {
		s.Rating = Rating{Preset: DefaultPreset}
	}
	return s
}

// Validate returns nil if the group may be stored, else all its faults: joined field errors of kind fault.Invalid,
// whose paths are those of the JSON that the user wrote. Whether the members exist only a store can say.
func (s Spec) Validate() error {
	found := []error{
		task.CheckName("name", s.Name),
		task.CheckText("description", s.Description, task.MaxDescription),
		task.CheckLabels("labels", s.Labels),
		s.validMembers(),
		s.validWeights(),
		fault.Under("rating", s.Rating.Validate()),
		task.CheckPolicy(s.OnUnavailable, s.LeaveRunning),
		task.CheckUnavailableAfter(s.UnavailableAfter),
	}
	if s.LeaveRunning && s.OnUnavailable == nil {
		found = append(found, fault.Field("leave_running", "must be left out without on_unavailable: it is for reset"))
	}
	if s.ClusterGroup != "" {
		found = append(found, task.CheckName("cluster_group", s.ClusterGroup))
	}
	if s.Selection != "" && !slices.Contains(Selections(), s.Selection) {
		found = append(found, fault.Field("selection", "must be one of %s, not %.40q", words(Selections()), s.Selection))
	}
	if !(s.PreferArchive >= 0 && s.PreferArchive <= MaxPreferArchive) {
		found = append(found, fault.Field("prefer_archive", "must be from 0 to %d, not %v", MaxPreferArchive, s.PreferArchive))
	}
	return errors.Join(found...)
}

// Defaults returns what the group says for the tasks on it that say nothing of their own.
func (s Spec) Defaults() task.Defaults {
	return task.Defaults{OnUnavailable: s.OnUnavailable, LeaveRunning: s.LeaveRunning, UnavailableAfter: s.UnavailableAfter}
}

func (s Spec) validMembers() error {
	if len(s.Members) > MaxMembers {
		return fault.Field("members", "must be at most %d, not %d", MaxMembers, len(s.Members))
	}
	var found []error
	first := make(map[string]int, len(s.Members))
	for i, name := range s.Members {
		path := fmt.Sprintf("members[%d]", i)
		if err := task.CheckName(path, name); err != nil {
			found = append(found, err)
		} else if before, twice := first[name]; twice {
			found = append(found, fault.Field(path, "must differ from members[%d]", before))
		} else {
			first[name] = i
		}
	}
	return errors.Join(found...)
}

// validWeights lets weights of servers stand that are no members (any more): they wait for them to come back.
func (s Spec) validWeights() error {
	if len(s.Weights) > MaxMembers {
		return fault.Field("weights", "must be at most %d, not %d", MaxMembers, len(s.Weights))
	}
	var found []error
	for name, w := range s.Weights {
		switch {
		case !task.ValidName(name):
			found = append(found, fault.Field("weights", "must be given for names of servers, not %.40q", name))
		case !(w > 0 && w <= MaxWeight):
			found = append(found, fault.Field("weights."+name, "must be above 0 and at most %.0f, not %v", MaxWeight, w))
		}
	}
	slices.SortFunc(found, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(found...)
}

// Validate returns the field errors of a rating, with paths such as "indicators[2].min".
func (r Rating) Validate() error {
	switch {
	case r.Preset != "" && len(r.Indicators) > 0:
		return fault.Field("", "must be either a preset or indicators, not both")
	case r.Preset != "" && !slices.ContainsFunc(presets, func(p Preset) bool { return p.Name == r.Preset }):
		return fault.Field("", "must be one of recommended, plain, talend, or a list of indicators, not %.40q", r.Preset)
	case r.Preset == "" && r.Indicators != nil && len(r.Indicators) == 0:
		return fault.Field("indicators", "must not be empty")
	case len(r.Indicators) > MaxIndicators:
		return fault.Field("indicators", "must be at most %d, not %d", MaxIndicators, len(r.Indicators))
	}
	var found []error
	for i, ind := range r.Indicators {
		found = append(found, fault.Under(fmt.Sprintf("indicators[%d]", i), ind.validate()))
	}
	return errors.Join(found...)
}

func (i Indicator) validate() error {
	var found []error
	refuse := func(field, reason string, args ...any) { found = append(found, fault.Field(field, reason, args...)) }
	if _, known := metricNamed(i.Name); !known {
		refuse("name", "must be one of the metrics (%s), not %.40q", metricNames(), i.Name)
	}
	bounded := func(field string, v float64) bool {
		if v >= -MaxBound && v <= MaxBound {
			return true
		}
		refuse(field, "must be a number from %g to %g, not %v", -MaxBound, MaxBound, v)
		return false
	}
	if bounded("min", i.Min) && bounded("max", i.Max) && i.Min > i.Max {
		refuse("min", "must not be above max, %v", i.Max)
	}
	if !(i.Weight >= 0 && i.Weight <= MaxWeight) {
		refuse("weight", "must be from 0 to %.0f, not %v", MaxWeight, i.Weight)
	}
	return errors.Join(found...)
}

func metricNames() string {
	names := make([]string, len(metrics))
	for i, m := range metrics {
		names[i] = m.Name
	}
	return strings.Join(names, ", ")
}

func words[T ~string](list []T) string {
	all := make([]string, len(list))
	for i, w := range list {
		all[i] = string(w)
	}
	return strings.Join(all, ", ")
}
