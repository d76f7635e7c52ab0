package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
	"github.com/segno-jobs/segno/task"
)

// large is content of several pieces.
func large() []byte {
	b := make([]byte, 2*task.MaxCheckpointChunk+12345)
	for i := range b {
		b[i] = byte(i * 7 / 3)
	}
	return b
}

func named(sequence int, content []byte) *task.Checkpoint {
	sum := sha256.Sum256(content)
	return &task.Checkpoint{Sequence: sequence, Name: "c", Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
}

// checkpointing is a job that hands over a checkpoint, waits for it, and ends.
func checkpointing(h *fakeHost, sequence int, content []byte) func(task.Ref, func(string)) task.Exit {
	h.contents[sequence] = content
	return func(r task.Ref, write func(string)) task.Exit {
		write("before\n")
		h.write(r, task.Record{Checkpoint: named(sequence, content)})
		for {
			h.mu.Lock()
			refused, told := h.told[sequence]
			changed := h.changed
			h.mu.Unlock()
			if told && refused == "" {
				write("after\n")
				return task.Exit{Kind: task.ExitExited}
			}
			if told {
				return task.Exit{Kind: task.ExitExited, Code: 1}
			}
			<-changed
		}
	}
}

func TestACheckpointGoesUpInPiecesAndTheJobGoesOnOnceItIsStored(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	content := large()
	h.run = checkpointing(h, 1, content)
	url, _ := c.serve(t)
	startAgent(t, h, url)
	a := ref("a", 1)
	c.offer(a)
	if exit := c.untilExit(t, a); exit.Code != 0 {
		t.Errorf("got %+v", exit)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !bytes.Equal(c.contents[1], content) || c.puts != 3 {
		t.Errorf("got %d bytes in %d pieces, want %d in 3", len(c.contents[1]), c.puts, len(content))
	}
	if c.output(a) != "before\nafter\n" || c.records[a][2].Checkpoint == nil {
		t.Errorf("got %q, %+v", c.output(a), c.records[a])
	}
}

func TestAnAgentThatIsKilledDuringAnUploadIsFollowedByOneThatGoesOnWithIt(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	content := large()
	h.run = checkpointing(h, 1, content)
	first := true
	c.refuse = func(call string) error {
		if call == "put" && first && c.puts == 1 {
			return fmt.Errorf("the path is cut: %w", fault.Unavailable)
		}
		return nil
	}
	url, _ := c.serve(t)
	agent := startAgent(t, h, url)
	a := ref("a", 1)
	c.offer(a)
	c.until(t, "the first piece", func() bool { return c.puts == 1 })
	agent.end(t)
	c.mu.Lock()
	first = false
	if rs := c.records[a]; len(rs) > 2 {
		t.Errorf("got %+v, want nothing of the checkpoint before its content", rs)
	}
	c.mu.Unlock()
	startAgent(t, h, url)
	if exit := c.untilExit(t, a); exit.Code != 0 {
		t.Errorf("got %+v", exit)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !bytes.Equal(c.contents[1], content) {
		t.Errorf("got %d bytes, want %d", len(c.contents[1]), len(content))
	}
}

func TestAnAgentThatIsKilledBeforeItToldTheJobIsFollowedByOneThatDoes(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	content := []byte("content")
	h.run = checkpointing(h, 1, content)
	url, _ := c.serve(t)
	a := ref("a", 1)
	// The conductor has everything up to the checkpoint from an agent that is gone.
	c.offered[a], c.claimed[a], c.contents[1] = true, "gone", content
	if err := mustGuard(t, h).Start(t.Context(), execution(a)); err != nil {
		t.Fatal(err)
	}
	h.until(t, "the checkpoint", func() bool { return len(h.spools[a].records) == 3 })
	h.mu.Lock()
	c.records[a] = append([]task.Record(nil), h.spools[a].records...)
	h.mu.Unlock()
	startAgent(t, h, url)
	if exit := c.untilExit(t, a); exit.Code != 0 {
		t.Errorf("got %+v", exit)
	}
}

func mustGuard(t *testing.T, h *fakeHost) Guard {
	t.Helper()
	g, err := h.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestACheckpointThatIsRefusedIsSaidToTheJobAndInTheOutput(t *testing.T) {
	for name, set := range map[string]func(*fakeConductor, *fakeHost){
		"by the conductor":        func(c *fakeConductor, _ *fakeHost) { c.refusals[1] = "checkpoint 1 has other content" },
		"for another hash":        func(_ *fakeConductor, h *fakeHost) { h.contents[1] = []byte("CONTENT") },
		"as its content is short": func(_ *fakeConductor, h *fakeHost) { h.contents[1] = []byte("con") },
		"as its content is gone":  func(_ *fakeConductor, h *fakeHost) { delete(h.contents, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			c, h := newFakeConductor(), newFakeHost()
			h.run = checkpointing(h, 1, []byte("content"))
			set(c, h)
			url, _ := c.serve(t)
			startAgent(t, h, url)
			a := ref("a", 1)
			c.offer(a)
			if exit := c.untilExit(t, a); exit.Code != 1 {
				t.Errorf("got %+v", exit)
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			if !strings.Contains(c.output(a), `checkpoint "c" was not taken: `) {
				t.Errorf("got the output %q", c.output(a))
			}
		})
	}
}

func TestAnAttemptGoesOnFromAFetchedCheckpoint(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	content := large()
	c.contents[3] = content
	a := ref("a", 2)
	e := execution(a)
	e.Resume, e.LastCheckpoint = named(3, content), 3
	c.executions[a] = e
	url, _ := c.serve(t)
	agent := startAgent(t, h, url)
	c.offer(a)
	c.untilExit(t, a)
	h.mu.Lock()
	defer h.mu.Unlock()
	if !bytes.Equal(h.resumed[a], content) {
		t.Errorf("it was started with %d bytes, want %d", len(h.resumed[a]), len(content))
	}
	if got := h.started[a]; got.LastCheckpoint != 3 || got.Resume.Name != "c" {
		t.Errorf("got %+v", got)
	}
	if left, err := os.ReadDir(filepath.Join(agent.options.Data, resumeFolder)); err != nil || len(left) > 1 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestAnAttemptWhoseCheckpointIsDamagedIsNotStarted(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	c.contents[3] = []byte("CONTENT")
	a := ref("a", 2)
	e := execution(a)
	e.Resume = named(3, []byte("content"))
	c.executions[a] = e
	url, _ := c.serve(t)
	agent := startAgent(t, h, url)
	c.offer(a)
	if exit := c.untilExit(t, a); exit.Kind != task.ExitNotStarted || !strings.Contains(exit.Detail, "is not what was stored") {
		t.Errorf("got %+v", exit)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.starts[a] != 0 {
		t.Error("it was started")
	}
	if left, err := os.ReadDir(filepath.Join(agent.options.Data, resumeFolder)); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// untilStopped is a job that runs until it is stopped.
func untilStopped(h *fakeHost) func(task.Ref, func(string)) task.Exit {
	return func(r task.Ref, _ func(string)) task.Exit {
		for {
			h.mu.Lock()
			s, changed := h.spools[r], h.changed
			over := s == nil || s.ended
			h.mu.Unlock()
			if over {
				return task.Exit{}
			}
			<-changed
		}
	}
}

func TestLeasesAreAnchoredBeforeWhatIsAnsweredWasSent(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	h.run = untilStopped(h)
	a := ref("a", 1)
	const length = time.Hour
	c.leases[a] = length
	url, _ := c.serve(t)
	startAgent(t, h, url)
	begin := sinceBoot()
	c.offer(a)
	h.until(t, "renewals", func() bool { return len(h.renewed) >= 3 })
	h.mu.Lock()
	first, renewals := h.started[a].Lease, slices.Clone(h.renewed)
	h.mu.Unlock()
	c.mu.Lock()
	answered, granted := c.answered, c.granted
	c.mu.Unlock()
	h.write(a, task.Record{Exit: &task.Exit{Kind: task.ExitExited}})
	if first == nil || first.Deadline < begin+length || first.Deadline-length > granted || first.Grace != length/4 {
		t.Fatalf("it was started with the lease %+v", first)
	}
	before := first.Deadline
	for _, l := range renewals {
		if l.Deadline <= before || l.Deadline-length > answered {
			t.Errorf("got the deadline %v after %v; the newest answer was at %v", l.Deadline, before, answered)
		}
		before = l.Deadline
	}
}

func TestTheLeaseOfAnAttemptThatWasClaimedForTheAgentIsAnchoredAtAHeartbeat(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	h.run = untilStopped(h)
	a := ref("a", 1)
	const length = time.Hour
	url, _ := c.serve(t)
	begin := sinceBoot()
	startAgent(t, h, url)
	c.until(t, "a heartbeat and a stream", func() bool { return len(c.beats) > 0 && c.streams > 0 })
	heard := sinceBoot()
	c.mu.Lock()
	beat := c.beats[0]
	c.mu.Unlock()
	if !beat.ClaimedOffers {
		t.Fatal("the agent does not say that it takes offers that are claimed already")
	}
	c.offerClaimed(a, beat.Number, length)
	h.until(t, "the start", func() bool { return h.starts[a] == 1 })
	h.mu.Lock()
	l := h.started[a].Lease
	h.mu.Unlock()
	if l == nil || l.Deadline-length < begin || l.Deadline-length > heard || l.Grace != length/4 {
		t.Errorf("it was started with the lease %+v, and the heartbeat came between %v and %v", l, begin, heard)
	}
	h.write(a, task.Record{Exit: &task.Exit{Kind: task.ExitExited}})
	c.mu.Lock()
	defer c.mu.Unlock()
	if by := c.claimed[a]; by != "" {
		t.Errorf("%s has claimed it again", by)
	}
}

func TestAHoldIsReportedUntilARenewalThatFollowed(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	h.run = untilStopped(h)
	a := ref("a", 1)
	c.leases[a] = time.Minute
	url, _ := c.serve(t)
	startAgent(t, h, url)
	c.offer(a)
	h.until(t, "the start", func() bool { return h.starts[a] == 1 })
	c.mu.Lock()
	delete(c.leases, a) // it answers with leases no more
	c.mu.Unlock()
	c.commands <- &segnov1.Command{Command: protocol.HoldToProto(time.Hour)}
	c.until(t, "a heartbeat that says so", func() bool { return len(c.held) > 0 && c.held[len(c.held)-1] })
	h.until(t, "the hold on disk", func() bool { return h.spools[a].lease.Held })
	c.mu.Lock()
	c.leases[a] = time.Minute
	c.mu.Unlock()
	c.until(t, "a heartbeat that says that it is over", func() bool { return !c.held[len(c.held)-1] })
	h.mu.Lock()
	l := *h.spools[a].lease
	h.mu.Unlock()
	if l.Held || l.Deadline > sinceBoot()+time.Minute {
		t.Errorf("the heartbeat said that the hold is over, and on disk is %+v", l)
	}
	h.write(a, task.Record{Exit: &task.Exit{Kind: task.ExitExited}})
}

func TestAnAgentHasAnAttemptKilledWhoseKeeperIsLate(t *testing.T) {
	c, h := newFakeConductor(), newFakeHost()
	h.run = untilStopped(h)
	a := ref("a", 1)
	url, _ := c.serve(t)
	// It was started by an agent that is gone, and its lease has run out.
	e := execution(a)
	e.Lease = &jobserver.Lease{Deadline: sinceBoot() - time.Second, Grace: time.Millisecond}
	if err := mustGuard(t, h).Start(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	startAgent(t, h, url)
	if exit := c.untilExit(t, a); exit.Kind != task.ExitLeaseExpired {
		t.Errorf("got %+v", exit)
	}
}
