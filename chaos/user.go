package chaos

import (
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/segno-jobs/segno/internal/systemtest"
)

// otherUser is the user as whom job servers may run jobs besides their own.
const otherUser = "nobody"

// asOther returns the probe as one that runs as another user, and lets that user reach the probe's program, what probes
// write, and the disks of the hosts. The test is skipped where no process can run as another user.
func (w *world) asOther(p probe) probe {
	w.t.Helper()
	found, err := user.Lookup(otherUser)
	if err != nil {
		w.t.Skip(err)
	}
	uid, err := strconv.Atoi(found.Uid)
	if err != nil {
		w.t.Fatal(err)
	}
	try := exec.Command("true")
	try.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	if err := try.Run(); err != nil {
		w.t.Skipf("no process can run as %s here: %v", otherUser, err)
	}
	p.UID, p.Program = uid, filepath.Join(w.Dir, "probe")
	program, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := os.ReadFile(program)
	if err == nil {
		err = os.WriteFile(p.Program, text, 0o600)
	}
	open := map[string]os.FileMode{
		filepath.Dir(w.Dir): 0o711, w.Dir: 0o711, w.truth: 0o777, p.Program: 0o755, systemtest.Programs(w.t): 0o711,
	}
	for _, h := range w.servers {
		open[h.dir] = 0o711
	}
	for path, mode := range open {
		err = errors.Join(err, os.Chmod(path, mode))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}
