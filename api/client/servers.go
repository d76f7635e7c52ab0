package client

import (
	"context"
	"net/url"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/jobserver"
)

// Servers returns a page of job servers, by name.
func (c *Client) Servers(ctx context.Context, f jobserver.Filter, p PageRequest) (wire.Page[wire.Server], error) {
	q := p.values(url.Values{})
	set(q, "q", f.Query)
	set(q, "kind", string(f.Kind))
	set(q, "status", f.Status)
	set(q, "virtual_server", f.VirtualServer)
	for k, v := range f.Labels {
		q.Add("label", k+"="+v)
	}
	return get[wire.Page[wire.Server]](ctx, c, q, "servers")
}

// Server returns a job server.
func (c *Client) Server(ctx context.Context, name string) (wire.Server, error) {
	return get[wire.Server](ctx, c, nil, "servers", name)
}

// PatchServer applies a merge patch to the settings of a server, see [wire.ServerSettings] and [wire.Diff].
// A version other than 0 must be the stored one, else the error is fault.Conflict.
func (c *Client) PatchServer(ctx context.Context, name string, version int64, mergePatch any) (wire.Server, error) {
	return patch[wire.Server](ctx, c, version, mergePatch, "servers", name)
}

// DeleteServer removes a server from the fleet.
func (c *Client) DeleteServer(ctx context.Context, name string, version int64) error {
	return c.remove(ctx, version, "servers", name)
}

// DrainServer lets a server finish what it runs and gives it no new runs.
func (c *Client) DrainServer(ctx context.Context, name, reason string) (wire.Server, error) {
	return post[wire.Server](ctx, c, wire.ModeChange{Reason: reason}, "servers", name, "drain")
}

// ActivateServer gives a server new runs again.
func (c *Client) ActivateServer(ctx context.Context, name, reason string) (wire.Server, error) {
	return post[wire.Server](ctx, c, wire.ModeChange{Reason: reason}, "servers", name, "activate")
}

// DisableServer takes a server out of use.
func (c *Client) DisableServer(ctx context.Context, name, reason string) (wire.Server, error) {
	return post[wire.Server](ctx, c, wire.ModeChange{Reason: reason}, "servers", name, "disable")
}

// ServerLoad returns the history of a server, oldest first. Zero instants leave the bounds to the conductor: the last hour.
func (c *Client) ServerLoad(ctx context.Context, name string, from, to time.Time) ([]wire.LoadPoint, error) {
	q := url.Values{}
	setTime(q, "from", from)
	setTime(q, "to", to)
	got, err := get[wire.Page[wire.LoadPoint]](ctx, c, q, "servers", name, "load")
	return got.Items, err
}

// CreateJoinToken makes a one-time token with which an agent joins.
func (c *Client) CreateJoinToken(ctx context.Context, r wire.JoinTokenRequest) (wire.JoinToken, error) {
	return post[wire.JoinToken](ctx, c, r, "join-tokens")
}

func setTime(q url.Values, key string, t time.Time) {
	if !t.IsZero() {
		q.Set(key, t.UTC().Format(time.RFC3339Nano))
	}
}
