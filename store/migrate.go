package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/segno-jobs/segno/internal/fault"
)

// migrations are numbered steps of the schema, the same numbers for both dialects. A step that was released is never
// edited, and there are no steps back: a backup is taken before an upgrade instead.
//
//go:embed migration/sqlite/*.sql migration/postgres/*.sql
var migrations embed.FS

// Migrate brings the schema of the database at url up to date, and returns the versions before and after. It refuses a
// schema that is newer than this program, and a SQLite file that a process has open.
func Migrate(ctx context.Context, url string) (from, to int, err error) {
	place, err := locate(url)
	if err != nil {
		return 0, 0, err
	}
	db := &DB{dialect: place.dialect, place: place}
	defer func() { _ = db.Close() }()
	if err := db.connect(ctx); err != nil {
		return 0, 0, fmt.Errorf("migrate the database %s: %w", place, classify(err))
	}
	m, err := newMigrator(db.dialect, db.writing)
	if err != nil {
		return 0, 0, err
	}
	from, to, err = m.up(ctx)
	if err != nil {
		return from, to, fmt.Errorf("migrate the database %s: %w", place, classify(err))
	}
	return from, to, nil
}

// migrator applies the embedded steps to one database.
type migrator struct {
	provider *goose.Provider
	// newest is the version that this program knows.
	newest int
}

func newMigrator(d dialect, db *sqlx.DB) (*migrator, error) {
	steps, err := fs.Sub(migrations, "migration/"+d.String())
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return migratorOf(d, db, steps)
}

func migratorOf(d dialect, db *sqlx.DB, steps fs.FS) (*migrator, error) {
	kind, opts := goose.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if d == postgres {
		// Conductors that start together wait for the one that migrates.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
		if err != nil {
			return nil, fmt.Errorf("prepare to lock the schema: %w", err)
		}
		kind, opts = goose.DialectPostgres, append(opts, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(kind, db.DB, steps, opts...)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	sources := provider.ListSources()
	return &migrator{provider: provider, newest: int(sources[len(sources)-1].Version)}, nil
}

// version returns the version of the schema, 0 for an empty database.
func (m *migrator) version(ctx context.Context) (int, error) {
	v, err := m.provider.GetDBVersion(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the version of the schema: %w", err)
	}
	return int(v), nil
}

// up applies the steps that are missing, each in a transaction.
func (m *migrator) up(ctx context.Context) (from, to int, err error) {
	if from, err = m.version(ctx); err != nil {
		return 0, 0, err
	}
	if err := m.refuseNewer(from); err != nil {
		return from, from, err
	}
	if _, err := m.provider.Up(ctx); err != nil {
		return from, from, fmt.Errorf("bring the schema from version %d to %d: %w", from, m.newest, err)
	}
	return from, m.newest, nil
}

// check returns an error unless the schema is the newest.
func (m *migrator) check(ctx context.Context) error {
	v, err := m.version(ctx)
	if err != nil {
		return err
	}
	if err := m.refuseNewer(v); err != nil {
		return err
	}
	if v < m.newest {
		return fmt.Errorf("the schema has version %d and this program needs %d: run \"conductor migrate\" first: %w",
			v, m.newest, fault.Conflict)
	}
	return nil
}

func (m *migrator) refuseNewer(version int) error {
	if version > m.newest {
		return fmt.Errorf("the schema has version %d, and this program knows versions up to %d: use a newer Segno: %w",
			version, m.newest, fault.Conflict)
	}
	return nil
}
