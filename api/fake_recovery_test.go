package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// takenUp is one call of TakeUp.
type takenUp struct {
	id         task.RunID
	intent     task.Intent
	checkpoint int
	by         string
}

func (f *fake) DeclareDead(ctx context.Context, name, reason, by string) (api.ServerView, error) {
	return f.EditServer(ctx, name, 0, func(s *jobserver.Server) error {
		s.Mode, s.State, s.Reason = jobserver.Disabled, jobserver.Unavailable, reason+" ("+by+")"
		return nil
	})
}

func (f *fake) WhatIf(_ context.Context, name string) ([]api.WhatIf, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := found(f, f.servers, name); err != nil {
		return nil, err
	}
	return f.fates[name], nil
}

func (f *fake) TakeUp(_ context.Context, id task.RunID, intent task.Intent, checkpoint int, by string) (task.Run, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.runs[id]
	if !ok {
		return task.Run{}, fmt.Errorf("find run %s: %w", id, fault.NotFound)
	}
	if f.broken != nil {
		return task.Run{}, f.broken
	}
	f.writes++
	f.takenUp = append(f.takenUp, takenUp{id, intent, checkpoint, by})
	r.State, r.Pending = task.Stopping, intent
	return r.Run, nil
}

func (f *fake) Checkpoints(_ context.Context, id task.RunID) ([]task.Checkpoint, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.runs[id]
	if !ok {
		return nil, fmt.Errorf("find run %s: %w", id, fault.NotFound)
	}
	return r.checkpoints, nil
}

// openContent counts how often it was closed.
type openContent struct {
	*bytes.Reader
	closed *int
}

func (c openContent) Close() error { *c.closed++; return nil }

func (f *fake) CheckpointContent(_ context.Context, id task.RunID, sequence int) (io.ReadSeekCloser, task.Checkpoint, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r, ok := f.runs[id]; ok {
		for _, c := range r.checkpoints {
			if c.Sequence == sequence {
				return openContent{bytes.NewReader(r.contents[sequence]), &f.closed}, c, nil
			}
		}
	}
	return nil, task.Checkpoint{}, fmt.Errorf("find checkpoint %d of run %s: %w", sequence, id, fault.NotFound)
}

func (f *fake) RecoverableRuns(_ context.Context, taskName string, p page.Request) (page.Of[task.Recoverable], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[string]task.Recoverable{}
	for id, r := range f.runs {
		if (taskName == "" || r.Task == taskName) && (r.State == task.Failed || r.State == task.TimedOut || r.State == task.Lost) {
			all[string(id)] = task.Recoverable{Run: r.Run, Checkpoints: r.checkpoints}
		}
	}
	return paged(all, p, func(task.Recoverable) bool { return true })
}
