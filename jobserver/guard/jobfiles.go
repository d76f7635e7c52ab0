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

// tree adds a file, or a folder with all that is in it.
func (w archiveWriter) tree(file, as string) error {
	info, err := os.Stat(file)
	if err != nil {
		return &fileError{err}
	}
	dir, base := filepath.Dir(file), filepath.Base(file)
	if info.IsDir() {
		dir, base = file, "."
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return &fileError{err}
	}
	defer root.Close()
	if !info.IsDir() {
		return w.jobFile(root, base, as)
	}
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return &fileError{fmt.Errorf("read %s: %w", file, err)}
		case d.IsDir():
			return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: filepath.Join(as, name) + "/", Mode: 0o700})
		}
		return w.jobFile(root, name, filepath.Join(as, name))
	})
}

// jobFile is file, with errors about the file marked as such.
func (w archiveWriter) jobFile(root *os.Root, name, as string) error {
	err := w.file(root, name, as)
	var path *fs.PathError
	if errors.As(err, &path) || errors.Is(err, io.EOF) {
		return &fileError{fmt.Errorf("%s: %w", as, err)}
	}
	return err
}
