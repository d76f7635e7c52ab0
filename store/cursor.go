package store

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
)

// cursor writes the key of a page's last item so that callers do not take it apart. kind tells the lists apart.
func cursor(kind, key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kind + ":" + key))
}

// after reads the key out of a cursor of the same kind; an empty cursor gives "".
func after(kind, c string) (string, error) {
	if c == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(c)
	key, ok := strings.CutPrefix(string(raw), kind+":")
	if err != nil || !ok || key == "" || clean(key) != key {
		return "", fault.Field("cursor", "is not one that this list has given")
	}
	return key, nil
}

func afterNumber(kind, c string) (int64, error) {
	key, err := after(kind, c)
	if err != nil || key == "" {
		return 0, err
	}
	n, err := strconv.ParseInt(key, 10, 64)
	if err != nil {
		return 0, fault.Field("cursor", "is not one that this list has given")
	}
	return n, nil
}

// paged makes a page of items that were read with one more than the page holds.
func paged[T any](items []T, p page.Request, kind string, key func(T) string) page.Of[T] {
	size := p.Size()
	if len(items) <= size {
		return page.Of[T]{Items: items}
	}
	items = items[:size]
	return page.Of[T]{Items: items, Next: cursor(kind, key(items[size-1]))}
}

// conditions are the parts of a WHERE clause, joined by AND, and their arguments.
type conditions struct {
	parts []string
	args  []any
}

func (c *conditions) add(part string, args ...any) {
	c.parts = append(c.parts, part)
	c.args = append(c.args, args...)
}

// in adds "column IN (…)"; the list must not be empty.
func in[T ~string](c *conditions, column string, values []T) {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = string(v)
	}
	c.add(column+" IN (?"+strings.Repeat(", ?", len(values)-1)+")", args...)
}

// notIn adds "column NOT IN (…)"; the list must not be empty.
func notIn(c *conditions, column string, values []string) {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	c.add(column+" NOT IN (?"+strings.Repeat(", ?", len(values)-1)+")", args...)
}

// contains adds "column contains text". Names are lower case.
func (c *conditions) contains(column, text string) {
	c.containsAny(text, column)
}

// containsAny adds "one of the columns contains text". What the columns hold must be lower case.
func (c *conditions) containsAny(text string, columns ...string) {
	escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text))
	var parts []string
	var args []any
	for _, column := range columns {
		parts, args = append(parts, column+` LIKE ? ESCAPE '\'`), append(args, "%"+escaped+"%")
	}
	c.add("("+strings.Join(parts, " OR ")+")", args...)
}

// where returns the clause, or nothing where there are no conditions.
func (c *conditions) where() string {
	if len(c.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.parts, " AND ")
}
