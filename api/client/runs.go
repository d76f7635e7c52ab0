package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// StartRun requests a run of a task. It sets an Idempotency-Key of its own, so that a repeated request makes no second run.
func (c *Client) StartRun(ctx context.Context, taskName string, r wire.RunRequest) (wire.Run, error) {
	return c.StartRunWithKey(ctx, taskName, r, NewKey())
}

// StartRunWithKey requests a run of a task under the caller's Idempotency-Key; the same key gives the same run again.
func (c *Client) StartRunWithKey(ctx context.Context, taskName string, r wire.RunRequest, key string) (wire.Run, error) {
	var out wire.Run
	err := c.do(ctx, request{method: http.MethodPost, path: path("tasks", taskName, "runs"), body: r, key: key}, &out)
	return out, err
}

// Runs returns a page of runs, newest first, without their attempts.
func (c *Client) Runs(ctx context.Context, f task.RunFilter, p PageRequest) (wire.Page[wire.Run], error) {
	q := p.values(url.Values{})
	set(q, "task", f.Task)
	set(q, "server", f.Server)
	set(q, "virtual_server", f.VirtualServer)
	for _, s := range f.States {
		q.Add("state", string(s))
	}
	setTime(q, "since", f.Since)
	setTime(q, "until", f.Until)
	if f.Late {
		q.Set("late", "true")
	}
	return get[wire.Page[wire.Run]](ctx, c, q, "runs")
}

// Run returns a run with its attempts and placements.
func (c *Client) Run(ctx context.Context, id task.RunID) (wire.Run, error) {
	return get[wire.Run](ctx, c, nil, "runs", string(id))
}

// CancelRun stops a run, or keeps it from starting.
func (c *Client) CancelRun(ctx context.Context, id task.RunID) (wire.Run, error) {
	return post[wire.Run](ctx, c, nil, "runs", string(id), "cancel")
}

// RunEvents returns a page of the run's history, oldest first.
func (c *Client) RunEvents(ctx context.Context, id task.RunID, p PageRequest) (wire.Page[wire.Event], error) {
	return get[wire.Page[wire.Event]](ctx, c, p.values(url.Values{}), "runs", string(id), "events")
}
