package store_test

import (
	"context"
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/store"
)

func TestADatabaseSaysWhatItIs(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		before := must(db.Database(ctx))(t)
		kind, digit := "SQLite", "3."
		if db.IsPostgres() {
			kind, digit = "PostgreSQL", "1"
		}
		// Numbers may be left out between two steps.
		steps := must(store.Steps("sqlite"))(t)
		var newest int
		must(fmt.Sscanf(path.Base(steps[len(steps)-1]), "%d_", &newest))(t)
		if before.Kind != kind || !strings.HasPrefix(before.Version, digit) || before.Schema != newest || before.Bytes < 1<<16 {
			t.Errorf("got %+v, want %s of schema %d", before, kind, newest)
		}
		check(t, db.Do(ctx, `CREATE TABLE ballast (text TEXT)`))
		for range 4 {
			check(t, db.Do(ctx, `INSERT INTO ballast VALUES ('`+strings.Repeat("0123456789", 20_000)+`')`))
		}
		if after := must(db.Database(ctx))(t); after.Bytes <= before.Bytes {
			t.Errorf("it has %d bytes with more in it, and had %d before", after.Bytes, before.Bytes)
		}
	})
}
