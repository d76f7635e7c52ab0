package guard

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

const second = time.Second

func lease(deadline, grace time.Duration) jobserver.Lease {
	return jobserver.Lease{Deadline: deadline, Grace: grace}
}

func expect(t *testing.T, what string, got []Effect, want ...Effect) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got effects %v, want %v", what, got, want)
	}
}

func TestALeaseEndsAnAttemptInsideOfItsDeadline(t *testing.T) {
	c := NewCore(0, Terms{Grace: 10 * second, Lease: lease(20*second, 5*second)})
	expect(t, "begin", c.Step(0, Begun{}))
	if w := c.Wake(); w != 15*second {
		t.Errorf("it wakes at %v, want the grace of the lease before its deadline", w)
	}
	expect(t, "a moment before", c.Step(15*second-1, Woken{}))
	expect(t, "grace before the deadline", c.Step(15*second, Woken{}), Terminate)
	if kind, _ := c.Stopped(); kind != task.ExitLeaseExpired {
		t.Errorf("stopped for %q", kind)
	}
	expect(t, "a moment before the deadline", c.Step(20*second-1, Woken{}))
	expect(t, "the deadline", c.Step(20*second, Woken{}), Kill)
	expect(t, "it is gone", c.Step(20*second+1, AllEnded{}))
	if c.Wake() != never || c.MayBegin(20*second+2) {
		t.Error("a further step may begin")
	}
}

func TestTheJobsOwnGraceHoldsWhereItIsShorter(t *testing.T) {
	c := NewCore(0, Terms{Grace: second, Lease: lease(20*second, 5*second)})
	c.Step(0, Begun{})
	expect(t, "before", c.Step(18*second, Woken{}))
	expect(t, "a second before the deadline", c.Step(19*second, Woken{}), Terminate)
}

func TestACoreThatIsLateKillsAtOnce(t *testing.T) {
	c := NewCore(0, Terms{Grace: second, Lease: lease(20*second, 5*second)})
	c.Step(0, Begun{})
	expect(t, "after the deadline", c.Step(21*second, Woken{}), Kill)
}

func TestARenewalMovesTheDeadlineAndNothingElseDoes(t *testing.T) {
	c := NewCore(0, Terms{Grace: second, Lease: lease(20*second, 5*second)})
	c.Step(0, Begun{})
	c.Step(10*second, Renewed{Lease: lease(30*second, 5*second)})
	expect(t, "the old deadline", c.Step(25*second, Woken{}))
	expect(t, "the new one", c.Step(29*second, Woken{}), Terminate)
	expect(t, "a renewal after the stop began", c.Step(29*second+1, Renewed{Lease: lease(90*second, 5*second)}))
	expect(t, "the deadline for which it was stopped", c.Step(30*second, Woken{}), Kill)
}

func TestAnEarlierDeadlineIsTakenToo(t *testing.T) {
	c := NewCore(0, Terms{Grace: second, Lease: jobserver.Lease{Deadline: 3600 * second, Grace: 5 * second, Held: true}})
	c.Step(0, Begun{})
	c.Step(10*second, Renewed{Lease: lease(20*second, 5*second)})
	expect(t, "the end of the hold's successor", c.Step(19*second, Woken{}), Terminate)
}

func TestWithoutALeaseThereIsNoDeadline(t *testing.T) {
	c := NewCore(0, Terms{Grace: second})
	c.Step(0, Begun{})
	if c.Wake() != never {
		t.Errorf("it wakes at %v", c.Wake())
	}
	expect(t, "a year later", c.Step(365*24*time.Hour, Woken{}))
}

func TestALongGraceOfACancelEndsWithTheLease(t *testing.T) {
	c := NewCore(0, Terms{Grace: 600 * second, Lease: lease(20*second, 5*second)})
	c.Step(0, Begun{})
	expect(t, "cancel", c.Step(second, Ordered{Kind: task.ExitCancelled}), Terminate)
	expect(t, "renewal", c.Step(10*second, Renewed{Lease: lease(40*second, 5*second)}))
	expect(t, "the old deadline", c.Step(20*second, Woken{}))
	expect(t, "the new deadline", c.Step(40*second, Woken{}), Kill)
	if kind, _ := c.Stopped(); kind != task.ExitCancelled {
		t.Errorf("stopped for %q, want the first reason", kind)
	}
}

