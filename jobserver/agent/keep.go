package agent

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// keepGuard keeps a guard connected until ctx ends, and then lets go of it.
func (a *Agent) keepGuard(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		g, err := a.options.Guard(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			failures++
			a.troubles.met("guard", slog.LevelError, "there is no guard; nothing can be started", "error", err)
			pause(ctx, backoff(failures, mathrand.Float64))
			continue
		}
		failures = 0
		a.troubles.over("guard")
		a.attend(ctx, g)
		if err := g.Close(); err != nil {
			a.log.Warn("letting go of the guard failed", "error", err)
		}
		if ctx.Err() == nil {
			a.log.Error("the guard is gone, and its jobs with it; connecting to a new one")
			pause(ctx, backoff(1, mathrand.Float64))
		}
	}
}

// attend passes on what a guard tells until it is gone or ctx ends.
func (a *Agent) attend(ctx context.Context, g Guard) {
	a.setGuard(g)
	a.step(GuardUp{})
	defer func() {
		a.setGuard(nil)
		a.step(GuardDown{})
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case grown, ok := <-g.Grown():
			if !ok {
				return
			}
			a.step(Grew{grown})
		}
	}
}

func (a *Agent) setGuard(g Guard) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.guard = g
}

// pause waits, and reports whether it was not cut short by the end of ctx.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// noGuard answers what is asked of a guard that is gone.
type noGuard struct{}

func gone(act string) error { return fmt.Errorf("%s: the guard is gone: %w", act, fault.Unavailable) }

func (noGuard) Start(context.Context, jobserver.Execution) error    { return gone("start") }
func (noGuard) Stop(context.Context, task.Ref, task.ExitKind) error { return gone("stop") }
func (noGuard) Renew(task.Ref, jobserver.Lease) error               { return gone("renew") }
func (noGuard) Expire(task.Ref) error                               { return gone("expire") }
func (noGuard) Checkpoint(task.Ref, int) (io.ReadCloser, error)     { return nil, gone("read checkpoint") }
func (noGuard) Validated(task.Ref, int, string) error               { return gone("validate") }
func (noGuard) Kept(context.Context) ([]jobserver.Kept, error)      { return nil, gone("list") }
func (noGuard) Grown() <-chan jobserver.Grown                       { return nil }
func (noGuard) Read(task.Ref, int64, int) ([]task.Record, error)    { return nil, gone("read") }
func (noGuard) Drop(task.Ref) error                                 { return gone("drop") }
func (noGuard) Full() bool                                          { return false }
func (noGuard) Close() error                                        { return nil }
