package guard

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// What becomes of an attempt whose agent, and perhaps whose keeper, is killed while it changes hands.

// idleKeeper returns the one keeper that is there once no other was asked for.
func (h *host) idleKeeper() int {
	h.t.Helper()
	pid := 0
	h.await("an idle keeper", func() bool {
		h.pool.mu.Lock()
		defer h.pool.mu.Unlock()
		if h.pool.asked == 0 && len(h.pool.idle) == 1 {
			pid = h.pool.idle[0].pid
		}
		return pid > 0
	})
	return pid
}

// signal sends a signal to a process and waits until it is in the state that follows from it: T for stopped, Z for dead.
func (h *host) signal(pid int, s syscall.Signal, state string) {
	h.t.Helper()
	if s == syscall.SIGSTOP {
		h.t.Cleanup(func() { syscall.Kill(pid, syscall.SIGCONT) })
	}
	syscall.Kill(pid, s)
	h.await("process in state "+state, func() bool {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, _ := strings.Cut(string(text), ") ")
		threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		return err != nil || strings.HasPrefix(rest, state) && (state == "T" || len(threads) == 1)
	})
}

// handOver hands an attempt to a keeper that is stopped, and lets go of it as an agent does that is killed.
func (h *host) handOver(keeper int, x jobserver.Execution) {
	h.t.Helper()
	h.start(x)
	if h.keeperOf(x.Ref) != keeper {
		h.t.Fatal("another keeper has it")
	}
	h.Client.Close()
}

func (h *host) keptRefs() []task.Ref {
	h.t.Helper()
	kept, err := h.Kept(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	var refs []task.Ref
	for _, k := range kept {
		refs = append(refs, k.Ref)
	}
	return refs
}

func TestWhatAKilledAgentHandedOverIsBegunAlthoughTheNextOneComesFirst(t *testing.T) {
	h := newHost(t)
	keeper := h.idleKeeper()
	// Connections that the keeper takes before it looks at the orders of its client.
	h.signal(keeper, syscall.SIGSTOP, "T")
	for range 2 {
		early, err := dial(t.Context(), h.place.controlSocket(keeper))
		if err != nil {
			t.Fatal(err)
		}
		defer early.Close()
	}
	x := script("echo begun; exit 9")
	h.handOver(keeper, x)
	syscall.Kill(keeper, syscall.SIGCONT)
	h.Client = connect(t, h.data)
	if r := h.wait(x.Ref); r.stdout != "begun\n" || r.exit.Kind != task.ExitExited || r.exit.Code != 9 {
		t.Errorf("got %q, %+v", r.stdout, r.exit)
	}
}

func TestAKeeperDoesTheOrdersOfAClientThatItCouldNotTellAnything(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := send(pair[1], &order{Do: doLeave}); err != nil {
		t.Fatal(err)
	}
	unix.Close(pair[1])
	k := &keeper{client: pair[0]}
	k.tell(notice{Is: isRoom})
	k.hearOut()
	if !k.leaving || k.client >= 0 {
		t.Errorf("leaving is %v, the client %d", k.leaving, k.client)
	}
}

func TestAnAttemptThatNoKeeperTookIsNeverHeardOfAgain(t *testing.T) {
	h := newHost(t)
	keeper := h.idleKeeper()
	x := script("exit 0")
	x.Lease = leaseFor(time.Hour)
	h.signal(keeper, syscall.SIGSTOP, "T")
	h.handOver(keeper, x)
	syscall.Kill(keeper, syscall.SIGKILL)
	h.Client = connect(t, h.data)
	if kept := h.keptRefs(); len(kept) > 0 {
		t.Errorf("kept are %v", kept)
	}
	entries, err := os.ReadDir(h.place.spools())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), spool.Name(x.Ref)) {
			t.Errorf("%s is left", e.Name())
		}
	}
	// It can be had again.
	if r := h.run(x); r.exit.Kind != task.ExitExited || r.exit.Code != 0 {
		t.Errorf("it ended with %+v", r.exit)
	}
}

func TestAnAttemptThatWasNotHandedOverIsNeverHeardOfAgain(t *testing.T) {
	for what, leave := range map[string]func(h *host, x jobserver.Execution){
		"killed before it was handed over": func(h *host, x jobserver.Execution) {
			fd, _, err := h.folder.Create(spool.Header{BootID: h.boot, Guard: h.guardID, CreatedAt: time.Now(), Execution: x})
			if err != nil {
				t.Fatal(err)
			}
			syscall.Close(fd)
		},
		"killed before its header was written": func(h *host, x jobserver.Execution) {
			if err := os.WriteFile(h.place.spools()+"/"+spool.Name(x.Ref)+".spool", []byte("SEGNOSP1"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			h := newHost(t)
			leave(h, script("exit 0"))
			h.Client.Close()
			h.Client = connect(t, h.data)
			if kept := h.keptRefs(); len(kept) > 0 {
				t.Errorf("kept are %v", kept)
			}
		})
	}
}

func TestWhatWasMadeForAnotherGuardMayHaveBegun(t *testing.T) {
	h := newHost(t)
	x := script("exit 0")
	fd, _, err := h.folder.Create(spool.Header{BootID: h.boot, Guard: "another", CreatedAt: time.Now(), Execution: x})
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(fd)
	h.Client.Close()
	h.Client = connect(t, h.data)
	if r := h.wait(x.Ref); r.exit.Kind != task.ExitLost || r.exit.Detail != guardKilled {
		t.Errorf("it ended with %+v", r.exit)
	}
}

// A keeper writes that a job has begun a little later than it begins. One that is killed before leaves a spool like that of
// an attempt that no keeper took; only the guard knows better, and it may see the end of the keeper later than the agent.
func TestWhatADeadKeeperHadTakenIsNotTakenForUnbegun(t *testing.T) {
	h := newHost(t)
	keeper, guard := h.idleKeeper(), h.guardPID()
	h.signal(guard, syscall.SIGSTOP, "T")
	x := script("exit 0")
	fd, _, err := h.folder.Create(spool.Header{BootID: h.boot, Guard: h.guardID, CreatedAt: time.Now(), Execution: x})
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(fd)
	slate := fmt.Sprintf("/proc/%d/fd/%d", keeper, slateFD)
	if err := os.WriteFile(slate, []byte(spool.Name(x.Ref)), 0); err != nil {
		t.Fatal(err)
	}
	h.signal(keeper, syscall.SIGKILL, "Z")

	stock := make(chan error, 1)
	go func() { stock <- h.takeStock(t.Context()) }()
	h.await("a question to the guard", func() bool { return len(stock) > 0 || h.saidUnread() })
	syscall.Kill(guard, syscall.SIGCONT)
	if err := <-stock; err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(h.keptRefs(), x.Ref) {
		t.Fatal("it was taken for one that never began")
	}
	r := h.waitFor(x.Ref, "its end", func(r result) bool { return r.exit != nil })
	if r.exit.Kind != task.ExitLost || r.exit.Detail != keeperKilled {
		t.Errorf("it ended with %+v", r.exit)
	}
}

// saidUnread reports whether the guard has yet to read something from the client.
func (h *host) saidUnread() bool {
	h.t.Helper()
	raw, err := h.guard.SyscallConn()
	if err != nil {
		h.t.Fatal(err)
	}
	unread := 0
	if err := raw.Control(func(fd uintptr) { unread, _ = unix.IoctlGetInt(int(fd), unix.TIOCOUTQ) }); err != nil {
		h.t.Fatal(err)
	}
	return unread > 0
}
