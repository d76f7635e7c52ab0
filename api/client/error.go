package client

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
)

// maxProblem is the most that the client reads of a problem.
const maxProblem = 1 << 20

// Error is a problem that the conductor answered with.
type Error struct {
	wire.Problem
	// RetryAfter is how long the conductor asks to wait, or 0.
	RetryAfter time.Duration
}

// Error returns the detail and the wrong fields, a line each.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Title)
	if e.Detail != "" {
		b.Reset()
		b.WriteString(e.Detail)
	}
	if len(e.Errors) == 1 && strings.Contains(e.Detail, e.Errors[0].Reason) {
		return b.String()
	}
	for _, f := range e.Errors {
		b.WriteString("\n  " + f.Field + " " + f.Reason)
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// Is reports whether the problem is of a kind of internal/fault.
func (e *Error) Is(kind error) bool {
	switch kind {
	case fault.Invalid:
		return e.Status == http.StatusUnprocessableEntity
	case fault.Malformed:
		return e.Status == http.StatusBadRequest
	case fault.NotFound:
		return e.Status == http.StatusNotFound
	case fault.Conflict:
		return (e.Status == http.StatusConflict && !e.fenced()) || e.Status == http.StatusPreconditionFailed
	case fault.Fenced:
		return e.Status == http.StatusConflict && e.fenced()
	case fault.Unauthorized:
		return e.Status == http.StatusUnauthorized
	case fault.Forbidden:
		return e.Status == http.StatusForbidden
	case fault.TooLarge:
		return e.Status == http.StatusRequestEntityTooLarge
	case fault.Unavailable:
		return e.Status == http.StatusServiceUnavailable || e.Status == http.StatusBadGateway || e.Status == http.StatusGatewayTimeout
	}
	return false
}

func (e *Error) fenced() bool { return strings.HasSuffix(e.Type, ":fenced") }

// unreachable is a request that got no answer. It is of kind fault.Unavailable.
type unreachable struct{ cause error }

func (e *unreachable) Error() string        { return e.cause.Error() }
func (e *unreachable) Unwrap() error        { return e.cause }
func (e *unreachable) Is(target error) bool { return target == fault.Unavailable }

// passing reports whether the same request may succeed later.
func passing(err error) bool { return errors.Is(err, fault.Unavailable) }

func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// readProblem returns the answer as an *Error; an answer that is no problem document gets one made of its status.
func readProblem(res *http.Response) error {
	e := &Error{}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxProblem))
	if err != nil || json.Unmarshal(data, &e.Problem) != nil || e.Title == "" {
		e.Problem = wire.Problem{Type: "about:blank", Title: http.StatusText(res.StatusCode)}
	}
	e.Status = res.StatusCode
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && s > 0 {
		e.RetryAfter = min(time.Duration(s)*time.Second, time.Minute)
	}
	return e
}
