package store

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
)

// location is where a database is: a file (SQLite) or an address (PostgreSQL).
type location struct {
	dialect dialect
	// file is the absolute path of a SQLite database.
	file string
	// address is the URL of a PostgreSQL database.
	address string
}

// locate reads a database URL: sqlite:///path, a plain path, or postgres://….
func locate(raw string) (location, error) {
	scheme, rest, hasScheme := strings.Cut(raw, "://")
	switch {
	case raw == "":
		return location{}, fault.Field("database", "must name a file or be a postgres:// address")
	case !hasScheme:
		return fileAt(raw)
	case scheme == "sqlite" || scheme == "file":
		path, err := url.PathUnescape(rest)
		if err != nil {
			return location{}, fault.Field("database", "has a path that cannot be read: %v", err)
		}
		return fileAt(path)
	case scheme == "postgres" || scheme == "postgresql":
		if _, err := url.Parse(raw); err != nil {
			// The parser's message would repeat the address, and with it the password.
			return location{}, fault.Field("database", "is not a readable postgres:// address")
		}
		return location{dialect: postgres, address: raw}, nil
	}
	return location{}, fault.Field("database", "has the scheme %q; known are sqlite:// and postgres://", scheme)
}

func fileAt(path string) (location, error) {
	if path == "" || strings.HasSuffix(path, "/") || strings.ContainsRune(path, 0) {
		return location{}, fault.Field("database", "must name a file")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return location{}, fmt.Errorf("find the database file %s: %w", path, err)
	}
	return location{dialect: sqlite, file: abs}, nil
}

// String names the database for a person, without a password.
func (l location) String() string {
	if l.dialect == sqlite {
		return l.file
	}
	u, err := url.Parse(l.address)
	if err != nil {
		return "PostgreSQL"
	}
	return u.Redacted()
}
