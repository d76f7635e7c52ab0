package store_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

func TestATransactionReadsWhatItsArgumentsSay(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		var text, state string
		var whole int
		var large int64
		var truth, lie bool
		number := int64(7)
		some, none := &number, &number
		var null, there sql.NullString
		const query = `SELECT CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS BIGINT), 1 = 1, 1 = 2,
			CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS TEXT)`
		for range 2 { // The second time the statement is prepared already.
			check(t, db.ScanInTransaction(context.Background(), query,
				[]any{"é\n", task.Running, 42, int64(1) << 40, 3, nil, nil, "x"},
				&text, &state, &whole, &large, &truth, &lie, &some, &none, &null, &there))
			if text != "é\n" || state != "running" || whole != 42 || large != 1<<40 || !truth || lie {
				t.Errorf("read %q %q %d %d %t %t", text, state, whole, large, truth, lie)
			}
			if some == nil || *some != 3 || none != nil || null.Valid || there.String != "x" {
				t.Errorf("read %v %v %v %v", some, none, null, there)
			}
		}
	})
}

func TestATransactionRefusesAColumnThatDoesNotFit(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		var text string
		if err := db.ScanInTransaction(ctx, `SELECT CAST(NULL AS TEXT)`, nil, &text); err == nil {
			t.Errorf("NULL was read as %q", text)
		}
		var whole int
		if err := db.ScanInTransaction(ctx, `SELECT 'seven'`, nil, &whole); err == nil {
			t.Errorf("a text was read as %d", whole)
		}
		if err := db.ScanInTransaction(ctx, `SELECT 1 WHERE 1 = 2`, nil, &whole); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("no row: %v", err)
		}
	})
}
