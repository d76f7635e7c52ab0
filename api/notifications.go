package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/segno-jobs/segno/api/strictjson"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/notification"
	"github.com/segno-jobs/segno/task"
)

// notificationRoutes are the routes of channels, rules and deliveries.
func (s *Server) notificationRoutes() []route {
	const channel, rule, delivery = "/notifications/channels/{name}", "/notifications/rules/{name}", "/notifications/deliveries/{id}"
	return []route{
		get("/notifications/channels", "listChannels", s.listChannels, "List channels by name").takes("limit", "cursor").gives(wire.Page[wire.Channel]{}),
		post("/notifications/channels", "createChannel", s.createChannel, "Create a channel; its secrets are never shown again").reads(notification.ChannelSpec{}, required).creates(wire.Channel{}),
		get(channel, "getChannel", s.getChannel, "Read a channel without its secrets").tagged().gives(wire.Channel{}),
		patch(channel, "patchChannel", s.patchChannel, "Edit a channel; secrets that are left out stay").tagged().merges(notification.ChannelSpec{}).gives(wire.Channel{}),
		remove(channel, "deleteChannel", s.deleteChannel, "Remove a channel that no rule tells, with its deliveries").tagged(),
		post(channel+"/test", "testChannel", s.testChannel, "Send a test to a channel, and say how that went").keeps(keepNothing).gives(wire.ChannelTest{}),
		get("/notifications/rules", "listNotificationRules", s.listNotificationRules, "List notification rules by name").takes("limit", "cursor").gives(wire.Page[wire.NotificationRule]{}),
		post("/notifications/rules", "createNotificationRule", s.createNotificationRule, "Create a notification rule, which tells of what happens from then on").reads(notification.RuleSpec{}, required).creates(wire.NotificationRule{}),
		get(rule, "getNotificationRule", s.getNotificationRule, "Read a notification rule").tagged().gives(wire.NotificationRule{}),
		patch(rule, "patchNotificationRule", s.patchNotificationRule, "Edit a notification rule").tagged().merges(notification.RuleSpec{}).gives(wire.NotificationRule{}),
		remove(rule, "deleteNotificationRule", s.deleteNotificationRule, "Remove a notification rule").tagged(),
		get("/notifications/deliveries", "listDeliveries", s.listDeliveries, "List deliveries, newest first").takes("channel", "state", "event", "limit", "cursor").gives(wire.Page[wire.Delivery]{}),
		get(delivery, "getDelivery", s.getDelivery, "Read a delivery").gives(wire.Delivery{}),
		post(delivery+"/retry", "retryDelivery", s.retryDelivery, "Try a delivery anew and at once, also a dead one").keeps(keepNothing).gives(wire.Delivery{}),
	}
}

// notificationParams describes the parameters of these routes, as queryParams does for the others.
var notificationParams = map[string]queryParam{
	"channel":              {doc: "Name of a channel."},
	"event":                {doc: "What the deliveries are about.", schema: words(each(notification.Kinds())...)},
	"listDeliveries.state": {doc: "States of the deliveries, repeated or separated by commas.", schema: words(each(notification.States())...), many: true},
}

func (s *Server) listChannels(c *call) (answer, error) {
	return listed(c, wire.ChannelOf, s.service.Channels)
}

func (s *Server) createChannel(c *call) (answer, error) {
	var spec notification.ChannelSpec
	if err := c.read(&spec); err != nil {
		return answer{}, err
	}
	if err := spec.Validate(); err != nil {
		return answer{}, err
	}
	ch, err := s.service.CreateChannel(c.ctx(), spec)
	if err != nil {
		return answer{}, err
	}
	return answer{
		status: http.StatusCreated, body: wire.ChannelOf(ch), version: ch.Version, location: location("notifications/channels", ch.Name),
	}, nil
}

func (s *Server) getChannel(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	return oneChannel(s.service.Channel(c.ctx(), name))
}

func oneChannel(ch notification.Channel, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return versioned(wire.ChannelOf(ch), ch.Version)
}

func (s *Server) patchChannel(c *call) (answer, error) {
	e, err := readEdit[notification.ChannelSpec](c)
	if err != nil {
		return answer{}, err
	}
	ch, err := s.service.EditChannel(c.ctx(), e.name, e.version, func(stored *notification.ChannelSpec) error {
		after, err := strictjson.Merge(*stored, notification.ChannelSpec{}, e.patch)
		if err != nil {
			return err
		}
		if err := keepsName(stored.Name, after.Name); err != nil {
			return err
		}
		*stored = after
		return after.Validate()
	})
	return oneChannel(ch, edited(err, e.version, s.channelVersion(c, e.name)))
}

