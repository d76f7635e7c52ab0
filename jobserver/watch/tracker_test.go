package watch

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

const (
	settle = 5 * time.Second
	room   = 1000
)

var born = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func watching(on task.FileChange) jobserver.Watch {
	return jobserver.Watch{
		OwnerKind: "task", Owner: "load", Trigger: "in", Version: 1, Born: born,
		File: task.FileTrigger{Server: "js-1", Path: "/in", Mask: "*", On: on, Settle: task.Duration(settle), Poll: task.Duration(settle)},
	}
}

// folder is a folder that is looked into, with its clock.
type folder struct {
	t       *testing.T
	tracker *Tracker
	now     time.Time
	files   map[string]File
	inode   uint64
}

func newFolder(t *testing.T, on task.FileChange) *folder {
	return &folder{t: t, tracker: NewTracker(watching(on), nil, false), now: born, files: map[string]File{}}
}

func (f *folder) create(path string, size int64) {
	f.inode++
	f.files[path] = File{Path: path, Size: size, ModTime: f.now, Changed: f.now, Inode: f.inode, Born: f.now}
}

func (f *folder) write(path string, size int64) {
	file := f.files[path]
	file.Size, file.ModTime, file.Changed = size, f.now, f.now
	f.files[path] = file
}

func (f *folder) listing() Listing {
	l := Listing{Complete: true}
	for _, path := range slices.Sorted(func(yield func(string) bool) {
		for p := range f.files {
			if !yield(p) {
				return
			}
		}
	}) {
		l.Files = append(l.Files, f.files[path])
	}
	return l
}

// after lets time pass, looks, and returns the paths of the events.
func (f *folder) after(d time.Duration) []string { return f.find(d, f.listing(), room) }

func (f *folder) find(d time.Duration, l Listing, room int) []string {
	f.now = f.now.Add(d)
	var paths []string
	for _, e := range f.tracker.Look(f.now, l, room).Events {
		paths = append(paths, e.Path)
	}
	return paths
}

// restart begins anew with what was known.
func (f *folder) restart() {
	known, begun := f.tracker.Known()
	f.tracker = NewTracker(f.tracker.watch, known, begun)
}

func (f *folder) expect(got []string, want ...string) {
	f.t.Helper()
	if !slices.Equal(got, want) {
		f.t.Fatalf("events of %q, want %q", got, want)
	}
}

func TestAFileThatAppearsIsOneEventOnceItHasSettled(t *testing.T) {
	f := newFolder(t, task.FileCreated)
	f.expect(f.after(time.Second))
	f.create("/in/a", 10)
	f.expect(f.after(time.Second))
	f.expect(f.after(settle - 1))
	f.expect(f.after(1), "/in/a")
	f.expect(f.after(time.Hour))
	f.write("/in/a", 20)
	f.expect(f.after(time.Second))
	f.expect(f.after(time.Hour))
}

func TestAFileThatGrowsIsNoEventBeforeItIsWhole(t *testing.T) {
	f := newFolder(t, task.FileCreated)
	f.after(0)
	f.create("/in/a", 1)
	for size := range int64(20) {
		f.write("/in/a", size+2)
		f.expect(f.after(settle - 1))
	}
	f.expect(f.after(settle), "/in/a")
}

func TestAFileWrittenInPlaceWithoutGrowingIsNotSettledEither(t *testing.T) {
	f := newFolder(t, task.FileCreated)
	f.after(0)
	f.create("/in/a", 100)
	f.expect(f.after(settle / 2))
	f.write("/in/a", 100)
	f.expect(f.after(settle / 2))
	f.expect(f.after(settle/2 + time.Second))
	f.expect(f.after(settle), "/in/a")
}

func TestFilesFromBeforeTheTriggerAreNotCreated(t *testing.T) {
	f := newFolder(t, task.FileCreated)
	f.create("/in/old", 1)
	f.now = f.now.Add(time.Hour)
	f.create("/in/late", 1)
	f.expect(f.after(time.Second))
	f.expect(f.after(settle), "/in/late")
}

