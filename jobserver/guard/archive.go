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
	"strings"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// maxArchiveEntries bounds the archives that hold the content of checkpoints, besides task.MaxCheckpointSize.
const maxArchiveEntries = 100_000

// keptFolder is the folder of an archive that holds what the steps of a job leave to later ones. It is put back into the
// working directory, where all else is found in the folder of SEGNO_RESUME_DIR. No file of a job may be called so.
const keptFolder = ".segno/work"

// archiveReader reads the tar archive of a checkpoint that a job or a conductor sent, by the rules of [archive.Checker].
// Errors about its content are of kind fault.Invalid, or fault.TooLarge.
type archiveReader struct {
	*tar.Reader
	checker *archive.Checker
}

func newArchiveReader(r io.Reader) *archiveReader {
	rules := archive.Rules{Of: "a checkpoint", Entries: maxArchiveEntries, Size: task.MaxCheckpointSize}
	return &archiveReader{Reader: tar.NewReader(r), checker: archive.NewChecker(rules)}
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

func (r *archiveReader) check(h *tar.Header) (err error) {
	var kind archive.Kind
	switch h.Typeflag {
	case tar.TypeReg:
		kind = archive.File
	case tar.TypeDir:
		kind = archive.Folder
	case tar.TypeSymlink:
		kind = archive.Link
	}
	h.Name, err = r.checker.Check(h.Name, kind, h.Linkname, h.Size)
	return err
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
		if err != nil || archive.CheckLink(name, target) != nil {
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
				if err := archive.CheckLink(name, h.Linkname); err != nil {
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
