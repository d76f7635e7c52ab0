package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// eventQuery reads triggers that wait for events, with their tasks and calendars; conditions follow.
const eventQuery = `
	SELECT ` + triggerColumns + `, k.spec AS task_spec, k.version AS task_version, c.spec AS calendar_spec
	FROM trigger t
	LEFT JOIN task k ON t.owner_kind = 'task' AND k.name = t.owner
	LEFT JOIN calendar c ON c.name = t.calendar
	`

// EventTrigger returns a trigger with its task and its calendar. Task is nil for the trigger of a plan.
func (db *DB) EventTrigger(ctx context.Context, owner task.Owner, name string) (task.DueTrigger, error) {
	found, err := db.eventTriggers(ctx, `WHERE t.owner_kind = ? AND t.owner = ? AND t.name = ?`, string(owner.Kind), owner.Name, name)
	if err == nil && len(found) == 0 {
		err = notFound("trigger", name)
	}
	if err != nil {
		return task.DueTrigger{}, fmt.Errorf("read trigger of %s: %w", owner, err)
	}
	return found[0], nil
}

// eventTriggers returns the triggers that fit, with their pauses.
func (db *DB) eventTriggers(ctx context.Context, where string, args ...any) (found []task.DueTrigger, err error) {
	err = db.snapshot(ctx, func(v view) error {
		held, err := readPauses(v)
		if err != nil {
			return err
		}
		var rows []dueRow
		if err := v.all(&rows, eventQuery+where, args...); err != nil {
			return err
		}
		found = make([]task.DueTrigger, len(rows))
		for i, row := range rows {
			if found[i], err = db.due.due(row); err != nil {
				return err
			}
			if t := &found[i].Trigger; t.Pause == nil {
				t.Pause = held.of(t.Owner)
			}
		}
		return nil
	})
	return found, err
}

// preparedHappening is an event with its run, if it has one, ready to be written.
type preparedHappening struct {
	task.Occurrence
	run *newRun
	// plan is set in place of run for the trigger of a plan.
	plan *task.PlanRequest
}

func prepareHappening(h task.Happening) (preparedHappening, error) {
	p := preparedHappening{Occurrence: h.Occurrence, plan: h.Plan}
	if h.Run == nil {
		return p, nil
	}
	n, err := prepareRun(h.Run, "")
	p.run = &n
	return p, err
}

// Happen stores what was decided about events, each occurrence with its run in one transaction, and returns the occurrences
// as they are stored. An event that has an occurrence already keeps it, and its run is not stored. NotFound for an event
// whose trigger is gone. A run of a trigger that was paused since, or that the limits of its task do not allow, leaves an
// occurrence without one, and the reason.
func (db *DB) Happen(ctx context.Context, hs []task.Happening, now time.Time) ([]task.Occurrence, []error) {
	stored, errs := make([]task.Occurrence, len(hs)), make([]error, len(hs))
	var at []int
	var ready []preparedHappening
	for i, h := range hs {
		p, err := prepareHappening(h)
		if err != nil {
			errs[i] = p.failed(err)
			continue
		}
		at, ready = append(at, i), append(ready, p)
	}
	for i, err := range db.updateEach(ctx, len(ready), func(t *tx, i int) (err error) {
		stored[at[i]], err = ready[i].store(t, now)
		return err
	}) {
		if err != nil {
			stored[at[i]], errs[at[i]] = task.Occurrence{}, ready[i].failed(err)
		}
	}
	return stored, errs
}

func (p preparedHappening) failed(err error) error {
	return fmt.Errorf("store an event of trigger %s of %s: %w", p.Trigger, p.Owner, err)
}

