package client

import (
	"context"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// Retention returns for how long runs, events and occurrences are kept.
func (c *Client) Retention(ctx context.Context) (wire.Retention, error) {
	return get[wire.Retention](ctx, c, nil, "settings", "retention")
}

// PatchRetention applies a merge patch to it; null puts a default back.
// A version other than 0 must be the stored one, else the error is fault.Conflict.
func (c *Client) PatchRetention(ctx context.Context, version int64, mergePatch any) (wire.Retention, error) {
	return patch[wire.Retention](ctx, c, version, mergePatch, "settings", "retention")
}

// PinRun keeps a run whatever the rules of retention say, and UnpinRun leaves it to them again.
func (c *Client) PinRun(ctx context.Context, id task.RunID) (wire.Run, error) {
	return post[wire.Run](ctx, c, nil, "runs", string(id), "pin")
}

// UnpinRun leaves a run to the rules of retention again.
func (c *Client) UnpinRun(ctx context.Context, id task.RunID) (wire.Run, error) {
	return post[wire.Run](ctx, c, nil, "runs", string(id), "unpin")
}
