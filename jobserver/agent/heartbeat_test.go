package agent

import (
	"testing"
	"time"
)

// A conductor that was told nothing for three periods has missed three heartbeats: none is sent later than a period after
// the one before.
func TestHeartbeatsAreNeverFurtherApartThanTheirPeriod(t *testing.T) {
	const period = 1500 * time.Millisecond
	a := &Agent{period: period, core: NewCore(func() float64 { return 0 })}
	least, most := period, time.Duration(0)
	for range 1000 {
		next := a.untilNext(0)
		least, most = min(least, next), max(most, next)
	}
	if most > period || least < period*9/10 || most-least < period/20 {
		t.Errorf("they are %s to %s apart, want them spread over nine tenths of %s to all of it", least, most, period)
	}
}
