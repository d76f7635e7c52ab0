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

// Restore puts a backup in the place of the SQLite database at url. It refuses while a process has the database open, a
// backup that is damaged or is no Segno database, and one with a schema newer than this program. What is replaced is
// kept beside it, with the ending .before-restore (or .before-restore-2 and so on).
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
	part, err := copyBeside(backup, place.file)
	if err != nil {
		return fmt.Errorf("restore from %s: %w", backup, err)
	}
	defer func() { _ = os.Remove(part) }()
	if err := setAside(place.file); err != nil {
		return fmt.Errorf("keep the database that is replaced: %w", err)
	}
	if err := publish(part, place.file); err != nil {
		return fmt.Errorf("restore from %s: %w", backup, err)
	}
	return nil
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

// copyBeside copies a file into the folder of another one, and returns the name of the copy.
func copyBeside(from, beside string) (string, error) {
	in, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(beside), ".segno-restore-*")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		_ = os.Remove(out.Name())
		return "", err
	}
	return out.Name(), nil
}

// setAside gives the database and its log a second name, and then takes the log's first one away: the database that comes
// into the place must not be taken together with a log that is not its own. At every moment one of the two names has
// both files, whole; neither is opened, since it may be damaged.
func setAside(file string) error {
	if !exists(file) {
		return nil
	}
	aside := file + ".before-restore"
	for i := 2; exists(aside) || exists(aside+"-wal"); i++ {
		aside = file + ".before-restore-" + strconv.Itoa(i)
	}
	for _, ending := range []string{"-wal", ""} {
		if err := os.Link(file+ending, aside+ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
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
