package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// InsertPlanRun stores a plan run that is about to begin; its event has the planner begin it. Where the plan has as many
// runs as it may, it waits, or replaces the oldest, which are cancelled in the same transaction; or the error is a
// *plan.Refusal, a Conflict as well. If key is not empty and a plan run has it already, that one is returned with created
// false; if it is of another plan or has other params, the error is fault.Conflict. NotFound where the plan is gone.
func (db *DB) InsertPlanRun(ctx context.Context, r plan.Run, key string) (_ plan.Run, created bool, err error) {
	n, err := preparePlanRun(&r, key)
	if err != nil {
		return plan.Run{}, false, err
	}
	if err := db.update(ctx, func(t *tx) (err error) {
		created, err = n.insert(t)
		return err
	}); err != nil {
		if refusal, is := errors.AsType[*plan.Refusal](err); is {
			return plan.Run{}, false, refusal // It speaks for itself, and the id says nothing to anyone.
		}
		return plan.Run{}, false, fmt.Errorf("insert plan run %s: %w", r.ID, err)
	}
	if created {
		return r, true, nil
	}
	old, err := db.planRunByKey(ctx, key)
	if err != nil {
		return plan.Run{}, false, fmt.Errorf("insert plan run %s: %w", r.ID, err)
	}
	return old, false, n.matches(old)
}

// newPlanRun is a plan run on its way into the store, with its texts encoded.
type newPlanRun struct {
	run          *plan.Run
	key          string
	spec, params string
}

// preparePlanRun brings the plan run into the form in which it will be read back, and encodes its texts.
func preparePlanRun(r *plan.Run, key string) (n newPlanRun, err error) {
	if r.ID == "" || r.State != plan.Running || r.Version != 1 {
		return n, fault.Field("state", "must be that of a plan run that is about to begin")
	}
	r.StartedAt, r.ScheduledFor = stored(r.StartedAt), storedOrNil(r.ScheduledFor)
	n = newPlanRun{run: r, key: key}
	if n.spec, err = encode(r.Spec, "plan of plan run", string(r.ID)); err != nil {
		return n, err
	}
	n.params, err = encode(r.Params, "params of plan run", string(r.ID))
	return n, err
}

const insertPlanRun = `
	INSERT INTO plan_run (id, plan, state, waits, cause_kind, cause_by, scheduled_for, started_at, reason, expires_at, request_key, version)
	VALUES (?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, 1)
	ON CONFLICT (request_key) WHERE request_key IS NOT NULL DO NOTHING`

// insert writes the plan run, or returns false where one has its key. What the limits of its plan ask for is done with it;
// the error is a *plan.Refusal, and nothing is written, where they allow no further one.
func (n newPlanRun) insert(t *tx) (bool, error) {
	wait, known, err := n.admit(t)
	if err != nil || known {
		return false, err
	}
	r := n.run
	r.State, r.Reason, r.ExpiresAt = plan.Running, "", nil
	if wait != "" {
		r.Queue(wait, r.StartedAt)
	}
	_, waits := storedPlanState(r.State)
	written, err := t.exec(insertPlanRun, string(r.ID), r.Plan, waits, string(r.Cause.Kind), r.Cause.By,
		microsOrNil(r.ScheduledFor), micros(r.StartedAt), r.Reason, microsOrNil(r.ExpiresAt), orNil(n.key))
	if err != nil {
		return false, err
	}
	if written == 0 { // Another conductor has used the key since it was looked for.
		return false, fmt.Errorf("its key is being used for another one: %w", fault.Conflict)
	}
	const insertSpec = `INSERT INTO plan_run_spec (plan_run, spec, params) VALUES (?, ?, ?)`
	if _, err := t.exec(insertSpec, string(r.ID), n.spec, n.params); err != nil {
		return false, err
	}
	const insertNode = `
		INSERT INTO plan_node (plan_run, name, position, state, try, stop, reason) VALUES (?, ?, ?, 'waiting', 0, '', '')`
	for i, node := range r.Nodes {
		if _, err := t.exec(insertNode, string(r.ID), node.Name, i); err != nil {
			return false, err
		}
	}
	return true, t.recordPlanRun(r.StartedAt, *r, "", r.Reason)
}

