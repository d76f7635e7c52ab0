package guard

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/agent"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

var _ agent.Guard = (*Client)(nil)

func TestKeptTellsWhatRunningAttemptsUse(t *testing.T) {
	h := newHost(t)
	busy := h.startUp(script(`echo up; while :; do :; done & while :; do :; done`))
	idle := h.startUp(script(`echo up; exec sleep 1000`))
	ended := h.start(command(newRun(), "true"))
	h.wait(ended)
	measure := func() map[task.Ref]jobserver.Kept {
		kept, err := h.Kept(t.Context())
		if err != nil || len(kept) != 3 {
			t.Fatalf("got %+v, %v", kept, err)
		}
		all := map[task.Ref]jobserver.Kept{}
		for _, k := range kept {
			all[k.Ref] = k
		}
		return all
	}
	measure()
	h.await("the use of the busy one", func() bool {
		u := measure()[busy].Usage
		return u.CPU > 0.05 && u.CPU < 2.5 && u.Processes == 2 && u.Memory > 100<<10 && u.Run == string(busy.Run)
	})
	all := measure()
	if u := all[idle].Usage; u.CPU > 0.5 || u.Processes != 1 || all[idle].Ended {
		t.Errorf("the idle one: %+v", all[idle])
	}
	if k := all[ended]; !k.Ended || k.Usage.Processes != 0 {
		t.Errorf("the ended one: %+v", k)
	}
	h.stop(busy, task.ExitCancelled)
	h.stop(idle, task.ExitCancelled)
	h.wait(busy)
}

