package conductor

import "time"

// What all heartbeats together may cost a conductor: a tenth of a processor. One takes about 142 µs where a thousand agents
// send them, as docs/performance.md tells, which makes 704 a second, a little more than a thousand agents send at 1.5 s.
const (
	heartbeatBudget = 0.1
	heartbeatCost   = 142 * time.Microsecond
	// meanGap is the mean time between two heartbeats of an agent, as a part of the period: it is up to a tenth early.
	meanGap = 0.95
	// paceSteps is how many steps there are from the shortest period to twice that, so that it is not another one with each
	// server that comes.
	paceSteps = 10
	// easeAfter is for how long a shorter period must have sufficed before agents are told of it. A longer one they are told
	// at once.
	easeAfter = time.Minute
)

// DefaultHeartbeatRate is how many heartbeats a second the agents of all servers send at most.
const DefaultHeartbeatRate = heartbeatBudget * float64(time.Second) / float64(heartbeatCost)

// pace is the period of a fleet's heartbeats: the shortest at which all of them together are no more than rate a second, and
// never below least.
type pace struct {
	least  time.Duration
	rate   float64
	period time.Duration
	// ample is since when a shorter period would have sufficed; zero where it would not.
	ample time.Time
}

func newPace(least time.Duration, rate float64) pace {
	return pace{least: least, rate: rate, period: least}
}

// needed is the period for that many servers.
func (p *pace) needed(servers int) time.Duration {
	exact := time.Duration(float64(servers) / p.rate / meanGap * float64(time.Second))
	if exact <= p.least {
		return p.least
	}
	step := p.least / paceSteps
	return (exact + step - 1) / step * step
}

// follow takes in how many servers are heard from at the instant. It reports whether the period has changed.
func (p *pace) follow(servers int, now time.Time) bool {
	needed := p.needed(servers)
	switch {
	case needed > p.period:
		p.period, p.ample = needed, time.Time{}
		return true
	case needed == p.period:
		p.ample = time.Time{}
	case p.ample.IsZero():
		p.ample = now
	case now.Sub(p.ample) >= easeAfter:
		p.period, p.ample = needed, time.Time{}
		return true
	}
	return false
}
