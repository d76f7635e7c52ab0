package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

const (
	suffix     = ".spool"
	freeFolder = "free"
	// maxFree is how many recycled files are kept.
	maxFree = 128
	// maxRunID bounds the names of files.
	maxRunID = 64
)

// Folder is the folder in which a host keeps its spools. It is safe for concurrent use.
type Folder struct {
	path string
	dir  int

	mu sync.Mutex
	// free are names of recycled files in the folder free, made counts the names given. They hold the magic and nothing
	// else: a file that keeps its first block can be written again at a tenth of the cost of one that has none.
	free []string
	made int
}

// OpenFolder opens the folder at path and makes it where it does not exist.
func OpenFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(filepath.Join(path, freeFolder), 0o700); err != nil {
		return nil, fmt.Errorf("make folder of spools: %w", err)
	}
	dir, err := open(path, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, fmt.Errorf("open folder of spools: %w", err)
	}
	return &Folder{path: path, dir: dir}, nil
}

// Recycle lets Create use again what an earlier process left, and Remove keep files for it. Only one process may. A
// spool whose renaming a crash of the host took back is given its name again.
func (f *Folder) Recycle() error {
	left, err := os.ReadDir(filepath.Join(f.path, freeFolder))
	if err != nil {
		return fmt.Errorf("list recycled spools: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free = make([]string, 0, maxFree)
	for _, e := range left {
		name := filepath.Join(f.path, freeFolder, e.Name())
		reusable, err := f.rescue(name)
		if err != nil {
			return fmt.Errorf("look at recycled spool: %w", err)
		}
		n, err := strconv.Atoi(e.Name())
		if !reusable || err != nil || len(f.free) == maxFree {
			if err := unix.Unlink(name); err != nil && err != unix.ENOENT {
				return fmt.Errorf("remove recycled spool: %w", err)
			}
			continue
		}
		f.made = max(f.made, n)
		f.free = append(f.free, name)
	}
	return nil
}

// rescue gives a recycled file that holds a spool the name of that. It reports whether the file is as it should be.
func (f *Folder) rescue(name string) (bool, error) {
	fd, err := open(name, unix.O_RDONLY)
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	h, _, size, err := readHeader(fd)
	if err != nil || CheckRef(h.Execution.Ref) != nil {
		var begin [len(magic)]byte
		n, err := pread(fd, begin[:], 0)
		return size == int64(len(magic)) && string(begin[:n]) == magic, err
	}
	return false, renameNew(name, f.file(h.Execution.Ref))
}

// Close closes the folder; spools that are open stay so. Closing twice is harmless.
func (f *Folder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dir < 0 {
		return nil
	}
	dir := f.dir
	f.dir = -1
	return unix.Close(dir)
}

// Sync makes the names of all spools that were created before durable.
func (f *Folder) Sync() error {
	if err := retry(func() error { return unix.Fsync(f.dir) }); err != nil {
		return fmt.Errorf("sync folder of spools: %w", err)
	}
	return nil
}

// Name is the name that is made of ref: "<run>-<number>".
func Name(ref task.Ref) string { return string(ref.Run) + "-" + strconv.Itoa(ref.Number) }

// ParseName is the reverse of Name. It returns false for what Name cannot have made.
func ParseName(name string) (task.Ref, bool) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return task.Ref{}, false
	}
	n, err := strconv.Atoi(name[i+1:])
	ref := task.Ref{Run: task.RunID(name[:i]), Number: n}
	return ref, err == nil && CheckRef(ref) == nil && Name(ref) == name
}

// CheckRef returns an error of kind Invalid for a ref of which no file name can be made.
func CheckRef(ref task.Ref) error {
	if ref.Run == "" || len(ref.Run) > maxRunID {
		return fault.Field("ref.run", "must have 1 to %d characters", maxRunID)
	}
	for _, c := range []byte(ref.Run) {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return fault.Field("ref.run", "must consist of letters, digits, - and _")
		}
	}
	if ref.Number < 1 {
		return fault.Field("ref.number", "must be at least 1")
	}
	return nil
}

func (f *Folder) file(ref task.Ref) string { return f.path + "/" + Name(ref) + suffix }

// Refs lists the attempts that have a spool.
func (f *Folder) Refs() ([]task.Ref, error) {
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return nil, fmt.Errorf("list spools: %w", err)
	}
	var refs []task.Ref
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), suffix); ok {
			if ref, ok := ParseName(name); ok {
				refs = append(refs, ref)
			}
		}
	}
	return refs, nil
}

