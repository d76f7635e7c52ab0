package guard

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

func (h *host) stop(ref task.Ref, kind task.ExitKind) {
	h.t.Helper()
	if err := h.Stop(h.t.Context(), ref, kind); err != nil {
		h.t.Fatalf("stop: %v", err)
	}
}

// daemons is a script that leaves processes behind in every way there is: in its group, in a session of their own,
// forked twice, with all descriptors closed and without an environment. Each has the number given among its arguments.
func daemons(tag string) string {
	return `
sleep ` + tag + ` &
setsid sleep ` + tag + ` &
(setsid sh -c 'sleep ` + tag + ` & exit 0' &)
env -i /bin/sh -c '(exec 0<&- 1>&- 2>&-; exec setsid /bin/sh -c "sleep ` + tag + ` <&- >&- 2>&- & sleep ` + tag + `")' &
sleep 0.05
echo up
`
}

// sleepers lists the processes that sleep for tag.
func sleepers(tag string) []int {
	var pids []int
	for _, pid := range processes() {
		line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		if err == nil && string(line) == "sleep\x00"+tag+"\x00" {
			pids = append(pids, pid)
		}
	}
	return pids
}

var tags = 100_000

func newTag() string {
	tags++
	return fmt.Sprintf("%d%d", tags, os.Getpid())
}

func TestNoProcessOfAnEndedJobIsLeft(t *testing.T) {
	for _, group := range []string{CgroupOff, CgroupAuto} {
		h := newHost(t, func(o *ClientOptions) { o.Cgroup = group })
		check := func(t *testing.T, tag string) {
			t.Helper()
			if left := sleepers(tag); len(left) > 0 {
				t.Errorf("left are %v", left)
			}
		}
		t.Run("after it ended by itself, cgroup "+group, func(t *testing.T) {
			h := h.in(t)
			tag := newTag()
			if r := h.run(script(daemons(tag) + "exit 4")); r.exit.Kind != task.ExitExited || r.exit.Code != 4 || r.stdout != "up\n" {
				t.Errorf("got %+v", r)
			}
			check(t, tag)
		})
		t.Run("after it was cancelled, cgroup "+group, func(t *testing.T) {
			h := h.in(t)
			tag := newTag()
			x := script("trap '' TERM\n" + daemons(tag) + "while :; do sleep 0.01; done")
			x.StopGrace = 200 * time.Millisecond
			ref := h.start(x)
			h.waitFor(ref, "the daemons", func(r result) bool { return r.stdout == "up\n" })
			h.await("all daemons", func() bool { return len(sleepers(tag)) == 5 })
			h.stop(ref, task.ExitCancelled)
			if r := h.wait(ref); r.exit.Kind != task.ExitCancelled || r.exit.Signal != 9 || r.exit.OOM {
				t.Errorf("got %+v", r.exit)
			}
			check(t, tag)
		})
		t.Run("after its timeout, cgroup "+group, func(t *testing.T) {
			h := h.in(t)
			tag := newTag()
			x := script(daemons(tag) + "sleep " + tag)
			x.Timeout, x.StopGrace = 400*time.Millisecond, 100*time.Millisecond
			if r := h.run(x); r.exit.Kind != task.ExitTimedOut || r.exit.Ran < x.Timeout || r.exit.Ran > x.Timeout+10*time.Second {
				t.Errorf("got %+v", r.exit)
			}
			check(t, tag)
		})
	}
}

func TestAForkBombIsKilled(t *testing.T) {
	h := newHost(t)
	tag := newTag()
	x := script(`bomb() { while :; do (sleep ` + tag + ` &) ; done; }; echo up; bomb & bomb & bomb`)
	x.StopGrace = time.Millisecond
	ref := h.start(x)
	h.await("the bomb", func() bool { return len(sleepers(tag)) > 20 })
	h.stop(ref, task.ExitCancelled)
	h.wait(ref)
	if left := sleepers(tag); len(left) > 0 {
		t.Errorf("left are %d", len(left))
	}
}

