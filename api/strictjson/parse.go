package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/segno-jobs/segno/internal/fault"
)

// kind is the kind of a JSON value.
type kind byte

const (
	null kind = iota
	boolean
	number
	text
	array
	object
)

func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "an object"}[k]
}

// node is one JSON value.
type node struct {
	kind kind
	// key is set on members of an object.
	key string
	// raw is the value as it was written.
	raw []byte
	// inner are the members of an object or the elements of an array.
	inner []node
}

// parse reads exactly one JSON value.
func parse(data []byte) (node, error) {
	if !utf8.Valid(data) {
		return node{}, &malformed{detail: "the JSON is not valid UTF-8"}
	}
	p := parser{data: data}
	p.space()
	if p.pos == len(data) {
		return node{}, &malformed{detail: "the body is empty where a JSON document is expected"}
	}
	n, err := p.value(0)
	if err != nil {
		return node{}, err
	}
	p.space()
	if p.pos < len(data) {
		return node{}, p.fail("there is more after the end of the document")
	}
	if path, found := n.duplicate(); found {
		return node{}, Malformed(fault.Field(path, "is given more than once"))
	}
	return n, nil
}

type parser struct {
	data []byte
	pos  int
}

func (p *parser) fail(format string, args ...any) error {
	before := p.data[:min(p.pos, len(p.data))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return &malformed{detail: fmt.Sprintf("malformed JSON at line %d, column %d: ", line, column) + fmt.Sprintf(format, args...)}
}

func (p *parser) space() {
	for p.pos < len(p.data) {
		switch p.data[p.pos] {
		case ' ', '\t', '\r', '\n':
			p.pos++
		default:
			return
		}
	}
}

// peek returns the next byte, or 0 at the end; NUL is never valid outside of a string.
func (p *parser) peek() byte {
	if p.pos < len(p.data) {
		return p.data[p.pos]
	}
	return 0
}

func (p *parser) value(depth int) (node, error) {
	start := p.pos
	var n node
	var err error
	switch c := p.peek(); {
	case (c == '{' || c == '[') && depth >= MaxDepth:
		return n, p.fail("nested more than %d deep", MaxDepth)
	case c == '{':
		n.kind = object
		n.inner, err = p.members(depth + 1)
	case c == '[':
		n.kind = array
		n.inner, err = p.elements(depth + 1)
	case c == '"':
		n.kind = text
		err = p.text()
	case c == '-' || (c >= '0' && c <= '9'):
		n.kind = number
		err = p.number()
	case c == 't':
		n.kind = boolean
		err = p.literal("true")
	case c == 'f':
		n.kind = boolean
		err = p.literal("false")
	case c == 'n':
		err = p.literal("null")
	case p.pos >= len(p.data):
		err = p.fail("it ends where a value is expected")
	default:
		err = p.fail("a value is expected")
	}
	n.raw = p.data[start:p.pos]
	return n, err
}

func (p *parser) members(depth int) ([]node, error) {
	var inner []node
	p.pos++
	if p.space(); p.peek() == '}' {
		p.pos++
		return nil, nil
	}
	for {
		p.space()
		if p.peek() != '"' {
			return nil, p.fail("a key in double quotes is expected")
		}
		start := p.pos
		if err := p.text(); err != nil {
			return nil, err
		}
		key, err := unquote(p.data[start:p.pos])
		if err != nil {
			return nil, p.fail("the key cannot be read")
		}
		if p.space(); p.peek() != ':' {
			return nil, p.fail("a colon is expected after a key")
		}
		p.pos++
		p.space()
		n, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		n.key = key
		inner = append(inner, n)
		more, err := p.more('}')
		if err != nil || !more {
			return inner, err
		}
	}
}

func (p *parser) elements(depth int) ([]node, error) {
	var inner []node
	p.pos++
	if p.space(); p.peek() == ']' {
		p.pos++
		return nil, nil
	}
	for {
		p.space()
		n, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		inner = append(inner, n)
		more, err := p.more(']')
		if err != nil || !more {
			return inner, err
		}
	}
}

// more reads a comma, or the closing bracket.
func (p *parser) more(closing byte) (bool, error) {
	p.space()
	switch p.peek() {
	case ',':
		p.pos++
		return true, nil
	case closing:
		p.pos++
		return false, nil
	}
	return false, p.fail("a comma or %q is expected", string(closing))
}

func (p *parser) literal(word string) error {
	if !bytes.HasPrefix(p.data[p.pos:], []byte(word)) {
		return p.fail("a value is expected")
	}
	p.pos += len(word)
	return nil
}

func (p *parser) digits() bool {
	start := p.pos
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.pos++
	}
	return p.pos > start
}

