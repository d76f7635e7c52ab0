package watch

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// agent is a watcher that runs, over a folder that is watched and one of its own.
type agent struct {
	t        *testing.T
	in, data string
	watcher  *Watcher
	stop     func()
}

func newAgent(t *testing.T) *agent {
	dir := t.TempDir()
	a := &agent{t: t, in: filepath.Join(dir, "in"), data: filepath.Join(dir, "data")}
	if err := os.Mkdir(a.in, 0o755); err != nil {
		t.Fatal(err)
	}
	a.start()
	return a
}

func (a *agent) start() {
	a.t.Helper()
	w, err := New(Options{Folder: a.data})
	if err != nil {
		a.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Run(ctx)
	}()
	a.watcher, a.stop = w, func() {
		cancel()
		<-ended
	}
}

func (a *agent) restart() {
	a.stop()
	a.start()
}

func (a *agent) watch(mask string) jobserver.Watch {
	return jobserver.Watch{
		OwnerKind: "task", Owner: "load", Trigger: "in", Version: 1, Born: time.Now().Add(100 * 365 * 24 * time.Hour),
		File: task.FileTrigger{Server: "js-1", Path: a.in, Mask: mask, On: task.FileCreated, Settle: task.Duration(settle), Poll: task.Duration(settle)},
	}
}

// pass lets the clock go on by a few polls.
func (a *agent) pass() {
	time.Sleep(4 * settle)
	synctest.Wait()
}

func (a *agent) expect(want ...string) {
	a.t.Helper()
	var got []string
	for _, e := range a.watcher.Pending(100) {
		got = append(got, filepath.Base(e.Path))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		a.t.Fatalf("%q are to be reported, want %q", got, want)
	}
}

func TestEventsAreKeptOverARestartUntilTheyAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t)
		put(t, a.in, "old.csv")
		a.watcher.Set([]jobserver.Watch{a.watch("*.csv")})
		a.pass()
		put(t, a.in, "a.csv")
		put(t, a.in, "b.csv")
		a.pass()
		a.expect("a.csv", "b.csv")
		first := a.watcher.Pending(100)
		if err := os.Remove(filepath.Join(a.in, "a.csv")); err != nil {
			t.Fatal(err)
		}
		a.restart()
		a.expect("a.csv", "b.csv")
		if again := a.watcher.Pending(100); !slices.EqualFunc(first, again, func(a, b jobserver.FileEvent) bool { return a.ID == b.ID }) {
			t.Fatalf("after a restart %v is pending, before it was %v", again, first)
		}
		a.watcher.Drop(first[:1])
		a.restart()
		if left := a.watcher.Pending(100); len(left) != 1 || left[0].ID != first[1].ID {
			t.Fatalf("%v is left, want %v", left, first[1:])
		}
		a.stop()
		put(t, a.in, "c.csv")
		a.start()
		a.pass()
		a.expect(slices.Sorted(slices.Values([]string{filepath.Base(first[1].Path), "c.csv"}))...)
		a.stop()
	})
}

func TestAnEditOfTheSettleTimeForgetsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t)
		a.watcher.Set([]jobserver.Watch{a.watch("*.csv")})
		a.pass()
		put(t, a.in, "a.csv")
		a.pass()
		edited := a.watch("*.csv")
		edited.Born = a.watcher.watched["task load/in"].watch.Born
		edited.Version, edited.File.Settle = 2, task.Duration(settle/2)
		a.watcher.Set([]jobserver.Watch{edited})
		put(t, a.in, "b.csv")
		a.pass()
		a.expect("a.csv", "b.csv")
		if e := a.watcher.Pending(2); e[0].Version != 1 || e[1].Version != 2 {
			t.Errorf("the events are of the versions %d and %d, want 1 and 2", e[0].Version, e[1].Version)
		}
		a.stop()
	})
}

func TestAnotherMaskOrAnotherTriggerBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t)
		a.watcher.Set([]jobserver.Watch{a.watch("*.csv")})
		a.pass()
		put(t, a.in, "a.csv")
		put(t, a.in, "a.txt")
		a.pass()
		a.expect("a.csv")
		a.watcher.Set([]jobserver.Watch{a.watch("*.txt")})
		a.pass()
		a.expect()
		put(t, a.in, "b.txt")
		a.pass()
		a.expect("b.txt")
		a.watcher.Set(nil)
		a.expect()
		if left, _ := filepath.Glob(filepath.Join(a.data, "*")); len(left) > 0 {
			t.Errorf("%v is left of a trigger that is gone", left)
		}
		a.stop()
	})
}

func TestALineThatACrashHasCutOffIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t)
		a.watcher.Set([]jobserver.Watch{a.watch("*")})
		a.pass()
		put(t, a.in, "a.csv")
		a.pass()
		a.stop()
		path := journalPath(a.data, a.watch("*").Name())
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for size := bytes.IndexByte(whole, '\n') + 1; size < len(whole); size++ {
			if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := readJournal(path); err != nil {
				t.Fatalf("with %d of %d bytes: %v", size, len(whole), err)
			}
		}
		a.start()
		a.pass()
		a.expect("a.csv")
		a.stop()
	})
}

func TestAJournalIsWrittenAnewBeforeItGrowsWithoutBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t)
		a.watcher.Set([]jobserver.Watch{a.watch("*")})
		a.pass()
		put(t, a.in, "a.csv")
		path := filepath.Join(a.in, "a.csv")
		for i := range 2000 {
			if err := os.Chmod(path, []os.FileMode{0o600, 0o644}[i%2]); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * settle)
			synctest.Wait()
		}
		a.expect("a.csv")
		text, err := os.ReadFile(journalPath(a.data, a.watch("*").Name()))
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte{'\n'}); n > 1100 {
			t.Errorf("the journal of one file has %d lines", n)
		}
		a.stop()
	})
}

func TestAFolderThatDoesNotAnswerHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		hang := make(chan struct{})
		w, err := New(Options{Folder: dir, Scan: func(w jobserver.Watch) Listing {
			if w.Trigger == "in" {
				return Listing{Complete: true, Files: []File{{Path: "/in/a", ModTime: time.Now().Add(time.Hour).Truncate(time.Hour), Changed: born}}}
			}
			<-hang
			return Listing{}
		}})
		if err != nil {
			t.Fatal(err)
		}
		watches := []jobserver.Watch{watching(task.FileExists)}
		for i := range 2 * maxLooks {
			hung := watching(task.FileExists)
			hung.Trigger = "hung-" + string(rune('a'+i))
			watches = append(watches, hung)
		}
		w.Set(watches)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			w.Run(ctx)
		}()
		time.Sleep(3 * hungAfter)
		synctest.Wait()
		if len(w.Pending(10)) == 0 {
			t.Error("folders that hang hold up one that does not")
		}
		problems := 0
		for _, s := range w.States() {
			if s.Problem != "" {
				problems++
			}
		}
		if problems != 2*maxLooks {
			t.Errorf("%d of %d folders that do not answer are told of", problems, 2*maxLooks)
		}
		cancel()
		<-ended
		close(hang)
	})
}
