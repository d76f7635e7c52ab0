package store

import (
	"errors"
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
	p, err := readPlan(t, o.Owner.Name, "")
	if isMissing(err) {
		return o.Owner.String() + " does not exist", nil
	}
	if err != nil {
		return "", err
	}
	r, err := plan.NewRun(plan.RunID(request.ID), p.Spec, request.Params, request.Cause, now)
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
	if _, err := n.insert(t); err != nil {
		return "", err
	}
	_, err = t.insertOccurrence(o)
	return "", err
}

// checkPlanOwner refuses a trigger of a plan that does not exist, or that sets what the plan does not declare. On
// PostgreSQL the plan cannot be deleted before the transaction ends.
func checkPlanOwner(t *tx, name string, s task.TriggerSpec, lock string) error {
	p, err := readPlan(t, name, lock)
	if err != nil {
		return err
	}
	if !s.Kind().Timed() {
		return fault.Field(string(s.Kind()), "starts tasks only: a plan starts by cron, every or at")
	}
	_, err = p.MergeParams(s.Params)
	return err
}
