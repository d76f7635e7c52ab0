package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/notification"
)

var channelEdits = edits[notification.Channel, notification.ChannelSpec]{
	noun: "channel", read: readChannel, store: storeChannel,
	of: func(c *notification.Channel) (*notification.ChannelSpec, string, int64) {
		return &c.ChannelSpec, c.Name, c.Version
	},
}

const channelColumns = `name, spec, secrets, version, created_at, updated_at`

type channelRow struct {
	Name      string
	Spec      string
	Secrets   string
	Version   int64
	CreatedAt int64 `db:"created_at"`
	UpdatedAt int64 `db:"updated_at"`
}

// channelSecrets is what stands apart from a channel's spec.
type channelSecrets struct {
	Password notification.Secret            `json:"password,omitempty"`
	URL      notification.Secret            `json:"url,omitempty"`
	Secret   notification.Secret            `json:"secret,omitempty"`
	Headers  map[string]notification.Secret `json:"headers,omitempty"`
}

func encodeChannel(s notification.ChannelSpec) (spec, secrets string, err error) {
	var apart channelSecrets
	if s.Email != nil {
		apart.Password = s.Email.Password
	}
	if w := s.Webhook; w != nil {
		apart.URL, apart.Secret, apart.Headers = w.URL, w.Secret, w.Headers
	}
	if secrets, err = encode(apart, "secrets of channel", s.Name); err != nil {
		return "", "", err
	}
	spec, err = encode(s.Public(), "channel", s.Name)
	return spec, secrets, err
}

func (row channelRow) channel() (notification.Channel, error) {
	c := notification.Channel{Version: row.Version, CreatedAt: instant(row.CreatedAt), UpdatedAt: instant(row.UpdatedAt)}
	if err := decode(row.Spec, &c.ChannelSpec, "channel", row.Name); err != nil {
		return c, err
	}
	var apart channelSecrets
	if err := decode(row.Secrets, &apart, "secrets of channel", row.Name); err != nil {
		return c, err
	}
	if c.Email != nil {
		c.Email.Password = apart.Password
	}
	if c.Webhook != nil {
		c.Webhook.URL, c.Webhook.Secret, c.Webhook.Headers = apart.URL, apart.Secret, apart.Headers
	}
	return c, nil
}

// CreateChannel stores a channel for notifications. Conflict for a name that is taken.
func (db *DB) CreateChannel(ctx context.Context, s notification.ChannelSpec, now time.Time) (notification.Channel, error) {
	spec, secrets, err := encodeChannel(s)
	if err != nil {
		return notification.Channel{}, err
	}
	err = db.update(ctx, func(t *tx) error {
		const insert = `
			INSERT INTO notification_channel (name, spec, secrets, paused, version, created_at, updated_at)
			VALUES (?, ?, ?, ?, 1, ?, ?) ON CONFLICT (name) DO NOTHING`
		n, err := t.exec(insert, s.Name, spec, secrets, flag(s.Paused), micros(now), micros(now))
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("the name is taken: %w", fault.Conflict)
		}
		return t.recordThing(now, "notification_channel.created", s.Name, "")
	})
	if err != nil {
		return notification.Channel{}, fmt.Errorf("create channel %q: %w", s.Name, err)
	}
	return notification.Channel{ChannelSpec: s, Version: 1, CreatedAt: stored(now), UpdatedAt: stored(now)}, nil
}

// flag is the stored form of a boolean that statements compare.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Channel returns the channel with that name and its secrets, or fault.NotFound.
func (db *DB) Channel(ctx context.Context, name string) (notification.Channel, error) {
	c, err := readChannel(db.view(ctx), name, "")
	if err != nil {
		return notification.Channel{}, fmt.Errorf("read channel: %w", err)
	}
	return c, nil
}

func readChannel(r reader, name, lock string) (notification.Channel, error) {
	var row channelRow
	err := r.get(&row, `SELECT `+channelColumns+` FROM notification_channel WHERE name = ?`+lock, name)
	if isNone(err) {
		return notification.Channel{}, notFound("channel", name)
	}
	if err != nil {
		return notification.Channel{}, err
	}
	return row.channel()
}

