package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func TestJoinServer(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		token := func(name, hash string) {
			t.Helper()
			check(t, db.CreateJoinToken(ctx, jobserver.JoinToken{ID: hash, Hash: hash, Name: name, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)}))
		}
		s := jobserver.Server{Name: "js-1", Kind: jobserver.KindJob, Labels: map[string]string{"zone": "a"}, Slots: 4, Power: 2, AgentVersion: "1.0"}
		token("", "any")
		token("js-2", "named")
		token("", "old")
		for claim, join := range map[string]func() error{
			"an unknown token": func() error { _, err := db.JoinServer(ctx, "nosuch", "c", s, noon); return err },
			"a token for another name": func() error {
				_, err := db.JoinServer(ctx, "named", "c", s, noon)
				return err
			},
			"an expired token": func() error { _, err := db.JoinServer(ctx, "old", "c", s, noon.Add(time.Hour)); return err },
		} {
			if err := join(); !errors.Is(err, fault.Forbidden) {
				t.Errorf("%s: got error %v, want forbidden", claim, err)
			}
		}
		got := must(db.JoinServer(ctx, "any", "first", s, noon))(t)
		want := s
		want.Mode, want.State, want.StateSince, want.JoinedAt, want.Version = jobserver.Active, jobserver.NeverSeen, noon, noon, 1
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("joined (-want +got):\n%s", diff)
		}
		_, err := db.JoinServer(ctx, "any", "c", s, noon)
		wantKind(t, err, fault.Forbidden)
		if name := must(db.ServerByCredential(ctx, "first"))(t); name != "js-1" {
			t.Errorf("the credential is that of %q", name)
		}

		t.Run("again keeps what the operator decided", func(t *testing.T) {
			must(db.CreateVirtualServer(ctx, virtualserver.Spec{Name: "etl", Members: []string{"js-1"}}, noon))(t)
			must(db.EditServer(ctx, "js-1", 0, noon, func(s *jobserver.Server) error {
				s.Mode, s.Description = jobserver.Draining, "rack 4"
				return nil
			}))(t)
			s.Slots = 16
			got := must(db.JoinServer(ctx, "old", "second", s, noon.Add(time.Minute)))(t)
			if got.Slots != 16 || got.Mode != jobserver.Draining || got.Description != "rack 4" || !got.JoinedAt.Equal(noon) || got.Version != 3 {
				t.Errorf("got %+v", got)
			}
			if members := must(db.VirtualServer(ctx, "etl"))(t).Members; len(members) != 1 {
				t.Errorf("it lost its place in the group: %q", members)
			}
			_, err := db.ServerByCredential(ctx, "first")
			wantKind(t, err, fault.NotFound)
			if name := must(db.ServerByCredential(ctx, "second"))(t); name != "js-1" {
				t.Errorf("the new credential is that of %q", name)
			}
		})
	})
}

