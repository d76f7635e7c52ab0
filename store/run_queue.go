package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// targetsQuery skips from one target to the next through the queue's indexes, however many runs wait for each.
func targetsQuery(d dialect) string {
	skip := func(name, column, index string) string {
		from := ` FROM run` + d.by(index) + ` WHERE state = 'queued' AND ` + column
		return name + ` (name) AS (
			SELECT min(` + column + `)` + from + ` IS NOT NULL
			UNION ALL
			SELECT (SELECT min(` + column + `)` + from + ` > ` + name + `.name) FROM ` + name + ` WHERE ` + name + `.name IS NOT NULL)`
	}
	return `
		WITH RECURSIVE ` + skip("groups", "virtual_server", groupQueue) + `, ` + skip("servers", "target_server", serverQueue) + `
		SELECT name AS virtual_server, '' AS server FROM groups WHERE name IS NOT NULL
		UNION ALL
		SELECT '' AS virtual_server, name AS server FROM servers WHERE name IS NOT NULL`
}

// The indexes of the queue: by virtual server, and by server for runs that are bound to one.
const (
	groupQueue  = "run_queue_group"
	serverQueue = "run_queue_server"
)

// QueuedTargets returns the targets that queued runs wait for, each once.
func (db *DB) QueuedTargets(ctx context.Context) ([]task.Target, error) {
	var rows []struct {
		VirtualServer string `db:"virtual_server"`
		Server        string
	}
	if err := db.view(ctx).all(&rows, targetsQuery(db.dialect)); err != nil {
		return nil, fmt.Errorf("list what queued runs wait for: %w", err)
	}
	targets := make([]task.Target, len(rows))
	for i, row := range rows {
		targets[i] = task.Target{VirtualServer: row.VirtualServer, Server: row.Server}
	}
	return targets, nil
}

// QueuedRuns returns up to limit queued runs for one target after a position in the queue, those of higher priority
// first, then the older ones. The zero position is before the first. Runs of the tasks in without are passed over.
func (db *DB) QueuedRuns(ctx context.Context, target task.Target, after task.QueuePosition, without []string, limit int) ([]task.Run, error) {
	query, args := queueQuery(db.dialect, target, after, without, limit)
	var rows []runRow
	if err := db.view(ctx).all(&rows, query, args...); err != nil {
		return nil, fmt.Errorf("list queued runs: %w", err)
	}
	runs := make([]task.Run, len(rows))
	for i, row := range rows {
		var err error
		if runs[i], err = row.run(); err != nil {
			return nil, fmt.Errorf("list queued runs: %w", err)
		}
	}
	return runs, nil
}

func queueQuery(d dialect, target task.Target, after task.QueuePosition, without []string, limit int) (string, []any) {
	index, column, name := groupQueue, "virtual_server", target.VirtualServer
	if target.Server != "" {
		index, column, name = serverQueue, "target_server", target.Server
	}
	var c conditions
	c.add("r.state = 'queued'")
	c.add("r."+column+" = ?", name)
	if after != (task.QueuePosition{}) {
		c.add("(r.rank, r.id) > (?, ?)", -after.Priority, string(after.ID))
	}
	if len(without) == 0 {
		return `SELECT ` + runSpecColumns + ` FROM run r` + d.by(index) + ` JOIN run_spec s ON s.run = r.id` +
			c.where() + ` ORDER BY r.rank, r.id LIMIT ?`, append(c.args, limit)
	}
	// The runs are chosen in the index alone, which holds their tasks: those that are passed over are not read.
	notIn(&c, "r.task", without)
	return runWithSpec + ` WHERE r.id IN (SELECT r.id FROM run r` + d.by(index) + c.where() + ` ORDER BY r.rank, r.id LIMIT ?)
		ORDER BY r.rank, r.id`, append(c.args, limit)
}

// ExplainQueued stores why queued runs could not be placed. It writes only where the reason differs; runs that are not
// queued any more are passed over.
func (db *DB) ExplainQueued(ctx context.Context, es []virtualserver.Explanation, now time.Time) error {
	changed, err := db.changedReasons(ctx, es)
	if err != nil {
		return fmt.Errorf("explain queued runs: %w", err)
	}
	placements := make([]string, len(changed))
	for i, e := range changed {
		if e.Placement == nil {
			continue
		}
		if placements[i], err = encode(e.Placement, "placement of run", string(e.Run)); err != nil {
			return err
		}
	}
	errs := db.updateEach(ctx, len(changed), func(t *tx, i int) error {
		return explain(t, changed[i], placements[i], now)
	})
	if err := joinDistinct(errs); err != nil {
		return fmt.Errorf("explain queued runs: %w", err)
	}
	return nil
}

// changedReasons returns those of the explanations that differ from what is stored. Most do not, and this way they cost
// the writer nothing.
func (db *DB) changedReasons(ctx context.Context, es []virtualserver.Explanation) ([]virtualserver.Explanation, error) {
	const atOnce = 500
	var changed []virtualserver.Explanation
	for len(es) > 0 {
		some := es[:min(atOnce, len(es))]
		es = es[len(some):]
		ids := make([]task.RunID, len(some))
		for i, e := range some {
			ids[i] = e.Run
		}
		var c conditions
		in(&c, "id", ids)
		c.add("state = 'queued'")
		var rows []struct{ ID, Reason string }
		if err := db.view(ctx).all(&rows, `SELECT id, reason FROM run`+c.where(), c.args...); err != nil {
			return nil, err
		}
		reasons := make(map[task.RunID]string, len(rows))
		for _, row := range rows {
			reasons[task.RunID(row.ID)] = row.Reason
		}
		for _, e := range some {
			if reason, queued := reasons[e.Run]; queued && reason != clean(e.Reason) {
				changed = append(changed, e)
			}
		}
	}
	return changed, nil
}

const (
	explainRun = `UPDATE run SET reason = ? WHERE id = ? AND state = 'queued' AND reason <> ? RETURNING task, attempt`

	explainPlacement = `
		INSERT INTO placement (run, attempt, placement) VALUES (?, 0, ?)
		ON CONFLICT (run, attempt) DO UPDATE SET placement = excluded.placement`
)

func explain(t *tx, e virtualserver.Explanation, placement string, now time.Time) error {
	reason := clean(e.Reason)
	var of string
	var attempt int
	err := t.change(explainRun, []any{reason, string(e.Run), reason}, &of, &attempt)
	if isNone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if placement != "" {
		if _, err := t.exec(explainPlacement, string(e.Run), placement); err != nil {
			return err
		}
	}
	return t.record(eventRow{
		at: micros(now), kind: "run.waiting", subject: string(e.Run), task: of, attempt: attempt,
		from: task.Queued, to: task.Queued, reason: reason,
	})
}
