package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/signin"
	"github.com/segno-jobs/segno/store"
)

func TestASessionIsKeptUntilItIsEnded(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		_, s := signin.Begin("admin", "credential", noon)
		_, other := signin.Begin("admin", "credential", noon)
		check(t, db.BeginSession(ctx, s))
		check(t, db.BeginSession(ctx, other))
		if got := must(db.Session(ctx, s.Key))(t); got != s {
			t.Errorf("got %+v, want %+v", got, s)
		}
		check(t, db.EndSession(ctx, s.Key))
		check(t, db.EndSession(ctx, s.Key))
		if _, err := db.Session(ctx, s.Key); !errors.Is(err, fault.NotFound) {
			t.Errorf("got %v for a session that was ended, want NotFound", err)
		}
		must(db.Session(ctx, other.Key))(t)
	})
}

func TestSessionsThatHaveEndedMakeRoom(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		_, old := signin.Begin("admin", "credential", noon)
		check(t, db.BeginSession(ctx, old))
		_, late := signin.Begin("admin", "credential", old.EndsAt)
		check(t, db.BeginSession(ctx, late))
		if _, err := db.Session(ctx, old.Key); !errors.Is(err, fault.NotFound) {
			t.Errorf("got %v for a session that is over, want NotFound", err)
		}
	})
}

func TestTheSessionThatEndsFirstMakesRoomForOneTooMany(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		for i := range signin.Most + 1 {
			s := signin.Session{Key: fmt.Sprintf("key-%04d", i), By: "admin", CreatedAt: noon, EndsAt: noon.Add(time.Hour + time.Duration(i)*time.Second)}
			check(t, db.BeginSession(ctx, s))
		}
		if _, err := db.Session(ctx, "key-0000"); !errors.Is(err, fault.NotFound) {
			t.Errorf("got %v for the session that ends first, want NotFound", err)
		}
		must(db.Session(ctx, "key-0001"))(t)
		must(db.Session(ctx, fmt.Sprintf("key-%04d", signin.Most)))(t)
	})
}
