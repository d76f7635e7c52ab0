package guard

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
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

// leaseFor is a lease of that length from now on.
func leaseFor(d time.Duration) *jobserver.Lease {
	return &jobserver.Lease{Deadline: sinceBoot() + d, Grace: d / 4}
}

// exitOf reads the exit record of an attempt from disk, nil where there is none.
func exitOf(t *testing.T, data string, ref task.Ref) *task.Exit {
	t.Helper()
	f, err := spool.OpenFolder(filepath.Join(data, "spool"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := f.Open(ref)
	if err != nil {
		return nil
	}
	defer r.Close()
	for after := int64(0); ; {
		records, err := r.Read(after, 1<<20)
		if err != nil || len(records) == 0 {
			return nil
		}
		last := records[len(records)-1]
		if after = last.Sequence; last.Exit != nil {
			return last.Exit
		}
	}
}

// stubborn is a job that SIGTERM does not end, with daemons. It writes when SIGTERM comes.
func stubborn(tag string) string {
	return "trap 'echo asked' TERM\n" + daemons(tag) + "while :; do sleep 0.01; done"
}

// agentWith starts an agent as a process of its own that starts a job with a lease.
func agentWith(t *testing.T, data string, lease time.Duration, argv ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	agent := exec.Command(exe, append([]string{"client", "--data", data, "--lease", lease.String(), "--"}, argv...)...)
	agent.Stderr = os.Stderr
	out, err := agent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "started\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	return agent
}

func TestALeaseEndsTheTreeInTimeWithoutAnAgent(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"a dead one": syscall.SIGKILL, "a stopped one": syscall.SIGSTOP} {
		t.Run(name, func(t *testing.T) {
			data, tag := t.TempDir(), newTag()
			const length = 2 * time.Second
			begin := sinceBoot()
			agent := agentWith(t, data, length, "sh", "-c", stubborn(tag))
			h := &host{t: t, data: data}
			t.Cleanup(h.killGuard)
			t.Cleanup(func() { _ = agent.Process.Kill(); _ = agent.Wait() })
			h.await("the daemons", func() bool { return len(sleepers(tag)) == 5 })
			if err := agent.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			ref := task.Ref{Run: "01KILLED", Number: 1}
			h.await("the exit record", func() bool { return exitOf(t, data, ref) != nil })
			ended := sinceBoot()
			exit := exitOf(t, data, ref)
			if exit.Kind != task.ExitLeaseExpired || exit.Detail != leaseRanOut {
				t.Errorf("got %+v", exit)
			}
			if left := sleepers(tag); len(left) > 0 {
				t.Errorf("left are %v", left)
			}
			if ended < begin+length || ended > begin+length+jobserver.WakeBound+jobserver.KillBound+time.Second {
				t.Errorf("it ended %v after it began, with a lease of %v", ended-begin, length)
			}
		})
	}
}

func TestAJobIsAskedToEndBeforeItsLeaseHasRunOut(t *testing.T) {
	h := newHost(t)
	x := script("trap 'echo bye; exit 0' TERM\necho up\nwhile :; do sleep 0.01; done")
	x.Lease = leaseFor(2 * time.Second)
	deadline := x.Lease.Deadline
	r := h.run(x)
	if now := sinceBoot(); now >= deadline {
		t.Errorf("it ended %v after its deadline", now-deadline)
	}
	if r.stdout != "up\nbye\n" || r.exit.Kind != task.ExitLeaseExpired || r.exit.Code != 0 {
		t.Errorf("got %q, %+v", r.stdout, r.exit)
	}
}

func TestARestartedAgentDoesNotLengthenALease(t *testing.T) {
	h := newHost(t)
	x := script("echo up; while :; do sleep 0.01; done")
	x.Lease = leaseFor(1500 * time.Millisecond)
	ref := h.startUp(x)
	for range 3 {
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		h.Client = connect(t, h.data)
		kept, err := h.Kept(t.Context())
		if err != nil || len(kept) != 1 || kept[0].Lease == nil || *kept[0].Lease != *x.Lease {
			t.Fatalf("kept is %+v, %v, want the lease %+v", kept, err, *x.Lease)
		}
	}
	r := h.wait(ref)
	if now := sinceBoot(); r.exit.Kind != task.ExitLeaseExpired || now > x.Lease.Deadline+2*time.Second {
		t.Errorf("got %+v %v after the deadline", r.exit, now-x.Lease.Deadline)
	}
}

func TestRenewalsKeepAJobAliveAndTheirEndEndsIt(t *testing.T) {
	h := newHost(t)
	x := script("echo up; while :; do sleep 0.01; done")
	x.Lease = leaseFor(time.Second)
	ref := h.startUp(x)
	first := x.Lease.Deadline
	for sinceBoot() < first+time.Second {
		if err := h.Renew(ref, *leaseFor(time.Second)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if r := h.read(ref); r.exit != nil {
		t.Fatalf("it ended although it was renewed: %+v", r.exit)
	}
	// A renewal with an earlier deadline changes nothing.
	kept, _ := h.Kept(t.Context())
	before := *kept[0].Lease
	if err := h.Renew(ref, jobserver.Lease{Deadline: 1}); err != nil {
		t.Fatal(err)
	}
	if kept, _ := h.Kept(t.Context()); *kept[0].Lease != before {
		t.Errorf("got the lease %+v, want %+v", *kept[0].Lease, before)
	}
	if r := h.wait(ref); r.exit.Kind != task.ExitLeaseExpired {
		t.Errorf("got %+v", r.exit)
	}
	if err := h.Renew(ref, *leaseFor(time.Minute)); !errors.Is(err, fault.NotFound) {
		t.Errorf("renewing what has ended gives %v", err)
	}
}

func TestAnAttemptWithoutALeaseHasNoDeadlineAndNoFile(t *testing.T) {
	h := newHost(t)
	gate := filepath.Join(h.data, "gate")
	ref := h.start(script("while ! [ -e " + gate + " ]; do sleep 0.01; done; exit 3"))
	if err := h.Renew(ref, *leaseFor(time.Millisecond)); !errors.Is(err, fault.NotFound) {
		t.Errorf("renewing it gives %v", err)
	}
	if err := h.Expire(ref); err == nil {
		t.Error("it could be expired")
	}
	entries, err := os.ReadDir(filepath.Join(h.data, "spool"))
	if err != nil {
		t.Fatal(err)
	}
	names := slices.DeleteFunc(entries, func(e os.DirEntry) bool { return e.Name() == "free" })
	if len(names) != 1 || names[0].Name() != spool.Name(ref)+".spool" {
		t.Errorf("in the folder are %v", names)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := h.wait(ref); r.exit.Kind != task.ExitExited || r.exit.Code != 3 {
		t.Errorf("got %+v", r.exit)
	}
}

func TestAHoldLengthensALeaseAndTheNextRenewalEndsIt(t *testing.T) {
	h := newHost(t)
	x := script("echo up; while :; do sleep 0.01; done")
	x.Lease = leaseFor(time.Second)
	ref := h.startUp(x)
	hold := *leaseFor(time.Hour)
	hold.Held = true
	if err := h.Renew(ref, hold); err != nil {
		t.Fatal(err)
	}
	// A restart of the agent does not forget that it is held.
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h.Client = connect(t, h.data)
	kept, err := h.Kept(t.Context())
	if err != nil || len(kept) != 1 || kept[0].Lease == nil || !kept[0].Lease.Held {
		t.Fatalf("kept is %+v, %v", kept, err)
	}
	// That nothing happens at the deadline shows only once it has passed.
	time.Sleep(time.Until(time.Now().Add(x.Lease.Deadline + 500*time.Millisecond - sinceBoot())))
	if r := h.read(ref); r.exit != nil {
		t.Fatalf("it ended while held: %+v", r.exit)
	}
	short := leaseFor(700 * time.Millisecond)
	if err := h.Renew(ref, *short); err != nil {
		t.Fatal(err)
	}
	r := h.wait(ref)
	if now := sinceBoot(); r.exit.Kind != task.ExitLeaseExpired || now > short.Deadline+3*time.Second {
		t.Errorf("got %+v %v after the deadline", r.exit, now-short.Deadline)
	}
}

func TestAStoppedKeeperIsKilledByTheAgent(t *testing.T) {
	h := newHost(t)
	// The guard cannot help.
	guard := h.guardPID()
	tag := newTag()
	x := script(stubborn(tag))
	x.Lease = leaseFor(1200 * time.Millisecond)
	ref := h.startUp(x)
	keeper := h.keeperOf(ref)
	if err := errors.Join(syscall.Kill(keeper, syscall.SIGSTOP), syscall.Kill(guard, syscall.SIGSTOP)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(guard, syscall.SIGCONT) })
	if err := h.Expire(ref); !errors.Is(err, fault.Conflict) {
		t.Errorf("expiring it before its time gives %v", err)
	}
	h.await("the agent to kill it", func() bool {
		if err := h.Expire(ref); err != nil && !errors.Is(err, fault.Conflict) && !errors.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		return sinceBoot() > x.Lease.Deadline+jobserver.WakeBound && len(alive(sleepers(tag))) == 0
	})
	if late := sinceBoot() - x.Lease.Deadline; late > jobserver.WakeBound+jobserver.KillBound+time.Second {
		t.Errorf("it was gone %v after the deadline", late)
	}
	if err := syscall.Kill(guard, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if r := h.wait(ref); r.exit.Kind != task.ExitLeaseExpired || r.exit.Detail != leaseRanOut {
		t.Errorf("got %+v", r.exit)
	}
	if left := sleepers(tag); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

// alive leaves out what has ended and was not reaped yet.
func alive(pids []int) []int {
	return slices.DeleteFunc(pids, func(pid int) bool {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return err != nil || strings.Contains(string(text), ") Z ")
	})
}

func TestAKeeperThatEndedItsAttemptIsNotKilledForIt(t *testing.T) {
	h := newHost(t)
	x := script("echo up; while :; do sleep 0.01; done")
	x.Lease = leaseFor(500 * time.Millisecond)
	ref := h.startUp(x)
	keeper := h.keeperOf(ref)
	h.wait(ref)
	h.await("the bound", func() bool { return sinceBoot() > x.Lease.Deadline+jobserver.WakeBound })
	// As if the agent had been stopped, and not heard of the end yet.
	h.mu.Lock()
	h.attempts[ref].ended, h.attempts[ref].keeper = false, h.pool.keepers[keeper]
	h.mu.Unlock()
	if err := h.Expire(ref); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
	if !slices.Contains(h.keeperPIDs(), keeper) {
		t.Error("its keeper is gone")
	}
}

func TestAStoppedKeeperIsKilledByTheGuardWithoutAnAgent(t *testing.T) {
	h := newHost(t)
	tag := newTag()
	x := script(stubborn(tag))
	x.Lease = leaseFor(1200 * time.Millisecond)
	ref := h.startUp(x)
	keeper := h.keeperOf(ref)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(keeper, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	h.await("the exit record", func() bool { return exitOf(t, h.data, ref) != nil })
	if late := sinceBoot() - x.Lease.Deadline; late < guardBound || late > guardBound+lookEvery+jobserver.KillBound+time.Second {
		t.Errorf("it ended %v after the deadline", late)
	}
	if exit := exitOf(t, h.data, ref); exit.Kind != task.ExitLeaseExpired {
		t.Errorf("got %+v", exit)
	}
	if left := sleepers(tag); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

func TestTheGuardLooksAtTheInstantAtWhichItKills(t *testing.T) {
	const now = 100 * time.Second
	for due, want := range map[time.Duration]time.Duration{
		never:                      now + lookEvery, // a lease may get a deadline, or an earlier one
		now + time.Hour:            now + lookEvery,
		now + 300*time.Millisecond: now + 300*time.Millisecond,
		now + 1:                    now + 1,
		now:                        now + lookEvery, // it was killed, and may need it again
		now - 10*time.Second:       now + lookEvery,
	} {
		if got := nextLook(now, due); got != want {
			t.Errorf("a kill that is due at %s is looked after at %s, want %s", due, got, want)
		}
	}
}

func TestNothingIsStartedWhoseLeaseHasRunOut(t *testing.T) {
	h := newHost(t)
	x := script("echo up")
	x.Lease = &jobserver.Lease{Deadline: sinceBoot() - 1, Grace: time.Second}
	if r := h.run(x); r.exit.Kind != task.ExitLeaseExpired || r.stdout != "" || r.started != 0 {
		t.Errorf("got %q, %+v", r.stdout, r.exit)
	}
}

func TestADropLeavesNothingBesideTheSpool(t *testing.T) {
	h := newHost(t)
	x := script("exit 0")
	x.Lease = leaseFor(time.Minute)
	ref := h.start(x)
	h.wait(ref)
	if err := h.Drop(ref); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(h.data, "spool", spool.Name(ref)+"*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// TestWhatCannotBeKilledIsReported has a process that stays although it was killed, because another traces it.
func TestWhatCannotBeKilledIsReported(t *testing.T) {
	h := newHost(t)
	x := script("echo up; while :; do sleep 0.01; done")
	x.StopGrace = 10 * time.Millisecond
	ref := h.startUp(x)
	pid := h.read(ref).started
	attached, release, released := make(chan error), make(chan struct{}), make(chan struct{})
	go trace(pid, attached, release, released)
	if err := <-attached; err != nil {
		t.Skipf("processes cannot be traced here: %v", err)
	}
	var once bool
	letGo := func() {
		if !once {
			once = true
			close(release)
			<-released
		}
	}
	defer letGo()
	h.stop(ref, task.ExitCancelled)
	unix.Kill(pid, unix.SIGKILL)
	unkillable := func() bool {
		kept, err := h.Kept(t.Context())
		if err != nil || len(kept) != 1 {
			t.Fatalf("kept is %+v, %v", kept, err)
		}
		return kept[0].Unkillable && !kept[0].Ended
	}
	h.await("it to be reported", unkillable)
	// A new agent hears of it too.
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h.Client = connect(t, h.data)
	h.await("it to be reported to a new agent", unkillable)
	letGo()
	if r := h.wait(ref); r.exit == nil {
		t.Error("it has no exit record")
	}
	if kept, _ := h.Kept(t.Context()); kept[0].Unkillable {
		t.Error("it is reported although it has ended")
	}
}
