package conductor_test

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// landing is a world in which a task is started by new files below /in, and the conductor that agents report them to.
type landing struct {
	*world
	files *conductor.Conductor
}

func newLanding(t *testing.T, f task.FileTrigger, edits ...func(*task.TriggerSpec)) *landing {
	w := newWorld(t, "js-1", "js-2")
	w.task("load", policy.Word(policy.Wait), func(s *task.Spec) { s.Params = map[string]string{"what": "default"} })
	f.Path, f.Mask = "/in", "*.csv"
	spec := task.TriggerSpec{Name: "in", File: &f, Params: map[string]string{"what": "${{ file.name }}"}}
	for _, edit := range edits {
		edit(&spec)
	}
	_, err := w.db.CreateTrigger(t.Context(), task.TaskOwner("load"), spec, w.at)
	check(t, err)
	l := &landing{world: w}
	l.renew()
	return l
}

// renew takes a new conductor, as after a crash.
func (l *landing) renew() {
	c, err := conductor.New(l.db, conductor.Options{Now: func() time.Time { return l.at }, EventTriggers: l.db})
	check(l.t, err)
	check(l.t, c.Load(l.t.Context()))
	l.files = c
}

// seen is an event of a file, as an agent reports it.
func (l *landing) seen(id, file string) jobserver.FileEvent {
	return jobserver.FileEvent{
		ID: id, OwnerKind: "task", Owner: "load", Trigger: "in", Version: 1, Path: file, Size: 10, ModTime: noon, SeenAt: l.at,
	}
}

func (l *landing) report(server string, events ...jobserver.FileEvent) []string {
	l.t.Helper()
	taken, err := l.files.ReportFiles(l.t.Context(), server, events, nil)
	check(l.t, err)
	return taken
}

// runs returns the params of the runs, by the path of their file; the same path twice fails the test.
func (l *landing) runs() map[string]map[string]string {
	l.t.Helper()
	all, err := l.db.Runs(l.t.Context(), task.RunFilter{}, page.Request{Limit: 100})
	check(l.t, err)
	found := map[string]map[string]string{}
	for _, listed := range all.Items {
		run := l.run(listed.ID)
		if _, twice := found[run.Params["file_path"]]; twice {
			l.t.Errorf("the file %s has two runs", run.Params["file_path"])
		}
		found[run.Params["file_path"]] = run.Params
	}
	return found
}

func (l *landing) reasons() []string {
	l.t.Helper()
	all, err := l.db.Occurrences(l.t.Context(), task.OccurrenceFilter{}, page.Request{Limit: 100})
	check(l.t, err)
	var reasons []string
	for _, o := range all.Items {
		if o.Reason != "" {
			reasons = append(reasons, o.Reason)
		}
	}
	return reasons
}

func TestAFileIsOneRunWithItsNamesHoweverOftenItIsReported(t *testing.T) {
	l := newLanding(t, task.FileTrigger{Server: "js-1"})
	for range 3 {
		taken := l.report("js-1", l.seen("one", "/in/a.csv"), l.seen("two", "/in/b.csv"))
		if !slices.Equal(taken, []string{"one", "two"}) {
			t.Fatalf("taken are %v", taken)
		}
		l.renew()
		l.at = l.at.Add(time.Minute)
	}
	got := l.runs()
	want := map[string]string{
		"file_path": "/in/a.csv", "file_name": "a.csv", "folder_path": "/in", "file_server": "js-1", "what": "a.csv",
	}
	if len(got) != 2 || !maps.Equal(got["/in/a.csv"], want) {
		t.Errorf("the runs have the params %v, want %v", got, want)
	}
}

func TestOneFileOnAFolderThatMembersShareIsOneRun(t *testing.T) {
	l := newLanding(t, task.FileTrigger{VirtualServer: "etl"})
	first, second := l.seen("seen by js-1", "/in/a.csv"), l.seen("seen by js-2", "/in/a.csv")
	second.SeenAt = l.at.Add(3 * time.Second)
	second.ModTime = second.ModTime.Add(400 * time.Microsecond) // what another mount makes of it
	l.report("js-1", first)
	l.report("js-2", second)
	if got := l.runs(); len(got) != 1 {
		t.Fatalf("there are %d runs, want 1", len(got))
	}
	newer := l.seen("later", "/in/a.csv")
	newer.ModTime = newer.ModTime.Add(time.Second)
	l.report("js-2", newer)
	all, err := l.db.Runs(t.Context(), task.RunFilter{}, page.Request{Limit: 100})
	check(t, err)
	if len(all.Items) != 2 {
		t.Errorf("there are %d runs, want another one of the newer version", len(all.Items))
	}
}