// Channels returns channels by name.
func (db *DB) Channels(ctx context.Context, p page.Request) (page.Of[notification.Channel], error) {
	last, err := after("channels", p.Cursor)
	if err != nil {
		return page.Of[notification.Channel]{}, err
	}
	var rows []channelRow
	query := `SELECT ` + channelColumns + ` FROM notification_channel WHERE name > ? ORDER BY name` + fmt.Sprintf(` LIMIT %d`, p.Size()+1)
	if err := db.view(ctx).all(&rows, query, last); err != nil {
		return page.Of[notification.Channel]{}, fmt.Errorf("list channels: %w", err)
	}
	all, err := each(rows, channelRow.channel)
	if err != nil {
		return page.Of[notification.Channel]{}, fmt.Errorf("list channels: %w", err)
	}
	return paged(all, p, "channels", func(c notification.Channel) string { return c.Name }), nil
}

// EditChannel applies edit in one transaction. If version is not 0 it must be the stored one, else Conflict. An edit that
// changes nothing leaves the version. What waits for the channel is due at once after a change. edit may be called more
// than once, on fresh copies.
func (db *DB) EditChannel(ctx context.Context, name string, version int64, now time.Time, edit func(*notification.ChannelSpec) error) (notification.Channel, error) {
	return channelEdits.apply(ctx, db, name, version, now, edit)
}

func storeChannel(t *tx, old notification.Channel, c *notification.Channel, now time.Time) error {
	oldSpec, oldSecrets, err := encodeChannel(old.ChannelSpec)
	if err != nil {
		return err
	}
	spec, secrets, err := encodeChannel(c.ChannelSpec)
	if err != nil || spec == oldSpec && secrets == oldSecrets {
		return err
	}
	const update = `
		UPDATE notification_channel SET spec = ?, secrets = ?, paused = ?, version = ?, updated_at = ?
		WHERE name = ? AND version = ?`
	n, err := t.exec(update, spec, secrets, flag(c.Paused), old.Version+1, micros(now), c.Name, old.Version)
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("it was changed meanwhile: %w", fault.Conflict)
	}
	c.Version, c.UpdatedAt = old.Version+1, stored(now)
	const hurry = `UPDATE notification_delivery SET next_at = ? WHERE channel = ? AND state = 'waiting' AND next_at > ?`
	if _, err := t.exec(hurry, micros(now), c.Name, micros(now)); err != nil {
		return err
	}
	return t.recordThing(now, "notification_channel.edited", c.Name, "")
}

// DeleteChannel removes a channel with its deliveries. Conflict, naming them, while rules tell it.
func (db *DB) DeleteChannel(ctx context.Context, name string, version int64, now time.Time) error {
	err := db.update(ctx, func(t *tx) error {
		c, err := readChannel(t, name, t.session.dialect.locked())
		if err != nil {
			return err
		}
		if err := checkVersion("channel", name, version, c.Version); err != nil {
			return err
		}
		if err := refuseRuled(t, name); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM notification_channel WHERE name = ?`, name); err != nil {
			return err
		}
		return t.recordThing(now, "notification_channel.deleted", name, "")
	})
	if err != nil {
		return fmt.Errorf("delete channel %q: %w", name, err)
	}
	return nil
}

// refuseRuled returns a Conflict that names the rules which tell a channel, if there are any.
func refuseRuled(t *tx, channel string) error {
	var rows []struct{ Rule string }
	const ruled = `SELECT rule FROM notification_rule_channel WHERE channel = ? ORDER BY rule LIMIT 4`
	if err := t.all(&rows, ruled, channel); err != nil || len(rows) == 0 {
		return err
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = row.Rule
	}
	if len(names) > 3 {
		names[3] = "others"
	}
	return fmt.Errorf("rules tell it (%s): %w", strings.Join(names, ", "), fault.Conflict)
}
