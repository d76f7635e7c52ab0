package task

import (
	"encoding/json"
	"fmt"
	"time"
)

// Duration is a length of time that is written as a string such as "90s" or "2m" in JSON and YAML.
type Duration time.Duration

// String returns the duration as [time.Duration] prints it.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes the duration as a string such as "1m30s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a string such as "1m30s". It refuses text without a unit.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%.40q is not a duration such as \"90s\" or \"2m\"", text)
	}
	*d = Duration(v)
	return nil
}

// UnmarshalJSON reads a JSON string such as "1m30s". As encoding/json does, it leaves d alone on null.
func (d *Duration) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("a duration is a string such as \"90s\" or \"2m\", not %.40s", data)
	}
	return d.UnmarshalText([]byte(s))
}
