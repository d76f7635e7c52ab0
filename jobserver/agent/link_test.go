package agent

import (
	"fmt"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

func (c *fakeConductor) stopByHeartbeat(r task.Ref) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stops = append(c.stops, &segnov1.Stop{
		Attempt: &segnov1.AttemptRef{Run: string(r.Run), Number: uint32(r.Number)}, Cause: segnov1.StopCause_STOP_CAUSE_CANCELLED,
	})
}

// setRefuse has calls refused from now on.
func (c *fakeConductor) setRefuse(refuse func(call string) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = refuse
}

func TestAStreamThatEndsIsOpenedAgain(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	url, _ := c.serve(t)
	startAgent(t, h, url)
	c.until(t, "a stream", func() bool { return c.streams == 1 })
	c.commands <- nil
	c.until(t, "another stream", func() bool { return c.streams == 2 })
	c.offer(ref("a", 1))
	c.untilExit(t, ref("a", 1))
}

func TestAConductorThatIsBackIsFoundAgain(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	url, stop := c.serve(t)
	other := newFakeConductor()
	a := startAgent(t, h, url)
	c.until(t, "a stream", func() bool { return c.streams == 1 })
	stop()
	if _, at := a.conductors.current(); at != 0 {
		t.Fatal("there is one conductor only")
	}
	// The same conductor at another address stands for one that was restarted.
	again, _ := other.serve(t)
	b := startAgent(t, newFakeHost(), url, again)
	other.until(t, "the agent goes on to the next conductor", func() bool { return other.streams > 0 && len(other.beats) > 0 })
	other.offer(ref("a", 1))
	other.untilExit(t, ref("a", 1))
	b.end(t)
}

func TestAConductorThatAnswersHeartbeatsAgainGetsAStreamAtOnce(t *testing.T) {
	c := newFakeConductor()
	refused := map[string]bool{}
	c.refuse = func(call string) error {
		refused[call] = true
		c.note()
		return fmt.Errorf("%s: %w", call, fault.Unauthorized) // after that the agent would wait for 7 s and more
	}
	url, _ := c.serve(t)
	startAgent(t, newFakeHost(), url)
	c.until(t, "both are refused", func() bool { return refused["subscribe"] && refused["heartbeat"] })
	c.setRefuse(func(string) error { return nil })
	c.until(t, "a stream", func() bool {
		if c.streams == 0 && len(c.beats) > 40 {
			t.Fatalf("there is no stream after %d heartbeats", len(c.beats))
		}
		return c.streams == 1
	})
}

func TestStreamsThatAreNotImplementedArePolledFor(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	c.setRefuse(func(call string) error {
		if call == "subscribe" {
			return connect.NewError(connect.CodeUnimplemented, nil)
		}
		return nil
	})
	url, _ := c.serve(t)
	a := startAgent(t, h, url)
	for i := range 5 {
		c.offer(ref(fmt.Sprint("r", i), 1))
	}
	for i := range 5 {
		c.untilExit(t, ref(fmt.Sprint("r", i), 1))
	}
	if !a.log.contains("polling for commands instead") {
		t.Error("the log does not say that commands are polled for")
	}
}

func TestAStreamWithoutAWelcomeIsPolledFor(t *testing.T) {
	if testing.Short() {
		t.Skip("waits as long as a welcome may take")
	}
	c, h := newFakeConductor(), newFakeHost()
	c.noStreams = true
	url, _ := c.serve(t)
	startAgent(t, h, url)
	c.offer(ref("a", 1))
	c.untilExit(t, ref("a", 1))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.polls == 0 || c.streams == 0 {
		t.Errorf("got %d polls after %d streams, want both tried", c.polls, c.streams)
	}
}

func TestARefusedCredentialIsSaidClearlyAndTriedOn(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	url, _ := c.serve(t)
	a := startAgentAs(t, h, Identity{Name: "js-1", Credential: "old", Conductors: []string{url}})
	waitFor(t, "a clear word", func() bool { return a.log.contains("jobserver join --force") })
	c.mu.Lock()
	c.credential = "old" // somebody put it right
	c.mu.Unlock()
	c.until(t, "a heartbeat", func() bool { return len(c.beats) > 0 })
}

func TestAnotherInstanceIsSaidLoudly(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	c.setRefuse(func(call string) error {
		if call == "subscribe" {
			return fmt.Errorf("js-1 is connected from elsewhere: %w", fault.Conflict)
		}
		return nil
	})
	url, _ := c.serve(t)
	a := startAgent(t, h, url)
	waitFor(t, "a loud word", func() bool {
		return a.log.contains("level=ERROR") && a.log.contains("another agent with the identity")
	})
}

// waitFor waits until the condition holds. It is for what nobody tells of.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(deadline)
	defer limit.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("waited %v in vain: %s", deadline, what)
		}
	}
}
