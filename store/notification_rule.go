package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/notification"
)

var (
	rules     = documents[notification.Rule]{table: "notification_rule", noun: "rule", of: ruleOf}
	ruleEdits = edits[notification.Rule, notification.RuleSpec]{
		noun: "rule", read: rules.read, store: storeRule,
		of: func(r *notification.Rule) (*notification.RuleSpec, string, int64) {
			return &r.RuleSpec, r.Name, r.Version
		},
	}
)

func ruleOf(row documentRow) (notification.Rule, error) {
	r := notification.Rule{Version: row.Version, CreatedAt: instant(row.CreatedAt), UpdatedAt: instant(row.UpdatedAt)}
	return r, decode(row.Spec, &r.RuleSpec, "rule", row.Name)
}

// CreateNotificationRule stores a rule for notifications. Conflict for a name that is taken; a channel that does not exist is refused
// with a field error.
func (db *DB) CreateNotificationRule(ctx context.Context, s notification.RuleSpec, now time.Time) (notification.Rule, error) {
	spec, err := encode(s, "rule", s.Name)
	if err != nil {
		return notification.Rule{}, err
	}
	err = db.update(ctx, func(t *tx) error {
		if err := rules.insert(t, s.Name, spec, now); err != nil {
			return err
		}
		if err := tellChannels(t, s); err != nil {
			return err
		}
		return t.recordThing(now, "notification_rule.created", s.Name, "")
	})
	if err != nil {
		return notification.Rule{}, fmt.Errorf("create rule %q: %w", s.Name, err)
	}
	return notification.Rule{RuleSpec: s, Version: 1, CreatedAt: stored(now), UpdatedAt: stored(now)}, nil
}

// tellChannels notes which channels a rule tells, and refuses those that do not exist. On PostgreSQL what was found cannot
// be deleted before the transaction ends.
func tellChannels(t *tx, s notification.RuleSpec) error {
	if _, err := t.exec(`DELETE FROM notification_rule_channel WHERE rule = ?`, s.Name); err != nil {
		return err
	}
	lock := ""
	if t.session.dialect == postgres {
		lock = " FOR KEY SHARE"
	}
	for i, channel := range s.Channels {
		var name string
		err := t.scan(`SELECT name FROM notification_channel WHERE name = ?`+lock, []any{channel}, &name)
		if isNone(err) {
			return fault.Field(fmt.Sprintf("channels[%d]", i), "%q is no channel", channel)
		}
		if err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO notification_rule_channel (rule, channel) VALUES (?, ?)`, s.Name, channel); err != nil {
			return err
		}
	}
	return nil
}

// NotificationRule returns the rule with that name, or fault.NotFound.
func (db *DB) NotificationRule(ctx context.Context, name string) (notification.Rule, error) {
	r, err := rules.read(db.view(ctx), name, "")
	if err != nil {
		return notification.Rule{}, fmt.Errorf("read rule: %w", err)
	}
	return r, nil
}

// NotificationRules returns rules by name.
func (db *DB) NotificationRules(ctx context.Context, p page.Request) (page.Of[notification.Rule], error) {
	last, err := after("rules", p.Cursor)
	if err != nil {
		return page.Of[notification.Rule]{}, err
	}
	all, err := rules.list(db.view(ctx), conditions{}, last, p)
	if err != nil {
		return page.Of[notification.Rule]{}, fmt.Errorf("list rules: %w", err)
	}
	return paged(all, p, "rules", func(r notification.Rule) string { return r.Name }), nil
}

// EditNotificationRule applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict. An edit that
// changes nothing leaves the version. edit may be called more than once, on fresh copies.
func (db *DB) EditNotificationRule(ctx context.Context, name string, version int64, now time.Time, edit func(*notification.RuleSpec) error) (notification.Rule, error) {
	return ruleEdits.apply(ctx, db, name, version, now, edit)
}

func storeRule(t *tx, old notification.Rule, r *notification.Rule, now time.Time) error {
	before, err := encode(old.RuleSpec, "rule", old.Name)
	if err != nil {
		return err
	}
	spec, err := encode(r.RuleSpec, "rule", r.Name)
	if err != nil || spec == before {
		return err
	}
	if err := rules.update(t, r.Name, spec, old.Version, now); err != nil {
		return err
	}
	r.Version, r.UpdatedAt = old.Version+1, stored(now)
	if err := tellChannels(t, r.RuleSpec); err != nil {
		return err
	}
	return t.recordThing(now, "notification_rule.edited", r.Name, "")
}

// DeleteNotificationRule removes a rule. What was put into the outbox because of it stays there.
func (db *DB) DeleteNotificationRule(ctx context.Context, name string, version int64, now time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		if err := rules.hold(t, name, version); err != nil {
			return err
		}
		if err := rules.delete(t, name); err != nil {
			return err
		}
		return t.recordThing(now, "notification_rule.deleted", name, "")
	})
	if err != nil {
		return fmt.Errorf("delete rule %q: %w", name, err)
	}
	return nil
}