func TestEditServer(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		joinServer(t, db, "js-1")
		edit := func(version int64, f func(*jobserver.Server) error) (jobserver.Server, error) {
			return db.EditServer(ctx, "js-1", version, noon.Add(time.Minute), f)
		}
		got := must(edit(1, func(s *jobserver.Server) error {
			s.Labels, s.Slots, s.UnavailableAfter = map[string]string{"a": "1"}, 3, 30*time.Second
			return nil
		}))(t)
		if got.Version != 2 || !got.StateSince.Equal(noon) {
			t.Errorf("got version %d, changed at %v; want 2 and the instant of joining", got.Version, got.StateSince)
		}
		if diff := cmp.Diff(got, must(db.Server(ctx, "js-1"))(t)); diff != "" {
			t.Errorf("what is stored differs (-returned +stored):\n%s", diff)
		}
		same := must(edit(0, func(*jobserver.Server) error { return nil }))(t)
		if same.Version != 2 {
			t.Errorf("an edit that changes nothing made version %d", same.Version)
		}
		_, err := edit(1, func(*jobserver.Server) error { return nil })
		wantKind(t, err, fault.Conflict)
		_, err = edit(0, func(s *jobserver.Server) error { s.Name = "js-9"; return nil })
		wantKind(t, err, fault.Invalid)
		refused := errors.New("refused")
		_, err = edit(0, func(s *jobserver.Server) error { s.Slots = 99; return refused })
		wantKind(t, err, refused)
		drained := must(edit(0, func(s *jobserver.Server) error { s.Mode, s.Reason = jobserver.Draining, "new disk"; return nil }))(t)
		if drained.Version != 3 || !drained.StateSince.Equal(noon.Add(time.Minute)) {
			t.Errorf("got %+v, want a new mode since the edit", drained)
		}
		must(edit(0, func(s *jobserver.Server) error { s.Mode, s.Reason = jobserver.Disabled, ""; return nil }))(t)
		must(edit(0, func(s *jobserver.Server) error { s.Mode = jobserver.Active; return nil }))(t)
		wantSubject(t, db, "js-1", "server.joined", "server.edited", "server.draining", "server.disabled", "server.activated")
		_, err = db.EditServer(ctx, "nosuch", 0, noon, func(*jobserver.Server) error { return nil })
		wantKind(t, err, fault.NotFound)
	})
}

// wantSubject checks the kinds of the events about a thing.
func wantSubject(t testing.TB, db *store.DB, subject string, want ...string) {
	t.Helper()
	var got []string
	for _, e := range must(db.Events(context.Background(), task.EventFilter{Subject: subject}, 0))(t) {
		got = append(got, e.Kind)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events of %s (-want +got):\n%s", subject, diff)
	}
}

func TestDeleteServer(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		_, ref := startRun(t, db, "js-1")
		wantKind(t, db.DeleteServer(ctx, "js-1", 0, noon), fault.Conflict)
		deliver(t, db, "js-1", ref, exited(1, 0))
		bound := loadSpec("bound")
		bound.Target = task.Target{Server: "js-1"}
		must(db.CreateTask(ctx, bound, noon))(t)
		err := db.DeleteServer(ctx, "js-1", 0, noon)
		wantKind(t, err, fault.Conflict)
		if !strings.Contains(err.Error(), "bound") {
			t.Errorf("error %q does not name the task", err)
		}
		check(t, db.DeleteTask(ctx, "bound", 0, noon))
		wantKind(t, db.DeleteServer(ctx, "js-1", 9, noon), fault.Conflict)
		check(t, db.RecordLoad(ctx, []jobserver.LoadPoint{{Server: "js-1", At: noon}}))
		must(db.EditVirtualServer(ctx, "etl", 0, noon, func(s *virtualserver.Spec) error {
			s.Weights = map[string]float64{"js-1": 2, "js-2": 3}
			return nil
		}))(t)
		check(t, db.DeleteServer(ctx, "js-1", 1, noon))
		_, err = db.Server(ctx, "js-1")
		wantKind(t, err, fault.NotFound)
		_, err = db.ServerByCredential(ctx, "credential-js-1")
		wantKind(t, err, fault.NotFound)
		group := must(db.VirtualServer(ctx, "etl"))(t)
		if len(group.Members) != 1 || group.Members[0] != "js-2" || len(group.Weights) != 1 || group.Version != 3 {
			t.Errorf("got group %+v, want js-2 alone, with its weight, in version 3", group)
		}
		if points := must(db.Load(ctx, "js-1", noon, noon.Add(time.Hour)))(t); len(points) != 0 {
			t.Errorf("its load stayed: %+v", points)
		}
		if run := getRun(t, db, ref.Run); run.Attempts[0].Server != "js-1" {
			t.Errorf("the history of its runs changed: %+v", run.Attempts)
		}
		wantKind(t, db.DeleteServer(ctx, "js-1", 0, noon), fault.NotFound)
	})
}

