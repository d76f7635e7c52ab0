package guard

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/internal/fault"
)

// fileError is an error about a file that a job wants in a checkpoint.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// archiveFiles writes an archive of files and folders to body. Errors about the files are of type *fileError.
func archiveFiles(ctx context.Context, body io.Writer, files []string) error {
	w := archiveWriter{Writer: tar.NewWriter(body), ctx: ctx}
	from := map[string]string{}
	for _, file := range files {
		name, err := archiveName(file)
		if err != nil {
			return &fileError{err}
		}
		if other, twice := from[name]; twice {
			return &fileError{fault.Field("file", "%q and %q would both be %q in the checkpoint", other, file, name)}
		}
		from[name] = file
		if err := w.tree(file, name); err != nil {
			return err
		}
	}
	return w.Close()
}

// archiveName is the name of a job's file in a checkpoint.
func archiveName(file string) (string, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	if name, err := filepath.Rel(here, abs); err == nil && filepath.IsLocal(name) && name != "." {
		return name, nil
	}
	name := filepath.Base(abs)
	if name == "/" || name == "." {
		return "", fault.Field("file", "cannot be all of the file system: %q", file)
	}
	return name, nil
}

// tree adds a file, which may be named by a link, or a folder with all that is in it.
func (w archiveWriter) tree(file, as string) error {
	info, err := os.Stat(file)
	if err != nil {
		return &fileError{err}
	}
	if !info.IsDir() {
		return w.named(file, as)
	}
	root, err := os.OpenRoot(file)
	if err != nil {
		return &fileError{err}
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return &fileError{fmt.Errorf("read %s: %w", file, err)}
		case d.IsDir():
			return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: filepath.Join(as, name) + "/", Mode: 0o700})
		case d.Type()&fs.ModeSymlink != 0:
			if target, err := root.Readlink(name); err != nil || archive.CheckLink(name, target) != nil {
				return &fileError{fault.Field("file", "is a link that leads out of %s: %q", file, name)}
			}
		case !d.Type().IsRegular():
			return &fileError{fault.Field("file", "is neither a file, nor a folder, nor a symbolic link: %q", filepath.Join(file, name))}
		}
		return unreadable(as, w.file(root, name, filepath.Join(as, name)))
	})
}

// named adds a file that the job named.
func (w archiveWriter) named(file, as string) error {
	f, err := os.Open(file)
	if err != nil {
		return &fileError{err}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return &fileError{err}
	}
	if !info.Mode().IsRegular() {
		return &fileError{fault.Field("file", "is neither a file nor a folder: %q", file)}
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Mode: int64(info.Mode().Perm()), Size: info.Size(), ModTime: info.ModTime()}
	return unreadable(as, w.entry(h, as, f))
}

// unreadable marks errors about the file itself as such.
func unreadable(as string, err error) error {
	if path := new(fs.PathError); errors.As(err, &path) || errors.Is(err, io.EOF) {
		return &fileError{fmt.Errorf("%s: %w", as, err)}
	}
	return err
}
