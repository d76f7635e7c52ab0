package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// fieldChange is one field that differs between two documents. Before or After is nil where the field is missing there.
type fieldChange struct {
	Path   string `json:"path"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// differences returns the fields in which the JSON of after differs from that of before, by path. What is empty, zero
// or false counts as missing. A nil document has no fields.
func differences(before, after any) ([]fieldChange, error) {
	a, err := fields(before)
	if err != nil {
		return nil, err
	}
	b, err := fields(after)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(a)
	maps.Copy(all, b)
	changes := []fieldChange{}
	for _, path := range slices.SortedFunc(maps.Keys(all), byPath) {
		if !reflect.DeepEqual(a[path], b[path]) {
			changes = append(changes, fieldChange{path, a[path], b[path]})
		}
	}
	return changes, nil
}

// byPath orders paths so that steps[10] comes after steps[9].
func byPath(a, b string) int {
	pad := func(s string) string {
		var out strings.Builder
		for part := range strings.SplitSeq(s, "[") {
			if index, rest, ok := strings.Cut(part, "]"); ok && len(index) < 6 {
				part = fmt.Sprintf("%06s]%s", index, rest)
			}
			out.WriteString("[" + part)
		}
		return out.String()
	}
	return strings.Compare(pad(a), pad(b))
}

// fields returns the values of a document by their paths. A list of single values is one value.
func fields(doc any) (map[string]any, error) {
	data, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var root any
	if err := d.Decode(&root); err != nil {
		return nil, err
	}
	found := map[string]any{}
	flatten(found, "", root)
	return found, nil
}

func flatten(found map[string]any, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			at := key
			if path != "" {
				at = path + "." + key
			}
			flatten(found, at, inner)
		}
	case []any:
		if single(v) {
			if len(v) > 0 {
				found[path] = v
			}
			return
		}
		for i, inner := range v {
			flatten(found, fmt.Sprintf("%s[%d]", path, i), inner)
		}
	case nil:
	case bool:
		if v {
			found[path] = v
		}
	case string:
		// An empty value in a map of texts is a value; an empty setting is none.
		if v != "" || strings.Contains(path, ".") {
			found[path] = v
		}
	case json.Number:
		if f, err := v.Float64(); err != nil || f != 0 {
			found[path] = v
		}
	}
}

func single(list []any) bool {
	for _, v := range list {
		switch v.(type) {
		case map[string]any, []any:
			return false
		}
	}
	return true
}

// tellChange writes one change for a person.
func (a *app) tellChange(c fieldChange) {
	s := a.style()
	before, isText := c.Before.(string)
	after, isTextToo := c.After.(string)
	if isText && isTextToo && (strings.Contains(before, "\n") || strings.Contains(after, "\n")) {
		a.printf("  %s %s:\n", s.yellow("~"), c.Path)
		for _, l := range lineDifferences(before, after) {
			switch l[0] {
			case '+':
				l = s.green(l)
			case '-':
				l = s.red(l)
			}
			a.println("      " + l)
		}
		return
	}
	switch {
	case c.Before == nil:
		a.println(s.green(fmt.Sprintf("  + %s: %s", c.Path, value(c.After))))
	case c.After == nil:
		a.println(s.red(fmt.Sprintf("  - %s: %s", c.Path, value(c.Before))))
	default:
		a.printf("  %s %s: %s → %s\n", s.yellow("~"), c.Path, s.red(value(c.Before)), s.green(value(c.After)))
	}
}

// value writes a value on one line; texts that could be mistaken are quoted.
func value(v any) string {
	switch v := v.(type) {
	case string:
		if v == "" || v != line(v) {
			quoted, _ := json.Marshal(v)
			return string(quoted)
		}
		return v
	case []any:
		return "[" + strings.Join(each(v, value), ", ") + "]"
	}
	return fmt.Sprint(v)
}

// maxLines bounds the texts that are compared line by line; longer ones are shown one after the other.
const maxLines = 2000

// lineDifferences returns the lines of both texts, those of before alone with - and those of after alone with + in
// front, with two lines around each change.
func lineDifferences(before, after string) []string {
	a, b := textLines(before), textLines(after)
	if len(a) > maxLines || len(b) > maxLines {
		return append(each(a, func(l string) string { return "- " + l }), each(b, func(l string) string { return "+ " + l })...)
	}
	// common[i][j] is how many lines a[i:] and b[j:] have in common, in order.
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i, v := range slices.Backward(a) {
		for j := len(b) - 1; j >= 0; j-- {
			if v == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []string
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, "  "+a[i])
			i, j = i+1, j+1
		case j == len(b) || (i < len(a) && common[i+1][j] >= common[i][j+1]):
			out = append(out, "- "+a[i])
			i++
		default:
			out = append(out, "+ "+b[j])
			j++
		}
	}
	return around(out, 2)
}

func textLines(s string) []string {
	return strings.Split(strings.TrimSuffix(printable(s), "\n"), "\n")
}

// around keeps the changed lines and n lines before and after each; what is left out becomes one line.
func around(lines []string, n int) []string {
	keep := make([]bool, len(lines))
	for i, l := range lines {
		if l[0] == ' ' {
			continue
		}
		for k := max(0, i-n); k <= min(len(lines)-1, i+n); k++ {
			keep[k] = true
		}
	}
	var out []string
	for i, l := range lines {
		switch {
		case keep[i]:
			out = append(out, l)
		case i == 0 || keep[i-1]:
			out = append(out, "  …")
		}
	}
	return out
}
