package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// Each of these is a stretch of one index, without a look at the runs themselves. Ids sort by when a run was requested.
const (
	countFailed = `SELECT count(*) FROM run WHERE state IN ('failed', 'timed_out', 'lost') AND id >= ?`
	countLate   = `SELECT count(*) FROM run WHERE late = 1 AND ended_at IS NULL`
	countPauses = `SELECT count(*) FROM trigger_pause`
	countDead   = `SELECT count(*) FROM notification_delivery WHERE state = 'dead'`
)

// Summary counts what runs and what a person should look at.
func (db *DB) Summary(ctx context.Context, now time.Time) (task.Summary, error) {
	s := task.Summary{At: stored(now), Open: map[task.State]int64{}, Servers: map[string]int64{}}
	err := db.snapshot(ctx, func(v view) error {
		if err := countRuns(v, s.Open, false); err != nil {
			return err
		}
		if s.Open[task.Queued] > 0 {
			var err error
			if s.OldestQueuedAt, err = oldestQueued(v); err != nil {
				return err
			}
		}
		if err := countServers(v, s.Servers); err != nil {
			return err
		}
		long := string(task.FirstRunID(now.Add(-task.LongWait)))
		for _, c := range []struct {
			into  *int64
			query string
			args  []any
		}{
			{&s.WaitLong, waitLongQuery(db.dialect), []any{long, long}},
			{&s.Failed, countFailed, []any{string(task.FirstRunID(now.Add(-task.FailedWithin)))}},
			{&s.Late, countLate, nil},
			{&s.PausedTriggers, `SELECT count(*) FROM trigger t WHERE ` + db.dialect.paused(), nil},
			{&s.Pauses, countPauses, nil},
			{&s.DeadDeliveries, countDead, nil},
		} {
			if err := v.get(c.into, c.query, c.args...); err != nil {
				return err
			}
		}
		var err error
		s.Minutes, err = minutesOfRuns(v, now)
		return err
	})
	if err != nil {
		return s, fmt.Errorf("count what runs and what needs a person: %w", err)
	}
	return s, nil
}

// waitLongQuery counts the runs that have waited since before an id and are not late; both its arguments are that id.
func waitLongQuery(d dialect) string {
	return `SELECT (SELECT count(*) FROM run WHERE state = 'queued' AND id < ?)
		- (SELECT count(*) FROM run` + d.by("run_late") + ` WHERE late = 1 AND ended_at IS NULL AND state = 'queued' AND id < ?)`
}

func oldestQueued(v view) (time.Time, error) {
	var oldest int64
	// Ids sort by age, so the oldest is the first of the index of the state.
	err := v.get(&oldest, `SELECT queued_at FROM run WHERE state = 'queued' ORDER BY id LIMIT 1`)
	return instant(oldest), err
}

// countServers counts the job servers by the one word that an operator sees for each.
func countServers(v view, into map[string]int64) error {
	var rows []struct {
		Mode, State string
		N           int64
	}
	if err := v.all(&rows, `SELECT mode, state, count(*) AS n FROM server GROUP BY mode, state`); err != nil {
		return err
	}
	for _, row := range rows {
		s := jobserver.Server{Mode: jobserver.Mode(row.Mode), State: jobserver.Contact(row.State)}
		into[s.Status()] += row.N
	}
	return nil
}

func minutesOfRuns(v view, now time.Time) ([]task.MinuteOfRuns, error) {
	last := stored(now).Truncate(time.Minute)
	minutes := make([]task.MinuteOfRuns, task.SummaryMinutes)
	for i := range minutes {
		minutes[i].At = last.Add(time.Duration(i+1-len(minutes)) * time.Minute)
	}
	var rows []struct {
		Low   string
		State string
		N     int64
	}
	query, args := minutesQuery(minutes)
	if err := v.all(&rows, query, args...); err != nil {
		return nil, err
	}
	place := make(map[string]*task.MinuteOfRuns, len(minutes))
	for i := range minutes {
		place[string(task.FirstRunID(minutes[i].At))] = &minutes[i]
	}
	for _, row := range rows {
		m := place[row.Low]
		switch state := task.State(row.State); {
		case state == task.Succeeded:
			m.Succeeded += row.N
		case state.Final():
			m.Unsuccessful += row.N
		default:
			m.Open += row.N
		}
	}
	return minutes, nil
}

// minutesQuery counts the runs of each minute and state: for each a stretch of the index of states.
func minutesQuery(minutes []task.MinuteOfRuns) (string, []any) {
	var args []any
	for _, m := range minutes {
		args = append(args, string(task.FirstRunID(m.At)), string(task.FirstRunID(m.At.Add(time.Minute))))
	}
	var states []string
	for _, s := range task.States() {
		states = append(states, "('"+string(s)+"')")
	}
	bounds := strings.TrimSuffix(strings.Repeat("(?, ?), ", len(minutes)), ", ")
	return `WITH bound (low, high) AS (VALUES ` + bounds + `), known (state) AS (VALUES ` + strings.Join(states, ", ") + `)
		SELECT low, known.state, (SELECT count(*) FROM run r WHERE r.state = known.state AND r.id >= low AND r.id < high) AS n
		FROM bound CROSS JOIN known`, args
}
