package chaos

import (
	"fmt"
	"testing"
	"time"

	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

func TestLostDoubledAndLateMessagesChangeNoResult(t *testing.T) {
	scenario(t, inShort)
	w := newWorld(t, nil)
	m := w.throughMessages()
	w.addServer("js-1")
	w.addServer("js-2")
	w.Group("etl", "js-1", "js-2")
	m.bad.Store(true)
	count := 3
	if *full {
		count = 12
	}
	for i := range count {
		for _, kind := range kinds {
			p := probe{Ticks: 20 + w.rnd.IntN(80), Every: 30 * time.Millisecond, Checkpoint: 10, Code: w.rnd.IntN(2) * 5}
			w.start(fmt.Sprintf("%s-%d", kind, i), "etl", p, kind, lost(20*time.Second))
		}
		w.awaitTick(w.runs[len(w.runs)-1], 5)
	}
	for _, e := range w.runs {
		run := w.AwaitRun(e.id, task.Succeeded, task.Failed)
		if attempts, _ := w.read(e); run.ExitCode == nil || *run.ExitCode != e.probe.Code || !attempts[run.Attempt].ended {
			t.Errorf("%s ended with code %v, and its job with %d", e.task, run.ExitCode, e.probe.Code)
		}
	}
	w.checkAll()
	w.note("calls: %s", m)
}

func TestLateMessagesOfALostServerChangeNothing(t *testing.T) {
	scenario(t, inFull)
	w := newWorld(t, nil)
	m := w.throughMessages()
	w.addServer("js-1")
	w.addServer("js-2")
	w.Group("etl", "js-1", "js-2")
	w.onlyOn("js-1")
	m.bad.Store(true)
	for i := range 3 {
		for _, kind := range []policy.Kind{policy.Restart, policy.Recover} {
			p := probe{Ticks: 200, Every: 30 * time.Millisecond, Checkpoint: 10, Daemon: true}
			w.start(fmt.Sprintf("%s-%d", kind, i), "etl", p, kind, lost(lostAfter))
		}
	}
	for _, e := range w.runs {
		w.awaitCheckpoint(e, 10)
	}
	w.anywhere()
	// Calls that the proxy holds back go on to the conductor while their sender is cut off.
	w.note("cut js-1 from the proxy")
	w.net.cut(w.servers[0], w.proxy)
	w.net.cut(w.proxy, w.servers[0])
	w.AwaitRun(w.runs[0].id, task.Unknown, task.Queued)
	w.awaitStatus(w.servers[0], "unreachable")
	for _, e := range w.runs {
		w.awaitFence(e, 2)
	}
	w.net.heal(w.servers[0], w.proxy)
	w.checkAll()
	w.note("calls: %s", m)
}

func TestACheckpointCountsOnceItIsStoredAndNotBefore(t *testing.T) {
	scenario(t, inFull)
	w := newWorld(t, nil)
	m := w.throughMessages()
	w.addServer("js-1")
	w.addServer("js-2")
	w.Group("etl", "js-1", "js-2")
	w.onlyOn("js-1")
	e := w.start("recover", "etl", probe{Ticks: 150, Every: 40 * time.Millisecond, Checkpoint: 10}, policy.Recover, lost(lostAfter))
	w.awaitCheckpoint(e, 10)
	w.note("the content of one more checkpoint arrives, and no record any more")
	m.deaf.Store(true)
	first, _ := w.read(e)
	w.awaitTick(e, first[1].ticks+40)
	w.anywhere()
	w.note("js-1 is lost")
	w.servers[0].off()
	m.deaf.Store(false)
	w.checkAll()
	w.wantResumed(e)
}
