package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/audit"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/store"
)

func deedOn(subject string) audit.Deed {
	return audit.Deed{
		At: noon, By: "ops", From: "192.0.2.7", Act: "declareServerDead", Subject: subject,
		Reason: "its rack burns", Request: `{"reason": "its rack burns"}`,
	}
}

func TestADeedIsKeptInTheTransactionOfWhatItDid(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1", "js-2")
		list := func(f audit.Filter) []audit.Deed {
			return must(db.Deeds(context.Background(), f, page.Request{}))(t).Items
		}
		ctx, deed := audit.With(context.Background(), deedOn("servers/js-1"))
		must(db.DeclareDead(ctx, "js-1", "its rack burns", "ops", noon))(t)
		if !deed.IsStored() {
			t.Error("the deed does not count as stored")
		}
		// What follows from it in the same request is no deed of its own.
		_, err := db.EditServer(ctx, "js-2", 0, noon, func(s *jobserver.Server) error { s.Slots = 3; return nil })
		check(t, err)
		want := deedOn("servers/js-1")
		want.Outcome = audit.Done
		got := list(audit.Filter{})
		if len(got) != 1 || got[0].ID == 0 {
			t.Fatalf("got %+v, want one deed", got)
		}
		if want.ID = got[0].ID; got[0] != want {
			t.Errorf("got %+v, want %+v", got[0], want)
		}

		refused, deed := audit.With(context.Background(), deedOn("servers/js-2"))
		broken := errors.New("changed my mind")
		if _, err := db.EditServer(refused, "js-2", 0, noon, func(*jobserver.Server) error { return broken }); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		_, err = db.DeclareDead(refused, "js-9", "its rack burns", "ops", noon)
		wantKind(t, err, fault.NotFound)
		if deed.IsStored() || len(list(audit.Filter{})) != 1 {
			t.Error("a deed is kept whose change is not")
		}
		check(t, db.RecordDeed(refused, deed.Deed("not found")))
		if got := list(audit.Filter{}); len(got) != 2 || got[0].Subject != "servers/js-2" || got[0].Outcome != "not found" {
			t.Errorf("got %+v, want the refused one first", got)
		}
		for f, n := range map[audit.Filter]int{
			{Subject: "servers/js-1"}: 1, {By: "ops"}: 2, {By: "boss"}: 0, {Act: "declareServerDead"}: 2, {Act: "drainServer"}: 0,
			{Since: noon}: 2, {Until: noon}: 0,
		} {
			if got := list(f); len(got) != n {
				t.Errorf("%+v gives %d, want %d", f, len(got), n)
			}
		}
	})
}

func TestDeedsAreReadInPagesAndForgottenInTheEnd(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		for i := range 7 {
			d := deedOn(fmt.Sprint("runs/", i))
			d.Reason = strings.Repeat("é", audit.MaxText)
			check(t, db.RecordDeed(ctx, d))
		}
		first := must(db.Deeds(ctx, audit.Filter{}, page.Request{Limit: 4}))(t)
		second := must(db.Deeds(ctx, audit.Filter{}, page.Request{Limit: 4, Cursor: first.Next}))(t)
		if len(first.Items) != 4 || len(second.Items) != 3 || second.Next != "" || second.Items[2].Subject != "runs/0" {
			t.Errorf("got %d and %d deeds", len(first.Items), len(second.Items))
		}
		if n := len(first.Items[0].Reason); n > audit.MaxText || n < audit.MaxText-2 {
			t.Errorf("a reason of %d bytes is kept", n)
		}
		_, err := db.Deeds(ctx, audit.Filter{}, page.Request{Cursor: "nonsense"})
		wantKind(t, err, fault.Invalid)

		late := deedOn("runs/late")
		late.At = noon.Add(audit.Keep + time.Hour)
		for range 2 {
			check(t, db.RecordDeed(ctx, late))
		}
		if left := must(db.Deeds(ctx, audit.Filter{Until: late.At}, page.Request{}))(t).Items; len(left) > 0 {
			t.Errorf("%d old deeds are left", len(left))
		}
	})
}