func TestAFileThatAppearedWhileTheAgentWasDownIsFoundAtItsStart(t *testing.T) {
	f := newFolder(t, task.FileCreated)
	f.create("/in/known", 1)
	f.after(0)
	f.create("/in/seen", 1)
	f.after(time.Second)
	f.expect(f.after(settle), "/in/seen")
	f.create("/in/growing", 1)
	f.after(time.Second)
	f.create("/in/missed", 1)
	f.now = f.now.Add(time.Hour)
	f.restart()
	f.expect(f.after(0))
	f.expect(f.after(settle), "/in/growing", "/in/missed")
}

func TestANewFileOfTheSamePathIsCreatedAnew(t *testing.T) {
	for _, noticed := range []bool{true, false} {
		f := newFolder(t, task.FileCreated)
		f.after(0)
		f.create("/in/a", 1)
		f.after(time.Second)
		f.expect(f.after(settle), "/in/a")
		delete(f.files, "/in/a")
		if noticed {
			f.expect(f.after(time.Second))
		}
		f.now = f.now.Add(time.Second)
		f.inode-- // the file system gives the same one again
		f.create("/in/a", 1)
		f.expect(f.after(time.Second))
		f.expect(f.after(settle), "/in/a")
	}
}

func TestAFileThatIsMovedAwayAndBackIsCreatedAnew(t *testing.T) {
	f := newFolder(t, task.FileCreated)
	f.after(0)
	f.create("/in/a", 1)
	f.after(time.Second)
	f.expect(f.after(settle), "/in/a")
	moved := f.files["/in/a"]
	delete(f.files, "/in/a")
	f.after(time.Second)
	moved.Changed = f.now
	f.files["/in/a"] = moved
	f.after(time.Second)
	f.expect(f.after(settle), "/in/a")
}

func TestAFileSystemThatIsMountedAgainMakesNoFileNew(t *testing.T) {
	for _, on := range []task.FileChange{task.FileCreated, task.FileModified, task.FileExists} {
		f := newFolder(t, on)
		f.create("/in/a", 1)
		f.after(0)
		f.after(settle)
		f.expect(f.find(time.Second, Listing{Complete: true}, room))
		f.restart()
		f.expect(f.find(time.Second, Listing{Problem: "input/output error"}, room))
		f.after(time.Second)
		f.expect(f.after(settle))
	}
}

func TestAFolderThatCannotBeReadAsAWholeMakesNothingGone(t *testing.T) {
	f := newFolder(t, task.FileCreated)
	f.after(0)
	f.create("/in/a", 1)
	f.after(time.Second)
	f.expect(f.after(settle), "/in/a")
	f.find(time.Second, Listing{Problem: "permission denied"}, room)
	f.write("/in/a", 5)
	f.after(time.Second)
	f.expect(f.after(settle))
}

func TestEachNewVersionOfAFileIsOneModification(t *testing.T) {
	f := newFolder(t, task.FileModified)
	f.create("/in/a", 1)
	f.expect(f.after(time.Second))
	f.expect(f.after(settle))
	for range 3 {
		f.write("/in/a", 7)
		f.expect(f.after(time.Second))
		f.expect(f.after(settle), "/in/a")
		f.expect(f.after(settle))
	}
	f.create("/in/new", 1)
	f.after(time.Second)
	f.write("/in/new", 2) // the rest of its being written
	f.after(time.Second)
	f.expect(f.after(settle))
	f.write("/in/new", 3)
	f.after(time.Second)
	f.expect(f.after(settle), "/in/new")
}

func TestAChangeOfOwnersOrRightsIsNoModification(t *testing.T) {
	f := newFolder(t, task.FileModified)
	f.create("/in/a", 1)
	f.after(0)
	file := f.files["/in/a"]
	file.Changed = f.now.Add(time.Second)
	f.files["/in/a"] = file
	f.expect(f.after(2 * time.Second))
	f.expect(f.after(settle))
	f.restart()
	f.expect(f.after(settle))
}

