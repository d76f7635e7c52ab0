package api_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/segno-jobs/segno/api"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

func (f *fake) StartRun(_ context.Context, name string, r api.RunRequest) (task.Run, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := found(f, f.tasks, name); err != nil {
		return task.Run{}, err
	}
	if id, again := f.keys[r.Key]; again && r.Key != "" {
		return f.runs[id].Run, nil
	}
	id := task.RunID(fmt.Sprintf("01J%05d", len(f.runs)))
	run := f.addRun(id, task.Queued)
	run.Task, run.Params, run.Cause = name, r.Params, task.Cause{Kind: task.CauseAPI, By: r.By}
	if r.Key != "" {
		f.keys[r.Key] = id
	}
	return run.Run, nil
}

func (f *fake) Runs(_ context.Context, q task.RunFilter, p page.Request) (page.Of[task.Run], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.runFilter = q
	all := map[string]task.Run{}
	for id, r := range f.runs {
		all[string(id)] = r.Run
	}
	return paged(all, p, func(r task.Run) bool {
		return (q.Task == "" || r.Task == q.Task) && (len(q.States) == 0 || slices.Contains(q.States, r.State)) &&
			(q.Since.IsZero() || !r.QueuedAt.Before(q.Since)) && (q.Until.IsZero() || r.QueuedAt.Before(q.Until))
	})
}

func (f *fake) Run(_ context.Context, id task.RunID) (task.Run, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.runs[id]
	if !ok {
		return task.Run{}, fmt.Errorf("find run %s: %w", id, fault.NotFound)
	}
	out := r.Run
	out.Attempts = slices.Clone(r.Attempts)
	return out, nil
}

func (f *fake) Placements(_ context.Context, id task.RunID) (map[int]virtualserver.Placement, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.runs[id].places, nil
}

func (f *fake) CancelRun(_ context.Context, id task.RunID, by string) (task.Run, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.runs[id]
	if !ok {
		return task.Run{}, fmt.Errorf("find run %s: %w", id, fault.NotFound)
	}
	f.writes++
	r.State, r.Reason = task.Cancelled, "cancelled by "+by
	return r.Run, nil
}

func (f *fake) RunEvents(_ context.Context, id task.RunID, p page.Request) (page.Of[task.Event], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[string]task.Event{}
	for _, e := range f.events {
		if e.Subject == string(id) {
			all[fmt.Sprintf("%09d", e.ID)] = e
		}
	}
	return paged(all, p, func(task.Event) bool { return true })
}

func (f *fake) Output(_ context.Context, ref task.Ref, offset int64, limit int) (task.Output, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.runs[ref.Run]
	if !ok {
		return task.Output{}, false, fmt.Errorf("find run %s: %w", ref.Run, fault.NotFound)
	}
	out, at := task.Output{Offset: offset}, int64(0)
	for _, p := range r.output[ref.Number] {
		begin, end := at, at+int64(len(p.Data))
		at = end
		if end <= offset {
			continue
		}
		if limit <= 0 {
			return out, false, nil
		}
		p.Data = p.Data[max(0, offset-begin):]
		p.Data = p.Data[:min(len(p.Data), limit)]
		limit -= len(p.Data)
		out.Lines = append(out.Lines, p)
		if begin+max(0, offset-begin)+int64(len(p.Data)) < end {
			return out, false, nil
		}
	}
	return out, r.ended[ref.Number], nil
}

func (f *fake) WatchOutput(task.RunID) (<-chan struct{}, func()) { return f.watch() }

func (f *fake) happen(events ...task.Event) {
	f.mu.Lock()
	for _, e := range events {
		e.ID, e.At = int64(len(f.events)+1), noon
		f.events = append(f.events, e)
	}
	f.mu.Unlock()
	f.signal()
}

func (f *fake) Events(_ context.Context, q task.EventFilter, limit int) ([]task.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []task.Event
	all := slices.Clone(f.events)
	if q.Newest {
		slices.Reverse(all)
	}
	for _, e := range all {
		of := len(q.Kinds) == 0 || slices.ContainsFunc(q.Kinds, func(k string) bool { return strings.HasPrefix(e.Kind, k) })
		before := !q.Newest || q.Before == 0 || e.ID < q.Before
		if len(out) < limit && e.ID > q.After && of && before && (q.Task == "" || e.Task == q.Task) {
			out = append(out, e)
		}
	}
	return out, nil
}

func (f *fake) LastEvent(context.Context) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return int64(len(f.events)), nil
}

func (f *fake) WatchEvents() (<-chan struct{}, func()) { return f.watch() }
