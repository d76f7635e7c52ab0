package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// Spans returns where and when attempts ran that touch a stretch of time, those of the newest runs first, limit at once.
// Withdrawn offers are left out. Ended attempts are found if their run was requested at most task.SpanLookback before the
// stretch, open ones always.
func (db *DB) Spans(ctx context.Context, f task.SpanFilter, limit int, after string) (page.Of[task.Span], error) {
	last, err := readSpanCursor(after)
	if err != nil {
		return page.Of[task.Span]{}, err
	}
	low := string(task.FirstRunID(f.From.Add(-task.SpanLookback)))
	// The one part is a range of the primary key, the other the index of open attempts; no attempt is in both.
	recent, old := spanConditions(f, last), spanConditions(f, last)
	recent.add("a.run >= ?", low)
	old.add("a.run < ?", low)
	old.add("a.ended_at IS NULL")
	one := func(c conditions) string {
		return `SELECT * FROM (SELECT a.run, a.number, r.task, a.server, a.state, COALESCE(a.claimed_at, a.offered_at) AS at, a.ended_at
			FROM attempt a JOIN run r ON r.id = a.run` + c.where() +
			fmt.Sprintf(` ORDER BY a.run DESC, a.number DESC LIMIT %d`, limit+1) + `) AS part`
	}
	query := one(recent) + ` UNION ALL ` + one(old) + fmt.Sprintf(` ORDER BY run DESC, number DESC LIMIT %d`, limit+1)
	var rows []spanRow
	if err := db.view(ctx).all(&rows, query, append(recent.args, old.args...)...); err != nil {
		return page.Of[task.Span]{}, fmt.Errorf("list where attempts ran: %w", err)
	}
	out := page.Of[task.Span]{Items: make([]task.Span, min(limit, len(rows)))}
	for i := range out.Items {
		out.Items[i] = rows[i].span()
	}
	if len(rows) > limit {
		end := rows[limit-1]
		out.Next = cursor("spans", end.Run+":"+strconv.Itoa(end.Number))
	}
	return out, nil
}

func spanConditions(f task.SpanFilter, last task.Ref) conditions {
	var c conditions
	c.add("a.run < ?", string(task.FirstRunID(f.To)))
	c.add("a.offered_at < ?", micros(f.To))
	c.add("(a.ended_at IS NULL OR a.ended_at >= ?)", micros(f.From))
	c.add("a.state <> ?", string(task.AttemptWithdrawn))
	if f.Task != "" {
		c.add("r.task = ?", f.Task)
	}
	if f.Server != "" {
		c.add("a.server = ?", f.Server)
	}
	if last.Run != "" {
		c.add("(a.run < ? OR a.run = ? AND a.number < ?)", string(last.Run), string(last.Run), last.Number)
	}
	return c
}

func readSpanCursor(text string) (task.Ref, error) {
	key, err := after("spans", text)
	if err != nil || key == "" {
		return task.Ref{}, err
	}
	run, number, _ := strings.Cut(key, ":")
	n, err := strconv.Atoi(number)
	if err != nil || run == "" {
		return task.Ref{}, fault.Field("cursor", "is not one that this list has given")
	}
	return task.Ref{Run: task.RunID(run), Number: n}, nil
}

type spanRow struct {
	Run     string
	Number  int
	Task    string
	Server  string
	State   string
	At      int64
	EndedAt *int64 `db:"ended_at"`
}

func (row spanRow) span() task.Span {
	return task.Span{
		Ref: task.Ref{Run: task.RunID(row.Run), Number: row.Number}, Task: row.Task, Server: row.Server,
		State: task.AttemptState(row.State), From: instant(row.At), To: instantOrNil(row.EndedAt),
	}
}
