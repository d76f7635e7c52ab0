package chaos

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

func TestAFullDiskLosesNothingAndHoldsUpNoPolicy(t *testing.T) {
	for _, where := range []string{"job server", "conductor"} {
		t.Run(where, func(t *testing.T) {
			scenario(t, inFull)
			w := newWorld(t, []string{"js-1", "js-2"})
			js, full := w.servers[0], w.servers[0]
			restart := func() { js.endAgent(syscall.SIGTERM) }
			if where == "conductor" {
				full, restart = w.conductor, func() { w.endConductor(syscall.SIGTERM) }
			}
			restart()
			full.smallDisk("12m")
			if where == "conductor" {
				w.startConductor()
			} else {
				js.startAgent()
			}
			w.Group("etl", "js-1", "js-2")
			w.onlyOn("js-1")
			p := probe{Ticks: 200, Every: 50 * time.Millisecond, Checkpoint: 10, Daemon: true}
			for _, kind := range kinds {
				w.start(string(kind), "etl", p, kind, lost(lostAfter))
			}
			for _, e := range w.runs {
				w.awaitCheckpoint(e, 10)
			}
			w.note("the disk of the %s is full", where)
			free := full.fillDisk()
			w.lasts(2 * time.Second)
			if where == "job server" {
				w.anywhere()
				w.isolate(js, "both ways") // leases end though nothing can be written
				w.awaitFence(w.runs[2], 2)
				w.awaitFence(w.runs[3], 2)
				w.join(js)
			}
			w.note("there is room again")
			free()
			w.checkAll()
			if where == "job server" {
				w.wantGround(w.runs[2], policy.LeaseExpired)
			}
			w.AwaitRun(w.runs[0].id, task.Succeeded)
		})
	}
}

// smallDisk puts a small file system in place of a host's data folder, with what is in it. Nothing runs there.
func (h *host) smallDisk(size string) {
	h.t.Helper()
	data := filepath.Join(h.dir, "data")
	old := data + "-before"
	h.signal(syscall.SIGKILL, "jobserver", "guard")
	if err := errors.Join(os.Rename(data, old), os.Mkdir(data, 0o700)); err != nil {
		h.t.Fatal(err)
	}
	h.tell(order{Do: "mount", Path: data, Size: size})
	if out, err := exec.Command("cp", "-a", old+"/.", h.outside(data)).CombinedOutput(); err != nil {
		h.t.Fatalf("copy what is on the disk: %v: %s", err, out)
	}
}

// fillDisk takes all the room on the host's small disk. The function that it returns gives it back.
func (h *host) fillDisk() (free func()) {
	h.t.Helper()
	name := h.outside(filepath.Join(h.dir, "data", "filler"))
	f, err := os.Create(name)
	if err != nil {
		h.t.Fatal(err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(block)
	}
	_ = f.Close()
	return func() { _ = os.Remove(name) }
}
