package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
)

// Diff returns the JSON merge patch (RFC 7396) that makes the document from into the document to, and whether there is
// anything to change. Both are values whose JSON is an object.
func Diff(from, to any) (patch json.RawMessage, changed bool, err error) {
	a, err := object(from)
	if err != nil {
		return nil, false, err
	}
	b, err := object(to)
	if err != nil {
		return nil, false, err
	}
	d := diff(a, b)
	patch, err = json.Marshal(d)
	return patch, len(d) > 0, err
}

// Merge returns the document that the merge patch (RFC 7396) makes of doc. Both are JSON objects.
func Merge(doc, patch json.RawMessage) (json.RawMessage, error) {
	a, err := object(doc)
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	p, err := object(patch)
	if err != nil {
		return nil, fmt.Errorf("read the merge patch: %w", err)
	}
	return json.Marshal(merge(a, p))
}

func object(v any) (map[string]any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	return m, nil
}

func diff(a, b map[string]any) map[string]any {
	d := map[string]any{}
	for key := range a {
		if _, kept := b[key]; !kept {
			d[key] = nil
		}
	}
	for key, to := range b {
		from, had := a[key]
		if had && reflect.DeepEqual(from, to) {
			continue
		}
		fromObject, ok1 := from.(map[string]any)
		toObject, ok2 := to.(map[string]any)
		if ok1 && ok2 {
			d[key] = diff(fromObject, toObject)
			continue
		}
		d[key] = to
	}
	return d
}

func merge(doc, patch map[string]any) map[string]any {
	out := maps.Clone(doc)
	if out == nil {
		out = map[string]any{}
	}
	for key, v := range patch {
		switch p := v.(type) {
		case nil:
			delete(out, key)
		case map[string]any:
			inner, _ := out[key].(map[string]any)
			out[key] = merge(inner, p)
		default:
			out[key] = v
		}
	}
	return out
}
