package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

func TestContact(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		running, _ := startRun(t, db, "js-1")
		stopping, _ := startRun(t, db, "js-1")
		must(db.CancelRun(ctx, stopping.ID, "ops", noon))(t)
		offered := insert(t, db)
		assign(t, db, offered.ID, 1, "js-1")
		elsewhere, _ := startRun(t, db, "js-2")

		t.Run("a server that was heard in time stays online", func(t *testing.T) {
			if got := must(db.MarkUnreachable(ctx, []string{"js-1", "nosuch"}, noon, noon))(t); len(got) != 0 {
				t.Errorf("changed %q", got)
			}
		})
		t.Run("a silent server is unreachable, and its runs unknown", func(t *testing.T) {
			at := noon.Add(10 * time.Second)
			got := must(db.MarkUnreachable(ctx, []string{"js-1"}, at, at))(t)
			if !slices.Equal(got, []string{"js-1"}) {
				t.Errorf("changed %q, want js-1", got)
			}
			s := must(db.Server(ctx, "js-1"))(t)
			if s.State != jobserver.Unreachable || !s.StateSince.Equal(at) {
				t.Errorf("got state %s since %v", s.State, s.StateSince)
			}
			if r := wantState(t, db, running.ID, task.Unknown); r.Prior != task.Running || r.Attempts[0].State != task.AttemptUnknown {
				t.Errorf("got %+v, want it to remember that it ran", r)
			}
			if r := wantState(t, db, stopping.ID, task.Unknown); r.Prior != task.Stopping {
				t.Errorf("got prior state %s, want stopping", r.Prior)
			}
			wantState(t, db, offered.ID, task.Starting)
			wantState(t, db, elsewhere.ID, task.Running)
			if again := must(db.MarkUnreachable(ctx, []string{"js-1"}, at, at))(t); len(again) != 0 {
				t.Errorf("changed %q a second time", again)
			}
		})
		t.Run("an old beat changes nothing", func(t *testing.T) {
			beat(t, db, "js-1", noon.Add(-time.Minute))
			wantState(t, db, running.ID, task.Unknown)
		})
		t.Run("a beat gives the runs their prior state back", func(t *testing.T) {
			beat(t, db, "js-1", noon.Add(time.Minute))
			if r := wantState(t, db, running.ID, task.Running); r.Prior != "" || r.Reason != "" || r.Attempts[0].State != task.AttemptRunning {
				t.Errorf("got %+v, want it as it was", r)
			}
			if r := wantState(t, db, stopping.ID, task.Stopping); r.Reason != "cancelled by ops" || r.Attempts[0].State != task.AttemptStopping {
				t.Errorf("got %+v, want it as it was", r)
			}
			s := must(db.Server(ctx, "js-1"))(t)
			if s.State != jobserver.Online || !s.LastSeen.Equal(noon.Add(time.Minute)) || s.Sample == nil || s.Sample.CPUs != 2 {
				t.Errorf("got %+v, want it online with its sample", s)
			}
			if len(s.RunAs.Users) != 0 || s.RunAs.Problem != "" {
				t.Errorf("it permits %+v, and said nothing of it", s.RunAs)
			}
			if s.Version != 1 {
				t.Errorf("a beat made the version %d", s.Version)
			}
		})
		t.Run("a beat keeps how seldom the server may be heard from", func(t *testing.T) {
			for i, every := range []time.Duration{9600 * time.Millisecond, 1500 * time.Millisecond} {
				b := jobserver.Beat{Server: "js-2", At: noon.Add(time.Duration(i) * time.Second), Heartbeat: every}
				check(t, db.Heard(ctx, []jobserver.Beat{b}))
				if s := must(db.Server(ctx, "js-2"))(t); s.Heartbeat != every {
					t.Errorf("got %s, want %s", s.Heartbeat, every)
				}
			}
		})
		t.Run("a beat of a server that does not exist is passed over", func(t *testing.T) {
			beat(t, db, "nosuch", noon)
		})
		t.Run("a cancel reaches a run whose server is silent", func(t *testing.T) {
			at := noon.Add(time.Hour)
			must(db.MarkUnreachable(ctx, []string{"js-2"}, at, at))(t)
			wantState(t, db, elsewhere.ID, task.Unknown)
			must(db.CancelRun(ctx, elsewhere.ID, "ops", at))(t)
			wantState(t, db, elsewhere.ID, task.Stopping)
			beat(t, db, "js-2", at)
			wantState(t, db, elsewhere.ID, task.Stopping)
		})
		for _, r := range []task.Run{running, stopping, elsewhere} {
			wantPath(t, db, r.ID)
		}
		var got []string
		for _, e := range must(db.Events(ctx, task.EventFilter{Subject: "js-1"}, 0))(t) {
			got = append(got, e.Kind)
		}
		if want := []string{"server.joined", "server.online", "server.unreachable", "server.online"}; !slices.Equal(got, want) {
			t.Errorf("got events %q, want %q", got, want)
		}
	})
}

func TestTheUsersThatAServerPermitsAreThoseOfItsNewestBeat(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1")
		for i, want := range []jobserver.RunAs{
			{Users: []string{"etl", "report-*"}}, {Users: []string{"etl"}, Problem: "cannot"}, {},
		} {
			b := jobserver.Beat{Server: "js-1", At: noon.Add(time.Duration(i+1) * time.Minute), RunAs: want}
			if err := db.Heard(t.Context(), []jobserver.Beat{b}); err != nil {
				t.Fatal(err)
			}
			if got := must(db.Server(t.Context(), "js-1"))(t); !got.RunAs.Equal(want) {
				t.Errorf("got %+v, want %+v", got.RunAs, want)
			}
		}
	})
}