// store writes the occurrence and its run, or returns the occurrence that the event has already.
func (p preparedHappening) store(t *tx, now time.Time) (task.Occurrence, error) {
	o := p.Occurrence
	if old, known, err := t.occurrenceOf(o); err != nil || known {
		return old, err
	}
	// The locks keep the trigger from going, and from being paused, between this and the commit.
	if err := t.sharePauses(o.Owner); err != nil {
		return o, err
	}
	trigger, err := readTrigger(t, o.Owner, o.Trigger, t.session.dialect.shared())
	if err != nil {
		return o, err
	}
	if p.run == nil && p.plan == nil {
		return o, t.skip([]task.Occurrence{o}, now)
	}
	// What was decided may be older than a pause.
	if trigger.Pause != nil {
		o.Run, o.Reason = "", trigger.Pause.Sentence()
		return o, t.skip([]task.Occurrence{o}, now)
	}
	inserted, err := t.insertOccurrence(o)
	if err != nil {
		return o, err
	}
	if !inserted { // another conductor was faster
		old, known, err := t.occurrenceOf(o)
		if err == nil && !known {
			err = fmt.Errorf("the event is being stored by another conductor: %w", fault.Conflict)
		}
		return old, err
	}
	if p.plan != nil {
		refused, err := t.insertRequested(o.Owner, *p.plan, now)
		if refused != "" {
			return t.refuse(o, refused, now)
		}
		return o, err
	}
	_, err = p.run.insert(t)
	if refusal, is := errors.AsType[*task.Refusal](err); is {
		return t.refuse(o, refusal.Reason, now)
	}
	return o, err
}

// refuse leaves an occurrence without the run that the limits of its task do not allow.
func (t *tx) refuse(o task.Occurrence, reason string, now time.Time) (task.Occurrence, error) {
	const drop = `DELETE FROM occurrence WHERE owner_kind = ? AND owner = ? AND trigger_name = ? AND event = ?`
	if _, err := t.exec(drop, string(o.Owner.Kind), o.Owner.Name, o.Trigger, o.Event); err != nil {
		return o, err
	}
	o.Run, o.Reason = "", reason
	return o, t.skip([]task.Occurrence{o}, now)
}

// occurrenceOf returns the occurrence that an event has already.
func (t *tx) occurrenceOf(o task.Occurrence) (task.Occurrence, bool, error) {
	const query = `SELECT ` + occurrenceColumns + ` FROM occurrence
		WHERE owner_kind = ? AND owner = ? AND trigger_name = ? AND event = ? AND event <> ''`
	var row occurrenceRow
	err := t.get(&row, query, string(o.Owner.Kind), o.Owner.Name, o.Trigger, o.Event)
	if isNone(err) {
		return task.Occurrence{}, false, nil
	}
	return row.occurrence(), err == nil, err
}

// Followers returns the triggers that wait for the end of one of the tasks, with what they start.
func (db *DB) Followers(ctx context.Context, tasks []string) ([]task.DueTrigger, error) {
	if len(tasks) == 0 {
		return nil, nil
	}
	var c conditions
	in(&c, "a.after_task", tasks)
	found, err := db.eventTriggers(ctx, `JOIN trigger_after a ON a.owner_kind = t.owner_kind AND a.owner = t.owner AND a.trigger_name = t.name`+
		c.where()+` ORDER BY t.owner_kind, t.owner, t.name`, c.args...)
	if err != nil {
		return nil, fmt.Errorf("read what follows %d tasks: %w", len(tasks), err)
	}
	return found, nil
}

// Follow stores what follows from the events after from up to to, occurrences with their runs, and moves the follower on, all
// in one transaction. Conflict where it stands elsewhere; nothing is stored then. The occurrence of a trigger that is gone is left out.
func (db *DB) Follow(ctx context.Context, follower string, from, to int64, hs []task.Happening, now time.Time) ([]task.Occurrence, error) {
	ready := make([]preparedHappening, len(hs))
	for i, h := range hs {
		var err error
		if ready[i], err = prepareHappening(h); err != nil {
			return nil, ready[i].failed(err)
		}
	}
	var stored []task.Occurrence
	err := db.update(ctx, func(t *tx) error {
		stored = make([]task.Occurrence, len(hs))
		if err := t.advance(follower, from, to); err != nil {
			return err
		}
		for i, p := range ready {
			o, err := p.store(t, now)
			if errors.Is(err, fault.NotFound) {
				continue
			}
			if err != nil {
				return p.failed(err)
			}
			stored[i] = o
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return stored, nil
}
