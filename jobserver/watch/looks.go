package watch

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// Run looks into the folders until ctx ends. It returns then, though looks into file systems that do not answer may be
// left behind; they change nothing any more.
func (w *Watcher) Run(ctx context.Context) {
	var looking sync.WaitGroup
	for {
		w.begin(ctx, &looking)
		select {
		case <-w.changed:
			continue
		case <-ctx.Done():
		}
		break
	}
	w.close(&looking)
}

// begin sets the looks going of watches that have none.
func (w *Watcher) begin(ctx context.Context, looking *sync.WaitGroup) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, at := range w.watched {
		if at.stop == nil {
			own, stop := context.WithCancel(ctx)
			at.stop = stop
			looking.Go(func() { w.looks(own, at) })
		}
	}
}

func (w *Watcher) close(looking *sync.WaitGroup) {
	ended := make(chan struct{})
	go func() {
		looking.Wait()
		close(ended)
	}()
	limit := time.NewTimer(leaveAfter)
	defer limit.Stop()
	select {
	case <-ended:
	case <-limit.C:
		w.log.Warn("a folder that is watched does not answer; it is left")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, at := range w.watched {
		at.end()
		at.journal.close()
	}
}

// looks looks into the folder of a watch until ctx ends.
func (w *Watcher) looks(ctx context.Context, at *watched) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		due, ok := w.look(ctx, at)
		if !ok {
			return
		}
		timer.Reset(due)
	}
}

// look looks into a folder once, and returns how long to wait before the next time; false once ctx has ended.
func (w *Watcher) look(ctx context.Context, at *watched) (wait time.Duration, ok bool) {
	select {
	case w.room <- struct{}{}:
	case <-ctx.Done():
		return 0, false
	}
	w.mu.Lock()
	watch := at.watch
	w.mu.Unlock()
	leave := sync.OnceFunc(func() { <-w.room })
	hung := time.AfterFunc(hungAfter, func() {
		leave()
		w.trouble(at, "the folder has not answered for "+hungAfter.String())
	})
	listing := w.options.Scan(watch)
	hung.Stop()
	leave()

	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil || w.closed {
		return 0, false
	}
	now := w.options.Now()
	out := at.tracker.Look(now, listing, jobserver.MaxPendingEvents-w.pending)
	if out.Left > 0 && listing.Problem == "" {
		listing.Problem = fmt.Sprintf("%d files wait: too many events have not been reported yet", out.Left)
	}
	at.files = len(listing.Files)
	w.say(at, listing.Problem)
	out.Events = at.fresh(out.Events)
	at.events = append(at.events, out.Events...)
	w.pending += len(out.Events)
	w.keep(at, out.lines())
	if len(out.Events) > 0 || out.Begun {
		signal(w.found)
	}
	return at.tracker.Due(now).Sub(now), true
}

// fresh leaves out events that wait already: a crash may have kept an event, and not that its file is known.
func (at *watched) fresh(events []jobserver.FileEvent) []jobserver.FileEvent {
	waiting := make(map[string]bool, len(at.events))
	for _, e := range at.events {
		waiting[e.ID] = true
	}
	return without(events, waiting)
}

func (w *Watcher) trouble(at *watched, problem string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.say(at, problem)
}

// say notes the problem of a watch, if it is another one.
func (w *Watcher) say(at *watched, problem string) {
	if len(problem) > jobserver.MaxWatchProblem {
		problem = strings.ToValidUTF8(problem[:jobserver.MaxWatchProblem], "")
	}
	if problem == at.problem {
		return
	}
	at.problem = problem
	if problem != "" {
		w.log.Warn("a folder cannot be watched as it should", "trigger", at.watch.Name(), "problem", problem)
	} else {
		w.log.Info("a folder is watched again", "trigger", at.watch.Name())
	}
	signal(w.found)
}

// lines tells a journal of a look. Events stand before what makes their files known.
func (out Outcome) lines() []line {
	var lines []line
	for i := range out.Events {
		lines = append(lines, line{Event: &out.Events[i]})
	}
	for _, k := range out.Learnt {
		lines = append(lines, lineOf(k))
	}
	for _, path := range out.Forgotten {
		lines = append(lines, line{Forget: path})
	}
	if out.Begun {
		lines = append(lines, line{Begun: true})
	}
	return lines
}
