// Package plainjson reads JSON that is written just as it is expected, for a fraction of what encoding/json costs.
//
// The short texts that Segno's own programs pass one another have the same members in the same order each time. A reader
// says what it expects, piece by piece, and a [Text] follows it. Where the text has anything else, be it a blank, a member
// that is not known, or an escaped character, the Text fails, which is no error: the reader gives the text to encoding/json
// then. What a Text reads without failing is what encoding/json would have read.
package plainjson

import "bytes"

// maxDigits is how many digits a number may have that certainly fits an int64.
const maxDigits = 18

// Text is JSON that is being read. Once it has failed, all that is read of it is empty.
type Text struct {
	rest   []byte
	failed bool
}

// Of returns a Text at the begin of some JSON, which must not change while it is read.
func Of(json []byte) Text { return Text{rest: json} }

// Done reports whether the text was read to its end, and was all as expected.
func (t *Text) Done() bool { return !t.failed && len(t.rest) == 0 }

// Must reads what has to follow, such as `{"run":`.
func (t *Text) Must(follow string) {
	if !t.Has(follow) {
		t.failed = true
	}
}

// Has reads what may follow, such as `,"error":`, and reports whether it did.
func (t *Text) Has(follow string) bool {
	if t.failed || len(t.rest) < len(follow) || string(t.rest[:len(follow)]) != follow {
		return false
	}
	t.rest = t.rest[len(follow):]
	return true
}

// String reads a string of ASCII characters of which none is escaped.
func (t *Text) String() string {
	t.Must(`"`)
	end := bytes.IndexByte(t.rest, '"')
	if t.failed || end < 0 {
		t.failed = true
		return ""
	}
	for _, c := range t.rest[:end] {
		if c == '\\' || c < ' ' || c > '~' {
			t.failed = true
			return ""
		}
	}
	s := string(t.rest[:end])
	t.rest = t.rest[end+1:]
	return s
}

// Strings reads an array of strings that is not empty.
func (t *Text) Strings() []string {
	t.Must(`[`)
	list := []string{t.String()}
	for t.Has(`,`) {
		list = append(list, t.String())
	}
	t.Must(`]`)
	return list
}

// StringMap reads an object of strings that is not empty.
func (t *Text) StringMap() map[string]string {
	t.Must(`{`)
	all := map[string]string{}
	for more := true; more; more = t.Has(`,`) {
		name := t.String()
		t.Must(`:`)
		all[name] = t.String()
	}
	t.Must(`}`)
	return all
}

// Int reads a whole number of at most 18 digits.
func (t *Text) Int() int64 {
	negative := t.Has(`-`)
	digits, number := 0, int64(0)
	for digits < len(t.rest) && digits <= maxDigits && '0' <= t.rest[digits] && t.rest[digits] <= '9' {
		number = 10*number + int64(t.rest[digits]-'0')
		digits++
	}
	if t.failed || digits == 0 || digits > maxDigits || t.rest[0] == '0' && (digits > 1 || negative) {
		t.failed = true
		return 0
	}
	t.rest = t.rest[digits:]
	if negative {
		return -number
	}
	return number
}
