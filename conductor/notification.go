package conductor

import (
	"context"
	"time"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/notification"
)

// Channels returns channels by name, with their secrets: showing them is not for the caller.
func (c *Conductor) Channels(ctx context.Context, p page.Request) (page.Of[notification.Channel], error) {
	return c.options.Notices.Channels(ctx, p)
}

// Channel returns a channel, with its secrets.
func (c *Conductor) Channel(ctx context.Context, name string) (notification.Channel, error) {
	return c.options.Notices.Channel(ctx, name)
}

// CreateChannel stores a new channel. An address that may not be reached is refused with a field error.
func (c *Conductor) CreateChannel(ctx context.Context, s notification.ChannelSpec) (notification.Channel, error) {
	if err := c.checkChannel(s); err != nil {
		return notification.Channel{}, err
	}
	channel, err := c.options.Notices.CreateChannel(ctx, s, c.now())
	if err == nil {
		c.watch.eventsChanged()
	}
	return channel, err
}

// EditChannel changes a channel. What waits for it is tried at once.
func (c *Conductor) EditChannel(ctx context.Context, name string, version int64, edit func(*notification.ChannelSpec) error) (notification.Channel, error) {
	channel, err := c.options.Notices.EditChannel(ctx, name, version, c.now(), func(s *notification.ChannelSpec) error {
		if err := edit(s); err != nil {
			return err
		}
		return c.checkChannel(*s)
	})
	if err == nil {
		c.watch.eventsChanged()
		c.outbox.wake()
	}
	return channel, err
}

func (c *Conductor) checkChannel(s notification.ChannelSpec) error {
	if err := s.Validate(); err != nil {
		return err
	}
	return c.options.Sender.Check(s)
}

// DeleteChannel removes a channel with its deliveries; it is refused while rules tell it.
func (c *Conductor) DeleteChannel(ctx context.Context, name string, version int64) error {
	err := c.options.Notices.DeleteChannel(ctx, name, version, c.now())
	if err == nil {
		c.watch.eventsChanged()
	}
	return err
}

// TestChannel sends a test to a channel for the caller named by, past the outbox, and says how that went.
func (c *Conductor) TestChannel(ctx context.Context, name, by string) (n notification.Notice, r notification.Result, took time.Duration, err error) {
	channel, err := c.options.Notices.Channel(ctx, name)
	if err != nil {
		return n, r, 0, err
	}
	begun := c.now()
	id, err := c.ids.next(begun)
	if err != nil {
		return n, r, 0, err
	}
	n = notification.Test(string(id), name, by, begun)
	sending, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	r = c.options.Sender.Send(sending, channel.ChannelSpec, n)
	return n, r, c.now().Sub(begun), nil
}

// NotificationRules returns rules by name.
func (c *Conductor) NotificationRules(ctx context.Context, p page.Request) (page.Of[notification.Rule], error) {
	return c.options.Notices.NotificationRules(ctx, p)
}

// NotificationRule returns a rule.
func (c *Conductor) NotificationRule(ctx context.Context, name string) (notification.Rule, error) {
	return c.options.Notices.NotificationRule(ctx, name)
}

// CreateNotificationRule stores a new rule. It speaks of what happens from now on.
func (c *Conductor) CreateNotificationRule(ctx context.Context, s notification.RuleSpec) (notification.Rule, error) {
	if err := s.Validate(); err != nil {
		return notification.Rule{}, err
	}
	// From here on nothing is passed over, also if no event was followed yet.
	if _, err := c.options.Notices.Position(ctx, noticesFollower); err != nil {
		return notification.Rule{}, err
	}
	rule, err := c.options.Notices.CreateNotificationRule(ctx, s, c.now())
	if err == nil {
		c.watch.eventsChanged()
	}
	return rule, err
}

// EditNotificationRule changes a rule.
func (c *Conductor) EditNotificationRule(ctx context.Context, name string, version int64, edit func(*notification.RuleSpec) error) (notification.Rule, error) {
	rule, err := c.options.Notices.EditNotificationRule(ctx, name, version, c.now(), func(s *notification.RuleSpec) error {
		if err := edit(s); err != nil {
			return err
		}
		return s.Validate()
	})
	if err == nil {
		c.watch.eventsChanged()
	}
	return rule, err
}

// DeleteNotificationRule removes a rule. What it has put into the outbox is still told.
func (c *Conductor) DeleteNotificationRule(ctx context.Context, name string, version int64) error {
	err := c.options.Notices.DeleteNotificationRule(ctx, name, version, c.now())
	if err == nil {
		c.watch.eventsChanged()
	}
	return err
}

// Deliveries returns deliveries, newest first.
func (c *Conductor) Deliveries(ctx context.Context, f notification.DeliveryFilter, p page.Request) (page.Of[notification.Delivery], error) {
	return c.options.Notices.Deliveries(ctx, f, p)
}

// Delivery returns a delivery.
func (c *Conductor) Delivery(ctx context.Context, id string) (notification.Delivery, error) {
	return c.options.Notices.Delivery(ctx, id)
}

// RetryDelivery has a delivery tried anew and at once, also one that is dead.
func (c *Conductor) RetryDelivery(ctx context.Context, id string) (notification.Delivery, error) {
	d, err := c.options.Notices.ReviveDelivery(ctx, id, c.now())
	if err == nil {
		c.outbox.wake()
	}
	return d, err
}
