package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// storeEnded stores runs of the tasks t0 to t9 that have ended, one each second before noon, each with an attempt, its frozen texts
// and two events. It writes them as they are stored, since a million runs take long to live through.
func storeEnded(t testing.TB, db *store.DB, n int) {
	t.Helper()
	const atOnce = 20_000
	for from := 0; from < n; from += atOnce {
		to := min(from+atOnce, n)
		series := fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d)`, from, to)
		at := fmt.Sprintf(`(%d - (%d - i) * 1000000)`, noon.UnixMicro(), n)
		id := idAt(at)
		for _, statement := range []string{
			series + ` INSERT INTO run (id, task, state, attempt, rank, cause_kind, cause_by, virtual_server, on_unavailable, labels,
				queued_at, started_at, ended_at, exit_code, reason, server)
				SELECT ` + id + `, 't' || (i % 10), CASE WHEN i % 7 = 0 THEN 'failed' ELSE 'succeeded' END, 1, 0, 'manual', 'ops', 'etl', '"wait"', '{}',
				` + at + `, ` + at + `, ` + at + ` + 1000, 0, '', 'js-' || (i % 5) FROM n`,
			series + ` INSERT INTO run_spec (run, spec, params) SELECT ` + id + `, '{"name":"t","target":{"virtual_server":"etl"},"job":{"command":["true"]}}', '{}' FROM n`,
			series + ` INSERT INTO attempt (run, number, server, state, reason, ground, instance, offered_at, claimed_at, ended_at, log_bytes, delivered,
				need_cpu, need_memory, need_slots, need_source)
				SELECT ` + id + `, 1, 'js-' || (i % 5), 'succeeded', '', '', '', ` + at + `, ` + at + `, ` + at + ` + 1000, 0, 2, 1, 0, 1, 'assumed' FROM n`,
			series + ` INSERT INTO event (at, kind, subject, task, attempt, from_state, to_state, reason)
				SELECT ` + at + `, 'run.queued', ` + id + `, 't' || (i % 10), 0, '', 'queued', '' FROM n`,
		} {
			check(t, db.Update(context.Background(), func(tx store.Tx) error { return tx.Exec(statement) }))
		}
	}
}

// idAt returns an expression for the id of the run number i, by the expression for its microseconds.
func idAt(micros string) string {
	var digits []string
	for shift := 45; shift >= 0; shift -= 5 {
		digits = append(digits, fmt.Sprintf(`substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((%s / 1000 >> %d) & 31) + 1, 1)`, micros, shift))
	}
	return strings.Join(digits, " || ") + ` || printf('%016d', i)`
}

// BenchmarkNewestRuns reads the newest 100 runs, of a task and by other filters, with few and with many runs stored. The goal
// is that many take at most 1.5 times as long as few.
func BenchmarkNewestRuns(b *testing.B) {
	filters := []struct {
		name   string
		filter task.RunFilter
	}{
		{"of a task", task.RunFilter{Task: "t3"}},
		{"of all", task.RunFilter{}},
		{"of a server", task.RunFilter{Server: "js-2"}},
		{"that failed", task.RunFilter{States: []task.State{task.Failed}}},
		{"of an hour", task.RunFilter{Since: noon.Add(-2 * time.Hour), Until: noon.Add(-time.Hour)}},
	}
	for _, stored := range []int{1000, 1_000_000} {
		db := open(b, b.TempDir()+"/segno.db", store.Options{})
		storeEnded(b, db, stored)
		for _, f := range filters {
			if stored < 10_000 && f.name == "of an hour" {
				f.filter = task.RunFilter{Since: noon.Add(-20 * time.Minute), Until: noon.Add(-5 * time.Minute)}
			}
			b.Run(fmt.Sprintf("%s/stored=%d", f.name, stored), func(b *testing.B) {
				took := make([]time.Duration, 0, b.N)
				for b.Loop() {
					begin := time.Now()
					got := must(db.Runs(context.Background(), f.filter, page.Request{Limit: 100}))(b)
					took = append(took, time.Since(begin))
					if len(got.Items) != 100 {
						b.Fatalf("got %d runs", len(got.Items))
					}
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
			})
		}
	}
}

// BenchmarkPrune removes runs in steps as a conductor does, from a store with many.
func BenchmarkPrune(b *testing.B) {
	const atOnce = 24
	db := open(b, b.TempDir()+"/segno.db", store.Options{})
	storeEnded(b, db, 200_000)
	ctx := context.Background()
	after, pruned := task.RunID(""), 0
	took := make([]time.Duration, 0, b.N)
	for b.Loop() {
		olds := must(db.OldRuns(ctx, "t3", after, atOnce))(b)
		if len(olds) == 0 {
			break
		}
		ids := make([]task.RunID, len(olds))
		for i, o := range olds {
			ids[i] = o.ID
		}
		begin := time.Now()
		pruned += must(db.PruneRuns(ctx, ids, late))(b)
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs/step")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs/step")
	b.ReportMetric(float64(pruned)/float64(len(took)), "runs/step")
}

// BenchmarkQueueBehindHeldRuns reads the head of a queue in which many runs of one task are held back by its limit.
func BenchmarkQueueBehindHeldRuns(b *testing.B) {
	db := open(b, b.TempDir()+"/segno.db", store.Options{})
	const held = 100_000
	check(b, db.Update(context.Background(), func(tx store.Tx) error {
		return tx.Exec(fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO run (id, task, state, attempt, rank, cause_kind, cause_by, virtual_server, on_unavailable, labels, queued_at, reason)
			SELECT printf('01%%024d', i), CASE WHEN i = %d THEN 'other' ELSE 'held' END, 'queued', 0, 0, 'manual', 'ops', 'etl', '"wait"', '{}', i, '' FROM n`, held, held))
	}))
	check(b, db.Update(context.Background(), func(tx store.Tx) error {
		return tx.Exec(`INSERT INTO run_spec (run, spec, params) SELECT id, '{"name":"x"}', '{}' FROM run`)
	}))
	for b.Loop() {
		got := must(db.QueuedRuns(context.Background(), task.Target{VirtualServer: "etl"}, task.QueuePosition{}, []string{"held"}, 64))(b)
		if len(got) != 1 {
			b.Fatalf("got %d runs", len(got))
		}
	}
}

// BenchmarkSummary counts what runs and what needs a person with a million runs stored, 86,400 of them of the last day.
func BenchmarkSummary(b *testing.B) {
	ctx := context.Background()
	db := open(b, b.TempDir()+"/segno.db", store.Options{})
	storeEnded(b, db, 1_000_000)
	for b.Loop() {
		must(db.Summary(ctx, noon))(b)
	}
}
