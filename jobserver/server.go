// Package jobserver holds what is known of a job server: one physical execution host on which the agent is installed.
// It has types and rules and does no I/O; the programs on the host are in jobserver/agent and jobserver/guard.
package jobserver

import "time"

// Kind is what a job server is for.
type Kind string

// The kinds of job server.
const (
	// KindJob servers run jobs.
	KindJob Kind = "job"
	// KindRuntime servers host services.
	KindRuntime Kind = "runtime"
)

// Mode is what an operator has decided about a server.
type Mode string

// The modes. Active is what every server is in after joining.
const (
	Active Mode = "active"
	// Draining servers get no new runs; what runs there goes on.
	Draining Mode = "draining"
	// Disabled servers get no new runs, and their agents are told so.
	Disabled Mode = "disabled"
)

// Contact says whether a server is heard from.
type Contact string

// The states of contact.
const (
	// NeverSeen servers have joined, and have not connected yet.
	NeverSeen Contact = "never_seen"
	Online    Contact = "online"
	// Unreachable servers have missed MissedBeats heartbeats.
	Unreachable Contact = "unreachable"
	// Unavailable servers have been silent for their unavailable_after.
	Unavailable Contact = "unavailable"
)

// Timing of heartbeats and detection.
const (
	DefaultHeartbeat        = 1500 * time.Millisecond
	MissedBeats             = 3
	DefaultUnavailableAfter = 120 * time.Second
	MinUnavailableAfter     = 5 * time.Second
	DefaultSlots            = 8
	MaxSlots                = 10000
	MaxPower                = 1000
)

// Server is one job server.
type Server struct {
	Name  string
	Kind  Kind
	Mode  Mode
	State Contact
	// StateSince is when State or Mode last changed.
	StateSince time.Time
	// Reason is why the server is in Mode, as the operator said, or empty.
	Reason      string
	Description string
	Labels      map[string]string
	// Slots is how many runs fit, 1 to MaxSlots.
	Slots int
	// Power is the operator's factor for the speed of the host: 1 is ordinary, 2 twice as fast.
	Power float64
	// UnavailableAfter is 0 where the default holds.
	UnavailableAfter time.Duration
	JoinedAt         time.Time
	// LastSeen is when the conductor last heard from the agent; zero if never.
	LastSeen time.Time
	// Sample is the newest sample, or nil.
	Sample *Sample
	// BootID, Instance and AgentVersion are what the agent last said of itself.
	BootID, Instance, AgentVersion string
	// RunAs is as which users it runs jobs, as its agent last said.
	RunAs RunAs
	// Held is the length of the hold that its agent was given before a planned absence of the conductor; 0 without one.
	Held time.Duration
	// Heartbeat is the longest period that its agent may keep since it was last heard from, 0 where that is not known.
	Heartbeat time.Duration
	// Quarantine is why no run is placed there although it is online, or empty.
	Quarantine string
	// Version counts edits, from 1. It is the ETag.
	Version int64
}

// Status is the one word that an operator sees for a server.
func (s Server) Status() string {
	switch {
	case s.Mode == Disabled:
		return string(Disabled)
	case s.State == Unreachable || s.State == Unavailable || s.State == NeverSeen:
		return string(s.State)
	case s.Mode == Draining:
		return string(Draining)
	}
	return string(s.State)
}

// Patience is how long the server may be silent before it counts as unavailable.
func (s Server) Patience() time.Duration {
	if s.UnavailableAfter > 0 {
		return s.UnavailableAfter
	}
	return DefaultUnavailableAfter
}
