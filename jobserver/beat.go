package jobserver

import "time"

// Beat is one heartbeat.
type Beat struct {
	Server       string
	At           time.Time
	BootID       string
	Instance     string
	AgentVersion string
	RunAs        RunAs
	// Heartbeat is the period that the agent keeps, 0 where it does not say so. What is stored is the longest that it may keep
	// after the answer, which may be lost.
	Heartbeat time.Duration
	// Number counts the heartbeats of the agent's process from 1; 0 where it does not say so.
	Number uint64
	// ClaimedOffers is true where the process takes offers that are claimed already.
	ClaimedOffers bool
	// Archives are the SHA-256 of archives on the host's disk, at most MaxBeatArchives, those that were used last first.
	Archives []string
	Sample   Sample
}

// MaxBeatArchives is how many archives a heartbeat names.
const MaxBeatArchives = 256

// LoadPoint is one sample in the history of a server, or the mean of several.
type LoadPoint struct {
	Server string
	At     time.Time
	// Span is the time that the point stands for.
	Span     time.Duration
	CPUTotal float64
	OwnCPU   float64
	Load1    float64
	// Memory and Disk are used shares.
	Memory float64
	Disk   float64
	// Running is the number of attempts.
	Running float64
}

// JoinToken is a one-time token with which an agent joins.
type JoinToken struct {
	ID   string
	Hash string
	// Name is the only name that may join with it; empty allows any.
	Name      string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Filter chooses servers. Zero values choose all.
type Filter struct {
	// Query is part of a name.
	Query         string
	Kind          Kind
	Status        string
	VirtualServer string
	Labels        map[string]string
}
