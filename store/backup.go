package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
)

// Backup writes a consistent copy of the SQLite database at url to the file dest, and the content of its checkpoints and archives to
// the folder dest-content where there is any. Neither must exist. A conductor may run on the database meanwhile. The copy
// appears under its name only once all of it is whole and on disk.
func Backup(ctx context.Context, url, dest string) error {
	place, err := onlySQLite(url)
	if err != nil {
		return err
	}
	if _, err := os.Stat(place.file); err != nil {
		return fmt.Errorf("back up the database: %w", missingFile(err))
	}
	for _, path := range []string{dest, dest + contentEnding} {
		if exists(path) {
			return fmt.Errorf("back up to %s: the file exists: %w", path, fault.Conflict)
		}
	}
	parts, err := os.MkdirTemp(filepath.Dir(dest), ".segno-backup-*")
	if err != nil {
		return fmt.Errorf("back up to %s: %w", dest, err)
	}
	defer func() { _ = os.RemoveAll(parts) }()
	for try := 1; ; try++ {
		err := backup(ctx, place.file, filepath.Join(parts, fmt.Sprint(try)), dest)
		if err == nil {
			return nil
		}
		// A checkpoint was pruned in the moment in which it was counted.
		if !errors.Is(err, fault.NotFound) || try == maxBackupTries {
			return fmt.Errorf("back up to %s: %w", dest, classify(err))
		}
	}
}

// backup copies the database and its content to part and part-content, and then gives both their names.
func backup(ctx context.Context, file, part, dest string) error {
	held, err := holdContent(file + contentEnding)
	defer held.release()
	if err != nil {
		return err
	}
	if err := copyOnline(ctx, file, part); err != nil {
		return err
	}
	contents, err := contentsIn(ctx, part)
	if err != nil {
		return err
	}
	if err := held.copyTo(ctx, contents, part+contentEnding); err != nil {
		return err
	}
	if len(contents) > 0 {
		if err := publish(part+contentEnding, dest+contentEnding); err != nil {
			return err
		}
	}
	if err := publish(part, dest); err != nil {
		return errors.Join(err, os.RemoveAll(dest+contentEnding))
	}
	return nil
}

// onlySQLite refuses databases of other kinds.
func onlySQLite(url string) (location, error) {
	place, err := locate(url)
	if err != nil {
		return location{}, err
	}
	if place.dialect != sqlite {
		return location{}, fault.Field("database", "is no SQLite file; PostgreSQL is backed up with its own pg_dump")
	}
	return place, nil
}

func missingFile(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", err, fault.NotFound)
	}
	return err
}

// copyOnline copies what is committed now, as one read transaction; writers go on meanwhile.
func copyOnline(ctx context.Context, from, to string) error {
	db, err := openSQLite(dataSource(from, "mode", "ro", "_busy_timeout", "5000"), 1)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, to)
	return err
}

// publish brings a finished file to disk and gives it its name, unless the name is taken.
func publish(part, dest string) error {
	if err := syncFile(part); err != nil {
		return err
	}
	err := unix.Renameat2(unix.AT_FDCWD, part, unix.AT_FDCWD, dest, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // Not every file system can do that.
		if _, statErr := os.Lstat(dest); statErr == nil {
			return fmt.Errorf("the file exists: %w", fault.Conflict)
		}
		err = os.Rename(part, dest)
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the file exists: %w", fault.Conflict)
	}
	if err != nil {
		return err
	}
	return syncFile(filepath.Dir(dest))
}

// syncFile brings a file, or a folder's list of names, to disk.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// integrity returns an error unless SQLite finds the file whole.
func integrity(ctx context.Context, db *sqlx.DB) error {
	var findings []string
	if err := db.SelectContext(ctx, &findings, `PRAGMA integrity_check(10)`); err != nil {
		return fmt.Errorf("check the file: %w", err)
	}
	if len(findings) != 1 || findings[0] != "ok" {
		return fmt.Errorf("the file is damaged: %v: %w", findings, fault.Invalid)
	}
	return nil
}
