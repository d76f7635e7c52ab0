package api

import (
	"context"
	"net/http"

	"github.com/segno-jobs/segno/api/strictjson"
)

// documents are the routes of what is kept as one document under each name: S as callers write it, V as it is kept.
type documents[S interface{ Validate() error }, V any] struct {
	// collection is their path below /api/v1.
	collection string
	// name is the name in a document, parts what V is made of: the document, and its version.
	name  func(S) string
	parts func(V) (S, int64)
	// body is V as it is answered.
	body func(V) any

	// store is nil where they are created with more than the document.
	store    func(context.Context, S) (V, error)
	load     func(ctx context.Context, name string) (V, error)
	change   func(ctx context.Context, name string, version int64, edit func(*S) error) (V, error)
	withdraw func(ctx context.Context, name string, version int64) error
}

// body returns f as a function whose answer may be anything.
func body[V, W any](f func(V) W) func(V) any { return func(v V) any { return f(v) } }

func (d documents[S, V]) create(c *call) (answer, error) {
	var spec S
	if err := c.read(&spec); err != nil {
		return answer{}, err
	}
	if err := spec.Validate(); err != nil {
		return answer{}, err
	}
	return d.created(d.store(c.ctx(), spec))
}

func (d documents[S, V]) created(v V, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	spec, version := d.parts(v)
	return answer{
		status: http.StatusCreated, body: d.body(v), version: version, location: location(d.collection, d.name(spec)),
	}, nil
}

func (d documents[S, V]) get(c *call) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	return d.one(d.load(c.ctx(), name))
}

func (d documents[S, V]) patch(c *call) (answer, error) {
	e, err := readEdit[S](c)
	if err != nil {
		return answer{}, err
	}
	return d.edit(c, e.name, e.version, func(stored S) (S, error) {
		var empty S
		return strictjson.Merge(stored, empty, e.patch)
	})
}

// edit applies a change to the stored document.
func (d documents[S, V]) edit(c *call, name string, version int64, change func(S) (S, error)) (answer, error) {
	v, err := d.change(c.ctx(), name, version, func(stored *S) error {
		after, err := change(*stored)
		if err != nil {
			return err
		}
		if err := keepsName(d.name(*stored), d.name(after)); err != nil {
			return err
		}
		*stored = after
		return after.Validate()
	})
	return d.one(v, edited(err, version, d.version(c, name)))
}

func (d documents[S, V]) remove(c *call) (answer, error) {
	return deleted(c, d.withdraw, d.version)
}

func (d documents[S, V]) one(v V, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	_, version := d.parts(v)
	return versioned(d.body(v), version)
}

// version returns what reads the version that is stored.
func (d documents[S, V]) version(c *call, name string) func() (int64, error) {
	return func() (int64, error) {
		v, err := d.load(c.ctx(), name)
		_, version := d.parts(v)
		return version, err
	}
}
