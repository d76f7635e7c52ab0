package agent

import "time"

// Times between tries.
const (
	backoffBase = 200 * time.Millisecond
	backoffCap  = 15 * time.Second
)

// backoff returns how long to wait after so many failures in a row: a random share of a span that doubles with each
// ("full jitter"), so that the agents of a fleet do not come back together. The jitter is in [0, 1).
func backoff(failures int, jitter func() float64) time.Duration {
	span := backoffCap
	if failures < 8 {
		span = min(backoffCap, backoffBase<<max(0, failures-1))
	}
	return time.Duration(jitter() * float64(span))
}

// slowly is how long to wait where trying again soon is of no use: a person has to do something first.
func slowly(jitter func() float64) time.Duration {
	return backoffCap/2 + time.Duration(jitter()*float64(backoffCap/2))
}
