package agent

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/task"
)

// driver drives a core by hand at a clock of its own.
type driver struct {
	*testing.T
	core *Core
	now  time.Time
}

// newDriver returns a core whose guard has not yet told what it keeps; ready one whose guard keeps the list.
func newDriver(t *testing.T) *driver {
	d := &driver{T: t, core: NewCore(func() float64 { return 1 }), now: time.Unix(1e9, 0)}
	d.want(d.step(GuardUp{}), Look{Number: 1})
	return d
}

func ready(t *testing.T, list ...jobserver.Kept) (*driver, []Effect) {
	d := newDriver(t)
	return d, d.step(Listed{Number: 1, Kept: list})
}

func (d *driver) step(e Event) []Effect { return d.core.Step(d.now, e) }

func (d *driver) want(got []Effect, want ...Effect) {
	d.Helper()
	if len(want) == 0 {
		want = nil
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateErrors()); diff != "" {
		d.Fatalf("effects (-want +got)\n%s", diff)
	}
}

func ref(run string, number int) task.Ref { return task.Ref{Run: task.RunID(run), Number: number} }

func execution(r task.Ref) jobserver.Execution {
	return jobserver.Execution{Ref: r, Job: task.Job{Command: []string{"true"}}}
}

func offer(r task.Ref) Offered { return Offered{Execution: execution(r)} }

func grew(r task.Ref, ended bool) Grew { return Grew{jobserver.Grown{Ref: r, Ended: ended}} }

// started brings an attempt to where the guard has it.
func (d *driver) started(r task.Ref) {
	d.Helper()
	d.want(d.step(offer(r)), Claim{Refs: []task.Ref{r}})
	d.want(d.step(ClaimDone{Verdicts: []Verdict{Granted}}), Start{Execution: execution(r)})
	d.want(d.step(StartDone{Ref: r}))
}

func (d *driver) delivers(got []Effect, wants ...Want) {
	d.Helper()
	d.want(got, Deliver{Wants: wants})
}

func reported(r Report) DeliverDone {
	r.Reached = true
	return DeliverDone{Reports: []Report{r}}
}

func TestAnAttemptFromItsOfferToTheDropOfItsSpool(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.started(a)
	d.delivers(d.step(grew(a, false)), Want{Ref: a})
	d.want(d.step(reported(Report{Ref: a, Sent: true, Last: 2, Acked: 2})))
	d.delivers(d.step(grew(a, true)), Want{Ref: a, After: 2})
	d.want(d.step(reported(Report{Ref: a, Sent: true, Last: 3, Exit: true, Acked: 3})), Drop{Ref: a})
	d.want(d.step(DropDone{Ref: a}))
	if !d.core.Idle() || len(d.core.Kept()) != 0 {
		t.Errorf("got idle %v and %v kept, want nothing left", d.core.Idle(), d.core.Kept())
	}
	d.want(d.step(offer(a))) // never again
}

func TestWhatIsOfferedTogetherIsClaimedTogether(t *testing.T) {
	d, _ := ready(t)
	a, b, c := ref("a", 1), ref("b", 1), ref("c", 1)
	stop := StopOrdered{Ref: b, Kind: task.ExitCancelled}
	d.want(d.core.Step(d.now, offer(a), offer(b), stop, offer(c)), Claim{Refs: []task.Ref{a, c}})
}

func TestOneClaimIsUnderWayAndCarriesAllThatWaited(t *testing.T) {
	d, _ := ready(t)
	a, b, c := ref("a", 1), ref("b", 1), ref("c", 1)
	d.want(d.step(offer(a)), Claim{Refs: []task.Ref{a}})
	d.want(d.step(offer(b)))
	d.want(d.step(offer(c)))
	d.want(d.step(offer(b)))
	d.want(d.step(ClaimDone{Verdicts: []Verdict{Refused}}), Claim{Refs: []task.Ref{b, c}})
	d.want(d.step(ClaimDone{Verdicts: []Verdict{Granted, Refused}}), Start{Execution: execution(b)})
}

