package watch

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// Options are the settings of a watcher.
type Options struct {
	// Folder is where it keeps what it knows; it is made where it is missing.
	Folder string
	Logger *slog.Logger
	// Now is the clock, time.Now by default. Its readings must carry a monotonic part, or never go back.
	Now func() time.Time
	// Scan looks into a folder; by default it is the function [Scan].
	Scan func(jobserver.Watch) Listing
}

// Watcher looks into the folders of file triggers and keeps the events until they are dropped. Its methods may be called
// from any goroutine. Create it with New, and call Run once.
type Watcher struct {
	options Options
	log     *slog.Logger
	// found gets a word when there may be more to report, changed when there are other watches.
	found, changed chan struct{}
	// room bounds how many looks are made at once.
	room chan struct{}

	mu      sync.Mutex
	watched map[string]*watched
	// pending counts the events of all watches.
	pending int
	closed  bool
}

// watched is one watch at work.
type watched struct {
	watch   jobserver.Watch
	tracker *Tracker
	journal *journal
	events  []jobserver.FileEvent
	// files and problem are what the last look said.
	files   int
	problem string
	// stop ends its looks, nil where they have not begun.
	stop context.CancelFunc
}

const (
	// maxLooks bounds how many folders are looked into at once.
	maxLooks = 16
	// hungAfter is from when on a look does not count among them: its file system may never answer.
	hungAfter = 10 * time.Second
	// leaveAfter is how long the end of Run waits for looks that hang.
	leaveAfter = 2 * time.Second
)

// New returns a watcher that knows what the folder's journals tell. A journal that cannot be read is logged, and its watch
// begins anew; the conductor knows the events that it had reported.
func New(o Options) (*Watcher, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Scan == nil {
		o.Scan = func(w jobserver.Watch) Listing { return Scan(w.File) }
	}
	if err := os.MkdirAll(o.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("prepare to watch files: %w", err)
	}
	states, err := readJournals(o.Folder)
	if err != nil {
		o.Logger.Error("what is known of some watched files cannot be read", "error", err)
	}
	w := &Watcher{
		options: o, log: o.Logger,
		found: make(chan struct{}, 1), changed: make(chan struct{}, 1), room: make(chan struct{}, maxLooks),
		watched: map[string]*watched{},
	}
	for name, s := range states {
		w.watched[name] = w.resume(s)
		w.pending += len(s.events)
	}
	w.sweep()
	return w, nil
}

func (w *Watcher) resume(s *state) *watched {
	known := make([]Known, 0, len(s.known))
	for _, k := range s.known {
		known = append(known, k)
	}
	return &watched{
		watch: s.watch, tracker: NewTracker(s.watch, known, s.begun),
		journal: newJournal(w.options.Folder, s.watch), events: s.events,
	}
}

// sweep removes what is left of journals that were being written.
func (w *Watcher) sweep() {
	left, _ := filepath.Glob(filepath.Join(w.options.Folder, "*"+journalEnding+".new")) // the pattern is sound
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			w.log.Warn("removing a file that is not needed failed", "error", err)
		}
	}
}

// Set makes these the watches. What was known of another one of the same name is forgotten where it was about other
// files; of watches that are not among them it is forgotten too, with their events. No more than MaxWatches are watched.
func (w *Watcher) Set(watches []jobserver.Watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	if len(watches) > jobserver.MaxWatches {
		w.log.Error("there are too many file triggers for this server; not all are watched", "triggers", len(watches), "watched", jobserver.MaxWatches)
		watches = watches[:jobserver.MaxWatches]
	}
	wanted := make(map[string]bool, len(watches))
	for _, watch := range watches {
		wanted[watch.Name()] = true
		w.set(watch)
	}
	for name, at := range w.watched {
		if !wanted[name] {
			w.forget(name, at)
		}
	}
	signal(w.changed)
}

func (w *Watcher) set(watch jobserver.Watch) {
	name := watch.Name()
	at := w.watched[name]
	if at != nil && at.watch.Born.Equal(watch.Born) && at.watch.File.SameScope(watch.File) {
		if at.watch != watch {
			at.watch = watch
			at.tracker.Retarget(watch)
			at.journal.broken = true // its first line tells of the watch
			at.end()
		}
		return
	}
	if at != nil {
		w.forget(name, at)
	}
	w.watched[name] = &watched{watch: watch, tracker: NewTracker(watch, nil, false), journal: newJournal(w.options.Folder, watch)}
}

