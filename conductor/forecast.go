package conductor

import (
	"container/heap"
	"context"
	"errors"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// Preview says what becomes of the times of a trigger, which need not be stored, at from (now, where that is zero) and
// later, until count of them are due.
func (c *Conductor) Preview(ctx context.Context, owner task.Owner, spec task.TriggerSpec, from time.Time, count int) ([]task.Preview, error) {
	s, err := c.triggers()
	if err != nil {
		return nil, err
	}
	created := c.now()
	if from.IsZero() {
		from = created
	}
	if owner.Name != "" {
		switch stored, err := s.Trigger(ctx, owner, spec.Name); {
		case err == nil:
			created = stored.CreatedAt
		case !errors.Is(err, fault.NotFound):
			return nil, err
		}
	}
	var calendar *task.Calendar
	if spec.Calendar != "" {
		found, err := s.Calendar(ctx, spec.Calendar)
		if errors.Is(err, fault.NotFound) {
			return nil, fault.Field("calendar", "%q does not exist", spec.Calendar)
		}
		if err != nil {
			return nil, err
		}
		calendar = &found
	}
	schedule, err := task.NewSchedule(owner, spec, created, calendar)
	if err != nil {
		return nil, err
	}
	return schedule.Preview(from, min(count, task.MaxPreview)), nil
}

// Forecast returns occurrences that are still to come before until, soonest first.
func (c *Conductor) Forecast(ctx context.Context, f task.TriggerFilter, until time.Time, limit int) ([]task.Forecast, error) {
	s, err := c.triggers()
	if err != nil {
		return nil, err
	}
	limit = min(limit, task.MaxForecast)
	// Each trigger has its first occurrence before those of the triggers behind it, so that no more of them are needed.
	due, _, err := s.DueTriggers(ctx, until, limit)
	if f.Owner != (task.Owner{}) {
		due, err = triggersOf(ctx, s, f)
	}
	if err != nil {
		return nil, err
	}
	return forecast(due, until, limit), nil
}

// triggersOf returns the triggers that a filter chooses, of which there are few, with their calendars.
func triggersOf(ctx context.Context, s TriggerStore, f task.TriggerFilter) ([]task.DueTrigger, error) {
	all, err := s.Triggers(ctx, f, page.Request{Limit: page.MaxLimit})
	if err != nil {
		return nil, err
	}
	out := make([]task.DueTrigger, len(all.Items))
	for i, t := range all.Items {
		out[i].Trigger = t
		if t.Calendar == "" {
			continue
		}
		found, err := s.Calendar(ctx, t.Calendar)
		if err != nil {
			return nil, err
		}
		out[i].Calendar = &found
	}
	return out, nil
}

// upcoming is the next occurrence of one trigger.
type upcoming struct {
	task.Forecast
	schedule task.Schedule
}

// soonestFirst is a heap of triggers by their next occurrences.
type soonestFirst []upcoming

func (h soonestFirst) Len() int           { return len(h) }
func (h soonestFirst) Less(i, j int) bool { return h[i].DueAt.Before(h[j].DueAt) }
func (h soonestFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *soonestFirst) Push(v any)        { *h = append(*h, v.(upcoming)) }
func (h *soonestFirst) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// forecast merges the occurrences of triggers.
func forecast(due []task.DueTrigger, until time.Time, limit int) []task.Forecast {
	var h soonestFirst
	for _, d := range due {
		t := d.Trigger
		if t.Next == nil || t.DueAt == nil || !t.DueAt.Before(until) {
			continue
		}
		schedule, err := task.NewSchedule(t.Owner, t.TriggerSpec, t.CreatedAt, d.Calendar)
		if err != nil {
			continue // It is not due again until someone has changed it.
		}
		h = append(h, upcoming{task.Forecast{
			Owner: t.Owner, Trigger: t.Name, ScheduledFor: *t.Next, DueAt: *t.DueAt, Timezone: t.Timezone,
		}, schedule})
	}
	heap.Init(&h)
	out := []task.Forecast{}
	for len(h) > 0 && len(out) < limit {
		out = append(out, h[0].Forecast)
		next, dueAt := h[0].schedule.Upcoming(h[0].ScheduledFor)
		if next == nil || !dueAt.Before(until) {
			heap.Pop(&h)
			continue
		}
		h[0].ScheduledFor, h[0].DueAt = *next, *dueAt
		heap.Fix(&h, 0)
	}
	return out
}
