package spool

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/task"
)

// Reader reads the records of a spool, also while another process writes it. It is not safe for concurrent use.
type Reader struct {
	fd int
	// offset is where the record with sequence next begins, or will begin. It is 0 before the header was read.
	offset int64
	next   int64
	exited bool
}

// Read returns the records after the given sequence, as many as fit into about limit bytes and at least one; none
// where there are no more yet. The records share memory with one another alone.
func (r *Reader) Read(after int64, limit int) ([]task.Record, error) {
	if after+1 < r.next {
		r.offset, r.exited = 0, false
	}
	if r.offset == 0 {
		if err := r.skipHeader(); err != nil {
			if errors.Is(err, errTorn) {
				return nil, nil
			}
			return nil, err
		}
	}
	for {
		buf, err := r.chunk(limit)
		if err != nil || len(buf) == 0 {
			return nil, err
		}
		records, n, err := r.parse(buf, after, limit)
		if err != nil || len(records) > 0 || n == 0 {
			return records, err
		}
	}
}

// chunk reads what follows offset: as much as is there, up to about limit bytes and at least one whole frame.
func (r *Reader) chunk(limit int) ([]byte, error) {
	size, err := fileSize(r.fd)
	if err != nil {
		return nil, fmt.Errorf("read spool: %w", err)
	}
	want := min(size-r.offset, int64(max(limit, 0)+headSize+1+task.MaxOutputRecord))
	if want < headSize {
		return nil, nil
	}
	buf := make([]byte, want)
	n, err := pread(r.fd, buf, r.offset)
	if err != nil {
		return nil, fmt.Errorf("read spool: %w", err)
	}
	return buf[:n], nil
}

// parse takes records from buf, which was read at offset, and moves offset over them. It returns how many bytes it moved.
func (r *Reader) parse(buf []byte, after int64, limit int) ([]task.Record, int, error) {
	var records []task.Record
	done := 0
	for {
		f, err := decode(buf[done:])
		if err != nil || f.sequence != r.next {
			return records, done, nil
		}
		if f.sequence > after {
			if len(records) > 0 && done+f.size > limit {
				return records, done, nil
			}
			rec, err := f.record()
			if err != nil {
				return records, done, fmt.Errorf("read record %d of spool: %w", f.sequence, err)
			}
			records = append(records, rec)
		}
		done += f.size
		r.offset += int64(f.size)
		r.next++
		r.exited = f.kind == kindExit
	}
}

func (r *Reader) skipHeader() error {
	var head [len(magic) + headSize]byte
	n, err := pread(r.fd, head[:], 0)
	if err != nil {
		return fmt.Errorf("read spool: %w", err)
	}
	size, ok := wholeHeader(head[:n])
	if !ok || string(head[:len(magic)]) != magic {
		return errTorn
	}
	r.offset, r.next = int64(size), 1
	return nil
}

// Exited reports whether Read has come to the exit record.
func (r *Reader) Exited() bool { return r.exited }

// Close closes the file.
func (r *Reader) Close() error { return unix.Close(r.fd) }

// ended reports whether the file ends with an exit record. It looks at the end of the file only.
func ended(fd int) (bool, error) {
	size, err := fileSize(fd)
	if err != nil || size < int64(len(magic)+2*headSize+tailSize) {
		return false, err
	}
	var tail [tailSize]byte
	if n, err := pread(fd, tail[:], size-tailSize); err != nil || n < tailSize {
		return false, err
	}
	length := int64(binary.LittleEndian.Uint32(tail[:]))
	if binary.LittleEndian.Uint32(tail[4:]) != exitMark || length < headSize+tailSize || length > size || length > MaxHeader {
		return false, nil
	}
	buf := make([]byte, length)
	n, err := pread(fd, buf, size-length)
	if err != nil {
		return false, err
	}
	f, err := decode(buf[:n])
	return err == nil && f.size == len(buf) && f.kind == kindExit, nil
}
