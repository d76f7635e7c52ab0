package api_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

func (f *fake) ConcurrencyGroups(_ context.Context, query string, p page.Request) (page.Of[task.ConcurrencyGroup], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return paged(f.shared, p, func(g task.ConcurrencyGroup) bool { return strings.Contains(g.Name, query) })
}

func (f *fake) ConcurrencyGroup(_ context.Context, name string) (task.ConcurrencyGroup, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return found(f, f.shared, name)
}

func (f *fake) CreateConcurrencyGroup(_ context.Context, s task.ConcurrencyGroupSpec) (task.ConcurrencyGroup, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, taken := f.shared[s.Name]; taken {
		return task.ConcurrencyGroup{}, fmt.Errorf("concurrency group %s exists: %w", s.Name, fault.Conflict)
	}
	f.writes++
	f.shared[s.Name] = task.ConcurrencyGroup{ConcurrencyGroupSpec: s, Version: 1, CreatedAt: noon, UpdatedAt: noon}
	return f.shared[s.Name], nil
}

func (f *fake) EditConcurrencyGroup(_ context.Context, name string, version int64, edit func(*task.ConcurrencyGroupSpec) error) (task.ConcurrencyGroup, error) {
	return edited(f, f.shared, name, version, func(g *task.ConcurrencyGroup) (*task.ConcurrencyGroupSpec, *int64) {
		return &g.ConcurrencyGroupSpec, &g.Version
	}, edit)
}

func (f *fake) DeleteConcurrencyGroup(_ context.Context, name string, version int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return removed(f, f.shared, name, version, func(g task.ConcurrencyGroup) int64 { return g.Version })
}

// ActiveIn says that one run counts in each group.
func (f *fake) ActiveIn(string) int { return 1 }
