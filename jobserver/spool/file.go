package spool

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
)

// retry repeats a system call that a signal interrupted.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// open opens a file as a descriptor. Plain descriptors spare the runtime's poller, which cannot wait for files anyway.
func open(path string, flags int) (int, error) {
	for {
		fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0o600)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// pread fills buf from offset as far as the file reaches.
func pread(fd int, buf []byte, offset int64) (int, error) {
	read := 0
	for read < len(buf) {
		n, err := unix.Pread(fd, buf[read:], offset+int64(read))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return read, err
		}
		if n == 0 {
			break
		}
		read += n
	}
	return read, nil
}

// lock takes the spool's lock. With LOCK_NB it returns fault.Conflict where another holds it.
func lock(fd, how int) error {
	err := retry(func() error { return unix.Flock(fd, how) })
	if err == unix.EWOULDBLOCK {
		return fmt.Errorf("lock spool: %w", fault.Conflict)
	}
	if err != nil {
		return fmt.Errorf("lock spool: %w", err)
	}
	return nil
}

func fileSize(fd int) (int64, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return 0, err
	}
	return st.Size, nil
}
