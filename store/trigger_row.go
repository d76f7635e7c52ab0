package store

import (
	"fmt"
	"time"

	"github.com/segno-jobs/segno/task"
)

// triggerColumns are those of triggerRow, in any order.
const triggerColumns = `t.owner_kind, t.owner, t.name, t.kind, t.spec, t.calendar, t.next, t.due, t.pause_reason, t.paused_by, t.paused_at,
	t.version, t.created_at, t.updated_at`

type triggerRow struct {
	OwnerKind   string `db:"owner_kind"`
	Owner       string
	Name        string
	Kind        string
	Spec        string
	Calendar    *string
	Next        *int64
	Due         *int64
	PauseReason string `db:"pause_reason"`
	PausedBy    string `db:"paused_by"`
	PausedAt    *int64 `db:"paused_at"`
	Version     int64
	CreatedAt   int64 `db:"created_at"`
	UpdatedAt   int64 `db:"updated_at"`
}

func (row triggerRow) owner() task.Owner {
	return task.Owner{Kind: task.OwnerKind(row.OwnerKind), Name: row.Owner}
}

// trigger returns the trigger with its own pause, or that of its owner or of all.
func (row triggerRow) trigger(held pauses) (task.Trigger, error) {
	var spec task.TriggerSpec
	if err := decode(row.Spec, &spec, "trigger", row.Name); err != nil {
		return task.Trigger{}, err
	}
	return row.triggerWith(spec, held), nil
}

// triggerWith is trigger with the specification decoded.
func (row triggerRow) triggerWith(spec task.TriggerSpec, held pauses) task.Trigger {
	t := task.Trigger{
		TriggerSpec: spec,
		Owner:       row.owner(), Version: row.Version, CreatedAt: instant(row.CreatedAt), UpdatedAt: instant(row.UpdatedAt),
		Next: instantOrNil(row.Next), DueAt: instantOrNil(row.Due),
	}
	if t.Paused {
		t.Pause = &task.Pause{Level: task.PauseTrigger, Reason: row.PauseReason, By: row.PausedBy, At: t.UpdatedAt}
		if row.PausedAt != nil {
			t.Pause.At = instant(*row.PausedAt)
		}
	} else {
		t.Pause = held.of(t.Owner)
	}
	return t
}

// pauses are those of owners, and under the zero owner that of all triggers.
type pauses map[task.Owner]task.Pause

// of returns the pause that holds up the triggers of an owner, or nil.
func (p pauses) of(owner task.Owner) *task.Pause {
	for _, o := range []task.Owner{owner, {}} {
		if held, ok := p[o]; ok {
			return &held
		}
	}
	return nil
}

func readPauses(r reader) (pauses, error) {
	var rows []struct {
		OwnerKind string `db:"owner_kind"`
		Owner     string
		Reason    string
		PausedBy  string `db:"paused_by"`
		PausedAt  int64  `db:"paused_at"`
	}
	if err := r.all(&rows, `SELECT owner_kind, owner, reason, paused_by, paused_at FROM trigger_pause`); err != nil {
		return nil, fmt.Errorf("read pauses: %w", err)
	}
	held := make(pauses, len(rows))
	for _, row := range rows {
		p := task.Pause{Level: task.PauseOwner, Reason: row.Reason, By: row.PausedBy, At: instant(row.PausedAt)}
		owner := task.Owner{Kind: task.OwnerKind(row.OwnerKind), Name: row.Owner}
		if owner == (task.Owner{}) {
			p.Level = task.PauseAll
		}
		held[owner] = p
	}
	return held, nil
}

// readTrigger returns a trigger, or fault.NotFound.
func readTrigger(r reader, owner task.Owner, name, lock string) (task.Trigger, error) {
	held, err := readPauses(r)
	if err != nil {
		return task.Trigger{}, err
	}
	var row triggerRow
	const query = `SELECT ` + triggerColumns + ` FROM trigger t WHERE owner_kind = ? AND owner = ? AND name = ?`
	err = r.get(&row, query+lock, string(owner.Kind), owner.Name, name)
	if isNone(err) {
		return task.Trigger{}, notFound("trigger", name)
	}
	if err != nil {
		return task.Trigger{}, err
	}
	return row.trigger(held)
}

