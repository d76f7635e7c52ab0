package memstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// CreateVirtualServer stores a group.
func (s *Store) CreateVirtualServer(_ context.Context, spec virtualserver.Spec, now time.Time) (v virtualserver.VirtualServer, err error) {
	err = s.transaction("CreateVirtualServer", func() error {
		if _, taken := s.groups[spec.Name]; taken {
			return fmt.Errorf("the name is taken: %w", fault.Conflict)
		}
		if err := s.checkMembers(spec.Members); err != nil {
			return err
		}
		v = virtualserver.VirtualServer{Spec: spec, Version: 1, CreatedAt: stored(now), UpdatedAt: stored(now)}
		s.groups[spec.Name] = v
		s.recordThing(now, "virtual_server.created", spec.Name, "")
		return nil
	})
	return v, err
}

func (s *Store) checkMembers(members []string) error {
	for i, m := range members {
		if s.servers[m] == nil {
			return fault.Field(fmt.Sprintf("members[%d]", i), "%q is no server", m)
		}
		if slices.Contains(members[:i], m) {
			return fault.Field(fmt.Sprintf("members[%d]", i), "%q stands in the list twice", m)
		}
	}
	return nil
}

// VirtualServer returns a group.
func (s *Store) VirtualServer(_ context.Context, name string) (virtualserver.VirtualServer, error) {
	if v, there := s.groups[name]; there {
		return v, nil
	}
	return virtualserver.VirtualServer{}, notFound("virtual server", name)
}

// VirtualServers returns groups by name.
func (s *Store) VirtualServers(_ context.Context, query string, p page.Request) (page.Of[virtualserver.VirtualServer], error) {
	var all []virtualserver.VirtualServer
	for _, name := range sortedKeys(s.groups) {
		if strings.Contains(name, query) {
			all = append(all, s.groups[name])
		}
	}
	return paged(all, p, func(v virtualserver.VirtualServer) string { return v.Name }, false)
}

// EditVirtualServer applies an edit.
func (s *Store) EditVirtualServer(_ context.Context, name string, version int64, now time.Time, edit func(*virtualserver.Spec) error) (v virtualserver.VirtualServer, err error) {
	err = s.transaction("EditVirtualServer", func() error {
		old, there := s.groups[name]
		if !there {
			return notFound("virtual server", name)
		}
		if err := checkVersion(version, old.Version); err != nil {
			return err
		}
		v = old
		v.Members = slices.Clone(old.Members)
		if err := edit(&v.Spec); err != nil {
			return err
		}
		if v.Name != name {
			return fault.Field("name", "cannot be changed")
		}
		if equal(v.Spec, old.Spec) {
			return nil
		}
		if err := s.checkMembers(v.Members); err != nil {
			return err
		}
		v.Version, v.UpdatedAt = old.Version+1, stored(now)
		s.groups[name] = v
		s.recordThing(now, "virtual_server.edited", name, "")
		return nil
	})
	return v, err
}

// DeleteVirtualServer removes a group.
func (s *Store) DeleteVirtualServer(_ context.Context, name string, version int64, now time.Time) error {
	return s.transaction("DeleteVirtualServer", func() error {
		old, there := s.groups[name]
		if !there {
			return notFound("virtual server", name)
		}
		if err := checkVersion(version, old.Version); err != nil {
			return err
		}
		for _, t := range s.tasks {
			if t.Target.VirtualServer == name {
				return fmt.Errorf("tasks are bound to it: %w", fault.Conflict)
			}
		}
		delete(s.groups, name)
		s.recordThing(now, "virtual_server.deleted", name, "")
		return nil
	})
}

// CreateTask stores a task.
func (s *Store) CreateTask(_ context.Context, spec task.Spec, now time.Time) (t task.Task, err error) {
	err = s.transaction("CreateTask", func() error {
		if err := s.checkTarget(spec.Target); err != nil {
			return err
		}
		if err := s.checkConcurrencyGroups(spec.ConcurrencyGroups); err != nil {
			return err
		}
		if _, taken := s.tasks[spec.Name]; taken {
			return fmt.Errorf("the name is taken: %w", fault.Conflict)
		}
		t = task.Task{Spec: spec, Version: 1, CreatedAt: stored(now), UpdatedAt: stored(now)}
		s.tasks[spec.Name] = t
		s.recordTask(now, "task.created", spec.Name)
		return nil
	})
	return t, err
}

