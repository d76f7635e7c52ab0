package spool

import (
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

const boot = "01234567-89ab-cdef-0123-456789abcdef"

func TestALeaseIsReadAsItWasWritten(t *testing.T) {
	f := newFolder(t)
	if _, err := f.ReadLease(ref, boot); !errors.Is(err, fault.NotFound) {
		t.Errorf("without a lease: got %v", err)
	}
	for _, l := range []jobserver.Lease{
		{Deadline: 1<<63 - 1, Grace: 1<<62 - 1, Held: true}, {Deadline: 1, Grace: 2}, {Deadline: 5 * time.Hour, Grace: time.Second},
	} {
		if err := f.WriteLease(ref, boot, l); err != nil {
			t.Fatal(err)
		}
		if got, err := f.ReadLease(ref, boot); err != nil || got != l {
			t.Errorf("got %+v, %v, want %+v", got, err, l)
		}
	}
	if _, err := f.ReadLease(ref, "another boot"); !errors.Is(err, fault.NotFound) {
		t.Errorf("after a reboot: got %v", err)
	}
	if refs, err := f.Refs(); err != nil || len(refs) != 0 {
		t.Errorf("a lease counts as a spool: %v, %v", refs, err)
	}
}

func TestADamagedLeaseIsNotTakenForOne(t *testing.T) {
	f := newFolder(t)
	if err := f.WriteLease(ref, boot, jobserver.Lease{Deadline: 12345, Grace: 1}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(f.leaseFile(ref))
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		damaged := append([]byte(nil), whole...)
		damaged[i] ^= 1
		if l, _, err := parseLease(string(damaged)); err == nil {
			t.Errorf("with byte %d changed: got %+v", i, l)
		}
		if l, _, err := parseLease(string(whole[:i])); err == nil {
			t.Errorf("cut at byte %d: got %+v", i, l)
		}
	}
}

func TestALeaseIsReadWholeWhileItIsWritten(t *testing.T) {
	f := newFolder(t)
	write := func(i int) error {
		return f.WriteLease(ref, boot, jobserver.Lease{Deadline: time.Duration(i), Grace: time.Duration(i), Held: i%2 == 1})
	}
	if err := write(1); err != nil {
		t.Fatal(err)
	}
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := 1; i < 3000; i++ {
			if err := write(i * 1_000_003); err != nil {
				t.Error(err)
			}
		}
	})
	defer writing.Wait()
	for range 3000 {
		if l, err := f.ReadLease(ref, boot); err != nil || l.Deadline != l.Grace || l.Held != (l.Deadline%2 == 1) {
			t.Fatalf("got %+v, %v", l, err)
		}
	}
}

func TestWhatLiesBesideASpoolIsRemovedAndNothingElse(t *testing.T) {
	f := newFolder(t)
	other := task.Ref{Run: ref.Run, Number: 22} // its name begins with that of ref
	for _, r := range []task.Ref{ref, other} {
		h := header()
		h.Execution.Ref = r
		if _, _, err := f.Create(h); err != nil {
			t.Fatal(err)
		}
		if err := f.WriteLease(r, boot, jobserver.Lease{Deadline: 1}); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{f.Content(r, 3), f.Draft(r, 1), f.Resume(r)} {
			if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.RemoveBeside(ref); err != nil {
		t.Fatal(err)
	}
	if refs, err := f.Refs(); err != nil || len(refs) != 2 {
		t.Errorf("got the spools %v, %v", refs, err)
	}
	if _, err := f.OpenContent(ref, 3); !errors.Is(err, fault.NotFound) {
		t.Errorf("its content: got %v", err)
	}
	content, err := f.OpenContent(other, 3)
	if err != nil {
		t.Fatalf("the other's content: %v", err)
	}
	content.Close()
	if _, err := f.ReadLease(other, boot); err != nil {
		t.Errorf("the other's lease: %v", err)
	}
}

func TestTheRecordOfACheckpointIsReadAsItWasWritten(t *testing.T) {
	f := newFolder(t)
	w := newWriter(t, f)
	c := task.Checkpoint{Run: ref.Run, Attempt: 2, Sequence: 3, Name: "half", Label: "l", Instructions: "i", Step: 1, Size: 9, SHA256: "ab", CreatedAt: at}
	if err := errors.Join(w.Checkpoint(at, c), w.Flush()); err != nil {
		t.Fatal(err)
	}
	r, err := f.Open(ref)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	records, err := r.Read(0, 1000)
	if err != nil || len(records) != 1 || records[0].Checkpoint == nil || *records[0].Checkpoint != c {
		t.Errorf("got %+v, %v", records, err)
	}
}
