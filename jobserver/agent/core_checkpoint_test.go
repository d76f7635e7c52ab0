package agent

import (
	"errors"
	"fmt"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

func checkpoint(sequence int) *task.Checkpoint {
	return &task.Checkpoint{Sequence: sequence, Name: fmt.Sprint("c", sequence), Size: 10, SHA256: "abc"}
}

func TestTheContentOfACheckpointGoesBeforeItsRecordAndTheJobIsToldAfterBoth(t *testing.T) {
	d, _ := ready(t)
	a, c := ref("a", 1), checkpoint(1)
	d.started(a)
	d.delivers(d.step(grew(a, false)), Want{Ref: a})
	d.want(d.step(reported(Report{Ref: a, Sent: true, Last: 2, Acked: 2, Next: c})), Upload{Ref: a, Checkpoint: *c})
	// Nothing of it goes before the content.
	d.want(d.step(grew(a, false)))
	d.delivers(d.step(UploadDone{Ref: a}), Want{Ref: a, After: 2, Uploaded: 1})
	d.want(d.step(reported(Report{Ref: a, Sent: true, Last: 4, Acked: 4, Checkpoints: []SentCheckpoint{{Record: 3, Sequence: 1}}})),
		Validate{Ref: a, Sequence: 1})
}

func TestACheckpointWhoseRecordWasNotStoredIsNotToldToTheJob(t *testing.T) {
	d, _ := ready(t)
	a, c := ref("a", 1), checkpoint(1)
	d.started(a)
	d.step(grew(a, false))
	d.step(reported(Report{Ref: a, Sent: true, Last: 2, Acked: 2, Next: c}))
	d.step(UploadDone{Ref: a})
	d.want(d.step(reported(Report{Ref: a, Sent: true, Last: 3, Acked: 2, Checkpoints: []SentCheckpoint{{Record: 3, Sequence: 1}}})))
	d.now = d.now.Add(backoffCap)
	d.delivers(d.step(Woken{}), Want{Ref: a, After: 2, Uploaded: 1})
}

func TestAnUploadThatFailsIsMadeAgain(t *testing.T) {
	d, _ := ready(t)
	a, c := ref("a", 1), checkpoint(1)
	d.started(a)
	d.step(grew(a, false))
	d.want(d.step(reported(Report{Ref: a, Sent: true, Last: 2, Acked: 2, Next: c})), Upload{Ref: a, Checkpoint: *c})
	d.want(d.step(UploadDone{Ref: a, Err: fault.Unavailable}))
	d.now = d.now.Add(backoffCap)
	d.delivers(d.step(Woken{}), Want{Ref: a, After: 2})
	d.want(d.step(reported(Report{Ref: a, Next: c})), Upload{Ref: a, Checkpoint: *c})
}

func TestARefusedCheckpointIsToldToTheJobAndHoldsNothingUp(t *testing.T) {
	for name, done := range map[string]UploadDone{
		"other content":   {Refused: "it has other content"},
		"content is gone": {Err: fmt.Errorf("open: %w", fault.NotFound)},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := ready(t)
			a, c := ref("a", 1), checkpoint(1)
			d.started(a)
			d.step(grew(a, false))
			d.step(reported(Report{Ref: a, Sent: true, Last: 2, Acked: 2, Next: c}))
			done.Ref = a
			reason := done.Refused
			if reason == "" {
				reason = "its content on the job server is gone"
			}
			d.want(d.step(done), Validate{Ref: a, Sequence: 1, Refused: reason},
				Deliver{Wants: []Want{{Ref: a, After: 2, Uploaded: 1, Refused: map[int]string{1: reason}}}})
		})
	}
}

func TestTheUploadOfAFencedAttemptStopsIt(t *testing.T) {
	d, _ := ready(t)
	a, c := ref("a", 1), checkpoint(1)
	d.started(a)
	d.step(grew(a, false))
	d.step(reported(Report{Ref: a, Sent: true, Last: 2, Acked: 2, Next: c}))
	d.want(d.step(UploadDone{Ref: a, Fenced: true}), Stop{Ref: a, Kind: task.ExitFenced})
}

