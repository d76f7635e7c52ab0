package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/segno-jobs/segno/api/wire"
)

// PageRequest asks for one page of a list. The zero value asks for the first.
type PageRequest struct {
	// Limit is 1 to 500; 0 leaves it to the conductor, which takes 50.
	Limit int
	// Cursor is NextCursor of the page before.
	Cursor string
}

func (p PageRequest) values(q url.Values) url.Values {
	if p.Limit != 0 {
		q.Set("limit", strconv.Itoa(p.Limit))
	}
	set(q, "cursor", p.Cursor)
	return q
}

// All returns an iterator over all items of a list, which reads page after page with list. It ends with the first error.
//
//	for run, err := range client.All(client.PageRequest{}, func(p client.PageRequest) (wire.Page[wire.Run], error) {
//		return c.Runs(ctx, client.RunFilter{}, p)
//	}) { … }
func All[T any](first PageRequest, list func(PageRequest) (wire.Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for p := first; ; {
			got, err := list(p)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range got.Items {
				if !yield(item, nil) {
					return
				}
			}
			if got.NextCursor == nil || *got.NextCursor == "" {
				return
			}
			p.Cursor = *got.NextCursor
		}
	}
}

func set(q url.Values, key, value string) {
	if value != "" {
		q.Set(key, value)
	}
}

// get reads one JSON document.
func get[T any](ctx context.Context, c *Client, q url.Values, segments ...string) (T, error) {
	var out T
	err := c.do(ctx, request{method: http.MethodGet, path: path(segments...), query: q}, &out)
	return out, err
}

// post sends a JSON document with a key of its own, so that the request can be repeated, and reads the answer.
func post[T any](ctx context.Context, c *Client, body any, segments ...string) (T, error) {
	var out T
	err := c.do(ctx, request{method: http.MethodPost, path: path(segments...), body: body, key: NewKey()}, &out)
	return out, err
}

// patch sends a merge patch for the version (0 for whatever is stored) and reads the answer.
func patch[T any](ctx context.Context, c *Client, version int64, body any, segments ...string) (T, error) {
	var out T
	err := c.do(ctx, request{
		method: http.MethodPatch, path: path(segments...), body: body, version: version, contentType: "application/merge-patch+json",
	}, &out)
	return out, err
}

func (c *Client) remove(ctx context.Context, version int64, segments ...string) error {
	return c.do(ctx, request{method: http.MethodDelete, path: path(segments...), version: version}, nil)
}
