package store

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/segno-jobs/segno/task"
)

// eventRow is an event on its way into the store.
type eventRow struct {
	at      int64
	kind    string
	subject string
	task    any // string, or nil
	attempt int
	from    task.State
	to      task.State
	reason  string
	data    any // string, or nil
}

// record appends an event in the transaction. The events of a transaction are written together, just before its commit:
// see [tx.flush].
func (t *tx) record(e eventRow) error {
	t.pending = append(t.pending, e)
	return nil
}

// flush writes the pending events as the transaction's last act before its commit, in their order.
func (t *tx) flush() error {
	if len(t.pending) == 0 {
		return nil
	}
	if t.session.dialect == postgres {
		return t.flushLocked()
	}
	rest := t.pending
	for i, n := range eventsAtOnce {
		for ; len(rest) >= n; rest = rest[n:] {
			if err := t.flushRows(insertEvents[i], rest[:n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// eventsAtOnce are the numbers of events that SQLite takes in one statement, of which insertEvents has the texts.
var (
	eventsAtOnce = [...]int{16, 4, 1}
	insertEvents = func() (texts [len(eventsAtOnce)]string) {
		const row = "(?, ?, ?, ?, ?, ?, ?, ?, ?)"
		for i, n := range eventsAtOnce {
			texts[i] = `INSERT INTO event (at, kind, subject, task, attempt, from_state, to_state, reason, data) VALUES ` +
				row + strings.Repeat(", "+row, n-1)
		}
		return texts
	}()
)

func (t *tx) flushRows(insert string, events []eventRow) error {
	args := make([]any, 0, 9*len(events))
	for _, e := range events {
		args = append(args, e.at, e.kind, e.subject, e.task, e.attempt, string(e.from), string(e.to), e.reason, e.data)
	}
	_, err := t.exec(insert, args...)
	return err
}

// eventLock is the advisory lock under which PostgreSQL's event ids are given.
const eventLock = 0x5e6_0e7e7

// flushLocked writes the pending events on PostgreSQL. There a transaction that takes its id first may commit last, and a
// reader that goes on after the highest id it has seen would miss the other for ever. The lock is held from before the
// first id is taken until the commit is visible, so whoever sees an event sees all events with lower ids, and the order
// of ids is the order of the commits. (SQLite has one writer, so nothing is needed.) Nothing is waited for while the lock is held. A conductor that is frozen at that
// point holds the others up until idle_in_transaction_session_timeout ends its session.
//
// Ordering by transaction id (pg_snapshot_xmin) needs no lock, but an id is taken before a row's lock is waited for:
// the history of a run could then show its steps in the wrong order.
func (t *tx) flushLocked() error {
	if _, err := t.session.exec(t.ctx, `SELECT pg_advisory_xact_lock(?)`, int64(eventLock)); err != nil {
		return err
	}
	n := len(t.pending)
	at, kind, subject, ofTask := make([]int64, n), make([]string, n), make([]string, n), make([]*string, n)
	attempt, from, to := make([]int64, n), make([]string, n), make([]string, n)
	reason, data := make([]string, n), make([]*string, n)
	for i, e := range t.pending {
		at[i], kind[i], subject[i], ofTask[i] = e.at, e.kind, e.subject, textOrNil(e.task)
		attempt[i], from[i], to[i] = int64(e.attempt), string(e.from), string(e.to)
		reason[i], data[i] = e.reason, textOrNil(e.data)
	}
	const insert = `
		INSERT INTO event (at, kind, subject, task, attempt, from_state, to_state, reason, data)
		SELECT at, kind, subject, task, attempt, from_state, to_state, reason, data
		FROM unnest(?::bigint[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[])
			WITH ORDINALITY AS e (at, kind, subject, task, attempt, from_state, to_state, reason, data, position)
		ORDER BY position`
	_, err := t.session.exec(t.ctx, insert, at, kind, subject, ofTask, attempt, from, to, reason, data)
	return err
}

func textOrNil(v any) *string {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	return &s
}

// recordRun appends the event of a run's change of state, and does what follows from a failure.
func (t *tx) recordRun(now time.Time, id task.RunID, of string, attempt int, from, to task.State, reason string, data any) error {
	err := t.record(eventRow{
		at: micros(now), kind: "run." + string(to), subject: string(id), task: of,
		attempt: attempt, from: from, to: to, reason: reason, data: data,
	})
	if err != nil || !to.Failure() {
		return err
	}
	return t.pauseOnError(now, id, of, to, reason)
}

// recordThing appends an event about something that is no run, such as "server.edited".
func (t *tx) recordThing(now time.Time, kind, subject, reason string) error {
	return t.record(eventRow{at: micros(now), kind: kind, subject: subject, reason: reason})
}

// onServer is the data of an event that happened on a server.
func onServer(name string) string {
	data, _ := json.Marshal(struct { // A string always has a JSON form.
		Server string `json:"server"`
	}{name})
	return string(data)
}
