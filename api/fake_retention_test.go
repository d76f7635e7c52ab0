package api_test

import (
	"context"
	"fmt"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

func (f *fake) Retention(context.Context) (task.StoredRetention, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stored(), f.broken
}

// stored returns the settings of retention, the defaults first.
func (f *fake) stored() task.StoredRetention {
	if f.retention.Version == 0 {
		f.retention = task.StoredRetention{RetentionSettings: task.DefaultRetention(), Version: 1}
	}
	return f.retention
}

func (f *fake) EditRetention(_ context.Context, version int64, edit func(*task.RetentionSettings) error) (task.StoredRetention, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.stored()
	if err := checked(s.Version, version); err != nil {
		return s, err
	}
	if err := edit(&s.RetentionSettings); err != nil {
		return s, fmt.Errorf("edit: %w", err)
	}
	if s.RetentionSettings != f.retention.RetentionSettings {
		s.Version, s.UpdatedAt = s.Version+1, noon
		f.retention = s
	}
	return s, nil
}

func (f *fake) PinRun(_ context.Context, id task.RunID, pinned bool, _ string) (task.Run, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.runs[id]
	if r == nil {
		return task.Run{}, fmt.Errorf("find run %q: %w", id, fault.NotFound)
	}
	r.Pinned = pinned
	return r.Run, nil
}
