package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

var (
	plans     = documents[plan.Plan]{table: "plan", noun: "plan", of: planOf}
	planEdits = edits[plan.Plan, plan.Spec]{
		noun: "plan", read: plans.read, store: storePlan,
		of: func(p *plan.Plan) (*plan.Spec, string, int64) { return &p.Spec, p.Name, p.Version },
	}
)

func planOf(row documentRow) (plan.Plan, error) {
	p := plan.Plan{Version: row.Version, CreatedAt: instant(row.CreatedAt), UpdatedAt: instant(row.UpdatedAt)}
	return p, decode(row.Spec, &p.Spec, "plan", row.Name)
}

// CreatePlan stores a plan. Conflict for a name that is taken; tasks that do not exist, and parameters that they do not
// declare, are refused with field errors.
func (db *DB) CreatePlan(ctx context.Context, s plan.Spec, now time.Time) (plan.Plan, error) {
	return db.CreatePlanWithTriggers(ctx, s, nil, now)
}

// CreatePlanWithTriggers stores a plan and its triggers, or nothing of them. What is refused of a trigger is told under
// triggers[i].
func (db *DB) CreatePlanWithTriggers(ctx context.Context, s plan.Spec, triggers []task.TriggerSpec, now time.Time) (plan.Plan, error) {
	spec, err := encode(s, "plan", s.Name)
	if err != nil {
		return plan.Plan{}, err
	}
	err = db.update(ctx, func(t *tx) error {
		if err := insertPlan(t, s, spec, now); err != nil {
			return err
		}
		return insertTriggers(t, task.PlanOwner(s.Name), triggers, now)
	})
	if err != nil {
		return plan.Plan{}, fmt.Errorf("create plan %q: %w", s.Name, err)
	}
	return plan.Plan{Spec: s, Version: 1, CreatedAt: stored(now), UpdatedAt: stored(now)}, nil
}

func insertPlan(t *tx, s plan.Spec, spec string, now time.Time) error {
	if err := plans.insert(t, s.Name, spec, now); err != nil {
		return err
	}
	if err := bindTasks(t, s); err != nil {
		return err
	}
	return t.recordThing(now, "plan.created", s.Name, "")
}

// bindTasks checks the tasks of a plan, and notes that it runs them. On PostgreSQL none of them can be deleted before the
// transaction ends.
func bindTasks(t *tx, s plan.Spec) error {
	lock := ""
	if t.session.dialect == postgres {
		lock = " FOR KEY SHARE"
	}
	found := map[string]task.Spec{}
	for _, name := range s.Tasks() {
		planned, err := tasks.read(t, name, lock)
		if isMissing(err) {
			continue
		}
		if err != nil {
			return err
		}
		found[name] = planned.Spec
	}
	if err := s.CheckTasks(found); err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM plan_task WHERE plan = ?`, s.Name); err != nil {
		return err
	}
	for _, name := range s.Tasks() {
		if _, err := t.exec(`INSERT INTO plan_task (plan, task) VALUES (?, ?)`, s.Name, name); err != nil {
			return err
		}
	}
	return nil
}

// Plan returns the plan with that name, or fault.NotFound.
func (db *DB) Plan(ctx context.Context, name string) (plan.Plan, error) {
	p, err := plans.read(db.view(ctx), name, "")
	if err != nil {
		return plan.Plan{}, fmt.Errorf("read plan: %w", err)
	}
	return p, nil
}

// Plans returns plans by name.
func (db *DB) Plans(ctx context.Context, f plan.Filter, p page.Request) (page.Of[plan.Plan], error) {
	last, err := after("plans", p.Cursor)
	if err != nil {
		return page.Of[plan.Plan]{}, err
	}
	var c conditions
	if f.Query != "" {
		c.contains("name", f.Query)
	}
	if f.Task != "" {
		c.add("name IN (SELECT plan FROM plan_task WHERE task = ?)", f.Task)
	}
	all, err := plans.list(db.view(ctx), c, last, p)
	if err != nil {
		return page.Of[plan.Plan]{}, fmt.Errorf("list plans: %w", err)
	}
	return paged(all, p, "plans", func(p plan.Plan) string { return p.Name }), nil
}

// EditPlan applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict. An edit that
// changes nothing leaves the version. What runs goes on with the plan as it was; what waits for other runs of it begins in
// the same transaction where there may be more of them now. edit may be called more than once, on
// fresh copies.
func (db *DB) EditPlan(ctx context.Context, name string, version int64, now time.Time, edit func(*plan.Spec) error) (plan.Plan, error) {
	return planEdits.apply(ctx, db, name, version, now, edit)
}

func storePlan(t *tx, old plan.Plan, edited *plan.Plan, now time.Time) error {
	before, err := encode(old.Spec, "plan", old.Name)
	if err != nil {
		return err
	}
	spec, err := encode(edited.Spec, "plan", edited.Name)
	if err != nil {
		return err
	}
	if spec == before {
		return nil
	}
	edited.Version, edited.UpdatedAt = old.Version+1, stored(now)
	if err := plans.update(t, edited.Name, spec, old.Version, now); err != nil {
		return err
	}
	if err := bindTasks(t, edited.Spec); err != nil {
		return err
	}
	if err := t.recordThing(now, "plan.edited", edited.Name, ""); err != nil {
		return err
	}
	return releasePlanRuns(t, edited.Name, now)
}

// DeletePlan removes a plan; its runs stay. Conflict while one of them has not ended.
func (db *DB) DeletePlan(ctx context.Context, name string, version int64, now time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		if err := plans.hold(t, name, version); err != nil {
			return err
		}
		var open int
		const query = `SELECT count(*) FROM plan_run WHERE plan = ? AND ended_at IS NULL`
		if err := t.get(&open, query, name); err != nil {
			return err
		}
		if open > 0 {
			return fmt.Errorf("%d of its runs have not ended: %w", open, fault.Conflict)
		}
		if err := plans.delete(t, name); err != nil {
			return err
		}
		if err := t.deleteTriggers(task.Owner{Kind: task.OwnerPlan, Name: name}); err != nil {
			return err
		}
		return t.recordThing(now, "plan.deleted", name, "")
	})
	if err != nil {
		return fmt.Errorf("delete plan %q: %w", name, err)
	}
	return nil
}

// checkUnplanned refuses the deletion of a task that plans run, and names one of them.
func checkUnplanned(t *tx, taskName string) error {
	var plans []struct{ Plan string }
	if err := t.all(&plans, `SELECT plan FROM plan_task WHERE task = ? ORDER BY plan LIMIT 2`, taskName); err != nil {
		return err
	}
	switch len(plans) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("the plan %s runs it: %w", plans[0].Plan, fault.Conflict)
	}
	return fmt.Errorf("the plan %s and others run it: %w", plans[0].Plan, fault.Conflict)
}
