package jobserver

import (
	"time"

	"github.com/segno-jobs/segno/task"
)

// View is a server with what the conductor makes of it.
type View struct {
	Server
	// Rating and Stars are by the preset recommended, for a run of one core; both are 0 and Rated false without a sample.
	Rated         bool
	Rating, Stars float64
	SlotsUsed     int
	Attempts      []task.Attempt
	// VirtualServers are the groups that it is a member of.
	VirtualServers []string
	// UnavailableAt is when an unreachable server will count as unavailable if nothing is heard of it until then. Zero
	// stands for LastSeen and Patience after it; a conductor that could not listen for a while counts from later.
	UnavailableAt time.Time
	// HeartbeatEvery is how often the agent is to send heartbeats, and UnreachableAfter for how long the server may be silent
	// until it is unreachable: longer than three such periods where the agent may not have heard of a shorter one yet.
	HeartbeatEvery, UnreachableAfter time.Duration
}
