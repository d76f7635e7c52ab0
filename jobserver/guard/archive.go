package guard

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// Limits of the archives that hold the content of checkpoints, besides task.MaxCheckpointSize.
const (
	maxArchiveEntries = 100_000
	maxArchiveName    = 1024
	maxArchiveDepth   = 64
)

// keptFolder is the folder of an archive that holds what the steps of a job leave to later ones. It is put back into the
// working directory, where all else is found in the folder of SEGNO_RESUME_DIR. No file of a job may be called so.
const keptFolder = ".segno/work"

// archiveReader reads an archive that a job or a conductor sent, and refuses what could lead out of the folder into which
// it is unpacked: absolute names, names with "..", links that lead out or through which others are reached, devices, and
// names that stand twice. Errors about its content are of kind fault.Invalid, or fault.TooLarge.
type archiveReader struct {
	*tar.Reader
	// seen holds the names so far, true for links.
	seen map[string]bool
	size int64
}

func newArchiveReader(r io.Reader) *archiveReader {
	return &archiveReader{Reader: tar.NewReader(r), seen: map[string]bool{}}
}

// next returns the next entry with its name made clean, or io.EOF.
func (r *archiveReader) next() (*tar.Header, error) {
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if err != nil {
			return nil, archiveError(err)
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if h.Typeflag == tar.TypeDir && path.Clean(h.Name) == "." {
			continue
		}
		return h, r.check(h)
	}
}

func (r *archiveReader) check(h *tar.Header) error {
	name := strings.TrimSuffix(h.Name, "/")
	switch {
	case len(r.seen) >= maxArchiveEntries:
		return fmt.Errorf("a checkpoint may have at most %d files: %w", maxArchiveEntries, fault.TooLarge)
	case name == "" || len(name) > maxArchiveName || strings.ContainsRune(name, 0):
		return fault.Field("file", "must have a name of 1 to %d bytes: %.40q", maxArchiveName, name)
	case !filepath.IsLocal(name) || hasDots(name):
		return fault.Field("file", "must lie below the working directory: %.200q", name)
	case strings.Count(name, "/") >= maxArchiveDepth:
		return fault.Field("file", "must lie at most %d folders deep: %.200q", maxArchiveDepth, name)
	}
	h.Name = path.Clean(name)
	for dir := path.Dir(h.Name); dir != "."; dir = path.Dir(dir) {
		if r.seen[dir] {
			return fault.Field("file", "must not be reached through a link: %.200q", h.Name)
		}
	}
	if link, twice := r.seen[h.Name]; twice && (link || h.Typeflag != tar.TypeDir) {
		return fault.Field("file", "stands twice: %.200q", h.Name)
	}
	r.seen[h.Name] = h.Typeflag == tar.TypeSymlink
	if r.size += max(0, h.Size); r.size > task.MaxCheckpointSize {
		return tooLarge()
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir:
		return nil
	case tar.TypeSymlink:
		return checkLink(h.Name, h.Linkname)
	}
	return fault.Field("file", "is neither a file, nor a folder, nor a symbolic link: %.200q", h.Name)
}

// checkLink refuses a link that leads out of the folder.
func checkLink(name, target string) error {
	if target == "" || path.IsAbs(target) || strings.ContainsRune(target, 0) || !filepath.IsLocal(path.Join(path.Dir(name), target)) {
		return fault.Field("file", "is a link that leads out of the working directory: %.200q", name)
	}
	return nil
}

func hasDots(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

func tooLarge() error {
	return fmt.Errorf("a checkpoint may have at most %s: %w", task.Bytes(task.MaxCheckpointSize), fault.TooLarge)
}

// archiveError gives an error of reading an archive its kind.
func archiveError(err error) error {
	if errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, tar.ErrInsecurePath) {
		return fmt.Errorf("its content is not a tar archive: %w: %w", fault.Invalid, err)
	}
	return err
}

// archiveWriter writes an archive of its own making: whatever it is given comes out as plain entries.
type archiveWriter struct {
	*tar.Writer
	ctx context.Context
}

// copyFrom copies the archive that a job sent. Nothing in it may lie in Segno's own folder.
func (w archiveWriter) copyFrom(body io.Reader) error {
	r := newArchiveReader(body)
	for {
		h, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Name == ".segno" || strings.HasPrefix(h.Name, ".segno/") {
			return fault.Field("file", "must not lie in .segno, which is Segno's own: %.200q", h.Name)
		}
		if err := w.entry(h, h.Name, r); err != nil {
			return archiveError(err)
		}
	}
}