func TestARestartedAgentTellsJobsOfCheckpointsThatAnEarlierOneDelivered(t *testing.T) {
	a, c := ref("a", 1), checkpoint(1)
	d, effects := ready(t, jobserver.Kept{Ref: a})
	d.delivers(effects, Want{Ref: a})
	d.want(d.step(reported(Report{Ref: a, Sent: true, Last: 2, Acked: 5, Next: c})),
		Review{Ref: a, After: 2, To: 5}, Deliver{Wants: []Want{{Ref: a, After: 5}}})
	d.want(d.step(reported(Report{Ref: a})))
	// Whether the conductor took it or refused it, it says again.
	d.want(d.step(Reviewed{Ref: a, Checkpoints: []task.Checkpoint{*c}}), Upload{Ref: a, Checkpoint: *c})
	d.want(d.step(UploadDone{Ref: a, Err: fault.Unavailable}))
	d.now = d.now.Add(backoffCap)
	d.want(d.step(Woken{}), Upload{Ref: a, Checkpoint: *c}, Deliver{Wants: []Want{{Ref: a, After: 5}}})
	d.want(d.step(UploadDone{Ref: a}), Validate{Ref: a, Sequence: 1})
}

func TestAnAttemptThatIsFencedWhileADeliveryIsUnderWayIsDroppedAfterIt(t *testing.T) {
	for name, end := range map[string]DeliverDone{
		"no answer": {Reports: []Report{{Ref: ref("a", 1), Reached: true, Sent: true}}, Err: fault.Unavailable},
		"answered":  {Reports: []Report{{Ref: ref("a", 1), Reached: true, Sent: true, Last: 6, Acked: 6}}},
		"not made":  {Reports: []Report{{Ref: ref("a", 1)}}},
	} {
		t.Run(name, func(t *testing.T) {
			a, c := ref("a", 1), checkpoint(1)
			d, _ := ready(t, jobserver.Kept{Ref: a})
			d.step(reported(Report{Ref: a, Sent: true, Last: 2, Acked: 5, Next: c}))
			d.want(d.step(Reviewed{Ref: a, Checkpoints: []task.Checkpoint{*c}}), Upload{Ref: a, Checkpoint: *c})
			d.want(d.step(grew(a, true)))
			d.want(d.step(UploadDone{Ref: a, Fenced: true}))
			d.want(d.step(end), Drop{Ref: a})
		})
	}
}

func resuming(r task.Ref) Offered {
	o := offer(r)
	o.Execution.Resume = checkpoint(3)
	return o
}

func TestWhatAnAttemptGoesOnFromIsFetchedBeforeItsStart(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 2)
	o := resuming(a)
	d.step(o)
	d.want(d.step(ClaimDone{Verdicts: []Verdict{Granted}}), Fetch{Ref: a, Checkpoint: *o.Execution.Resume})
	d.want(d.step(FetchDone{Ref: a, Err: fault.Unavailable}), Note{Ref: a, Text: "the checkpoint to go on from could not be fetched", Err: fault.Unavailable})
	if kept := d.core.Kept(); len(kept) != 1 {
		t.Errorf("got %v kept, want it named in heartbeats meanwhile", kept)
	}
	d.now = d.now.Add(backoffCap)
	d.want(d.step(Woken{}), Fetch{Ref: a, Checkpoint: *o.Execution.Resume})
	o.Execution.ResumeContent = "/data/resume/a-2.tar"
	d.want(d.step(FetchDone{Ref: a, Path: "/data/resume/a-2.tar"}), Start{Execution: o.Execution})
}

func TestAnAttemptWhoseCheckpointIsNotToBeHadIsNotStarted(t *testing.T) {
	for _, c := range []struct {
		err  error
		kind task.ExitKind
	}{{fault.NotFound, task.ExitNotStarted}, {fault.Invalid, task.ExitNotStarted}, {fault.Fenced, task.ExitFenced}} {
		d, _ := ready(t)
		a := ref("a", 2)
		d.step(resuming(a))
		d.step(ClaimDone{Verdicts: []Verdict{Granted}})
		effects := d.step(FetchDone{Ref: a, Err: fmt.Errorf("fetch: %w", c.err)})
		if len(effects) != 1 {
			t.Fatalf("%v: got %v", c.err, effects)
		}
		if e, ok := effects[0].(Deliver); !ok || e.Wants[0].Exit == nil || e.Wants[0].Exit.Kind != c.kind {
			t.Errorf("%v: got %+v, want its end as %s", c.err, effects[0], c.kind)
		}
	}
}

func TestAStopWhileItIsFetchedEndsItAtOnce(t *testing.T) {
	d, _ := ready(t)
	a := ref("a", 2)
	d.step(resuming(a))
	d.step(ClaimDone{Verdicts: []Verdict{Granted}})
	effects := d.step(StopOrdered{Ref: a, Kind: task.ExitCancelled})
	if e, ok := effects[0].(Deliver); len(effects) != 1 || !ok || e.Wants[0].Exit.Kind != task.ExitCancelled {
		t.Errorf("got %+v", effects)
	}
	d.want(d.step(FetchDone{Ref: a, Path: "p"}), Discard{Path: "p"})
	d.want(d.step(FetchDone{Ref: a, Err: errors.New("late")}))
}
