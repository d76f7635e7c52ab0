package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/audit"
	"github.com/segno-jobs/segno/internal/page"
)

// update runs one change in the writer's next transaction. What an operator does with it is kept in the same transaction.
func (db *DB) update(ctx context.Context, do func(t *tx) error) error {
	deed := audit.From(ctx)
	err := db.writer.run(ctx, 1, func(t *tx, _ int) error {
		if err := do(t); err != nil || deed == nil {
			return err
		}
		return keepDeed(t, deed.Deed(audit.Done))
	})[0]
	if err == nil && deed != nil {
		deed.Stored()
	}
	return err
}

// RecordDeed keeps a deed that changed nothing: one that was refused, for example.
func (db *DB) RecordDeed(ctx context.Context, d audit.Deed) error {
	err := db.writer.run(ctx, 1, func(t *tx, _ int) error { return keepDeed(t, d) })[0]
	if err != nil {
		return fmt.Errorf("record that %s wanted %s: %w", d.By, d.Act, err)
	}
	return nil
}

// maxForgotten is how many old deeds go when a new one comes: their number cannot grow beyond what audit.Keep allows.
const maxForgotten = 4

func keepDeed(t *tx, d audit.Deed) error {
	const insert = `INSERT INTO audit (at, author, address, act, subject, reason, request, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	text := func(s string) string { return cut(clean(s), audit.MaxText) }
	_, err := t.exec(insert, micros(d.At), text(d.By), text(d.From), text(d.Act), text(d.Subject), text(d.Reason), text(d.Request), text(d.Outcome))
	if err != nil {
		return err
	}
	_, err = t.exec(`DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT ?) AND at < ?`, maxForgotten, micros(d.At.Add(-audit.Keep)))
	return err
}

type deedRow struct {
	ID      int64  `db:"id"`
	At      int64  `db:"at"`
	Author  string `db:"author"`
	Address string `db:"address"`
	Act     string `db:"act"`
	Subject string `db:"subject"`
	Reason  string `db:"reason"`
	Request string `db:"request"`
	Outcome string `db:"outcome"`
}

// Deeds returns what operators did, newest first.
func (db *DB) Deeds(ctx context.Context, f audit.Filter, p page.Request) (page.Of[audit.Deed], error) {
	last, err := afterNumber("audit", p.Cursor)
	if err != nil {
		return page.Of[audit.Deed]{}, err
	}
	var c conditions
	if last > 0 {
		c.add("id < ?", last)
	}
	for _, is := range [][2]string{{"author", f.By}, {"act", f.Act}, {"subject", f.Subject}} {
		if is[1] != "" {
			c.add(is[0]+" = ?", is[1])
		}
	}
	for _, at := range []struct {
		part string
		at   time.Time
	}{{"at >= ?", f.Since}, {"at < ?", f.Until}} {
		if !at.at.IsZero() {
			c.add(at.part, micros(at.at))
		}
	}
	var rows []deedRow
	query := `SELECT id, at, author, address, act, subject, reason, request, outcome FROM audit` + c.where() +
		fmt.Sprintf(` ORDER BY id DESC LIMIT %d`, p.Size()+1)
	if err := db.view(ctx).all(&rows, query, c.args...); err != nil {
		return page.Of[audit.Deed]{}, fmt.Errorf("list deeds: %w", err)
	}
	deeds := make([]audit.Deed, len(rows))
	for i, r := range rows {
		deeds[i] = audit.Deed{
			ID: r.ID, At: instant(r.At), By: r.Author, From: r.Address, Act: r.Act, Subject: r.Subject,
			Reason: r.Reason, Request: r.Request, Outcome: r.Outcome,
		}
	}
	return paged(deeds, p, "audit", func(d audit.Deed) string { return fmt.Sprint(d.ID) }), nil
}
