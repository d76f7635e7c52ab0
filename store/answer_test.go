package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/replay"
	"github.com/segno-jobs/segno/store"
)

func TestAnswers(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		first := replay.Answer{Fingerprint: "f", Status: 201, Body: []byte(`{"id":"1"}`), ETag: `"1"`}
		check(t, db.SaveAnswer(ctx, "key", first, noon))
		check(t, db.SaveAnswer(ctx, "key", replay.Answer{Fingerprint: "other", Status: 409}, noon))
		check(t, db.SaveAnswer(ctx, "young", replay.Answer{Status: 204}, noon.Add(time.Hour)))
		if diff := cmp.Diff(first, must(db.Answer(ctx, "key"))(t)); diff != "" {
			t.Errorf("the first answer did not stay (-want +got):\n%s", diff)
		}
		check(t, db.PruneAnswers(ctx, noon.Add(time.Minute)))
		_, err := db.Answer(ctx, "key")
		wantKind(t, err, fault.NotFound)
		if got := must(db.Answer(ctx, "young"))(t); got.Status != 204 || got.Body != nil {
			t.Errorf("got %+v, want the young answer, without a body", got)
		}
	})
}
