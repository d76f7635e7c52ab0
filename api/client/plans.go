package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// Plans returns a page of plans, by name.
func (c *Client) Plans(ctx context.Context, f plan.Filter, p PageRequest) (wire.Page[wire.Plan], error) {
	q := p.values(url.Values{})
	set(q, "q", f.Query)
	set(q, "task", f.Task)
	return get[wire.Page[wire.Plan]](ctx, c, q, "plans")
}

// Plan returns a plan.
func (c *Client) Plan(ctx context.Context, name string) (wire.Plan, error) {
	return get[wire.Plan](ctx, c, nil, "plans", name)
}

// CreatePlan stores a new plan with its triggers, all or nothing.
func (c *Client) CreatePlan(ctx context.Context, s plan.Spec, triggers ...task.TriggerSpec) (wire.Plan, error) {
	return post[wire.Plan](ctx, c, wire.NewPlan{Spec: s, Triggers: triggers}, "plans")
}

// PatchPlan applies a merge patch to a plan, see [wire.Diff].
// A version other than 0 must be the stored one, else the error is fault.Conflict.
func (c *Client) PatchPlan(ctx context.Context, name string, version int64, mergePatch any) (wire.Plan, error) {
	return patch[wire.Plan](ctx, c, version, mergePatch, "plans", name)
}

// DeletePlan removes a plan; its runs stay.
func (c *Client) DeletePlan(ctx context.Context, name string, version int64) error {
	return c.remove(ctx, version, "plans", name)
}

// StartPlanRun requests a run of a plan under an Idempotency-Key: the same key gives the same plan run again. Where it is
// empty, one is made, so that a repeated request makes no second run.
func (c *Client) StartPlanRun(ctx context.Context, name string, r wire.PlanRunRequest, key string) (wire.PlanRun, error) {
	if key == "" {
		key = NewKey()
	}
	var out wire.PlanRun
	err := c.do(ctx, request{method: http.MethodPost, path: path("plans", name, "runs"), body: r, key: key}, &out)
	return out, err
}

// PlanRuns returns a page of plan runs, newest first, without their graphs.
func (c *Client) PlanRuns(ctx context.Context, f plan.RunFilter, p PageRequest) (wire.Page[wire.PlanRun], error) {
	q := p.values(url.Values{})
	set(q, "plan", f.Plan)
	for _, s := range f.States {
		q.Add("state", string(s))
	}
	setTime(q, "since", f.Since)
	setTime(q, "until", f.Until)
	return get[wire.Page[wire.PlanRun]](ctx, c, q, "plan-runs")
}

// PlanRun returns a plan run with the state of each node and edge.
func (c *Client) PlanRun(ctx context.Context, id plan.RunID) (wire.PlanRun, error) {
	return get[wire.PlanRun](ctx, c, nil, "plan-runs", string(id))
}

// CancelPlanRun has nothing more of a plan run started, and what runs stopped.
func (c *Client) CancelPlanRun(ctx context.Context, id plan.RunID) (wire.PlanRun, error) {
	return post[wire.PlanRun](ctx, c, nil, "plan-runs", string(id), "cancel")
}

// ResumePlanRun has a plan run that failed or was cancelled go on at the nodes that did not succeed.
func (c *Client) ResumePlanRun(ctx context.Context, id plan.RunID) (wire.PlanRun, error) {
	return post[wire.PlanRun](ctx, c, nil, "plan-runs", string(id), "resume")
}
