package watch

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// File is a file as a look has found it.
type File struct {
	Path    string
	Size    int64
	ModTime time.Time
	// Changed is when the file system last changed anything about the file, moving it included.
	Changed time.Time
	// Inode and Born tell the file from another one that had the same path. Born is zero where the file system has it not.
	Inode uint64
	Born  time.Time
}

// Listing is what one look into a folder has found.
type Listing struct {
	// Files are the matching ones, ordered by path.
	Files []File
	// Complete is true where nothing that matches was left out.
	Complete bool
	// Problem is why not, or why the folder cannot be read at all.
	Problem string
}

// scan is one look into a folder.
type scan struct {
	trigger task.FileTrigger
	listing Listing
	entries int
}

// Scan looks into the folder of a trigger. Links to files count as the files that they lead to; links to folders are not
// followed, and neither are folders whose name begins with a dot.
func Scan(trigger task.FileTrigger) Listing {
	s := scan{trigger: trigger, listing: Listing{Complete: true}}
	s.folder(trigger.Path, 0)
	slices.SortFunc(s.listing.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return s.listing
}

// miss notes that something was left out. The first problem stays.
func (s *scan) miss(problem string) {
	s.listing.Complete = false
	if s.listing.Problem == "" {
		s.listing.Problem = strings.ToValidUTF8(problem, "?")
	}
}

// batch is how many names are read at once.
const batch = 512

func (s *scan) folder(path string, depth int) {
	dir, err := os.Open(path)
	if err != nil {
		if depth == 0 || !errors.Is(err, fs.ErrNotExist) { // a folder below may go at any time
			s.miss(err.Error())
		}
		return
	}
	defer dir.Close()
	var below []string
	for {
		entries, err := dir.ReadDir(batch)
		for _, e := range entries {
			if !s.room() {
				return
			}
			name := filepath.Join(path, e.Name())
			if e.IsDir() {
				if depth < s.trigger.Depth && !strings.HasPrefix(e.Name(), ".") {
					below = append(below, name)
				}
				continue
			}
			s.file(name, e.Name())
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.miss(err.Error())
			break
		}
	}
	for _, folder := range below {
		if !utf8.ValidString(folder) {
			s.miss(fmt.Sprintf("the name of the folder %q is not UTF-8", folder))
			continue
		}
		s.folder(folder, depth+1)
	}
}

// room reports whether another name may be looked at.
func (s *scan) room() bool {
	s.entries++
	switch {
	case s.entries > jobserver.MaxWatchedEntries:
		s.miss(fmt.Sprintf("more than %d files and folders are there; not all of them are looked at", jobserver.MaxWatchedEntries))
		return false
	case len(s.listing.Files) >= jobserver.MaxWatchedFiles:
		s.miss(fmt.Sprintf("%d files match; no more of them are looked at", jobserver.MaxWatchedFiles))
		return false
	}
	return true
}

func (s *scan) file(path, name string) {
	if !utf8.ValidString(name) {
		s.listing.Problem = cmp.Or(s.listing.Problem, fmt.Sprintf("the name of the file %q is not UTF-8; it is passed over", path))
		return
	}
	if !s.trigger.MatchesName(name) {
		return
	}
	file, regular, err := stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist): // it went meanwhile, or is a link to nothing
	case err != nil:
		s.miss(fmt.Sprintf("look at %s: %v", path, err))
	case regular:
		s.listing.Files = append(s.listing.Files, file)
	}
}

// stat asks the file system for what is known of a file. Hosts whose kernel has no statx answer without the time of birth.
func stat(path string) (f File, regular bool, err error) {
	var x unix.Statx_t
	err = again(func() error {
		return unix.Statx(unix.AT_FDCWD, path, unix.AT_STATX_SYNC_AS_STAT, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &x)
	})
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		return oldStat(path)
	}
	if err != nil {
		return File{}, false, err
	}
	f = File{Path: path, Size: int64(x.Size), Inode: x.Ino, ModTime: at(x.Mtime), Changed: at(x.Ctime)}
	if x.Mask&unix.STATX_BTIME != 0 {
		f.Born = at(x.Btime)
	}
	return f, x.Mode&unix.S_IFMT == unix.S_IFREG, nil
}

func oldStat(path string) (f File, regular bool, err error) {
	var st unix.Stat_t
	if err := again(func() error { return unix.Stat(path, &st) }); err != nil {
		return File{}, false, err
	}
	return File{
		Path: path, Size: st.Size, Inode: st.Ino,
		ModTime: time.Unix(st.Mtim.Unix()).UTC(), Changed: time.Unix(st.Ctim.Unix()).UTC(),
	}, st.Mode&unix.S_IFMT == unix.S_IFREG, nil
}

func at(t unix.StatxTimestamp) time.Time { return time.Unix(t.Sec, int64(t.Nsec)).UTC() }

// again repeats a system call that a signal has interrupted.
func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
