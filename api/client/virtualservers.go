package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/virtualserver"
)

// VirtualServers returns a page of virtual servers whose name contains query, by name.
func (c *Client) VirtualServers(ctx context.Context, query string, p PageRequest) (wire.Page[wire.VirtualServer], error) {
	q := p.values(url.Values{})
	set(q, "q", query)
	return get[wire.Page[wire.VirtualServer]](ctx, c, q, "virtual-servers")
}

// VirtualServer returns a virtual server.
func (c *Client) VirtualServer(ctx context.Context, name string) (wire.VirtualServer, error) {
	return get[wire.VirtualServer](ctx, c, nil, "virtual-servers", name)
}

// CreateVirtualServer stores a new virtual server.
func (c *Client) CreateVirtualServer(ctx context.Context, s virtualserver.Spec) (wire.VirtualServer, error) {
	return post[wire.VirtualServer](ctx, c, s, "virtual-servers")
}

// PatchVirtualServer applies a merge patch to a virtual server, see [wire.Diff].
// A version other than 0 must be the stored one, else the error is fault.Conflict.
func (c *Client) PatchVirtualServer(ctx context.Context, name string, version int64, mergePatch any) (wire.VirtualServer, error) {
	return patch[wire.VirtualServer](ctx, c, version, mergePatch, "virtual-servers", name)
}

// DeleteVirtualServer removes a virtual server.
func (c *Client) DeleteVirtualServer(ctx context.Context, name string, version int64) error {
	return c.remove(ctx, version, "virtual-servers", name)
}

// AddMember puts a job server into a virtual server. One that is a member already is moved or weighted as m says.
func (c *Client) AddMember(ctx context.Context, name, server string, m wire.Membership) (wire.VirtualServer, error) {
	var out wire.VirtualServer
	err := c.do(ctx, request{method: http.MethodPut, path: path("virtual-servers", name, "members", server), body: m}, &out)
	return out, err
}

// RemoveMember takes a job server out of a virtual server. It succeeds where the server is no member.
func (c *Client) RemoveMember(ctx context.Context, name, server string) error {
	return c.remove(ctx, 0, "virtual-servers", name, "members", server)
}

// Rating returns what the placement of a run of the task would be now, without placing it. An empty task stands for a
// run of one core.
func (c *Client) Rating(ctx context.Context, name, task string) (wire.Placement, error) {
	q := url.Values{}
	set(q, "task", task)
	return get[wire.Placement](ctx, c, q, "virtual-servers", name, "rating")
}

// PreviewVirtualServers says what it would mean if virtual servers, stored ones or new ones, were as in the request. Nothing
// is changed by asking.
func (c *Client) PreviewVirtualServers(ctx context.Context, in wire.PreviewRequest) ([]wire.Effect, error) {
	out, err := post[wire.Page[wire.Effect]](ctx, c, in, "virtual-servers", "preview")
	return out.Items, err
}
