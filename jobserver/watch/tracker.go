package watch

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// Tracker tells events from what looks into one folder find. It has no clock and does no I/O, and is not safe for use by
// several goroutines at once. What it holds to, however often the agent is started again:
//
//   - a version of a file gives one event at most, and one that is there for long enough gives one for certain;
//   - an event is given once the file's size and time of modification were the same for the settle time;
//   - a folder that cannot be read, or not as a whole, or that is empty because its file system is not mounted, makes no
//     file new: what comes back as it was is what it was.
type Tracker struct {
	watch jobserver.Watch
	// known are the versions that were dealt with, by path.
	known map[string]Known
	// begun is true once a whole look was taken, so that what is not known is new.
	begun bool
	// growing are files of which it is not settled yet what they are.
	growing map[string]growing
	// absences counts the whole looks at which something was found gone; it orders what is gone.
	absences uint64
	gone     int
}

// Known is a version of a file that was dealt with.
type Known struct {
	File
	// Gone is not 0 where the file was not there any more, and greater the later that was noticed.
	Gone uint64
}

// growing is a version of a file that has yet to settle.
type growing struct {
	file  File
	since time.Time
}

// Outcome is what a look led to.
type Outcome struct {
	Events []jobserver.FileEvent
	// Learnt are files of which something else is known now, Forgotten paths of which nothing is known any more.
	Learnt    []Known
	Forgotten []string
	// Begun is true where this look was the first whole one.
	Begun bool
	// Left is how many files there was no room for: they wait for a later look.
	Left int
}

// maxGone is how many files that are gone are remembered for a watch, maxKnown how many in all.
const (
	maxGone  = 10000
	maxKnown = jobserver.MaxWatchedFiles + maxGone
)

// NewTracker returns a tracker that goes on from what was known of the watch, nil for nothing.
func NewTracker(w jobserver.Watch, known []Known, begun bool) *Tracker {
	w.File = w.File.WithDefaults()
	t := &Tracker{watch: w, known: make(map[string]Known, len(known)), growing: map[string]growing{}, begun: begun}
	for _, k := range known {
		t.known[k.Path] = k
		t.absences = max(t.absences, k.Gone)
		if k.Gone > 0 {
			t.gone++
		}
	}
	return t
}

// Retarget takes over an edit of the trigger that leaves its scope as it is.
func (t *Tracker) Retarget(w jobserver.Watch) {
	w.File = w.File.WithDefaults()
	t.watch = w
}

// Known returns all that is known, in no order, and whether a whole look was taken.
func (t *Tracker) Known() (known []Known, begun bool) {
	known = make([]Known, 0, len(t.known))
	for _, k := range t.known {
		known = append(known, k)
	}
	return known, t.begun
}

// Look takes in what was found at now, which never goes back, and gives no more than room events.
func (t *Tracker) Look(now time.Time, l Listing, room int) Outcome {
	var out Outcome
	there := make(map[string]bool, len(l.Files))
	for _, f := range l.Files {
		there[f.Path] = true
		t.file(now, f, room, &out)
	}
	if l.Complete {
		t.missing(there, &out)
		out.Begun = !t.begun
		t.begun = true
	}
	return out
}

// file takes in one file that is there.
func (t *Tracker) file(now time.Time, f File, room int, out *Outcome) {
	k, is := t.known[f.Path]
	if is && k.sameVersion(f) && (k.Gone == 0 || k.sameFile(f)) {
		delete(t.growing, f.Path)
		if k.Gone != 0 || !k.Changed.Equal(f.Changed) || k.Inode != f.Inode {
			t.learn(f, out)
		}
		return
	}
	if !is && len(t.known) >= maxKnown {
		out.Left++
		return
	}
	appeared := !is || k.Gone != 0 || k.Inode != f.Inode || !k.Born.Equal(f.Born)
	wanted := t.wants(f, is, appeared)
	if !wanted && !(appeared && t.begun) {
		delete(t.growing, f.Path)
		t.learn(f, out)
		return
	}
	g, grows := t.growing[f.Path]
	if !grows || !(Known{File: g.file}).sameVersion(f) {
		g = growing{file: f, since: now}
		t.growing[f.Path] = g
	}
	switch {
	case now.Sub(g.since) < time.Duration(t.watch.File.Settle):
		return
	case wanted && len(out.Events) >= room:
		out.Left++
		return
	case wanted:
		out.Events = append(out.Events, t.event(f, now))
	}
	delete(t.growing, f.Path)
	t.learn(f, out)
}

