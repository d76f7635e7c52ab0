package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// PlanService is about execution plans and their runs.
type PlanService interface {
	Plans(ctx context.Context, f plan.Filter, p page.Request) (page.Of[plan.Plan], error)
	Plan(ctx context.Context, name string) (plan.Plan, error)
	// CreatePlan stores a plan with its triggers, all or nothing. What is refused of a trigger is told under triggers[i].
	CreatePlan(ctx context.Context, s plan.Spec, triggers ...task.TriggerSpec) (plan.Plan, error)
	EditPlan(ctx context.Context, name string, version int64, edit func(*plan.Spec) error) (plan.Plan, error)
	DeletePlan(ctx context.Context, name string, version int64) error
	// StartPlanRun requests a run of a plan. The same key gives the same plan run again.
	StartPlanRun(ctx context.Context, name string, r plan.RunRequest) (plan.Run, error)
	// PlanRuns returns plan runs without their graphs.
	PlanRuns(ctx context.Context, f plan.RunFilter, p page.Request) (page.Of[plan.Run], error)
	PlanRun(ctx context.Context, id plan.RunID) (plan.Run, error)
	// CancelPlanRun and ResumePlanRun do so for the caller named by.
	CancelPlanRun(ctx context.Context, id plan.RunID, by string) (plan.Run, error)
	ResumePlanRun(ctx context.Context, id plan.RunID, by string) (plan.Run, error)
}

func (s *Server) planRoutes() []route {
	return []route{
		get("/plans", "listPlans", s.listPlans, "List execution plans by name").takes("q", "task", "limit", "cursor").gives(wire.Page[wire.Plan]{}),
		post("/plans", "createPlan", s.createPlan, "Create an execution plan with its triggers").reads(wire.NewPlan{}, required).creates(wire.Plan{}),
		get("/plans/{name}", "getPlan", s.plans().get, "Read an execution plan").tagged().gives(wire.Plan{}),
		patch("/plans/{name}", "patchPlan", s.plans().patch, "Edit an execution plan").tagged().merges(plan.Spec{}).gives(wire.Plan{}),
		remove("/plans/{name}", "deletePlan", s.plans().remove, "Remove an execution plan; its runs stay").tagged(),
		post("/plans/{name}/runs", "startPlanRun", s.startPlanRun, "Run a plan now").keeps(keepNothing).reads(wire.PlanRunRequest{}, optional).creates(wire.PlanRun{}),
		get("/plan-runs", "listPlanRuns", s.listPlanRuns, "List runs of plans, newest first").takes("plan", "state", "since", "until", "limit", "cursor").gives(wire.Page[wire.PlanRun]{}),
		get("/plan-runs/{id}", "getPlanRun", s.getPlanRun, "Read a run of a plan with the state of each node and edge").gives(wire.PlanRun{}),
		post("/plan-runs/{id}/cancel", "cancelPlanRun", s.cancelPlanRun, "Start nothing more of a plan run, and stop what runs").gives(wire.PlanRun{}).isAudited(),
		post("/plan-runs/{id}/resume", "resumePlanRun", s.resumePlanRun, "Let a plan run that failed or was cancelled go on at the nodes that did not succeed").gives(wire.PlanRun{}).isAudited(),
	}
}

func (s *Server) listPlans(c *call) (answer, error) {
	f := plan.Filter{Query: c.query.text("q"), Task: c.query.text("task")}
	return listed(c, wire.PlanOf, func(ctx context.Context, p page.Request) (page.Of[plan.Plan], error) {
		return s.service.Plans(ctx, f, p)
	})
}

func (s *Server) createPlan(c *call) (answer, error) {
	var made wire.NewPlan
	if err := c.read(&made); err != nil {
		return answer{}, err
	}
	if err := errors.Join(made.Spec.Validate(), task.ValidateTriggers(made.Triggers)); err != nil {
		return answer{}, err
	}
	return s.plans().created(s.service.CreatePlan(c.ctx(), made.Spec, made.Triggers...))
}

func (s *Server) plans() documents[plan.Spec, plan.Plan] {
	return documents[plan.Spec, plan.Plan]{
		collection: "plans",
		name:       func(d plan.Spec) string { return d.Name },
		parts:      func(v plan.Plan) (plan.Spec, int64) { return v.Spec, v.Version },
		body:       body(wire.PlanOf),
		load:       s.service.Plan,
		change:     s.service.EditPlan,
		withdraw:   s.service.DeletePlan,
	}
}

// startPlanRun leaves the Idempotency-Key to the store, which keeps it with the plan run itself.
func (s *Server) startPlanRun(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	var in wire.PlanRunRequest
	if err := c.readOptional(&in); err != nil {
		return answer{}, err
	}
	if err := checkParams(in.Params); err != nil {
		return answer{}, err
	}
	r, err := s.service.StartPlanRun(c.ctx(), name, plan.RunRequest{Params: in.Params, Key: c.key, By: c.by})
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: wire.WholePlanRunOf(r), location: location("plan-runs", string(r.ID))}, nil
}

func (s *Server) listPlanRuns(c *call) (answer, error) {
	f := plan.RunFilter{Plan: c.query.text("plan"), Since: c.query.instant("since"), Until: c.query.instant("until")}
	for _, state := range c.query.list("state") {
		if !plan.State(state).Valid() {
			c.query.refuse("state", "has no value %.80q", state)
		}
		f.States = append(f.States, plan.State(state))
	}
	return listed(c, wire.PlanRunOf, func(ctx context.Context, p page.Request) (page.Of[plan.Run], error) {
		return s.service.PlanRuns(ctx, f, p)
	})
}

func (s *Server) getPlanRun(c *call) (answer, error) {
	id, err := c.planRunID()
	if err != nil {
		return answer{}, err
	}
	return onePlanRun(s.service.PlanRun(c.ctx(), id))
}

func onePlanRun(r plan.Run, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return ok(wire.WholePlanRunOf(r))
}

func (s *Server) cancelPlanRun(c *call) (answer, error) {
	return s.changePlanRun(c, s.service.CancelPlanRun)
}

func (s *Server) resumePlanRun(c *call) (answer, error) {
	return s.changePlanRun(c, s.service.ResumePlanRun)
}

func (s *Server) changePlanRun(c *call, change func(context.Context, plan.RunID, string) (plan.Run, error)) (answer, error) {
	id, err := c.planRunID()
	if err != nil {
		return answer{}, err
	}
	var none struct{}
	if err := c.readOptional(&none); err != nil {
		return answer{}, err
	}
	return onePlanRun(change(c.ctx(), id, c.by))
}

// planRunID returns the path parameter id. A text that cannot be an id names nothing.
func (c *call) planRunID() (plan.RunID, error) {
	id := c.path.Param("id")
	if !validID(id) {
		return "", missing("plan run", id)
	}
	return plan.RunID(id), nil
}
