// Package virtualserver groups job servers and chooses among them: which members are eligible, what each is rated,
// and which one a run is placed on. It is pure: a choice is a function of its arguments.
package virtualserver

import (
	"time"

	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// Selection is how a member is chosen among the eligible ones.
type Selection string

// The selections.
const (
	// BestRated chooses the highest rating. It is the default.
	BestRated Selection = "best-rated"
	// Random chooses each with the same chance.
	Random Selection = "random"
	// RoundRobin chooses them in turn, in member order.
	RoundRobin Selection = "round-robin"
	// LeastRunning chooses the one with the fewest runs per slot.
	LeastRunning Selection = "least-running"
	// Priority chooses the first in member order.
	Priority Selection = "priority"
	// Weighted chooses at random, in proportion to the members' weights.
	Weighted Selection = "weighted"
)

// Selections lists every selection.
func Selections() []Selection {
	return []Selection{BestRated, Random, RoundRobin, LeastRunning, Priority, Weighted}
}

// Spec is a virtual server as an operator writes it. Its JSON is the body of POST /virtual-servers.
type Spec struct {
	Name         string            `json:"name" doc:"Name of the group: 1 to 63 of a-z 0-9 - _ ."`
	Description  string            `json:"description,omitempty" doc:"What the group is for."`
	Labels       map[string]string `json:"labels,omitempty" doc:"Labels of the group itself."`
	Inactive     bool              `json:"inactive,omitempty" doc:"An inactive group takes no new runs."`
	ClusterGroup string            `json:"cluster_group,omitempty" doc:"Cluster group on runtime servers."`
	// Members are names of job servers, in order.
	Members   []string  `json:"members,omitempty" doc:"Names of job servers, in order; the order matters for the selection priority."`
	Selection Selection `json:"selection,omitempty" enum:"best-rated,random,round-robin,least-running,priority,weighted" doc:"How a member is chosen; by default best-rated."`
	// Weights are used by the selection weighted: member → weight above 0; 1 where none is given.
	Weights map[string]float64 `json:"weights,omitempty" doc:"Weights of members for the selection weighted; by default 1."`
	Rating  Rating             `json:"rating,omitzero" doc:"Preset (recommended, plain, talend) or a list of indicators."`
	// OnUnavailable, LeaveRunning and UnavailableAfter hold for tasks that say nothing of their own.
	OnUnavailable    *policy.Policy `json:"on_unavailable,omitempty" doc:"Policy of tasks that have none of their own."`
	LeaveRunning     bool           `json:"leave_running,omitempty" doc:"With reset: the cut-off job is not stopped. Gives up the promise that no two attempts overlap."`
	UnavailableAfter task.Duration  `json:"unavailable_after,omitzero" doc:"Silence after which a member counts as unavailable for the runs of this group."`
	// PreferArchive is added to the rating of a member that already holds the job's archive.
	PreferArchive float64 `json:"prefer_archive,omitempty" doc:"Points added to the rating of a member that already holds the job's archive."`
}

// VirtualServer is a stored virtual server.
type VirtualServer struct {
	Spec
	// Version counts edits, from 1. It is the ETag.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Rating is how members are rated: a preset by name, or indicators of the operator's own.
// In JSON it is either a string or {"indicators": […]}.
type Rating struct {
	Preset     string
	Indicators []Indicator
}

// Indicator is one term of a rating. The same metric may stand twice.
type Indicator struct {
	Name   string  `json:"name"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Weight float64 `json:"weight"`
}

// IsZero reports whether the rating is left to the default preset.
func (r Rating) IsZero() bool { return r.Preset == "" && len(r.Indicators) == 0 }
