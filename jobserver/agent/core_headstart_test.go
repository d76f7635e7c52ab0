package agent

import (
	"fmt"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/task"
)

// headStart is an offer at the instant that is claimed already, and answered with a heartbeat.
func headStart(r task.Ref, at time.Duration, heartbeat uint64, lease time.Duration) Offered {
	o := offer(r)
	o.At, o.Claim = at, protocol.Claim{Made: true, Heartbeat: heartbeat, Lease: lease}
	return o
}

func TestAnOfferWithAHeadStartIsStartedWithoutAClaim(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.want(d.step(HeartbeatSent{Number: 1, At: time.Minute}))
	d.want(d.step(headStart(a, time.Minute+time.Second, 1, 0)), Start{Execution: execution(a)})
	if kept := d.core.Kept(); len(kept) != 1 {
		t.Errorf("got %v kept, want the attempt named in heartbeats", kept)
	}
	d.want(d.step(StartDone{Ref: a}))
	d.want(d.step(headStart(a, time.Minute+2*time.Second, 1, 0))) // not twice
}

func TestTheLeaseOfAHeadStartCountsFromTheSendingOfItsHeartbeat(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.want(d.step(HeartbeatSent{Number: 1, At: 10 * time.Second}))
	d.want(d.step(HeartbeatSent{Number: 2, At: 20 * time.Second}))
	e := execution(a)
	e.Lease = &jobserver.Lease{Deadline: 18 * time.Second, Grace: 2 * time.Second}
	d.want(d.step(headStart(a, 13*time.Second, 1, 8*time.Second)), Start{Execution: e})
}

func TestAHeadStartThatProvesNothingIsClaimed(t *testing.T) {
	for name, o := range map[string]Offered{
		"of a heartbeat that was not sent":      headStart(ref("a", 1), time.Minute, 3, 0),
		"of one that was sent long ago":         headStart(ref("a", 1), time.Minute, 1, 0),
		"of which half of the lease is over":    headStart(ref("a", 1), 40*time.Second, 12, 20*time.Second),
		"without a heartbeat":                   headStart(ref("a", 1), time.Minute, 0, 0),
		"with a heartbeat, but without a claim": {At: time.Minute, Execution: execution(ref("a", 1)), Claim: protocol.Claim{Heartbeat: 12}},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := ready(t)
			for n := range uint64(12) {
				if n != 2 {
					d.want(d.step(HeartbeatSent{Number: n + 1, At: 30 * time.Second}))
				}
			}
			d.want(d.step(o), Claim{Refs: []task.Ref{ref("a", 1)}})
		})
	}
}

func TestAClaimThatWasMadeIsAccountedFor(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.want(d.step(headStart(a, 0, 0, 0)), Claim{Refs: []task.Ref{a}})
	d.want(d.step(ClaimDone{Err: fault.Unavailable}))
	d.want(d.step(StopOrdered{Ref: a, Kind: task.ExitCancelled}))
	if kept := d.core.Kept(); len(kept) != 1 {
		t.Fatalf("got %v kept, want the attempt named until its end is told", kept)
	}
	d.want(d.step(Connected{}), Claim{Refs: []task.Ref{a}})
	exit := task.Exit{Kind: task.ExitCancelled, Code: -1, Detail: "stopped before it was started"}
	d.delivers(d.step(ClaimDone{Verdicts: []Verdict{Granted}}), Want{Ref: a, Exit: &exit, At: d.now})
}

func TestAHeadStartWaitsForTheEndOfAnOlderAttempt(t *testing.T) {
	d, _ := ready(t)
	old, a := ref("a", 1), ref("a", 2)
	d.started(old)
	d.want(d.step(HeartbeatSent{Number: 1, At: time.Second}))
	d.want(d.step(headStart(a, time.Second, 1, 0)), Stop{Ref: old, Kind: task.ExitFenced})
}

// TestAHeadStartThatComesAgainStartsNothingOnceItsRunIsForgotten lets as many runs follow as the core remembers.
func TestAHeadStartThatComesAgainStartsNothingOnceItsRunIsForgotten(t *testing.T) {
	d, _ := ready(t)
	d.step(HeartbeatSent{Number: 1, At: time.Second})
	whole := func(r task.Ref) {
		d.step(headStart(r, time.Second, d.core.beats[len(d.core.beats)-1].Number, 0))
		d.step(StartDone{Ref: r})
		d.step(grew(r, true))
		d.step(reported(Report{Ref: r, Sent: true, Last: 1, Exit: true, Acked: 1}))
		d.want(d.step(DropDone{Ref: r}))
	}
	whole(ref("first", 1))
	d.step(HeartbeatSent{Number: 2, At: time.Second})
	again := ref("first", 2)
	whole(again) // It is forgotten with its first attempt, though it left later.
	for n := range maxGone - 1 {
		whole(ref(fmt.Sprint("r", n), 1))
	}
	if d.core.runs["first"] != nil {
		t.Fatal("the first run is still remembered")
	}
	d.want(d.step(headStart(again, time.Second, 2, 0)), Claim{Refs: []task.Ref{again}})
	d.step(ClaimDone{Verdicts: []Verdict{Refused}})
	d.step(HeartbeatSent{Number: 3, At: 2 * time.Second})
	next := ref("next", 1)
	d.want(d.step(headStart(next, 2*time.Second, 3, 0)), Start{Execution: execution(next)})
}
