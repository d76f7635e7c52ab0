package spool

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// A file of a lease is one line:
//
//	segno-lease <boot id> <deadline> <grace> <held> <CRC-32C of what precedes it>
//
// with times in nanoseconds, padded so that its length never changes. It is written in place: a reader takes what does
// not add up for a write under way and looks again. It is not synced, since it says nothing any more once the host was
// down; who is killed loses nothing of what was written.
const (
	leaseFormat = "segno-lease %-36.36s %020d %020d %d"
	leaseSize   = 11 + 1 + 36 + 1 + 20 + 1 + 20 + 1 + 1 + 1 + 8 + 1
	// leaseLooks is how often a reader looks again.
	leaseLooks = 20
)

// WriteLease writes the lease of an attempt beside its spool, for the present boot of the host. The lease is in force when
// it returns: whoever reads it from then on finds it or a later one. Where there is no room the error is fault.Unavailable.
func (f *Folder) WriteLease(ref task.Ref, boot string, l jobserver.Lease) error {
	held := 0
	if l.Held {
		held = 1
	}
	if boot == "" {
		boot = "-"
	}
	line := fmt.Sprintf(leaseFormat, boot, max(0, l.Deadline), max(0, l.Grace), held)
	line += fmt.Sprintf(" %08x\n", crc32.Checksum([]byte(line), castagnoli))
	fd, err := open(f.leaseFile(ref), unix.O_CREAT|unix.O_WRONLY)
	if err != nil {
		return fmt.Errorf("write lease of %s: %w", Name(ref), room(err))
	}
	defer unix.Close(fd)
	var n int
	err = retry(func() (err error) { n, err = unix.Pwrite(fd, []byte(line), 0); return err })
	if err == nil && n != len(line) {
		err = unix.ENOSPC
	}
	if err != nil {
		return fmt.Errorf("write lease of %s: %w", Name(ref), room(err))
	}
	return nil
}

// ReadLease reads the lease of an attempt. Where it has none, or one of another boot of the host, the error is
// fault.NotFound.
func (f *Folder) ReadLease(ref task.Ref, boot string) (jobserver.Lease, error) {
	fd, err := open(f.leaseFile(ref), unix.O_RDONLY)
	if errors.Is(err, unix.ENOENT) {
		return jobserver.Lease{}, fmt.Errorf("lease of %s: %w", Name(ref), fault.NotFound)
	}
	if err != nil {
		return jobserver.Lease{}, fmt.Errorf("read lease of %s: %w", Name(ref), err)
	}
	defer unix.Close(fd)
	for range leaseLooks {
		var buf [leaseSize + 1]byte
		var n int
		if n, err = pread(fd, buf[:], 0); err != nil {
			break
		}
		var l jobserver.Lease
		var of string
		if l, of, err = parseLease(string(buf[:n])); err == nil {
			if boot != "" && of != boot && of != "-" {
				return jobserver.Lease{}, fmt.Errorf("lease of %s is of another boot: %w", Name(ref), fault.NotFound)
			}
			return l, nil
		}
		time.Sleep(50 * time.Microsecond)
	}
	return jobserver.Lease{}, fmt.Errorf("read lease of %s: %w", Name(ref), err)
}

func parseLease(line string) (l jobserver.Lease, boot string, err error) {
	if len(line) != leaseSize {
		return l, "", fmt.Errorf("it has %d bytes instead of %d", len(line), leaseSize)
	}
	text, rest := line[:leaseSize-10], line[leaseSize-10:]
	if rest != fmt.Sprintf(" %08x\n", crc32.Checksum([]byte(text), castagnoli)) {
		return l, "", errTorn
	}
	var held int
	if _, err := fmt.Sscanf(text, "segno-lease %s %d %d %d", &boot, &l.Deadline, &l.Grace, &held); err != nil {
		return l, "", err
	}
	l.Held = held == 1
	return l, strings.TrimSpace(boot), nil
}

func (f *Folder) leaseFile(ref task.Ref) string { return f.path + "/" + Name(ref) + leaseSuffix }