// lastOccurrence returns the newest occurrence of a trigger, or nil.
func lastOccurrence(r reader, owner task.Owner, name string) (*task.Occurrence, error) {
	var row occurrenceRow
	const query = `SELECT ` + occurrenceColumns + ` FROM occurrence WHERE owner_kind = ? AND owner = ? AND trigger_name = ?
		ORDER BY scheduled_for DESC, event DESC LIMIT 1`
	err := r.get(&row, query, string(owner.Kind), owner.Name, name)
	if isNone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the last occurrence of trigger %s of %s: %w", name, owner, err)
	}
	o := row.occurrence()
	return &o, nil
}

// schedule returns the schedule of a trigger with its calendar.
func schedule(r reader, t task.Trigger) (task.Schedule, error) {
	calendar, err := usedCalendar(r, t)
	if err != nil {
		return task.Schedule{}, err
	}
	return task.NewSchedule(t.Owner, t.TriggerSpec, t.CreatedAt, calendar)
}

// usedCalendar returns the calendar that a trigger uses, or nil.
func usedCalendar(r reader, t task.Trigger) (*task.Calendar, error) {
	if t.Calendar == "" {
		return nil, nil
	}
	c, err := calendars.read(r, t.Calendar, "")
	return &c, err
}

// settleDue settles when a trigger is due from now on. A time that has come and was not acted on yet stays: its occurrence is
// still to be stored. What is paused or waits for events is never due.
func settleDue(r reader, t *task.Trigger, now time.Time) error {
	pending := t.Next
	t.Next, t.DueAt = nil, nil
	if t.Pause != nil || !t.Kind().Timed() {
		return nil
	}
	s, err := schedule(r, *t)
	if err != nil {
		return err
	}
	if pending != nil && !pending.After(now) {
		due := pending.Add(s.Delay())
		t.Next, t.DueAt = pending, &due
		return nil
	}
	t.Next, t.DueAt = s.Upcoming(now)
	return nil
}

// setDue writes when a trigger is due.
func (t *tx) setDue(tr task.Trigger) error {
	_, err := t.exec(`UPDATE trigger SET next = ?, due = ? WHERE owner_kind = ? AND owner = ? AND name = ?`,
		microsOrNil(tr.Next), microsOrNil(tr.DueAt), string(tr.Owner.Kind), tr.Owner.Name, tr.Name)
	return err
}

// giveUp writes a row for each time of a trigger that has come and was not acted on, with the reason that it never will be.
// Where there are very many, the older ones are owed their rows.
func (t *tx) giveUp(tr task.Trigger, now time.Time, reason string) error {
	if tr.Next == nil || tr.Next.After(now) {
		return nil
	}
	calendar, err := usedCalendar(t, tr)
	if err != nil {
		return err
	}
	s, err := task.NewSchedule(tr.Owner, tr.TriggerSpec, tr.CreatedAt, calendar)
	if err != nil {
		return err
	}
	due, owedUntil := s.GiveUp(*tr.Next, now.Add(s.Delay()))
	if owedUntil != nil {
		if err := t.owe(*task.DueTrigger{Trigger: tr, Calendar: calendar}.Arrears(*owedUntil, reason, now)); err != nil {
			return err
		}
	}
	skipped := make([]task.Occurrence, len(due))
	for i, at := range due {
		skipped[i] = task.Occurrence{Owner: tr.Owner, Trigger: tr.Name, ScheduledFor: at, Reason: reason, DecidedAt: now}
	}
	return t.skip(skipped, now)
}

// recordTrigger appends an event about a trigger. It is found by its name, and by its task.
func (t *tx) recordTrigger(now time.Time, kind string, owner task.Owner, name, reason string) error {
	data, err := encode(map[string]string{string(owner.Kind): owner.Name, "trigger": name}, "trigger", name)
	if err != nil {
		return err
	}
	return t.record(eventRow{at: micros(now), kind: kind, subject: name, task: taskOf(owner), reason: clean(reason), data: data})
}

// taskOf returns the name of an owner that is a task, or nil.
func taskOf(owner task.Owner) any {
	if owner.Kind == task.OwnerTask {
		return owner.Name
	}
	return nil
}
