package store_test

import (
	"context"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/virtualserver"
)

func TestAFollowerBeginsBehindTheNewestEventAndMovesOnOnce(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		if got := must(db.Position(ctx, "early"))(t); got != 0 {
			t.Errorf("got %d before any event, want 0", got)
		}
		_ = must(db.CreateVirtualServer(ctx, virtualserver.Spec{Name: "etl"}, noon))(t)
		newest := must(db.LastEvent(ctx))(t)
		if got := must(db.Position(ctx, "late"))(t); got != newest || newest == 0 {
			t.Errorf("got %d, want the newest event %d", got, newest)
		}
		check(t, db.Advance(ctx, "early", 0, newest))
		wantKind(t, db.Advance(ctx, "early", 0, newest), fault.Conflict)
		if got := must(db.Position(ctx, "early"))(t); got != newest {
			t.Errorf("got %d, want %d", got, newest)
		}
		wantKind(t, db.Advance(ctx, "unknown", 0, 1), fault.Conflict)
	})
}
