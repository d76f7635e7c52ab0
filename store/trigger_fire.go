package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
	"github.com/segno-jobs/segno/virtualserver"
)

// dueQuery reads triggers that are due, with their tasks and calendars.
const dueQuery = `
	SELECT ` + triggerColumns + `, k.spec AS task_spec, k.version AS task_version, c.spec AS calendar_spec
	FROM trigger t
	LEFT JOIN task k ON t.owner_kind = 'task' AND k.name = t.owner
	LEFT JOIN calendar c ON c.name = t.calendar
	WHERE t.due <= ? ORDER BY t.due LIMIT ?`

type dueRow struct {
	triggerRow
	TaskSpec     *string `db:"task_spec"`
	TaskVersion  *int64  `db:"task_version"`
	CalendarSpec *string `db:"calendar_spec"`
}

// dueMemo keeps what is decoded at each tick.
type dueMemo struct {
	triggers  memo[task.TriggerSpec]
	tasks     memo[task.Spec]
	calendars memo[task.CalendarSpec]
}

func (m *dueMemo) due(row dueRow) (d task.DueTrigger, err error) {
	spec, err := m.triggers.decode(row.Spec, "trigger", row.Name)
	if err != nil {
		return d, err
	}
	d.Trigger = row.triggerWith(spec, nil)
	if row.TaskSpec != nil {
		d.Task = &task.Task{Version: *row.TaskVersion}
		if d.Task.Spec, err = m.tasks.decode(*row.TaskSpec, "task", row.Owner); err != nil {
			return d, err
		}
	}
	if row.CalendarSpec != nil {
		d.Calendar = &task.Calendar{}
		if d.Calendar.CalendarSpec, err = m.calendars.decode(*row.CalendarSpec, "calendar", orEmpty(row.Calendar)); err != nil {
			return d, err
		}
	}
	return d, nil
}

// DueTriggers returns up to limit triggers that are due at now, the longest due first, and when the first of the others is
// due: the zero instant where none is. What they consist of is shared with later calls: nothing in it may be changed.
func (db *DB) DueTriggers(ctx context.Context, now time.Time, limit int) (due []task.DueTrigger, next time.Time, err error) {
	v := db.view(ctx)
	var rows []dueRow
	if err := v.all(&rows, dueQuery, micros(now), limit); err != nil {
		return nil, next, fmt.Errorf("read due triggers: %w", err)
	}
	due = make([]task.DueTrigger, len(rows))
	for i, row := range rows {
		if due[i], err = db.due.due(row); err != nil {
			return nil, next, fmt.Errorf("read due triggers: %w", err)
		}
	}
	if len(rows) == limit {
		return due, now, nil
	}
	var first sql.NullInt64
	if err := v.get(&first, `SELECT min(due) FROM trigger WHERE due > ?`, micros(now)); err != nil {
		return nil, next, fmt.Errorf("read when the next trigger is due: %w", err)
	}
	if first.Valid {
		next = instant(first.Int64)
	}
	return due, next, nil
}

// preparedFiring is a firing with its runs ready to be written, some of them together with their first attempts.
type preparedFiring struct {
	task.Firing
	runs   map[task.RunID]newRun
	placed map[task.RunID]placedRun
}

// placedRun is the first attempt of a new run, with its placement encoded.
type placedRun struct {
	virtualserver.Assignment
	placement string
}

// Fire stores what was decided about due triggers: the occurrences, their runs, and when each trigger is due again, all
// firings in one transaction. Conflict for a trigger whose Next is not that of the firing any more, and nothing of that
// firing is stored. An occurrence that has a row keeps it, and its run is not stored.
//
// Runs in placed are stored together with their first attempts, as InsertPlacedRun does. Those of fs that were have the state
// of it then; Conflict also where the server of one does not take it any more.
func (db *DB) Fire(ctx context.Context, fs []task.Firing, placed map[task.RunID]virtualserver.Assignment, now time.Time) []error {
	errs := make([]error, len(fs))
	var at []int
	var ready []preparedFiring
	for i, f := range fs {
		p, err := prepareFiring(f, placed)
		if err != nil {
			errs[i] = fmt.Errorf("fire trigger %s of %s: %w", f.Trigger, f.Owner, err)
			continue
		}
		at, ready = append(at, i), append(ready, p)
	}
	for i, err := range db.updateEach(ctx, len(ready), func(t *tx, i int) error { return ready[i].store(t, now) }) {
		if err != nil {
			errs[at[i]] = fmt.Errorf("fire trigger %s of %s: %w", ready[i].Trigger, ready[i].Owner, err)
		}
	}
	return errs
}