func TestAClaimIsRepeatedUntilItIsAnswered(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.want(d.step(offer(a)), Claim{Refs: []task.Ref{a}})
	d.want(d.step(ClaimDone{Err: fault.Unavailable}))
	if kept := d.core.Kept(); len(kept) != 1 {
		t.Errorf("got %v kept, want the attempt whose claim may have been committed named in heartbeats", kept)
	}
	at, ok := d.core.Wake()
	if !ok || at.Sub(d.now) != backoffBase {
		t.Fatalf("got a wake at %v, %v, want it after %v", at, ok, backoffBase)
	}
	d.now = at.Add(-1)
	d.want(d.step(Woken{}))
	d.now = at
	d.want(d.step(Woken{}), Claim{Refs: []task.Ref{a}})
	d.want(d.step(ClaimDone{}))
	d.want(d.step(Connected{}), Claim{Refs: []task.Ref{a}})
}

func TestAnOfferIsRefused(t *testing.T) {
	for name, prepare := range map[string]func(d *driver){
		"of an attempt that is kept":           func(d *driver) { d.started(ref("a", 2)) },
		"of a lower number than was offered":   func(d *driver) { d.step(offer(ref("a", 3))); d.step(ClaimDone{Verdicts: []Verdict{Refused}}) },
		"of a conductor that acts no more":     func(d *driver) { d.step(StopOrdered{Term: 7, Ref: ref("z", 1)}) },
		"while the agent is ending":            func(d *driver) { d.step(QuitOrdered{}) },
		"of an attempt whose claim is pending": func(d *driver) { d.step(offer(ref("a", 2))) },
		"of an attempt that ended here": func(d *driver) {
			a := ref("a", 2)
			d.started(a)
			d.step(grew(a, true))
			d.step(reported(Report{Ref: a, Sent: true, Last: 1, Exit: true, Acked: 1}))
			d.step(DropDone{Ref: a})
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := ready(t)
			prepare(d)
			d.want(d.step(offer(ref("a", 2))))
		})
	}
}

func TestARefusedClaimIsForgottenAndMayBeOfferedAgain(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.step(offer(a))
	d.want(d.step(ClaimDone{Verdicts: []Verdict{Refused}}))
	d.want(d.step(offer(a)), Claim{Refs: []task.Ref{a}})
}

func TestNothingIsClaimedWithoutAGuard(t *testing.T) {
	d := newDriver(t)
	a := ref("a", 1)
	d.want(d.step(offer(a)))
	d.want(d.step(Listed{Number: 1}), Claim{Refs: []task.Ref{a}})
	d.want(d.step(GuardDown{}))
	d.want(d.step(ClaimDone{Verdicts: []Verdict{Granted}}))
	d.want(d.step(GuardUp{}), Look{Number: 2})
	d.want(d.step(Listed{Number: 2}), Start{Execution: execution(a)})
}

func TestAnAttemptThatIsStoppedBeforeItStartsNeverStarts(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.step(offer(a))
	d.want(d.step(StopOrdered{Ref: a, Kind: task.ExitCancelled}))
	d.delivers(d.step(ClaimDone{Verdicts: []Verdict{Granted}}),
		Want{Ref: a, At: d.now, Exit: &task.Exit{Kind: task.ExitCancelled, Code: -1, Detail: "stopped before it was started"}})
	d.want(d.step(reported(Report{Ref: a, Sent: true, Last: 1, Exit: true, Acked: 1})))
	if !d.core.Idle() {
		t.Error("the attempt is still there")
	}
	d.want(d.step(offer(a)))
}

func TestAStartThatFailsEndsTheAttempt(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.step(offer(a))
	d.step(ClaimDone{Verdicts: []Verdict{Granted}})
	err := fmt.Errorf("start a/1: %w", fault.Field("job.command[0]", "must have no NUL"))
	d.delivers(d.step(StartDone{Ref: a, Err: err}),
		Want{Ref: a, At: d.now, Exit: &task.Exit{Kind: task.ExitNotStarted, Code: -1, Detail: err.Error()}})
}

