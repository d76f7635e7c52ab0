package wire

import (
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/virtualserver"
)

// PreviewRequest is the body of POST /virtual-servers/preview.
type PreviewRequest struct {
	VirtualServers []virtualserver.Spec `json:"virtual_servers" minItems:"1" maxItems:"64" doc:"Virtual servers as they would be, stored ones or new ones." nullable:"false"`
	Task           string               `json:"task,omitempty" doc:"Task whose runs the placements are for; by default a run of one core."`
}

// Effect is what it would mean if a virtual server were so.
type Effect struct {
	Name      string    `json:"name"`
	Placement Placement `json:"placement" doc:"Where a run would go, and what each member would be rated."`
	Before    Capacity  `json:"before"`
	After     Capacity  `json:"after"`
	// Stranded is never null.
	Stranded []string `json:"stranded" doc:"Tasks that a member can take now, and that no member could take then." nullable:"false"`
	Queued   int      `json:"queued" doc:"Runs that wait for the virtual server."`
	// CouldStart counts those that find no place now.
	CouldStart int  `json:"could_start" doc:"How many more of them than now would find a place."`
	Counted    bool `json:"counted_in_part" doc:"True where more runs wait than were looked at."`
}

// Capacity is what the members of a virtual server can take.
type Capacity struct {
	Members int `json:"members"`
	Taking  int `json:"taking" doc:"Members that take new runs."`
	Slots   int `json:"slots" doc:"Slots of the members that take new runs."`
	Used    int `json:"slots_used"`
}

// EffectOf returns e as it is sent.
func EffectOf(e virtualserver.Effect) Effect {
	return Effect{
		Name: e.Name, Placement: PlacementOf(e.Placement), Before: Capacity(e.Before), After: Capacity(e.After),
		Stranded: list(e.Stranded), Queued: e.Queued, CouldStart: e.CouldStart, Counted: e.Counted,
	}
}

// EffectsOf returns effects as they are sent.
func EffectsOf(es []virtualserver.Effect) Page[Effect] {
	return PageOf(page.Of[virtualserver.Effect]{Items: es}, EffectOf)
}

// RatingPresets is what an own rating can be made of.
type RatingPresets struct {
	Presets []virtualserver.Preset `json:"presets" doc:"The default first." nullable:"false"`
	Metrics []virtualserver.Metric `json:"metrics" nullable:"false"`
}
