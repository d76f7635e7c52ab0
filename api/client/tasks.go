package client

import (
	"context"
	"net/url"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// Tasks returns a page of tasks, by name.
func (c *Client) Tasks(ctx context.Context, f task.Filter, p PageRequest) (wire.Page[wire.Task], error) {
	q := p.values(url.Values{})
	set(q, "q", f.Query)
	set(q, "virtual_server", f.VirtualServer)
	set(q, "server", f.Server)
	return get[wire.Page[wire.Task]](ctx, c, q, "tasks")
}

// Task returns a task.
func (c *Client) Task(ctx context.Context, name string) (wire.Task, error) {
	return get[wire.Task](ctx, c, nil, "tasks", name)
}

// CreateTask stores a new task with its triggers, all or nothing.
func (c *Client) CreateTask(ctx context.Context, s task.Spec, triggers ...task.TriggerSpec) (wire.Task, error) {
	return post[wire.Task](ctx, c, wire.NewTask{Spec: s, Triggers: triggers}, "tasks")
}

// PatchTask applies a merge patch to a task, see [wire.Diff].
// A version other than 0 must be the stored one, else the error is fault.Conflict.
func (c *Client) PatchTask(ctx context.Context, name string, version int64, mergePatch any) (wire.Task, error) {
	return patch[wire.Task](ctx, c, version, mergePatch, "tasks", name)
}

// DeleteTask removes a task; its runs stay.
func (c *Client) DeleteTask(ctx context.Context, name string, version int64) error {
	return c.remove(ctx, version, "tasks", name)
}
