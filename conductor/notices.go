package conductor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/notification"
	"github.com/segno-jobs/segno/task"
)

// NoticeStore keeps channels, rules and the outbox of notifications. One method is one transaction.
type NoticeStore interface {
	ChannelStore
	RuleStore
	OutboxStore

	// Position returns the id of the last event that a follower has dealt with; a new one begins behind the newest.
	Position(ctx context.Context, follower string) (int64, error)
	// Advance moves a follower on that had nothing to do. Conflict where it stands elsewhere.
	Advance(ctx context.Context, follower string, from, to int64) error
	// PostNotices puts deliveries into the outbox and moves the follower on, in one transaction. Conflict where it stands
	// elsewhere; nothing was stored then.
	PostNotices(ctx context.Context, follower string, from, to int64, ds []notification.Delivery, now time.Time) error
	// TellLate appends an event for each of up to limit runs that are late, once for each thing expected of one, and returns
	// at how many it has looked.
	TellLate(ctx context.Context, now time.Time, limit int) (int, error)
}

// ChannelStore keeps channels, with their secrets.
type ChannelStore interface {
	CreateChannel(ctx context.Context, s notification.ChannelSpec, now time.Time) (notification.Channel, error)
	Channel(ctx context.Context, name string) (notification.Channel, error)
	Channels(ctx context.Context, p page.Request) (page.Of[notification.Channel], error)
	// EditChannel applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict. After a
	// change, what waits for the channel is due at once.
	EditChannel(ctx context.Context, name string, version int64, now time.Time, edit func(*notification.ChannelSpec) error) (notification.Channel, error)
	// DeleteChannel removes a channel with its deliveries. Conflict while rules tell it.
	DeleteChannel(ctx context.Context, name string, version int64, now time.Time) error
}

// RuleStore keeps rules. A channel that does not exist is refused with a field error.
type RuleStore interface {
	CreateNotificationRule(ctx context.Context, s notification.RuleSpec, now time.Time) (notification.Rule, error)
	NotificationRule(ctx context.Context, name string) (notification.Rule, error)
	NotificationRules(ctx context.Context, p page.Request) (page.Of[notification.Rule], error)
	EditNotificationRule(ctx context.Context, name string, version int64, now time.Time, edit func(*notification.RuleSpec) error) (notification.Rule, error)
	DeleteNotificationRule(ctx context.Context, name string, version int64, now time.Time) error
}

const (
	// noticesFollower is the name of the follower that fills the outbox.
	noticesFollower = "notifications"
	// noticesBatch is how many events one pass looks at.
	noticesBatch = 500
	// noticesLag is how far the stored position may stay behind while there is nothing to tell.
	noticesLag = 1000
	lateEvery  = time.Second
	lateBatch  = 500
)

// notices follows the events and puts what is to be told into the outbox.
type notices struct {
	c     *Conductor
	store NoticeStore
	// stored is the follower's position in the store, and seen the event up to which there was nothing to tell.
	stored, seen int64
	// saved is when the position was stored last.
	saved time.Time
	begun bool
}

// follow looks at the events that are new. It returns whether there may be more of them.
func (n *notices) follow(ctx context.Context) (more bool, err error) {
	if !n.begun {
		if n.stored, err = n.store.Position(ctx, noticesFollower); err != nil {
			return false, err
		}
		n.seen, n.saved, n.begun = n.stored, n.c.now(), true
	}
	// Read before the events: all of them up to here are there.
	newest, err := n.c.store.LastEvent(ctx)
	if err != nil || newest <= n.seen && !n.due(n.seen) {
		return false, err
	}
	rules, err := n.rules(ctx)
	if err != nil {
		return false, err
	}
	var events []task.Event
	if len(rules) > 0 {
		filter := task.EventFilter{After: n.seen, Kinds: notification.EventKinds()}
		if events, err = n.c.store.Events(ctx, filter, noticesBatch); err != nil {
			return false, err
		}
	}
	to := max(newest, n.seen)
	if more = len(events) == noticesBatch; more {
		to = events[len(events)-1].ID
	}
	ds, err := n.deliveries(ctx, rules, events)
	if err != nil {
		return false, err
	}
	return more, n.moveOn(ctx, to, ds)
}

// due reports whether a position with nothing to tell before it is to be stored.
func (n *notices) due(to int64) bool {
	return to-n.stored >= noticesLag || to > n.stored && n.c.now().Sub(n.saved) >= advanceEvery
}

// moveOn stores what is to be told of the events up to to. Where that is nothing, the position is stored now and then only:
// to look at such events again does no harm.
func (n *notices) moveOn(ctx context.Context, to int64, ds []notification.Delivery) (err error) {
	switch {
	case len(ds) > 0:
		err = n.store.PostNotices(ctx, noticesFollower, n.stored, to, ds, n.c.now())
	case n.due(to):
		err = n.store.Advance(ctx, noticesFollower, n.stored, to)
	default:
		n.seen = to
		return nil
	}
	if err != nil {
		// It may have been stored all the same, or by another conductor: the store says where the follower stands.
		n.begun = false
		if errors.Is(err, fault.Conflict) {
			return nil
		}
		return err
	}
	n.stored, n.seen, n.saved = to, to, n.c.now()
	if len(ds) > 0 {
		n.c.outbox.wake()
	}
	return nil
}

