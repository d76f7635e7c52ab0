package memstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// admit decides by the limits of its task whether a run is made, and cancels those that it replaces.
func (s *Store) admit(n task.Run) error {
	if !n.Spec.NeedsAdmission() {
		return nil
	}
	var load task.Load
	var staying []*run
	for _, id := range s.order {
		r := s.runs[id]
		if r.Task != n.Task || !r.counted || r.State.Final() {
			continue
		}
		if r.State == task.Queued {
			load.Queued++
		} else {
			load.Active++
		}
		if r.toldToStop() && (r.Pending == "" || r.Pending == task.IntentReset) {
			load.Leaving++
		} else {
			staying = append(staying, r)
		}
	}
	a := n.Spec.Admit(load)
	if a.Refusal != "" {
		return &task.Refusal{Task: n.Task, Reason: a.Refusal}
	}
	for _, r := range staying[:min(a.Replace, len(staying))] {
		if err := s.cancel(r, task.Replaced(n.ID), n.QueuedAt); err != nil {
			return err
		}
	}
	return nil
}

// limit notes on a new run what its task's limits need of it later.
func (r *run) limit() {
	r.counted = r.Spec.NeedsAdmission()
	r.waitsSince(r.QueuedAt)
}

// waitsSince notes when a run that begins to wait has waited for too long.
func (r *run) waitsSince(at time.Time) {
	if most := time.Duration(r.Spec.MaxQueueTime); most > 0 {
		r.expiresAt = stored(at).Add(most)
	}
}

// ExpireQueued ends queued runs that have waited for too long.
func (s *Store) ExpireQueued(_ context.Context, limit int, now time.Time) ([]task.Run, error) {
	var due []*run
	for _, id := range sortedKeys(s.queued) {
		if r := s.queued[id]; !r.expiresAt.IsZero() && !r.expiresAt.After(now) {
			due = append(due, r)
		}
	}
	slices.SortStableFunc(due, func(a, b *run) int {
		return cmp.Or(a.expiresAt.Compare(b.expiresAt), cmp.Compare(a.ID, b.ID))
	})
	var ended []task.Run
	for _, r := range due[:min(limit, len(due))] {
		err := s.transaction("ExpireQueued", func() error {
			s.endUnstarted(r, task.Failed, task.Expired(time.Duration(r.Spec.MaxQueueTime), r.Reason), now)
			return nil
		})
		if err != nil {
			return ended, err
		}
		ended = append(ended, r.head())
	}
	return ended, nil
}

// CreateConcurrencyGroup stores a group.
func (s *Store) CreateConcurrencyGroup(_ context.Context, spec task.ConcurrencyGroupSpec, now time.Time) (g task.ConcurrencyGroup, err error) {
	err = s.transaction("CreateConcurrencyGroup", func() error {
		if _, taken := s.shared[spec.Name]; taken {
			return fmt.Errorf("the name is taken: %w", fault.Conflict)
		}
		g = task.ConcurrencyGroup{ConcurrencyGroupSpec: spec, Version: 1, CreatedAt: stored(now), UpdatedAt: stored(now)}
		s.shared[spec.Name] = g
		s.recordThing(now, "concurrency_group.created", spec.Name, "")
		return nil
	})
	return g, err
}

// ConcurrencyGroup returns a group.
func (s *Store) ConcurrencyGroup(_ context.Context, name string) (task.ConcurrencyGroup, error) {
	if g, there := s.shared[name]; there {
		return s.withTasks(g), nil
	}
	return task.ConcurrencyGroup{}, notFound("concurrency group", name)
}

// withTasks returns the group with the tasks that name it.
func (s *Store) withTasks(g task.ConcurrencyGroup) task.ConcurrencyGroup {
	for _, name := range sortedKeys(s.tasks) {
		if slices.Contains(s.tasks[name].ConcurrencyGroups, g.Name) {
			g.Tasks = append(g.Tasks, name)
		}
	}
	return g
}

// ConcurrencyGroups returns groups by name.
func (s *Store) ConcurrencyGroups(_ context.Context, query string, p page.Request) (page.Of[task.ConcurrencyGroup], error) {
	var all []task.ConcurrencyGroup
	for _, name := range sortedKeys(s.shared) {
		if strings.Contains(name, query) {
			all = append(all, s.withTasks(s.shared[name]))
		}
	}
	return paged(all, p, func(g task.ConcurrencyGroup) string { return g.Name }, false)
}

// EditConcurrencyGroup applies an edit.
func (s *Store) EditConcurrencyGroup(_ context.Context, name string, version int64, now time.Time, edit func(*task.ConcurrencyGroupSpec) error) (g task.ConcurrencyGroup, err error) {
	err = s.transaction("EditConcurrencyGroup", func() error {
		old, there := s.shared[name]
		if !there {
			return notFound("concurrency group", name)
		}
		if err := checkVersion(version, old.Version); err != nil {
			return err
		}
		g = old
		if err := edit(&g.ConcurrencyGroupSpec); err != nil {
			return err
		}
		if g.Name != name {
			return fault.Field("name", "cannot be changed")
		}
		if g.ConcurrencyGroupSpec == old.ConcurrencyGroupSpec {
			g = s.withTasks(g)
			return nil
		}
		g.Version, g.UpdatedAt = old.Version+1, stored(now)
		s.shared[name] = g
		g = s.withTasks(g)
		s.recordThing(now, "concurrency_group.edited", name, "")
		return nil
	})
	return g, err
}

// DeleteConcurrencyGroup removes a group.
func (s *Store) DeleteConcurrencyGroup(_ context.Context, name string, version int64, now time.Time) error {
	return s.transaction("DeleteConcurrencyGroup", func() error {
		g, there := s.shared[name]
		if !there {
			return notFound("concurrency group", name)
		}
		if err := checkVersion(version, g.Version); err != nil {
			return err
		}
		if len(s.withTasks(g).Tasks) > 0 {
			return fmt.Errorf("tasks name it: %w", fault.Conflict)
		}
		delete(s.shared, name)
		s.recordThing(now, "concurrency_group.deleted", name, "")
		return nil
	})
}

func (s *Store) checkConcurrencyGroups(groups []string) error {
	for i, name := range groups {
		if _, there := s.shared[name]; !there {
			return fault.Field(fmt.Sprintf("concurrency_groups[%d]", i), "%q does not exist", name)
		}
	}
	return nil
}

// countRuns counts the open runs of a task from now on, where its limits need it.
func (s *Store) countRuns(spec task.Spec) {
	if !spec.NeedsAdmission() {
		return
	}
	for _, r := range s.runs {
		if r.Task == spec.Name && !r.State.Final() {
			r.counted = true
		}
	}
}
