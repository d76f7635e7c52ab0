package virtualserver

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// Need is what one run is expected to use: declared by its task, else learnt from its earlier runs, else one core.
type Need struct {
	// CPU is in cores, Memory in bytes.
	CPU    float64 `json:"cpu"`
	Memory int64   `json:"memory"`
	// Slots is at least 1.
	Slots int `json:"slots"`
	// Source is Declared, Learnt or Assumed.
	Source string `json:"source"`
}

// Request is a run to be placed.
type Request struct {
	// Kind is the kind of server that the run needs; empty means jobserver.KindJob.
	Kind jobserver.Kind
	// Requires are labels that a server must have.
	Requires map[string]string
	// RunAs is the user of the host as whom the job is to run, or empty.
	RunAs string
	Need  Need
	// Avoid are servers that are taken only if no other is eligible.
	Avoid []string
	// Archive is the digest of the job's archive, or empty.
	Archive string
}

// Candidate is one member as it is known at the moment of the choice.
type Candidate struct {
	Server jobserver.Server
	// SampleAge is how old Server.Sample is.
	SampleAge time.Duration
	// ForeignCPUMean is the mean of the host's foreign load, in cores, over ten minutes.
	ForeignCPUMean float64
	// Own is what Segno's open attempts there are believed to use, offers on their way included.
	Own Occupancy
	// OwnAtSample is what of Own, and of attempts that have ended since, the sample had seen.
	OwnAtSample Occupancy
	// LastUsed is when a run was last placed there; zero if never.
	LastUsed time.Time
	// HoldsArchive is true where the job's archive is already there.
	HoldsArchive bool
	// SlotLimit is how many of the server's slots may be taken for now, because it has only just returned; 0 is all of
	// them. See [ReturnLimit].
	SlotLimit int
}

// Occupancy is what a set of attempts takes.
type Occupancy struct {
	Runs   int
	Slots  int
	CPU    float64
	Memory int64
}

// Placement is a decision and all that it rests on. It is stored with the attempt.
type Placement struct {
	At            time.Time `json:"at"`
	VirtualServer string    `json:"virtual_server,omitempty"`
	Selection     Selection `json:"selection,omitempty"`
	// Chosen is the name of the server, or empty where none was eligible.
	Chosen string `json:"chosen,omitempty"`
	// Reason says the choice, or why there was none, in a sentence for a person.
	Reason string `json:"reason"`
	Need   Need   `json:"need"`
	// Candidates are all members, the best first, the refused ones last.
	Candidates []Verdict `json:"candidates"`
}

// Verdict is what was found of one candidate.
type Verdict struct {
	Server string `json:"server"`
	// Refused is empty for an eligible member, else the kind of refusal.
	Refused Refusal `json:"refused,omitempty"`
	// RefusedBecause says the refusal in words, with its numbers.
	RefusedBecause string `json:"refused_because,omitempty"`
	// Avoided is true where the request asked to avoid this server.
	Avoided bool `json:"avoided,omitempty"`
	// Bonus is what the group's PreferArchive added to Rating.
	Bonus float64 `json:"bonus,omitempty"`
	// Rating is 0 to 100, to five digits, and Stars 0 to 5, in halves; both are given for refused members that have a sample, too.
	Rating float64 `json:"rating"`
	Stars  float64 `json:"stars"`
	Terms  []Term  `json:"terms,omitempty"`
	// SampleAgeMS is the age of the sample in milliseconds, or -1 without one.
	SampleAgeMS int64 `json:"sample_age_ms"`
	Runs        int   `json:"runs"`
	SlotsUsed   int   `json:"slots_used"`
	Slots       int   `json:"slots"`
}

// Term is one indicator's part in a rating.
type Term struct {
	Indicator string  `json:"indicator"`
	Value     float64 `json:"value"`
	Min       float64 `json:"min"`
	Max       float64 `json:"max"`
	Weight    float64 `json:"weight"`
	// Relative is how far Value lies outside [Min, Max], in units of Max−Min.
	Relative float64 `json:"relative"`
	// Penalty is Weight·Relative; the rating is 100/(1+ΣPenalty/20).
	Penalty float64 `json:"penalty"`
}

// Refusal is why a member may not take a run.
type Refusal string

// The refusals.
const (
	RefusedOffline   Refusal = "offline"
	RefusedDraining  Refusal = "draining"
	RefusedDisabled  Refusal = "disabled"
	RefusedInactive  Refusal = "inactive"
	RefusedNoSlot    Refusal = "no free slot"
	RefusedLabel     Refusal = "label missing"
	RefusedUser      Refusal = "user not permitted"
	RefusedBound     Refusal = "over a bound"
	RefusedKind      Refusal = "wrong kind"
	RefusedNoSample  Refusal = "no sample"
	RefusedNotJoined Refusal = "not joined"
	// RefusedQuarantined servers have a process that could not be killed; RefusedReturned ones take load back gradually.
	RefusedQuarantined Refusal = "quarantined"
	RefusedReturned    Refusal = "just returned"
)
