package agent

import (
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

func granted(r task.Ref, sent, length time.Duration) ClaimDone {
	return ClaimDone{Verdicts: []Verdict{Granted}, Sent: sent, Leases: []Grant{{Ref: r, Length: length}}}
}

func leaseOf(sent, length time.Duration) jobserver.Lease {
	return jobserver.Lease{Deadline: sent + length, Grace: length / 4}
}

func withLease(r task.Ref, l jobserver.Lease) jobserver.Execution {
	e := execution(r)
	e.Lease = &l
	return e
}

const second = time.Second

// leased brings an attempt with a lease of 100 s, whose claim was sent at 1000 s, to where the guard has it.
func (d *driver) leased(r task.Ref) {
	d.Helper()
	d.want(d.step(offer(r)), Claim{Refs: []task.Ref{r}})
	d.want(d.step(granted(r, 1000*second, 100*second)), Start{Execution: withLease(r, leaseOf(1000*second, 100*second))})
	d.want(d.step(StartDone{Ref: r}))
}

// renewed answers a heartbeat that was sent at the instant.
func renewed(r task.Ref, sent time.Duration) LeasesGranted {
	return LeasesGranted{Sent: sent, Leases: []Grant{{Ref: r, Length: 100 * second}}}
}

func TestALeaseIsAnchoredWhereTheClaimWasSentAndComesWithTheStart(t *testing.T) {
	d, _ := ready(t)
	d.leased(ref("a", 1))
	if !d.core.Leased() || d.core.Held() {
		t.Errorf("got leased %v, held %v", d.core.Leased(), d.core.Held())
	}
}

func TestAnAttemptWithoutALeaseIsNeverRenewedOrExpired(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.started(a)
	d.want(d.step(LeasesGranted{Sent: 1 * second, Leases: []Grant{{Ref: a}}}))
	d.want(d.step(HoldOrdered{At: 2 * second, Length: time.Hour}))
	d.want(d.step(Ticked{Boot: 1e9 * second}))
	if d.core.Leased() || d.core.Held() {
		t.Errorf("got leased %v, held %v", d.core.Leased(), d.core.Held())
	}
}

func TestARenewalIsAnchoredAtItsSendAndNeverShortens(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.leased(a)
	first, late := leaseOf(1010*second, 100*second), leaseOf(1020*second, 100*second)
	d.want(d.step(renewed(a, 1010*second)), Renew{Ref: a, Lease: first})
	// One at a time is under way, and an answer that comes late changes nothing.
	d.want(d.step(renewed(a, 1020*second)))
	d.want(d.step(renewed(a, 1005*second)))
	d.want(d.step(RenewDone{Ref: a, Lease: first}), Renew{Ref: a, Lease: late})
	d.want(d.step(RenewDone{Ref: a, Lease: late}))
	d.want(d.step(renewed(a, 1020*second)))
}

func TestARenewalThatFailsIsMadeByTheNextHeartbeat(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.leased(a)
	first, next := leaseOf(1010*second, 100*second), leaseOf(1020*second, 100*second)
	d.want(d.step(renewed(a, 1010*second)), Renew{Ref: a, Lease: first})
	d.want(d.step(RenewDone{Ref: a, Lease: first, Err: fault.Unavailable}), Note{Ref: a, Text: "the lease could not be renewed", Err: fault.Unavailable})
	d.want(d.step(renewed(a, 1020*second)), Renew{Ref: a, Lease: next})
}

func TestALeaseThatIsRenewedBeforeTheStartComesWithIt(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.step(offer(a))
	d.step(GuardDown{})
	d.want(d.step(granted(a, 1000*second, 100*second)))
	d.want(d.step(renewed(a, 1050*second)))
	d.want(d.step(GuardUp{}), Look{Number: 2})
	d.want(d.step(Listed{Number: 2}), Start{Execution: withLease(a, leaseOf(1050*second, 100*second))})
}

func TestAHoldCountsFromTheLastRenewalAndTheNextOneThatWasSentAfterItEndsIt(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.leased(a)
	held := jobserver.Lease{Deadline: 1000*second + time.Hour, Grace: 25 * second, Held: true}
	d.want(d.step(HoldOrdered{At: 1015 * second, Length: time.Hour}), Renew{Ref: a, Lease: held})
	if !d.core.Held() {
		t.Error("it is not held from the receipt on")
	}
	d.want(d.step(RenewDone{Ref: a, Lease: held}))
	// A heartbeat that was sent before does not end it, though its answer comes later.
	d.want(d.step(renewed(a, 1015*second)))
	if !d.core.Held() {
		t.Error("an older heartbeat ended the hold")
	}
	back := leaseOf(1020*second, 100*second)
	d.want(d.step(renewed(a, 1020*second)), Renew{Ref: a, Lease: back})
	if !d.core.Held() {
		t.Error("it is not held although the earlier deadline is not on disk yet")
	}
	d.want(d.step(RenewDone{Ref: a, Lease: back}))
	if d.core.Held() {
		t.Error("it is held for good")
	}
}

func TestAHoldOfAConductorThatActsNoMoreIsIgnored(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.leased(a)
	next := leaseOf(1020*second, 100*second)
	grant := renewed(a, 1020*second)
	grant.Term = 3
	d.want(d.step(grant), Renew{Ref: a, Lease: next})
	d.want(d.step(RenewDone{Ref: a, Lease: next}))
	d.want(d.step(HoldOrdered{Term: 2, At: 1021 * second, Length: time.Hour}))
}

func TestARestartedAgentKnowsDeadlinesAndHoldsFromTheGuard(t *testing.T) {
	a, b := ref("a", 1), ref("b", 1)
	onDisk := leaseOf(1000*second, 100*second)
	held := jobserver.Lease{Deadline: 9000 * second, Grace: 25 * second, Held: true}
	d, effects := ready(t, jobserver.Kept{Ref: a, Lease: &onDisk}, jobserver.Kept{Ref: b, Lease: &held})
	d.delivers(effects, Want{Ref: a}, Want{Ref: b})
	if !d.core.Held() || !d.core.Leased() {
		t.Errorf("got held %v, leased %v", d.core.Held(), d.core.Leased())
	}
	d.want(d.step(Ticked{Boot: onDisk.Deadline + jobserver.WakeBound}))
	d.want(d.step(Ticked{Boot: onDisk.Deadline + jobserver.WakeBound + 1}), Expire{Ref: a})
	// Once is enough until it is answered.
	d.want(d.step(Ticked{Boot: onDisk.Deadline + 2*jobserver.WakeBound}))
	d.want(d.step(ExpireDone{Ref: a, Err: fault.Conflict}))
	d.want(d.step(Ticked{Boot: onDisk.Deadline + 3*jobserver.WakeBound}), Expire{Ref: a})
	back := leaseOf(5000*second, 100*second)
	d.want(d.step(renewed(b, 5000*second)), Renew{Ref: b, Lease: back})
	d.want(d.step(RenewDone{Ref: b, Lease: back}))
	if d.core.Held() {
		t.Error("it is held for good")
	}
}

func TestWhatCannotBeKilledIsNamedInHeartbeats(t *testing.T) {
	a := ref("a", 1)
	d, _ := ready(t, jobserver.Kept{Ref: a, Unkillable: true})
	if kept := d.core.Kept(); len(kept) != 1 || !kept[0].Unkillable {
		t.Errorf("got %+v", kept)
	}
	d.step(grew(a, true))
	if kept := d.core.Kept(); len(kept) != 1 || kept[0].Unkillable {
		t.Errorf("got %+v after it has ended", kept)
	}
}
