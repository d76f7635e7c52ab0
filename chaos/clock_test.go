package chaos

import (
	"runtime"
	"testing"
	"time"

	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

func TestWallClocksThatJumpChangeNothing(t *testing.T) {
	scenario(t, inFull)
	if runtime.GOARCH != "amd64" {
		t.Skip("wall clocks of processes can be set on amd64 only")
	}
	w := newWorld(t, []string{"js-1", "js-2"})
	w.Group("etl", "js-1", "js-2")
	w.onlyOn("js-1")
	p := probe{Ticks: 250, Every: 50 * time.Millisecond, Checkpoint: 10, Daemon: true}
	for _, kind := range kinds {
		w.start(string(kind), "etl", p, kind, lost(lostAfter))
	}
	for _, e := range w.runs {
		w.awaitTick(e, 5)
	}
	w.anywhere()
	js, other := w.servers[0], w.servers[1]
	w.jump(w.conductor, time.Hour)
	w.jump(js, -24*time.Hour)
	w.jump(other, 24*time.Hour)
	w.goOn(50)
	w.jump(w.conductor, -time.Hour)
	w.jump(js, time.Hour)
	w.goOn(40)
	w.isolate(js, "both ways")
	w.AwaitRun(w.runs[1].id, task.Reset)
	w.jump(js, -2*time.Hour)
	w.join(js)
	w.checkAll()
	w.wantGround(w.runs[2], policy.LeaseExpired)
	w.wantGround(w.runs[3], policy.LeaseExpired)
}

// goOn waits until each run has counted on, in its first attempt.
func (w *world) goOn(ticks int) {
	w.t.Helper()
	first, _ := w.read(w.runs[0])
	reached := first[1].ticks
	for _, e := range w.runs {
		w.awaitTick(e, reached+ticks)
		if run := w.GetRun(e.id); run.State != task.Running || run.Attempt != 1 {
			w.t.Errorf("the run of %s is %s in attempt %d though nothing happened to its server", e.task, run.State, run.Attempt)
		}
	}
}

// jump sets the wall clocks of all of Segno's processes on a host.
func (w *world) jump(h *host, ahead time.Duration) {
	w.t.Helper()
	w.note("the wall clock of %s is %s off", h.name, ahead)
	for _, kind := range [][2]string{{"conductor", "serve"}, {"jobserver", "run"}, {"jobserver", "guard"}, {"jobserver", "keeper"}} {
		for _, pid := range h.find(kind[0], kind[1]) {
			if err := setClock(pid, ahead); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}
