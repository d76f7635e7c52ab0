package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// Run returns a run with its attempts and outputs.
func (db *DB) Run(ctx context.Context, id task.RunID) (run task.Run, err error) {
	err = db.snapshot(ctx, func(v view) error {
		run, err = readRun(v, id, "")
		return err
	})
	if err != nil {
		return task.Run{}, fmt.Errorf("read run: %w", err)
	}
	return run, nil
}

// readRun reads a whole run. lock is dialect.locked where the transaction goes on to change the run.
func readRun(r reader, id task.RunID, lock string) (task.Run, error) {
	var row runRow
	query := runWithSpec + ` WHERE r.id = ?`
	if lock != "" {
		query += lock + ` OF r`
	}
	if err := r.get(&row, query, string(id)); isNone(err) {
		return task.Run{}, notFound("run", string(id))
	} else if err != nil {
		return task.Run{}, err
	}
	run, err := row.run()
	if err != nil {
		return task.Run{}, err
	}
	if run.Attempts, err = readAttempts(r, id); err != nil {
		return task.Run{}, err
	}
	run.Outputs, err = readValues(r, id)
	return run, err
}

func readAttempts(r reader, id task.RunID) ([]task.Attempt, error) {
	var rows []attemptRow
	const query = `SELECT ` + attemptColumns + ` FROM attempt a WHERE a.run = ? ORDER BY a.number`
	if err := r.all(&rows, query, string(id)); err != nil {
		return nil, err
	}
	var all []task.Attempt
	for _, row := range rows {
		a, err := row.attempt()
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

func readValues(r reader, id task.RunID) (map[string]string, error) {
	rows, err := r.rows(`SELECT name, value FROM output_value WHERE run = ?`, string(id))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var values map[string]string
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return nil, fmt.Errorf("read the outputs of run %s: %w", id, err)
		}
		if values == nil {
			values = map[string]string{}
		}
		values[name] = value
	}
	return values, rows.Err()
}

// Runs returns runs, newest first, without their attempts and outputs. Of their specs, only Name, Target, OnUnavailable,
// Labels and Priority are filled in, and Params are not: a page of a list does not read the frozen texts.
func (db *DB) Runs(ctx context.Context, f task.RunFilter, p page.Request) (page.Of[task.Run], error) {
	last, err := after("runs", p.Cursor)
	if err != nil {
		return page.Of[task.Run]{}, err
	}
	query, args, err := runsQuery(f, last, p.Size()+1)
	if err != nil {
		return page.Of[task.Run]{}, err
	}
	var rows []runRow
	if err := db.view(ctx).all(&rows, query, args...); err != nil {
		return page.Of[task.Run]{}, fmt.Errorf("list runs: %w", err)
	}
	runs := make([]task.Run, len(rows))
	for i, row := range rows {
		if runs[i], err = row.run(); err != nil {
			return page.Of[task.Run]{}, fmt.Errorf("list runs: %w", err)
		}
	}
	return paged(runs, p, "runs", func(r task.Run) string { return string(r.ID) }), nil
}

// runsQuery returns the query for a page. Ids sort by age and end every index, so the newest runs of a task, a server, a
// virtual server or a state are the end of an index. For several states it is the ends of several indexes, joined.
func runsQuery(f task.RunFilter, last string, limit int) (string, []any, error) {
	var c conditions
	if f.Task != "" {
		c.add("r.task = ?", f.Task)
	}
	if len(f.Causes) > 0 {
		in(&c, "r.cause_kind", f.Causes)
	}
	if f.Query != "" {
		c.containsAny(f.Query, "lower(r.id)", "r.task", "lower(r.reason)")
	}
	if f.Server != "" {
		c.add("r.server = ?", f.Server)
	}
	if f.VirtualServer != "" {
		c.add("r.virtual_server = ?", f.VirtualServer)
	}
	if f.Late {
		c.add("r.late = 1")
		c.add("r.ended_at IS NULL")
	}
	// Ids begin with the millisecond of the request: what lies outside of a stretch of time is not even looked at.
	if !f.Since.IsZero() {
		c.add("r.queued_at >= ?", micros(f.Since))
		c.add("r.id >= ?", string(task.FirstRunID(f.Since)))
	}
	if !f.Until.IsZero() {
		c.add("r.queued_at < ?", micros(f.Until))
		c.add("r.id < ?", string(task.FirstRunID(f.Until.Add(time.Millisecond))))
	}
	if last != "" {
		c.add("r.id < ?", last)
	}
	states := slices.Compact(slices.Sorted(slices.Values(f.States)))
	for _, s := range states {
		if !s.Valid() {
			return "", nil, fault.Field("state", "%q is no state of a run", s)
		}
	}
	one := func(c conditions) string {
		return `SELECT ` + runColumns + ` FROM run r` + c.where() + fmt.Sprintf(` ORDER BY r.id DESC LIMIT %d`, limit)
	}
	if len(states) == 0 {
		return one(c), c.args, nil
	}
	var parts []string
	var args []any
	for _, s := range states {
		each := conditions{parts: append([]string{"r.state = ?"}, c.parts...), args: append([]any{string(s)}, c.args...)}
		parts = append(parts, `SELECT * FROM (`+one(each)+`) AS `+string(s))
		args = append(args, each.args...)
	}
	return strings.Join(parts, " UNION ALL ") + fmt.Sprintf(` ORDER BY id DESC LIMIT %d`, limit), args, nil
}

