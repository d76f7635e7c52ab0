package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// Events returns a page of events in the order of their ids, or newest first where the filter says so.
func (c *Client) Events(ctx context.Context, f task.EventFilter, p PageRequest) (wire.Page[wire.Event], error) {
	q := p.values(eventQuery(f))
	if f.After > 0 {
		q.Set("after", strconv.FormatInt(f.After, 10))
	}
	if f.Newest {
		q.Set("newest", "true")
	}
	return get[wire.Page[wire.Event]](ctx, c, q, "events")
}

// FollowEvents calls f with each event as it happens: those after f.After, or those from now on where it is 0. When the
// connection breaks it goes on after the last event. It ends with ctx, with an error of each, or with an error that a
// new try would not mend.
func (c *Client) FollowEvents(ctx context.Context, f task.EventFilter, each func(wire.Event) error) error {
	after := f.After
	return c.follow(ctx, func() request {
		q := eventQuery(f)
		q.Set("follow", "true")
		r := request{method: http.MethodGet, path: path("events"), query: q}
		if after > 0 {
			r.header = http.Header{"Last-Event-Id": {strconv.FormatInt(after, 10)}}
		}
		return r
	}, func(e event) (bool, error) {
		if id, err := strconv.ParseInt(e.id, 10, 64); err == nil && id > after {
			after = id
		}
		if len(e.data) == 0 || e.name == "position" {
			return false, nil
		}
		var got wire.Event
		if err := json.Unmarshal(e.data, &got); err != nil {
			return false, fmt.Errorf("read an event: %w", err)
		}
		return false, each(got)
	})
}

func eventQuery(f task.EventFilter) url.Values {
	q := url.Values{}
	for _, k := range f.Kinds {
		q.Add("kind", k)
	}
	set(q, "subject", f.Subject)
	set(q, "task", f.Task)
	return q
}