func (p *parser) number() error {
	if p.peek() == '-' {
		p.pos++
	}
	leadingZero := p.peek() == '0'
	start := p.pos
	if !p.digits() || (leadingZero && p.pos > start+1) {
		return p.fail("this is no number")
	}
	if p.peek() == '.' {
		p.pos++
		if !p.digits() {
			return p.fail("a digit is expected after the point")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.pos++
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		if !p.digits() {
			return p.fail("a digit is expected in the exponent")
		}
	}
	return nil
}

// text passes over a string and checks its escapes.
func (p *parser) text() error {
	p.pos++
	for p.pos < len(p.data) {
		switch c := p.data[p.pos]; {
		case c == '"':
			p.pos++
			return nil
		case c < 0x20:
			return p.fail("a control character in a string must be escaped")
		case c == '\\':
			if err := p.escape(); err != nil {
				return err
			}
		default:
			p.pos++
		}
	}
	return p.fail("a string does not end")
}

func (p *parser) escape() error {
	if p.pos+1 >= len(p.data) {
		return p.fail("a string does not end")
	}
	switch p.data[p.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		p.pos += 2
		return nil
	case 'u':
		return p.unicode()
	}
	return p.fail("there is no such escape")
}

func (p *parser) unicode() error {
	r, ok := p.hex(p.pos)
	switch {
	case !ok:
		return p.fail("four hexadecimal digits are expected after \\u")
	case r >= 0xDC00 && r <= 0xDFFF:
		return p.fail("half a surrogate pair")
	case r >= 0xD800 && r <= 0xDBFF:
		low, ok := p.hex(p.pos + 6)
		if !ok || low < 0xDC00 || low > 0xDFFF {
			return p.fail("half a surrogate pair")
		}
		p.pos += 6
	}
	p.pos += 6
	return nil
}

// hex reads the escape \uXXXX at a position.
func (p *parser) hex(at int) (uint64, bool) {
	if at+6 > len(p.data) || p.data[at] != '\\' || p.data[at+1] != 'u' {
		return 0, false
	}
	for _, c := range p.data[at+2 : at+6] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return 0, false
		}
	}
	r, err := strconv.ParseUint(string(p.data[at+2:at+6]), 16, 32)
	return r, err == nil
}

// unquote returns the string that was written as raw, which parser.text has passed over.
func unquote(raw []byte) (string, error) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err
}

// duplicate returns the path of the first key that an object holds twice.
func (n node) duplicate() (path string, found bool) {
	if n.kind == object {
		if key, found := twice(n.inner); found {
			return under("", key), true
		}
	}
	for i, inner := range n.inner {
		path, found := inner.duplicate()
		if !found {
			continue
		}
		if n.kind == array {
			index := "[" + strconv.Itoa(i) + "]"
			if path[0] == '[' {
				return index + path, true
			}
			return index + "." + path, true
		}
		if path != "" && path[0] == '[' {
			return under("", inner.key) + path, true
		}
		return under(under("", inner.key), path), true
	}
	return "", false
}

func twice(members []node) (string, bool) {
	if len(members) <= 8 {
		for i := range members {
			for j := range i {
				if members[i].key == members[j].key {
					return members[i].key, true
				}
			}
		}
		return "", false
	}
	seen := make(map[string]struct{}, len(members))
	for _, m := range members {
		if _, was := seen[m.key]; was {
			return m.key, true
		}
		seen[m.key] = struct{}{}
	}
	return "", false
}