// wants reports whether a version that is not known is an event. A new file that is no event is known only once it has
// settled, or else the rest of its being written would count as a modification.
func (t *Tracker) wants(f File, known, appeared bool) bool {
	switch t.watch.File.On {
	case task.FileExists:
		return true
	case task.FileModified:
		if !t.begun && !known {
			return f.ModTime.After(t.watch.Born)
		}
		return known && t.known[f.Path].Gone == 0
	}
	if !t.begun && !known {
		return f.Changed.After(t.watch.Born)
	}
	return appeared
}

// missing notes which files are gone, and forgets the oldest of them where there are too many.
func (t *Tracker) missing(there map[string]bool, out *Outcome) {
	for path := range t.growing {
		if !there[path] {
			delete(t.growing, path)
		}
	}
	t.absences++
	for path, k := range t.known {
		if !there[path] && k.Gone == 0 {
			k.Gone = t.absences
			t.known[path] = k
			t.gone++
			out.Learnt = append(out.Learnt, k)
		}
	}
	if t.gone > maxGone {
		t.forget(out)
	}
}

func (t *Tracker) forget(out *Outcome) {
	gone := make([]Known, 0, t.gone)
	for _, k := range t.known {
		if k.Gone != 0 {
			gone = append(gone, k)
		}
	}
	slices.SortFunc(gone, func(a, b Known) int { return int(int64(a.Gone) - int64(b.Gone)) })
	for _, k := range gone[:len(gone)-maxGone] {
		delete(t.known, k.Path)
		out.Forgotten = append(out.Forgotten, k.Path)
	}
	t.gone = maxGone
}

func (t *Tracker) learn(f File, out *Outcome) {
	if k, is := t.known[f.Path]; is && k.Gone != 0 {
		t.gone--
	}
	t.known[f.Path] = Known{File: f}
	out.Learnt = append(out.Learnt, Known{File: f})
}

// Due returns when the next look is to be, after one at last: at the poll, or earlier where a file will have settled, and
// not at once.
func (t *Tracker) Due(last time.Time) time.Time {
	due := last.Add(time.Duration(t.watch.File.Poll))
	for _, g := range t.growing {
		// What has settled by now waits for room, and no look makes any.
		if settled := g.since.Add(time.Duration(t.watch.File.Settle)); settled.After(last) && settled.Before(due) {
			due = settled
		}
	}
	if soonest := last.Add(leastPause); due.Before(soonest) {
		return soonest
	}
	return due
}

// leastPause lies between two looks, however many files are about to settle.
const leastPause = 250 * time.Millisecond

func (t *Tracker) event(f File, now time.Time) jobserver.FileEvent {
	return jobserver.FileEvent{
		ID:        f.eventID(),
		OwnerKind: t.watch.OwnerKind, Owner: t.watch.Owner, Trigger: t.watch.Trigger, Version: t.watch.Version,
		Path: f.Path, Size: f.Size, ModTime: f.ModTime, SeenAt: now.UTC(),
	}
}

// eventID names the version of this very file: moved away and back it is another event, and so is a new file with the
// same size and time.
func (f File) eventID() string {
	text := fmt.Appendf(nil, "%s\x00%d\x00%d\x00%d\x00%d\x00%d", f.Path, f.Size, f.ModTime.UnixNano(), f.Changed.UnixNano(), f.Inode, f.Born.UnixNano())
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// sameVersion reports whether nothing was written between two looks.
func (k Known) sameVersion(f File) bool { return k.Size == f.Size && k.ModTime.Equal(f.ModTime) }

// sameFile reports whether a file that was gone is back untouched, such as with the file system that it is on.
func (k Known) sameFile(f File) bool { return k.Inode == f.Inode && k.Changed.Equal(f.Changed) }