func TestAStartThatMayHaveSucceededIsLookedAfter(t *testing.T) {
	broken := errors.New("broken pipe")
	prepare := func(t *testing.T) (*driver, task.Ref) {
		d, _ := ready(t)
		a := ref("a", 1)
		d.step(offer(a))
		d.step(ClaimDone{Verdicts: []Verdict{Granted}})
		d.want(d.step(StartDone{Ref: a, Err: broken}), Look{Number: 2})
		return d, a
	}
	t.Run("the guard has it", func(t *testing.T) {
		d, a := prepare(t)
		d.delivers(d.step(Listed{Number: 2, Kept: []jobserver.Kept{{Ref: a}}}), Want{Ref: a})
	})
	t.Run("the guard has it not", func(t *testing.T) {
		d, a := prepare(t)
		d.delivers(d.step(Listed{Number: 2}),
			Want{Ref: a, At: d.now, Exit: &task.Exit{Kind: task.ExitNotStarted, Code: -1, Detail: "broken pipe"}})
	})
	t.Run("an older list does not count", func(t *testing.T) {
		d, a := prepare(t)
		d.want(d.step(Listed{Number: 1}))
		d.delivers(d.step(grew(a, false)), Want{Ref: a})
	})
}

func TestAnAttemptGivenUpTooEarlyHasItsTrueEnd(t *testing.T) {
	d, _ := ready(t)
	a, b := ref("a", 1), ref("b", 1)
	d.step(offer(b))
	d.want(d.step(offer(a)))
	d.step(ClaimDone{Verdicts: []Verdict{Granted}})
	d.step(ClaimDone{Verdicts: []Verdict{Granted}})
	d.step(grew(b, false)) // a delivery is under way
	d.want(d.step(StartDone{Ref: a, Err: errors.New("broken pipe")}), Look{Number: 2})
	d.want(d.step(Listed{Number: 2, Kept: []jobserver.Kept{{Ref: b}}}))
	// Its spool turned up before its end was told.
	d.want(d.step(Listed{Number: d.core.BeginLook(), Kept: []jobserver.Kept{{Ref: a}, {Ref: b}}}))
	d.delivers(d.step(reported(Report{Ref: b, Sent: true, Last: 1, Acked: 1})), Want{Ref: a})
}

func TestAStartThatConflictsHasBeenKeptAlready(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 1)
	d.step(offer(a))
	d.step(ClaimDone{Verdicts: []Verdict{Granted}})
	d.delivers(d.step(StartDone{Ref: a, Err: fault.Conflict}), Want{Ref: a})
}

func TestAfterARestartEverythingKeptIsDeliveredFromTheBeginning(t *testing.T) {
	a, b := ref("a", 1), ref("b", 4)
	d, effects := ready(t, jobserver.Kept{Ref: a, Ended: true}, jobserver.Kept{Ref: b})
	d.delivers(effects, Want{Ref: a}, Want{Ref: b})
	// The conductor has all of a, and tells where to go on with b.
	d.want(d.step(DeliverDone{Reports: []Report{
		{Ref: a, Reached: true, Sent: true, Last: 5, More: true, Acked: 9},
		{Ref: b, Reached: true, Sent: true, Last: 3, Acked: 57},
	}}), Review{Ref: b, After: 3, To: 57}, Deliver{Wants: []Want{{Ref: a, After: 9}, {Ref: b, After: 57}}})
	d.want(d.step(DeliverDone{Reports: []Report{{Ref: a, Reached: true}, {Ref: b, Reached: true}}}), Drop{Ref: a})
}

func TestDeliveriesOfSeveralAttemptsRestSoThatTheNextCarriesMore(t *testing.T) {
	a, b := ref("a", 1), ref("b", 1)
	d, effects := ready(t, jobserver.Kept{Ref: a}, jobserver.Kept{Ref: b})
	d.delivers(effects, Want{Ref: a}, Want{Ref: b})
	d.want(d.step(DeliverDone{Reports: []Report{
		{Ref: a, Reached: true, Sent: true, Last: 1, Acked: 1}, {Ref: b, Reached: true, Sent: true, Last: 1, Acked: 1},
	}}))
	d.want(d.step(grew(a, false)))
	d.want(d.step(grew(b, false)))
	at, waits := d.core.Wake()
	if !waits || at.Sub(d.now) != deliverRest {
		t.Fatalf("the next delivery is due in %v, want %v", at.Sub(d.now), deliverRest)
	}
	d.now = at
	d.delivers(d.step(Woken{}), Want{Ref: a, After: 1}, Want{Ref: b, After: 1})
	// One alone does not wait.
	d.want(d.step(DeliverDone{Reports: []Report{
		{Ref: a, Reached: true, Sent: true, Last: 2, Acked: 2}, {Ref: b, Reached: true},
	}}))
	d.delivers(d.step(grew(a, false)), Want{Ref: a, After: 2})
}

