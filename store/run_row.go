package store

import (
	"encoding/json"
	"fmt"

	"github.com/segno-jobs/segno/task"
)

// runColumns are what a run's own row holds, with the table named r. runSpecColumns add what was frozen with it, with
// the table run_spec named s.
const (
	runColumns = `r.id, r.task, r.state, r.prior, r.attempt, r.rank, r.cause_kind, r.cause_by, r.virtual_server,
		r.target_server, r.on_unavailable, r.labels, r.scheduled_for, r.queued_at, r.started_at, r.ended_at, r.exit_code,
		r.reason, r.server, r.progress_percent, r.progress_message, r.pending,
		r.pending_checkpoint, r.next, r.tries, r.pinned`
	runSpecColumns = runColumns + `, s.spec, s.params`
	runWithSpec    = `SELECT ` + runSpecColumns + ` FROM run r JOIN run_spec s ON s.run = r.id`
)

type runRow struct {
	ID      string
	Task    string
	State   string
	Prior   *string
	Attempt int
	// Rank is the negated priority.
	Rank            int
	CauseKind       string  `db:"cause_kind"`
	CauseBy         string  `db:"cause_by"`
	VirtualServer   *string `db:"virtual_server"`
	TargetServer    *string `db:"target_server"`
	OnUnavailable   string  `db:"on_unavailable"`
	Labels          string
	ScheduledFor    *int64 `db:"scheduled_for"`
	QueuedAt        int64  `db:"queued_at"`
	StartedAt       *int64 `db:"started_at"`
	EndedAt         *int64 `db:"ended_at"`
	ExitCode        *int   `db:"exit_code"`
	Reason          string
	Server          *string
	ProgressPercent *float64 `db:"progress_percent"`
	ProgressMessage *string  `db:"progress_message"`
	Pending         string
	// PendingCheckpoint is what the operator chose to recover from, 0 for the last one.
	PendingCheckpoint int `db:"pending_checkpoint"`
	Next              *string
	Tries             int
	Pinned            int
	Spec              string
	Params            string
}

// run returns the run. Its spec is whole where the row was read with runSpecColumns, and holds what the run's own row
// tells otherwise.
func (row runRow) run() (task.Run, error) {
	r := task.Run{
		ID:           task.RunID(row.ID),
		Task:         row.Task,
		State:        task.State(row.State),
		Prior:        task.State(orEmpty(row.Prior)),
		Attempt:      row.Attempt,
		Cause:        task.Cause{Kind: task.CauseKind(row.CauseKind), By: row.CauseBy},
		ScheduledFor: instantOrNil(row.ScheduledFor),
		QueuedAt:     instant(row.QueuedAt),
		StartedAt:    instantOrNil(row.StartedAt),
		EndedAt:      instantOrNil(row.EndedAt),
		ExitCode:     row.ExitCode,
		Reason:       row.Reason,
		Server:       orEmpty(row.Server),
		Pending:      task.Intent(row.Pending),
		Tries:        row.Tries,
		Pinned:       row.Pinned == 1,
	}
	switch {
	case row.Next != nil && r.State == task.Queued:
		var err error
		if r.Next, err = decodeContinuation(*row.Next, r.ID); err != nil {
			return r, err
		}
	case r.Pending == task.IntentRecover:
		r.Next = &task.Continuation{Checkpoint: row.PendingCheckpoint}
	}
	if row.ProgressPercent != nil {
		r.Progress = &task.Progress{Percent: *row.ProgressPercent, Message: orEmpty(row.ProgressMessage)}
	}
	if row.Spec == "" {
		r.Spec = task.Spec{
			Name:     row.Task,
			Target:   task.Target{VirtualServer: orEmpty(row.VirtualServer), Server: orEmpty(row.TargetServer)},
			Priority: -row.Rank,
		}
		if err := decode(row.OnUnavailable, &r.Spec.OnUnavailable, "policy of run", row.ID); err != nil {
			return r, err
		}
		return r, decode(row.Labels, &r.Spec.Labels, "labels of run", row.ID)
	}
	if err := decode(row.Spec, &r.Spec, "spec of run", row.ID); err != nil {
		return r, err
	}
	return r, decode(row.Params, &r.Params, "params of run", row.ID)
}

// attemptColumns are those of an attempt, with the table named a.
const attemptColumns = `a.run, a.number, a.server, a.state, a.reason, a.ground, a.resumed_from, a.instance, a.offered_at,
	a.claimed_at, a.ended_at, a.exit, a.log_bytes, a.delivered, a.unavailable_after, a.lease`

type attemptRow struct {
	Run         string
	Number      int
	Server      string
	State       string
	Reason      string
	Ground      string
	ResumedFrom *int `db:"resumed_from"`
	Instance    string
	OfferedAt   int64  `db:"offered_at"`
	ClaimedAt   *int64 `db:"claimed_at"`
	EndedAt     *int64 `db:"ended_at"`
	Exit        *string
	LogBytes    int64 `db:"log_bytes"`
	Delivered   int64
	// UnavailableAfter and Lease are in microseconds.
	UnavailableAfter int64 `db:"unavailable_after"`
	Lease            int64
}

func (row attemptRow) attempt() (task.Attempt, error) {
	a := task.Attempt{
		Run:         task.RunID(row.Run),
		Number:      row.Number,
		Server:      row.Server,
		State:       task.AttemptState(row.State),
		Reason:      row.Reason,
		OfferedAt:   instant(row.OfferedAt),
		ClaimedAt:   instantOrNil(row.ClaimedAt),
		EndedAt:     instantOrNil(row.EndedAt),
		Ground:      row.Ground,
		ResumedFrom: row.ResumedFrom,
		LogBytes:    row.LogBytes,
		Delivered:   row.Delivered,
		Instance:    row.Instance,

		UnavailableAfter: span(row.UnavailableAfter),
		Lease:            span(row.Lease),
	}
	if row.Exit == nil {
		return a, nil
	}
	a.Exit = new(task.Exit)
	return a, decode(*row.Exit, a.Exit, "exit of an attempt of run", row.Run)
}

// encode returns the JSON under which v is stored.
func encode(v any, what, name string) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode the %s %s: %w", what, name, err)
	}
	return string(text), nil
}

// decode reads stored JSON.
func decode(text string, into any, what, name string) error {
	if text == "" || text == "null" || text == "{}" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("decode the %s %s: %w", what, name, err)
	}
	return nil
}
