package guard

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/timerslack"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// scriptFile is the name of a script in the working directory of its attempt.
const scriptFile = ".segno-script"

// process is a started process of a job: the first of its group, and the reading ends of its output.
type process struct {
	pid int
	// fd is a descriptor of the process, readable once it has ended; -1 on kernels before 5.3.
	fd             int
	stdout, stderr int
}

// launcher starts processes for a keeper.
type launcher struct {
	env environment
	// null is /dev/null.
	null  int
	group *cgroup
	slack time.Duration
}

// command starts argv in dir as the user who, with the environment env, of which path is the PATH. The process has a
// group of its own in the session of the keeper, /dev/null as its input, and no descriptors but the three.
func (l *launcher) command(argv, env []string, path, dir string, who *Account) (process, error) {
	file, err := lookPath(argv[0], path, dir)
	if err != nil {
		return process{}, fmt.Errorf("exec %q: %w", argv[0], err)
	}
	var stdout, stderr [2]int
	if err := unix.Pipe2(stdout[:], unix.O_CLOEXEC); err != nil {
		return process{}, fmt.Errorf("make pipe: %w", err)
	}
	if err := unix.Pipe2(stderr[:], unix.O_CLOEXEC); err != nil {
		unix.Close(stdout[0])
		unix.Close(stdout[1])
		return process{}, fmt.Errorf("make pipe: %w", err)
	}
	p := process{fd: -1, stdout: stdout[0], stderr: stderr[0]}
	if who != nil {
		// So that the job may open /dev/stdout and /dev/stderr by name.
		unix.Fchown(stdout[1], int(who.UID), int(who.GID))
		unix.Fchown(stderr[1], int(who.UID), int(who.GID))
	}
	sys := &syscall.SysProcAttr{Setpgid: true, PidFD: &p.fd, Credential: who.credential()}
	if l.group != nil {
		sys.UseCgroupFD, sys.CgroupFD = true, l.group.fd
	}
	timerslack.During(l.slack, func() {
		p.pid, err = syscall.ForkExec(file, argv, &syscall.ProcAttr{
			Dir: dir, Env: env, Sys: sys,
			Files: []uintptr{uintptr(l.null), uintptr(stdout[1]), uintptr(stderr[1])},
		})
	})
	unix.Close(stdout[1])
	unix.Close(stderr[1])
	if err != nil {
		unix.Close(p.stdout)
		unix.Close(p.stderr)
		return process{}, fmt.Errorf("exec %q%s: %w", argv[0], who.words(), err)
	}
	// Only this end: a job that found its own output non-blocking would break.
	unix.SetNonblock(p.stdout, true)
	unix.SetNonblock(p.stderr, true)
	return p, nil
}

// step is one command of a job. Jobs that are not of steps have one without a name.
type step struct {
	name string
	argv []string
	// dir is where it works, if that is not the working directory, and env is added to the environment then.
	dir string
	env []string
	// keep are the patterns of the files that this step and those before it leave to later ones.
	keep []string
}

// stepsOf returns the commands of a job that works in dir as the user who, and writes its script there.
func stepsOf(j *task.Job, dir string, who *Account) ([]step, error) {
	switch {
	case j.Script != nil:
		file := filepath.Join(dir, scriptFile)
		if err := who.act(func() error { return writeScript(file, j.Script.Text) }); err != nil {
			return nil, err
		}
		interpreter := j.Script.Interpreter
		if len(interpreter) == 0 {
			interpreter = []string{"/bin/sh"}
		}
		return []step{{argv: append(slices.Clip(interpreter), file)}}, nil
	case j.Archive != nil:
		return nil, nil // Known once it is unpacked.
	case len(j.Steps) > 0:
		steps := make([]step, len(j.Steps))
		var keep []string
		for i, s := range j.Steps {
			keep = append(keep, s.Keep...)
			steps[i] = step{name: s.Name, argv: s.Command, keep: slices.Clip(keep)}
		}
		return steps, nil
	}
	return []step{{argv: j.Command}}, nil
}

// writeScript writes a script and makes it executable once it is whole.
func writeScript(file, text string) error {
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write script: %w", err)
	}
	if err := os.Chmod(file, 0o700); err != nil {
		return fmt.Errorf("write script: %w", err)
	}
	return nil
}

// workroom makes the working directories of a keeper's attempts. One that was left empty serves again: making and
// removing a directory costs ten times as much as renaming it.
type workroom struct {
	folder string
	spare  string
	kept   bool
}

// newWorkroom makes the spare directory at once, before an attempt waits for it. Where it cannot, open makes one.
func newWorkroom(folder, spare string) *workroom {
	return &workroom{folder: folder, spare: spare, kept: os.Mkdir(spare, 0o700) == nil}
}

// open makes the empty directory of an attempt, which belongs to the user who. What lies there already is removed.
func (w *workroom) open(ref task.Ref, who *Account) (string, error) {
	dir := w.folder + "/" + spool.Name(ref)
	if w.kept && who == nil {
		w.kept = false
		if unix.Rename(w.spare, dir) == nil {
			return dir, nil
		}
		os.Remove(w.spare)
	}
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, os.ErrExist) {
		if err = os.RemoveAll(dir); err == nil {
			err = os.Mkdir(dir, 0o700)
		}
	}
	if err == nil && who != nil {
		// No one else can put another in its place: the folder above belongs to the keeper's user.
		if err = os.Lchown(dir, int(who.UID), int(who.GID)); err == nil {
			err = who.reach(dir)
		}
	}
	if err != nil {
		return "", fmt.Errorf("make working directory: %w", err)
	}
	return dir, nil
}

// close takes the directory of an ended attempt back, if the job left nothing there.
func (w *workroom) close(dir string) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Mode&0o7777 != 0o700 || int(st.Uid) != os.Geteuid() {
		return
	}
	if empty(fd) && unix.Rename(dir, w.spare) == nil {
		w.kept = true
	}
}

// empty reports whether the folder has no entries besides . and .. in it.
func empty(dir int) bool {
	var buf [2048]byte
	n, err := unix.Getdents(dir, buf[:])
	if err != nil {
		return false
	}
	_, _, names := unix.ParseDirent(buf[:n], 1, nil)
	return len(names) == 0
}

// remove removes the spare directory.
func (w *workroom) remove() {
	if w.kept {
		os.Remove(w.spare)
	}
}

// helperFolder is the folder of the running program, to be found by jobs.
func helperFolder() string {
	exe, err := os.Executable()
	if err != nil {
		return ""
	}
	return filepath.Dir(strings.TrimSuffix(exe, " (deleted)"))
}
