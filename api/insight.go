package api

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// runLoad is GET /runs/{id}/load.
func (s *Server) runLoad(c *call) (answer, error) {
	id, err := c.runID()
	if err != nil {
		return answer{}, err
	}
	points, err := s.service.RunLoad(c.ctx(), id)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.PageOf(page.Of[task.LoadPoint]{Items: points}, wire.RunLoadPointOf))
}

// taskPlacement is GET /tasks/{name}/placement.
func (s *Server) taskPlacement(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	p, err := s.service.TaskPlacement(c.ctx(), name)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.PlacementOf(p))
}

// withLatest adds to listed tasks their newest runs.
func (s *Server) withLatest(ctx context.Context, tasks page.Of[task.Task]) (wire.Page[wire.Task], error) {
	out := wire.PageOf(tasks, wire.TaskOf)
	names := make([]string, len(tasks.Items))
	for i, t := range tasks.Items {
		names[i] = t.Name
	}
	latest, err := s.service.LatestRuns(ctx, names)
	if err != nil {
		return out, fmt.Errorf("read the newest runs of the listed tasks: %w", err)
	}
	for i := range out.Items {
		if run, ran := latest[out.Items[i].Name]; ran {
			last := wire.LastRunOf(run)
			out.Items[i].LastRun = &last
		}
	}
	return out, nil
}

const (
	// defaultSpans and maxSpans are how many spans are sent at once: they are small, and a timeline needs many.
	defaultSpans = 1000
	maxSpans     = 5000
	// longestTimeline is the longest stretch of time of which spans are read.
	longestTimeline = 31 * 24 * time.Hour
	// defaultTimeline is how far back spans are read by default.
	defaultTimeline = time.Hour
)

// timeline is GET /timeline.
func (s *Server) timeline(c *call) (answer, error) {
	f := task.SpanFilter{
		From: c.query.instant("from"), To: c.query.instant("to"), Task: c.query.text("task"), Server: c.query.text("server"),
	}
	if f.To.IsZero() {
		f.To = s.now().Add(time.Second)
	}
	if f.From.IsZero() {
		f.From = f.To.Add(-defaultTimeline)
	}
	if !f.From.Before(f.To) {
		c.query.refuse("from", "must be before to")
	} else if f.To.Sub(f.From) > longestTimeline {
		c.query.refuse("from", "must be at most %d days before to", int(longestTimeline.Hours()/24))
	}
	limit := int(c.query.whole("limit", 1, maxSpans, defaultSpans))
	cursor := c.query.text("cursor")
	if err := c.query.err(); err != nil {
		return answer{}, err
	}
	spans, err := s.service.Spans(c.ctx(), f, limit, cursor)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.PageOf(spans, wire.SpanOf))
}
