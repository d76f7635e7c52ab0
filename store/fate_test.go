package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

func TestMarkUnavailable(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		joinServer(t, db, "js-3")
		run, _ := startRun(t, db, "js-1")
		must(db.MarkUnreachable(ctx, oneOf("js-1"), noon.Add(time.Hour), noon))(t)
		at := noon.Add(2 * time.Minute)
		all := []string{"js-1", "js-2", "js-3", "nosuch"}
		if got := must(db.MarkUnavailable(ctx, all, at))(t); !slices.Equal(got, oneOf("js-1")) {
			t.Errorf("changed %q, want only the server that was unreachable", got)
		}
		if again := must(db.MarkUnavailable(ctx, all, at))(t); len(again) != 0 {
			t.Errorf("a second time it changed %q", again)
		}
		s := must(db.Server(ctx, "js-1"))(t)
		if s.State != jobserver.Unavailable || !s.StateSince.Equal(at) {
			t.Errorf("got %+v, want it unavailable since then", s)
		}
		wantState(t, db, run.ID, task.Unknown)
		beat(t, db, "js-1", noon.Add(3*time.Minute))
		wantState(t, db, run.ID, task.Running)
		if got := must(db.MarkUnavailable(ctx, oneOf("js-1"), at))(t); len(got) != 0 {
			t.Errorf("a server that was heard from meanwhile was changed: %q", got)
		}
		wantSubject(t, db, "js-1", "server.joined", "server.online", "server.unreachable", "server.unavailable", "server.online")
	})
}

func TestDeclareDead(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		for _, reason := range []string{"", "  "} {
			_, err := db.DeclareDead(ctx, "js-1", reason, "ops", noon)
			wantKind(t, err, fault.Invalid)
		}
		_, err := db.DeclareDead(ctx, "nosuch", "burnt", "ops", noon)
		wantKind(t, err, fault.NotFound)
		before := must(db.Server(ctx, "js-1"))(t)
		got := must(db.DeclareDead(ctx, "js-1", "the rack burnt down", "ops", noon.Add(time.Minute)))(t)
		if got.Mode != jobserver.Disabled || got.State != jobserver.Unavailable || got.Reason != "the rack burnt down" || got.Version != before.Version+1 {
			t.Errorf("got %+v, want it disabled and unavailable, with the reason", got)
		}
		if r := wantState(t, db, run.ID, task.Unknown); r.Prior != task.Running {
			t.Errorf("got %+v, want it to remember that it ran", r)
		}
		events := must(db.Events(ctx, task.EventFilter{Kinds: oneOf("server.declared_dead")}, 10))(t)
		if len(events) != 1 || events[0].Reason != "the rack burnt down" || string(events[0].Data) != `{"by":"ops"}` {
			t.Errorf("got events %+v", events)
		}
		r := replacement(ref)
		r.Ground = "operator's statement"
		checkAll(t, db.ReplaceAttempts(ctx, oneOf(r), noon))
		beat(t, db, "js-1", noon.Add(time.Hour))
		if s := must(db.Server(ctx, "js-1"))(t); s.State != jobserver.Online || s.Mode != jobserver.Disabled {
			t.Errorf("a dead server that is heard from is %+v, want it online and still disabled", s)
		}
		if late := deliver(t, db, "js-1", ref, exited(1, 0)); !late.Fenced {
			t.Errorf("its late result got %+v, want it fenced", late)
		}
	})
}

func TestHold(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		held := func() (lengths []time.Duration) {
			for _, name := range []string{"js-1", "js-2"} {
				lengths = append(lengths, must(db.Server(ctx, name))(t).Held)
			}
			return lengths
		}
		version := must(db.Server(ctx, "js-1"))(t).Version
		for range 2 {
			check(t, db.Hold(ctx, []string{"js-1", "nosuch"}, time.Hour, noon))
		}
		if got := held(); !slices.Equal(got, []time.Duration{time.Hour, 0}) {
			t.Errorf("held are %v, want the first for an hour", got)
		}
		beat(t, db, "js-1", noon.Add(time.Minute))
		if got := held(); got[0] != time.Hour {
			t.Errorf("a heartbeat ended the hold")
		}
		for range 2 {
			check(t, db.Hold(ctx, []string{"js-1", "js-2"}, 0, noon))
		}
		if got := held(); !slices.Equal(got, []time.Duration{0, 0}) {
			t.Errorf("held are %v after the end", got)
		}
		wantSubject(t, db, "js-1", "server.joined", "server.online", "server.held", "server.released")
		wantSubject(t, db, "js-2", "server.joined", "server.online")
		if got := must(db.Server(ctx, "js-1"))(t).Version; got != version {
			t.Errorf("a hold counts as an edit: version %d, want %d", got, version)
		}
	})
}

func TestQuarantine(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		reason := "process 77 of run 01 outlived SIGKILL"
		for range 2 {
			check(t, db.Quarantine(ctx, "js-1", reason, noon))
		}
		if got := must(db.Server(ctx, "js-1"))(t); got.Quarantine != reason || got.Status() != "online" {
			t.Errorf("got %+v, want it online and in quarantine", got)
		}
		for range 2 {
			check(t, db.Quarantine(ctx, "js-1", "", noon))
		}
		if got := must(db.Server(ctx, "js-1"))(t); got.Quarantine != "" {
			t.Errorf("it is still in quarantine: %q", got.Quarantine)
		}
		wantSubject(t, db, "js-1", "server.joined", "server.online", "server.quarantined", "server.unquarantined")
		wantKind(t, db.Quarantine(ctx, "nosuch", reason, noon), fault.NotFound)
	})
}

// TestAGoodEndCostsNoMoreThanItDid holds the way of most runs to the statements that it needs: whatever else an exit may
// lead to is only looked for where the job did not end well.
func TestAGoodEndCostsNoMoreThanItDid(t *testing.T) {
	ctx := context.Background()
	db := open(t, t.TempDir()+"/segno.db", store.Options{})
	fleet(t, db, "js-1")
	_, ref := startRun(t, db, "js-1")
	before := must(db.Prepared(ctx))(t)
	deliver(t, db, "js-1", ref, started(1), exited(2, 0))
	var added []string
	for _, text := range must(db.Prepared(ctx))(t) {
		if !slices.Contains(before, text) {
			added = append(added, strings.Join(strings.Fields(text), " "))
		}
	}
	slices.Sort(added)
	for i, begins := range []string{"SELECT a.server", "UPDATE attempt SET state", "UPDATE run SET state"} {
		if len(added) != 3 || !strings.HasPrefix(added[i], begins) {
			t.Fatalf("the delivery ran %q, want to read the attempt, to end it and to end its run", added)
		}
	}
}