// Create makes a spool that holds h alone, locked, and returns its descriptor. Where it is fresh, it can be found after a
// crash of the host only after a Sync; a recycled file can in any case. Where the attempt has a spool already the error is
// fault.Conflict, where there is no room fault.Unavailable.
func (f *Folder) Create(h Header) (fd int, fresh bool, err error) {
	ref := h.Execution.Ref
	if err := CheckRef(ref); err != nil {
		return -1, false, err
	}
	head, err := encodeHeader(h)
	if err != nil {
		return -1, false, err
	}
	if len(head) > MaxHeader {
		return -1, false, fmt.Errorf("the job takes %d bytes, at most %d are allowed: %w", len(head), MaxHeader, fault.TooLarge)
	}
	if fd, fresh, err = f.place(f.file(ref)); err != nil {
		return -1, false, fmt.Errorf("create spool of %s: %w", Name(ref), err)
	}
	w := Writer{fd: fd, pending: head}
	if !fresh {
		w.size, w.pending = int64(len(magic)), head[len(magic):]
	}
	if err = lock(fd, unix.LOCK_EX); err == nil {
		err = w.Flush()
	}
	if err != nil {
		unix.Unlink(f.file(ref))
		unix.Close(fd)
		return -1, false, fmt.Errorf("create spool of %s: %w", Name(ref), room(err))
	}
	return fd, fresh, nil
}

// Reopen opens and locks a spool that holds nothing but its header, as Create left it. For one that holds more, or is
// locked, the error is fault.Conflict.
func (f *Folder) Reopen(ref task.Ref) (int, error) {
	fd, err := open(f.file(ref), unix.O_RDWR|unix.O_APPEND)
	if err != nil {
		return -1, fmt.Errorf("open spool of %s: %w", Name(ref), err)
	}
	if _, err := new(Writer).Take(fd); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// place opens a file under a name that nothing has yet, and reports whether it is a fresh one, and empty; a recycled one
// has the magic.
func (f *Folder) place(path string) (fd int, fresh bool, err error) {
	for {
		name, ok := f.takeFree()
		if !ok {
			break
		}
		err := renameNew(name, path)
		if err == nil {
			fd, err := open(path, unix.O_RDWR|unix.O_APPEND)
			return fd, false, err
		}
		if err == unix.EEXIST {
			f.giveFree(name)
			return -1, false, fmt.Errorf("it exists: %w", fault.Conflict)
		}
		// Filesystems that cannot rename so, and files that someone removed: a fresh file does.
	}
	fd, err = open(path, unix.O_CREAT|unix.O_EXCL|unix.O_RDWR|unix.O_APPEND)
	if err == unix.EEXIST {
		return -1, false, fmt.Errorf("it exists: %w", fault.Conflict)
	}
	return fd, true, room(err)
}

// renameNew renames a file to a name that nothing has yet; it returns unix.EEXIST where something does.
func renameNew(from, to string) error {
	return retry(func() error {
		return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	})
}

func (f *Folder) takeFree() (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.free) == 0 {
		return "", false
	}
	name := f.free[len(f.free)-1]
	f.free = f.free[:len(f.free)-1]
	return name, true
}

func (f *Folder) giveFree(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free = append(f.free, name)
}

// freeName returns a name for a file to recycle, and false where enough are kept.
func (f *Folder) freeName() (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.free == nil || len(f.free) >= maxFree {
		return "", false
	}
	f.made++
	return f.path + "/" + freeFolder + "/" + strconv.Itoa(f.made), true
}

// Remove removes the spool of an attempt, but not what lies beside it: see [Folder.RemoveBeside]. It is no error where
// there is none.
func (f *Folder) Remove(ref task.Ref) error {
	path := f.file(ref)
	if name, ok := f.freeName(); ok {
		// Cut before it is renamed: what is in the folder free holds no attempt.
		if unix.Truncate(path, int64(len(magic))) == nil && unix.Rename(path, name) == nil {
			f.giveFree(name)
			return nil
		}
	}
	if err := unix.Unlink(path); err != nil && err != unix.ENOENT {
		return fmt.Errorf("remove spool of %s: %w", Name(ref), err)
	}
	return nil
}

// Open opens the spool of an attempt for reading. Where there is none the error is fault.NotFound.
func (f *Folder) Open(ref task.Ref) (*Reader, error) {
	fd, err := open(f.file(ref), unix.O_RDONLY)
	if err == unix.ENOENT {
		return nil, fmt.Errorf("spool of %s: %w", Name(ref), fault.NotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("open spool of %s: %w", Name(ref), err)
	}
	return &Reader{fd: fd, next: 1}, nil
}

// Ended reports whether the spool of an attempt ends with its exit record. Where there is none the error is fault.NotFound.
func (f *Folder) Ended(ref task.Ref) (bool, error) {
	r, err := f.Open(ref)
	if err != nil {
		return false, err
	}
	defer r.Close()
	return ended(r.fd)
}

// room adds the kind Unavailable to an error that says that the disk is full.
func room(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("%w: %w", fault.Unavailable, err)
	}
	return err
}
