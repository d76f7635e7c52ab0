package store

import (
	"strings"
	"time"
	"unicode/utf8"
)

// micros is the stored form of an instant.
func micros(t time.Time) int64 { return t.UnixMicro() }

// microsOrNil is the stored form of an instant that may be missing.
func microsOrNil(t *time.Time) any {
	if t == nil || t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func instant(us int64) time.Time { return time.UnixMicro(us).UTC() }

func instantOrNil(us *int64) *time.Time {
	if us == nil {
		return nil
	}
	t := instant(*us)
	return &t
}

// stored returns the instant as it will be read back.
func stored(t time.Time) time.Time { return instant(micros(t)) }

func storedOrNil(t *time.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	s := stored(*t)
	return &s
}

// spanMicros is the stored form of a span. It is rounded up: what must wait for a lease never waits for less.
func spanMicros(d time.Duration) int64 {
	us := d.Microseconds()
	if time.Duration(us)*time.Microsecond < d {
		us++
	}
	return us
}

func span(us int64) time.Duration { return time.Duration(us) * time.Microsecond }

// orNil is the stored form of a text that is missing when it is empty.
func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// clean returns s with what PostgreSQL cannot hold in a text, NUL and broken UTF-8, replaced by U+FFFD. Texts that
// come from a job go through it, so that they cannot make a delivery fail for ever.
func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// cut returns the first limit bytes of s, shortened to whole characters.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
