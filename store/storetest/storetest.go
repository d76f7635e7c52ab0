// Package storetest gives tests empty databases of both kinds: SQLite files, and databases of the PostgreSQL that
// TEST_POSTGRES_URL names.
package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/segno-jobs/segno/store"
)

// Each gives the test the address of an empty database of each kind, one after the other.
func Each(t *testing.T, test func(t *testing.T, fresh func(t testing.TB) string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite) })
	t.Run("postgres", func(t *testing.T) {
		server(t)
		test(t, PostgreSQL)
	})
}

// SQLite returns the address of a new database in a folder of the test's own.
func SQLite(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "segno.db")
}

// Open opens a database until the test ends.
func Open(t testing.TB, address string, opts store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), address, opts)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

var (
	// template is made once a process: a copy of it costs much less than all migrations do.
	template  = sync.OnceValue(makeTemplate)
	databases atomic.Int64
)

// PostgreSQL returns the address of a new database whose schema is up to date; it goes when the test ends. Without
// TEST_POSTGRES_URL the test is skipped, or fails where REQUIRE_POSTGRES=1.
func PostgreSQL(t testing.TB) string {
	t.Helper()
	base := server(t)
	if err := template(); err != nil {
		t.Fatalf("make the template database: %v", err)
	}
	name := fmt.Sprintf("segno_test_%d_%d", os.Getpid(), databases.Add(1))
	if err := Administer(base, `CREATE DATABASE `+name+` TEMPLATE `+templateName()); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		if err := Administer(base, `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return withDatabase(base, name)
}

func server(t testing.TB) string {
	t.Helper()
	base := os.Getenv("TEST_POSTGRES_URL")
	if base == "" {
		if os.Getenv("REQUIRE_POSTGRES") == "1" {
			t.Fatal("REQUIRE_POSTGRES=1, and TEST_POSTGRES_URL is not set")
		}
		t.Skip("TEST_POSTGRES_URL is not set")
	}
	return base
}

func templateName() string { return fmt.Sprintf("segno_template_%d", os.Getpid()) }

func makeTemplate() error {
	base := os.Getenv("TEST_POSTGRES_URL")
	if err := Administer(base, `CREATE DATABASE `+templateName()); err != nil {
		return err
	}
	_, _, err := store.Migrate(context.Background(), withDatabase(base, templateName()))
	return err
}

// Run runs the tests of a package and takes away what they shared. It returns the exit code for TestMain.
func Run(m *testing.M) int {
	code := m.Run()
	if base := os.Getenv("TEST_POSTGRES_URL"); base != "" {
		_ = Administer(base, `DROP DATABASE IF EXISTS `+templateName())
	}
	return code
}

// Administer runs a statement on a PostgreSQL.
func Administer(address, statement string) error {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}

func withDatabase(base, name string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base // Whoever uses it is told.
	}
	u.Path = "/" + name
	return u.String()
}
