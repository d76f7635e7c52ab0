package spool

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// Writer appends records to a spool. It gathers them in memory until [Writer.Flush]. Whoever has it holds the lock of
// the spool. A Writer is not safe for concurrent use.
type Writer struct {
	fd int
	// size is that of the whole frames in the file, next the sequence of the next record.
	size int64
	next int64
	// pending are frames that are not in the file yet.
	pending []byte
	ended   bool
}

// Take begins to write an open spool that has its header and nothing else, and returns the header. It takes the lock,
// unless fd has it already, and keeps fd; after an error fd is still the caller's. A Writer may take one spool after
// the other: its buffer is used again. A spool that has more than its header was kept before; it is refused with
// fault.Conflict.
func (w *Writer) Take(fd int) (Header, error) {
	if err := lock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return Header{}, err
	}
	h, size, file, err := readHeader(fd)
	if err != nil {
		return Header{}, fmt.Errorf("take spool: %w", err)
	}
	if file != int64(size) {
		return h, fmt.Errorf("take spool of %s: an attempt starts once: %w", Name(h.Execution.Ref), fault.Conflict)
	}
	*w = Writer{fd: fd, size: file, next: 1, pending: w.pending[:0]}
	return h, nil
}

// Started appends that the first process of the job exists.
func (w *Writer) Started(at time.Time, pid int) {
	start := w.begin()
	w.pending = binary.LittleEndian.AppendUint32(w.pending, uint32(pid))
	w.finish(start, kindStarted, at)
}

// Output appends data, which may be at most task.MaxOutputRecord long.
func (w *Writer) Output(at time.Time, stream task.Stream, data []byte) {
	n := copy(w.Room(), data)
	w.Filled(at, stream, n)
}

// Room returns a buffer of task.MaxOutputRecord bytes, to be filled and then appended with Filled.
func (w *Writer) Room() []byte {
	need := len(w.pending) + headSize + 1 + task.MaxOutputRecord
	if cap(w.pending) < need {
		grown := make([]byte, len(w.pending), need+headSize+task.MaxOutputRecord)
		copy(grown, w.pending)
		w.pending = grown
	}
	return w.pending[len(w.pending)+headSize+1 : need]
}

// Filled appends the first n bytes of what Room returned as output of stream.
func (w *Writer) Filled(at time.Time, stream task.Stream, n int) {
	start := len(w.pending)
	w.pending = w.pending[:start+headSize+1+n]
	w.pending[start+headSize] = byte(stream)
	w.finish(start, kindOutput, at)
}

// Progress appends how far the job says it is.
func (w *Writer) Progress(at time.Time, p task.Progress) error { return w.json(at, kindProgress, p) }

// Value appends an output value.
func (w *Writer) Value(at time.Time, v task.ValueRecord) error { return w.json(at, kindValue, v) }

// Checkpoint appends that the job made a checkpoint, whose content is at [Folder.Content].
func (w *Writer) Checkpoint(at time.Time, c task.Checkpoint) error {
	return w.json(at, kindCheckpoint, c)
}

// Exit appends the exit record. Nothing may be appended after it.
func (w *Writer) Exit(at time.Time, e task.Exit) error {
	text, err := encodeExit(e)
	if err != nil {
		return fmt.Errorf("write exit record: %w", err)
	}
	start := w.begin()
	w.pending = append(w.pending, text...)
	w.pending = binary.LittleEndian.AppendUint32(w.pending, uint32(headSize+len(text)+tailSize))
	w.pending = binary.LittleEndian.AppendUint32(w.pending, exitMark)
	w.finish(start, kindExit, at)
	w.ended = true
	return nil
}

func (w *Writer) json(at time.Time, k kind, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	start := w.begin()
	w.pending = append(w.pending, text...)
	w.finish(start, k, at)
	return nil
}

func (w *Writer) begin() int {
	var head [headSize]byte
	start := len(w.pending)
	w.pending = append(w.pending, head[:]...)
	return start
}

func (w *Writer) finish(start int, k kind, at time.Time) {
	seal(w.pending, start, k, w.next, at)
	w.next++
}

// Pending is how many bytes wait for Flush.
func (w *Writer) Pending() int { return len(w.pending) }

// Ended reports whether the exit was appended.
func (w *Writer) Ended() bool { return w.ended }

// Flush writes what is pending, so that readers see it and a crash of this process does not lose it. After an error,
// such as a full disk, the file is as before and all is still pending: Flush may be called again.
func (w *Writer) Flush() error {
	if len(w.pending) == 0 {
		return nil
	}
	if err := w.write(); err != nil {
		return err
	}
	w.size += int64(len(w.pending))
	w.pending = w.pending[:0]
	return nil
}

// Commit is Flush, and returns only once all of the spool is on stable storage. The same is true of its errors.
func (w *Writer) Commit() error {
	if err := w.write(); err != nil {
		return err
	}
	if err := retry(func() error { return unix.Fdatasync(w.fd) }); err != nil {
		return errors.Join(fmt.Errorf("sync spool: %w", err), w.cut())
	}
	w.size += int64(len(w.pending))
	w.pending = w.pending[:0]
	return nil
}

func (w *Writer) write() error {
	for rest := w.pending; len(rest) > 0; {
		n, err := unix.Write(w.fd, rest)
		switch {
		case err == unix.EINTR:
		case err == nil && n == 0:
			return errors.Join(io.ErrShortWrite, w.cut())
		case err != nil:
			return errors.Join(fmt.Errorf("write spool: %w", err), w.cut())
		default:
			rest = rest[n:]
		}
	}
	return nil
}

// cut takes back what a failed write left, so that the next try follows the last whole frame.
func (w *Writer) cut() error {
	if err := retry(func() error { return unix.Ftruncate(w.fd, w.size) }); err != nil {
		return fmt.Errorf("cut spool: %w", err)
	}
	return nil
}

// Close closes the file, and with it frees the lock. What is pending is lost.
func (w *Writer) Close() error { return unix.Close(w.fd) }