func (s *Store) recordTask(now time.Time, kind, name string) {
	s.record(task.Event{At: now, Kind: kind, Subject: name, Task: name})
}

func (s *Store) checkTarget(t task.Target) error {
	if (t.VirtualServer == "") == (t.Server == "") {
		return fault.Field("target", "must name either a virtual server or a server")
	}
	if _, there := s.groups[t.VirtualServer]; t.VirtualServer != "" && !there {
		return fault.Field("target.virtual_server", "%q does not exist", t.VirtualServer)
	}
	if t.Server != "" && s.servers[t.Server] == nil {
		return fault.Field("target.server", "%q does not exist", t.Server)
	}
	return nil
}

// Task returns a task.
func (s *Store) Task(_ context.Context, name string) (task.Task, error) {
	if t, there := s.tasks[name]; there {
		return t, nil
	}
	return task.Task{}, notFound("task", name)
}

// Tasks returns tasks by name.
func (s *Store) Tasks(_ context.Context, f task.Filter, p page.Request) (page.Of[task.Task], error) {
	var all []task.Task
	for _, name := range sortedKeys(s.tasks) {
		t := s.tasks[name]
		if strings.Contains(name, f.Query) && (f.Server == "" || f.Server == t.Target.Server) &&
			(f.VirtualServer == "" || f.VirtualServer == t.Target.VirtualServer) {
			all = append(all, t)
		}
	}
	return paged(all, p, func(t task.Task) string { return t.Name }, false)
}

// EditTask applies an edit.
func (s *Store) EditTask(_ context.Context, name string, version int64, now time.Time, edit func(*task.Spec) error) (t task.Task, err error) {
	err = s.transaction("EditTask", func() error {
		old, there := s.tasks[name]
		if !there {
			return notFound("task", name)
		}
		if err := checkVersion(version, old.Version); err != nil {
			return err
		}
		t = old
		if err := edit(&t.Spec); err != nil {
			return err
		}
		if t.Name != name {
			return fault.Field("name", "cannot be changed")
		}
		if equal(t.Spec, old.Spec) {
			return nil
		}
		if err := s.checkTarget(t.Target); err != nil {
			return err
		}
		if err := s.checkConcurrencyGroups(t.ConcurrencyGroups); err != nil {
			return err
		}
		s.countRuns(t.Spec)
		t.Version, t.UpdatedAt = old.Version+1, stored(now)
		s.tasks[name] = t
		s.recordTask(now, "task.edited", name)
		return nil
	})
	return t, err
}

// DeleteTask removes a task; its runs stay.
func (s *Store) DeleteTask(_ context.Context, name string, version int64, now time.Time) error {
	return s.transaction("DeleteTask", func() error {
		old, there := s.tasks[name]
		if !there {
			return notFound("task", name)
		}
		if err := checkVersion(version, old.Version); err != nil {
			return err
		}
		for _, r := range s.runs {
			if r.Task == name && !r.State.Final() {
				return fmt.Errorf("run %s has not ended: %w", r.ID, fault.Conflict)
			}
		}
		delete(s.tasks, name)
		s.recordTask(now, "task.deleted", name)
		return nil
	})
}

// Usage returns what tasks used.
func (s *Store) Usage(context.Context) (map[string]task.Usage, error) {
	all := make(map[string]task.Usage, len(s.usage))
	maps.Copy(all, s.usage)
	return all, nil
}

// SaveUsage stores what tasks used.
func (s *Store) SaveUsage(_ context.Context, us map[string]task.Usage, _ time.Time) error {
	return s.transaction("SaveUsage", func() error {
		maps.Copy(s.usage, us)
		return nil
	})
}