func prepareFiring(f task.Firing, placed map[task.RunID]virtualserver.Assignment) (preparedFiring, error) {
	p := preparedFiring{Firing: f, runs: make(map[task.RunID]newRun, len(f.Runs)), placed: map[task.RunID]placedRun{}}
	for i := range f.Runs {
		n, err := prepareRun(&f.Runs[i], "")
		if err != nil {
			return p, err
		}
		p.runs[n.run.ID] = n
		a, is := placed[n.run.ID]
		if !is {
			continue
		}
		placement, err := encode(a.Placement, "placement of run", string(n.run.ID))
		if err != nil {
			return p, err
		}
		p.placed[n.run.ID] = placedRun{a, placement}
	}
	return p, nil
}

func (p preparedFiring) store(t *tx, now time.Time) error {
	const advance = `UPDATE trigger SET next = ?, due = ? WHERE owner_kind = ? AND owner = ? AND name = ? AND next = ?`
	n, err := t.exec(advance, microsOrNil(p.Next), microsOrNil(p.DueAt), string(p.Owner.Kind), p.Owner.Name, p.Trigger, micros(p.From))
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("it is not due at that time any more: %w", fault.Conflict)
	}
	if p.Arrears != nil {
		if err := t.owe(*p.Arrears); err != nil {
			return err
		}
	}
	var skipped []task.Occurrence
	for _, o := range p.Occurrences {
		if o.Run == "" {
			skipped = append(skipped, o)
			continue
		}
		refused, err := p.occur(t, o, now)
		if err != nil {
			return err
		}
		if refused != "" {
			o.Run, o.Reason = "", refused
			skipped = append(skipped, o)
		}
	}
	return t.skip(skipped, now)
}

// occur stores an occurrence with its run. Where there can be none, nothing is stored, and why is returned. An occurrence
// that has a row keeps it.
func (p preparedFiring) occur(t *tx, o task.Occurrence, now time.Time) (refused string, err error) {
	var known int
	const has = `
		SELECT count(*) FROM occurrence WHERE owner_kind = ? AND owner = ? AND trigger_name = ? AND scheduled_for = ? AND event = ?`
	err = t.scan(has, []any{string(o.Owner.Kind), o.Owner.Name, o.Trigger, micros(o.ScheduledFor), o.Event}, &known)
	if err != nil || known > 0 {
		return "", err
	}
	if o.Owner.Kind == task.OwnerPlan {
		refused, err = t.beginPlan(o, p.Params, now)
	} else if err = p.begin(t, o.Run); err != nil {
		if refusal, ok := errors.AsType[*task.Refusal](err); ok {
			refused, err = refusal.Reason, nil
		}
	}
	if err != nil || refused != "" {
		return refused, err
	}
	_, err = t.insertOccurrence(o)
	return "", err
}

// begin stores a run, with its first attempt where it has one.
func (p preparedFiring) begin(t *tx, id task.RunID) error {
	n := p.runs[id]
	first, placed := p.placed[id]
	if !placed {
		_, err := n.insert(t)
		return err
	}
	// It may have been stored by a transaction that was given up.
	n.run.State, n.run.Attempt, n.run.Server, n.run.StartedAt = task.Queued, 0, "", nil
	created, err := n.insertPlaced(t, first.Assignment, first.placement)
	if created {
		*n.run = placedAs(*n.run, first.Assignment)
	}
	return err
}

// beginPlan stores a run of the plan that an occurrence starts, or returns why there can be none.
func (t *tx) beginPlan(o task.Occurrence, params map[string]string, now time.Time) (refused string, err error) {
	of, err := plans.read(t, o.Owner.Name, "")
	if err != nil {
		return "", err
	}
	run, err := plan.NewRun(plan.RunID(o.Run), of.Spec, params, task.Cause{Kind: task.CauseTrigger, By: o.Trigger}, now)
	if err != nil {
		return fmt.Sprintf("the plan cannot be run: %v", err), nil
	}
	run.ScheduledFor = &o.ScheduledFor
	n, err := preparePlanRun(&run, "")
	if err != nil {
		return "", err
	}
	return n.insertDue(t)
}
