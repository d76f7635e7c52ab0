package agent

import (
	"testing"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
)

// A conductor that was told nothing for three periods has missed three heartbeats: none is sent later than a period after
// the one before.
func TestHeartbeatsAreNeverFurtherApartThanTheirPeriod(t *testing.T) {
	const period = 1500 * time.Millisecond
	r := NewRhythm(period)
	least, most := period, time.Duration(0)
	for i := range 1000 {
		next := r.Next(0, 0, float64(i)/1000)
		least, most = min(least, next), max(most, next)
	}
	if most > period || least < period*9/10 || most-least < period/20 {
		t.Errorf("they are %s to %s apart, want them spread over nine tenths of %s to all of it", least, most, period)
	}
}

func TestALongerPeriodComesOnlyWithAnAnswer(t *testing.T) {
	r := NewRhythm(1500 * time.Millisecond)
	if r.Hurry(6*time.Second) || r.Period() != 1500*time.Millisecond {
		t.Errorf("a longer period that came by itself counts: it is %s", r.Period())
	}
	r.Answered(r.Sent(), 6*time.Second)
	if r.Period() != 6*time.Second {
		t.Errorf("got %s after an answer of 6s", r.Period())
	}
	if !r.Hurry(time.Second) || r.Period() != time.Second {
		t.Errorf("a shorter period that came by itself does not count: it is %s", r.Period())
	}
	r.Answered(r.Sent(), 2*time.Second)
	if r.Period() != 2*time.Second {
		t.Errorf("got %s after an answer of 2s", r.Period())
	}
}

func TestAnAnswerThatIsOlderThanAShorterPeriodDoesNotEndIt(t *testing.T) {
	r := NewRhythm(6 * time.Second)
	sent := r.Sent()
	r.Hurry(600 * time.Millisecond)
	if r.Answered(sent, 6*time.Second); r.Period() != 600*time.Millisecond {
		t.Errorf("got %s, want the shorter period to stay", r.Period())
	}
	if r.Answered(sent, 300*time.Millisecond); r.Period() != 300*time.Millisecond {
		t.Errorf("got %s, want the answer to shorten it further", r.Period())
	}
}

func TestALeaseIsRenewedInTimeWhateverPeriodWasTold(t *testing.T) {
	r := NewRhythm(time.Second)
	r.Answered(r.Sent(), 15*time.Second)
	const quarter = 2 * time.Second
	for _, failures := range []int{0, 1, 11, 100} {
		if next := r.Next(quarter, failures, 0.999); next > quarter {
			t.Errorf("after %d failures the next heartbeat is due in %s, want at most %s", failures, next, quarter)
		}
	}
	if next := r.Next(0, 0, 0); next < 13*time.Second {
		t.Errorf("without a lease it is due in %s, want the period that was told", next)
	}
}

// A job is asked to end by three quarters of its lease after the last renewal. One heartbeat without an answer must not bring
// it there, whatever the period and however short the lease.
func TestOneHeartbeatWithoutAnAnswerDoesNotUseUpALease(t *testing.T) {
	for _, quarter := range []time.Duration{time.Second, 1500 * time.Millisecond, 2 * time.Second, 5 * time.Second, 30 * time.Second} {
		for _, period := range []time.Duration{100 * time.Millisecond, 1500 * time.Millisecond, 15 * time.Second, protocol.MaxHeartbeat} {
			r := NewRhythm(period)
			lost := r.Next(quarter, 0, 0.999)
			timeout := r.Timeout(quarter)
			again := lost + timeout + r.Pause(r.Next(quarter, 1, 0.999), timeout)
			if again > 5*quarter/2 {
				t.Errorf("with a period of %s and a quarter of %s it is tried again after %s", period, quarter, again)
			}
		}
	}
}

func TestHeartbeatsThatFailGrowFartherApartWithoutALease(t *testing.T) {
	r := NewRhythm(1500 * time.Millisecond)
	if next := r.Next(0, manyFailures+1, 0); next < failingBeats*9/10 {
		t.Errorf("the next one is due in %s", next)
	}
	r.Answered(r.Sent(), time.Minute)
	if next := r.Next(0, manyFailures+1, 0); next < 54*time.Second {
		t.Errorf("they come more often, after %s, because they fail", next)
	}
}

func TestAnAgentSaysThePeriodThatItKeepsAndFollowsLongerAndShorterOnes(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	url, _ := c.serve(t)
	startAgent(t, h, url)
	for _, period := range []time.Duration{minHeartbeat, 300 * time.Millisecond, 80 * time.Millisecond, 200 * time.Millisecond} {
		c.mu.Lock()
		c.period = period
		c.mu.Unlock()
		c.until(t, "a heartbeat says "+period.String(), func() bool {
			return len(c.beats) > 0 && c.beats[len(c.beats)-1].Heartbeat == period
		})
	}
}

func TestALongerPeriodThatComesByAStreamIsLeftToTheNextAnswer(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	c.period = protocol.MaxHeartbeat // in Welcome too
	lost := make(chan struct{})
	c.lose = func(call string) bool {
		select {
		case <-lost:
			return false
		default:
			return call == "heartbeat"
		}
	}
	url, _ := c.serve(t)
	startAgent(t, h, url)
	c.until(t, "heartbeats go on as often as before", func() bool { return len(c.beats) >= 3 })
	c.mu.Lock()
	for _, b := range c.beats {
		if b.Heartbeat != jobserver.DefaultHeartbeat {
			t.Errorf("a heartbeat says %s, and no answer was ever received", b.Heartbeat)
		}
	}
	c.period = 400 * time.Millisecond
	c.mu.Unlock()
	close(lost)
	c.until(t, "the period of an answer is kept", func() bool { return c.beats[len(c.beats)-1].Heartbeat == 400*time.Millisecond })
}

func TestAPeriodBeyondReasonIsBounded(t *testing.T) {
	r := NewRhythm(time.Second)
	if r.Answered(r.Sent(), 24*time.Hour); r.Period() != protocol.MaxHeartbeat {
		t.Errorf("got %s", r.Period())
	}
	if r.Answered(r.Sent(), 0); r.Period() != minHeartbeat {
		t.Errorf("got %s", r.Period())
	}
}
