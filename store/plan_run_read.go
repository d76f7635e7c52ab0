package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// PlanRun returns a plan run with its nodes, and what the run of each does; fault.NotFound where there is none.
func (db *DB) PlanRun(ctx context.Context, id plan.RunID) (r plan.Run, err error) {
	err = db.snapshot(ctx, func(v view) error {
		r, err = readPlanRun(v, id)
		return err
	})
	if err != nil {
		return plan.Run{}, fmt.Errorf("read plan run: %w", err)
	}
	return r, nil
}

func readPlanRun(r reader, id plan.RunID) (plan.Run, error) {
	var row planRunRow
	if err := r.get(&row, planRunWhole+` WHERE p.id = ?`, string(id)); isNone(err) {
		return plan.Run{}, notFound("plan run", string(id))
	} else if err != nil {
		return plan.Run{}, err
	}
	run, err := row.run()
	if err != nil {
		return plan.Run{}, err
	}
	const query = `
		SELECT ` + planNodeColumns + `, r.state AS run_state, r.reason AS run_reason, r.attempt, r.server,
			r.progress_percent, r.progress_message
		FROM plan_node n LEFT JOIN run r ON r.id = n.run WHERE n.plan_run = ? ORDER BY n.position`
	var nodes []planNodeRow
	if err := r.all(&nodes, query, string(id)); err != nil {
		return plan.Run{}, err
	}
	for _, n := range nodes {
		run.Nodes = append(run.Nodes, n.node())
	}
	return run, nil
}

// PlanRuns returns plan runs, newest first, with their nodes but without what those do, their plans and their params.
func (db *DB) PlanRuns(ctx context.Context, f plan.RunFilter, p page.Request) (page.Of[plan.Run], error) {
	last, err := after("plan_runs", p.Cursor)
	if err != nil {
		return page.Of[plan.Run]{}, err
	}
	var c conditions
	if f.Plan != "" {
		c.add("p.plan = ?", f.Plan)
	}
	for _, s := range f.States {
		if !s.Valid() {
			return page.Of[plan.Run]{}, fault.Field("state", "%q is no state of a plan run", s)
		}
	}
	inPlanStates(&c, f.States)
	if !f.Since.IsZero() {
		c.add("p.started_at >= ?", micros(f.Since))
	}
	if !f.Until.IsZero() {
		c.add("p.started_at < ?", micros(f.Until))
	}
	if last != "" {
		c.add("p.id < ?", last)
	}
	query := `SELECT ` + planRunColumns + ` FROM plan_run p` + c.where() + fmt.Sprintf(` ORDER BY p.id DESC LIMIT %d`, p.Size()+1)
	var runs []plan.Run
	err = db.snapshot(ctx, func(v view) error {
		var rows []planRunRow
		if err := v.all(&rows, query, c.args...); err != nil {
			return err
		}
		runs = make([]plan.Run, len(rows))
		for i, row := range rows {
			if runs[i], err = row.run(); err != nil {
				return err
			}
		}
		return readNodesOf(v, runs)
	})
	if err != nil {
		return page.Of[plan.Run]{}, fmt.Errorf("list plan runs: %w", err)
	}
	return paged(runs, p, "plan_runs", func(r plan.Run) string { return string(r.ID) }), nil
}

// inPlanStates adds that a plan run is in one of the states; no states are all.
func inPlanStates(c *conditions, states []plan.State) {
	if len(states) == 0 {
		return
	}
	waiting, running := slices.Contains(states, plan.Waiting), slices.Contains(states, plan.Running)
	var columns []string
	for _, s := range states {
		state, _ := storedPlanState(s)
		columns = append(columns, state)
	}
	in(c, "p.state", columns)
	if waiting != running {
		c.add("(p.state <> 'running' OR p.waits = ?)", zeroOrOne(waiting))
	}
}

// readNodesOf fills in the nodes of plan runs.
func readNodesOf(v view, runs []plan.Run) error {
	if len(runs) == 0 {
		return nil
	}
	ids, index := make([]plan.RunID, len(runs)), make(map[string]int, len(runs))
	for i, r := range runs {
		ids[i], index[string(r.ID)] = r.ID, i
	}
	var c conditions
	in(&c, "n.plan_run", ids)
	var rows []planNodeRow
	query := `SELECT ` + planNodeColumns + ` FROM plan_node n` + c.where() + ` ORDER BY n.plan_run, n.position`
	if err := v.all(&rows, query, c.args...); err != nil {
		return err
	}
	for _, row := range rows {
		r := &runs[index[row.PlanRun]]
		r.Nodes = append(r.Nodes, row.node())
	}
	return nil
}

