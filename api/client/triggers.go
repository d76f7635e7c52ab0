package client

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// Triggers returns a page of the triggers of a task or plan or, with the zero owner, of all.
func (c *Client) Triggers(ctx context.Context, owner task.Owner, p PageRequest) (wire.Page[wire.Trigger], error) {
	return get[wire.Page[wire.Trigger]](ctx, c, p.values(url.Values{}), ownerPath(owner, "triggers")...)
}

// PausedTriggers returns a page of the triggers that are paused by themselves, of all tasks and plans.
func (c *Client) PausedTriggers(ctx context.Context, p PageRequest) (wire.Page[wire.Trigger], error) {
	return get[wire.Page[wire.Trigger]](ctx, c, p.values(url.Values{"paused": {"true"}}), "triggers")
}

// ownerPath is a path below a task or plan or, with the zero owner, the one over all of them.
func ownerPath(owner task.Owner, below ...string) []string {
	switch owner.Kind {
	case task.OwnerTask:
		return append([]string{"tasks", owner.Name}, below...)
	case task.OwnerPlan:
		return append([]string{"plans", owner.Name}, below...)
	}
	return below
}

// triggerPath is the path of a trigger, or one below it.
func triggerPath(owner task.Owner, name string, below ...string) []string {
	return append(ownerPath(owner, "triggers", name), below...)
}

// Trigger returns a trigger of a task or plan.
func (c *Client) Trigger(ctx context.Context, owner task.Owner, name string) (wire.Trigger, error) {
	return get[wire.Trigger](ctx, c, nil, triggerPath(owner, name)...)
}

// CreateTrigger gives a task or plan a trigger.
func (c *Client) CreateTrigger(ctx context.Context, owner task.Owner, s task.TriggerSpec) (wire.Trigger, error) {
	return post[wire.Trigger](ctx, c, s, ownerPath(owner, "triggers")...)
}

// PatchTrigger applies a merge patch to a trigger, see [wire.Diff]. A version other than 0 must be the stored one, else the
// error is fault.Conflict.
func (c *Client) PatchTrigger(ctx context.Context, owner task.Owner, name string, version int64, mergePatch any) (wire.Trigger, error) {
	return patch[wire.Trigger](ctx, c, version, mergePatch, triggerPath(owner, name)...)
}

// DeleteTrigger removes a trigger; its occurrences stay.
func (c *Client) DeleteTrigger(ctx context.Context, owner task.Owner, name string, version int64) error {
	return c.remove(ctx, version, triggerPath(owner, name)...)
}

// PauseTrigger keeps a trigger from being due; ResumeTrigger ends that.
func (c *Client) PauseTrigger(ctx context.Context, owner task.Owner, name, reason string) (wire.Trigger, error) {
	return post[wire.Trigger](ctx, c, wire.PauseRequest{Reason: reason}, triggerPath(owner, name, "pause")...)
}

// ResumeTrigger ends the pause of a trigger.
func (c *Client) ResumeTrigger(ctx context.Context, owner task.Owner, name string) (wire.Trigger, error) {
	return post[wire.Trigger](ctx, c, nil, triggerPath(owner, name, "resume")...)
}

// PauseTriggers pauses all triggers of a task or plan or, with the zero owner, all there are. It returns the pauses there are then.
func (c *Client) PauseTriggers(ctx context.Context, owner task.Owner, reason string) (wire.Page[wire.Pause], error) {
	return post[wire.Page[wire.Pause]](ctx, c, wire.PauseRequest{Reason: reason}, pausePath(owner, "pause")...)
}

// ResumeTriggers ends what PauseTriggers began.
func (c *Client) ResumeTriggers(ctx context.Context, owner task.Owner) (wire.Page[wire.Pause], error) {
	return post[wire.Page[wire.Pause]](ctx, c, nil, pausePath(owner, "resume")...)
}

func pausePath(owner task.Owner, verb string) []string {
	if owner == (task.Owner{}) {
		return []string{"triggers", verb}
	}
	return ownerPath(owner, verb)
}

// Pauses returns the pauses of tasks, plans and all triggers.
func (c *Client) Pauses(ctx context.Context) (wire.Page[wire.Pause], error) {
	return get[wire.Page[wire.Pause]](ctx, c, nil, "pauses")
}

// PreviewTrigger says what becomes of the next times of a trigger, from an instant on or, where that is zero, from now on.
func (c *Client) PreviewTrigger(ctx context.Context, owner task.Owner, name string, from time.Time, count int) (wire.Page[wire.Preview], error) {
	return get[wire.Page[wire.Preview]](ctx, c, previewQuery(task.Owner{}, from, count), triggerPath(owner, name, "preview")...)
}

