package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/task"
)

// Pauses returns the pauses of owners, and that of all triggers with the zero owner.
func (db *DB) Pauses(ctx context.Context) (map[task.Owner]task.Pause, error) {
	return readPauses(db.view(ctx))
}

// PauseTriggers holds up all triggers of an owner or, with the zero owner, all there are. NotFound without the owner. A
// pause that stands already stays as it is.
func (db *DB) PauseTriggers(ctx context.Context, owner task.Owner, reason, by string, now time.Time) error {
	err := db.update(ctx, func(t *tx) error { return t.pauseTriggers(owner, reason, by, now) })
	if err != nil {
		return fmt.Errorf("pause the triggers of %s: %w", whose(owner), err)
	}
	return nil
}

// pauseLock is the class of the advisory locks under which the pauses of owners are changed on PostgreSQL: one for each
// owner, and 0 for that of all. Whoever starts something that a pause would hold up shares them until its commit. So a pause
// is over all that it did not hold up: what was begun before it has been committed when it is. SQLite has one writer.
const pauseLock = 0x5e6_0a5e

// sharePauses keeps the pauses over an owner's triggers as they are until the transaction ends. It is for before they are
// read.
func (t *tx) sharePauses(owner task.Owner) error {
	const both = `SELECT pg_advisory_xact_lock_shared(?, 0), pg_advisory_xact_lock_shared(?, hashtext(?))`
	return t.lockPauses(both, pauseLock, pauseLock, owner.String())
}

// holdPauses keeps others from starting what the pause of an owner, or of all, would hold up, and waits for those that do.
func (t *tx) holdPauses(owner task.Owner) error {
	if owner == (task.Owner{}) {
		return t.lockPauses(`SELECT pg_advisory_xact_lock(?, 0)`, pauseLock)
	}
	return t.lockPauses(`SELECT pg_advisory_xact_lock(?, hashtext(?))`, pauseLock, owner.String())
}

func (t *tx) lockPauses(query string, args ...any) error {
	if t.session.dialect != postgres {
		return nil
	}
	if _, err := t.session.exec(t.ctx, query, args...); err != nil {
		return fmt.Errorf("wait for changes of pauses: %w", t.fail(err))
	}
	return nil
}

// pauseTriggers is for transactions that pause triggers for a reason of their own, too.
func (t *tx) pauseTriggers(owner task.Owner, reason, by string, now time.Time) error {
	if err := t.checkOwner(owner); err != nil {
		return err
	}
	if err := t.holdPauses(owner); err != nil {
		return err
	}
	const insert = `
		INSERT INTO trigger_pause (owner_kind, owner, reason, paused_by, paused_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (owner_kind, owner) DO NOTHING`
	n, err := t.exec(insert, string(owner.Kind), owner.Name, clean(reason), by, micros(now))
	if err != nil || n == 0 {
		return err
	}
	pending, err := t.timed(owner, "next <= ?", micros(now))
	if err != nil {
		return err
	}
	for _, tr := range pending {
		if err := t.giveUp(tr, now, "the triggers of "+whose(owner)+" were paused before this could be acted on"); err != nil {
			return err
		}
	}
	c := ownedBy(owner)
	c.add("due IS NOT NULL")
	if _, err := t.exec(`UPDATE trigger SET next = NULL, due = NULL`+c.where(), c.args...); err != nil {
		return err
	}
	return t.recordTriggers(now, "triggers.paused", owner, reason)
}

// ResumeTriggers ends what PauseTriggers began. Triggers that are paused by themselves, or by another pause, stay so.
func (db *DB) ResumeTriggers(ctx context.Context, owner task.Owner, _ string, now time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		if err := t.checkOwner(owner); err != nil {
			return err
		}
		if err := t.holdPauses(owner); err != nil {
			return err
		}
		n, err := t.exec(`DELETE FROM trigger_pause WHERE owner_kind = ? AND owner = ?`, string(owner.Kind), owner.Name)
		if err != nil || n == 0 {
			return err
		}
		free, err := t.timed(owner, "due IS NULL")
		if err != nil {
			return err
		}
		for _, tr := range free {
			if err := settleDue(t, &tr, now); err != nil {
				return err
			}
			if tr.Next == nil {
				continue
			}
			if err := t.setDue(tr); err != nil {
				return err
			}
		}
		return t.recordTriggers(now, "triggers.resumed", owner, "")
	})
	if err != nil {
		return fmt.Errorf("resume the triggers of %s: %w", whose(owner), err)
	}
	return nil
}

// timed returns the triggers of an owner, or of all, that are due at times and fit a condition.
func (t *tx) timed(owner task.Owner, condition string, args ...any) ([]task.Trigger, error) {
	c := ownedBy(owner)
	c.add("kind IN ('cron', 'every', 'at')")
	c.add(condition, args...)
	return triggersOf(t, `SELECT `+triggerColumns+` FROM trigger t`+c.where(), c.args...)
}

func ownedBy(owner task.Owner) (c conditions) {
	if owner != (task.Owner{}) {
		c.add("owner_kind = ?", string(owner.Kind))
		c.add("owner = ?", owner.Name)
	}
	return c
}

// checkOwner returns fault.NotFound for an owner that does not exist. The zero owner stands for all.
func (t *tx) checkOwner(owner task.Owner) error {
	if owner == (task.Owner{}) {
		return nil
	}
	switch owner.Kind {
	case task.OwnerTask:
		_, err := tasks.read(t, owner.Name, "")
		return err
	case task.OwnerPlan:
		_, err := plans.read(t, owner.Name, "")
		return err
	}
	return notFound(string(owner.Kind), owner.Name)
}

func (t *tx) recordTriggers(now time.Time, kind string, owner task.Owner, reason string) error {
	return t.record(eventRow{at: micros(now), kind: kind, subject: owner.Name, task: taskOf(owner), reason: clean(reason)})
}

func whose(owner task.Owner) string {
	if owner == (task.Owner{}) {
		return "all"
	}
	return owner.String()
}
