package conductor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// EventTriggerStore keeps what triggers that wait for events need: those of files, of other tasks' ends, and of webhooks.
type EventTriggerStore interface {
	// EventTrigger returns a trigger with its task and its calendar. Task is nil for the trigger of a plan.
	EventTrigger(ctx context.Context, owner task.Owner, name string) (task.DueTrigger, error)
	// Happen stores what was decided about events, each occurrence with its run in one transaction, and returns the
	// occurrences as they are stored. An event that has an occurrence already keeps it, and its run is not stored. NotFound
	// for an event whose trigger is gone.
	Happen(ctx context.Context, hs []task.Happening, now time.Time) ([]task.Occurrence, []error)

	FileTriggerStore
	ChainStore
	WebhookStore
}

// happening is an event on its way to an occurrence.
type happening struct {
	// event names it among those of the trigger, at is when it happened.
	event string
	at    time.Time
	// values are what the trigger's params may refer to; params are those that the run has besides.
	values task.EventValues
	params map[string]string
	cause  task.Cause
}

// settleEvent says what becomes of an event: a run, or why there is none.
func (c *Conductor) settleEvent(d task.DueTrigger, h happening) (task.Happening, error) {
	now := c.now()
	if h.at.After(now) {
		h.at = now // the clock of a job server may be ahead
	}
	out := task.Happening{Occurrence: task.Occurrence{
		Owner: d.Trigger.Owner, Trigger: d.Trigger.Name, ScheduledFor: h.at, Event: h.event, DecidedAt: now,
	}}
	if why := d.WhyNot(h.at); why != "" {
		out.Occurrence.Reason = why
		return out, nil
	}
	if d.Trigger.Owner.Kind == task.OwnerPlan {
		err := c.settlePlanEvent(&out, d, h, now)
		return out, err
	}
	if d.Task == nil {
		out.Occurrence.Reason = fmt.Sprintf("%s does not exist", d.Trigger.Owner)
		return out, nil
	}
	run, err := c.eventRun(d, h, now)
	if errors.Is(err, fault.Invalid) {
		out.Occurrence.Reason = "the run cannot have these parameters: " + err.Error()
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.Run, out.Occurrence.Run = &run, run.ID
	return out, nil
}

// settlePlanEvent asks for the plan run of an event. Whether the plan can be run so is settled where it is stored.
func (c *Conductor) settlePlanEvent(out *task.Happening, d task.DueTrigger, h happening, now time.Time) error {
	if c.options.Plans == nil {
		out.Occurrence.Reason = "this conductor runs no plans"
		return nil
	}
	params, err := d.Trigger.EventParams(h.values)
	if errors.Is(err, fault.Invalid) {
		out.Occurrence.Reason = "the plan run cannot have these parameters: " + err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	id, err := c.ids.next(now)
	if err != nil {
		return err
	}
	out.Plan = &task.PlanRequest{ID: id, Cause: h.cause, ScheduledFor: h.at, Params: params, Offered: h.params}
	out.Occurrence.Run = id
	return nil
}

// eventRun makes the run of an event.
func (c *Conductor) eventRun(d task.DueTrigger, h happening, now time.Time) (task.Run, error) {
	params, err := d.Trigger.EventParams(h.values)
	if err != nil {
		return task.Run{}, err
	}
	spec, err := task.Fill(d.Task.Spec.WithParams(h.params), params)
	if err != nil {
		return task.Run{}, err
	}
	spec = spec.Resolve(c.fleet.defaults(spec.Target))
	id, err := c.ids.next(now)
	if err != nil {
		return task.Run{}, err
	}
	at := h.at
	return task.Run{
		ID: id, Task: d.Task.Name, State: task.Queued, Cause: h.cause, ScheduledFor: &at, QueuedAt: now, Spec: spec, Params: spec.Params,
	}, nil
}

// happened sees to it that what was stored has its effect: those runs are placed that were made by this call, and the agents
// of those that they replace are told to stop.
func (c *Conductor) happened(ctx context.Context, hs []task.Happening, stored []task.Occurrence) {
	for i, h := range hs {
		if h.Run != nil && stored[i].Run == h.Run.ID {
			c.queued(ctx, *h.Run)
		}
	}
	c.watch.eventsChanged()
}

// eventTriggers returns the store of triggers that wait for events, or fault.Unavailable where the conductor has none.
func (c *Conductor) eventTriggers() (EventTriggerStore, error) {
	if c.options.EventTriggers == nil {
		return nil, fmt.Errorf("this conductor keeps no triggers that wait for events: %w", fault.Unavailable)
	}
	return c.options.EventTriggers, nil
}
