package guard

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// trace traces a process, which then cannot be waited for by its parent once it was killed, until release is closed.
func trace(pid int, attached chan<- error, release <-chan struct{}, released chan<- struct{}) {
	runtime.LockOSThread()
	defer close(released)
	err := unix.PtraceSeize(pid)
	attached <- err
	if err != nil {
		return
	}
	<-release
	// The tracer's own wait lets the parent have it.
	var status unix.WaitStatus
	_, _ = unix.Wait4(pid, &status, unix.WALL, nil)
}