func (w *Watcher) forget(name string, at *watched) {
	at.end()
	if len(at.events) > 0 {
		w.log.Warn("a file trigger is gone, and events of it that were not reported with it", "trigger", name, "events", len(at.events))
	}
	w.pending -= len(at.events)
	at.events = nil
	delete(w.watched, name)
	if err := at.journal.remove(); err != nil {
		w.log.Warn("forgetting a file trigger failed", "trigger", name, "error", err)
	}
}

// end makes the looks of a watch end; they begin again where it is still watched.
func (at *watched) end() {
	if at.stop != nil {
		at.stop()
		at.stop = nil
	}
}

// Found returns a channel that receives when there may be more to report: events, a folder that was looked into for the
// first time, or one whose problem is another. Signals are joined.
func (w *Watcher) Found() <-chan struct{} { return w.found }

// Pending returns up to limit events that were not dropped, the longest seen of each watch first.
func (w *Watcher) Pending(limit int) []jobserver.FileEvent {
	w.mu.Lock()
	defer w.mu.Unlock()
	var events []jobserver.FileEvent
	for _, name := range w.names() {
		events = append(events, w.watched[name].events...)
	}
	slices.SortStableFunc(events, func(a, b jobserver.FileEvent) int { return a.SeenAt.Compare(b.SeenAt) })
	return events[:min(limit, len(events))]
}

// Drop forgets events that the conductor has.
func (w *Watcher) Drop(events []jobserver.FileEvent) {
	ids := map[string]map[string]bool{}
	for _, e := range events {
		name := (jobserver.Watch{OwnerKind: e.OwnerKind, Owner: e.Owner, Trigger: e.Trigger}).Name()
		if ids[name] == nil {
			ids[name] = map[string]bool{}
		}
		ids[name][e.ID] = true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, dropped := range ids {
		at := w.watched[name]
		if at == nil {
			continue
		}
		var lines []line
		for _, e := range at.events {
			if dropped[e.ID] {
				lines = append(lines, line{Dropped: e.ID})
			}
		}
		at.events = without(at.events, dropped)
		w.pending -= len(lines)
		w.keep(at, lines)
	}
}

// States returns what is to be said of each watch, by name.
func (w *Watcher) States() []jobserver.WatchState {
	w.mu.Lock()
	defer w.mu.Unlock()
	states := make([]jobserver.WatchState, 0, len(w.watched))
	for _, name := range w.names() {
		at := w.watched[name]
		states = append(states, jobserver.WatchState{
			OwnerKind: at.watch.OwnerKind, Owner: at.watch.Owner, Trigger: at.watch.Trigger,
			Files: at.files, Pending: len(at.events), Problem: at.problem,
		})
	}
	return states
}

func (w *Watcher) names() []string {
	names := make([]string, 0, len(w.watched))
	for name := range w.watched {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// keep writes lines to the journal of a watch, or all of it where that is shorter in the long run. What cannot be written
// now is written with the next that is: the events have the same ids whenever they are found.
func (w *Watcher) keep(at *watched, lines []line) {
	if len(lines) == 0 && !at.journal.broken || w.closed {
		return
	}
	var err error
	if known := len(at.tracker.known) + len(at.events); at.journal.broken || at.journal.lines+len(lines) > 2*known+1000 {
		err = at.journal.rewrite(at.lines())
	} else {
		err = at.journal.add(lines)
	}
	if err != nil {
		w.log.Error("what is known of watched files is not on disk", "trigger", at.watch.Name(), "error", err)
	}
}

// lines are those of a whole journal.
func (at *watched) lines() []line {
	known, begun := at.tracker.Known()
	lines := make([]line, 0, 2+len(known)+len(at.events))
	lines = append(lines, line{Watch: &at.watch})
	if begun {
		lines = append(lines, line{Begun: true})
	}
	slices.SortFunc(known, func(a, b Known) int { return strings.Compare(a.Path, b.Path) })
	for _, k := range known {
		lines = append(lines, lineOf(k))
	}
	for _, e := range at.events {
		lines = append(lines, line{Event: &e})
	}
	return lines
}

// signal leaves a word for whoever waits on ch.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
