package wire

import "github.com/segno-jobs/segno/virtualserver"

// VirtualServer is a stored virtual server: the document of the operator with its version.
type VirtualServer struct {
	virtualserver.Spec
	Version   int64 `json:"version" doc:"Counts edits; also the ETag."`
	CreatedAt Time  `json:"created_at" format:"date-time"`
	UpdatedAt Time  `json:"updated_at" format:"date-time"`
}

// VirtualServerOf returns v as it is sent.
func VirtualServerOf(v virtualserver.VirtualServer) VirtualServer {
	return VirtualServer{Spec: v.Spec, Version: v.Version, CreatedAt: At(v.CreatedAt), UpdatedAt: At(v.UpdatedAt)}
}

// Membership is the optional body of PUT /virtual-servers/{name}/members/{server}.
type Membership struct {
	// Position is the place among the members, from 0; nil leaves a member where it is and puts a new one last.
	Position *int `json:"position,omitempty" minimum:"0" doc:"Place among the members, from 0; without it a member stays where it is, and a new one comes last."`
	// Weight is for the selection weighted; nil leaves it.
	Weight *float64 `json:"weight,omitempty" doc:"Weight for the selection weighted, above 0."`
}

// Placement is a decision and all that it rests on.
type Placement struct {
	virtualserver.Placement
	At   Time `json:"at" format:"date-time"`
	Need Need `json:"need"`
	// Candidates are all members, the best first, the refused ones last.
	Candidates []virtualserver.Verdict `json:"candidates" doc:"All members, the best first, the refused ones last." nullable:"false"`
}

// Need is what a run is expected to use.
type Need struct {
	CPU    float64 `json:"cpu" doc:"Cores."`
	Memory int64   `json:"memory" doc:"Bytes."`
	Slots  int     `json:"slots"`
	Source string  `json:"source" enum:"declared,learnt,assumed"`
}

// PlacementOf returns p as it is sent.
func PlacementOf(p virtualserver.Placement) Placement {
	return Placement{
		Placement:  p,
		At:         At(p.At),
		Need:       Need{CPU: p.Need.CPU, Memory: p.Need.Memory, Slots: p.Need.Slots, Source: p.Need.Source},
		Candidates: list(p.Candidates),
	}
}
