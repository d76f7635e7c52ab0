package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/fault"
)

// kinds is the one table from kinds of error to statuses, asked from the top.
var kinds = []struct {
	kind   error
	status int
	slug   string
	title  string
}{
	{fault.Malformed, http.StatusBadRequest, "malformed", "Malformed request"},
	{fault.Unauthorized, http.StatusUnauthorized, "unauthorized", "Who are you?"},
	{fault.Forbidden, http.StatusForbidden, "forbidden", "Not allowed"},
	{fault.NotFound, http.StatusNotFound, "not-found", "Not found"},
	{fault.TooLarge, http.StatusRequestEntityTooLarge, "too-large", "Too large"},
	{fault.Fenced, http.StatusConflict, "fenced", "Replaced by a newer attempt"},
	{fault.Conflict, http.StatusConflict, "conflict", "Conflict"},
	{fault.Unavailable, http.StatusServiceUnavailable, "unavailable", "Unavailable for now"},
	{fault.Invalid, http.StatusUnprocessableEntity, "invalid", "Invalid values"},
}

// retryAfter is what a caller is told to wait when the conductor is unavailable, in seconds.
const retryAfter = 1

// refusal is an error that only HTTP has: it stands for its own problem.
type refusal struct {
	status int
	slug   string
	title  string
	detail string
}

func (e *refusal) Error() string { return e.detail }

func problemType(slug string) string { return "urn:segno:problem:" + slug }

// problemOf returns the problem that stands for err, and whether err is an internal error whose cause must be hidden.
func problemOf(err error) (p wire.Problem, internal bool) {
	if r, ok := errors.AsType[*refusal](err); ok {
		return wire.Problem{Type: problemType(r.slug), Title: r.title, Status: r.status, Detail: r.detail}, false
	}
	for _, k := range kinds {
		if errors.Is(err, k.kind) {
			return wire.Problem{
				Type: problemType(k.slug), Title: k.title, Status: k.status, Detail: detailOf(err), Errors: fieldsOf(err),
			}, false
		}
	}
	return wire.Problem{
		Type: problemType("internal"), Title: "Internal error", Status: http.StatusInternalServerError,
		Detail: "The conductor could not answer this request. Its log holds the cause under this request id.",
	}, true
}

func detailOf(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

func fieldsOf(err error) []wire.FieldProblem {
	var out []wire.FieldProblem
	for _, f := range fault.Fields(err) {
		out = append(out, wire.FieldProblem{Field: f.Field, Reason: f.Reason})
	}
	return out
}

// fail answers with the problem that err stands for and returns its status.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, route string, err error) int {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return statusClientGone // Nobody is there to read an answer.
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(fault.Unavailable, err)
	}
	p, internal := problemOf(err)
	if internal {
		p.RequestID = rand.Text()
		s.log.LogAttrs(r.Context(), slog.LevelError, "a request failed",
			slog.String("request_id", p.RequestID), slog.String("route", route), slog.Any("error", err))
	}
	h := w.Header()
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="segno"`)
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.Itoa(retryAfter))
	case http.StatusRequestEntityTooLarge:
		h.Set("Connection", "close")
	}
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte(`{}`)
	}
	h.Set("Content-Type", wire.ProblemType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
	return p.Status
}

// statusClientGone is what is counted where the caller went away before the answer.
const statusClientGone = 499
