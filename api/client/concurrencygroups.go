package client

import (
	"context"
	"net/url"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// ConcurrencyGroups returns a page of concurrency groups whose name contains query, by name.
func (c *Client) ConcurrencyGroups(ctx context.Context, query string, p PageRequest) (wire.Page[wire.ConcurrencyGroup], error) {
	q := p.values(url.Values{})
	set(q, "q", query)
	return get[wire.Page[wire.ConcurrencyGroup]](ctx, c, q, "concurrency-groups")
}

// ConcurrencyGroup returns a concurrency group.
func (c *Client) ConcurrencyGroup(ctx context.Context, name string) (wire.ConcurrencyGroup, error) {
	return get[wire.ConcurrencyGroup](ctx, c, nil, "concurrency-groups", name)
}

// CreateConcurrencyGroup stores a new concurrency group.
func (c *Client) CreateConcurrencyGroup(ctx context.Context, s task.ConcurrencyGroupSpec) (wire.ConcurrencyGroup, error) {
	return post[wire.ConcurrencyGroup](ctx, c, s, "concurrency-groups")
}

// PatchConcurrencyGroup applies a merge patch to a concurrency group, see [wire.Diff].
// A version other than 0 must be the stored one, else the error is fault.Conflict.
func (c *Client) PatchConcurrencyGroup(ctx context.Context, name string, version int64, mergePatch any) (wire.ConcurrencyGroup, error) {
	return patch[wire.ConcurrencyGroup](ctx, c, version, mergePatch, "concurrency-groups", name)
}

// DeleteConcurrencyGroup removes a concurrency group that no task names.
func (c *Client) DeleteConcurrencyGroup(ctx context.Context, name string, version int64) error {
	return c.remove(ctx, version, "concurrency-groups", name)
}