func TestServers(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2", "js-3")
		joinServer(t, db, "rt-1")
		set := func(name string, f func(*jobserver.Server)) {
			must(db.EditServer(ctx, name, 0, noon, func(s *jobserver.Server) error { f(s); return nil }))(t)
		}
		set("js-1", func(s *jobserver.Server) { s.Mode = jobserver.Draining })
		set("js-2", func(s *jobserver.Server) { s.Mode = jobserver.Disabled })
		set("rt-1", func(s *jobserver.Server) {
			s.Kind, s.Labels = jobserver.KindRuntime, map[string]string{"zone": "a", "gpu": "yes"}
		})
		set("js-3", func(s *jobserver.Server) { s.Labels = map[string]string{"zone": "a"} })
		cases := []struct {
			claim  string
			filter jobserver.Filter
			want   string
		}{
			{"all by name", jobserver.Filter{}, "js-1 js-2 js-3 rt-1"},
			{"by part of a name", jobserver.Filter{Query: "S-"}, "js-1 js-2 js-3"},
			{"by kind", jobserver.Filter{Kind: jobserver.KindRuntime}, "rt-1"},
			{"by group", jobserver.Filter{VirtualServer: "etl"}, "js-1 js-2 js-3"},
			{"by labels", jobserver.Filter{Labels: map[string]string{"zone": "a", "gpu": "yes"}}, "rt-1"},
			{"by one label", jobserver.Filter{Labels: map[string]string{"zone": "a"}}, "js-3 rt-1"},
			{"draining", jobserver.Filter{Status: "draining"}, "js-1"},
			{"disabled", jobserver.Filter{Status: "disabled"}, "js-2"},
			{"online", jobserver.Filter{Status: "online"}, "js-3"},
			{"never seen", jobserver.Filter{Status: "never_seen"}, "rt-1"},
		}
		for _, c := range cases {
			t.Run(c.claim, func(t *testing.T) {
				for _, limit := range []int{1, 50} {
					var got []string
					for p := (page.Request{Limit: limit}); ; {
						some := must(db.Servers(ctx, c.filter, p))(t)
						for _, s := range some.Items {
							got = append(got, s.Name)
							if c.filter.Status != "" && s.Status() != c.filter.Status {
								t.Errorf("server %s has the status %s", s.Name, s.Status())
							}
						}
						if p.Cursor = some.Next; p.Cursor == "" {
							break
						}
					}
					if strings.Join(got, " ") != c.want {
						t.Errorf("with pages of %d: got %q, want %q", limit, got, c.want)
					}
				}
			})
		}
		_, err := db.Servers(ctx, jobserver.Filter{Status: "flying"}, page.Request{})
		wantKind(t, err, fault.Invalid)
	})
}

