package api

import (
	"sync"
	"time"
)

// rate is how often something may happen: burst times at once, and one more each time that every has passed.
type rate struct {
	burst int
	every time.Duration
}

// limiter counts by key what happens, and forgets keys that have their whole burst again. Make one with newLimiter.
type limiter struct {
	rate rate

	mu sync.Mutex
	// full is when a key has its whole burst again.
	full  map[string]time.Time
	swept time.Time
}

// maxLimited bounds how many keys are remembered. Beyond it all keys that are new share one.
const maxLimited = 10000

func newLimiter(r rate) *limiter { return &limiter{rate: r, full: map[string]time.Time{}} }

// take counts one more for a key and returns 0, or returns how long to wait until there may be one more.
func (l *limiter) take(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	key = l.known(key, now)
	if wait := l.wait(key, now); wait > 0 {
		return wait
	}
	l.full[key] = l.fullAt(key, now).Add(l.rate.every)
	return 0
}

// spent returns how long to wait until there may be one more for a key, without counting.
func (l *limiter) spent(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wait(l.known(key, now), now)
}

func (l *limiter) wait(key string, now time.Time) time.Duration {
	// Taking one more moves the instant on by every; it may not come to lie further away than the whole burst takes.
	return max(0, l.fullAt(key, now).Add(l.rate.every).Sub(now)-time.Duration(l.rate.burst)*l.rate.every)
}

func (l *limiter) fullAt(key string, now time.Time) time.Time {
	if full := l.full[key]; full.After(now) {
		return full
	}
	return now
}

// known returns the key under which a key is counted.
func (l *limiter) known(key string, now time.Time) string {
	if _, is := l.full[key]; is || len(l.full) < maxLimited {
		return key
	}
	if now.Sub(l.swept) >= l.rate.every {
		l.swept = now
		for k, full := range l.full {
			if !full.After(now) {
				delete(l.full, k)
			}
		}
	}
	if len(l.full) < maxLimited {
		return key
	}
	return ""
}
