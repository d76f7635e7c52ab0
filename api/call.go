package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/api/strictjson"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// call is one request on its way through a handler.
type call struct {
	// w is for handlers that stream or set headers of their own.
	w http.ResponseWriter
	r *http.Request
	// path gives the path's parameters.
	path interface{ Param(name string) string }
	// by is the name under which the caller's changes are recorded.
	by string
	// key is the Idempotency-Key, or empty.
	key string
	// query holds only parameters that the route knows.
	query query

	limit    int64
	bodyRead bool
	body     []byte
}

// handler does what one route is for.
type handler func(c *call) (answer, error)

// answer is what a handler answers with.
type answer struct {
	// status is 200 if it is left at 0.
	status int
	// body is sent as JSON; nil sends none.
	body any
	// version becomes the ETag, unless it is 0.
	version int64
	// location becomes the header Location, unless it is empty.
	location string
	// written is true where the handler wrote the answer itself, stream where that went on for as long as the caller
	// listened, so that its time says nothing of the route's speed.
	written, stream bool
	// etag and replayed are set on an answer that was saved earlier.
	etag     string
	replayed bool
}

func (a answer) statusCode() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

func (a answer) tag() string {
	if a.version != 0 {
		return etag(a.version)
	}
	return a.etag
}

func ok(body any) (answer, error) { return answer{body: body}, nil }

func versioned(body any, version int64) (answer, error) {
	return answer{body: body, version: version}, nil
}

func (c *call) ctx() context.Context { return c.r.Context() }

// name returns a path parameter that names something. A text that cannot be a name names nothing.
func (c *call) name(param string) (string, error) {
	name := c.path.Param(param)
	if !task.ValidName(name) {
		return "", fmt.Errorf("there is nothing named %.80q: %w", name, fault.NotFound)
	}
	return name, nil
}

// runID returns the path parameter id. A text that cannot be an id names nothing.
func (c *call) runID() (task.RunID, error) {
	id := c.path.Param("id")
	if !validID(id) {
		return "", fmt.Errorf("there is no run %.80q: %w", id, fault.NotFound)
	}
	return task.RunID(id), nil
}

// validID reports whether a text may be the id of a run.
func validID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		if b := id[i]; (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && (b < '0' || b > '9') && b != '-' && b != '_' {
			return false
		}
	}
	return true
}

// bytes returns the whole body. It is of kind fault.TooLarge where it is over the limit.
func (c *call) bytes() ([]byte, error) {
	if c.bodyRead {
		return c.body, nil
	}
	c.bodyRead = true
	if c.r.ContentLength > c.limit {
		return nil, tooLarge(c.limit)
	}
	if c.r.ContentLength == 0 || c.r.Body == nil {
		return nil, nil
	}
	var buf bytes.Buffer
	if c.r.ContentLength > 0 {
		buf.Grow(int(c.r.ContentLength) + bytes.MinRead)
	}
	// The deadline is taken back, or it would end the request once it passes.
	control := http.NewResponseController(c.w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout))
	defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	_, err := buf.ReadFrom(http.MaxBytesReader(c.w, c.r.Body, c.limit))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, tooLarge(c.limit)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the body could not be read: %w", fault.Malformed, err)
	}
	c.body = buf.Bytes()
	return c.body, nil
}

func tooLarge(limit int64) error {
	return fmt.Errorf("%w: a body may have at most %d bytes", fault.TooLarge, limit)
}

// read reads the body, which must be there, into v.
func (c *call) read(v any) error {
	body, err := c.json("application/json")
	if err != nil {
		return err
	}
	return strictjson.Decode(body, v)
}

// readOptional reads the body into v if there is one.
func (c *call) readOptional(v any) error {
	body, err := c.bytes()
	if err != nil || len(body) == 0 {
		return err
	}
	return c.read(v)
}

// json returns the body of a request that must be one of the content types.
func (c *call) json(types ...string) ([]byte, error) {
	body, err := c.bytes()
	if err != nil || len(body) == 0 {
		return body, err
	}
	if e := c.r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, unsupported("the body must not be encoded, but Content-Encoding is " + fmt.Sprintf("%.40q", e))
	}
	given := c.r.Header.Get("Content-Type")
	media := given
	if given != types[0] {
		media, _, _ = mime.ParseMediaType(given)
	}
	if slices.Contains(types, media) {
		return body, nil
	}
	return nil, unsupported("the body must be " + strings.Join(types, " or ") + ", but Content-Type is " + fmt.Sprintf("%.80q", given))
}

func unsupported(detail string) error {
	return &refusal{status: http.StatusUnsupportedMediaType, slug: "unsupported-media-type", title: "Unsupported media type", detail: detail}
}