func TestVirtualServers(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		joinServer(t, db, "js-1")
		joinServer(t, db, "js-2")
		spec := virtualserver.Spec{
			Name: "etl", Description: "loads", Members: []string{"js-2", "js-1"}, Selection: virtualserver.Weighted,
			Weights: map[string]float64{"js-1": 2}, Labels: map[string]string{"team": "etl"},
		}
		created := must(db.CreateVirtualServer(ctx, spec, noon))(t)
		if diff := cmp.Diff(created, must(db.VirtualServer(ctx, "etl"))(t)); diff != "" {
			t.Errorf("what is stored differs (-returned +stored):\n%s", diff)
		}
		_, err := db.CreateVirtualServer(ctx, spec, noon)
		wantKind(t, err, fault.Conflict)

		for claim, members := range map[string][]string{
			"a member that is no server":  {"js-1", "nosuch"},
			"a member that stands twice":  {"js-1", "js-1"},
			"an edit with such a member":  {"js-2", "nosuch"},
			"an edit with a member twice": {"js-2", "js-2"},
		} {
			if strings.HasPrefix(claim, "an edit") {
				_, err = db.EditVirtualServer(ctx, "etl", 0, noon, func(s *virtualserver.Spec) error { s.Members = members; return nil })
			} else {
				_, err = db.CreateVirtualServer(ctx, virtualserver.Spec{Name: "bad", Members: members}, noon)
			}
			if fields := fault.Fields(err); len(fields) != 1 || fields[0].Field != "members[1]" {
				t.Errorf("%s: got error %v, want one about members[1]", claim, err)
			}
		}
		_, err = db.VirtualServer(ctx, "bad")
		wantKind(t, err, fault.NotFound)

		later := noon.Add(time.Minute)
		edited := must(db.EditVirtualServer(ctx, "etl", 1, later, func(s *virtualserver.Spec) error {
			s.Members, s.Description = []string{"js-1", "js-2"}, ""
			return nil
		}))(t)
		if edited.Version != 2 || !edited.UpdatedAt.Equal(later) || !edited.CreatedAt.Equal(noon) {
			t.Errorf("got %+v", edited)
		}
		if diff := cmp.Diff(edited, must(db.VirtualServer(ctx, "etl"))(t)); diff != "" {
			t.Errorf("what is stored differs (-returned +stored):\n%s", diff)
		}
		same := must(db.EditVirtualServer(ctx, "etl", 0, later, func(*virtualserver.Spec) error { return nil }))(t)
		if same.Version != 2 {
			t.Errorf("an edit that changes nothing made version %d", same.Version)
		}
		_, err = db.EditVirtualServer(ctx, "etl", 1, later, func(*virtualserver.Spec) error { return nil })
		wantKind(t, err, fault.Conflict)

		must(db.CreateVirtualServer(ctx, virtualserver.Spec{Name: "reports"}, noon))(t)
		list := must(db.VirtualServers(ctx, "", page.Request{Limit: 1}))(t)
		if len(list.Items) != 1 || list.Items[0].Name != "etl" || len(list.Items[0].Members) != 2 || list.Next == "" {
			t.Errorf("got first page %+v", list)
		}
		rest := must(db.VirtualServers(ctx, "", page.Request{Cursor: list.Next}))(t)
		if len(rest.Items) != 1 || rest.Items[0].Name != "reports" {
			t.Errorf("got second page %+v", rest)
		}

		must(db.CreateTask(ctx, loadSpec("load"), noon))(t)
		err = db.DeleteVirtualServer(ctx, "etl", 0, noon)
		wantKind(t, err, fault.Conflict)
		if !strings.Contains(err.Error(), "load") {
			t.Errorf("error %q does not name the task", err)
		}
		check(t, db.DeleteTask(ctx, "load", 0, noon))
		check(t, db.DeleteVirtualServer(ctx, "etl", 2, noon))
		wantSubject(t, db, "etl", "virtual_server.created", "virtual_server.edited", "virtual_server.deleted")
	})
}

