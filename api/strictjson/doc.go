// Package strictjson reads JSON that people write. Unlike encoding/json it refuses duplicate keys at any depth, unknown
// keys, keys in another case, invalid UTF-8, half surrogate pairs, deep nesting and trailing data, and it names the place
// of every fault as the writer sees it, such as "job.command[0]".
//
// Errors are of kind fault.Malformed where the text cannot be read or has keys that nobody knows, and of kind
// fault.Invalid where a value has the wrong type or is out of its type's range. Both hold field errors, see fault.Fields.
package strictjson

import (
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
)

const (
	// MaxDepth is how deep objects and arrays may stand in one another.
	MaxDepth = 32
	// maxFaults is how many faults are told of one document.
	maxFaults = 20
)

// malformed is an error of kind fault.Malformed, with the fields that are at fault.
type malformed struct {
	detail string
	fields []error
}

func (e *malformed) Error() string { return e.detail }

func (e *malformed) Unwrap() []error { return append([]error{fault.Malformed}, e.fields...) }

// Malformed returns an error of kind fault.Malformed that names the fields at fault.
func Malformed(fields ...error) error {
	texts := make([]string, len(fields))
	for i, f := range fields {
		texts[i] = f.Error()
	}
	return &malformed{detail: strings.Join(texts, "; "), fields: fields}
}

// under puts a key behind the path of an object.
func under(path, key string) string {
	if len(key) > 80 {
		key = strings.ToValidUTF8(key[:80], "") + "…"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
