package wire

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// ServerSettings are what an operator may edit of a job server: the document of PATCH /servers/{name}.
type ServerSettings struct {
	Description string            `json:"description" doc:"What the server is."`
	Labels      map[string]string `json:"labels" doc:"Labels that tasks can require." nullable:"false"`
	Slots       int               `json:"slots" minimum:"1" maximum:"10000" doc:"How many runs fit."`
	Power       float64           `json:"power" doc:"Speed of the host: 1 is ordinary, 2 twice as fast."`
	// UnavailableAfter is 0 where the default of 120 s holds.
	UnavailableAfter task.Duration `json:"unavailable_after,omitzero" doc:"Silence after which the server counts as unavailable; by default 120s."`
}

// SettingsOf returns the editable part of a server.
func SettingsOf(s jobserver.Server) ServerSettings {
	return ServerSettings{
		Description:      s.Description,
		Labels:           filled(s.Labels),
		Slots:            s.Slots,
		Power:            s.Power,
		UnavailableAfter: task.Duration(s.UnavailableAfter),
	}
}

// Apply writes the settings into s.
func (e ServerSettings) Apply(s *jobserver.Server) {
	s.Description, s.Labels, s.Slots, s.Power = e.Description, e.Labels, e.Slots, e.Power
	s.UnavailableAfter = time.Duration(e.UnavailableAfter)
}

// Server is a job server.
type Server struct {
	Name string         `json:"name"`
	Kind jobserver.Kind `json:"kind" enum:"job,runtime"`
	// Status is the one word for an operator; Mode and Contact are what it is made of.
	Status     string            `json:"status" enum:"online,never_seen,unreachable,unavailable,draining,disabled" doc:"The one word for an operator, made of mode and contact."`
	Mode       jobserver.Mode    `json:"mode" enum:"active,draining,disabled"`
	Contact    jobserver.Contact `json:"contact" enum:"never_seen,online,unreachable,unavailable"`
	StateSince *Time             `json:"state_since" doc:"When mode or contact last changed." format:"date-time"`
	Reason     string            `json:"reason" doc:"Why the server is in its mode, as the operator said."`
	ServerSettings
	// Patience is UnavailableAfter, or the default where that is 0.
	Patience task.Duration `json:"patience" doc:"Silence after which the server counts as unavailable, the default included."`
	// HeartbeatEvery and UnreachableAfter are 0 for a server that the conductor does not know yet.
	HeartbeatEvery   task.Duration `json:"heartbeat_every" doc:"How often its agent is to send a heartbeat. Large fleets send them less often, and short leases more often."`
	UnreachableAfter task.Duration `json:"unreachable_after" doc:"Silence after which the server counts as unreachable: three heartbeats, or more where the agent may not have heard yet that they come more often."`
	// Timers are nil while the server is heard from.
	Timers *Timers `json:"timers" doc:"Of a silent server: since when, and what follows when; null while it is heard from."`
	// Held is nil without a hold.
	Held       *task.Duration `json:"held" doc:"The hold that its agent was given before a planned absence of the conductor; null without one."`
	Quarantine string         `json:"quarantine" doc:"Why no run is placed there although it is online; empty where it is none."`
	// RunAs are the users, or patterns of users, that the job server's own settings permit.
	RunAs        []string `json:"run_as" doc:"Users of the host, or patterns with *, as whom the job server's own settings permit jobs to run." nullable:"false"`
	RunAsProblem string   `json:"run_as_problem" doc:"Why jobs cannot run as other users there, although its settings permit some; completes the sentence \"js-1 …\"."`
	SlotsUsed    int      `json:"slots_used"`
	// Rating and Stars are null without a sample.
	Rating         *float64         `json:"rating" doc:"0 to 100 by the preset recommended, for a run of one core; null without a sample."`
	Stars          *float64         `json:"stars" doc:"0 to 5 in halves; null without a sample."`
	Load           *Sample          `json:"load" doc:"The newest sample; null without one."`
	Attempts       []RunningAttempt `json:"attempts" doc:"Open attempts on the server." nullable:"false"`
	VirtualServers []string         `json:"virtual_servers" doc:"Groups that it is a member of." nullable:"false"`
	JoinedAt       Time             `json:"joined_at" format:"date-time"`
	LastSeen       *Time            `json:"last_seen" format:"date-time"`
	BootID         string           `json:"boot_id"`
	Instance       string           `json:"instance"`
	AgentVersion   string           `json:"agent_version"`
	Version        int64            `json:"version" doc:"Counts edits; also the ETag."`
}

