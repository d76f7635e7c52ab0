package conductor

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

const (
	// previewTasks and previewRuns are how many tasks and queued runs of a virtual server a preview looks at.
	previewTasks = 5000
	previewRuns  = 500
)

// PreviewVirtualServers says what it would mean if virtual servers, stored ones or new ones, were as the drafts say: each by
// itself, as things are now. The placements are those of a run of the task; an empty task stands for a run of one core.
// Nothing is changed by asking.
func (c *Conductor) PreviewVirtualServers(ctx context.Context, drafts []virtualserver.Spec, taskName string) ([]virtualserver.Effect, error) {
	req, err := c.requestOf(ctx, taskName)
	if err != nil {
		return nil, err
	}
	effects := make([]virtualserver.Effect, len(drafts))
	for i, draft := range drafts {
		if effects[i], err = c.effect(ctx, draft, req, c.now()); err != nil {
			return nil, err
		}
	}
	return effects, nil
}

// requestOf returns what a run of a task needs; an empty name stands for a run of one core.
func (c *Conductor) requestOf(ctx context.Context, taskName string) (virtualserver.Request, error) {
	if taskName == "" {
		return c.request("", task.Spec{}), nil
	}
	t, err := c.store.Task(ctx, taskName)
	switch {
	case errors.Is(err, fault.NotFound):
		return virtualserver.Request{}, fault.Field("task", "names no task: %q", taskName)
	case err != nil:
		return virtualserver.Request{}, err
	}
	return c.request(taskName, c.foresee(ctx, t.Spec)), nil
}

func (c *Conductor) effect(ctx context.Context, draft virtualserver.Spec, req virtualserver.Request, now time.Time) (virtualserver.Effect, error) {
	target := task.Target{VirtualServer: draft.Name}
	before, after := c.fleet.picture(), c.fleet.picture()
	stored := before.groups[draft.Name]
	after.groups[draft.Name] = virtualserver.VirtualServer{Spec: draft}
	e := virtualserver.Effect{
		Name:      draft.Name,
		Placement: after.place("", target, req, task.Ref{}, now, c.choose),
		Before:    before.capacity(stored.Spec, now),
		After:     after.capacity(draft, now),
	}
	if stored.Name == "" {
		return e, nil // Nothing can be bound to a virtual server that does not exist.
	}
	var err error
	if e.Stranded, err = c.stranded(ctx, before, after, draft.Name, now); err != nil {
		return e, err
	}
	runs, err := c.store.QueuedRuns(ctx, target, task.QueuePosition{}, nil, previewRuns)
	if err != nil {
		return e, err
	}
	e.Queued, e.Counted = len(runs), len(runs) == previewRuns
	e.CouldStart = max(0, c.startable(after, runs, now)-c.startable(before, runs, now))
	return e, nil
}

// stranded returns the tasks of a virtual server that some member can take before and none after. Only what tasks declare
// counts here: what their runs were found to use keeps no run from a server for good.
func (c *Conductor) stranded(ctx context.Context, before, after *fleet, name string, now time.Time) ([]string, error) {
	tasks, err := c.tasksOf(ctx, name)
	if err != nil {
		return nil, err
	}
	lost := map[string]bool{}
	var names []string
	for _, t := range tasks {
		req := c.request("", t.Spec)
		like := likeness(t.Target, req)
		loses, known := lost[like]
		if !known {
			can := func(f *fleet) bool { return f.place("", t.Target, req, task.Ref{}, now, c.choose).CanTake() }
			loses = can(before) && !can(after)
			lost[like] = loses
		}
		if loses {
			names = append(names, t.Name)
		}
	}
	return names, nil
}

func (c *Conductor) tasksOf(ctx context.Context, virtualServer string) ([]task.Task, error) {
	var tasks []task.Task
	p := page.Request{Limit: page.MaxLimit}
	for len(tasks) < previewTasks {
		got, err := c.store.Tasks(ctx, task.Filter{VirtualServer: virtualServer}, p)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, got.Items...)
		if got.Next == "" {
			break
		}
		p.Cursor = got.Next
	}
	return tasks, nil
}

// startable places runs in a picture of the fleet, as the dispatcher would, and returns how many found a place.
func (c *Conductor) startable(picture *fleet, runs []task.Run, now time.Time) (started int) {
	var refused []string
	for _, run := range runs {
		if c.waits(run, now) != "" || picture.heldBack(run.Task) != "" {
			continue
		}
		req := c.request(run.Task, run.Spec)
		if run.Next != nil && run.Next.Avoid != "" {
			req.Avoid = []string{run.Next.Avoid}
		}
		like := likeness(run.Spec.Target, req)
		if slices.Contains(refused, like) {
			continue
		}
		p := picture.place(run.Task, run.Spec.Target, req, task.Ref{Run: run.ID, Number: run.Attempt + 1}, now, c.choose)
		if p.Chosen == "" {
			refused = append(refused, like)
			continue
		}
		started++
	}
	return started
}

// capacity adds up what the members of a group can take.
func (f *fleet) capacity(s virtualserver.Spec, now time.Time) virtualserver.Capacity {
	f.mu.Lock()
	defer f.mu.Unlock()
	candidates := make([]virtualserver.Candidate, 0, len(s.Members))
	for _, name := range s.Members {
		if h, known := f.hosts[name]; known {
			candidates = append(candidates, h.candidate(now))
		}
	}
	return virtualserver.CapacityOf(s, candidates)
}
