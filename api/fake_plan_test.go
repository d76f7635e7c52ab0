package api_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

func (f *fake) Plans(_ context.Context, q plan.Filter, p page.Request) (page.Of[plan.Plan], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return paged(f.plans, p, func(p plan.Plan) bool {
		return strings.Contains(p.Name, q.Query) && (q.Task == "" || slices.Contains(p.Tasks(), q.Task))
	})
}

func (f *fake) Plan(_ context.Context, name string) (plan.Plan, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return found(f, f.plans, name)
}

func (f *fake) CreatePlan(_ context.Context, s plan.Spec, _ ...task.TriggerSpec) (plan.Plan, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, taken := f.plans[s.Name]; taken {
		return plan.Plan{}, fmt.Errorf("plan %s exists: %w", s.Name, fault.Conflict)
	}
	tasks := map[string]task.Spec{}
	for name, t := range f.tasks {
		tasks[name] = t.Spec
	}
	if err := s.CheckTasks(tasks); err != nil {
		return plan.Plan{}, fmt.Errorf("create plan: %w", err)
	}
	f.writes++
	f.plans[s.Name] = plan.Plan{Spec: s, Version: 1, CreatedAt: noon, UpdatedAt: noon}
	return f.plans[s.Name], nil
}

func (f *fake) EditPlan(_ context.Context, name string, version int64, edit func(*plan.Spec) error) (plan.Plan, error) {
	return edited(f, f.plans, name, version, func(p *plan.Plan) (*plan.Spec, *int64) { return &p.Spec, &p.Version }, edit)
}

func (f *fake) DeletePlan(_ context.Context, name string, version int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return removed(f, f.plans, name, version, func(p plan.Plan) int64 { return p.Version })
}

func (f *fake) StartPlanRun(_ context.Context, name string, r plan.RunRequest) (plan.Run, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, err := found(f, f.plans, name)
	if err != nil {
		return plan.Run{}, err
	}
	if id, again := f.keys[r.Key]; again && r.Key != "" {
		return f.planRuns[string(id)], nil
	}
	id := plan.RunID(fmt.Sprintf("01P%05d", len(f.planRuns)))
	run, err := plan.NewRun(id, p.Spec, r.Params, task.Cause{Kind: task.CauseAPI, By: r.By}, noon)
	if err != nil {
		return plan.Run{}, err
	}
	f.planRuns[string(id)] = run
	if r.Key != "" {
		f.keys[r.Key] = task.RunID(id)
	}
	return run, nil
}

func (f *fake) PlanRuns(_ context.Context, q plan.RunFilter, p page.Request) (page.Of[plan.Run], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return paged(f.planRuns, p, func(r plan.Run) bool {
		return (q.Plan == "" || r.Plan == q.Plan) && (len(q.States) == 0 || slices.Contains(q.States, r.State)) &&
			!r.StartedAt.Before(q.Since) && (q.Until.IsZero() || r.StartedAt.Before(q.Until))
	})
}

func (f *fake) PlanRun(_ context.Context, id plan.RunID) (plan.Run, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return found(f, f.planRuns, string(id))
}

func (f *fake) CancelPlanRun(_ context.Context, id plan.RunID, by string) (plan.Run, error) {
	return f.changePlanRun(id, func(r plan.Run) (plan.Run, error) {
		r, _ = plan.Advance(r, plan.CancelAsked{By: by}, noon)
		return r, nil
	})
}

func (f *fake) ResumePlanRun(_ context.Context, id plan.RunID, by string) (plan.Run, error) {
	return f.changePlanRun(id, func(r plan.Run) (plan.Run, error) { return plan.Resume(r, by) })
}

func (f *fake) changePlanRun(id plan.RunID, change func(plan.Run) (plan.Run, error)) (plan.Run, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, err := found(f, f.planRuns, string(id))
	if err != nil {
		return r, err
	}
	if r, err = change(r); err != nil {
		return r, err
	}
	f.planRuns[string(id)] = r
	return r, nil
}
