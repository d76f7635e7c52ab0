package api

import (
	"context"
	"time"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/notification"
)

// NotificationService is about who is told of what. Channels come with their secrets, which the API never shows.
type NotificationService interface {
	Channels(ctx context.Context, p page.Request) (page.Of[notification.Channel], error)
	Channel(ctx context.Context, name string) (notification.Channel, error)
	// CreateChannel and EditChannel refuse an address that may not be reached with a field error.
	CreateChannel(ctx context.Context, s notification.ChannelSpec) (notification.Channel, error)
	EditChannel(ctx context.Context, name string, version int64, edit func(*notification.ChannelSpec) error) (notification.Channel, error)
	// DeleteChannel removes a channel with its deliveries. Conflict while rules tell it.
	DeleteChannel(ctx context.Context, name string, version int64) error
	// TestChannel sends a test for the caller named by, and says how that went.
	TestChannel(ctx context.Context, name, by string) (n notification.Notice, r notification.Result, took time.Duration, err error)

	NotificationRules(ctx context.Context, p page.Request) (page.Of[notification.Rule], error)
	NotificationRule(ctx context.Context, name string) (notification.Rule, error)
	// CreateNotificationRule and EditNotificationRule refuse a channel that does not exist with a field error.
	CreateNotificationRule(ctx context.Context, s notification.RuleSpec) (notification.Rule, error)
	EditNotificationRule(ctx context.Context, name string, version int64, edit func(*notification.RuleSpec) error) (notification.Rule, error)
	DeleteNotificationRule(ctx context.Context, name string, version int64) error

	// Deliveries returns deliveries, newest first.
	Deliveries(ctx context.Context, f notification.DeliveryFilter, p page.Request) (page.Of[notification.Delivery], error)
	Delivery(ctx context.Context, id string) (notification.Delivery, error)
	// RetryDelivery has a delivery tried anew and at once. Conflict for one that was delivered.
	RetryDelivery(ctx context.Context, id string) (notification.Delivery, error)
}
