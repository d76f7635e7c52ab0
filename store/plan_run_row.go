package store

import (
	"encoding/json"

	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

const (
	planRunColumns = `p.id, p.plan, p.state, p.waits, p.cause_kind, p.cause_by, p.scheduled_for, p.started_at, p.ended_at, p.reason, p.expires_at, p.version`
	planRunWhole   = `SELECT ` + planRunColumns + `, s.spec, s.params FROM plan_run p JOIN plan_run_spec s ON s.plan_run = p.id`
)

type planRunRow struct {
	ID           string
	Plan         string
	State        string
	Waits        int
	CauseKind    string `db:"cause_kind"`
	CauseBy      string `db:"cause_by"`
	ScheduledFor *int64 `db:"scheduled_for"`
	StartedAt    int64  `db:"started_at"`
	EndedAt      *int64 `db:"ended_at"`
	Reason       string
	ExpiresAt    *int64 `db:"expires_at"`
	Version      int64
	Spec         string
	Params       string
}

// storedPlanState returns the columns state and waits of a plan run: one that waits has state running, and waits.
func storedPlanState(s plan.State) (state string, waits int) {
	if s == plan.Waiting {
		return string(plan.Running), 1
	}
	return string(s), 0
}

func (row planRunRow) state() plan.State {
	if row.Waits == 1 {
		return plan.Waiting
	}
	return plan.State(row.State)
}

func (row planRunRow) run() (plan.Run, error) {
	r := plan.Run{
		ID: plan.RunID(row.ID), Plan: row.Plan, State: row.state(),
		Cause:        task.Cause{Kind: task.CauseKind(row.CauseKind), By: row.CauseBy},
		ScheduledFor: instantOrNil(row.ScheduledFor), StartedAt: instant(row.StartedAt), EndedAt: instantOrNil(row.EndedAt),
		ExpiresAt: instantOrNil(row.ExpiresAt), Reason: row.Reason, Version: row.Version,
	}
	if err := decode(row.Spec, &r.Spec, "plan of plan run", row.ID); err != nil {
		return r, err
	}
	return r, decode(row.Params, &r.Params, "params of plan run", row.ID)
}

const planNodeColumns = `n.plan_run, n.name, n.state, n.try, n.run, n.started_at, n.ended_at, n.deadline, n.stop, n.reason`

type planNodeRow struct {
	PlanRun   string `db:"plan_run"`
	Name      string
	State     string
	Try       int
	Run       *string
	StartedAt *int64 `db:"started_at"`
	EndedAt   *int64 `db:"ended_at"`
	Deadline  *int64
	Stop      string
	Reason    string

	// What follows is nil where the node has no run, or none any more.
	RunState        *string  `db:"run_state"`
	RunReason       *string  `db:"run_reason"`
	Attempt         *int     `db:"attempt"`
	Server          *string  `db:"server"`
	ProgressPercent *float64 `db:"progress_percent"`
	ProgressMessage *string  `db:"progress_message"`
}

func (row planNodeRow) node() plan.NodeRun {
	n := plan.NodeRun{
		Name: row.Name, State: plan.NodeState(row.State), Try: row.Try, Run: task.RunID(orEmpty(row.Run)),
		StartedAt: instantOrNil(row.StartedAt), EndedAt: instantOrNil(row.EndedAt), Deadline: instantOrNil(row.Deadline),
		Stop: plan.Stop(row.Stop), Reason: row.Reason,
	}
	if row.RunState == nil {
		return n
	}
	n.Live = &plan.Live{State: task.State(*row.RunState), Reason: orEmpty(row.RunReason), Server: orEmpty(row.Server)}
	if row.Attempt != nil {
		n.Live.Attempt = *row.Attempt
	}
	if row.ProgressPercent != nil {
		n.Live.Progress = &task.Progress{Percent: *row.ProgressPercent, Message: orEmpty(row.ProgressMessage)}
	}
	return n
}

// planRunData is the data of an event about a plan run, or about one of its nodes.
type planRunData struct {
	Plan  string         `json:"plan"`
	Node  string         `json:"node,omitempty"`
	State plan.NodeState `json:"state,omitempty"`
	Run   task.RunID     `json:"run,omitempty"`
	Try   int            `json:"try,omitempty"`
}

func (d planRunData) text() string {
	data, _ := json.Marshal(d) // Texts and numbers always have a JSON form.
	return string(data)
}