func TestAFileIsSkippedWithTheReasonWhereItsTriggerIsNotInForce(t *testing.T) {
	begin, end := noon.Add(time.Hour), noon.Add(-time.Hour)
	for name, c := range map[string]struct {
		edit func(*task.TriggerSpec)
		want string
	}{
		"paused":   {func(s *task.TriggerSpec) { s.Paused = true }, "paused"},
		"not yet":  {func(s *task.TriggerSpec) { s.Start = &begin }, "begins at 2026-03-01T13:00:00Z"},
		"over":     {func(s *task.TriggerSpec) { s.End = &end }, "has ended"},
		"calendar": {func(s *task.TriggerSpec) { s.Calendar = "sundays" }, "sundays"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLanding(t, task.FileTrigger{Server: "js-1"})
			_, err := l.db.CreateCalendar(t.Context(), task.CalendarSpec{Name: "sundays", Entries: []task.CalendarEntry{{Weekdays: []string{"sun"}}}}, l.at)
			check(t, err)
			_, err = l.db.EditTrigger(t.Context(), task.TaskOwner("load"), "in", 0, l.at, func(s *task.TriggerSpec) error { c.edit(s); return nil })
			check(t, err)
			if taken := l.report("js-1", l.seen("one", "/in/a.csv")); len(taken) != 1 {
				t.Errorf("the event stays with the agent: %v is taken", taken)
			}
			if got := l.reasons(); len(l.runs()) != 0 || len(got) != 1 || !strings.Contains(got[0], c.want) {
				t.Errorf("there are %d runs and the reasons %q, want one with %q", len(l.runs()), got, c.want)
			}
		})
	}
}

func TestAFileThatAnEditedTriggerIsNotAboutIsSkipped(t *testing.T) {
	l := newLanding(t, task.FileTrigger{Server: "js-1"})
	l.report("js-1", l.seen("one", "/elsewhere/a.csv"))
	if got := l.reasons(); len(got) != 1 || !strings.Contains(got[0], "edited") {
		t.Errorf("the reasons are %q", got)
	}
}

func TestEventsOfTriggersThatAreGoneAreTakenAndMakeNothing(t *testing.T) {
	l := newLanding(t, task.FileTrigger{Server: "js-1"})
	gone, bad := l.seen("gone", "/in/a.csv"), l.seen("bad", "a.csv")
	gone.Trigger = "none"
	if taken := l.report("js-1", gone, bad); len(taken) != 2 {
		t.Errorf("taken are %v, want both", taken)
	}
	if len(l.runs())+len(l.reasons()) != 0 {
		t.Error("an event of no trigger has made an occurrence")
	}
}

func TestATriggerThatIsMadeAnewRunsTheSameFileAgain(t *testing.T) {
	l := newLanding(t, task.FileTrigger{Server: "js-1"})
	l.report("js-1", l.seen("one", "/in/a.csv"))
	owner := task.TaskOwner("load")
	old, err := l.db.Trigger(t.Context(), owner, "in")
	check(t, err)
	check(t, l.db.DeleteTrigger(t.Context(), owner, "in", 0, l.at))
	l.at = l.at.Add(time.Minute)
	_, err = l.db.CreateTrigger(t.Context(), owner, old.TriggerSpec, l.at)
	check(t, err)
	l.report("js-1", l.seen("one", "/in/a.csv"))
	all, err := l.db.Runs(t.Context(), task.RunFilter{}, page.Request{Limit: 100})
	check(t, err)
	if len(all.Items) != 2 {
		t.Errorf("there are %d runs, want one of each trigger", len(all.Items))
	}
}

func TestAgentsAreToldWhatTheyWatchAndOfEachChange(t *testing.T) {
	l := newLanding(t, task.FileTrigger{VirtualServer: "etl"})
	watched := func(server string) []string {
		check(t, l.files.FollowWatches(context.Background()))
		var names []string
		for _, w := range l.files.WatchesOf(server) {
			names = append(names, path.Join(w.Owner, w.Trigger, w.File.Path))
		}
		return names
	}
	if got := watched("js-2"); !slices.Equal(got, []string{"load/in/in"}) {
		t.Fatalf("js-2 watches %v", got)
	}
	before := l.files.WatchVersion("js-2")
	_, err := l.db.EditTrigger(t.Context(), task.TaskOwner("load"), "in", 0, l.at, func(s *task.TriggerSpec) error {
		s.File.Server, s.File.VirtualServer = "js-1", ""
		return nil
	})
	check(t, err)
	if got := watched("js-2"); len(got) != 0 || l.files.WatchVersion("js-2") == before || l.files.WatchVersion("js-2") == 0 {
		t.Errorf("js-2 watches %v, version %d after %d", got, l.files.WatchVersion("js-2"), before)
	}
	if got := watched("js-1"); len(got) != 1 {
		t.Errorf("js-1 watches %v", got)
	}
}