// Placements returns the stored placements of a run by the number of their attempt; under 0 stands the newest
// explanation of why the run could not be placed, if any.
func (db *DB) Placements(ctx context.Context, id task.RunID) (map[int]virtualserver.Placement, error) {
	all := map[int]virtualserver.Placement{}
	err := db.snapshot(ctx, func(v view) error {
		var known string
		if err := v.get(&known, `SELECT id FROM run WHERE id = ?`, string(id)); isNone(err) {
			return notFound("run", string(id))
		} else if err != nil {
			return err
		}
		var rows []struct {
			Attempt   int
			Placement string
		}
		if err := v.all(&rows, `SELECT attempt, placement FROM placement WHERE run = ?`, string(id)); err != nil {
			return err
		}
		for _, row := range rows {
			var p virtualserver.Placement
			if err := decode(row.Placement, &p, "placement of run", string(id)); err != nil {
				return err
			}
			all[row.Attempt] = p
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read placements: %w", err)
	}
	return all, nil
}

const openAttempts = `
	SELECT ` + attemptColumns + `, r.task, r.state AS run_state, r.scheduled_for, r.pending, s.spec, s.params,
		a.need_cpu, a.need_memory, a.need_slots, a.need_source,
		COALESCE((SELECT max(k.sequence) FROM checkpoint k WHERE k.run = a.run), 0) AS last_checkpoint
	FROM attempt a JOIN run r ON r.id = a.run JOIN run_spec s ON s.run = a.run
	WHERE a.ended_at IS NULL`

type openAttemptRow struct {
	attemptRow
	Task         string
	RunState     string `db:"run_state"`
	ScheduledFor *int64 `db:"scheduled_for"`
	Pending      string
	Spec         string
	Params       string
	NeedCPU      float64 `db:"need_cpu"`
	NeedMemory   int64   `db:"need_memory"`
	NeedSlots    int     `db:"need_slots"`
	NeedSource   string  `db:"need_source"`

	LastCheckpoint int `db:"last_checkpoint"`
}

// OpenAttempts returns attempts that may still act, on one server or, with an empty name, on all, in the order of their
// runs.
func (db *DB) OpenAttempts(ctx context.Context, server string) ([]virtualserver.OpenAttempt, error) {
	query, args := openAttempts, []any(nil)
	if server != "" {
		query, args = query+` AND a.server = ?`, []any{server}
	}
	var all []virtualserver.OpenAttempt
	err := db.snapshot(ctx, func(v view) error {
		var rows []openAttemptRow
		if err := v.all(&rows, query+` ORDER BY a.run`, args...); err != nil {
			return err
		}
		all = make([]virtualserver.OpenAttempt, len(rows))
		for i, row := range rows {
			var err error
			if all[i], err = row.openAttempt(v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list open attempts: %w", err)
	}
	return all, nil
}

// openAttempt makes the attempt of a row, and reads the checkpoint that it resumes from, if it does.
func (row openAttemptRow) openAttempt(v view) (virtualserver.OpenAttempt, error) {
	attempt, err := row.attempt()
	if err != nil {
		return virtualserver.OpenAttempt{}, err
	}
	o := virtualserver.OpenAttempt{
		Attempt:      attempt,
		Task:         row.Task,
		RunState:     task.State(row.RunState),
		ScheduledFor: instantOrNil(row.ScheduledFor),
		Need: virtualserver.Need{
			CPU: row.NeedCPU, Memory: row.NeedMemory, Slots: row.NeedSlots, Source: row.NeedSource,
		},
		Pending:        task.Intent(row.Pending),
		LastCheckpoint: row.LastCheckpoint,
	}
	if row.ResumedFrom != nil {
		resume, err := readCheckpoint(v, attempt.Run, *row.ResumedFrom)
		if err != nil {
			return o, err
		}
		o.Resume = &resume
	}
	if err := decode(row.Spec, &o.Spec, "spec of run", row.Run); err != nil {
		return o, err
	}
	return o, decode(row.Params, &o.Params, "params of run", row.Run)
}
