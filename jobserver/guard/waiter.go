package guard

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// waiter waits for any of several descriptors to be readable. It parks the goroutine in the runtime's poller rather
// than its thread in poll(2): a thread that blocks in a system call keeps the runtime's monitor awake for milliseconds,
// which would cost a keeper more than all else that it does for a short job.
type waiter struct {
	epoll  int
	file   *os.File
	conn   syscall.RawConn
	events [16]unix.EpollEvent
	ready  int
	// timed is true while a deadline is set.
	timed bool
}

func newWaiter() (*waiter, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make epoll: %w", err)
	}
	w := &waiter{epoll: fd, file: os.NewFile(uintptr(fd), "epoll")}
	if w.conn, err = w.file.SyscallConn(); err != nil {
		w.file.Close()
		return nil, fmt.Errorf("make epoll: %w", err)
	}
	return w, nil
}

// add has wait look at a descriptor until it is closed or removed.
func (w *waiter) add(fd int) error {
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
	if err := unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
		return fmt.Errorf("watch descriptor: %w", err)
	}
	return nil
}

// remove has wait look at a descriptor no more; it may be one that was not added.
func (w *waiter) remove(fd int) {
	if fd >= 0 {
		_ = unix.EpollCtl(w.epoll, unix.EPOLL_CTL_DEL, fd, nil)
	}
}

// wait waits until a descriptor is readable or at its end, at most for the time given; a negative time is for ever. The
// events are valid until the next wait.
func (w *waiter) wait(timeout time.Duration) ([]unix.EpollEvent, error) {
	if timeout >= 0 {
		w.timed = true
		if err := w.file.SetReadDeadline(time.Now().Add(timeout)); err != nil {
			return nil, fmt.Errorf("wait: %w", err)
		}
	} else if w.timed {
		w.timed = false
		if err := w.file.SetReadDeadline(time.Time{}); err != nil {
			return nil, fmt.Errorf("wait: %w", err)
		}
	}
	w.ready = 0
	err := w.conn.Read(w.look)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, fmt.Errorf("wait: %w", err)
	}
	return w.events[:w.ready], nil
}

// look takes the events that are there.
func (w *waiter) look(uintptr) bool {
	err := retry(func() error {
		n, err := unix.EpollWait(w.epoll, w.events[:], 0)
		w.ready = max(n, 0)
		return err
	})
	return err != nil || w.ready > 0
}

// giveWay lets the processes run first that wait for the processor, and returns what is readable then, which may be
// nothing. Where no other waits it costs next to nothing.
func (w *waiter) giveWay() []unix.EpollEvent {
	_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	w.look(0)
	return w.events[:w.ready]
}

func (w *waiter) close() { w.file.Close() }