func (s *Server) deleteChannel(c *call) (answer, error) {
	return deleted(c, s.service.DeleteChannel, s.channelVersion)
}

func (s *Server) channelVersion(c *call, name string) func() (int64, error) {
	return func() (int64, error) {
		ch, err := s.service.Channel(c.ctx(), name)
		return ch.Version, err
	}
}

// testChannel answers 200 also where the receiver has not taken the test: the question was how that goes.
func (s *Server) testChannel(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	n, r, took, err := s.service.TestChannel(c.ctx(), name, c.by)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.ChannelTestOf(n, r, took))
}

func (s *Server) listNotificationRules(c *call) (answer, error) {
	return listed(c, wire.NotificationRuleOf, s.service.NotificationRules)
}

func (s *Server) createNotificationRule(c *call) (answer, error) {
	var spec notification.RuleSpec
	if err := c.read(&spec); err != nil {
		return answer{}, err
	}
	if err := spec.Validate(); err != nil {
		return answer{}, err
	}
	r, err := s.service.CreateNotificationRule(c.ctx(), spec)
	if err != nil {
		return answer{}, err
	}
	return answer{
		status: http.StatusCreated, body: wire.NotificationRuleOf(r), version: r.Version, location: location("notifications/rules", r.Name),
	}, nil
}

func (s *Server) getNotificationRule(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	return oneNotificationRule(s.service.NotificationRule(c.ctx(), name))
}

func oneNotificationRule(r notification.Rule, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return versioned(wire.NotificationRuleOf(r), r.Version)
}

func (s *Server) patchNotificationRule(c *call) (answer, error) {
	e, err := readEdit[notification.RuleSpec](c)
	if err != nil {
		return answer{}, err
	}
	r, err := s.service.EditNotificationRule(c.ctx(), e.name, e.version, func(stored *notification.RuleSpec) error {
		after, err := strictjson.Merge(*stored, notification.RuleSpec{}, e.patch)
		if err != nil {
			return err
		}
		if err := keepsName(stored.Name, after.Name); err != nil {
			return err
		}
		*stored = after
		return after.Validate()
	})
	return oneNotificationRule(r, edited(err, e.version, s.notificationRuleVersion(c, e.name)))
}

func (s *Server) deleteNotificationRule(c *call) (answer, error) {
	return deleted(c, s.service.DeleteNotificationRule, s.notificationRuleVersion)
}

func (s *Server) notificationRuleVersion(c *call, name string) func() (int64, error) {
	return func() (int64, error) {
		r, err := s.service.NotificationRule(c.ctx(), name)
		return r.Version, err
	}
}

func (s *Server) listDeliveries(c *call) (answer, error) {
	f := notification.DeliveryFilter{
		Channel: c.query.text("channel"), Event: notification.Kind(c.query.oneOf("event", each(notification.Kinds())...)),
	}
	for _, word := range c.query.list("state") {
		switch state := notification.State(word); state {
		case notification.Waiting, notification.Delivered, notification.Dead:
			f.States = append(f.States, state)
		default:
			c.query.refuse("state", "must be waiting, delivered or dead, not %.80q", word)
		}
	}
	if f.Channel != "" && !task.ValidName(f.Channel) {
		c.query.refuse("channel", "must be the name of a channel")
	}
	return listed(c, wire.DeliveryOf, func(ctx context.Context, p page.Request) (page.Of[notification.Delivery], error) {
		return s.service.Deliveries(ctx, f, p)
	})
}

func (s *Server) getDelivery(c *call) (answer, error) {
	return s.delivery(c, s.service.Delivery)
}

func (s *Server) retryDelivery(c *call) (answer, error) {
	return s.delivery(c, s.service.RetryDelivery)
}

// delivery answers with what a method gives for the delivery that the path names. A text that cannot be an id names nothing.
func (s *Server) delivery(c *call, read func(context.Context, string) (notification.Delivery, error)) (answer, error) {
	id, err := c.runID()
	if err != nil {
		return answer{}, fmt.Errorf("there is no delivery %.80q: %w", c.path.Param("id"), fault.NotFound)
	}
	d, err := read(c.ctx(), string(id))
	if err != nil {
		return answer{}, err
	}
	return ok(wire.DeliveryOf(d))
}
