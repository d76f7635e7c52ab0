package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
)

// contentEnding is added to the name of a SQLite database for the folder with its content.
const contentEnding = "-content"

// partEnding marks a file of which not everything was received.
const partEnding = ".part"

// contentFiles keeps contents as files in a folder. A file has its plain name only once it is whole and on disk.
type contentFiles struct {
	root *os.Root
	// whole returns the names of the contents that are whole.
	whole func(context.Context) ([]string, error)
}

func openContentFiles(folder string, whole func(context.Context) ([]string, error)) (*contentFiles, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, explainFile("make the folder for content", err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, explainFile("open the folder for content", err)
	}
	return &contentFiles{root: root, whole: whole}, nil
}

func (c *contentFiles) close() error { return c.root.Close() }

func (c *contentFiles) received(_ context.Context, name string) (int64, error) {
	info, err := c.root.Stat(name + partEnding)
	if errors.Is(err, fs.ErrNotExist) {
		// Sealed, and the row was not committed.
		if info, err = c.root.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return 0, nil
		}
	}
	if err != nil {
		return 0, explainFile("look at content", err)
	}
	return info.Size(), nil
}

func (c *contentFiles) add(_ context.Context, name string, offset int64, data []byte) error {
	if err := c.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return explainFile("store content", err)
	}
	f, err := c.root.OpenFile(name+partEnding, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return explainFile("store content", err)
	}
	_, err = f.WriteAt(data, offset)
	if err != nil {
		// The part that was written is not counted.
		err = errors.Join(err, f.Truncate(offset))
	}
	return explainFile("store content", errors.Join(err, f.Close()))
}

func (c *contentFiles) read(_ context.Context, name string, _ int64) (io.ReadSeekCloser, error) {
	for _, file := range []string{name + partEnding, name} {
		f, err := c.root.Open(file)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, explainFile("read content", err)
		}
	}
	return nothing{strings.NewReader("")}, nil
}

// nothing is content of no bytes.
type nothing struct{ *strings.Reader }

func (nothing) Close() error { return nil }

func (c *contentFiles) seal(ctx context.Context, name string) error {
	part := name + partEnding
	if _, err := c.root.Stat(part); errors.Is(err, fs.ErrNotExist) {
		if _, err := c.root.Stat(name); err == nil {
			return c.sync(path.Dir(name))
		}
		if err := c.add(ctx, name, 0, nil); err != nil { // Content of no bytes.
			return err
		}
	}
	if err := c.sync(part); err != nil {
		return err
	}
	if err := c.root.Rename(part, name); err != nil {
		return explainFile("store content", err)
	}
	// The folder of the run may be as new as the file.
	for _, folder := range []string{path.Dir(name), "."} {
		if err := c.sync(folder); err != nil {
			return err
		}
	}
	return nil
}

// sync brings a file, or a folder's list of names, to disk.
func (c *contentFiles) sync(name string) error {
	f, err := c.root.Open(name)
	if err != nil {
		return explainFile("bring content to disk", err)
	}
	return explainFile("bring content to disk", errors.Join(f.Sync(), f.Close()))
}

func (c *contentFiles) open(_ context.Context, name string, size int64) (io.ReadSeekCloser, error) {
	f, err := c.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("its file is missing in %s: %w", c.root.Name(), fault.NotFound)
	}
	if err != nil {
		return nil, explainFile("open content", err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != size {
		_ = f.Close()
		return nil, fmt.Errorf("its file in %s is damaged: it does not have %d bytes", c.root.Name(), size)
	}
	return f, nil
}

func (c *contentFiles) remove(names []string) error {
	var errs []error
	for _, name := range names {
		for _, file := range []string{name + partEnding, name} {
			if err := c.root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, explainFile("remove content", err))
			}
		}
		_ = c.root.Remove(path.Dir(name)) // It goes with its last file; with others left, it stays.
	}
	return errors.Join(errs...)
}

// sweep removes files that are not those of whole contents, and folders that are empty then. What was received of a
// content that is not whole goes, and is sent again: after a crash its bytes may not be what was received.
func (c *contentFiles) sweep(ctx context.Context) error {
	names, err := c.whole(ctx)
	if err != nil {
		return err
	}
	whole := make(map[string]bool, len(names))
	for _, name := range names {
		whole[name] = true
	}
	var orphans, folders []string
	err = fs.WalkDir(c.root.FS(), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != ".":
			folders = append(folders, file)
		case !d.IsDir() && !whole[file]:
			orphans = append(orphans, file)
		}
		return nil
	})
	if err != nil {
		return explainFile("look through the content", err)
	}
	for _, file := range orphans {
		if err := c.root.Remove(file); err != nil {
			return explainFile("remove content", err)
		}
	}
	for _, folder := range folders {
		_ = c.root.Remove(folder) // One with files stays.
	}
	return nil
}

// explainFile gives an error of the file system its kind; nil stays nil.
func explainFile(doing string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", doing, err)
	for _, full := range []error{unix.ENOSPC, unix.EDQUOT} {
		if errors.Is(err, full) {
			return &kinded{fault.Unavailable, "the disk under the content is full", err}
		}
	}
	for _, broken := range []error{unix.EIO, unix.EROFS, unix.EMFILE, unix.ENFILE, unix.EACCES, unix.EPERM} {
		if errors.Is(err, broken) {
			return &kinded{fault.Unavailable, "the content cannot be read or written: " + err.Error(), err}
		}
	}
	return err
}
