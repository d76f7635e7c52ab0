package guard

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// readyFD is the descriptor on which a detached guard says that it is ready, or why it is not.
	readyFD = 3
	readyOK = "ok"
	// readyWithin is how long a guard may take to begin.
	readyWithin = 10 * time.Second
	// maxLog is the size at which the log of a guard is begun anew.
	maxLog = 1 << 20
)

// selfPath is the running program, also where its file was replaced meanwhile.
const selfPath = "/proc/self/exe"

// startSelf starts the running program with other arguments and descriptors, in a folder that is always there.
func startSelf(args []string, fds []int, sys *syscall.SysProcAttr) (int, error) {
	files := make([]uintptr, len(fds))
	for i, fd := range fds {
		files[i] = uintptr(fd)
	}
	argv := append([]string{filepath.Base(os.Args[0])}, args...)
	return syscall.ForkExec(selfPath, argv, &syscall.ProcAttr{Dir: "/", Env: inheritedEnv(), Files: files, Sys: sys})
}

// Detach starts a guard as a process of its own, in a session of its own, that outlives this one. It returns once the
// guard is ready, or with the reason why it is not. What the guard logs goes to guard.log in the data folder.
func Detach(o Options) error {
	p, err := openPlace(o.Data)
	if err != nil {
		return fmt.Errorf("start guard: %w", err)
	}
	logFile, err := openLog(p.log())
	if err != nil {
		return fmt.Errorf("start guard: %w", err)
	}
	defer logFile.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("start guard: %w", err)
	}
	defer null.Close()
	ready, tell, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start guard: %w", err)
	}
	defer ready.Close()
	args := []string{"guard", "--data", p.data, "--cgroup", o.Cgroup, "--linger", o.Linger.String(), "--ready"}
	_, err = startSelf(args, []int{int(null.Fd()), int(logFile.Fd()), int(logFile.Fd()), int(tell.Fd())},
		&syscall.SysProcAttr{Setsid: true})
	tell.Close()
	if err != nil {
		return fmt.Errorf("start guard: %w", err)
	}
	return awaitReady(ready)
}

func awaitReady(ready *os.File) error {
	if err := ready.SetReadDeadline(time.Now().Add(readyWithin)); err != nil {
		return fmt.Errorf("start guard: %w", err)
	}
	word, err := io.ReadAll(io.LimitReader(ready, maxMessage))
	switch {
	case string(word) == readyOK:
		return nil
	case err != nil:
		return fmt.Errorf("start guard: %w", err)
	case len(word) == 0:
		return errors.New("start guard: it ended at once; guard.log in the data folder may say why")
	}
	return errors.New("start guard: " + string(word))
}

// openLog opens the log of a guard, and begins it anew where it has grown large.
func openLog(path string) (*os.File, error) {
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		flags |= os.O_TRUNC
	}
	return os.OpenFile(path, flags, 0o600)
}

// ServeDetached is Serve for the process that Detach started: it says on the descriptor that it got whether it is ready.
func ServeDetached(o Options) error {
	told := false
	tell := func(word string) {
		if !told {
			told = true
			_, _ = unix.Write(readyFD, []byte(word))
			unix.Close(readyFD)
		}
	}
	o.Ready = func() { tell(readyOK) }
	err := Serve(o)
	if err != nil {
		tell(err.Error())
	}
	return err
}
