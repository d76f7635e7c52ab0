package guard

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/task"
)

// version is that of the messages. A client refuses a guard of another one.
const version = 1

// maxMessage is the most bytes of one message.
const maxMessage = 4 << 10

// order is what a client tells a guard or a keeper.
type order struct {
	// Do is one of the do… words.
	Do     string        `json:"do"`
	Run    task.RunID    `json:"run,omitempty"`
	Number int           `json:"number,omitempty"`
	Kind   task.ExitKind `json:"kind,omitempty"`
	// Sequence and Refused are those of doValidate.
	Sequence int    `json:"sequence,omitempty"`
	Refused  string `json:"refused,omitempty"`
}

const (
	// doSpawn asks a guard for one more keeper.
	doSpawn = "spawn"
	// doSettle asks a guard to say when it has cleared up behind every keeper that has ended by now.
	doSettle = "settle"
	// doStart hands a keeper the spool that comes along as a descriptor.
	doStart = "start"
	// doStop has a keeper stop its attempt.
	doStop = "stop"
	// doLook has a keeper look at the lease on disk, because its deadline was moved to an earlier one.
	doLook = "look"
	// doValidate tells a keeper what became of a checkpoint.
	doValidate = "validate"
	// doLeave has a keeper that keeps nothing leave.
	doLeave = "leave"
)

// notice is what a guard or a keeper tells a client.
type notice struct {
	// Is is one of the is… words.
	Is     string     `json:"is"`
	Run    task.RunID `json:"run,omitempty"`
	Number int        `json:"number,omitempty"`
	PID    int        `json:"pid,omitempty"`
	// Version and Guard are set in isGuard, Full in isHere, Error in isUnable and isRefused. Guard is empty from a guard
	// that knows nothing of doSettle.
	Version int    `json:"version,omitempty"`
	Guard   string `json:"guard,omitempty"`
	Full    bool   `json:"full,omitempty"`
	Error   string `json:"error,omitempty"`
	// RunsAs is set in isGuard by a guard whose keepers run jobs as other users where they are told to.
	RunsAs bool `json:"runs_as,omitempty"`
	// Unkillable may be set in isHere and isUnkillable; Beside in isEnded, where files may lie beside the spool.
	Unkillable bool `json:"unkillable,omitempty"`
	Beside     bool `json:"beside,omitempty"`
}

const (
	// isGuard is a guard's first word, isListed follows its keepers.
	isGuard  = "guard"
	isListed = "listed"
	// isSettled answers doSettle.
	isSettled = "settled"
	// isKeeper names a keeper that is ready, isGone one that has left and whose processes are gone, with the attempt that
	// it had taken, if any.
	isKeeper = "keeper"
	isGone   = "gone"
	// isUnable says that a keeper could not be started.
	isUnable = "unable"
	// isHere is a keeper's first word, with the attempt that it keeps, if any.
	isHere = "here"
	// isGrown and isEnded tell of the spool, isRefused that it could not be taken.
	isGrown   = "grown"
	isEnded   = "ended"
	isRefused = "refused"
	// isUnkillable says whether processes of the attempt outlive SIGKILL.
	isUnkillable = "unkillable"
	// isFull and isRoom tell whether there is room for the spool.
	isFull = "full"
	isRoom = "room"
)

func (n notice) ref() task.Ref { return task.Ref{Run: n.Run, Number: n.Number} }
func (o order) ref() task.Ref  { return task.Ref{Run: o.Run, Number: o.Number} }

// isLeased is what a keeper tells its guard that keeps an attempt with a lease.
const isLeased = "leased"

// Guard and keepers are small loops around a waiter on plain descriptors; sockets are of type SOCK_SEQPACKET, so that
// one message is one packet.

// listen makes a listening socket at path, which may have been used before.
func listen(path string) (int, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, fmt.Errorf("make socket: %w", err)
	}
	if err := unix.Unlink(path); err != nil && err != unix.ENOENT {
		unix.Close(fd)
		return -1, fmt.Errorf("remove old socket %s: %w", path, err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("bind socket %s: %w", path, err)
	}
	if err := unix.Listen(fd, 16); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("listen on %s: %w", path, err)
	}
	return fd, nil
}

// accept takes one waiting connection, or returns -1.
func accept(listener int) int {
	fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
	if err != nil {
		return -1
	}
	return fd
}

// send sends one message. It does not wait: a peer that does not read for so long that its buffer is full is given up.
func send(fd int, m message) error {
	text, err := m.text()
	if err != nil {
		return err
	}
	return retry(func() error {
		_, err := unix.SendmsgN(fd, text, nil, nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
		return err
	})
}

var errClosed = errors.New("connection closed")

// receive reads one message without waiting, and the descriptor that came with it, or -1. It returns unix.EAGAIN where
// there is none, and errClosed at the end.
func receive(fd int, buf []byte, m message) (int, error) {
	var oob [64]byte
	for {
		n, oobn, flags, _, err := unix.Recvmsg(fd, buf, oob[:], unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return -1, err
		}
		passed := passedDescriptor(oob[:oobn])
		switch {
		case n == 0:
			err = errClosed
		case flags&unix.MSG_TRUNC != 0:
			err = fmt.Errorf("message of more than %d bytes", len(buf))
		default:
			err = m.read(buf[:n])
		}
		if err != nil && passed >= 0 {
			unix.Close(passed)
			passed = -1
		}
		return passed, err
	}
}

// passedDescriptor returns the first descriptor in a control message and closes any others.
func passedDescriptor(oob []byte) int {
	if len(oob) == 0 {
		return -1
	}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return -1
	}
	first := -1
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue
		}
		for _, fd := range fds {
			if first < 0 {
				first = fd
			} else {
				unix.Close(fd)
			}
		}
	}
	return first
}

// retry repeats a system call that a signal interrupted.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// closeFD closes a descriptor and sets it to -1; it may be -1 already.
func closeFD(fd *int) {
	if *fd >= 0 {
		unix.Close(*fd)
		*fd = -1
	}
}
