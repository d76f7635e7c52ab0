package store

import (
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task/plan"
)

const (
	// holdPlan keeps two changes of which runs of a plan go on from being decided at once. SQLite has one writer.
	holdPlan = `SELECT name FROM plan WHERE name = ? FOR NO KEY UPDATE`

	planRunOfKey = `SELECT id FROM plan_run WHERE request_key = ?`

	loadOfPlan = `
		SELECT count(*) FILTER (WHERE waits = 0) AS going, count(*) FILTER (WHERE state = 'stopping') AS stopping,
			count(*) FILTER (WHERE waits = 1) AS waiting
		FROM plan_run WHERE plan = ? AND ended_at IS NULL`

	replaceablePlanRuns = `
		SELECT id FROM plan_run WHERE plan = ? AND ended_at IS NULL AND state = 'running' ORDER BY id LIMIT ?`

	waitingPlanRuns = `SELECT id FROM plan_run WHERE plan = ? AND ended_at IS NULL AND waits = 1 ORDER BY id LIMIT ?`

	// releasePlanRun has a plan run begin that has waited: it started now, unless it had started before it was resumed.
	releasePlanRun = `
		UPDATE plan_run SET waits = 0, expires_at = NULL, reason = '', version = version + 1, started_at = CASE
			WHEN EXISTS (SELECT 1 FROM plan_node n WHERE n.plan_run = plan_run.id AND n.try > 0) THEN started_at ELSE ? END
		WHERE id = ? AND waits = 1`

	stillWaits = `UPDATE plan_run SET reason = ? WHERE plan = ? AND ended_at IS NULL AND waits = 1 AND reason <> ?`
)

// planLoad returns how many runs of a plan have not ended. Until the transaction ends, no other one changes that.
func planLoad(t *tx, name string) (l plan.Load, err error) {
	if t.session.dialect == postgres {
		var held string
		if err := t.scan(holdPlan, []any{name}, &held); err != nil && !isNone(err) {
			return l, err
		}
	}
	err = t.scan(loadOfPlan, []any{name}, &l.Going, &l.Stopping, &l.Waiting)
	return l, err
}

// admit decides by the limits of its plan, as they are now, whether the plan run is made and whether it waits, and cancels
// those that it replaces. It reports whether a plan run has its key already; then nothing is decided. The error is a
// *plan.Refusal where none is to be made, and then nothing has been written.
func (n newPlanRun) admit(t *tx) (waits string, known bool, err error) {
	load, err := planLoad(t, n.run.Plan)
	if err != nil {
		return "", false, err
	}
	if n.key != "" {
		var id string
		if err := t.scan(planRunOfKey, []any{n.key}, &id); err == nil || !isNone(err) {
			return "", err == nil, err
		}
	}
	of, err := plans.read(t, n.run.Plan, "")
	if err != nil {
		return "", false, err
	}
	a := of.Admit(load)
	if a.Refusal != "" {
		return "", false, &plan.Refusal{Plan: n.run.Plan, Reason: a.Refusal}
	}
	if a.Replace == 0 {
		return a.Wait, false, nil
	}
	if err := n.replace(t, a.Replace); err != nil {
		return "", false, err
	}
	if load, err = planLoad(t, n.run.Plan); err != nil {
		return "", false, err
	}
	return of.Full(load.Going), false, nil
}

// replace cancels that many of the oldest runs of the plan that are not stopping.
func (n newPlanRun) replace(t *tx, many int) error {
	var rows []struct{ ID string }
	if err := t.all(&rows, replaceablePlanRuns, n.run.Plan, many); err != nil {
		return err
	}
	for _, row := range rows {
		var version int64
		const hold = `SELECT version FROM plan_run WHERE id = ?`
		if err := t.scan(hold+t.session.dialect.locked(), []any{row.ID}, &version); err != nil {
			return err
		}
		old, err := readPlanRun(t, plan.RunID(row.ID))
		if err != nil {
			return err
		}
		m := plan.After(old, plan.Replaced{By: n.run.ID}, n.run.StartedAt)
		if _, err := storeMove(t, m, nil, n.run.StartedAt); err != nil {
			return fmt.Errorf("cancel plan run %s, which is to be replaced: %w", old.ID, err)
		}
	}
	return nil
}

// admitAgain decides whether a plan run that is resumed waits for others. It is not refused, and replaces none.
func admitAgain(t *tx, r *plan.Run, now time.Time) error {
	load, err := planLoad(t, r.Plan)
	if err != nil {
		return err
	}
	of, err := plans.read(t, r.Plan, "")
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if wait := of.Full(load.Going); wait != "" {
		r.Queue(wait, now)
	}
	return nil
}

// releasePlanRuns has the oldest plan runs begin that wait and for which there is room now, and tells the others why they
// still wait. It belongs into each transaction that ends a run of the plan, or changes how many there may be.
func releasePlanRuns(t *tx, name string, now time.Time) error {
	load, err := planLoad(t, name)
	if err != nil || load.Waiting == 0 {
		return err
	}
	of, err := plans.read(t, name, "")
	if err != nil && !isMissing(err) {
		return err
	}
	room := of.Room(load)
	var rows []struct{ ID string }
	if err := t.all(&rows, waitingPlanRuns, name, room); err != nil {
		return err
	}
	for _, row := range rows {
		n, err := t.exec(releasePlanRun, micros(now), row.ID)
		if err != nil {
			return err
		}
		if n != 1 {
			return fmt.Errorf("plan run %s does not wait any more: %w", row.ID, fault.Conflict)
		}
		begun := plan.Run{ID: plan.RunID(row.ID), Plan: name, State: plan.Running}
		if err := t.recordPlanRun(now, begun, plan.Waiting, ""); err != nil {
			return err
		}
	}
	if room == load.Waiting {
		return nil
	}
	wait := of.Full(load.Going + room)
	_, err = t.exec(stillWaits, wait, name, wait)
	return err
}