// PreviewSpec does the same for a trigger that is not stored. Its owner may be the zero one.
func (c *Client) PreviewSpec(ctx context.Context, owner task.Owner, s task.TriggerSpec, from time.Time, count int) (wire.Page[wire.Preview], error) {
	var out wire.Page[wire.Preview]
	err := c.do(ctx, request{method: "POST", path: path("triggers", "preview"), query: previewQuery(owner, from, count), body: s, key: NewKey()}, &out)
	return out, err
}

func previewQuery(owner task.Owner, from time.Time, count int) url.Values {
	q := url.Values{}
	setOwner(q, owner)
	setInstant(q, "from", from)
	if count > 0 {
		q.Set("count", strconv.Itoa(count))
	}
	return q
}

// setOwner asks for what belongs to a task or plan; with the zero owner, for what belongs to any.
func setOwner(q url.Values, owner task.Owner) {
	if owner != (task.Owner{}) {
		q.Set(string(owner.Kind), owner.Name)
	}
}

func setInstant(q url.Values, key string, at time.Time) {
	if !at.IsZero() {
		q.Set(key, at.UTC().Format(time.RFC3339Nano))
	}
}

// Occurrences returns a page of what became of due instants, newest first.
func (c *Client) Occurrences(ctx context.Context, f task.OccurrenceFilter, p PageRequest) (wire.Page[wire.Occurrence], error) {
	q := p.values(url.Values{})
	setOwner(q, f.Owner)
	set(q, "trigger", f.Trigger)
	if f.Skipped {
		q.Set("skipped", "true")
	}
	setInstant(q, "since", f.Since)
	setInstant(q, "until", f.Until)
	return get[wire.Page[wire.Occurrence]](ctx, c, q, "occurrences")
}

// Forecast returns occurrences that are still to come, soonest first, of a task or plan or, with the
// zero owner, of all.
func (c *Client) Forecast(ctx context.Context, owner task.Owner, until time.Time, limit int) (wire.Page[wire.Forecast], error) {
	q := url.Values{}
	setOwner(q, owner)
	setInstant(q, "until", until)
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	return get[wire.Page[wire.Forecast]](ctx, c, q, "forecast")
}

// Calendars returns a page of calendars whose name contains query, by name.
func (c *Client) Calendars(ctx context.Context, query string, p PageRequest) (wire.Page[wire.Calendar], error) {
	q := p.values(url.Values{})
	set(q, "q", query)
	return get[wire.Page[wire.Calendar]](ctx, c, q, "calendars")
}

// Calendar returns a calendar.
func (c *Client) Calendar(ctx context.Context, name string) (wire.Calendar, error) {
	return get[wire.Calendar](ctx, c, nil, "calendars", name)
}

// CreateCalendar stores a new calendar.
func (c *Client) CreateCalendar(ctx context.Context, s task.CalendarSpec) (wire.Calendar, error) {
	return post[wire.Calendar](ctx, c, s, "calendars")
}

// PatchCalendar applies a merge patch to a calendar, see [wire.Diff]. A version other than 0 must be the stored one, else
// the error is fault.Conflict.
func (c *Client) PatchCalendar(ctx context.Context, name string, version int64, mergePatch any) (wire.Calendar, error) {
	return patch[wire.Calendar](ctx, c, version, mergePatch, "calendars", name)
}

// DeleteCalendar removes a calendar that no trigger uses.
func (c *Client) DeleteCalendar(ctx context.Context, name string, version int64) error {
	return c.remove(ctx, version, "calendars", name)
}

// CalendarDays says what a calendar allows on each day, by default for the next year.
func (c *Client) CalendarDays(ctx context.Context, name string, from, to time.Time) (wire.Page[wire.CalendarDay], error) {
	return get[wire.Page[wire.CalendarDay]](ctx, c, daysQuery(from, to), "calendars", name, "days")
}

// PreviewCalendar says the same of a calendar that is not stored.
func (c *Client) PreviewCalendar(ctx context.Context, s task.CalendarSpec, from, to time.Time) (wire.Page[wire.CalendarDay], error) {
	var out wire.Page[wire.CalendarDay]
	err := c.do(ctx, request{method: "POST", path: path("calendars", "preview"), query: daysQuery(from, to), body: s, key: NewKey()}, &out)
	return out, err
}

func daysQuery(from, to time.Time) url.Values {
	q := url.Values{}
	setInstant(q, "from", from)
	setInstant(q, "to", to)
	return q
}
