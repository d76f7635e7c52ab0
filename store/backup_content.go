package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
)

// maxBackupTries is how often a backup begins anew because a checkpoint or an archive was removed before its content was secured.
const maxBackupTries = 5

// heldPrefix begins the names of folders in a content folder in which a backup holds on to files by second names. What
// a backup leaves there that was killed goes when the store is opened.
const heldPrefix = ".backup-"

// storedContent is a content that a database counts as whole.
type storedContent struct {
	Name   string
	Size   int64
	SHA256 string
}

// contentsIn lists the whole contents of a SQLite database that nobody writes to. One of an older version has none.
func contentsIn(ctx context.Context, file string) ([]storedContent, error) {
	db, err := openSQLite(dataSource(file, "mode", "ro", "immutable", "1"), 1)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var tables []string
	const known = `SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('content', 'archive_content') ORDER BY name`
	if err := db.SelectContext(ctx, &tables, known); err != nil {
		return nil, err
	}
	var all []storedContent
	for _, table := range tables {
		var some []storedContent
		if err := db.SelectContext(ctx, &some, `SELECT name, size, sha256 FROM `+table+` WHERE whole = 1 ORDER BY name`); err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// heldContent is a content folder whose files cannot be pruned away from a backup: each has a second name in held, if
// that is not empty.
type heldContent struct{ folder, held string }

// holdContent gives each finished file in the folder a second name. Where the file system cannot do that, the files are
// read under their own names, and a backup may have to begin anew.
func holdContent(folder string) (heldContent, error) {
	h := heldContent{folder: folder, held: filepath.Join(folder, heldPrefix+rand.Text())}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // It was pruned, or there is no content at all.
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), heldPrefix):
			return fs.SkipDir
		case d.IsDir() || strings.HasSuffix(path, partEnding):
			return nil
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		second := filepath.Join(h.held, name)
		if err := os.MkdirAll(filepath.Dir(second), 0o700); err != nil {
			return err
		}
		_ = os.Link(path, second)
		return nil
	})
	return h, err
}

func (h heldContent) release() { _ = os.RemoveAll(h.held) }

// open opens the file of a content, under its second name or its own.
func (h heldContent) open(name string) (*os.File, error) {
	if h.held != "" {
		f, err := os.Open(filepath.Join(h.held, name))
		if !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return os.Open(filepath.Join(h.folder, name))
}

// copyTo copies the contents into a new folder, checks them, and brings them to disk. Nothing is made where there are
// none. The error is of kind NotFound where a file is missing, Invalid where one is damaged.
func (h heldContent) copyTo(ctx context.Context, all []storedContent, folder string) error {
	folders := map[string]bool{}
	for _, c := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := filepath.Join(folder, c.Name)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		if err := h.copyOne(c, to); err != nil {
			return fmt.Errorf("copy the content %s: %w", c.Name, err)
		}
		folders[filepath.Dir(to)], folders[folder] = true, true
	}
	for f := range folders {
		if err := syncFile(f); err != nil {
			return err
		}
	}
	return nil
}

func (h heldContent) copyOne(c storedContent, to string) error {
	in, err := h.open(c.Name)
	if err != nil {
		return missingFile(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), in)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if n != c.Size || hex.EncodeToString(sum.Sum(nil)) != c.SHA256 {
		return fmt.Errorf("the file is damaged: %w", fault.Invalid)
	}
	return nil
}
