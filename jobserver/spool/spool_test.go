package spool

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

var (
	ref = task.Ref{Run: "01RUN", Number: 2}
	at  = time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)
)

func newFolder(t testing.TB) *Folder {
	t.Helper()
	f, err := OpenFolder(filepath.Join(t.TempDir(), "spool"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func header() Header {
	return Header{BootID: "boot", CreatedAt: at, Execution: jobserver.Execution{
		Ref: ref, Task: "load", Job: task.Job{Command: []string{"echo", "hi"}}, OutputLimit: 5,
	}}
}

// newWriter creates a spool and takes it as a keeper does.
func newWriter(t testing.TB, f *Folder) *Writer {
	t.Helper()
	fd, _, err := f.Create(header())
	if err != nil {
		t.Fatal(err)
	}
	w := new(Writer)
	h, err := w.Take(fd)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(h, header()) {
		t.Errorf("got the header %+v", h)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func readAll(t testing.TB, f *Folder) []task.Record {
	t.Helper()
	r, err := f.Open(ref)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	records, err := r.Read(0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// write puts one record of each kind into w.
func write(t testing.TB, w *Writer) []task.Record {
	t.Helper()
	exit := task.Exit{Kind: task.ExitExited, Code: 3, CPU: time.Second, PeakMemory: 4, Ran: time.Minute, Detail: "d"}
	w.Started(at, 77)
	w.Output(at, task.Stdout, []byte("out\x00put\n"))
	w.Output(at, task.Stderr, bytes.Repeat([]byte{0xff}, task.MaxOutputRecord))
	w.Output(at, task.StreamMark, nil)
	if err := errors.Join(
		w.Progress(at, task.Progress{Percent: 4.5, Message: "é"}),
		w.Value(at, task.ValueRecord{Name: "n", Value: "v"}),
		w.Exit(at, exit), w.Commit()); err != nil {
		t.Fatal(err)
	}
	return []task.Record{
		{Sequence: 1, At: at, Started: &task.StartedRecord{PID: 77}},
		{Sequence: 2, At: at, Output: &task.OutputRecord{Stream: task.Stdout, Data: []byte("out\x00put\n")}},
		{Sequence: 3, At: at, Output: &task.OutputRecord{Stream: task.Stderr, Data: bytes.Repeat([]byte{0xff}, task.MaxOutputRecord)}},
		{Sequence: 4, At: at, Output: &task.OutputRecord{Stream: task.StreamMark, Data: []byte{}}},
		{Sequence: 5, At: at, Progress: &task.Progress{Percent: 4.5, Message: "é"}},
		{Sequence: 6, At: at, Value: &task.ValueRecord{Name: "n", Value: "v"}},
		{Sequence: 7, At: at, Exit: &exit},
	}
}

func TestRecordsAreReadAsTheyWereWritten(t *testing.T) {
	f := newFolder(t)
	want := write(t, newWriter(t, f))
	if got := readAll(t, f); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestReadKeepsToItsLimitAndAlwaysMoves(t *testing.T) {
	f := newFolder(t)
	want := write(t, newWriter(t, f))
	r, err := f.Open(ref)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, limit := range []int{0, 1, 100, 1000, 70_000} {
		var got []task.Record
		for len(got) < len(want) {
			some, err := r.Read(int64(len(got)), limit)
			if err != nil || len(some) == 0 {
				t.Fatalf("limit %d: got %d records, %v", limit, len(some), err)
			}
			got = append(got, some...)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("limit %d: got %+v", limit, got)
		}
	}
}

func TestReadSeesWhatIsFlushedAndNothingElse(t *testing.T) {
	f := newFolder(t)
	w := newWriter(t, f)
	r, err := f.Open(ref)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i := range int64(5) {
		w.Output(at, task.Stdout, []byte("x"))
		if got, err := r.Read(i, 100); err != nil || len(got) != 0 {
			t.Fatalf("before the flush: %v, %v", got, err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if got, err := r.Read(i, 100); err != nil || len(got) != 1 || got[0].Sequence != i+1 {
			t.Fatalf("after the flush: %v, %v", got, err)
		}
	}
}

func TestASpoolIsCreatedOnceAndTakenOnce(t *testing.T) {
	f := newFolder(t)
	w := newWriter(t, f)
	if _, _, err := f.Create(header()); !errors.Is(err, fault.Conflict) {
		t.Errorf("created twice: %v", err)
	}
	if _, err := f.Reopen(ref); !errors.Is(err, fault.Conflict) {
		t.Errorf("reopened while it is kept: %v", err)
	}
	w.Started(at, 1)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	fd, err := open(f.file(ref), unix.O_RDWR|unix.O_APPEND)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if _, err := new(Writer).Take(fd); !errors.Is(err, fault.Conflict) {
		t.Errorf("taken although it was kept before: %v", err)
	}
}

func TestSettle(t *testing.T) {
	lost := func(Header) (task.ExitKind, string) { return task.ExitLost, "gone" }
	t.Run("leaves a spool that is kept", func(t *testing.T) {
		f := newFolder(t)
		newWriter(t, f)
		if s, err := f.Settle(ref, at, lost); s != Held || err != nil {
			t.Errorf("got %v, %v", s, err)
		}
	})
	t.Run("leaves a spool that has ended", func(t *testing.T) {
		f := newFolder(t)
		w := newWriter(t, f)
		want := write(t, w)
		w.Close()
		if s, err := f.Settle(ref, at, lost); s != Ended || err != nil {
			t.Errorf("got %v, %v", s, err)
		}
		if got := readAll(t, f); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("ends a spool without a keeper, and says what the header lets it", func(t *testing.T) {
		f := newFolder(t)
		w := newWriter(t, f)
		w.Output(at, task.Stdout, []byte("x"))
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		s, err := f.Settle(ref, at, func(h Header) (task.ExitKind, string) { return task.ExitLost, h.BootID + " " + h.Execution.Task })
		if s != Settled || err != nil {
			t.Fatalf("got %v, %v", s, err)
		}
		got := readAll(t, f)
		if len(got) != 2 || got[1].Exit == nil || *got[1].Exit != (task.Exit{Kind: task.ExitLost, Code: -1, Detail: "boot load"}) {
			t.Errorf("got %+v", got)
		}
		if s, err := f.Settle(ref, at, lost); s != Ended || err != nil {
			t.Errorf("again: got %v, %v", s, err)
		}
	})
	t.Run("of an attempt without a spool is not found", func(t *testing.T) {
		if _, err := newFolder(t).Settle(ref, at, lost); !errors.Is(err, fault.NotFound) {
			t.Errorf("got %v", err)
		}
	})
}

// TestEveryTornTailIsCut cuts a spool at each of its bytes, as a crash may, and expects the records before the cut and
// an exit of kind lost behind them.
func TestEveryTornTailIsCut(t *testing.T) {
	f := newFolder(t)
	w := newWriter(t, f)
	w.Started(at, 1)
	w.Output(at, task.Stdout, []byte("first"))
	w.Output(at, task.Stderr, []byte("second"))
	if err := errors.Join(w.Exit(at, task.Exit{Kind: task.ExitExited}), w.Commit()); err != nil {
		t.Fatal(err)
	}
	w.Close()
	whole, err := os.ReadFile(f.file(ref))
	if err != nil {
		t.Fatal(err)
	}
	want := readAll(t, f)
	for cut := range len(whole) {
		for _, junk := range []string{"", "\x00", strings.Repeat("\x00", 100), "junk that is longer than the head of a frame"} {
			if err := os.WriteFile(f.file(ref), append(whole[:cut:cut], junk...), 0o600); err != nil {
				t.Fatal(err)
			}
			before := readAll(t, f)
			if s, err := f.Settle(ref, at, func(Header) (task.ExitKind, string) { return task.ExitLost, "" }); s != Settled || err != nil {
				t.Fatalf("cut at %d: got %v, %v", cut, s, err)
			}
			after := readAll(t, f)
			n := len(after) - 1
			if n < 0 || after[n].Exit == nil || after[n].Exit.Kind != task.ExitLost || n > 3 {
				t.Fatalf("cut at %d: got %+v", cut, after)
			}
			if !reflect.DeepEqual(after[:n], want[:n]) || len(before) != n {
				t.Fatalf("cut at %d: got %+v, before it was settled %+v", cut, after, before)
			}
		}
	}
}

func TestADamagedByteEndsWhatIsRead(t *testing.T) {
	f := newFolder(t)
	w := newWriter(t, f)
	write(t, w)
	w.Close()
	whole, err := os.ReadFile(f.file(ref))
	if err != nil {
		t.Fatal(err)
	}
	_, first, err := decodeHeader(whole)
	if err != nil {
		t.Fatal(err)
	}
	whole[first+headSize+4+headSize+3] ^= 1 // In the output of the second record.
	if err := os.WriteFile(f.file(ref), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, f); len(got) != 1 {
		t.Errorf("got %+v", got)
	}
	if s, err := f.Settle(ref, at, nil); s != Ended || err != nil {
		t.Errorf("got %v, %v", s, err)
	}
	if s, err := f.Mend(ref, at, "damaged"); s != Settled || err != nil {
		t.Errorf("got %v, %v", s, err)
	}
	if got := readAll(t, f); len(got) != 2 || got[1].Exit == nil || got[1].Exit.Detail != "damaged" {
		t.Errorf("mended it has %+v", got)
	}
}

func TestAFailedWriteIsTakenBack(t *testing.T) {
	f := newFolder(t)
	w := newWriter(t, f)
	w.Output(at, task.Stdout, bytes.Repeat([]byte("x"), 1000))
	full := unix.Rlimit{Cur: uint64(w.size) + 500, Max: unix.RLIM_INFINITY}
	var old unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_FSIZE, &full, &old); err != nil {
		t.Skip(err)
	}
	err := w.Flush()
	if again := unix.Prlimit(0, unix.RLIMIT_FSIZE, &old, nil); again != nil {
		t.Fatal(again)
	}
	if err == nil {
		t.Fatal("a write over the limit succeeded")
	}
	if size, err := fileSize(w.fd); err != nil || size != w.size || w.Pending() == 0 {
		t.Errorf("the file has %d bytes, %v; want %d", size, err, w.size)
	}
	want := write(t, w)
	if got := readAll(t, f); len(got) != len(want)+1 {
		t.Errorf("got %d records", len(got))
	}
}

func TestFilesAreRecycledEmpty(t *testing.T) {
	f := newFolder(t)
	if err := f.Recycle(); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		w := newWriter(t, f)
		if got := readAll(t, f); len(got) != 0 {
			t.Fatalf("round %d begins with %+v", i, got)
		}
		write(t, w)
		w.Close()
		if err := f.Remove(ref); err != nil {
			t.Fatal(err)
		}
		if refs, err := f.Refs(); err != nil || len(refs) != 0 || len(f.free) != 1 {
			t.Fatalf("round %d leaves %v and %v, %v", i, refs, f.free, err)
		}
	}
	if err := f.Remove(ref); err != nil {
		t.Errorf("removed twice: %v", err)
	}
}

func TestASpoolThatLostItsNewNameIsFoundAgain(t *testing.T) {
	f := newFolder(t)
	w := newWriter(t, f)
	want := write(t, w)
	w.Close()
	free := filepath.Join(f.path, freeFolder)
	for name, text := range map[string]string{"8": magic, "9": "junk", "10": "", "odd": magic} {
		if err := os.WriteFile(filepath.Join(free, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(f.file(ref), filepath.Join(free, "7")); err != nil {
		t.Fatal(err)
	}
	if err := f.Recycle(); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, f); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	left, err := os.ReadDir(free)
	if err != nil || len(left) != 1 || left[0].Name() != "8" || len(f.free) != 1 {
		t.Errorf("free are %v, %v", left, err)
	}
}

func TestNames(t *testing.T) {
	for _, r := range []task.Ref{ref, {Run: "a-b_C9", Number: 12345}} {
		if got, ok := ParseName(Name(r)); !ok || got != r {
			t.Errorf("%v became %v", r, got)
		}
	}
	for _, name := range []string{"", "-1", "a", "a-", "a-0", "a-01", "a--1", "a-1x", "../x-1", "a/b-1", "a.b-1", strings.Repeat("x", 65) + "-1"} {
		if got, ok := ParseName(name); ok && Name(got) != name || ok && name != "a--1" {
			t.Errorf("%q was taken for %v", name, got)
		}
	}
}

func TestLargeHeaders(t *testing.T) {
	f := newFolder(t)
	h := header()
	h.Execution.Job = task.Job{Script: &task.Script{Text: strings.Repeat("x", task.MaxScript)}}
	fd, _, err := f.Create(h)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if got, err := new(Writer).Take(fd); err != nil || !reflect.DeepEqual(got, h) {
		t.Errorf("got %d bytes, %v", len(got.Execution.Job.Script.Text), err)
	}
	h.Execution.Ref.Number++
	h.Execution.Job.Script.Text = strings.Repeat("\x01", MaxHeader)
	if _, _, err := f.Create(h); !errors.Is(err, fault.TooLarge) {
		t.Errorf("got %v", err)
	}
}

// FuzzSpool settles files of any content: the reader must not fail on them, and what is settled must be a spool that
// reads up to an exit record, and stays as it is.
func FuzzSpool(f *testing.F) {
	folder := newFolder(f)
	write(f, newWriter(f, folder))
	whole, err := os.ReadFile(folder.file(ref))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole[:1000])
	f.Add(whole)
	f.Add([]byte(magic))
	f.Add([]byte{})
	f.Add(append(whole[:400:400], 0xff, 0xff, 0xff, 0xff))
	// In memory where there is such a folder: syncing takes longer than all else.
	dir, err := os.MkdirTemp("/dev/shm", "segno-fuzz-")
	if err != nil {
		dir = f.TempDir()
	}
	f.Cleanup(func() { os.RemoveAll(dir) })
	f.Fuzz(func(t *testing.T, data []byte) {
		folder, err := OpenFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer folder.Close()
		if err := os.WriteFile(folder.file(ref), data, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := folder.Open(ref)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = r.Read(0, 1<<20)
		r.Close()
		if s, err := folder.Settle(ref, at, func(Header) (task.ExitKind, string) { return task.ExitLost, "fuzzed" }); s == Held || err != nil {
			t.Fatalf("got %v, %v", s, err)
		}
		settled, err := os.ReadFile(folder.file(ref))
		if err != nil {
			t.Fatal(err)
		}
		if s, err := folder.Settle(ref, at, func(Header) (task.ExitKind, string) { return task.ExitLost, "again" }); s != Ended || err != nil {
			t.Fatalf("again: got %v, %v", s, err)
		}
		if again, err := os.ReadFile(folder.file(ref)); err != nil || !bytes.Equal(again, settled) {
			t.Error("settling twice changed it")
		}
	})
}

func BenchmarkWriter(b *testing.B) {
	f := newFolder(b)
	w := newWriter(b, f)
	line := []byte(strings.Repeat("x", 100))
	b.ReportAllocs()
	for b.Loop() {
		w.Output(at, task.Stdout, line)
		if w.Pending() > task.MaxOutputRecord {
			if err := w.Flush(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.SetBytes(int64(len(line)))
}

func ExampleName() {
	fmt.Println(Name(task.Ref{Run: "01J9", Number: 2}))
	// Output: 01J9-2
}
