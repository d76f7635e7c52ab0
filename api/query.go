package api

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/segno-jobs/segno/api/strictjson"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
)

const (
	// maxQueryValue is the length of one value in a query.
	maxQueryValue = 1024
	// maxQueryValues is how many values a query may have.
	maxQueryValues = 100
)

// query is the query of a request. Its methods collect what is wrong; see err.
type query struct {
	values url.Values
	faults []error
}

// readQuery reads a raw query and refuses parameters that the route does not know.
func readQuery(raw string, known []string) (query, error) {
	if raw == "" {
		return query{}, nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return query{}, fmt.Errorf("%w: the query cannot be read: %w", fault.Malformed, err)
	}
	q := query{values: values}
	var unknown []error
	count := 0
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, name) {
			unknown = append(unknown, fault.Field(fmt.Sprintf("%.80s", strings.ToValidUTF8(name, "?")), "is not a parameter of this route"))
			continue
		}
		for _, v := range values[name] {
			count++
			if len(v) > maxQueryValue || !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
				q.refuse(name, "must be at most %d bytes of UTF-8 without NUL", maxQueryValue)
			}
		}
	}
	if len(unknown) > 0 {
		return q, strictjson.Malformed(unknown...)
	}
	if count > maxQueryValues {
		return q, fmt.Errorf("%w: a query may have at most %d values", fault.Malformed, maxQueryValues)
	}
	return q, q.err()
}

func (q *query) refuse(name, reason string, args ...any) {
	q.faults = append(q.faults, fault.Field(name, reason, args...))
}

// err returns what was wrong with the values that were asked for.
func (q *query) err() error { return errors.Join(q.faults...) }

// text returns the value of a parameter, or "".
func (q *query) text(name string) string {
	v := q.values[name]
	if len(v) > 1 {
		q.refuse(name, "must be given once")
	}
	if len(v) == 0 {
		return ""
	}
	return v[0]
}

// list returns all values of a parameter, which may be repeated or hold commas.
func (q *query) list(name string) []string {
	var out []string
	for _, v := range q.values[name] {
		for part := range strings.SplitSeq(v, ",") {
			if part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// oneOf returns the value of a parameter that must be one of a few words, or "".
func (q *query) oneOf(name string, words ...string) string {
	v := q.text(name)
	if v != "" && !slices.Contains(words, v) {
		q.refuse(name, "must be one of %s, not %.80q", strings.Join(words, ", "), v)
	}
	return v
}

func (q *query) flag(name string) bool {
	switch v := q.text(name); v {
	case "", "false", "0":
		return false
	case "true", "1":
		return true
	default:
		q.refuse(name, "must be true or false, not %.80q", v)
		return false
	}
}

// whole returns the whole number of a parameter within bounds, or otherwise where it is not given.
func (q *query) whole(name string, least, most, otherwise int64) int64 {
	v := q.text(name)
	if v == "" && !q.values.Has(name) {
		return otherwise
	}
	i, err := strconv.ParseInt(v, 10, 64)
	if err == nil && i >= least && i <= most {
		return i
	}
	if most == math.MaxInt64 {
		q.refuse(name, "must be a whole number from %d, not %.80q", least, v)
	} else {
		q.refuse(name, "must be a whole number from %d to %d, not %.80q", least, most, v)
	}
	return otherwise
}

// instant returns the instant of a parameter, or the zero instant.
func (q *query) instant(name string) time.Time {
	v := q.text(name)
	if v == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		q.refuse(name, "must be an instant such as 2026-01-31T09:05:00Z, not %.80q", v)
		return time.Time{}
	}
	return t.UTC()
}

// page returns the page that is asked for.
func (q *query) page() page.Request {
	return page.Request{Limit: int(q.whole("limit", 1, page.MaxLimit, page.DefaultLimit)), Cursor: q.text("cursor")}
}

// pairs returns values of the form key=value.
func (q *query) pairs(name string) map[string]string {
	var out map[string]string
	for _, v := range q.list(name) {
		key, value, found := strings.Cut(v, "=")
		if !found || key == "" {
			q.refuse(name, "must be key=value, not %.80q", v)
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[key] = value
	}
	return out
}
