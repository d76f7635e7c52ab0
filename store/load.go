package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

// The grades of load points, and after which age a point goes on to the next.
const (
	gradeSample = iota
	gradeMinute
	gradeTenMinutes

	samplesKept = time.Hour
	minutesKept = 24 * time.Hour
	loadKept    = 15 * 24 * time.Hour
	// maxLoadPoints is the most points that Load returns.
	maxLoadPoints = 5000
)

const insertLoad = `
	INSERT INTO load (server, at, grade, span, cpu_total, own_cpu, load1, memory, disk, running)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (server, at) DO NOTHING`

// RecordLoad keeps samples as history. A point for an instant that has one already is passed over.
func (db *DB) RecordLoad(ctx context.Context, points []jobserver.LoadPoint) error {
	errs := db.updateEach(ctx, len(points), func(t *tx, i int) error { return insertPoint(t, points[i], gradeSample) })
	if err := joinDistinct(errs); err != nil {
		return fmt.Errorf("record load: %w", err)
	}
	return nil
}

func insertPoint(t *tx, p jobserver.LoadPoint, grade int) error {
	_, err := t.exec(insertLoad, p.Server, micros(p.At), grade, p.Span.Microseconds(), p.CPUTotal, p.OwnCPU, p.Load1,
		p.Memory, p.Disk, p.Running)
	return err
}

// Load returns the history of a server from from (inclusive) to to (exclusive), oldest first, at most 5,000 points.
func (db *DB) Load(ctx context.Context, name string, from, to time.Time) ([]jobserver.LoadPoint, error) {
	query := fmt.Sprintf(`
		SELECT server, at, span, cpu_total, own_cpu, load1, memory, disk, running FROM load
		WHERE server = ? AND at >= ? AND at < ? ORDER BY at LIMIT %d`, maxLoadPoints)
	var rows []loadRow
	if err := db.view(ctx).all(&rows, query, name, micros(from), micros(to)); err != nil {
		return nil, fmt.Errorf("read the load of server %q: %w", name, err)
	}
	points := make([]jobserver.LoadPoint, len(rows))
	for i, row := range rows {
		points[i] = row.point()
	}
	return points, nil
}

type loadRow struct {
	Server   string
	At       int64
	Span     int64
	CPUTotal float64 `db:"cpu_total"`
	OwnCPU   float64 `db:"own_cpu"`
	Load1    float64
	Memory   float64
	Disk     float64
	Running  float64
}

func (row loadRow) point() jobserver.LoadPoint {
	return jobserver.LoadPoint{
		Server: row.Server, At: instant(row.At), Span: time.Duration(row.Span) * time.Microsecond,
		CPUTotal: row.CPUTotal, OwnCPU: row.OwnCPU, Load1: row.Load1, Memory: row.Memory, Disk: row.Disk, Running: row.Running,
	}
}

// ThinLoad joins old points: after an hour one a minute stays, after a day one each ten minutes, after fifteen days
// none. It may be called at any time; calling it again changes nothing.
func (db *DB) ThinLoad(ctx context.Context, now time.Time) error {
	steps := []struct {
		grade int
		span  time.Duration
		kept  time.Duration
	}{
		{gradeSample, time.Minute, samplesKept},
		{gradeMinute, 10 * time.Minute, minutesKept},
	}
	for _, s := range steps {
		// Only whole spans are joined, so that none is joined twice.
		before := now.Add(-s.kept).Truncate(s.span)
		if err := db.thin(ctx, s.grade, s.span, before); err != nil {
			return fmt.Errorf("thin the history of load: %w", err)
		}
	}
	err := db.update(ctx, func(t *tx) error {
		_, err := t.exec(`DELETE FROM load WHERE grade = ? AND at < ?`, gradeTenMinutes, micros(now.Add(-loadKept)))
		return err
	})
	if err != nil {
		return fmt.Errorf("forget old load: %w", err)
	}
	return nil
}

// means computes the joined points in a reader. A point weighs as much as the time that it stands for.
const means = `
	SELECT server, at / ? * ? AS at, CAST(? AS BIGINT) AS span,
		sum(cpu_total * (span + 1)) / sum(span + 1) AS cpu_total, sum(own_cpu * (span + 1)) / sum(span + 1) AS own_cpu,
		sum(load1 * (span + 1)) / sum(span + 1) AS load1, sum(memory * (span + 1)) / sum(span + 1) AS memory,
		sum(disk * (span + 1)) / sum(span + 1) AS disk, sum(running * (span + 1)) / sum(span + 1) AS running
	FROM load WHERE grade = ? AND at < ?
	GROUP BY 1, 2 ORDER BY 2, 1 LIMIT 1000`

// thin joins the points of a grade that are older than the instant. The writer only puts the results in the place of the
// points.
func (db *DB) thin(ctx context.Context, grade int, span time.Duration, before time.Time) error {
	us := span.Microseconds()
	for {
		var rows []loadRow
		if err := db.view(ctx).all(&rows, means, us, us, us, grade, micros(before)); err != nil {
			return err
		}
		if len(rows) == 0 {
			return nil
		}
		errs := db.updateEach(ctx, len(rows), func(t *tx, i int) error { return replacePoints(t, rows[i], grade) })
		if err := joinDistinct(errs); err != nil {
			return err
		}
	}
}

func replacePoints(t *tx, mean loadRow, grade int) error {
	const remove = `DELETE FROM load WHERE server = ? AND at >= ? AND at < ? AND grade = ?`
	n, err := t.exec(remove, mean.Server, mean.At, mean.At+mean.Span, grade)
	if err != nil || n == 0 { // Another conductor was faster.
		return err
	}
	return insertPoint(t, mean.point(), grade+1)
}