func TestATimeoutBeforeTheLeaseIsATimeout(t *testing.T) {
	c := NewCore(0, Terms{Timeout: 3 * second, Grace: 2 * second, Lease: lease(20*second, 5*second)})
	c.Step(0, Begun{})
	expect(t, "the timeout", c.Step(3*second, Woken{}), Terminate)
	expect(t, "its grace", c.Step(5*second, Woken{}), Kill)
	if kind, _ := c.Stopped(); kind != task.ExitTimedOut {
		t.Errorf("stopped for %q", kind)
	}
}

func TestWhatOutlivesTheKillBoundIsUnkillable(t *testing.T) {
	c := NewCore(0, Terms{Grace: second})
	c.Step(0, Begun{})
	expect(t, "kill", c.Step(second, Ordered{Kind: task.ExitCancelled, AtOnce: true}), Terminate, Kill)
	expect(t, "within the bound", c.Step(second+jobserver.KillBound-1, Woken{}))
	expect(t, "at the bound", c.Step(second+jobserver.KillBound, Woken{}), Unkillable)
	expect(t, "once", c.Step(100*second, Woken{}))
}

func TestAJobThatEndedByItselfKeepsItsResultAndItsProcessesAreKilled(t *testing.T) {
	c := NewCore(0, Terms{Grace: second, Lease: lease(20*second, 5*second)})
	c.Step(0, Begun{})
	expect(t, "the leader ended", c.Step(second, LeaderEnded{}), Kill)
	expect(t, "cancel", c.Step(2*second, Ordered{Kind: task.ExitCancelled}))
	if kind, _ := c.Stopped(); kind != "" {
		t.Errorf("stopped for %q", kind)
	}
}

func TestNoStepBeginsOnceAStopWasOrderedBetweenSteps(t *testing.T) {
	c := NewCore(0, Terms{Grace: second})
	c.Step(0, Begun{})
	c.Step(second, AllEnded{})
	expect(t, "cancel", c.Step(2*second, Ordered{Kind: task.ExitCancelled}))
	if c.MayBegin(3 * second) {
		t.Error("the next step may begin")
	}
}

// TestNothingRunsPastItsDeadline drives a core with a job that ends as it likes, or never by itself, with renewals,
// stops, and wakes that are late within the bound.
func TestNothingRunsPastItsDeadline(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		span := func(name string, most time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(most)).Draw(t, name))
		}
		length := 2*second + span("length", 60*second)
		l := lease(length, length/4)
		c := NewCore(0, Terms{Timeout: span("timeout", 100*second), Grace: span("grace", 100*second), Lease: l})
		now, alive, killed := time.Duration(0), true, false
		deadline := l.Deadline
		apply := func(effects []Effect) {
			for _, e := range effects {
				switch e {
				case Kill:
					killed = true
				case Terminate:
					if now > deadline {
						t.Fatalf("told to end at %v, after the deadline %v", now, deadline)
					}
					if rapid.Bool().Draw(t, "ends at SIGTERM") {
						alive = false
					}
				}
			}
		}
		apply(c.Step(0, Begun{}))
		for i := 0; alive && !killed; i++ {
			if i > 200 {
				return
			}
			if w := c.Wake(); w > deadline {
				t.Fatalf("it wakes at %v, after the deadline %v", w, deadline)
			}
			// The clock goes to the next wake, give or take its lateness, or something comes before.
			if rapid.IntRange(0, 3).Draw(t, "what") > 0 {
				now = max(now, c.Wake()+span("late", jobserver.WakeBound))
				apply(c.Step(now, Woken{}))
			} else {
				now = min(now+span("pause", 10*second), max(now, c.Wake()))
				if rapid.Bool().Draw(t, "renewal") {
					if next := lease(now+length, length/4); now < deadline {
						if kind, _ := c.Stopped(); kind != task.ExitLeaseExpired {
							deadline = next.Deadline
						}
						apply(c.Step(now, Renewed{Lease: next}))
					}
				} else {
					apply(c.Step(now, Ordered{Kind: task.ExitCancelled}))
				}
			}
			if alive && !killed && now > deadline+jobserver.WakeBound {
				t.Fatalf("alive at %v, deadline %v", now, deadline)
			}
		}
	})
}
