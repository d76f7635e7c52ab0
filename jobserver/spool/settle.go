package spool

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// State is what Settle found.
type State int

// The states of a spool.
const (
	// Held spools are locked: someone keeps the attempt.
	Held State = iota
	// Ended spools had an exit record already.
	Ended
	// Settled spools had lost their keeper and have an exit record now.
	Settled
)

// Settle sees to it that the spool of an attempt that nobody keeps ends with an exit record. Where it has none, the
// torn tail is cut off, and an exit without code is appended and synced, of the kind and with the detail that end says of
// the header; the header is empty where it was damaged. end is called while the lock is held, so it may also clear up what
// the attempt left. Where there is no spool the error is fault.NotFound.
func (f *Folder) Settle(ref task.Ref, now time.Time, end func(Header) (task.ExitKind, string)) (State, error) {
	return f.settle(ref, now, end, true)
}

// Mend does the same for a spool that has an exit record which cannot be read, for damage before it. What is behind the
// damage is cut off, and the exit is of kind lost.
func (f *Folder) Mend(ref task.Ref, now time.Time, detail string) (State, error) {
	return f.settle(ref, now, func(Header) (task.ExitKind, string) { return task.ExitLost, detail }, false)
}

// settle is Settle; only if quick, a look at the end of the file is enough to see that the attempt has ended.
func (f *Folder) settle(ref task.Ref, now time.Time, end func(Header) (task.ExitKind, string), quick bool) (State, error) {
	fd, err := f.seize(ref)
	if errors.Is(err, fault.Conflict) {
		return Held, nil
	}
	if err != nil {
		return Held, fmt.Errorf("settle: %w", err)
	}
	defer unix.Close(fd)
	if quick {
		if done, err := ended(fd); done || err != nil {
			return Ended, err
		}
	}
	w, h, err := restore(fd, ref, now)
	if err != nil {
		return Held, fmt.Errorf("settle spool of %s: %w", Name(ref), err)
	}
	if !w.ended {
		kind, detail := end(h)
		err = w.Exit(now, task.Exit{Kind: kind, Code: -1, Detail: detail})
	}
	if err == nil {
		err = w.Commit()
	}
	if err != nil {
		return Held, fmt.Errorf("settle spool of %s: %w", Name(ref), room(err))
	}
	return Settled, nil
}

// Abandoned reports whether the spool of an attempt has no exit record and nobody keeps it.
func (f *Folder) Abandoned(ref task.Ref) bool {
	fd, err := f.seize(ref)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	done, err := ended(fd)
	return !done && err == nil
}

// RemoveUnbegun removes the spool of an attempt that nobody keeps, if nothing of it ever began: it has no record, and
// unbegun says so of its header, or not even that was written. It reports whether it has removed one; what lies beside it
// stays. A spool that is kept, or does not exist, is left alone without an error.
func (f *Folder) RemoveUnbegun(ref task.Ref, unbegun func(Header) bool) (bool, error) {
	fd, err := f.seize(ref)
	if errors.Is(err, fault.Conflict) || errors.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	h, headed, size, err := readHeader(fd)
	bare := err == nil && size == int64(headed) && unbegun(h)
	if !bare && size > int64(len(magic)) {
		return false, nil
	}
	if err := f.Remove(ref); err != nil {
		return false, err
	}
	return true, nil
}

// seize opens and locks the spool of an attempt. Where someone keeps it the error is fault.Conflict, where there is none
// fault.NotFound.
func (f *Folder) seize(ref task.Ref) (int, error) {
	fd, err := open(f.file(ref), unix.O_RDWR|unix.O_APPEND)
	if err == unix.ENOENT {
		return -1, fmt.Errorf("spool of %s: %w", Name(ref), fault.NotFound)
	}
	if err == nil {
		if err = lock(fd, unix.LOCK_EX|unix.LOCK_NB); err == nil {
			return fd, nil
		}
		unix.Close(fd)
	}
	return -1, fmt.Errorf("open spool of %s: %w", Name(ref), err)
}

// restore cuts the file behind its last whole record, and returns a Writer that goes on there. A spool without a
// readable header gets a new one that names the attempt and nothing else.
func restore(fd int, ref task.Ref, now time.Time) (*Writer, Header, error) {
	w := &Writer{fd: fd, next: 1}
	h, headed, size, err := readHeader(fd)
	if err != nil {
		h = Header{CreatedAt: now}
		h.Execution.Ref = ref
		if w.pending, err = encodeHeader(h); err != nil {
			return nil, h, err
		}
		return w, Header{}, w.cut()
	}
	w.size = int64(headed)
	if err := w.scan(size); err != nil {
		return nil, h, err
	}
	return w, h, w.cut()
}

// scan moves size and next over all whole frames.
func (w *Writer) scan(size int64) error {
	buf := make([]byte, min(size-w.size, 1<<20))
	for !w.ended {
		n, err := pread(w.fd, buf, w.size)
		if err != nil {
			return err
		}
		moved := w.pass(buf[:n])
		if moved == 0 {
			whole, ok := frameSize(buf[:n])
			if !ok || whole <= len(buf) || w.size+int64(whole) > size {
				return nil
			}
			buf = make([]byte, whole)
		}
	}
	return nil
}

// pass moves over the whole frames in buf, which was read at size, and returns their length.
func (w *Writer) pass(buf []byte) int {
	done := 0
	for !w.ended {
		f, err := decode(buf[done:])
		if err != nil || f.sequence != w.next {
			break
		}
		if _, err := f.record(); err != nil {
			break
		}
		w.ended = f.kind == kindExit
		done += f.size
		w.size += int64(f.size)
		w.next++
	}
	return done
}
