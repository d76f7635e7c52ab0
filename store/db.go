package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/segno-jobs/segno/task"
)

// Options are the settings of a store. The zero value is usable.
type Options struct {
	// Logger takes what the store has to tell beside its errors; nil means slog.Default.
	Logger *slog.Logger
	// OnCommit is called after each commit with how long its transaction took and how many jobs of callers it held.
	// It must return at once.
	OnCommit func(took time.Duration, jobs int)
	// NoMigrate leaves the schema as it is. Open refuses a database whose schema is not the newest then.
	NoMigrate bool
}

// DB is an open store. Its methods may be called from any goroutine, and satisfy conductor.Store.
type DB struct {
	dialect dialect
	place   location
	logger  *slog.Logger
	// readers answer queries. On SQLite they cannot write.
	readers *sqlx.DB
	// writing is the pool behind the writer's sessions; on PostgreSQL it is the same as readers.
	writing *sqlx.DB
	writer  *writer
	// owner is the lock on a SQLite file, else nil.
	owner *ownerLock
	// contents keeps content of which the table content has the rows; busy are those that are being written.
	contents contents
	busy     nameLocks
	// packages keeps those of archives, of which the table archive_content has the rows. On SQLite it is the same.
	packages contents

	// tasks is nil on PostgreSQL.
	tasks     *taskCache
	due       dueMemo
	ended     endedCounts
	closeOnce sync.Once
	closeErr  error
}

// endedCounts remembers how many runs have ended in which state, since counting them all takes long on a large store.
type endedCounts struct {
	mu      sync.Mutex
	at      time.Time
	byState map[task.State]int64
}

// Open opens the database at url, brings its schema up to date, and starts the writer. The url is sqlite:///path or a
// plain path, for a file that is created if it is missing, or postgres://….
//
// A SQLite file has one owner: Open returns fault.Conflict, and says which process holds the file, while another one has
// it open. A database whose schema is newer than this program is refused.
func Open(ctx context.Context, url string, opts Options) (*DB, error) {
	place, err := locate(url)
	if err != nil {
		return nil, err
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	db := &DB{dialect: place.dialect, place: place, logger: opts.Logger}
	if err := db.open(ctx, opts); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open the database %s: %w", place, classify(err))
	}
	return db, nil
}

func (db *DB) open(ctx context.Context, opts Options) error {
	if err := db.connect(ctx); err != nil {
		return err
	}
	m, err := newMigrator(db.dialect, db.writing)
	if err != nil {
		return err
	}
	if opts.NoMigrate {
		err = m.check(ctx)
	} else {
		_, _, err = m.up(ctx)
	}
	if err != nil {
		return err
	}
	if err := db.openContents(); err != nil {
		return err
	}
	if err := db.sweepContent(ctx); err != nil {
		return err
	}
	if db.dialect == sqlite {
		db.tasks = &taskCache{}
	}
	db.writer = &writer{dialect: db.dialect, logger: opts.Logger, onCommit: opts.OnCommit, tasks: db.tasks}
	db.writer.start(db.sessions())
	return nil
}

func (db *DB) openContents() (err error) {
	if db.dialect == postgres {
		db.contents = &contentPieces{db: db, table: checkpointPieces}
		db.packages = &contentPieces{db: db, table: archivePieces}
		return nil
	}
	files, err := openContentFiles(db.place.file+contentEnding, db.wholeContents)
	if err == nil {
		db.contents, db.packages = files, files
	}
	return err
}

// connect opens the pools and, on SQLite, takes the owner lock first.
func (db *DB) connect(ctx context.Context) (err error) {
	if db.dialect == postgres {
		db.readers, err = openPostgres(ctx, db.place.address)
		db.writing = db.readers
		return err
	}
	if db.owner, err = lockOwner(db.place.file); err != nil {
		return err
	}
	if db.writing, err = openSQLiteWriter(ctx, db.place.file); err != nil {
		return err
	}
	db.readers, err = openSQLiteReaders(db.place.file)
	return err
}

// sessions returns what the writer works on: one connection on SQLite, a few on PostgreSQL.
func (db *DB) sessions() []*session {
	n := 1
	if db.dialect == postgres {
		n = postgresWriters
	}
	all := make([]*session, n)
	for i := range all {
		all[i] = newSession(db.dialect, db.writing)
	}
	return all
}

// Close finishes the changes that wait and closes the database. Calls that come later return fault.Unavailable.
func (db *DB) Close() error {
	db.closeOnce.Do(func() {
		if db.writer != nil {
			db.writer.close()
		}
		var errs []error
		if db.contents != nil {
			errs = append(errs, db.contents.close())
		}
		if db.readers != nil && db.readers != db.writing {
			errs = append(errs, db.readers.Close())
		}
		if db.writing != nil {
			errs = append(errs, db.writing.Close())
		}
		if db.owner != nil {
			errs = append(errs, db.owner.release())
		}
		if err := errors.Join(errs...); err != nil {
			db.closeErr = fmt.Errorf("close the database: %w", err)
		}
	})
	return db.closeErr
}

// Ping reports whether the store answers and can write: it writes two pages' worth and takes them back, so that a full
// disk is noticed as well.
func (db *DB) Ping(ctx context.Context) error {
	var room [8192]byte
	err := db.update(ctx, func(t *tx) error {
		if _, err := t.exec(`INSERT INTO probe (data) VALUES (?)`, room[:]); err != nil {
			return err
		}
		_, err := t.exec(`DELETE FROM probe`)
		return err
	})
	if err != nil {
		return fmt.Errorf("ping the database: %w", err)
	}
	return nil
}