func TestASpoolThatEndedWhileItWasReadIsReadAgain(t *testing.T) {
	a := ref("a", 1)
	d, effects := ready(t, jobserver.Kept{Ref: a})
	d.delivers(effects, Want{Ref: a})
	d.want(d.step(grew(a, true)))
	d.delivers(d.step(reported(Report{Ref: a})), Want{Ref: a})
}

func TestASpoolThatGrewWhileItWasDeliveredIsReadAgain(t *testing.T) {
	a := ref("a", 1)
	d, _ := ready(t)
	d.started(a)
	d.delivers(d.step(grew(a, false)), Want{Ref: a})
	d.want(d.step(grew(a, false)))
	d.delivers(d.step(reported(Report{Ref: a, Sent: true, Last: 2, Acked: 2})), Want{Ref: a, After: 2})
}

func TestADeliveryThatFailsIsRepeatedFromTheSamePlace(t *testing.T) {
	a, b := ref("a", 1), ref("b", 1)
	d, _ := ready(t, jobserver.Kept{Ref: a}, jobserver.Kept{Ref: b})
	d.want(d.step(DeliverDone{Err: fault.Unavailable, Reports: []Report{{Ref: a, Reached: true, Sent: true, Last: 4}}}))
	d.delivers(d.step(Connected{}), Want{Ref: a}, Want{Ref: b})
}

func TestAFencedAttemptIsStoppedAndDroppedOnceItHasEnded(t *testing.T) {
	a := ref("a", 1)
	d, _ := ready(t)
	d.started(a)
	d.step(grew(a, false))
	d.want(d.step(reported(Report{Ref: a, Sent: true, Last: 1, Fenced: true})), Stop{Ref: a, Kind: task.ExitFenced})
	d.want(d.step(StopDone{Ref: a}))
	d.want(d.step(grew(a, false)))
	d.want(d.step(grew(a, true)), Drop{Ref: a})
}

func TestAStopIsRepeatedUntilTheGuardTakesIt(t *testing.T) {
	a := ref("a", 1)
	d, _ := ready(t)
	d.started(a)
	stop := StopOrdered{Ref: a, Kind: task.ExitCancelled}
	d.want(d.step(stop), Stop{Ref: a, Kind: task.ExitCancelled})
	d.want(d.step(stop))
	d.want(d.step(StopDone{Ref: a, Err: fault.Unavailable}))
	d.now, _ = d.core.Wake()
	d.want(d.step(Woken{}), Stop{Ref: a, Kind: task.ExitCancelled})
	d.want(d.step(StopDone{Ref: a}))
	// A new guard has to be told again.
	d.step(GuardDown{})
	d.want(d.step(GuardUp{}), Look{Number: 2})
	got := d.step(Listed{Number: 2, Kept: []jobserver.Kept{{Ref: a}}})
	d.want(got, Stop{Ref: a, Kind: task.ExitCancelled}, Deliver{Wants: []Want{{Ref: a}}})
}

func TestANewerAttemptIsClaimedOnlyOnceTheOlderHasEndedHere(t *testing.T) {
	older, newer := ref("a", 1), ref("a", 2)
	d, _ := ready(t)
	d.started(older)
	d.want(d.step(offer(newer)), Stop{Ref: older, Kind: task.ExitFenced})
	d.want(d.step(StopDone{Ref: older}))
	got := d.step(grew(older, true))
	d.want(got, Claim{Refs: []task.Ref{newer}}, Deliver{Wants: []Want{{Ref: older}}})
}

func TestAnOlderClaimThatIsGrantedLateDoesNotStart(t *testing.T) {
	older, newer := ref("a", 1), ref("a", 2)
	d, _ := ready(t)
	d.step(offer(older))
	d.want(d.step(offer(newer)))
	for _, e := range d.step(ClaimDone{Verdicts: []Verdict{Granted}}) {
		if _, ok := e.(Start); ok {
			t.Fatalf("got %v, want no start", e)
		}
	}
}

func TestASpoolThatDisappearedEndsTheAttempt(t *testing.T) {
	a := ref("a", 1)
	d, _ := ready(t)
	d.started(a)
	d.step(grew(a, false))
	d.step(reported(Report{Ref: a, Sent: true, Last: 6, Acked: 6}))
	got := d.step(Listed{Number: d.core.BeginLook()})
	exit := &task.Exit{Kind: task.ExitLost, Code: -1, Detail: "its spool on the job server has disappeared"}
	d.want(got, Note{Ref: a, Text: "the spool of the attempt has disappeared"}, Deliver{Wants: []Want{{Ref: a, After: 6, Exit: exit, At: d.now}}})
}