// rules returns the rules that are not disabled.
func (n *notices) rules(ctx context.Context) ([]notification.Rule, error) {
	all, err := readAll(func(p page.Request) (page.Of[notification.Rule], error) { return n.store.NotificationRules(ctx, p) })
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(r notification.Rule) bool { return r.Disabled }), nil
}

// deliveries returns what the rules want told of the events, in their order.
func (n *notices) deliveries(ctx context.Context, rules []notification.Rule, events []task.Event) ([]notification.Delivery, error) {
	var ds []notification.Delivery
	for _, e := range events {
		kind, ok := notification.KindOf(e)
		if !ok || !slices.ContainsFunc(rules, func(r notification.Rule) bool { return r.MayMatch(kind, e.Task, e.At) }) {
			continue
		}
		notice, ok, err := n.notice(ctx, e)
		if err != nil {
			return nil, fmt.Errorf("find out what event %d is about: %w", e.ID, err)
		}
		if !ok {
			continue
		}
		channels, by := notification.Recipients(rules, notice)
		notice.Rules = by
		for _, channel := range channels {
			id, err := n.c.ids.next(n.c.now())
			if err != nil {
				return nil, err
			}
			notice.ID = string(id)
			ds = append(ds, notification.Delivery{ID: notice.ID, Channel: channel, EventID: e.ID, Notice: notice})
		}
	}
	return ds, nil
}

// notice returns what there is to tell of an event. Of a thing that was deleted meanwhile, only the event itself is told.
func (n *notices) notice(ctx context.Context, e task.Event) (notice notification.Notice, ok bool, err error) {
	switch prefix, _, _ := strings.Cut(e.Kind, "."); prefix {
	case "run":
		run, err := n.c.store.Run(ctx, task.RunID(e.Subject))
		if errors.Is(err, fault.NotFound) {
			run, err = task.Run{ID: task.RunID(e.Subject), Task: e.Task}, nil
		}
		if err != nil {
			return notice, false, err
		}
		notice, ok = notification.OfRun(e, run)
		notice.Link = n.link("/runs/" + string(run.ID))
	case "server":
		notice, ok, err = n.ofServer(ctx, e)
	case "occurrence":
		t, err := n.c.store.Task(ctx, e.Task)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return notice, false, err
		}
		notice, ok = notification.OfOccurrence(e, t.Labels)
	default:
		notice, ok = notification.OfPlan(e)
	}
	return notice, ok, err
}

func (n *notices) ofServer(ctx context.Context, e task.Event) (notification.Notice, bool, error) {
	server, err := n.c.store.Server(ctx, e.Subject)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return notification.Notice{}, false, err
	}
	filter := task.EventFilter{Subject: e.Subject, Kinds: notification.ServerKinds(), Newest: true, Before: e.ID}
	last, err := n.c.store.Events(ctx, filter, 1)
	if err != nil {
		return notification.Notice{}, false, err
	}
	before := ""
	if len(last) > 0 {
		before = last[0].Kind
	}
	notice, ok := notification.OfServer(e, server.Labels, before)
	return notice, ok, nil
}

// link returns the address of a page of the console, or "" where the conductor does not know its own.
func (n *notices) link(path string) string {
	if n.c.options.PublicURL == "" {
		return ""
	}
	return strings.TrimSuffix(n.c.options.PublicURL, "/") + path
}

// noticesLoop fills the outbox as events come.
func (c *Conductor) noticesLoop(ctx context.Context) error {
	return c.followEvents(ctx, tellRest, c.fillOutbox)
}

// fillOutbox looks at all events that are new.
func (c *Conductor) fillOutbox(ctx context.Context) {
	for {
		more, err := c.notices.follow(ctx)
		if err != nil && ctx.Err() == nil {
			c.log.Error("following the events for notifications failed", "error", err)
		}
		if !more || err != nil {
			return
		}
	}
}

// lateLoop notes runs that have not started or finished by when they were expected to.
func (c *Conductor) lateLoop(ctx context.Context) error {
	return every(ctx, lateEvery, c.tellLate)
}

func (c *Conductor) tellLate(ctx context.Context) {
	for n := lateBatch; n == lateBatch; {
		var err error
		if n, err = c.options.Notices.TellLate(ctx, c.now(), lateBatch); err != nil {
			if ctx.Err() == nil {
				c.log.Error("looking for runs that are late failed", "error", err)
			}
			return
		}
		if n > 0 {
			c.watch.eventsChanged()
		}
	}
}
