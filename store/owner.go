package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
)

// ownerLock is held by the one process that writes to a SQLite file. The kernel lets go of it when the process ends,
// however it ends, and holds it while the process is stopped.
type ownerLock struct{ file *os.File }

// lockOwner takes the lock of a database file, and returns fault.Conflict, naming the holder, where another process
// (or another store in this one) has it. It never waits. The folder of the file is made if it is missing.
func lockOwner(database string) (*ownerLock, error) {
	if err := os.MkdirAll(filepath.Dir(database), 0o750); err != nil {
		return nil, fmt.Errorf("make the folder of the database: %w", err)
	}
	path := database + ".lock"
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the database: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		holder := describeHolder(f)
		_ = f.Close()
		return nil, fmt.Errorf("%s is held by %s: %w", database, holder, fault.Conflict)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	// What is written only helps to tell who holds the lock, so a full disk is no reason to refuse it.
	_ = f.Truncate(0)
	_, _ = f.WriteAt(fmt.Appendf(nil, "%d %s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339)), 0)
	return &ownerLock{file: f}, nil
}

// release lets go of the lock. The file stays: removing it would let two processes lock two files of the same name.
func (l *ownerLock) release() error {
	_ = l.file.Truncate(0)
	return l.file.Close()
}

// describeHolder says which process wrote itself into the lock.
func describeHolder(f *os.File) string {
	buf := make([]byte, 100)
	n, _ := f.ReadAt(buf, 0)
	pidText, since, _ := strings.Cut(strings.TrimSpace(string(buf[:n])), " ")
	pid, err := strconv.Atoi(pidText)
	if err != nil {
		return "another process"
	}
	holder := "process " + pidText
	if cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && len(cmdline) > 0 {
		command := strings.ReplaceAll(strings.TrimRight(string(cmdline), "\x00"), "\x00", " ")
		holder += " (" + cut(command, 300) + ")"
	}
	if since != "" {
		holder += ", which opened it at " + since
	}
	return holder
}
