package store

import (
	"context"
	"fmt"

	"github.com/segno-jobs/segno/internal/about"
)

// Database says which database this is, the version of its schema and how large it is.
func (db *DB) Database(ctx context.Context) (about.Database, error) {
	facts, query := about.Database{Kind: "SQLite"}, `SELECT sqlite_version() AS version, page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()`
	if db.dialect == postgres {
		facts.Kind, query = "PostgreSQL", `SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes`
	}
	var row struct {
		Version string
		Bytes   int64
	}
	v := db.view(ctx)
	if err := v.get(&row, query); err != nil {
		return about.Database{}, fmt.Errorf("ask the database what it is: %w", err)
	}
	if err := v.get(&facts.Schema, `SELECT max(version_id) FROM goose_db_version`); err != nil {
		return about.Database{}, fmt.Errorf("read the version of the schema: %w", err)
	}
	facts.Version, facts.Bytes = row.Version, row.Bytes
	return facts, nil
}
