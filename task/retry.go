package task

import (
	"fmt"
	"time"
)

// DefaultBackoff is the time before the first retry where a task names none, MinBackoff the least that it may name.
const (
	DefaultBackoff = 10 * time.Second
	MinBackoff     = 100 * time.Millisecond
)

// Validate returns nil if the retries may be stored, else their field errors.
func (r Retries) Validate() error {
	var found problems
	if r.Max < 0 || r.Max > MaxRetries {
		found.addf("max", "must be from 0 to %d, not %d", MaxRetries, r.Max)
	}
	found.add(duration("backoff", r.Backoff, MinBackoff, MaxBackoff))
	if r.From != "" && r.From != RetryFromStart && r.From != RetryFromCheckpoint {
		found.addf("from", "must be start or checkpoint, not %.40q", r.From)
	}
	return found.join()
}

// delay returns the time before the retry that follows tries failures, the first of them included: Backoff, doubled for
// each failure before, up to MaxBackoff, and then jittered by a quarter both ways. jitter is from 0 to 1.
func (r Retries) delay(tries int, jitter float64) time.Duration {
	d := time.Duration(r.Backoff)
	if d <= 0 {
		d = DefaultBackoff
	}
	for range min(tries-1, 32) {
		d = min(2*d, MaxBackoff)
	}
	return jittered(min(d, MaxBackoff), jitter)
}

// jittered spreads d from three quarters to five quarters of it.
func jittered(d time.Duration, jitter float64) time.Duration {
	if !(jitter >= 0) {
		jitter = 0
	}
	return time.Duration(float64(d) * (0.75 + 0.5*min(jitter, 1)))
}

// from returns the checkpoint that a retry begins with, and its words.
func (r Retries) from(newest int) (checkpoint int, words string) {
	switch {
	case r.From != RetryFromCheckpoint:
		return 0, "from the beginning"
	case newest == 0:
		return 0, "from the beginning, as there is no checkpoint"
	}
	return newest, fmt.Sprintf("from checkpoint %d", newest)
}
