package agent

import (
	"time"

	"github.com/segno-jobs/segno/protocol"
)

// minHeartbeat is the shortest period that an agent keeps, whatever the conductor says.
const minHeartbeat = 50 * time.Millisecond

// Bounds on a heartbeat's call: one that comes later is of no use.
const (
	minHeartbeatTimeout = time.Second
	maxHeartbeatTimeout = 5 * time.Second
)

// Of an agent that has failed so often in a row, and has no lease to renew, the heartbeats are at least so far apart.
const (
	manyFailures = 10
	failingBeats = backoffCap / 2
)

// Rhythm is how often an agent sends heartbeats. It does no I/O and is not safe for concurrent use.
//
// A longer period counts only from the answer to a heartbeat: what a heartbeat says and what it is answered are then all that
// the agent may keep until the next one, and the conductor knows both.
type Rhythm struct {
	period time.Duration
	// hurries counts the shorter periods that came by themselves.
	hurries int
}

// NewRhythm returns the rhythm of an agent that begins with that period.
func NewRhythm(period time.Duration) *Rhythm { return &Rhythm{period: period} }

// Period is the one that the agent keeps until it is told another one. A lease may ask for a shorter one meanwhile.
func (r *Rhythm) Period() time.Duration { return r.period }

// Hurry takes in a period that was told by itself, which counts if it is shorter. It reports whether it is.
func (r *Rhythm) Hurry(period time.Duration) bool {
	if period = bounded(period); period >= r.period {
		return false
	}
	r.period = period
	r.hurries++
	return true
}

// Sent returns what Answered has to be told of a heartbeat that is sent now.
func (r *Rhythm) Sent() int { return r.hurries }

// Answered takes in the period in the answer to a heartbeat. A shorter one that came since it was sent stays: the answer
// may be older than that.
func (r *Rhythm) Answered(sent int, period time.Duration) {
	if sent != r.hurries {
		r.Hurry(period)
		return
	}
	r.period = bounded(period)
}

// Next is how long after the last heartbeat the next one is due: the period, or a quarter of the shortest lease if that is less,
// and up to a tenth of that earlier, by a jitter in [0, 1). So the agents of a fleet do not keep step, and three periods
// without a heartbeat are three that were missed. quarter is 0 without a lease. While heartbeats fail, as many in a row as is
// said, and no lease depends on one, the period grows.
func (r *Rhythm) Next(quarter time.Duration, failures int, jitter float64) time.Duration {
	period := r.period
	switch {
	case quarter > 0:
		period = min(period, max(quarter, minHeartbeat))
	case failures > manyFailures:
		period = max(period, failingBeats)
	}
	return time.Duration(float64(period) * (0.9 + 0.1*jitter))
}

// Pause is Next without the time that the last heartbeat took, but at least half of it.
func (r *Rhythm) Pause(next, took time.Duration) time.Duration { return max(next-took, next/2) }

// Timeout is for how long a heartbeat may wait for its answer, since the next one waits for it: twice the period, but at most
// a quarter of the shortest lease, so that after one without an answer another one comes before a job is asked to end.
func (r *Rhythm) Timeout(quarter time.Duration) time.Duration {
	timeout := min(2*r.period, maxHeartbeatTimeout)
	if quarter > 0 {
		timeout = min(timeout, quarter)
	}
	return max(timeout, minHeartbeatTimeout)
}

func bounded(period time.Duration) time.Duration {
	return min(max(period, minHeartbeat), protocol.MaxHeartbeat)
}