func TestMeterCountsWhatHasEndedSince(t *testing.T) {
	h := newHost(t)
	ref := h.startUp(script(`echo up; while :; do sh -c 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done'; done`))
	if _, err := h.Kept(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.await("the use of short processes", func() bool {
		kept, err := h.Kept(t.Context())
		return err == nil && kept[0].Usage.CPU > 0.05
	})
	h.stop(ref, task.ExitCancelled)
	h.wait(ref)
}

func TestDrop(t *testing.T) {
	h := newHost(t)
	ref := h.startUp(script(`touch file; echo up; exec sleep 1000`))
	if err := h.Drop(ref); !errors.Is(err, fault.Conflict) {
		t.Errorf("a running attempt was dropped: %v", err)
	}
	h.stop(ref, task.ExitCancelled)
	h.wait(ref)
	dir, file := filepath.Join(h.data, "work", spool.Name(ref)), filepath.Join(h.data, "spool", spool.Name(ref)+".spool")
	if _, err := os.Stat(filepath.Join(dir, "file")); err != nil {
		t.Errorf("what the job left is gone before it was dropped: %v", err)
	}
	for range 2 {
		if err := h.Drop(ref); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{dir, file} {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", path, err)
		}
	}
	if _, err := h.Read(ref, 0, 1); !errors.Is(err, fault.NotFound) {
		t.Errorf("it can still be read: %v", err)
	}
	if kept, err := h.Kept(t.Context()); err != nil || len(kept) != 0 {
		t.Errorf("kept is %+v, %v", kept, err)
	}
}

func TestADamagedSpoolEnds(t *testing.T) {
	h := newHost(t)
	ref := h.start(script(`echo one; sleep 0.05; echo two >&2`))
	h.wait(ref)
	file := filepath.Join(h.data, "spool", spool.Name(ref)+".spool")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text[bytes.LastIndex(text, []byte("two"))] = 'T' // In the output; the header has the word too.
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	h.Client.Close()
	h.Client = connect(t, h.data)
	if r := h.wait(ref); r.stdout != "one\n" || r.stderr != "" || r.exit == nil || r.exit.Kind != task.ExitLost || r.exit.Detail != spoolDamaged {
		t.Errorf("got %+v", r)
	}
}

func TestSignalsAreJoinedWhileNobodyReads(t *testing.T) {
	g := newGrowth()
	a, b := task.Ref{Run: "a", Number: 1}, task.Ref{Run: "b", Number: 1}
	for range 1000 {
		g.signal(a, false)
		g.signal(b, false)
	}
	g.signal(a, true)
	g.signal(a, false)
	done := make(chan struct{})
	go func() { g.run(); close(done) }()
	if got := <-g.out; got != (jobserver.Grown{Ref: a, Ended: true}) {
		t.Errorf("got %+v", got)
	}
	if got := <-g.out; got != (jobserver.Grown{Ref: b}) {
		t.Errorf("got %+v", got)
	}
	g.close()
	<-done
	if got, ok := <-g.out; ok {
		t.Errorf("got %+v after the end", got)
	}
}

func TestStartWaitsForAKeeper(t *testing.T) {
	h := newHost(t, func(o *ClientOptions) { o.MaxKeepers = 1 })
	ref := h.startUp(script(`echo up; exec sleep 1000`))
	started := make(chan error, 1)
	second := command(newRun(), "true")
	go func() { started <- h.Start(t.Context(), second) }()
	select {
	case err := <-started:
		t.Errorf("a second was started beside the one allowed: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	h.stop(ref, task.ExitCancelled)
	h.wait(ref)
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	h.waitFor(second.Ref, "the second", func(r result) bool { return r.exit != nil })
}

func TestAsManyKeepersStandReadyAsAreAskedFor(t *testing.T) {
	h := newHost(t, func(o *ClientOptions) { o.Warm = 3 })
	h.await("three keepers", func() bool { return len(h.keeperPIDs()) == 3 })
}

func TestSurplusKeepersLeave(t *testing.T) {
	h := newHost(t)
	gate := filepath.Join(h.data, "gate")
	var refs []task.Ref
	for range 4 {
		refs = append(refs, h.startUp(script("echo up; while ! [ -e "+gate+" ]; do sleep 0.01; done")))
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, ref := range refs {
		h.waitFor(ref, "the end", func(r result) bool { return r.exit != nil })
	}
	h.await("all keepers to be idle", func() bool {
		h.pool.mu.Lock()
		defer h.pool.mu.Unlock()
		return len(h.pool.idle) == len(h.pool.keepers) && len(h.pool.idle) >= 4
	})
	h.await("the surplus to leave", func() bool {
		// A keeper that was asked for before may come late.
		h.pool.mu.Lock()
		h.pool.letGo(time.Now().Add(surplusAfter + time.Second))
		h.pool.mu.Unlock()
		return len(h.keeperPIDs()) == DefaultWarm
	})
	if r := h.run(command(newRun(), "echo", "on")); r.stdout != "on\n" {
		t.Errorf("got %+v", r)
	}
}

func TestIdleGuardAndKeepersAreSmall(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	h := newHost(t)
	for range 20 {
		h.run(command(newRun(), "true"))
	}
	for _, pid := range append(h.keeperPIDs(), h.guardPID()) {
		var size int64
		h.await("an idle process to be small", func() bool {
			st, ok := readStat(pid)
			size = st.pages * int64(os.Getpagesize())
			return ok && size < 8<<20
		})
		t.Logf("process %d has %d KiB", pid, size>>10)
	}
	if r := h.run(command(newRun(), "echo", "awake")); r.stdout != "awake\n" {
		t.Errorf("got %+v", r)
	}
}

func TestOnlyCleanMappingsOfTheProgramAreUnmapped(t *testing.T) {
	smaps := `00400000-00401000 r-xp 00000000 fd:00 1 /bin/p
Anonymous:             0 kB
00401000-00403000 r--p 00000000 fd:00 1 /bin/p
Anonymous:             4 kB
00403000-00404000 rw-p 00000000 fd:00 1 /bin/p
Anonymous:             0 kB
00405000-00406000 r--p 00000000 fd:00 2 /lib/q
Anonymous:             0 kB
00406000-00409000 r--p 00000000 fd:00 1 /bin/p
Anonymous:             0 kB
7000-8000 rw-p 00000000 00:00 0
Anonymous:             0 kB
`
	got := cleanMappings([]byte(smaps), "/bin/p")
	if want := []mapping{{0x400000, 0x1000}, {0x406000, 0x3000}}; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAKeeperThatWasOrderedSomethingServesAgainMuchLater(t *testing.T) {
	h := newHost(t)
	ref := h.startUp(script("echo up; while :; do sleep 0.01; done"))
	keeper := h.keeperOf(ref)
	h.stop(ref, task.ExitCancelled)
	h.wait(ref)
	h.pool.mu.Lock()
	k := h.pool.keepers[keeper]
	h.pool.mu.Unlock()
	// As if its last order were long ago.
	if err := k.conn.SetWriteDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	again := h.startUp(script("echo up; while :; do sleep 0.01; done"))
	if got := h.keeperOf(again); got != keeper {
		t.Errorf("keeper %d serves, want %d again", got, keeper)
	}
	h.stop(again, task.ExitCancelled)
	h.wait(again)
}
