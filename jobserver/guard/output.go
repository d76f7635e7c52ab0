package guard

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/task"
)

// drainLimit is the most that is read of a pipe whose writers are gone: more than a pipe can hold. Where another
// process has got hold of the pipe, what it writes is not waited for.
const drainLimit = 2 << 20

// read takes what is in a pipe of the job, up to one record.
func (k *keeper) read(fd *int, stream task.Stream) {
	if n := k.readOnce(fd, stream); n > 0 && k.attempt.spool.Pending() >= task.MaxOutputRecord {
		k.flush(sinceBoot())
	} else if n > 0 {
		k.attempt.flushBy(sinceBoot() + flushDelay)
	}
}

// readOnce reads once, appends what the limit allows, and returns how many bytes there were. It closes a pipe that is at
// its end and returns 0 for it, and -1 for one that is empty.
func (k *keeper) readOnce(fd *int, stream task.Stream) int {
	a := k.attempt
	if *fd < 0 {
		return 0
	}
	room := a.spool.Room()
	var n int
	err := retry(func() (err error) { n, err = unix.Read(*fd, room); return err })
	switch {
	case err == unix.EAGAIN:
		return -1
	case err != nil || n == 0:
		closeFD(fd)
		return 0
	}
	keep, cutHere := a.output.take(n)
	if keep > 0 {
		a.spool.Filled(time.Now(), stream, keep)
	}
	if cutHere {
		a.mark("output cut here: limit of %s reached", task.Bytes(a.output.limit))
	}
	return n
}

// drain reads what the ended processes of the step left in the pipes. It returns false where the disk has no room for
// it; then it is to be called again.
func (k *keeper) drain() bool {
	a := k.attempt
	for _, pipe := range []struct {
		fd     *int
		stream task.Stream
	}{{&a.leader.stdout, task.Stdout}, {&a.leader.stderr, task.Stderr}} {
		for total := 0; *pipe.fd >= 0 && total < drainLimit; {
			if k.full {
				return false
			}
			n := k.readOnce(pipe.fd, pipe.stream)
			if n <= 0 {
				break
			}
			total += n
			if a.spool.Pending() >= task.MaxOutputRecord {
				k.flush(sinceBoot())
			}
		}
	}
	return true
}
