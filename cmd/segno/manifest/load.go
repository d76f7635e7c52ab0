package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Load reads files, and the *.yaml and *.yml files in folders and the folders below them, hidden ones left out. The
// path "-" stands for stdin. The documents come back in the order in which they can be applied.
func Load(stdin io.Reader, paths ...string) ([]Document, error) {
	var docs []Document
	var errs []error
	for _, path := range paths {
		more, err := loadPath(stdin, path)
		docs = append(docs, more...)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, fmt.Errorf("there are no documents in %s", strings.Join(paths, ", "))
	}
	return docs, Sort(docs)
}

func loadPath(stdin io.Reader, path string) ([]Document, error) {
	if path == "-" {
		return loadFile(stdin, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read what to apply: %w", err)
	}
	if !info.IsDir() {
		return loadFile(stdin, path)
	}
	files, err := yamlFiles(path)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there are no .yaml or .yml files in %s", path)
	}
	var docs []Document
	var errs []error
	for _, file := range files {
		more, err := loadFile(stdin, file)
		docs = append(docs, more...)
		errs = append(errs, err)
	}
	return docs, errors.Join(errs...)
}

func loadFile(stdin io.Reader, path string) ([]Document, error) {
	name, r, err := open(stdin, path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return Parse(name, r)
}

// open opens a file, or stdin for the path "-", and returns the name that it has in errors.
func open(stdin io.Reader, path string) (name string, r io.ReadCloser, err error) {
	if path == "-" {
		return "stdin", io.NopCloser(stdin), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", nil, fmt.Errorf("read what to apply: %w", err)
	}
	return path, f, nil
}

func yamlFiles(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(entry.Name(), ".") && path != dir
		switch {
		case hidden && entry.IsDir():
			return filepath.SkipDir
		case hidden || entry.IsDir():
			return nil
		}
		if ext := filepath.Ext(path); ext == ".yaml" || ext == ".yml" {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for files to apply: %w", err)
	}
	slices.Sort(files)
	return files, nil
}