func TestTasks(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		stored := must(db.Task(ctx, "load"))(t)
		if diff := cmp.Diff(task.Task{Spec: loadSpec("load"), Version: 1, CreatedAt: noon, UpdatedAt: noon}, stored); diff != "" {
			t.Errorf("stored (-want +got):\n%s", diff)
		}
		_, err := db.CreateTask(ctx, loadSpec("load"), noon)
		wantKind(t, err, fault.Conflict)
		for field, target := range map[string]task.Target{
			"target.virtual_server": {VirtualServer: "nosuch"}, "target.server": {Server: "nosuch"},
			"target": {Server: "js-1", VirtualServer: "etl"},
		} {
			spec := loadSpec("bad")
			spec.Target = target
			_, err := db.CreateTask(ctx, spec, noon)
			if fields := fault.Fields(err); len(fields) != 1 || fields[0].Field != field {
				t.Errorf("got error %v, want one about %s", err, field)
			}
			_, err = db.EditTask(ctx, "load", 0, noon, func(s *task.Spec) error { s.Target = target; return nil })
			if fields := fault.Fields(err); len(fields) != 1 || fields[0].Field != field {
				t.Errorf("an edit got error %v, want one about %s", err, field)
			}
		}
		edited := must(db.EditTask(ctx, "load", 1, noon.Add(time.Minute), func(s *task.Spec) error {
			s.Target = task.Target{Server: "js-1"}
			return nil
		}))(t)
		if diff := cmp.Diff(edited, must(db.Task(ctx, "load"))(t)); diff != "" || edited.Version != 2 {
			t.Errorf("version %d, what is stored differs (-returned +stored):\n%s", edited.Version, diff)
		}
		_, err = db.EditTask(ctx, "load", 1, noon, func(*task.Spec) error { return nil })
		wantKind(t, err, fault.Conflict)
		if got := must(db.Tasks(ctx, task.Filter{Server: "js-1"}, page.Request{}))(t).Items; len(got) != 1 {
			t.Errorf("got %d tasks on js-1, want 1", len(got))
		}
		if got := must(db.Tasks(ctx, task.Filter{VirtualServer: "etl"}, page.Request{}))(t).Items; len(got) != 0 {
			t.Errorf("got %d tasks on etl, want none", len(got))
		}

		_, ref := startRun(t, db, "js-1")
		wantKind(t, db.DeleteTask(ctx, "load", 0, noon), fault.Conflict)
		deliver(t, db, "js-1", ref, exited(1, 0))
		check(t, db.DeleteTask(ctx, "load", 2, noon))
		_, err = db.Task(ctx, "load")
		wantKind(t, err, fault.NotFound)
		wantState(t, db, ref.Run, task.Succeeded)
		wantSubject(t, db, "load", "task.created", "task.edited", "task.deleted")
	})
}

func TestLoad(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		joinServer(t, db, "js-1")
		record := func(from time.Time, every time.Duration, n int, cpu func(i int) float64) {
			var points []jobserver.LoadPoint
			for i := range n {
				points = append(points, jobserver.LoadPoint{
					Server: "js-1", At: from.Add(time.Duration(i) * every), Span: every, CPUTotal: cpu(i), Running: 2,
				})
			}
			check(t, db.RecordLoad(ctx, points))
		}
		read := func() []jobserver.LoadPoint {
			return must(db.Load(ctx, "js-1", noon.Add(-30*24*time.Hour), noon.Add(time.Hour)))(t)
		}
		// Four minutes of samples that are two hours old: 0, 1, 2, 3 in turn, so each minute has the mean 1.5.
		old := noon.Add(-2 * time.Hour)
		record(old, 15*time.Second, 16, func(i int) float64 { return float64(i % 4) })
		record(noon.Add(-time.Minute), 15*time.Second, 4, func(int) float64 { return 9 })
		record(noon.Add(-time.Minute), 15*time.Second, 4, func(int) float64 { return 7 }) // The same instants: passed over.
		if got := read(); len(got) != 20 || got[0].Span != 15*time.Second || got[19].CPUTotal != 9 {
			t.Fatalf("got %d points, want the 20 samples", len(got))
		}
		for range 2 {
			check(t, db.ThinLoad(ctx, noon))
			got := read()
			if len(got) != 8 {
				t.Fatalf("got %d points, want a mean for each of four minutes and the four new samples", len(got))
			}
			for i, p := range got[:4] {
				if !p.At.Equal(old.Add(time.Duration(i)*time.Minute)) || p.Span != time.Minute || p.CPUTotal != 1.5 || p.Running != 2 {
					t.Errorf("point %d is %+v, want the mean 1.5 over a minute", i, p)
				}
			}
		}
		check(t, db.ThinLoad(ctx, noon.Add(25*time.Hour)))
		got := read()
		if len(got) != 2 || got[0].Span != 10*time.Minute || got[0].CPUTotal != 1.5 || got[1].CPUTotal != 9 {
			t.Errorf("a day later got %+v, want two points of ten minutes", got)
		}
		check(t, db.ThinLoad(ctx, noon.Add(16*24*time.Hour)))
		if got := read(); len(got) != 0 {
			t.Errorf("after fifteen days got %+v, want none", got)
		}
	})
}
