package main

import (
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// columnsOf counts the columns of a line, without what colours it.
func columnsOf(line string) int {
	n, escape := 0, false
	for _, r := range line {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		default:
			n++
		}
	}
	return n
}

func TestNoLineOfALivingGraphIsLongerThanTheTerminal(t *testing.T) {
	s := newShell(t)
	a := &app{now: func() time.Time { return noon }}
	for _, r := range played(t, s, task.Failed) {
		r.Reason = "a reason that is told at some length, and for which a narrow terminal has no room at all"
		for _, width := range []int{20, 40, 80, 200} {
			for _, l := range a.planRunLines(r, style{true}, width) {
				if got := columnsOf(l); got >= width {
					t.Errorf("%d columns in a terminal of %d: %q", got, width, l)
				}
				if colours := strings.Count(l, "\x1b["); colours > 0 && !strings.Contains(l[strings.LastIndex(l, "\x1b["):], "[0m") {
					t.Errorf("a colour runs over the end of %q", l)
				}
			}
		}
	}
}

func TestFollowingAPlanRunThatWaitsSaysForWhat(t *testing.T) {
	const reason = "waits for another plan run: 1 of 1 running"
	for _, terminal := range []bool{false, true} {
		s := newShell(t)
		states := played(t, s, task.Succeeded)
		waits := states[0]
		waits.Nodes = append([]wire.PlanNode{}, waits.Nodes...)
		waits.Nodes[0] = wire.PlanNode{Name: "extract", Task: "extract", State: plan.NodeWaiting}
		waits.State, waits.Reason = plan.Waiting, reason
		s.api.planStates = append([]wire.PlanRun{waits, waits, waits}, states...)
		if !terminal {
			if got := s.run("plan", "run", "nightly"); got.out != planRunID+"\n" || !strings.Contains(got.err, "Plan run of nightly "+reason+". Follow it") {
				t.Errorf("got %q and %q", got.out, got.err)
			}
		}
		s.api.tell()
		s.terminal = terminal
		got := s.run("plan", "run", "nightly", "--follow", "--no-color")
		if got.code != 0 {
			t.Fatalf("got the exit code %d\n%s", got.code, got.err)
		}
		if terminal {
			if !strings.HasPrefix(got.out, "nightly "+planRunID+"  waiting  ") || !strings.Contains(got.out, "\n"+reason+"\n○ extract ") {
				t.Errorf("got\n%s", got.out)
			}
			continue
		}
		if !strings.HasPrefix(got.out, "plan run "+planRunID+" of nightly\n"+reason+"\n2026-") || strings.Count(got.out, reason) != 1 {
			t.Errorf("got\n%s", got.out)
		}
	}
}

func TestThePlansLimitIsShownAndApplied(t *testing.T) {
	s := newShell(t)
	s.stdin = nightlyDocument + "max_concurrent: 1\nwhen_busy: skip\n"
	s.ok("apply", "-f", "-", "--yes")
	if got := s.ok("plan", "show", "nightly"); !strings.Contains(got, "1 run active, then skip") {
		t.Errorf("got\n%s", got)
	}
	s.stdin = nightlyDocument + "max_concurrent: 2\nwhen_busy: queue\nmax_queued: 3\nmax_queue_time: 1h\n"
	if got := s.ok("apply", "-f", "-", "--yes"); !strings.Contains(got, "max_concurrent: 1 → 2") || !strings.Contains(got, "when_busy: skip → queue") {
		t.Errorf("got\n%s", got)
	}
	if got := s.ok("plan", "show", "nightly"); !strings.Contains(got, "2 runs active, then queue; 3 waiting; waits for 1h0m at most") {
		t.Errorf("got\n%s", got)
	}
	s.stdin = nightlyDocument + "when_busy: replace\n"
	if got := s.run("apply", "-f", "-"); got.code != 1 || !strings.Contains(got.err, "when_busy must be left out, as there is no max_concurrent") {
		t.Errorf("got %d: %s", got.code, got.err)
	}
}

func TestFollowingAPlanOutlastsAConductorThatIsAway(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		s := newShell(t)
		s.api.planStates = played(t, s, task.Succeeded)
		s.api.tell()
		s.api.away, s.terminal = 8, terminal // The client asks four times before it gives up.
		got := s.run("plan", "run", "nightly", "--follow", "--no-color")
		if got.code != 0 {
			t.Fatalf("got the exit code %d\n%s", got.code, got.err)
		}
		if terminal {
			if !strings.Contains(got.out, "└─error─ ○ alarm   waiting; also follows loads (error)\nThe conductor does not answer; it is asked again.") {
				t.Errorf("got\n%s", got.out)
			}
			continue
		}
		if strings.Count(got.out, conductorLost) != 1 || !strings.Contains(got.out, "succeeded after 50s\n") {
			t.Errorf("got\n%s", got.out)
		}
	}
}

func TestANarrowTerminalShowsTheStateOfAPlanRun(t *testing.T) {
	s := newShell(t)
	a := &app{now: func() time.Time { return noon }}
	lines := a.planRunLines(played(t, s, task.Failed)[0], style{}, 45)
	if lines[0] != "nightly  running  1m0s  0/5 nodes" || lines[1] != planRunID {
		t.Errorf("got\n%s", strings.Join(lines, "\n"))
	}
}

func TestFollowingAPlanSaysWhenTheServerOfANodeIsNotHeardFrom(t *testing.T) {
	s := newShell(t)
	states := played(t, s, task.Succeeded)
	silent := states[0]
	silent.Nodes = append([]wire.PlanNode{}, silent.Nodes...)
	silent.Nodes[0].Live = &wire.PlanNodeRun{State: task.Unknown, Reason: "server js-1 is not heard from", Server: silent.Nodes[0].Live.Server}
	s.api.planStates = append([]wire.PlanRun{states[0], states[0], silent, silent}, states...)
	s.api.tell()
	got := s.run("plan", "run", "nightly", "--follow")
	if got.code != 0 || strings.Count(got.out, "unknown: server js-1 is not heard from") != 1 || strings.Count(got.out, "  extract  running") != 3 {
		t.Errorf("got %d\n%s", got.code, got.out)
	}
}