// entry writes one entry under a name, with the content from r for a file.
func (w archiveWriter) entry(h *tar.Header, name string, r io.Reader) error {
	out := &tar.Header{Typeflag: h.Typeflag, Name: name, Linkname: h.Linkname, Mode: h.Mode & 0o777, ModTime: h.ModTime}
	if h.Typeflag == tar.TypeReg {
		out.Size = h.Size
	}
	if err := w.WriteHeader(out); err != nil {
		return fmt.Errorf("archive %.200q: %w", name, err)
	}
	if out.Size == 0 {
		return nil
	}
	if _, err := io.CopyN(w, contextReader{w.ctx, r}, out.Size); err != nil {
		return fmt.Errorf("archive %.200q: %w", name, err)
	}
	return nil
}

// keep adds the files below dir that match any of the patterns, or lie in a folder that does, in the folder for them.
// Links that lead out, devices, and what is Segno's own are left out.
func (w archiveWriter) keep(dir string, patterns []string) error {
	if len(patterns) == 0 {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open working directory: %w", err)
	}
	defer root.Close()
	entries := 0
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read working directory: %w", err)
		case name == ".":
			return nil
		case strings.HasPrefix(name, ".segno"):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !matches(name, patterns) || d.IsDir() {
			return w.ctx.Err()
		}
		if entries++; entries > maxArchiveEntries {
			return fmt.Errorf("a checkpoint may have at most %d files: %w", maxArchiveEntries, fault.TooLarge)
		}
		return w.file(root, name, keptFolder+"/"+name)
	})
}

// matches reports whether a pattern matches the name, or a folder on its way.
func matches(name string, patterns []string) bool {
	for ; name != "."; name = path.Dir(name) {
		for _, p := range patterns {
			if ok, err := path.Match(path.Clean(p), name); ok && err == nil {
				return true
			}
		}
	}
	return false
}

// file adds a file or a link below root under another name.
func (w archiveWriter) file(root *os.Root, name, as string) error {
	info, err := root.Lstat(name)
	if err != nil {
		return fmt.Errorf("read %q: %w", name, err)
	}
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		target, err := root.Readlink(name)
		if err != nil || checkLink(name, target) != nil {
			return nil //nolint:nilerr // It leads out, and is no use elsewhere.
		}
		return w.entry(&tar.Header{Typeflag: tar.TypeSymlink, Linkname: target, ModTime: info.ModTime()}, as, nil)
	case !mode.IsRegular():
		return nil
	}
	f, err := root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("read %q: %w", name, err)
	}
	defer f.Close()
	h := &tar.Header{Typeflag: tar.TypeReg, Mode: int64(info.Mode().Perm()), Size: info.Size(), ModTime: info.ModTime()}
	return w.entry(h, as, f)
}

// unpackArchive unpacks the content of a checkpoint: the kept files of steps below work, all else below files. Both exist
// and nothing leads out of them. What stands in the archive must not exist.
func unpackArchive(ctx context.Context, content io.Reader, work, files string) error {
	workRoot, err := os.OpenRoot(work)
	if err != nil {
		return err
	}
	defer workRoot.Close()
	filesRoot, err := os.OpenRoot(files)
	if err != nil {
		return err
	}
	defer filesRoot.Close()
	r := newArchiveReader(contextReader{ctx, content})
	for {
		h, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		root, name := filesRoot, h.Name
		if rest, ok := strings.CutPrefix(name, keptFolder+"/"); ok {
			root, name = workRoot, rest
			if strings.HasPrefix(name, ".segno") {
				return fault.Field("file", "must not be Segno's own: %.200q", name)
			}
			if h.Typeflag == tar.TypeSymlink {
				if err := checkLink(name, h.Linkname); err != nil {
					return err
				}
			}
		}
		if err := unpackEntry(root, name, h, r); err != nil {
			return fmt.Errorf("unpack %.200q: %w", h.Name, err)
		}
	}
}

func unpackEntry(root *os.Root, name string, h *tar.Header, r io.Reader) error {
	mode := fs.FileMode(h.Mode & 0o777)
	if h.Typeflag == tar.TypeDir {
		return root.MkdirAll(name, 0o700)
	}
	if dir := path.Dir(name); dir != "." {
		if err := root.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if h.Typeflag == tar.TypeSymlink {
		return root.Symlink(h.Linkname, name)
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode|0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, r)
	if err == nil && n != h.Size {
		err = io.ErrUnexpectedEOF
	}
	return errors.Join(archiveError(err), f.Close())
}

// contextReader reads until ctx ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
