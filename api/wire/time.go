package wire

import (
	"fmt"
	"time"
)

const layout = "2006-01-02T15:04:05.000Z"

// Time is an instant. Its JSON is RFC 3339 in UTC with milliseconds, such as "2026-01-31T09:05:00.250Z".
type Time struct{ time.Time }

// At returns the instant t.
func At(t time.Time) Time { return Time{t} }

// AtOrNil returns the instant t, or nil for the zero instant.
func AtOrNil(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}

func optional(t *time.Time) *Time {
	if t == nil {
		return nil
	}
	return &Time{*t}
}

// MarshalJSON writes the instant in UTC with milliseconds.
func (t Time) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, len(layout)+2)
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, layout)
	return append(b, '"'), nil
}

// UnmarshalJSON reads an instant as RFC 3339, in any zone.
func (t *Time) UnmarshalJSON(data []byte) error {
	if len(data) < 2 || data[0] != '"' || data[len(data)-1] != '"' {
		return fmt.Errorf("an instant is a string such as \"2026-01-31T09:05:00Z\", not %s", data)
	}
	return t.UnmarshalText(data[1 : len(data)-1])
}

// MarshalText writes the instant in UTC with milliseconds.
func (t Time) MarshalText() ([]byte, error) { return t.UTC().AppendFormat(nil, layout), nil }

// UnmarshalText reads an instant as RFC 3339, in any zone.
func (t *Time) UnmarshalText(text []byte) error {
	v, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return fmt.Errorf("%q is not an instant such as \"2026-01-31T09:05:00Z\"", text)
	}
	t.Time = v.UTC()
	return nil
}
