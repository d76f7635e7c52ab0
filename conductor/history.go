package conductor

import (
	"context"
	"time"

	"github.com/segno-jobs/segno/jobserver"
)

const (
	// recordEvery is the distance between two points of a server's history.
	recordEvery = 10 * time.Second
	thinEvery   = 10 * time.Minute
	// keepAnswers is how long the answer to a request with an Idempotency-Key is kept.
	keepAnswers = 24 * time.Hour
)

// historyLoop keeps samples as history, and thins it out with age.
func (c *Conductor) historyLoop(ctx context.Context) error {
	lastThin := c.now()
	recorded := map[string]time.Time{}
	return every(ctx, recordEvery, func(ctx context.Context) {
		now := c.now()
		if points := c.fleet.loadPoints(recorded); len(points) > 0 {
			if err := c.store.RecordLoad(ctx, points); err != nil {
				c.log.Error("storing the load of servers failed", "error", err)
			}
		}
		if now.Sub(lastThin) < thinEvery {
			return
		}
		lastThin = now
		if err := c.store.ThinLoad(ctx, now); err != nil {
			c.log.Error("thinning the history of loads failed", "error", err)
		}
		if err := c.store.PruneAnswers(ctx, now.Add(-keepAnswers)); err != nil {
			c.log.Error("forgetting old answers failed", "error", err)
		}
	})
}

// loadPoints returns a point for each server that has a newer sample than the one recorded last.
func (f *fleet) loadPoints(recorded map[string]time.Time) []jobserver.LoadPoint {
	f.mu.Lock()
	defer f.mu.Unlock()
	var points []jobserver.LoadPoint
	for name, h := range f.hosts {
		s := h.server.Sample
		if s == nil || !s.At.After(recorded[name]) {
			continue
		}
		recorded[name] = s.At
		points = append(points, jobserver.LoadPoint{
			Server: name, At: s.At, Span: recordEvery, CPUTotal: s.CPUTotal, OwnCPU: s.OwnCPU, Load1: s.Load1,
			Memory: usedShare(s.MemoryTotal, s.MemoryAvailable), Disk: usedShare(s.DiskTotal, s.DiskFree),
			Running: float64(len(s.Attempts)),
		})
	}
	return points
}

func usedShare(total, free int64) float64 {
	if total <= 0 {
		return 0
	}
	return 1 - float64(free)/float64(total)
}
