package store

import (
	"errors"
	"maps"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// insertRequested stores the plan run that a trigger asks for, or returns why there is none.
func (t *tx) insertRequested(owner task.Owner, request task.PlanRequest, now time.Time) (refused string, err error) {
	p, err := plans.read(t, owner.Name, "")
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
	return n.insertDue(t)
}
