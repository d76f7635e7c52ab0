package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/segno-jobs/segno/api/strictjson"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
)

// listed answers with one page of a list. The filters must have been read from the query before.
func listed[D, W any](c *call, f func(D) W, read func(context.Context, page.Request) (page.Of[D], error)) (answer, error) {
	p := c.query.page()
	if err := c.query.err(); err != nil {
		return answer{}, err
	}
	got, err := read(c.ctx(), p)
	if err != nil {
		return answer{}, err
	}
	return ok(wire.PageOf(got, f))
}

// edit is a PATCH: what it is to be applied to, and the merge patch, which fits documents of the kind.
type edit struct {
	name    string
	version int64
	patch   []byte
}

// mergePatch is the content type of a merge patch.
const mergePatch = "application/merge-patch+json"

// readEdit reads a PATCH of a document of type T.
func readEdit[T any](c *call) (edit, error) {
	name, err := c.name("name")
	if err != nil {
		return edit{}, err
	}
	version, patch, err := readPatch[T](c)
	return edit{name: name, version: version, patch: patch}, err
}

// readPatch reads a merge patch for a document of type T, and the version that it is for.
func readPatch[T any](c *call) (version int64, patch []byte, err error) {
	if version, err = c.ifMatch(); err != nil {
		return 0, nil, err
	}
	if patch, err = c.json(mergePatch, "application/json"); err != nil {
		return 0, nil, err
	}
	return version, patch, strictjson.CheckPatch[T](patch)
}

// deleted removes something under If-Match.
func deleted(c *call, remove func(context.Context, string, int64) error, stored func(*call, string) func() (int64, error)) (answer, error) {
	name, err := c.name("name")
	if err != nil {
		return answer{}, err
	}
	version, err := c.ifMatch()
	if err != nil {
		return answer{}, err
	}
	if err := edited(remove(c.ctx(), name, version), version, stored(c, name)); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}

// keepsName refuses to rename: the name is the address of the document.
func keepsName(before, after string) error {
	if before != after {
		return fault.Field("name", "cannot be changed from %q", before)
	}
	return nil
}

// missing returns the error of a path that names something which does not exist.
func missing(kind, name string) error {
	return fmt.Errorf("there is no %s %.80q: %w", kind, name, fault.NotFound)
}
