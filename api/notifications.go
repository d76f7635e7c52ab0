package api

import (
	"context"
	"fmt"

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
		post("/notifications/channels", "createChannel", s.channels().create, "Create a channel; its secrets are never shown again").reads(notification.ChannelSpec{}, required).creates(wire.Channel{}),
		get(channel, "getChannel", s.channels().get, "Read a channel without its secrets").tagged().gives(wire.Channel{}),
		patch(channel, "patchChannel", s.channels().patch, "Edit a channel; secrets that are left out stay").tagged().merges(notification.ChannelSpec{}).gives(wire.Channel{}),
		remove(channel, "deleteChannel", s.channels().remove, "Remove a channel that no rule tells, with its deliveries").tagged(),
		post(channel+"/test", "testChannel", s.testChannel, "Send a test to a channel, and say how that went").keeps(keepNothing).gives(wire.ChannelTest{}),
		get("/notifications/rules", "listNotificationRules", s.listNotificationRules, "List notification rules by name").takes("limit", "cursor").gives(wire.Page[wire.NotificationRule]{}),
		post("/notifications/rules", "createNotificationRule", s.notificationRules().create, "Create a notification rule, which tells of what happens from then on").reads(notification.RuleSpec{}, required).creates(wire.NotificationRule{}),
		get(rule, "getNotificationRule", s.notificationRules().get, "Read a notification rule").tagged().gives(wire.NotificationRule{}),
		patch(rule, "patchNotificationRule", s.notificationRules().patch, "Edit a notification rule").tagged().merges(notification.RuleSpec{}).gives(wire.NotificationRule{}),
		remove(rule, "deleteNotificationRule", s.notificationRules().remove, "Remove a notification rule").tagged(),
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

func (s *Server) channels() documents[notification.ChannelSpec, notification.Channel] {
	return documents[notification.ChannelSpec, notification.Channel]{
		collection: "notifications/channels",
		name:       func(d notification.ChannelSpec) string { return d.Name },
		parts:      func(v notification.Channel) (notification.ChannelSpec, int64) { return v.ChannelSpec, v.Version },
		body:       body(wire.ChannelOf),
		store:      s.service.CreateChannel,
		load:       s.service.Channel,
		change:     s.service.EditChannel,
		withdraw:   s.service.DeleteChannel,
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

func (s *Server) notificationRules() documents[notification.RuleSpec, notification.Rule] {
	return documents[notification.RuleSpec, notification.Rule]{
		collection: "notifications/rules",
		name:       func(d notification.RuleSpec) string { return d.Name },
		parts:      func(v notification.Rule) (notification.RuleSpec, int64) { return v.RuleSpec, v.Version },
		body:       body(wire.NotificationRuleOf),
		store:      s.service.CreateNotificationRule,
		load:       s.service.NotificationRule,
		change:     s.service.EditNotificationRule,
		withdraw:   s.service.DeleteNotificationRule,
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
