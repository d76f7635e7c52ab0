package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// edits is how a kind of thing is edited that operators write: a T, of which they change the part S. It has a name, which
// stays, and a version, which counts edits from 1.
type edits[T, S any] struct {
	// noun names a T in errors.
	noun string
	read func(r reader, name, lock string) (T, error)
	// of returns the part that an edit may change, and what it is known by.
	of func(*T) (part *S, name string, version int64)
	// store writes what an edit has made of old, as the next version. It does nothing where the two are alike.
	store func(t *tx, old T, edited *T, now time.Time) error
}

// apply edits the thing with that name in one transaction. If version is not 0 it must be the stored one, else Conflict.
// edit may be called more than once, on fresh copies.
func (e edits[T, S]) apply(ctx context.Context, db *DB, name string, version int64, now time.Time, edit func(*S) error) (edited T, err error) {
	err = db.update(ctx, func(t *tx) error {
		edited, err = e.within(t, name, version, now, edit)
		return err
	})
	if err != nil {
		var none T
		return none, fmt.Errorf("edit %s %q: %w", e.noun, name, err)
	}
	return edited, nil
}

// within is apply in a transaction that the caller has begun.
func (e edits[T, S]) within(t *tx, name string, version int64, now time.Time, edit func(*S) error) (edited T, err error) {
	old, err := e.read(t, name, t.session.dialect.locked())
	if err != nil {
		return edited, err
	}
	_, _, is := e.of(&old)
	if err := checkVersion(e.noun, name, version, is); err != nil {
		return edited, err
	}
	// Read a second time, so that an edit in place leaves old as it was.
	if edited, err = e.read(t, name, ""); err != nil {
		return edited, err
	}
	part, _, _ := e.of(&edited)
	if err := edit(part); err != nil {
		return edited, err
	}
	if _, called, _ := e.of(&edited); called != name {
		return edited, fault.Field("name", "cannot be changed")
	}
	return edited, e.store(t, old, &edited, now)
}

// each makes a thing of each row.
func each[R, T any](rows []R, of func(R) (T, error)) (all []T, err error) {
	all = make([]T, len(rows))
	for i, row := range rows {
		if all[i], err = of(row); err != nil {
			return nil, err
		}
	}
	return all, nil
}
