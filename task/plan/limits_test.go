package plan

import (
	"testing"
	"time"

	"github.com/segno-jobs/segno/task"
)

func TestWhatBecomesOfARequestForARunOfABusyPlan(t *testing.T) {
	const waits = "waits for another plan run: 2 of 2 running"
	for _, c := range []struct {
		name string
		most int
		when task.WhenBusy
		load Load
		want Admission
	}{
		{"without a limit", 0, "", Load{Going: 100}, Admission{}},
		{"with room", 2, task.BusyQueue, Load{Going: 1}, Admission{}},
		{"full", 2, task.BusyQueue, Load{Going: 2}, Admission{Wait: waits}},
		{"full by default", 2, "", Load{Going: 2, Stopping: 2, Waiting: 7}, Admission{Wait: waits}},
		{"over a limit that was lowered", 2, "", Load{Going: 3}, Admission{Wait: "waits for other plan runs: 3 running, of at most 2"}},
		{"skip with room", 2, task.BusySkip, Load{Going: 1}, Admission{}},
		{"skip, full", 2, task.BusySkip, Load{Going: 2}, Admission{Refusal: "the plan is busy: 2 runs have not ended, of at most 2, and when_busy is skip"}},
		{"skip counts what waits", 1, task.BusySkip, Load{Going: 1, Waiting: 1}, Admission{Refusal: "the plan is busy: 2 runs have not ended, of at most 1, and when_busy is skip"}},
		{"replace with room", 2, task.BusyReplace, Load{Going: 1}, Admission{}},
		{"replace, full", 2, task.BusyReplace, Load{Going: 2}, Admission{Wait: waits, Replace: 1}},
		{"replace what waits", 2, task.BusyReplace, Load{Going: 2, Stopping: 1, Waiting: 1}, Admission{Wait: waits, Replace: 1}},
		{"replace none that is stopping", 2, task.BusyReplace, Load{Going: 2, Stopping: 1}, Admission{Wait: waits}},
	} {
		if got := (Spec{MaxConcurrent: c.most, WhenBusy: c.when}).Admit(c.load); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestAsManyBeginAsThereIsRoomFor(t *testing.T) {
	for _, c := range []struct {
		most int
		load Load
		want int
	}{
		{0, Load{Going: 5, Waiting: 3}, 3}, {2, Load{Going: 2, Waiting: 3}, 0}, {2, Load{Going: 1, Waiting: 3}, 1},
		{5, Load{Going: 1, Waiting: 3}, 3}, {1, Load{Going: 3, Waiting: 3}, 0},
	} {
		if got := (Spec{MaxConcurrent: c.most}).Room(c.load); got != c.want {
			t.Errorf("at most %d with %+v: %d begin, want %d", c.most, c.load, got, c.want)
		}
	}
}

func TestNothingStartsOfAPlanRunThatWaits(t *testing.T) {
	s := Spec{Name: "nightly", Nodes: []Node{{Name: "a", Task: "t"}}}
	r, err := NewRun("1", s, nil, task.Cause{}, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	r.State = Waiting
	got, actions := Advance(r, Began{}, time.Unix(1, 0))
	if got.State != Waiting || got.Nodes[0].State != NodeWaiting || len(actions) != 0 {
		t.Errorf("it became %+v, with %v to be done", got, actions)
	}
	got, _ = Advance(r, Replaced{By: "2"}, time.Unix(1, 0))
	if got.State != Cancelled || got.Nodes[0].Reason != "the plan run was replaced by plan run 2, as the plan is busy and when_busy is replace before it started" {
		t.Errorf("it became %+v", got)
	}
	// Nothing is left to be done of one whose nodes have all ended, but it has not ended before it is its turn.
	r.Nodes[0].State = NodeSucceeded
	if got, _ = Advance(r, Began{}, time.Unix(1, 0)); got.State != Waiting {
		t.Errorf("it became %s", got.State)
	}
}
