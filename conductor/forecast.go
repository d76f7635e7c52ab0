package conductor

import (
	"context"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// Preview says what becomes of the times of a trigger, which need not be stored, at from (now, where that is zero) and
// later, until count of them are due.
func (c *Conductor) Preview(ctx context.Context, owner task.Owner, s task.TriggerSpec, from time.Time, count int) ([]task.Preview, error) {
	return nil, fault.Unavailable
}

// Forecast returns occurrences that are still to come before until, soonest first.
func (c *Conductor) Forecast(ctx context.Context, f task.TriggerFilter, until time.Time, limit int) ([]task.Forecast, error) {
	return nil, fault.Unavailable
}
