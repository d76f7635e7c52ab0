package agent

import (
	"fmt"
	"testing"

	"github.com/segno-jobs/segno/task"
)

// BenchmarkOneRun takes runs through claim and start one after the other: what the agent adds to the latency of a start.
func BenchmarkOneRun(b *testing.B) {
	c, h := newFakeConductor(), newFakeHost()
	started := make(chan struct{}, 1)
	h.run = func(task.Ref, func(string)) task.Exit {
		started <- struct{}{}
		return task.Exit{Kind: task.ExitExited}
	}
	url, _ := c.serve(b)
	startAgent(b, h, url)
	b.ResetTimer()
	for i := range b.N {
		c.offer(ref(fmt.Sprint("r", i), 1))
		<-started
	}
}

// BenchmarkManyRuns takes many runs at once from their offer to the acknowledged exit; conductor and guard are fakes in
// the same process, so the time of a run includes theirs.
func BenchmarkManyRuns(b *testing.B) {
	c, h := newFakeConductor(), newFakeHost()
	url, _ := c.serve(b)
	startAgent(b, h, url)
	b.ResetTimer()
	for i := range b.N {
		c.offer(ref(fmt.Sprint("r", i), 1))
	}
	h.until(b, "all spools are dropped", func() bool { return len(h.dropped) == b.N })
}

// BenchmarkCore takes runs through the core alone.
func BenchmarkCore(b *testing.B) {
	d := &driver{core: NewCore(func() float64 { return 0 })}
	d.step(GuardUp{})
	d.step(Listed{Number: 1})
	b.ReportAllocs()
	for i := range b.N {
		r := ref(fmt.Sprint("r", i), 1)
		d.step(offer(r))
		d.step(ClaimDone{Verdicts: []Verdict{Granted}})
		d.step(StartDone{Ref: r})
		d.step(grew(r, true))
		d.step(reported(Report{Ref: r, Sent: true, Last: 3, Exit: true, Acked: 3}))
		d.step(DropDone{Ref: r})
	}
}
