package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/segno-jobs/segno/internal/fault"
)

// Restore puts a backup, with the content of its checkpoints and archives, in the place of the SQLite database at url. It refuses while
// a process has the database open, a backup that is damaged, not all there or no Segno database, and one with a schema
// newer than this program. What is replaced is kept beside it, with the ending .before-restore (or .before-restore-2 and
// so on), and its content with that ending and -content.
func Restore(ctx context.Context, backup, url string) error {
	place, err := onlySQLite(url)
	if err != nil {
		return err
	}
	lock, err := lockOwner(place.file)
	if err != nil {
		return fmt.Errorf("restore the database: %w", err)
	}
	defer func() { _ = lock.release() }()
	if err := checkBackup(ctx, backup); err != nil {
		return fmt.Errorf("restore from %s: %w", backup, classify(err))
	}
	parts, err := os.MkdirTemp(filepath.Dir(place.file), ".segno-restore-*")
	if err != nil {
		return fmt.Errorf("restore from %s: %w", backup, err)
	}
	defer func() { _ = os.RemoveAll(parts) }()
	part := filepath.Join(parts, "restored")
	if err := copyBackup(ctx, backup, part); err != nil {
		return fmt.Errorf("restore from %s: %w", backup, err)
	}
	if err := setAside(place.file); err != nil {
		return fmt.Errorf("keep the database that is replaced: %w", err)
	}
	for _, ending := range []string{contentEnding, ""} {
		if !exists(part + ending) {
			continue
		}
		if err := publish(part+ending, place.file+ending); err != nil {
			return fmt.Errorf("restore from %s: %w", backup, err)
		}
	}
	return nil
}

// copyBackup copies a backup with its content.
func copyBackup(ctx context.Context, backup, to string) error {
	if err := copyFile(backup, to); err != nil {
		return err
	}
	contents, err := contentsIn(ctx, to)
	if err != nil {
		return err
	}
	return heldContent{folder: backup + contentEnding}.copyTo(ctx, contents, to+contentEnding)
}

// checkBackup returns an error unless the file is a whole Segno database that this program can use.
func checkBackup(ctx context.Context, file string) error {
	if _, err := os.Stat(file); err != nil {
		return missingFile(err)
	}
	db, err := openSQLite(dataSource(file, "mode", "ro", "immutable", "1"), 1)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := integrity(ctx, db); err != nil {
		return fmt.Errorf("%w: %w", err, fault.Invalid)
	}
	var version int
	const newest = `SELECT COALESCE(max(version_id), 0) FROM goose_db_version WHERE is_applied`
	if err := db.GetContext(ctx, &version, newest); err != nil || version == 0 {
		return fmt.Errorf("it is no database of Segno: %w", fault.Invalid)
	}
	m, err := newMigrator(sqlite, db)
	if err != nil {
		return err
	}
	return m.refuseNewer(version)
}

// copyFile copies a file and brings the copy to disk.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// setAside gives the database and its log a second name, and then takes the log's first one away: the database that comes
// into the place must not be taken together with a log that is not its own. At every moment one of the two names has
// both files, whole; neither is opened, since it may be damaged. The content of checkpoints is renamed.
func setAside(file string) error {
	if !exists(file) && !exists(file+contentEnding) {
		return nil
	}
	aside := file + ".before-restore"
	for i := 2; exists(aside) || exists(aside+"-wal") || exists(aside+contentEnding); i++ {
		aside = file + ".before-restore-" + strconv.Itoa(i)
	}
	for _, ending := range []string{"-wal", ""} {
		if err := os.Link(file+ending, aside+ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(file+contentEnding, aside+contentEnding); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := syncFile(filepath.Dir(file)); err != nil {
		return err
	}
	for _, ending := range []string{"-wal", "-shm", ""} {
		if err := os.Remove(file + ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncFile(filepath.Dir(file))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