func TestARefusedDeliveryIsRepeatedOneByOneSoThatOneCannotHoldUpAll(t *testing.T) {
	bad, good := ref("a", 1), ref("b", 1)
	d, effects := ready(t, jobserver.Kept{Ref: bad}, jobserver.Kept{Ref: good})
	d.delivers(effects, Want{Ref: bad}, Want{Ref: good})
	refusal := fmt.Errorf("deliver: %w", fault.Invalid)
	d.delivers(d.step(DeliverDone{Err: refusal, Reports: []Report{
		{Ref: bad, Reached: true, Sent: true, Last: 1}, {Ref: good, Reached: true, Sent: true, Last: 1},
	}}), Want{Ref: bad})
	got := d.step(DeliverDone{Err: refusal, Reports: []Report{{Ref: bad, Reached: true, Sent: true, Last: 1}}})
	if len(got) != 2 {
		t.Fatalf("got %v, want a note and the other delivery", got)
	}
	d.delivers(got[1:], Want{Ref: good})
	// A stop of the refused one does not wait for its next try.
	d.want(d.step(StopOrdered{Ref: bad, Kind: task.ExitCancelled}), Stop{Ref: bad, Kind: task.ExitCancelled})
}

func TestWhatDidNotFitIntoACallComesFirstInTheNext(t *testing.T) {
	a, b, c := ref("a", 1), ref("b", 1), ref("c", 1)
	d, _ := ready(t, jobserver.Kept{Ref: a}, jobserver.Kept{Ref: b})
	d.want(d.step(Listed{Number: d.core.BeginLook(), Kept: []jobserver.Kept{{Ref: a}, {Ref: b}, {Ref: c}}}))
	d.delivers(d.step(DeliverDone{Reports: []Report{{Ref: a, Reached: true, Sent: true, Last: 4, More: true, Acked: 4}, {Ref: b}}}),
		Want{Ref: b}, Want{Ref: c}, Want{Ref: a, After: 4})
}

func TestNoClaimAndNoDeliveryIsLargerThanACallMayBe(t *testing.T) {
	d := newDriver(t)
	var list []jobserver.Kept
	for i := range protocol.MaxDeliveries + 10 {
		list = append(list, jobserver.Kept{Ref: ref("kept", i+1)})
		d.step(offer(ref(fmt.Sprint("new", i), 1)))
	}
	for _, e := range d.step(Listed{Number: 1, Kept: list}) {
		switch e := e.(type) {
		case Claim:
			if len(e.Refs) != protocol.MaxClaims {
				t.Errorf("got %d claims, want %d", len(e.Refs), protocol.MaxClaims)
			}
		case Deliver:
			if len(e.Wants) != protocol.MaxDeliveries {
				t.Errorf("got %d deliveries, want %d", len(e.Wants), protocol.MaxDeliveries)
			}
		}
	}
}

func TestQuittingLeavesJobsAlone(t *testing.T) {
	a, b := ref("a", 1), ref("b", 1)
	d, _ := ready(t)
	d.started(a)
	d.want(d.step(offer(b)), Claim{Refs: []task.Ref{b}})
	d.want(d.step(QuitOrdered{}))
	if d.core.Idle() {
		t.Error("got idle while a claim is under way")
	}
	d.want(d.step(ClaimDone{Verdicts: []Verdict{Granted}}), Start{Execution: execution(b)})
	d.want(d.step(StartDone{Ref: b}))
	if !d.core.Idle() {
		t.Error("got not idle, want running jobs not to hinder the end")
	}
}

func TestFinishedRunsAreNotRememberedForEver(t *testing.T) {
	d, _ := ready(t)
	for i := range 2 * maxGone {
		a := ref(fmt.Sprint("r", i), 1)
		d.step(offer(a))
		d.step(ClaimDone{Verdicts: []Verdict{Refused}})
	}
	if len(d.core.runs) > maxGone || len(d.core.gone) > maxGone {
		t.Errorf("got %d runs remembered, want at most %d", len(d.core.runs), maxGone)
	}
}