// insertDue writes a plan run that a trigger asks for, or returns why the limits of its plan allow none.
func (n newPlanRun) insertDue(t *tx) (refused string, err error) {
	_, err = n.insert(t)
	if refusal, is := errors.AsType[*plan.Refusal](err); is {
		return refusal.Reason, nil
	}
	return "", err
}

// matches returns fault.Conflict unless the plan run that has the key was asked for with the same words.
func (n newPlanRun) matches(old plan.Run) error {
	if old.Plan != n.run.Plan {
		return fmt.Errorf("the key %q was used for a run of plan %q: %w", n.key, old.Plan, fault.Conflict)
	}
	params, err := encode(old.Params, "params of plan run", string(old.ID))
	if err != nil {
		return err
	}
	if params != n.params && (len(old.Params) > 0 || len(n.run.Params) > 0) {
		return fmt.Errorf("the key %q was used for a run with other params: %w", n.key, fault.Conflict)
	}
	return nil
}

func (db *DB) planRunByKey(ctx context.Context, key string) (r plan.Run, err error) {
	err = db.snapshot(ctx, func(v view) error {
		var id string
		if err := v.get(&id, `SELECT id FROM plan_run WHERE request_key = ?`, key); isNone(err) {
			return notFound("plan run with the key", key)
		} else if err != nil {
			return err
		}
		r, err = readPlanRun(v, plan.RunID(id))
		return err
	})
	return r, err
}

// recordPlanRun appends the event of a plan run's change of state.
func (t *tx) recordPlanRun(now time.Time, r plan.Run, from plan.State, reason string) error {
	return t.record(eventRow{
		at: micros(now), kind: "plan_run." + string(r.State), subject: string(r.ID), from: task.State(from),
		to: task.State(r.State), reason: clean(reason), data: planRunData{Plan: r.Plan}.text(),
	})
}

