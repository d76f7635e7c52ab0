package guard

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

func TestAKilledAgentLosesNothing(t *testing.T) {
	dir := t.TempDir()
	gate := filepath.Join(dir, "gate")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	agent := exec.Command(exe, "client", "--data", data, "--", "sh", "-c",
		"echo before; while ! [ -e "+gate+" ]; do sleep 0.01; done; echo after; exit 9")
	out, err := agent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	agent.Stderr = os.Stderr
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "started\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	if err := agent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = agent.Wait()

	h := &host{t: t, data: data}
	h.Client = connect(t, data)
	t.Cleanup(func() { h.close() })
	kept, err := h.Kept(t.Context())
	if err != nil || len(kept) != 1 || kept[0].Ended {
		t.Fatalf("kept is %+v, %v", kept, err)
	}
	ref := kept[0].Ref
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := h.wait(ref); r.stdout != "before\nafter\n" || r.exit.Kind != task.ExitExited || r.exit.Code != 9 {
		t.Errorf("got %q, %+v", r.stdout, r.exit)
	}
}

func TestANewClientFindsWhatEndedMeanwhile(t *testing.T) {
	h := newHost(t)
	gate := filepath.Join(h.data, "gate")
	ref := h.start(script("while ! [ -e " + gate + " ]; do sleep 0.01; done; echo late; exit 2"))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h.await("the end of the job", func() bool {
		f, err := spool.OpenFolder(filepath.Join(h.data, "spool"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := f.Open(ref)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		records, err := r.Read(0, 1<<20)
		return err == nil && len(records) > 0 && records[len(records)-1].Exit != nil
	})
	h.Client = connect(t, h.data)
	if r := h.wait(ref); r.stdout != "late\n" || r.exit.Code != 2 {
		t.Errorf("got %q, %+v", r.stdout, r.exit)
	}
	// Its keeper serves again.
	if r := h.run(command(newRun(), "echo", "again")); r.stdout != "again\n" {
		t.Errorf("got %q", r.stdout)
	}
}

// keeperOf returns the keeper of an attempt.
func (h *host) keeperOf(ref task.Ref) int {
	h.t.Helper()
	c := h.Client
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.attempts[ref]; a != nil && a.keeper != nil {
		return a.keeper.pid
	}
	h.t.Fatalf("%v has no keeper", ref)
	return 0
}

func (h *host) startUp(x jobserver.Execution) task.Ref {
	h.t.Helper()
	ref := h.start(x)
	h.waitFor(ref, "the job", func(r result) bool { return strings.HasPrefix(r.stdout, "up\n") })
	return ref
}

func TestAKilledKeeperHurtsItsRunAlone(t *testing.T) {
	for _, group := range []string{CgroupOff, CgroupAuto} {
		t.Run("cgroup "+group, func(t *testing.T) {
			h := newHost(t, func(o *ClientOptions) { o.Cgroup = group })
			tag, other := newTag(), newTag()
			hurt := h.startUp(script(daemons(tag) + "sleep " + tag))
			gate := filepath.Join(h.data, "gate")
			unhurt := h.startUp(script(daemons(other) + "while ! [ -e " + gate + " ]; do sleep 0.01; done; exit 5"))
			syscall.Kill(h.keeperOf(hurt), syscall.SIGKILL)
			if r := h.wait(hurt); r.exit.Kind != task.ExitLost || r.exit.Detail != "the keeper of this run was killed" || r.stdout != "up\n" {
				t.Errorf("got %q, %+v", r.stdout, r.exit)
			}
			if left := sleepers(tag); len(left) > 0 {
				t.Errorf("left are %v", left)
			}
			h.await("all daemons of the other run", func() bool { return len(sleepers(other)) == 5 })
			if err := os.WriteFile(gate, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if r := h.wait(unhurt); r.exit.Kind != task.ExitExited || r.exit.Code != 5 {
				t.Errorf("the other run ended %+v", r.exit)
			}
			if r := h.run(command(newRun(), "true")); r.exit.Code != 0 {
				t.Errorf("got %+v", r.exit)
			}
		})
	}
}

// TestKeepersKilledAtAnyMoment kills keepers while jobs come and go. Each run must end once, with its own result or lost
// for the reason that is true, and leave nothing.
func TestKeepersKilledAtAnyMoment(t *testing.T) {
	h := newHost(t)
	tag := newTag()
	const jobs = 80
	started := make(chan task.Ref, jobs)
	go func() {
		defer close(started)
		for i := range jobs {
			x := command(task.RunID(fmt.Sprintf("01CHAOS%d", i)), "sh", "-c", "(setsid sleep "+tag+" &) ; exit 7")
			err := h.Start(t.Context(), x)
			for errors.Is(err, fault.Unavailable) { // On a slow machine every keeper may be killed before it has begun.
				err = h.Start(t.Context(), x)
			}
			if err != nil {
				t.Errorf("start: %v", err)
				continue
			}
			started <- x.Ref
		}
	}()
	guard := h.guardPID()
	stop := make(chan struct{})
	killed := make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-stop:
				killed <- n
				return
			case <-time.After(15 * time.Millisecond):
				// A process that a keeper is just forking still has the keeper's name, but is no child of the guard.
				if pids := children(guard); len(pids) > 0 {
					syscall.Kill(pids[rand.IntN(len(pids))], syscall.SIGKILL)
					n++
				}
			}
		}
	}()
	ends := map[task.Ref]int{}
	deadline := time.After(3 * testPatience)
	for len(ends) < jobs {
		select {
		case g, ok := <-h.Grown():
			if !ok {
				t.Fatal("the guard was lost")
			}
			if g.Ended {
				ends[g.Ref]++
			}
		case <-deadline:
			t.Fatalf("%d of %d ended", len(ends), jobs)
		}
	}
	close(stop)
	lost := 0
	for ref := range started {
		r := h.read(ref)
		switch {
		case r.exit == nil || ends[ref] != 1:
			t.Errorf("%v ended with %+v, told %d times", ref, r.exit, ends[ref])
		case r.exit.Kind == task.ExitLost && r.exit.Detail == keeperKilled:
			lost++
		case r.exit.Kind != task.ExitExited || r.exit.Code != 7:
			t.Errorf("%v ended with %+v", ref, r.exit)
		}
	}
	t.Logf("%d keepers were killed and %d of %d runs lost", <-killed, lost, jobs)
	h.await("all processes to be gone", func() bool { return len(sleepers(tag)) == 0 })
}

