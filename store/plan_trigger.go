package store

import (
	"errors"
	"maps"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// occurPlan stores an occurrence of the trigger of a plan with the plan run that it asks for, as the plan is now. Where the
// plan cannot be run so, nothing is stored, and why is returned. An occurrence that has a row keeps it.
func (t *tx) occurPlan(o task.Occurrence, request task.PlanRequest, now time.Time) (refused string, err error) {
	known, err := t.hasOccurred(o)
	if err != nil || known {
		return "", err
	}
	if refused, err = t.insertRequested(o.Owner, request, now); err != nil || refused != "" {
		return refused, err
	}
	_, err = t.insertOccurrence(o)
	return "", err
}

// insertRequested stores the plan run that a trigger asks for, or returns why there is none.
func (t *tx) insertRequested(owner task.Owner, request task.PlanRequest, now time.Time) (refused string, err error) {
	p, err := readPlan(t, owner.Name, "")
	if isMissing(err) {
		return owner.String() + " does not exist", nil
	}
	if err != nil {
		return "", err
	}
	params := map[string]string{}
	for name, value := range request.Offered {
		if _, declared := p.Params[name]; declared {
			params[name] = value
		}
	}
	maps.Copy(params, request.Params)
	r, err := plan.NewRun(plan.RunID(request.ID), p.Spec, params, request.Cause, now)
	if errors.Is(err, fault.Invalid) {
		return "the plan cannot be run: " + plan.OneLine(err), nil
	}
	if err != nil {
		return "", err
	}
	r.ScheduledFor = &request.ScheduledFor
	n, err := preparePlanRun(&r, "")
	if err != nil {
		return "", err
	}
	_, err = n.insert(t)
	return "", err
}

// checkPlanOwner refuses a trigger of a plan that does not exist, or that sets what the plan does not declare. On
// PostgreSQL the plan cannot be deleted before the transaction ends.
func checkPlanOwner(t *tx, name string, s task.TriggerSpec, lock string) error {
	p, err := readPlan(t, name, lock)
	if err != nil {
		return err
	}
	_, err = p.MergeParams(s.Params)
	return err
}
