package notification

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// RuleSpec says of which events which channels are told. Of its filters, those that are set must all be met, and an event
// that has no such thing does not meet them: a rule with tasks says nothing of servers.
type RuleSpec struct {
	Name        string   `json:"name" doc:"Name of the rule: 1 to 63 of a-z 0-9 - _ ."`
	Description string   `json:"description,omitempty" doc:"What the rule is for."`
	Events      []Kind   `json:"events" doc:"Events that are told of: run_failed, run_succeeded, run_reset, run_cancelled, run_recovered, run_late, server_unavailable, server_back, occurrence_skipped, plan_ended." nullable:"false"`
	Tasks       []string `json:"tasks,omitempty" doc:"Names of tasks, with * and ? as in load-*; without any, every task."`
	Plans       []string `json:"plans,omitempty" doc:"Names of plans, with * and ?; without any, every plan."`
	Servers     []string `json:"servers,omitempty" doc:"Names of job servers, with * and ?; without any, every server."`
	// Labels are those of the task, or of the server where the event is of a server.
	Labels   map[string]string `json:"labels,omitempty" doc:"Labels that the task must have, or the server of an event about a server."`
	Channels []string          `json:"channels" doc:"Names of the channels that are told." nullable:"false"`
	Disabled bool              `json:"disabled,omitempty" doc:"Whether the rule says nothing for now."`
}

// Rule is a stored rule. It speaks of what happens after it was made.
type Rule struct {
	RuleSpec
	// Version counts edits, from 1. It is the ETag.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// MaxPatterns is how many names or patterns one filter of a rule may have, and MaxRuleChannels how many channels a rule.
const (
	MaxPatterns     = 100
	MaxRuleChannels = 20
	maxPattern      = 200
)

// Validate returns nil if the rule may be stored, else all its faults as field errors.
func (r RuleSpec) Validate() error {
	errs := []error{task.CheckName("name", r.Name), task.CheckText("description", r.Description, task.MaxDescription)}
	if len(r.Events) == 0 {
		errs = append(errs, fault.Field("events", "must not be empty"))
	}
	for i, k := range r.Events {
		field := fmt.Sprintf("events[%d]", i)
		if !slices.Contains(Kinds(), k) {
			errs = append(errs, fault.Field(field, "must be one of %v, not %.40q", Kinds(), k))
		} else if slices.Contains(r.Events[:i], k) {
			errs = append(errs, fault.Field(field, "stands in the list twice"))
		}
	}
	errs = append(errs, checkPatterns("tasks", r.Tasks), checkPatterns("plans", r.Plans), checkPatterns("servers", r.Servers))
	errs = append(errs, task.CheckLabels("labels", r.Labels))
	if len(r.Channels) == 0 || len(r.Channels) > MaxRuleChannels {
		errs = append(errs, fault.Field("channels", "must be 1 to %d names, not %d", MaxRuleChannels, len(r.Channels)))
	}
	for i, name := range r.Channels {
		field := fmt.Sprintf("channels[%d]", i)
		errs = append(errs, task.CheckName(field, name))
		if slices.Contains(r.Channels[:i], name) {
			errs = append(errs, fault.Field(field, "stands in the list twice"))
		}
	}
	return errors.Join(errs...)
}

func checkPatterns(field string, patterns []string) error {
	if len(patterns) > MaxPatterns {
		return fault.Field(field, "must be at most %d, not %d", MaxPatterns, len(patterns))
	}
	var errs []error
	for i, p := range patterns {
		if _, err := path.Match(p, "x"); err != nil || p == "" || len(p) > maxPattern || !plain(p) {
			errs = append(errs, fault.Field(fmt.Sprintf("%s[%d]", field, i), "must be a name, or a pattern with * and ? such as load-*"))
		}
	}
	return errors.Join(errs...)
}

// Matches reports whether the rule tells of the notice.
func (r Rule) Matches(n Notice) bool {
	if !r.MayMatch(n.Event, n.Task, n.At) {
		return false
	}
	if !meets(r.Plans, n.planName()) || !meets(r.Servers, n.Server) {
		return false
	}
	for key, value := range r.Labels {
		if got, has := n.Labels[key]; !has || got != value {
			return false
		}
	}
	return true
}

// MayMatch reports whether the rule could tell of an event of the kind, about the task (or about none), at the instant. It
// is for sorting out what need not be looked up.
func (r Rule) MayMatch(kind Kind, taskName string, at time.Time) bool {
	return !r.Disabled && slices.Contains(r.Events, kind) && !at.Before(r.CreatedAt) && meets(r.Tasks, taskName)
}

// meets reports whether a name meets one of the patterns, or there are none.
func meets(patterns []string, name string) bool {
	if len(patterns) == 0 {
		return true
	}
	return name != "" && slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}

// Recipients returns the channels that the rules want told of the notice, each once, and the names of those rules.
func Recipients(rules []Rule, n Notice) (channels, by []string) {
	for _, r := range rules {
		if !r.Matches(n) {
			continue
		}
		by = append(by, r.Name)
		for _, c := range r.Channels {
			if !slices.Contains(channels, c) {
				channels = append(channels, c)
			}
		}
	}
	return channels, by
}
