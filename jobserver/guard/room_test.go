package guard

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// newSmallHost is a host whose spools are on a filesystem of size bytes.
func newSmallHost(t *testing.T, size string) *host {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		if errors.Is(err, unix.EPERM) {
			t.Skip("mounting is not permitted here")
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	h := &host{t: t, data: dir}
	t.Cleanup(func() { h.close() })
	h.Client = connect(t, dir)
	return h
}

// fill takes all room of the host but left bytes, and returns what gives it back.
func (h *host) fill(left int) func() {
	h.t.Helper()
	file := filepath.Join(h.data, "ballast")
	f, err := os.Create(file)
	if err != nil {
		h.t.Fatal(err)
	}
	defer f.Close()
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &fs); err != nil {
		h.t.Fatal(err)
	}
	if err := unix.Fallocate(int(f.Fd()), 0, 0, int64(fs.Bavail)*int64(fs.Bsize)-int64(left)); err != nil {
		h.t.Fatal(err)
	}
	return func() {
		if err := os.Remove(file); err != nil {
			h.t.Fatal(err)
		}
	}
}

func TestAFullDiskHoldsTheJobUpAndLosesNothing(t *testing.T) {
	h := newSmallHost(t, "8m")
	gate := filepath.Join(t.TempDir(), "gate")
	// The data is not on the small disk, and its end shows that the job was held up and went on.
	ref := h.start(script(`echo up; while ! [ -e ` + gate + ` ]; do sleep 0.01; done; yes 0123456789abcde | head -c 3000000; echo end >&2`))
	h.waitFor(ref, "the job", func(r result) bool { return r.stdout == "up\n" })
	giveBack := h.fill(256 << 10)
	if h.Full() {
		t.Error("it is full before anything was written")
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h.await("the disk to be full", h.Full)
	r := h.read(ref)
	if r.exit != nil || len(r.stdout) == 0 || len(r.stdout) > 264<<10 || r.stderr != "" {
		t.Errorf("while it is full there are %d bytes, exit %+v", len(r.stdout), r.exit)
	}
	giveBack()
	r = h.wait(ref)
	want := "up\n" + strings.Repeat("0123456789abcde\n", 3000000/16)
	if r.stdout != want || r.stderr != "end\n" || r.exit.Code != 0 {
		t.Errorf("got %d bytes, want %d; exit %+v", len(r.stdout), len(want), r.exit)
	}
	h.await("the disk to have room", func() bool { return !h.Full() })
}

func TestAnExitIsWrittenOnceThereIsRoom(t *testing.T) {
	h := newSmallHost(t, "8m")
	gate := filepath.Join(t.TempDir(), "gate")
	ref := h.start(script(`echo up; while ! [ -e ` + gate + ` ]; do sleep 0.01; done; head -c 30000 /dev/zero; exit 3`))
	h.waitFor(ref, "the job", func(r result) bool { return r.stdout == "up\n" })
	giveBack := h.fill(0)
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h.await("the disk to be full", h.Full)
	if r := h.read(ref); r.exit != nil {
		t.Errorf("it ended with %+v", r.exit)
	}
	giveBack()
	if r := h.wait(ref); r.exit.Code != 3 || len(r.stdout) != 30003 {
		t.Errorf("got %d bytes, %+v", len(r.stdout), r.exit)
	}
}

func TestAJobOnAFullDiskCanBeStopped(t *testing.T) {
	h := newSmallHost(t, "8m")
	tag := newTag()
	ref := h.start(script(`sleep ` + tag + ` & echo up; exec yes`))
	h.await("the disk to be full", h.Full)
	h.stop(ref, task.ExitCancelled)
	h.await("its processes to be gone", func() bool { return len(sleepers(tag)) == 0 })
	if r := h.read(ref); r.exit != nil {
		t.Errorf("it ended with %+v", r.exit)
	}
}

func TestNothingIsStartedOnAFullDisk(t *testing.T) {
	h := newSmallHost(t, "4m")
	h.run(command(newRun(), "true"))
	giveBack := h.fill(0)
	x := command(newRun(), "true")
	if err := h.Start(t.Context(), x); !errors.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
	if !h.Full() {
		t.Error("it does not say that it is full")
	}
	giveBack()
	h.await("the disk to have room", func() bool { return !h.Full() })
	if r := h.run(x); r.exit.Code != 0 {
		t.Errorf("got %+v", r.exit)
	}
}
