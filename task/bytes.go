package task

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Bytes is a number of bytes that is written as a number or as a string such as "64MiB" in JSON and YAML.
type Bytes int64

var byteUnits = []struct {
	suffix string
	factor int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// String returns the number with the largest binary unit that leaves it whole.
func (b Bytes) String() string {
	for i := 3; i >= 0; i-- {
		if u := byteUnits[i]; b != 0 && int64(b)%u.factor == 0 {
			return strconv.FormatInt(int64(b)/u.factor, 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// MarshalJSON writes a string such as "64MiB".
func (b Bytes) MarshalJSON() ([]byte, error) { return json.Marshal(b.String()) }

// UnmarshalText reads a number of bytes, or one with a unit such as "64MiB" or "1.5GB".
func (b *Bytes) UnmarshalText(text []byte) error {
	s, factor := strings.TrimSpace(string(text)), int64(1)
	for _, u := range byteUnits {
		if rest, ok := strings.CutSuffix(s, u.suffix); ok {
			s, factor = strings.TrimSpace(rest), u.factor
			break
		}
	}
	refused := fmt.Errorf("%.40q is not a size such as 1048576 or \"64MiB\"", text)
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		if v < 0 || v > maxBytes/factor {
			return refused
		}
		*b = Bytes(v * factor)
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0 && v*float64(factor) <= maxBytes) || strings.ContainsAny(s, "xXpP_") {
		return refused
	}
	*b = Bytes(v * float64(factor))
	return nil
}

// maxBytes is the largest size that can be read.
const maxBytes = 1 << 62

// UnmarshalJSON reads a JSON number or a string such as "64MiB". As encoding/json does, it leaves b alone on null.
func (b *Bytes) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var s string
	if json.Unmarshal(data, &s) == nil {
		return b.UnmarshalText([]byte(s))
	}
	return b.UnmarshalText(data)
}
