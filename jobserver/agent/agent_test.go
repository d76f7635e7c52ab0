package agent

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestARunGoesFromOfferToDeliveredExit(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	url, _ := c.serve(t)
	startAgent(t, h, url)
	a := ref("a", 1)
	c.offer(a)
	if exit := c.untilExit(t, a); exit.Kind != task.ExitExited {
		t.Errorf("got exit %+v, want exited", exit)
	}
	h.until(t, "the spool is dropped", func() bool { return h.dropped[a] })
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := c.output(a); got != "hello from a\n" {
		t.Errorf("got output %q", got)
	}
	if len(c.records[a]) != 3 || c.records[a][0].Started == nil {
		t.Errorf("got records %+v, want started, output and exit", c.records[a])
	}
}

func TestCommandsThatComeTogetherAreAllCarriedOut(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	url, _ := c.serve(t)
	startAgent(t, h, url)
	refs := []task.Ref{ref("a", 1), ref("b", 1), ref("c", 1)}
	c.offerTogether(refs...)
	for _, r := range refs {
		c.untilExit(t, r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.hellos[0].GetBatches() {
		t.Error("the agent does not say that it takes batches")
	}
}

func TestAnswersThatAreLostChangeNothing(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	lost := map[string]int{}
	c.lose = func(call string) bool { lost[call]++; return lost[call]%3 != 0 }
	url, _ := c.serve(t)
	startAgent(t, h, url)
	for i := range 20 {
		c.offer(ref(fmt.Sprintf("r%02d", i), 1))
	}
	for i := range 20 {
		r := ref(fmt.Sprintf("r%02d", i), 1)
		c.untilExit(t, r)
		h.until(t, "the spool is dropped", func() bool { return h.dropped[r] })
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for r, n := range h.starts {
		if n != 1 {
			t.Errorf("%v was started %d times, want once", r, n)
		}
	}
}

func TestNothingIsStartedThatTheConductorDoesNotGrant(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	url, _ := c.serve(t)
	startAgent(t, h, url)
	withdrawn, good := ref("withdrawn", 1), ref("good", 1)
	c.mu.Lock()
	c.fenced[withdrawn] = true
	c.mu.Unlock()
	c.offer(withdrawn)
	c.offer(good)
	c.untilExit(t, good)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.starts[withdrawn] != 0 {
		t.Error("an attempt was started whose claim was refused")
	}
}

func TestOfferedStartIsReportedWhenItCannotBeMade(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	h.startErr = func(task.Ref) error { return fmt.Errorf("no keeper could be forked: %w", fault.Unavailable) }
	url, _ := c.serve(t)
	startAgent(t, h, url)
	a := ref("a", 1)
	c.offer(a)
	exit := c.untilExit(t, a)
	if exit.Kind != task.ExitNotStarted || !strings.Contains(exit.Detail, "no keeper") {
		t.Errorf("got %+v, want not_started with the reason", exit)
	}
}

func TestOutputArrivesWhileTheJobRuns(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	more := make(chan string)
	h.run = func(_ task.Ref, write func(string)) task.Exit {
		for s := range more {
			write(s)
		}
		return task.Exit{Kind: task.ExitExited}
	}
	url, _ := c.serve(t)
	startAgent(t, h, url)
	a := ref("a", 1)
	c.offer(a)
	var want strings.Builder
	for i := range 50 {
		line := fmt.Sprintf("line %d\n", i)
		want.WriteString(line)
		more <- line
		c.until(t, line, func() bool { return c.output(a) == want.String() })
	}
	close(more)
	c.untilExit(t, a)
}

func TestLargeOutputArrivesWholeInCallsOfBoundedSize(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	chunk := strings.Repeat("x", task.MaxOutputRecord)
	h.run = func(_ task.Ref, write func(string)) task.Exit {
		for range 40 {
			write(chunk)
		}
		return task.Exit{Kind: task.ExitExited}
	}
	url, _ := c.serve(t)
	startAgent(t, h, url)
	for i := range 4 {
		c.offer(ref(fmt.Sprint("r", i), 1))
	}
	for i := range 4 {
		r := ref(fmt.Sprint("r", i), 1)
		c.untilExit(t, r)
		c.mu.Lock()
		if n := len(c.output(r)); n != 40*len(chunk) {
			t.Errorf("got %d bytes of output, want %d", n, 40*len(chunk))
		}
		c.mu.Unlock()
	}
}

func TestARestartedAgentDeliversWhatTheGuardKept(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	more := make(chan string)
	h.run = func(_ task.Ref, write func(string)) task.Exit {
		for s := range more {
			write(s)
		}
		return task.Exit{Kind: task.ExitExited, Code: 7}
	}
	url, _ := c.serve(t)
	first := startAgent(t, h, url)
	a := ref("a", 1)
	c.offer(a)
	more <- "before "
	c.until(t, "the first output", func() bool { return c.output(a) == "before " })
	first.end(t)
	more <- "between "
	startAgent(t, h, url)
	more <- "after"
	close(more)
	if exit := c.untilExit(t, a); exit.Code != 7 {
		t.Errorf("got exit %+v, want code 7", exit)
	}
	c.until(t, "both said hello", func() bool { return len(c.hellos) >= 2 })
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := c.output(a); got != "before between after" {
		t.Errorf("got output %q", got)
	}
	if c.hellos[0].GetInstance() == c.hellos[len(c.hellos)-1].GetInstance() {
		t.Error("want a new instance after the restart")
	}
}

func TestEndingTheAgentStopsNoJob(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	release := make(chan struct{})
	h.run = func(task.Ref, func(string)) task.Exit { <-release; return task.Exit{Kind: task.ExitExited} }
	url, _ := c.serve(t)
	r := startAgent(t, h, url)
	a := ref("a", 1)
	c.offer(a)
	c.until(t, "the job has started", func() bool { return len(c.records[a]) == 1 })
	begin := time.Now()
	r.end(t)
	if took := time.Since(begin); took > 400*time.Millisecond {
		t.Errorf("ending took %v although nothing was left to deliver", took)
	}
	h.mu.Lock()
	if len(h.stopped) != 0 || h.spools[a] == nil || h.spools[a].ended {
		t.Errorf("got stopped %v, want the job running on", h.stopped)
	}
	h.mu.Unlock()
	close(release)
	h.jobs.Wait()
}

func TestWhatIsLeftAtTheEndIsFlushed(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	url, _ := c.serve(t)
	r := startAgent(t, h, url)
	a := ref("a", 1)
	c.mu.Lock()
	failing := true
	c.refuse = func(call string) error {
		if failing && call == "deliver" {
			return fault.Unavailable
		}
		return nil
	}
	c.mu.Unlock()
	c.offer(a)
	c.until(t, "the exit was refused", func() bool { return c.turnedAway[a] })
	c.mu.Lock()
	failing = false
	c.mu.Unlock()
	r.end(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.exit(a) == nil {
		t.Error("the exit was not delivered before the agent ended")
	}
}

func TestAStopReachesTheGuard(t *testing.T) {
	for _, way := range []string{"stream", "heartbeat"} {
		t.Run(way, func(t *testing.T) {
			c, h := newFakeConductor(), newFakeHost()
			release := make(chan struct{})
			h.run = func(task.Ref, func(string)) task.Exit { <-release; return task.Exit{Kind: task.ExitExited} }
			url, _ := c.serve(t)
			startAgent(t, h, url)
			a := ref("a", 1)
			c.offer(a)
			c.until(t, "the job has started", func() bool { return len(c.records[a]) == 1 })
			if way == "stream" {
				c.order(a, task.ExitCancelled)
			} else {
				c.stopByHeartbeat(a)
			}
			if exit := c.untilExit(t, a); exit.Kind != task.ExitCancelled {
				t.Errorf("got %+v, want cancelled", exit)
			}
			close(release)
			h.jobs.Wait()
		})
	}
}

func TestAFencedAttemptIsStoppedAndItsSpoolDropped(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	release := make(chan struct{})
	h.run = func(_ task.Ref, write func(string)) task.Exit {
		<-release
		write("late")
		return task.Exit{Kind: task.ExitExited}
	}
	url, _ := c.serve(t)
	startAgent(t, h, url)
	a := ref("a", 1)
	c.offer(a)
	c.until(t, "the job has started", func() bool { return len(c.records[a]) == 1 })
	c.mu.Lock()
	c.fenced[a] = true
	c.mu.Unlock()
	close(release)
	h.until(t, "the spool is dropped", func() bool { return h.dropped[a] })
	h.jobs.Wait()
}

func TestANewGuardTellsWhatBecameOfTheJobs(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	release := make(chan struct{})
	h.run = func(task.Ref, func(string)) task.Exit { <-release; return task.Exit{Kind: task.ExitExited} }
	url, _ := c.serve(t)
	startAgent(t, h, url)
	a := ref("a", 1)
	c.offer(a)
	c.until(t, "the job has started", func() bool { return len(c.records[a]) == 1 })
	h.killGuard()
	if exit := c.untilExit(t, a); exit.Kind != task.ExitLost {
		t.Errorf("got %+v, want lost", exit)
	}
	close(release)
	h.jobs.Wait()
	b := ref("b", 1)
	c.offer(b)
	c.untilExit(t, b)
}

func TestHeartbeatsTellWhatIsMeasuredAndKept(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	release := make(chan struct{})
	h.run = func(task.Ref, func(string)) task.Exit { <-release; return task.Exit{Kind: task.ExitExited} }
	c.period = minHeartbeat
	url, _ := c.serve(t)
	startAgent(t, h, url)
	a := ref("a", 1)
	c.offer(a)
	c.until(t, "a heartbeat names the attempt with its usage", func() bool {
		if len(c.kept) != 1 || c.kept[0] != a {
			return false
		}
		b := c.beats[len(c.beats)-1]
		return len(b.Sample.Attempts) == 1 && b.Sample.OwnCPU == 0.5 && b.Sample.OwnMemory == 1000
	})
	c.mu.Lock()
	b := c.beats[len(c.beats)-1]
	c.mu.Unlock()
	s := b.Sample
	if s.CPUs <= 0 || s.MemoryTotal <= 0 || s.MemoryAvailable <= 0 || s.DiskTotal <= 0 || s.DiskFree <= 0 ||
		s.CPUIdle+s.CPUTotal < 0.99 || s.CPUIdle+s.CPUTotal > 1.01 {
		t.Errorf("got sample %+v, want all measured", s)
	}
	if b.BootID == "" || b.Instance == "" || b.AgentVersion != "test" || time.Since(s.AgentClock) > time.Minute {
		t.Errorf("got beat %+v, want boot id, instance, version and clock", b)
	}
	close(release)
	c.untilExit(t, a)
	c.until(t, "no heartbeat names it any more", func() bool { return len(c.kept) == 0 })
}

func TestTheConductorSetsThePeriodOfHeartbeats(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	c.period = minHeartbeat
	url, _ := c.serve(t)
	startAgent(t, h, url)
	begin := time.Now()
	c.until(t, "20 heartbeats", func() bool { return len(c.beats) >= 20 })
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("20 heartbeats took %v, want them each %v", took, minHeartbeat)
	}
}