// Outputs returns the output values of runs. A run without any is left out.
func (db *DB) Outputs(ctx context.Context, ids []task.RunID) (map[task.RunID]map[string]string, error) {
	all := make(map[task.RunID]map[string]string, len(ids))
	err := db.snapshot(ctx, func(v view) error {
		for _, id := range ids {
			values, err := readValues(v, id)
			if err != nil {
				return err
			}
			if values != nil {
				all[id] = values
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the outputs of %d runs: %w", len(ids), err)
	}
	return all, nil
}

// signalsMost is how many events are looked through at once.
const signalsMost = 2000

// PlanSignals returns the events after an id that concern plan runs, in their order, and the id up to which it has looked:
// a plan run that began, goes on or is being stopped, and the end of a run that is the newest of a node.
func (db *DB) PlanSignals(ctx context.Context, after int64) (signals []plan.Signal, seen int64, err error) {
	const newest = `SELECT COALESCE(max(id), 0) FROM event`
	const query = `
		SELECT e.id, e.kind, e.subject, e.to_state, e.reason, COALESCE(n.plan_run, '') AS plan_run
		FROM event e LEFT JOIN plan_node n ON n.run = e.subject
		WHERE e.id > ? AND e.id <= ? AND (e.kind IN ('plan_run.running', 'plan_run.stopping') OR n.run IS NOT NULL AND e.kind >= 'run.' AND e.kind < 'run/')
		ORDER BY e.id`
	err = db.snapshot(ctx, func(v view) error {
		if err := v.get(&seen, newest); err != nil {
			return err
		}
		seen = min(seen, after+signalsMost)
		if seen <= after {
			seen = after
			return nil
		}
		var rows []signalRow
		if err := v.all(&rows, query, after, seen); err != nil {
			return err
		}
		for _, row := range rows {
			if s, ok := row.signal(); ok {
				signals = append(signals, s)
			}
		}
		return nil
	})
	if err != nil {
		return nil, after, fmt.Errorf("read the events after %d that concern plan runs: %w", after, err)
	}
	return signals, seen, nil
}

type signalRow struct {
	ID      int64
	Kind    string
	Subject string
	ToState string `db:"to_state"`
	Reason  string
	PlanRun string `db:"plan_run"`
}

func (row signalRow) signal() (plan.Signal, bool) {
	switch row.Kind {
	case "plan_run.running":
		return plan.Signal{ID: row.ID, PlanRun: plan.RunID(row.Subject), Event: plan.Began{}}, true
	case "plan_run.stopping":
		return plan.Signal{ID: row.ID, PlanRun: plan.RunID(row.Subject)}, true
	}
	state := task.State(row.ToState)
	ended := plan.RunEnded{Run: task.RunID(row.Subject), State: state, Reason: row.Reason}
	return plan.Signal{ID: row.ID, PlanRun: plan.RunID(row.PlanRun), Event: ended}, state.Final()
}

// ExpiredPlanRuns returns up to limit plan runs that have waited for as long as they may, the first to have done so first.
func (db *DB) ExpiredPlanRuns(ctx context.Context, now time.Time, limit int) ([]plan.RunID, error) {
	var rows []struct{ ID string }
	const query = `
		SELECT id FROM plan_run WHERE waits = 1 AND expires_at IS NOT NULL AND expires_at <= ? ORDER BY expires_at, id LIMIT ?`
	if err := db.view(ctx).all(&rows, query, micros(now), limit); err != nil {
		return nil, fmt.Errorf("read which plan runs have waited for too long: %w", err)
	}
	ids := make([]plan.RunID, len(rows))
	for i, row := range rows {
		ids[i] = plan.RunID(row.ID)
	}
	return ids, nil
}

// OverdueNodes returns up to limit nodes whose deadline has passed, the oldest first.
func (db *DB) OverdueNodes(ctx context.Context, now time.Time, limit int) ([]plan.NodeRef, error) {
	var rows []struct {
		PlanRun string `db:"plan_run"`
		Name    string
	}
	query := `SELECT plan_run, name FROM plan_node WHERE deadline IS NOT NULL AND deadline <= ? ORDER BY deadline` + fmt.Sprintf(` LIMIT %d`, limit)
	if err := db.view(ctx).all(&rows, query, micros(now)); err != nil {
		return nil, fmt.Errorf("read which nodes of plan runs are overdue: %w", err)
	}
	refs := make([]plan.NodeRef, len(rows))
	for i, row := range rows {
		refs[i] = plan.NodeRef{PlanRun: plan.RunID(row.PlanRun), Node: row.Name}
	}
	return refs, nil
}
