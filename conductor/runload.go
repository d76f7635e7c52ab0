package conductor

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/about"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// InsightStore keeps what people look at beside the runs themselves.
type InsightStore interface {
	// RecordRunLoad keeps what attempts used. A point for an instant that has one already, and one of a run that is gone,
	// is passed over.
	RecordRunLoad(ctx context.Context, points []task.LoadPoint) error
	// RunLoad returns what the attempts of a run used, oldest first, at most 5,000 points.
	RunLoad(ctx context.Context, id task.RunID) ([]task.LoadPoint, error)
	// LatestRuns returns the newest run of each of the tasks that has one, by task.
	LatestRuns(ctx context.Context, tasks []string) (map[string]task.Run, error)
	// Spans returns where and when attempts ran that touch a stretch of time, those of the newest runs first, at most
	// limit at once and after a cursor.
	Spans(ctx context.Context, f task.SpanFilter, limit int, cursor string) (page.Of[task.Span], error)
	// Summary counts what runs and what a person should look at.
	Summary(ctx context.Context, now time.Time) (task.Summary, error)
	// Database says which database this is, and how large.
	Database(ctx context.Context) (about.Database, error)
}

const (
	// meterEvery is how often the newest samples are looked at for what attempts use.
	meterEvery = 2500 * time.Millisecond
	// meterFrom is the age up to which no point of an attempt is kept: short runs are many.
	meterFrom = 5 * time.Second
)

// pointEvery is the distance between two points of an attempt of that age, so that one of a day has less than four hundred.
func pointEvery(age time.Duration) time.Duration {
	switch {
	case age < 2*time.Minute:
		return 5 * time.Second
	case age < 30*time.Minute:
		return 30 * time.Second
	case age < 6*time.Hour:
		return 5 * time.Minute
	}
	return 30 * time.Minute
}

// meter gathers the samples of one attempt up to its next point.
type meter struct {
	first, since, sampled time.Time
	cpu                   float64
	samples               int
	memory                int64
	processes             int
}

// take adds a sample. It reports whether a point is due.
func (m *meter) take(u jobserver.AttemptUsage, at time.Time) bool {
	m.sampled = at
	m.cpu += u.CPU
	m.samples++
	m.memory, m.processes = max(m.memory, u.Memory), max(m.processes, u.Processes)
	age := at.Sub(m.first)
	return age >= meterFrom && at.Sub(m.since) >= pointEvery(age)
}

// point returns what was gathered and begins anew.
func (m *meter) point(ref task.Ref) task.LoadPoint {
	p := task.LoadPoint{
		Ref: ref, At: m.sampled, Length: m.sampled.Sub(m.since), CPU: m.cpu / float64(m.samples), Memory: m.memory, Processes: m.processes,
	}
	*m = meter{first: m.first, since: m.sampled, sampled: m.sampled}
	return p
}

// runLoadLoop keeps what attempts use while they run.
func (c *Conductor) runLoadLoop(ctx context.Context) error {
	if c.options.Insight == nil {
		return nil
	}
	meters := map[task.Ref]*meter{}
	return every(ctx, meterEvery, func(ctx context.Context) {
		points := c.fleet.readMeters(meters)
		if len(points) == 0 {
			return
		}
		if err := c.options.Insight.RecordRunLoad(ctx, points); err != nil {
			c.log.Error("storing what runs use failed", "error", err)
		}
	})
}

// readMeters takes the newest samples of all servers in, and returns the points that are due. Meters of attempts that run
// nowhere any more are removed.
func (f *fleet) readMeters(meters map[task.Ref]*meter) []task.LoadPoint {
	f.mu.Lock()
	defer f.mu.Unlock()
	var points []task.LoadPoint
	running := make(map[task.Ref]bool, len(meters))
	for _, h := range f.hosts {
		if h.server.Sample == nil {
			continue
		}
		at := h.server.Sample.At
		for _, u := range h.server.Sample.Attempts {
			ref := task.Ref{Run: task.RunID(u.Run), Number: u.Number}
			if _, open := h.open[ref]; !open {
				continue
			}
			running[ref] = true
			m := meters[ref]
			if m == nil {
				m = &meter{first: at, since: at}
				meters[ref] = m
			}
			if at.After(m.sampled) && m.take(u, at) {
				points = append(points, m.point(ref))
			}
		}
	}
	for ref := range meters {
		if !running[ref] {
			delete(meters, ref)
		}
	}
	return points
}

// insight returns the store of what people look at, or fault.Unavailable where there is none.
func (c *Conductor) insight() (InsightStore, error) {
	if c.options.Insight == nil {
		return nil, fmt.Errorf("this conductor keeps no history of runs: %w", fault.Unavailable)
	}
	return c.options.Insight, nil
}

// RunLoad returns what the attempts of a run used while they ran, oldest first.
func (c *Conductor) RunLoad(ctx context.Context, id task.RunID) ([]task.LoadPoint, error) {
	kept, err := c.insight()
	if err != nil {
		return nil, err
	}
	if _, err := c.store.Run(ctx, id); err != nil {
		return nil, err
	}
	return kept.RunLoad(ctx, id)
}

// LatestRuns returns the newest run of each of the tasks that has one, by task; none without a store of them.
func (c *Conductor) LatestRuns(ctx context.Context, tasks []string) (map[string]task.Run, error) {
	if c.options.Insight == nil {
		return nil, nil
	}
	return c.options.Insight.LatestRuns(ctx, tasks)
}

// Spans returns where and when attempts ran that touch a stretch of time, those of the newest runs first.
func (c *Conductor) Spans(ctx context.Context, f task.SpanFilter, limit int, cursor string) (page.Of[task.Span], error) {
	kept, err := c.insight()
	if err != nil {
		return page.Of[task.Span]{}, err
	}
	return kept.Spans(ctx, f, limit, cursor)
}

// TaskPlacement answers where a run of the task would go now, and why, without placing it.
func (c *Conductor) TaskPlacement(ctx context.Context, name string) (virtualserver.Placement, error) {
	t, err := c.store.Task(ctx, name)
	if err != nil {
		return virtualserver.Placement{}, err
	}
	return c.fleet.place(name, t.Target, c.request(name, c.foresee(ctx, t.Spec)), task.Ref{}, c.now(), c.choose), nil
}
