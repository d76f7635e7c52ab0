package virtualserver

import (
	"slices"

	"github.com/segno-jobs/segno/jobserver"
)

// Effect is what it would mean if a virtual server were as a draft says, as things are now.
type Effect struct {
	// Name is that of the virtual server.
	Name string
	// Placement is where a run would go, and what each member would be rated.
	Placement     Placement
	Before, After Capacity
	// Stranded are tasks, by name, that a member can take now and that no member could take then.
	Stranded []string
	// Queued is how many runs wait for the virtual server, and CouldStart how many more of them than now would find a place.
	// Counted is true where there were more than were looked at.
	Queued, CouldStart int
	Counted            bool
}

// Capacity is what the members of a virtual server can take.
type Capacity struct {
	// Members counts all members, and Taking those that take new runs.
	Members, Taking int
	// Slots are those of the members that take new runs; Used counts the taken ones.
	Slots, Used int
}

// CapacityOf adds up the members that take new runs. Candidates that are no members are passed over.
func CapacityOf(s Spec, candidates []Candidate) Capacity {
	c := Capacity{Members: len(s.Members)}
	if s.Inactive {
		return c
	}
	for i := range candidates {
		server := &candidates[i].Server
		if server.State != jobserver.Online || server.Mode != jobserver.Active || server.Quarantine != "" || !slices.Contains(s.Members, server.Name) {
			continue
		}
		c.Taking++
		c.Slots += server.Slots
		c.Used += candidates[i].Own.Slots
	}
	return c
}

// Passes reports whether a refusal is a matter of moments, so that a run need only wait for it to pass.
func (r Refusal) Passes() bool {
	return r == RefusedNoSlot || r == RefusedReturned || r == RefusedNoSample
}

// CanTake reports whether some member can take the run, at once or when a refusal that passes has passed.
func (p Placement) CanTake() bool {
	return slices.ContainsFunc(p.Candidates, func(v Verdict) bool { return v.Refused == "" || v.Refused.Passes() })
}
