package task

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/segno-jobs/segno/internal/fault"
)

// ValidName reports whether name may name a task, a job server, a virtual server or a plan: 1 to MaxName of
// a-z 0-9 - _ and . but neither "." nor "..", so that a name is always one element of a URL or of a file's path.
func ValidName(name string) bool {
	if name == "" || len(name) > MaxName || name == "." || name == ".." {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// CheckName returns a field error unless [ValidName] accepts name.
func CheckName(field, name string) error {
	switch {
	case name == "":
		return fault.Field(field, "must not be empty")
	case !ValidName(name):
		return fault.Field(field, `must be 1 to %d of a-z 0-9 - _ . and not "." or ".."`, MaxName)
	}
	return nil
}

// CheckText returns a field error unless text is at most limit bytes of UTF-8 without a NUL byte.
func CheckText(field, text string, limit int) error {
	switch {
	case len(text) > limit:
		return fault.Field(field, "must be at most %d bytes, not %d", limit, len(text))
	case strings.IndexByte(text, 0) >= 0:
		return fault.Field(field, "must not contain a NUL byte")
	case !utf8.ValidString(text):
		return fault.Field(field, "must be UTF-8")
	}
	return nil
}

// CheckLabels returns the field errors of a set of labels: at most MaxLabels, keys of 1 to MaxName letters, digits
// and - _ . /, values of at most MaxLabelValue bytes without control characters. Paths are field.<key>.
func CheckLabels(field string, labels map[string]string) error {
	if len(labels) > MaxLabels {
		return fault.Field(field, "must be at most %d labels, not %d", MaxLabels, len(labels))
	}
	var found problems
	for _, key := range sortedKeys(labels) {
		path := field + "." + clip(key)
		if !validLabelKey(key) {
			found.add(fault.Field(path, "must have a key of 1 to %d letters, digits and - _ . /", MaxName))
		}
		if err := CheckText(path, labels[key], MaxLabelValue); err != nil {
			found.add(err)
		} else if strings.ContainsFunc(labels[key], isControl) {
			found.add(fault.Field(path, "must not contain control characters"))
		}
	}
	return found.join()
}

func validLabelKey(key string) bool {
	return key != "" && len(key) <= MaxName && !strings.ContainsFunc(key, func(r rune) bool {
		return !isLetter(r) && !isDigit(r) && !strings.ContainsRune("-_./", r)
	})
}

// validIdentifier reports whether s is [A-Za-z_][A-Za-z0-9_]* of at most limit bytes.
func validIdentifier(s string, limit int) bool {
	if s == "" || len(s) > limit || isDigit(rune(s[0])) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !isLetter(r) && !isDigit(r) && r != '_' })
}

func isLetter(r rune) bool  { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
func isDigit(r rune) bool   { return r >= '0' && r <= '9' }
func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// clip shortens a key that came from outside, so that a path in an answer stays readable.
func clip(s string) string {
	if len(s) <= MaxName {
		return s
	}
	return strings.ToValidUTF8(s[:MaxName], "") + "…"
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