func TestAnIdleKeeperThatIsKilledHurtsNoRun(t *testing.T) {
	h := newHost(t)
	h.run(command(newRun(), "true"))
	for _, pid := range h.keeperPIDs() {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	for range 5 {
		if r := h.run(command(newRun(), "echo", "fine")); r.stdout != "fine\n" {
			t.Errorf("got %+v", r)
		}
	}
}

func TestAKilledGuardTakesItsJobsAlong(t *testing.T) {
	for _, group := range []string{CgroupOff, CgroupAuto} {
		t.Run("cgroup "+group, func(t *testing.T) {
			h := newHost(t, func(o *ClientOptions) { o.Cgroup = group })
			tag := newTag()
			var refs []task.Ref
			for range 3 {
				refs = append(refs, h.startUp(script("trap '' TERM\n"+daemons(tag)+"sleep "+tag)))
			}
			syscall.Kill(h.guardPID(), syscall.SIGKILL)
			for range h.Grown() { // Until it is closed: the guard is gone.
			}
			h.Client.Close()
			h.Client = connect(t, h.data, func(o *ClientOptions) { o.Cgroup = group })
			for _, ref := range refs {
				r := h.waitFor(ref, "the exit", func(r result) bool { return r.exit != nil })
				if r.exit.Kind != task.ExitLost || r.exit.Detail != "the guard was killed" || r.stdout != "up\n" {
					t.Errorf("got %q, %+v", r.stdout, r.exit)
				}
			}
			if left := sleepers(tag); len(left) > 0 {
				t.Errorf("left are %v", left)
			}
			if r := h.run(command(newRun(), "echo", "on")); r.stdout != "on\n" {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestGuardAndKeepersKilledAtOnceLeaveNothing(t *testing.T) {
	for _, group := range []string{CgroupOff, CgroupAuto} {
		t.Run("cgroup "+group, func(t *testing.T) {
			h := newHost(t, func(o *ClientOptions) { o.Cgroup = group })
			tag := newTag()
			ref := h.startUp(script("sleep " + tag + " & setsid sleep " + tag + " & echo up; sleep " + tag))
			pids := append(h.keeperPIDs(), h.guardPID())
			for _, pid := range pids {
				syscall.Kill(pid, syscall.SIGSTOP) // None of them sees the others die.
			}
			for _, pid := range pids {
				syscall.Kill(pid, syscall.SIGKILL)
			}
			for range h.Grown() {
			}
			h.Client.Close()
			h.Client = connect(t, h.data, func(o *ClientOptions) { o.Cgroup = group })
			r := h.waitFor(ref, "the exit", func(r result) bool { return r.exit != nil })
			if r.exit.Kind != task.ExitLost || r.exit.Detail != "the guard was killed" {
				t.Errorf("got %+v", r.exit)
			}
			h.await("the processes to be gone", func() bool { return len(sleepers(tag)) == 0 })
		})
	}
}

func TestSpoolsOfAnEarlierBootEndAsRebooted(t *testing.T) {
	dir := t.TempDir()
	f, err := spool.OpenFolder(filepath.Join(dir, "spool"))
	if err != nil {
		t.Fatal(err)
	}
	x := command(newRun(), "true")
	fd, _, err := f.Create(spool.Header{BootID: "another", CreatedAt: time.Now(), Execution: x})
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(fd)
	f.Close()
	h := &host{t: t, data: dir}
	h.Client = connect(t, dir)
	t.Cleanup(func() { h.close() })
	kept, err := h.Kept(t.Context())
	if err != nil || len(kept) != 1 || !kept[0].Ended {
		t.Fatalf("kept is %+v, %v", kept, err)
	}
	if r := h.read(x.Ref); r.exit == nil || r.exit.Kind != task.ExitLost || r.exit.Detail != "the host was rebooted" {
		t.Errorf("got %+v", r.exit)
	}
}

func TestOneGuardPerDataFolder(t *testing.T) {
	h := newHost(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(exe, "guard", "--data", h.data, "--cgroup", "off").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "a guard of this data folder runs already") {
		t.Errorf("got %v: %s", err, out)
	}
}

func TestAGuardWithoutAgentAndJobsLeaves(t *testing.T) {
	h := newHost(t, func(o *ClientOptions) { o.Linger = 3 * time.Second })
	h.await("a keeper", func() bool { return len(h.keeperPIDs()) > 0 })
	for _, pid := range h.keeperPIDs() {
		syscall.Kill(pid, syscall.SIGTERM)
	}
	h.Client.Close()
	h.await("the guard to leave", func() bool {
		// A keeper that was asked for before may come late, and would stay for a while.
		for _, pid := range h.keeperPIDs() {
			syscall.Kill(pid, syscall.SIGTERM)
		}
		return h.guardPID() == 0
	})
}

func TestAGuardThatLeavesJustThenIsReplaced(t *testing.T) {
	h := newHost(t)
	h.Client.Close()
	h.killGuard()
	stale, err := listen(h.place.guardSocket())
	if err != nil {
		t.Fatal(err)
	}
	left := make(chan struct{})
	go func() {
		defer close(left)
		fds := []unix.PollFd{{Fd: int32(stale), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, int(testPatience/time.Millisecond)); err != nil {
			t.Error(err)
		}
		unix.Close(stale) // With the client in its queue.
	}()
	h.Client = connect(t, h.data)
	<-left
	if r := h.run(command(newRun(), "echo", "new")); r.stdout != "new\n" {
		t.Errorf("got %+v", r)
	}
}

func TestALongDataFolderHasItsSocketsElsewhere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 30))
	h := &host{t: t, data: filepath.Clean(dir)}
	h.Client = connect(t, dir)
	t.Cleanup(func() { h.close(); os.RemoveAll(h.place.sockets()) })
	r := h.run(command(newRun(), "sh", "-c", "echo $SEGNO_SOCKET"))
	if len(r.stdout) > maxSocketPath || strings.HasPrefix(r.stdout, dir) || r.exit.Code != 0 {
		t.Errorf("got %q", r.stdout)
	}
	if info, err := os.Stat(h.place.sockets()); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v", info, err)
	}
}
