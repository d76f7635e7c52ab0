package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/notification"
)

const (
	insertDelivery = `
		INSERT INTO notification_delivery (id, channel, event, kind, notice, state, tries, next_at, since, created_at, ended_at, last_error)
		SELECT CAST(? AS TEXT), name, CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), 0,
			CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS TEXT)
		FROM notification_channel WHERE name = ?
		ON CONFLICT (channel, event) DO NOTHING`

	countWaiting = `SELECT count(*) FROM notification_delivery WHERE channel = ? AND state = 'waiting'`
)

// PostNotices puts deliveries into the outbox, in their order, and moves the follower on past the events that they are
// about, in one transaction. Conflict where the follower stands elsewhere: then nothing was stored. A channel that is gone
// is passed over, and so is an event that the channel was told of. Where [notification.MaxWaiting] wait for a channel
// already, a further delivery is dead from the start and says why.
func (db *DB) PostNotices(ctx context.Context, follower string, from, to int64, ds []notification.Delivery, now time.Time) error {
	notices := make([]string, len(ds))
	for i, d := range ds {
		var err error
		if notices[i], err = encode(d.Notice, "notice of delivery", d.ID); err != nil {
			return err
		}
	}
	err := db.update(ctx, func(t *tx) error {
		if err := t.advance(follower, from, to); err != nil {
			return err
		}
		waiting := map[string]int{}
		for i, d := range ds {
			if err := post(t, d, notices[i], waiting, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("put %d notices into the outbox: %w", len(ds), err)
	}
	return nil
}

// post stores one delivery. Waiting counts what waits by channel.
func post(t *tx, d notification.Delivery, notice string, waiting map[string]int, now time.Time) error {
	n, counted := waiting[d.Channel]
	if !counted {
		if err := t.get(&n, countWaiting, d.Channel); err != nil {
			return err
		}
	}
	state, reason, ended := notification.Waiting, "", any(nil)
	if n >= notification.MaxWaiting {
		state, ended = notification.Dead, micros(now)
		reason = fmt.Sprintf("%d deliveries waited for the channel already", n)
	}
	at := micros(now)
	written, err := t.exec(insertDelivery, d.ID, d.EventID, string(d.Notice.Event), clean(notice), string(state), at, at, at, ended,
		reason, d.Channel)
	if err != nil {
		return err
	}
	if written > 0 && state == notification.Waiting {
		n++
	}
	waiting[d.Channel] = n
	return nil
}

// headsOfQueues is the first waiting delivery of each channel that is not paused, where it is due.
const headsOfQueues = `
	SELECT d.channel FROM notification_channel c JOIN notification_delivery d ON d.sequence =
		(SELECT min(w.sequence) FROM notification_delivery w WHERE w.channel = c.name AND w.state = 'waiting')
	WHERE c.paused = 0 AND d.next_at <= ? ORDER BY d.sequence LIMIT 1000`

// DueChannels returns the channels that are to be told of something now, those first whose notice is the oldest.
func (db *DB) DueChannels(ctx context.Context, now time.Time) ([]string, error) {
	var rows []struct{ Channel string }
	if err := db.view(ctx).all(&rows, headsOfQueues, micros(now)); err != nil {
		return nil, fmt.Errorf("look for notices that are due: %w", err)
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = row.Channel
	}
	return names, nil
}

// BeginTry takes the first waiting delivery of a channel that is not paused, if it is due, and counts a further try that
// may take until until: nobody else begins one before. It returns the channel with it, and false where nothing is due.
func (db *DB) BeginTry(ctx context.Context, channel string, now, until time.Time) (d notification.Delivery, c notification.Channel, ok bool, err error) {
	err = db.update(ctx, func(t *tx) error {
		ok = false
		if c, err = readChannel(t, channel, ""); err != nil {
			if isMissing(err) {
				return nil
			}
			return err
		}
		var row deliveryRow
		first := `SELECT ` + deliveryColumns + ` FROM notification_delivery
			WHERE channel = ? AND state = 'waiting' ORDER BY sequence LIMIT 1` + t.session.dialect.locked()
		err := t.get(&row, first, channel)
		if isNone(err) || err == nil && (c.Paused || row.NextAt > micros(now)) {
			return nil
		}
		if err != nil {
			return err
		}
		row.Tries++
		row.NextAt = micros(until)
		if _, err := t.exec(`UPDATE notification_delivery SET tries = ?, next_at = ? WHERE sequence = ?`,
			row.Tries, row.NextAt, row.Sequence); err != nil {
			return err
		}
		d, err = row.delivery()
		ok = err == nil
		return err
	})
	if err != nil {
		return d, c, false, fmt.Errorf("begin to tell channel %q: %w", channel, err)
	}
	return d, c, ok, nil
}

// EndTry stores how a try ended. Conflict where the delivery is not as it was when the try began: another try was begun
// meanwhile, or an operator has revived it.
func (db *DB) EndTry(ctx context.Context, d notification.Delivery) error {
	const update = `
		UPDATE notification_delivery SET state = ?, next_at = ?, ended_at = ?, last_error = ?
		WHERE sequence = ? AND state = 'waiting' AND tries = ?`
	err := db.update(ctx, func(t *tx) error {
		n, err := t.exec(update, string(d.State), micros(d.NextAt), microsOrNil(d.EndedAt), clean(d.LastError), d.Sequence, d.Tries)
		if err == nil && n == 0 {
			return fmt.Errorf("it was tried again meanwhile: %w", fault.Conflict)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("note how delivery %s went: %w", d.ID, err)
	}
	return nil
}
