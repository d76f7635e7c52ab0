package api_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/notification"
)

// told is the part of the fake that is about notifications. Its zero value is empty.
type told struct {
	lock       sync.Mutex
	channels   map[string]notification.Channel
	rules      map[string]notification.Rule
	deliveries map[string]notification.Delivery
	// result is how tests of channels go.
	result notification.Result
	filter notification.DeliveryFilter
	tested []string
}

func (f *told) Channels(_ context.Context, p page.Request) (page.Of[notification.Channel], error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	return paged(f.channels, p, func(notification.Channel) bool { return true })
}

func (f *told) Channel(_ context.Context, name string) (notification.Channel, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	return held(f.channels, name)
}

func held[T any](all map[string]T, name string) (T, error) {
	v, ok := all[name]
	if !ok {
		return v, fmt.Errorf("find %q: %w", name, fault.NotFound)
	}
	return v, nil
}

func (f *told) CreateChannel(_ context.Context, s notification.ChannelSpec) (notification.Channel, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if _, taken := f.channels[s.Name]; taken {
		return notification.Channel{}, fmt.Errorf("the name is taken: %w", fault.Conflict)
	}
	if f.channels == nil {
		f.channels = map[string]notification.Channel{}
	}
	f.channels[s.Name] = notification.Channel{ChannelSpec: s, Version: 1, CreatedAt: noon, UpdatedAt: noon}
	return f.channels[s.Name], nil
}

func (f *told) EditChannel(_ context.Context, name string, version int64, edit func(*notification.ChannelSpec) error) (notification.Channel, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	c, err := held(f.channels, name)
	if err == nil {
		err = checked(c.Version, version)
	}
	if err == nil {
		err = edit(&c.ChannelSpec)
	}
	if err != nil {
		return c, err
	}
	c.Version++
	f.channels[name] = c
	return c, nil
}

func (f *told) DeleteChannel(_ context.Context, name string, version int64) error {
	f.lock.Lock()
	defer f.lock.Unlock()
	c, err := held(f.channels, name)
	if err == nil {
		err = checked(c.Version, version)
	}
	if err == nil {
		delete(f.channels, name)
	}
	return err
}

func (f *told) TestChannel(_ context.Context, name, by string) (notification.Notice, notification.Result, time.Duration, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if _, err := held(f.channels, name); err != nil {
		return notification.Notice{}, notification.Result{}, 0, err
	}
	f.tested = append(f.tested, name+" by "+by)
	return notification.Test("01TEST", name, by, noon), f.result, 120 * time.Millisecond, nil
}

func (f *told) NotificationRules(_ context.Context, p page.Request) (page.Of[notification.Rule], error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	return paged(f.rules, p, func(notification.Rule) bool { return true })
}

func (f *told) NotificationRule(_ context.Context, name string) (notification.Rule, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	return held(f.rules, name)
}

func (f *told) CreateNotificationRule(_ context.Context, s notification.RuleSpec) (notification.Rule, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	for i, name := range s.Channels {
		if _, err := held(f.channels, name); err != nil {
			return notification.Rule{}, fault.Field(fmt.Sprintf("channels[%d]", i), "%q is no channel", name)
		}
	}
	if f.rules == nil {
		f.rules = map[string]notification.Rule{}
	}
	f.rules[s.Name] = notification.Rule{RuleSpec: s, Version: 1, CreatedAt: noon, UpdatedAt: noon}
	return f.rules[s.Name], nil
}

func (f *told) EditNotificationRule(_ context.Context, name string, version int64, edit func(*notification.RuleSpec) error) (notification.Rule, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	r, err := held(f.rules, name)
	if err == nil {
		err = checked(r.Version, version)
	}
	if err == nil {
		err = edit(&r.RuleSpec)
	}
	if err != nil {
		return r, err
	}
	r.Version++
	f.rules[name] = r
	return r, nil
}

func (f *told) DeleteNotificationRule(_ context.Context, name string, version int64) error {
	f.lock.Lock()
	defer f.lock.Unlock()
	r, err := held(f.rules, name)
	if err == nil {
		err = checked(r.Version, version)
	}
	if err == nil {
		delete(f.rules, name)
	}
	return err
}

func (f *told) Deliveries(_ context.Context, q notification.DeliveryFilter, p page.Request) (page.Of[notification.Delivery], error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.filter = q
	return paged(f.deliveries, p, func(notification.Delivery) bool { return true })
}

func (f *told) Delivery(_ context.Context, id string) (notification.Delivery, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	return held(f.deliveries, id)
}

func (f *told) RetryDelivery(_ context.Context, id string) (notification.Delivery, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	d, err := held(f.deliveries, id)
	if err == nil && d.State == notification.Delivered {
		err = fmt.Errorf("it was delivered: %w", fault.Conflict)
	}
	if err == nil {
		d.State, d.EndedAt = notification.Waiting, nil
		f.deliveries[id] = d
	}
	return d, err
}
