package store

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"

	"github.com/jmoiron/sqlx"
	_ "github.com/mattn/go-sqlite3" // The driver "sqlite3".
)

const (
	// sqliteReaders is how many queries run at the same time.
	sqliteReaders = 4
	// readerStatements is how many prepared statements each of them keeps, so that the queries of a run's way through the
	// conductor are parsed once.
	readerStatements = 64
	// walPages is how long the write-ahead log grows before it is copied into the file. The default of 1,000 pages makes
	// that a large part of the work under load.
	walPages = 4000
	// walKept is the size in bytes to which the log shrinks when it is copied after a burst.
	walKept = 64 << 20
	// writerCache is how much of the file the writer keeps in memory, in KiB: the open runs, and the ends of the indexes.
	writerCache = 16 << 10
)

// openSQLiteWriter opens the one connection that writes. synchronous=FULL makes each commit durable; the writer makes
// up for its price by committing what waits together.
func openSQLiteWriter(ctx context.Context, file string) (*sqlx.DB, error) {
	if err := createPrivate(file); err != nil {
		return nil, err
	}
	dsn := dataSource(file, "_journal_mode", "WAL", "_synchronous", "FULL", "_busy_timeout", "5000",
		"_foreign_keys", "on", "_txlock", "immediate", "_mutex", "no")
	db, err := openSQLite(dsn, 1)
	if err != nil {
		return nil, err
	}
	for _, pragma := range []string{
		fmt.Sprintf("PRAGMA wal_autocheckpoint = %d", walPages),
		fmt.Sprintf("PRAGMA journal_size_limit = %d", walKept),
		fmt.Sprintf("PRAGMA cache_size = -%d", writerCache),
	} {
		if _, err := db.ExecContext(ctx, pragma); err != nil {
			_ = db.Close()
			return nil, fmt.Errorf("set up the database: %w", err)
		}
	}
	return db, nil
}

// createPrivate makes the file, readable by its owner alone, unless it exists. SQLite gives its log the same mode.
func createPrivate(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("create the database file: %w", err)
	}
	return f.Close()
}

// openSQLiteReaders opens connections that can only read. They see what was committed when their statement began, and
// never wait for the writer.
func openSQLiteReaders(file string) (*sqlx.DB, error) {
	dsn := dataSource(file, "mode", "ro", "_query_only", "1", "_busy_timeout", "5000", "_txlock", "deferred",
		"_stmt_cache_size", strconv.Itoa(readerStatements))
	return openSQLite(dsn, sqliteReaders)
}

func openSQLite(dsn string, conns int) (*sqlx.DB, error) {
	db, err := sqlx.Open("sqlite3", dsn)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxLifetime(0)
	return db, nil
}

// dataSource names the file to the driver, as a URI so that any path will do.
func dataSource(file string, settings ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(settings); i += 2 {
		values.Set(settings[i], settings[i+1])
	}
	return (&url.URL{Scheme: "file", Path: file, OmitHost: true, RawQuery: values.Encode()}).String()
}