func TestEachVersionOfAFileThatExistsIsOneEvent(t *testing.T) {
	f := newFolder(t, task.FileExists)
	f.create("/in/old", 1)
	f.now = f.now.Add(time.Hour)
	f.expect(f.after(0))
	f.expect(f.after(settle), "/in/old")
	f.restart()
	f.expect(f.after(settle))
	f.write("/in/old", 2)
	f.create("/in/new", 2)
	f.after(time.Second)
	f.expect(f.after(settle), "/in/new", "/in/old")
}

func TestFilesWaitForRoomAndAreNotForgotten(t *testing.T) {
	f := newFolder(t, task.FileCreated)
	f.after(0)
	for i := range 5 {
		f.create(fmt.Sprintf("/in/%d", i), 1)
	}
	f.after(time.Second)
	f.expect(f.find(settle, f.listing(), 2), "/in/0", "/in/1")
	if due := f.tracker.Due(f.now); due.Sub(f.now) != settle {
		t.Errorf("the next look is after %s, want the poll of %s: no look makes room", due.Sub(f.now), settle)
	}
	f.expect(f.find(settle, f.listing(), 0))
	f.expect(f.find(settle, f.listing(), 10), "/in/2", "/in/3", "/in/4")
}

func TestTheNextLookIsWhenAFileWillHaveSettled(t *testing.T) {
	w := watching(task.FileCreated)
	w.File.Poll, w.File.Settle = task.Duration(time.Minute), task.Duration(2*time.Second)
	f := newFolder(t, task.FileCreated)
	f.tracker = NewTracker(w, nil, true)
	f.after(0)
	if wait := f.tracker.Due(f.now).Sub(f.now); wait != time.Minute {
		t.Fatalf("looks again after %s, want the poll", wait)
	}
	f.create("/in/a", 1)
	f.after(0)
	if wait := f.tracker.Due(f.now).Sub(f.now); wait != 2*time.Second {
		t.Fatalf("looks again after %s, want the settle time", wait)
	}
}

func TestWhatIsGoneIsForgottenBeyondABound(t *testing.T) {
	f := newFolder(t, task.FileCreated)
	for i := range maxGone + 10 {
		f.create(fmt.Sprintf("/in/%06d", i), 1)
	}
	f.after(0)
	clear(f.files)
	out := f.tracker.Look(f.now, f.listing(), room)
	if len(out.Forgotten) != 10 || len(f.tracker.known) != maxGone {
		t.Fatalf("%d are forgotten and %d known, want 10 and %d", len(out.Forgotten), len(f.tracker.known), maxGone)
	}
}

// TestEverySettledVersionIsOneEventWhateverHappens holds the tracker to an oracle that knows each file's true versions,
// over random writes, moves, mounts, and starts of the agent from what it had kept.
func TestEverySettledVersionIsOneEventWhateverHappens(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := newFolder(t, task.FileExists)
		seen := map[string]int{}
		want := map[string]bool{}
		for range 200 {
			path := fmt.Sprintf("/in/%d", r.IntN(4))
			f.now = f.now.Add(time.Millisecond)
			switch r.IntN(6) {
			case 0:
				f.create(path, r.Int64N(3))
			case 1:
				if _, there := f.files[path]; there {
					f.write(path, r.Int64N(3))
				}
			case 2:
				delete(f.files, path)
			case 3:
				f.restart()
			case 4:
				f.find(time.Second, Listing{Problem: "it does not answer"}, room)
			}
			for _, path := range f.find(time.Second, f.listing(), room) {
				seen[f.files[path].eventID()]++
			}
			if r.IntN(5) == 0 { // everything settles
				f.after2(seen)
				for _, file := range f.files {
					want[file.eventID()] = true
				}
			}
		}
		for id := range want {
			if seen[id] == 0 {
				t.Fatalf("seed %d: a version that was there for long is no event", seed)
			}
		}
		for id, n := range seen {
			if n > 1 {
				t.Fatalf("seed %d: a version gave %d events (%s)", seed, n, id)
			}
		}
	}
}

// after2 looks twice, a settle time apart, so that all that is there has settled.
func (f *folder) after2(seen map[string]int) {
	for range 2 {
		for _, path := range f.after(settle) {
			seen[f.files[path].eventID()]++
		}
	}
}