// Timers are those of a silent server.
type Timers struct {
	// UnreachableSince is nil once the server is unavailable, UnavailableSince before it is.
	UnreachableSince *Time `json:"unreachable_since" format:"date-time" doc:"Since when the server is unreachable."`
	UnavailableAt    *Time `json:"unavailable_at" format:"date-time" doc:"When an unreachable server will be unavailable if it stays silent."`
	UnavailableSince *Time `json:"unavailable_since" format:"date-time" doc:"Since when the server is unavailable."`
}

// TimersOf returns the timers of a server, or nil where it is heard from.
func TimersOf(s jobserver.View) *Timers {
	switch s.State {
	case jobserver.Unreachable:
		at := s.UnavailableAt
		if at.IsZero() {
			at = s.LastSeen.Add(s.Patience())
		}
		return &Timers{UnreachableSince: AtOrNil(s.StateSince), UnavailableAt: AtOrNil(at)}
	case jobserver.Unavailable:
		return &Timers{UnavailableSince: AtOrNil(s.StateSince)}
	}
	return nil
}

// HeldOf returns the hold of a server, or nil without one.
func HeldOf(s jobserver.View) *task.Duration { return span(s.Held) }

// Sample is what an agent measured of its host.
type Sample struct {
	jobserver.Sample
	At         Time  `json:"at" format:"date-time"`
	AgentClock *Time `json:"agent_clock" format:"date-time"`
}

// SampleOf returns s as it is sent, or nil.
func SampleOf(s *jobserver.Sample) *Sample {
	if s == nil {
		return nil
	}
	return &Sample{Sample: *s, At: At(s.At), AgentClock: AtOrNil(s.AgentClock)}
}

// RunningAttempt is an open attempt on a server.
type RunningAttempt struct {
	Run       task.RunID        `json:"run"`
	Number    int               `json:"number"`
	State     task.AttemptState `json:"state" enum:"offered,running,unknown,stopping"`
	OfferedAt Time              `json:"offered_at" format:"date-time"`
	StartedAt *Time             `json:"started_at" format:"date-time"`
}

// ModeChange is the body of POST /servers/{name}/drain, /activate and /disable.
type ModeChange struct {
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"Why; shown beside the server."`
}

// LoadPoint is one point of a server's history.
type LoadPoint struct {
	At Time `json:"at" format:"date-time"`
	// Span is the number of seconds that the point stands for.
	Span    float64 `json:"span_seconds" doc:"Seconds that the point stands for."`
	CPU     float64 `json:"cpu" doc:"Share of all processors in use, 0 to 1."`
	OwnCPU  float64 `json:"own_cpu" doc:"Cores that Segno's own attempts used."`
	Load1   float64 `json:"load1"`
	Memory  float64 `json:"memory" doc:"Used share, 0 to 1."`
	Disk    float64 `json:"disk" doc:"Used share, 0 to 1."`
	Running float64 `json:"running" doc:"Number of attempts."`
}

// LoadPointOf returns p as it is sent.
func LoadPointOf(p jobserver.LoadPoint) LoadPoint {
	return LoadPoint{
		At: At(p.At), Span: p.Span.Seconds(), CPU: p.CPUTotal, OwnCPU: p.OwnCPU, Load1: p.Load1,
		Memory: p.Memory, Disk: p.Disk, Running: p.Running,
	}
}

// JoinTokenRequest is the body of POST /join-tokens.
type JoinTokenRequest struct {
	// Name is the only name that may join with the token; empty allows any.
	Name string `json:"name,omitempty" doc:"The only name that may join with the token; empty allows any."`
	// TTL is how long the token can be used; 0 means an hour.
	TTL task.Duration `json:"ttl,omitzero" doc:"How long the token can be used, 1m to 720h; by default 1h."`
}

// JoinToken is the answer to it. The token cannot be shown again.
type JoinToken struct {
	Token     string `json:"token" doc:"One-time token; it cannot be shown again."`
	Name      string `json:"name"`
	ExpiresAt Time   `json:"expires_at" format:"date-time"`
	Command   string `json:"command" doc:"One line to run on the host."`
}
