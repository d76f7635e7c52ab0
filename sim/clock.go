package sim

import (
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// clock is a clock that runs at its own rate. Local time passes rate times as fast as true time.
type clock struct {
	w     *World
	rate  float64
	since time.Duration
	epoch time.Time
}

// newClock returns a clock whose rate leans to the bounds: what goes wrong by drift goes wrong there.
func newClock(w *World, epoch time.Time) *clock {
	rate := pick(w.rnd, 1-jobserver.ClockRate, 1-jobserver.ClockRate, 1, 1+jobserver.ClockRate, 1+jobserver.ClockRate)
	return &clock{w: w, rate: rate, since: w.now, epoch: epoch}
}

// elapsed returns the local time since the clock began to run.
func (c *clock) elapsed() time.Duration { return c.local(c.w.now - c.since) }

// restart sets the time since the boot to zero. The wall clock goes on.
func (c *clock) restart() { c.epoch, c.since = c.now(), c.w.now }

func (c *clock) now() time.Time { return c.epoch.Add(c.elapsed()) }

// local and real convert spans of time.
func (c *clock) local(d time.Duration) time.Duration { return time.Duration(float64(d) * c.rate) }
func (c *clock) real(d time.Duration) time.Duration  { return time.Duration(float64(d)/c.rate) + 1 }
