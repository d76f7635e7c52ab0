package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/notification"
)

const deliveryColumns = `sequence, id, channel, event, notice, state, tries, next_at, since, created_at, ended_at, last_error`

type deliveryRow struct {
	Sequence  int64
	ID        string
	Channel   string
	Event     int64
	Notice    string
	State     string
	Tries     int
	NextAt    int64 `db:"next_at"`
	Since     int64
	CreatedAt int64  `db:"created_at"`
	EndedAt   *int64 `db:"ended_at"`
	LastError string `db:"last_error"`
}

func (row deliveryRow) delivery() (notification.Delivery, error) {
	d := notification.Delivery{
		ID: row.ID, Sequence: row.Sequence, Channel: row.Channel, EventID: row.Event, State: notification.State(row.State),
		Tries: row.Tries, NextAt: instant(row.NextAt), Since: instant(row.Since), CreatedAt: instant(row.CreatedAt),
		EndedAt: instantOrNil(row.EndedAt), LastError: row.LastError,
	}
	return d, decode(row.Notice, &d.Notice, "notice of delivery", row.ID)
}

// Deliveries returns deliveries, newest first.
func (db *DB) Deliveries(ctx context.Context, f notification.DeliveryFilter, p page.Request) (page.Of[notification.Delivery], error) {
	last, err := afterNumber("deliveries", p.Cursor)
	if err != nil {
		return page.Of[notification.Delivery]{}, err
	}
	var c conditions
	if last > 0 {
		c.add("sequence < ?", last)
	}
	if f.Channel != "" {
		c.add("channel = ?", f.Channel)
	}
	if f.Event != "" {
		c.add("kind = ?", string(f.Event))
	}
	if len(f.States) > 0 {
		in(&c, "state", f.States)
	}
	var rows []deliveryRow
	query := `SELECT ` + deliveryColumns + ` FROM notification_delivery` + c.where() +
		fmt.Sprintf(` ORDER BY sequence DESC LIMIT %d`, p.Size()+1)
	if err := db.view(ctx).all(&rows, query, c.args...); err != nil {
		return page.Of[notification.Delivery]{}, fmt.Errorf("list deliveries: %w", err)
	}
	all := make([]notification.Delivery, len(rows))
	for i, row := range rows {
		if all[i], err = row.delivery(); err != nil {
			return page.Of[notification.Delivery]{}, fmt.Errorf("list deliveries: %w", err)
		}
	}
	return paged(all, p, "deliveries", func(d notification.Delivery) string { return strconv.FormatInt(d.Sequence, 10) }), nil
}

// Delivery returns the delivery with that id, or fault.NotFound.
func (db *DB) Delivery(ctx context.Context, id string) (notification.Delivery, error) {
	d, err := readDelivery(db.view(ctx), id, "")
	if err != nil {
		return notification.Delivery{}, fmt.Errorf("read delivery: %w", err)
	}
	return d, nil
}

func readDelivery(r reader, id, lock string) (notification.Delivery, error) {
	var row deliveryRow
	err := r.get(&row, `SELECT `+deliveryColumns+` FROM notification_delivery WHERE id = ?`+lock, id)
	if isNone(err) {
		return notification.Delivery{}, notFound("delivery", id)
	}
	if err != nil {
		return notification.Delivery{}, err
	}
	return row.delivery()
}

// ReviveDelivery lets a delivery be tried anew and at once: a dead one as if it had just been made, a waiting one before it
// is due. It keeps its id and its place. Conflict for one that was delivered.
func (db *DB) ReviveDelivery(ctx context.Context, id string, now time.Time) (d notification.Delivery, err error) {
	err = db.update(ctx, func(t *tx) error {
		if d, err = readDelivery(t, id, t.session.dialect.locked()); err != nil {
			return err
		}
		if d.State == notification.Delivered {
			return fmt.Errorf("it was delivered: %w", fault.Conflict)
		}
		if d.State == notification.Dead {
			d.State, d.Tries, d.Since, d.EndedAt = notification.Waiting, 0, stored(now), nil
		}
		d.NextAt = stored(now)
		const update = `
			UPDATE notification_delivery SET state = 'waiting', tries = ?, since = ?, next_at = ?, ended_at = NULL WHERE sequence = ?`
		_, err := t.exec(update, d.Tries, micros(d.Since), micros(now), d.Sequence)
		return err
	})
	if err != nil {
		return notification.Delivery{}, fmt.Errorf("try delivery %s again: %w", id, err)
	}
	return d, nil
}

// PruneDeliveries forgets deliveries that ended before the instant.
func (db *DB) PruneDeliveries(ctx context.Context, before time.Time) error {
	// A piece at a time, so that others get their turn at the writer.
	const remove = `
		DELETE FROM notification_delivery WHERE sequence IN
			(SELECT sequence FROM notification_delivery WHERE ended_at IS NOT NULL AND ended_at < ? ORDER BY ended_at LIMIT 500)`
	for removed := int64(1); removed > 0; {
		err := db.update(ctx, func(t *tx) (err error) {
			removed, err = t.exec(remove, micros(before))
			return err
		})
		if err != nil {
			return fmt.Errorf("forget deliveries: %w", err)
		}
	}
	return nil
}

// Backlog counts what waits in the outbox and what is dead.
func (db *DB) Backlog(ctx context.Context) (notification.Backlog, error) {
	var row struct {
		Waiting int64
		Oldest  *int64
		Dead    int64
	}
	const query = `
		SELECT count(*) AS waiting, min(created_at) AS oldest,
			(SELECT count(*) FROM notification_delivery WHERE state = 'dead') AS dead
		FROM notification_delivery WHERE state = 'waiting'`
	if err := db.view(ctx).get(&row, query); err != nil {
		return notification.Backlog{}, fmt.Errorf("count the outbox: %w", err)
	}
	b := notification.Backlog{Waiting: row.Waiting, Dead: row.Dead}
	if row.Oldest != nil {
		b.Oldest = instant(*row.Oldest)
	}
	return b, nil
}