// MovePlanRun stores a change of a plan run in one transaction with all that belongs to it: the runs that it starts and
// stops, the events that tell of it, and the follower's advance. It returns the runs that were told to stop, as they are
// then. The error is a *plan.StartError where the limits of a task allow no run. Conflict where the plan run, or the follower, is not as it was when the move was decided; then nothing has changed.
func (db *DB) MovePlanRun(ctx context.Context, m plan.Move, now time.Time) (stopped []task.Run, err error) {
	starts := make([]newRun, len(m.Starts))
	for i := range m.Starts {
		if starts[i], err = prepareRun(&m.Starts[i].Run, m.After.Key(m.Starts[i].Node)); err != nil {
			return nil, fmt.Errorf("start node %s of plan run %s: %w", m.Starts[i].Node, m.After.ID, err)
		}
	}
	err = db.update(ctx, func(t *tx) (err error) {
		if m.Follow != nil {
			if err := t.advance(m.Follow.Name, m.Follow.From, m.Follow.To); err != nil {
				return err
			}
		}
		stopped, err = storeMove(t, m, starts, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("move plan run %s on: %w", m.After.ID, err)
	}
	return stopped, nil
}

// storeMove stores a move with the runs that it starts, and returns those that were told to stop.
func storeMove(t *tx, m plan.Move, starts []newRun, now time.Time) (stopped []task.Run, err error) {
	if err := storePlanRun(t, m.Before, m.After, now); err != nil {
		return nil, err
	}
	for i, n := range starts {
		created, err := n.insert(t)
		if refused, ok := errors.AsType[*task.Refusal](err); ok {
			return nil, &plan.StartError{Node: m.Starts[i].Node, Reason: refused.Reason}
		}
		if err != nil {
			return nil, err
		}
		if !created {
			return nil, fmt.Errorf("node %s was started already: %w", m.Starts[i].Node, fault.Conflict)
		}
	}
	for _, name := range m.Stops {
		run, changed, err := stopNode(t, m.After, name, now)
		if err != nil {
			return nil, err
		}
		if changed {
			stopped = append(stopped, run)
		}
	}
	return stopped, nil
}

const updatePlanRun = `
	UPDATE plan_run SET state = ?, waits = ?, ended_at = ?, reason = ?, expires_at = ?, version = version + 1 WHERE id = ? AND version = ?`

// storePlanRun writes what has changed of a plan run and of its nodes, with an event for each change. One that is resumed
// waits where the plan has as many runs as it may; the end of one releases another one that waits.
func storePlanRun(t *tx, before, after plan.Run, now time.Time) error {
	reason := after.Reason
	ends, resumed := after.State.Final() && !before.State.Final(), before.State.Final() && !after.State.Final()
	if ends { // Whoever holds the plan may go on to change its runs, so it comes first.
		if _, err := planLoad(t, after.Plan); err != nil {
			return err
		}
	}
	if resumed {
		if err := admitAgain(t, &after, now); err != nil {
			return err
		}
		if after.State == plan.Waiting {
			reason += "; " + after.Reason
		}
	}
	if after.State != plan.Waiting {
		after.ExpiresAt = nil
	}
	state, waits := storedPlanState(after.State)
	n, err := t.exec(updatePlanRun, state, waits, microsOrNil(after.EndedAt), clean(after.Reason), microsOrNil(after.ExpiresAt), string(after.ID), before.Version)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("it was changed meanwhile: %w", fault.Conflict)
	}
	for i, node := range after.Nodes {
		if err := storePlanNode(t, after, before.Nodes[i], node, now); err != nil {
			return err
		}
	}
	if before.State == after.State {
		return nil
	}
	if err := t.recordPlanRun(now, after, before.State, reason); err != nil || !ends {
		return err
	}
	return releasePlanRuns(t, after.Plan, now)
}

const updatePlanNode = `
	UPDATE plan_node SET state = ?, try = ?, run = ?, started_at = ?, ended_at = ?, deadline = ?, stop = ?, reason = ?
	WHERE plan_run = ? AND name = ?`

func storePlanNode(t *tx, r plan.Run, before, after plan.NodeRun, now time.Time) error {
	before.Live, after.Live = nil, nil
	if samePlanNode(before, after) {
		return nil
	}
	_, err := t.exec(updatePlanNode, string(after.State), after.Try, orNil(string(after.Run)), microsOrNil(after.StartedAt),
		microsOrNil(after.EndedAt), microsOrNil(after.Deadline), string(after.Stop), clean(after.Reason), string(r.ID), after.Name)
	if err != nil {
		return err
	}
	return t.record(eventRow{
		at: micros(now), kind: "plan_run.node", subject: string(r.ID), reason: clean(after.Reason),
		data: planRunData{Plan: r.Plan, Node: after.Name, State: after.State, Run: after.Run, Try: after.Try}.text(),
	})
}

func samePlanNode(a, b plan.NodeRun) bool {
	return a.State == b.State && a.Try == b.Try && a.Run == b.Run && a.Stop == b.Stop && a.Reason == b.Reason
}

// stopNode cancels the run of a node. One that has ended already is left alone: its end is on its way to the plan run.
func stopNode(t *tx, r plan.Run, name string, now time.Time) (run task.Run, changed bool, err error) {
	for _, n := range r.Nodes {
		if n.Name != name || n.Run == "" {
			continue
		}
		run, err = readRun(t, n.Run, t.session.dialect.locked())
		if isMissing(err) || err == nil && run.State.Final() {
			return run, false, nil
		}
		if err != nil {
			return run, false, err
		}
		changed, err = cancel(t, run, clean(stopReason(r, n)), now)
		if err != nil && !errors.Is(err, fault.Conflict) || err == nil && !changed {
			return run, false, err
		}
		run, err = readRun(t, n.Run, "")
		return run, err == nil, err
	}
	return run, false, nil
}

// stopReason says on the run of a node why it is stopped.
func stopReason(r plan.Run, n plan.NodeRun) string {
	if n.Stop == plan.StopTimeout {
		return fmt.Sprintf("cancelled because the timeout of node %s of plan run %s had passed", n.Name, r.ID)
	}
	return fmt.Sprintf("cancelled with plan run %s: %s", r.ID, r.Reason)
}
