package agent

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/watch"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
)

// watchFolder is the folder below the agent's data in which is kept what is known of watched files.
const watchFolder = "watch"

// tellStates is how often the conductor is told how watches are where there is no event to report.
const tellStates = time.Minute

// files looks after the file triggers of this server.
type files struct {
	watcher *watch.Watcher
	// told is the version of the watches that the conductor last spoke of, have that of those that are watched.
	mu         sync.Mutex
	told, have uint64
	// outdated gets a word when the two differ, connected when what waits may be tried again.
	outdated, connected chan struct{}
	// states are those that the conductor has.
	states []jobserver.WatchState
}

func newFiles(w *watch.Watcher) *files {
	return &files{watcher: w, outdated: make(chan struct{}, 1), connected: make(chan struct{}, 1)}
}

// heard takes in which watches the conductor has for this server; 0 says nothing.
func (f *files) heard(version uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if version != 0 {
		f.told = version
	}
	if f.told != f.have {
		signal(f.outdated)
	}
}

// watchFiles watches, reads which files are to be watched, and reports them until ctx ends.
func (a *Agent) watchFiles(ctx context.Context) {
	var parts sync.WaitGroup
	parts.Go(func() { a.files.watcher.Run(ctx) })
	parts.Go(func() { a.followWatches(ctx) })
	parts.Go(func() { a.reportFiles(ctx) })
	parts.Wait()
}

// followWatches reads the watches anew whenever the conductor has others.
func (a *Agent) followWatches(ctx context.Context) {
	for failures := 0; ; {
		if failures == 0 {
			select {
			case <-ctx.Done():
				return
			case <-a.files.outdated:
			}
		} else if !pause(ctx, backoff(failures, mathrand.Float64)) {
			return
		}
		if err := a.readWatches(ctx); err != nil {
			failures++
			continue
		}
		failures = 0
	}
}

func (a *Agent) readWatches(ctx context.Context) error {
	ctx, cancel := callContext(ctx)
	defer cancel()
	client, at := a.conductors.current()
	res, err := client.GetWatches(ctx, connect.NewRequest(&segnov1.GetWatchesRequest{}))
	if err != nil {
		a.failed("read file triggers", at, err)
		return err
	}
	a.succeeded("read file triggers")
	watches := make([]jobserver.Watch, 0, len(res.Msg.GetWatches()))
	for _, m := range res.Msg.GetWatches() {
		w, err := protocol.WatchFromProto(a.options.Identity.Name, m)
		if err != nil {
			a.log.Error("a file trigger cannot be watched", "trigger", w.Name(), "error", err)
			continue
		}
		watches = append(watches, w)
	}
	a.files.watcher.Set(watches)
	a.log.Info("watching files", "triggers", len(watches))
	a.files.mu.Lock()
	a.files.have = res.Msg.GetVersion()
	a.files.mu.Unlock()
	a.files.heard(0)
	return nil
}

// reportFiles reports events until the conductor has all of them.
func (a *Agent) reportFiles(ctx context.Context) {
	ticker := time.NewTicker(tellStates)
	defer ticker.Stop()
	again := time.NewTimer(0)
	defer again.Stop()
	for failures := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-a.files.watcher.Found():
			if failures > 0 {
				continue // the next try is due anyway
			}
		case <-a.files.connected:
		case <-ticker.C:
		case <-again.C:
		}
		more, err := a.reportSome(ctx)
		switch {
		case err != nil:
			failures++
			again.Reset(backoff(failures, mathrand.Float64))
		default:
			failures = 0
			again.Stop()
			if more {
				again.Reset(0)
			}
		}
	}
}

// reportSome makes one report, if there is anything to tell, and says whether more is left.
func (a *Agent) reportSome(ctx context.Context) (more bool, err error) {
	events := a.files.watcher.Pending(jobserver.MaxReportedEvents)
	states := once(a.files.watcher.States(), events)
	if len(events) == 0 && slices.Equal(states, a.files.states) {
		return false, nil
	}
	req := &segnov1.ReportFilesRequest{Instance: a.instance}
	for _, e := range events {
		req.Events = append(req.Events, protocol.FileEventToProto(e))
	}
	for _, s := range states {
		req.States = append(req.States, protocol.WatchStateToProto(s))
	}
	ctx, cancel := callContext(ctx)
	defer cancel()
	client, at := a.conductors.current()
	res, err := client.ReportFiles(ctx, connect.NewRequest(req))
	if err != nil {
		a.failed("report files", at, err)
		return false, err
	}
	a.succeeded("report files")
	a.files.states = states
	taken := make(map[string]bool, len(res.Msg.GetTaken()))
	for _, id := range res.Msg.GetTaken() {
		taken[id] = true
	}
	dropped := slices.DeleteFunc(events, func(e jobserver.FileEvent) bool { return !taken[e.ID] })
	a.files.watcher.Drop(dropped)
	if len(req.Events) > 0 && len(dropped) == 0 {
		return false, errNothingTaken
	}
	return len(a.files.watcher.Pending(1)) > 0, nil
}

// once returns the states as they are once the conductor has the events.
func once(states []jobserver.WatchState, events []jobserver.FileEvent) []jobserver.WatchState {
	reported := map[[3]string]int{}
	for _, e := range events {
		reported[[3]string{e.OwnerKind, e.Owner, e.Trigger}]++
	}
	for i, s := range states {
		states[i].Pending = max(0, s.Pending-reported[[3]string{s.OwnerKind, s.Owner, s.Trigger}])
	}
	return states
}

// errNothingTaken is met where a conductor answers a report with nothing: to repeat it at once would be of no use.
var errNothingTaken = fmt.Errorf("the conductor has taken no event of a file: %w", fault.Unavailable)
