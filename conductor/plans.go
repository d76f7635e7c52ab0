package conductor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// PlanStore keeps execution plans and their runs.
type PlanStore interface {
	// CreatePlan stores a plan. Conflict for a name that is taken; a task that does not exist, and a parameter that it does
	// not declare, are refused with fault.Field("nodes[i].task", …).
	CreatePlan(ctx context.Context, s plan.Spec, now time.Time) (plan.Plan, error)
	Plan(ctx context.Context, name string) (plan.Plan, error)
	Plans(ctx context.Context, f plan.Filter, p page.Request) (page.Of[plan.Plan], error)
	// EditPlan applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict.
	EditPlan(ctx context.Context, name string, version int64, now time.Time, edit func(*plan.Spec) error) (plan.Plan, error)
	// DeletePlan removes a plan; its runs stay. Conflict while one of them has not ended.
	DeletePlan(ctx context.Context, name string, version int64, now time.Time) error

	// InsertPlanRun stores a plan run that is about to begin. Where the plan has as many runs as it may, it waits or
	// replaces the oldest, or the error is a *plan.Refusal, a Conflict as well. If key is not empty and a plan run has it already, that one
	// is returned with created false; if it is of another plan or has other params, the error is fault.Conflict.
	InsertPlanRun(ctx context.Context, r plan.Run, key string) (stored plan.Run, created bool, err error)
	// PlanRun returns a plan run with its nodes, and what the run of each does.
	PlanRun(ctx context.Context, id plan.RunID) (plan.Run, error)
	// PlanRuns returns plan runs, newest first, with their nodes but without plans, params and what the nodes do.
	PlanRuns(ctx context.Context, f plan.RunFilter, p page.Request) (page.Of[plan.Run], error)
	// MovePlanRun stores a change of a plan run in one transaction with all that belongs to it, and returns the runs that
	// were told to stop. Conflict where something is not as it was when the move was decided.
	MovePlanRun(ctx context.Context, m plan.Move, now time.Time) (stopped []task.Run, err error)

	// PlanSignals returns events after an id that concern plan runs, and up to which id it has looked.
	PlanSignals(ctx context.Context, after int64) (signals []plan.Signal, seen int64, err error)
	// ExpiredPlanRuns returns up to limit plan runs that have waited for as long as they may.
	ExpiredPlanRuns(ctx context.Context, now time.Time, limit int) ([]plan.RunID, error)
	// OverdueNodes returns up to limit nodes whose deadline has passed.
	OverdueNodes(ctx context.Context, now time.Time, limit int) ([]plan.NodeRef, error)
	// Outputs returns the output values of runs. A run without any is left out.
	Outputs(ctx context.Context, ids []task.RunID) (map[task.RunID]map[string]string, error)
	// Position returns the id of the last event that a follower has dealt with, and Advance moves it on.
	Position(ctx context.Context, follower string) (int64, error)
	Advance(ctx context.Context, follower string, from, to int64) error
}

// moveTries is how often a change that someone asks for is decided anew because the plan run has moved on meanwhile.
const moveTries = 20

// plans returns the store of plans.
func (c *Conductor) plans() (PlanStore, error) {
	if c.options.Plans == nil {
		return nil, fmt.Errorf("this conductor runs no plans: %w", fault.Unavailable)
	}
	return c.options.Plans, nil
}

// Plans returns plans by name.
func (c *Conductor) Plans(ctx context.Context, f plan.Filter, p page.Request) (page.Of[plan.Plan], error) {
	store, err := c.plans()
	if err != nil {
		return page.Of[plan.Plan]{}, err
	}
	return store.Plans(ctx, f, p)
}

// Plan returns a plan.
func (c *Conductor) Plan(ctx context.Context, name string) (plan.Plan, error) {
	store, err := c.plans()
	if err != nil {
		return plan.Plan{}, err
	}
	return store.Plan(ctx, name)
}

// CreatePlan stores a new plan with its triggers, all or nothing.
func (c *Conductor) CreatePlan(ctx context.Context, s plan.Spec, triggers ...task.TriggerSpec) (plan.Plan, error) {
	if err := errors.Join(s.Validate(), task.ValidateTriggers(triggers)); err != nil {
		return plan.Plan{}, err
	}
	p, err := c.storePlan(ctx, s, triggers)
	if err != nil {
		return plan.Plan{}, err
	}
	c.watch.eventsChanged()
	return p, nil
}

func (c *Conductor) storePlan(ctx context.Context, s plan.Spec, triggers []task.TriggerSpec) (p plan.Plan, err error) {
	store, err := c.plans()
	if err != nil {
		return plan.Plan{}, err
	}
	if len(triggers) == 0 {
		return store.CreatePlan(ctx, s, c.now())
	}
	err = c.changeTriggers(func(store TriggerStore, now time.Time) error {
		p, err = store.CreatePlanWithTriggers(ctx, s, triggers, now)
		return err
	})
	return p, err
}

