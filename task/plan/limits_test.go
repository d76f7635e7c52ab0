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

func TestAFullQueueRefusesAFurtherRunOfThePlan(t *testing.T) {
	const waits = "waits for another plan run: 1 of 1 running"
	for _, c := range []struct {
		name string
		when task.WhenBusy
		load Load
		want Admission
	}{
		{"with room", "", Load{}, Admission{}},
		{"with room in the queue", "", Load{Going: 1, Waiting: 1}, Admission{Wait: waits}},
		{"full", task.BusyQueue, Load{Going: 1, Waiting: 2}, Admission{Refusal: "the queue of the plan is full: 2 runs wait, of at most 2"}},
		{"replace", task.BusyReplace, Load{Going: 1, Waiting: 2}, Admission{Wait: waits, Replace: 3}},
	} {
		if got := (Spec{MaxConcurrent: 1, MaxQueued: 2, WhenBusy: c.when}).Admit(c.load); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
	one := Spec{MaxConcurrent: 1, MaxQueued: 1}.Admit(Load{Going: 1, Waiting: 1})
	if one.Refusal != "the queue of the plan is full: 1 run waits, of at most 1" {
		t.Errorf("got %q", one.Refusal)
	}
}

func TestThePlansQueueLimitsAreChecked(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{Spec{MaxConcurrent: 1, MaxQueued: task.MaxMaxQueued, MaxQueueTime: task.Duration(time.Hour)}, ""},
		{Spec{MaxConcurrent: 1, MaxQueued: -1}, "max_queued must be from 0 to 100000, not -1"},
		{Spec{MaxConcurrent: 1, MaxQueued: task.MaxMaxQueued + 1}, "max_queued must be from 0 to 100000, not 100001"},
		{Spec{MaxQueued: 1}, "max_queued must be left out, as there is no max_concurrent that could have a plan run wait"},
		{Spec{MaxConcurrent: 1, MaxQueueTime: task.Duration(time.Millisecond)}, "max_queue_time must be from 1s to 8784h0m0s, not 1ms"},
		{Spec{MaxQueueTime: task.Duration(time.Hour)}, "max_queue_time must be left out, as there is no max_concurrent that could have a plan run wait"},
	} {
		c.spec.Name, c.spec.Nodes = "nightly", nodes("a")
		got := ""
		if err := c.spec.Validate(); err != nil {
			got = OneLine(err)
		}
		if got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestAPlanRunThatHasWaitedForTooLongFails(t *testing.T) {
	s := Spec{Name: "nightly", Nodes: nodes("a", "b"), MaxConcurrent: 1, MaxQueueTime: task.Duration(time.Hour)}
	r, err := NewRun("1", s, nil, task.Cause{}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := Advance(r, Expired{}, noon.Add(2*time.Hour)); got.State != Running {
		t.Errorf("one that does not wait became %s", got.State)
	}
	r.Queue("waits for another plan run: 1 of 1 running", noon)
	if got, _ := Advance(r, Expired{}, noon.Add(time.Hour-time.Second)); got.State != Waiting {
		t.Errorf("before its time it became %s", got.State)
	}
	got, actions := Advance(r, Expired{}, noon.Add(time.Hour))
	const want = "waited in the queue for longer than 1h0m0s, its max_queue_time; waits for another plan run: 1 of 1 running"
	if got.State != Failed || got.Reason != want || got.EndedAt == nil || len(actions) != 0 {
		t.Errorf("it became %s because %q, with %v to be done", got.State, got.Reason, actions)
	}
	for _, n := range got.Nodes {
		if n.State != NodeCancelled || n.Reason != "the plan run waited for too long before it started" {
			t.Errorf("the node %s is %s because %q", n.Name, n.State, n.Reason)
		}
	}
	again, err := Resume(got, "ops")
	if err != nil || again.State != Running || again.Nodes[0].State != NodeWaiting {
		t.Errorf("resumed it is %+v, %v", again, err)
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
