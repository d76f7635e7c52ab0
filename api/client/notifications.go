package client

import (
	"context"
	"net/url"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/notification"
)

// Channels returns a page of notification channels, by name, without their secrets.
func (c *Client) Channels(ctx context.Context, p PageRequest) (wire.Page[wire.Channel], error) {
	return get[wire.Page[wire.Channel]](ctx, c, p.values(url.Values{}), "notifications", "channels")
}

// Channel returns a channel without its secrets.
func (c *Client) Channel(ctx context.Context, name string) (wire.Channel, error) {
	return get[wire.Channel](ctx, c, nil, "notifications", "channels", name)
}

// CreateChannel stores a new channel.
func (c *Client) CreateChannel(ctx context.Context, s notification.ChannelSpec) (wire.Channel, error) {
	return post[wire.Channel](ctx, c, s, "notifications", "channels")
}

// PatchChannel applies a merge patch to a channel; secrets that it leaves out stay.
// A version other than 0 must be the stored one, else the error is fault.Conflict.
func (c *Client) PatchChannel(ctx context.Context, name string, version int64, mergePatch any) (wire.Channel, error) {
	return patch[wire.Channel](ctx, c, version, mergePatch, "notifications", "channels", name)
}

// DeleteChannel removes a channel that no rule tells, with its deliveries.
func (c *Client) DeleteChannel(ctx context.Context, name string, version int64) error {
	return c.remove(ctx, version, "notifications", "channels", name)
}

// TestChannel sends a test to a channel. That the receiver has not taken it is no error, but stands in what is returned.
func (c *Client) TestChannel(ctx context.Context, name string) (wire.ChannelTest, error) {
	return post[wire.ChannelTest](ctx, c, nil, "notifications", "channels", name, "test")
}

// NotificationRules returns a page of notification rules, by name.
func (c *Client) NotificationRules(ctx context.Context, p PageRequest) (wire.Page[wire.NotificationRule], error) {
	return get[wire.Page[wire.NotificationRule]](ctx, c, p.values(url.Values{}), "notifications", "rules")
}

// NotificationRule returns a notification rule.
func (c *Client) NotificationRule(ctx context.Context, name string) (wire.NotificationRule, error) {
	return get[wire.NotificationRule](ctx, c, nil, "notifications", "rules", name)
}

// CreateNotificationRule stores a new rule, which tells of what happens from then on.
func (c *Client) CreateNotificationRule(ctx context.Context, s notification.RuleSpec) (wire.NotificationRule, error) {
	return post[wire.NotificationRule](ctx, c, s, "notifications", "rules")
}

// PatchNotificationRule applies a merge patch to a rule.
// A version other than 0 must be the stored one, else the error is fault.Conflict.
func (c *Client) PatchNotificationRule(ctx context.Context, name string, version int64, mergePatch any) (wire.NotificationRule, error) {
	return patch[wire.NotificationRule](ctx, c, version, mergePatch, "notifications", "rules", name)
}

// DeleteNotificationRule removes a rule.
func (c *Client) DeleteNotificationRule(ctx context.Context, name string, version int64) error {
	return c.remove(ctx, version, "notifications", "rules", name)
}

// Deliveries returns a page of deliveries, newest first.
func (c *Client) Deliveries(ctx context.Context, f notification.DeliveryFilter, p PageRequest) (wire.Page[wire.Delivery], error) {
	q := p.values(url.Values{})
	set(q, "channel", f.Channel)
	set(q, "event", string(f.Event))
	for _, s := range f.States {
		q.Add("state", string(s))
	}
	return get[wire.Page[wire.Delivery]](ctx, c, q, "notifications", "deliveries")
}

// Delivery returns a delivery.
func (c *Client) Delivery(ctx context.Context, id string) (wire.Delivery, error) {
	return get[wire.Delivery](ctx, c, nil, "notifications", "deliveries", id)
}

// RetryDelivery has a delivery tried anew and at once, also a dead one.
func (c *Client) RetryDelivery(ctx context.Context, id string) (wire.Delivery, error) {
	return post[wire.Delivery](ctx, c, nil, "notifications", "deliveries", id, "retry")
}