// EditPlan changes a plan. Plan runs that were requested before keep the plan as it was.
func (c *Conductor) EditPlan(ctx context.Context, name string, version int64, edit func(*plan.Spec) error) (plan.Plan, error) {
	store, err := c.plans()
	if err != nil {
		return plan.Plan{}, err
	}
	p, err := store.EditPlan(ctx, name, version, c.now(), func(s *plan.Spec) error {
		if err := edit(s); err != nil {
			return err
		}
		return s.Validate()
	})
	if err != nil {
		return plan.Plan{}, err
	}
	c.watch.eventsChanged()
	return p, nil
}

// DeletePlan removes a plan; its runs stay.
func (c *Conductor) DeletePlan(ctx context.Context, name string, version int64) error {
	store, err := c.plans()
	if err != nil {
		return err
	}
	if err := store.DeletePlan(ctx, name, version, c.now()); err != nil {
		return err
	}
	c.watch.eventsChanged()
	return nil
}

// StartPlanRun requests a run of a plan, as the plan is now. Its first nodes start right after. The same key gives the same
// plan run. Where the plan has as many runs as it may, it waits, or it is refused with fault.Conflict and the reason.
func (c *Conductor) StartPlanRun(ctx context.Context, name string, r plan.RunRequest) (plan.Run, error) {
	store, err := c.plans()
	if err != nil {
		return plan.Run{}, err
	}
	p, err := store.Plan(ctx, name)
	if err != nil {
		return plan.Run{}, err
	}
	now := c.now()
	id, err := c.ids.next(now)
	if err != nil {
		return plan.Run{}, err
	}
	run, err := plan.NewRun(plan.RunID(id), p.Spec, r.Params, task.Cause{Kind: task.CauseManual, By: r.By}, now)
	if err != nil {
		return plan.Run{}, err
	}
	stored, created, err := store.InsertPlanRun(ctx, run, r.Key)
	if err != nil {
		return plan.Run{}, err
	}
	if created {
		c.watch.eventsChanged()
	}
	return stored, nil
}

// PlanRun returns a plan run with its nodes, and what the run of each does.
func (c *Conductor) PlanRun(ctx context.Context, id plan.RunID) (plan.Run, error) {
	store, err := c.plans()
	if err != nil {
		return plan.Run{}, err
	}
	return store.PlanRun(ctx, id)
}

// PlanRuns returns plan runs, newest first.
func (c *Conductor) PlanRuns(ctx context.Context, f plan.RunFilter, p page.Request) (page.Of[plan.Run], error) {
	store, err := c.plans()
	if err != nil {
		return page.Of[plan.Run]{}, err
	}
	return store.PlanRuns(ctx, f, p)
}

// CancelPlanRun cancels a plan run for the caller named by: nothing more of it is started, and what runs is told to stop.
// One that is being stopped, or was cancelled, is returned unchanged; Conflict for one that ended otherwise.
func (c *Conductor) CancelPlanRun(ctx context.Context, id plan.RunID, by string) (plan.Run, error) {
	return c.changePlanRun(ctx, id, func(r plan.Run, now time.Time) (plan.Move, error) {
		switch r.State {
		case plan.Stopping, plan.Cancelled:
			return plan.Move{}, errUnchanged
		case plan.Waiting, plan.Running:
			return plan.After(r, plan.CancelAsked{By: by}, now), nil
		}
		return plan.Move{}, fmt.Errorf("cancel plan run %s: it has %s already: %w", id, r.State, fault.Conflict)
	})
}

// ResumePlanRun has a plan run that failed or was cancelled go on for the caller named by, at the nodes that did not
// succeed. Conflict for one that has not ended, and for one that succeeded.
func (c *Conductor) ResumePlanRun(ctx context.Context, id plan.RunID, by string) (plan.Run, error) {
	return c.changePlanRun(ctx, id, func(r plan.Run, _ time.Time) (plan.Move, error) {
		after, err := plan.Resume(r, by)
		if err != nil {
			return plan.Move{}, fmt.Errorf("resume plan run %s: %w", id, err)
		}
		return plan.Move{Before: r, After: after}, nil
	})
}

// errUnchanged says that what was asked for is so already.
var errUnchanged = errors.New("unchanged")

// changePlanRun makes a change that someone asks for. It is decided anew where the plan run has moved on meanwhile.
func (c *Conductor) changePlanRun(ctx context.Context, id plan.RunID, change func(plan.Run, time.Time) (plan.Move, error)) (plan.Run, error) {
	store, err := c.plans()
	if err != nil {
		return plan.Run{}, err
	}
	for try := 1; ; try++ {
		r, err := store.PlanRun(ctx, id)
		if err != nil {
			return plan.Run{}, err
		}
		now := c.now()
		m, err := change(r, now)
		if errors.Is(err, errUnchanged) {
			return r, nil
		}
		if err != nil {
			return plan.Run{}, err
		}
		stopped, err := store.MovePlanRun(ctx, m, now)
		if errors.Is(err, fault.Conflict) && try < moveTries {
			continue
		}
		if err != nil {
			return plan.Run{}, err
		}
		c.moved(ctx, m, stopped)
		return store.PlanRun(ctx, id)
	}
}
