package manifest

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/segno-jobs/segno/internal/fault"
)

// maxDepth is deeper than any document needs to be; an alias that contains itself ends there.
const maxDepth = 32

// decoder fills values from YAML by their JSON names. Unlike a detour over JSON it knows the line of whatever is wrong,
// and it takes a scalar of any kind where the value is text: `date: 2026-01-01` and `pace: 0.5` are parameters.
type decoder struct {
	file string
	errs []error
}

// decode fills the struct that into points to, and notes what is wrong.
func (d *decoder) decode(node *yaml.Node, into any) {
	d.value(node, reflect.ValueOf(into).Elem(), "", 0)
}

func (d *decoder) fail(node *yaml.Node, path, format string, args ...any) {
	reason := fmt.Sprintf(format, args...)
	if path != "" {
		reason = path + " " + reason
	}
	d.errs = append(d.errs, &Error{File: d.file, Line: node.Line, Reason: reason})
}

func (d *decoder) value(node *yaml.Node, v reflect.Value, path string, depth int) {
	if depth > maxDepth {
		d.fail(node, path, "is nested too deeply")
		return
	}
	if node.Kind == yaml.AliasNode {
		d.value(node.Alias, v, path, depth+1)
		return
	}
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		d.value(node, v.Elem(), path, depth)
		return
	}
	if d.own(node, v, path) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(node, v, path, depth)
	case reflect.Map:
		d.mapping(node, v, path, depth)
	case reflect.Slice:
		d.sequence(node, v, path, depth)
	default:
		d.scalar(node, v, path)
	}
}

// own lets types read themselves that know how to, and reports whether it did.
func (d *decoder) own(node *yaml.Node, v reflect.Value, path string) bool {
	var err error
	switch own := v.Addr().Interface().(type) {
	case json.Unmarshaler:
		var data []byte
		if data, err = asJSON(node); err == nil {
			err = own.UnmarshalJSON(data)
		}
	case encoding.TextUnmarshaler:
		if node.Kind != yaml.ScalarNode {
			d.fail(node, path, "must be a single value")
			return true
		}
		err = own.UnmarshalText([]byte(node.Value))
	default:
		return false
	}
	switch inner := fault.Fields(err); {
	case err == nil:
	case len(inner) == 0:
		d.fail(node, path, "cannot be read: %v", err)
	default:
		for _, f := range inner {
			d.fail(inside(node, f.Field), path+f.Field, "%s", f.Reason)
		}
	}
	return true
}

// asJSON returns the node as JSON; a scalar becomes a string, which every value that reads itself accepts.
func asJSON(node *yaml.Node) ([]byte, error) {
	if node.Kind == yaml.ScalarNode {
		return json.Marshal(node.Value)
	}
	var generic any
	if err := node.Decode(&generic); err != nil {
		return nil, err
	}
	return json.Marshal(generic)
}

func (d *decoder) structure(node *yaml.Node, v reflect.Value, path string, depth int) {
	fields := map[string]reflect.Value{}
	var names []string
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields[name] = v.Field(i)
			names = append(names, name)
		}
	}
	d.pairs(node, path, func(key, value *yaml.Node) {
		field, known := fields[key.Value]
		if !known {
			slices.Sort(names)
			d.fail(key, "", "%s is no key here; there are: %s", join(path, key.Value), strings.Join(names, ", "))
			return
		}
		d.value(value, field, join(path, key.Value), depth+1)
	})
}

func (d *decoder) mapping(node *yaml.Node, v reflect.Value, path string, depth int) {
	v.Set(reflect.MakeMap(v.Type()))
	d.pairs(node, path, func(key, value *yaml.Node) {
		element := reflect.New(v.Type().Elem()).Elem()
		d.value(value, element, join(path, key.Value), depth+1)
		v.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), element)
	})
}

// pairs calls f for each pair of a mapping, and refuses keys that are repeated or no scalars.
func (d *decoder) pairs(node *yaml.Node, path string, f func(key, value *yaml.Node)) {
	if node.Kind != yaml.MappingNode {
		d.fail(node, path, "must be a mapping of keys to values")
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode {
			d.fail(key, path, "has a key that is no single value")
			continue
		}
		if line, repeated := seen[key.Value]; repeated {
			d.fail(key, "", "%s stands in line %d already", join(path, key.Value), line)
			continue
		}
		seen[key.Value] = key.Line
		f(key, node.Content[i+1])
	}
}

func (d *decoder) sequence(node *yaml.Node, v reflect.Value, path string, depth int) {
	if node.Kind != yaml.SequenceNode {
		d.fail(node, path, "must be a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content)))
	for i, item := range node.Content {
		d.value(item, v.Index(i), fmt.Sprintf("%s[%d]", path, i), depth+1)
	}
}

func (d *decoder) scalar(node *yaml.Node, v reflect.Value, path string) {
	if node.Kind != yaml.ScalarNode {
		d.fail(node, path, "must be a single value")
		return
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(node.Value)
	case reflect.Bool:
		var b bool
		if err = node.Decode(&b); err != nil {
			d.fail(node, path, "must be true or false, not %q", node.Value)
			return
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		var n int64
		if err = node.Decode(&n); err != nil || node.Tag != "!!int" {
			d.fail(node, path, "must be a whole number, not %q", node.Value)
			return
		}
		v.SetInt(n)
	case reflect.Float64:
		var f float64
		if err = node.Decode(&f); err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			d.fail(node, path, "must be a number, not %q", node.Value)
			return
		}
		v.SetFloat(f)
	default:
		d.fail(node, path, "cannot be set in a file")
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