func TestStop(t *testing.T) {
	h := newHost(t)
	up := func(t *testing.T, x jobserver.Execution) task.Ref {
		t.Helper()
		ref := h.start(x)
		h.waitFor(ref, "the job", func(r result) bool { return strings.HasPrefix(r.stdout, "up\n") })
		return ref
	}
	t.Run("gives a job that heeds SIGTERM its time", func(t *testing.T) {
		h := h.in(t)
		ref := up(t, script(`trap 'echo tidy; exit 3' TERM; echo up; while :; do sleep 0.01; done`))
		h.stop(ref, task.ExitCancelled)
		if r := h.wait(ref); r.exit.Kind != task.ExitCancelled || r.exit.Code != 3 || r.stdout != "up\ntidy\n" {
			t.Errorf("got %q, %+v", r.stdout, r.exit)
		}
	})
	t.Run("gives the children of a job that ends at once their time too", func(t *testing.T) {
		h := h.in(t)
		ref := up(t, script(`sh -c 'trap "sleep 0.2; echo tidy; exit 0" TERM; echo up; while :; do sleep 0.01; done'; echo not reached`))
		h.stop(ref, task.ExitCancelled)
		if r := h.wait(ref); r.exit.Signal != 15 || r.stdout != "up\ntidy\n" {
			t.Errorf("got %q, %+v", r.stdout, r.exit)
		}
	})
	t.Run("kills a job that ignores SIGTERM after its grace", func(t *testing.T) {
		h := h.in(t)
		x := script(`trap '' TERM; echo up; while :; do sleep 0.01; done`)
		x.StopGrace = 300 * time.Millisecond
		ref := up(t, x)
		begun := time.Now()
		h.stop(ref, task.ExitFenced)
		r := h.wait(ref)
		if took := time.Since(begun); r.exit.Kind != task.ExitFenced || r.exit.Signal != 9 || took < x.StopGrace || took > x.StopGrace+2*time.Second {
			t.Errorf("got %+v after %v", r.exit, took)
		}
	})
	t.Run("reaches a job that is stopped by a signal", func(t *testing.T) {
		h := h.in(t)
		ref := up(t, script(`trap 'exit 3' TERM; echo up; kill -STOP $$; sleep 1000`))
		h.stop(ref, task.ExitCancelled)
		if r := h.wait(ref); r.exit.Code != 3 {
			t.Errorf("got %+v", r.exit)
		}
	})
	t.Run("twice is harmless, and the first word holds", func(t *testing.T) {
		h := h.in(t)
		ref := up(t, script(`echo up; exec sleep 1000`))
		h.stop(ref, task.ExitCancelled)
		_ = h.Stop(t.Context(), ref, task.ExitFenced)
		if r := h.wait(ref); r.exit.Kind != task.ExitCancelled {
			t.Errorf("got %+v", r.exit)
		}
		h.stop(ref, task.ExitCancelled)
	})
	t.Run("leaves a job that had ended its own result", func(t *testing.T) {
		h := h.in(t)
		tag := newTag()
		ref := h.start(script(`exit 6`))
		h.await("the end of the process", func() bool { return h.read(ref).started != 0 || h.read(ref).exit != nil })
		h.stop(ref, task.ExitCancelled)
		if r := h.wait(ref); r.exit.Kind == task.ExitExited && r.exit.Code != 6 {
			t.Errorf("got %+v, tag %s", r.exit, tag)
		}
		h.stop(ref, task.ExitCancelled)
		if r := h.read(ref); r.exit == nil || r.records[len(r.records)-1].Exit == nil {
			t.Errorf("something follows the exit: %+v", r.records)
		}
	})
	t.Run("of an attempt that is not kept is not found", func(t *testing.T) {
		h := h.in(t)
		if err := h.Stop(t.Context(), task.Ref{Run: "01NONE", Number: 1}, task.ExitCancelled); !errors.Is(err, fault.NotFound) {
			t.Errorf("got %v", err)
		}
	})
}
