package strictjson

import (
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/segno-jobs/segno/internal/fault"
)

// Decode reads the JSON document data, which must be an object, into the struct that v points to. Keys that are missing
// or null leave their fields as they were. What is nil in v afterwards was not given.
func Decode(data []byte, v any) error {
	n, err := parse(data)
	if err != nil {
		return err
	}
	if n.kind != object {
		return &malformed{detail: "the document must be an object, not " + n.kind.String()}
	}
	var d decoder
	d.assign("", n, reflect.ValueOf(v).Elem())
	return d.err()
}

// decoder assigns nodes to Go values and collects what is wrong.
type decoder struct {
	// patch is true where null means removal and objects may be partial.
	patch            bool
	unknown, invalid []error
}

func (d *decoder) err() error {
	if len(d.unknown) > 0 {
		return Malformed(d.unknown...)
	}
	return errors.Join(d.invalid...)
}

func (d *decoder) refuse(path, reason string, args ...any) {
	d.add(fault.Field(path, reason, args...))
}

func (d *decoder) add(err error) {
	if len(d.invalid) < maxFaults {
		d.invalid = append(d.invalid, err)
	}
}

func (d *decoder) assign(path string, n node, v reflect.Value) {
	if n.kind == null {
		return
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.assign(path, n, v.Elem())
		return
	}
	if d.own(path, n, v) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.object(path, n, v)
	case reflect.Map:
		d.mapping(path, n, v)
	case reflect.Slice:
		d.list(path, n, v)
	case reflect.String:
		if d.expect(path, n, text, "a string") {
			d.text(path, n, v)
		}
	case reflect.Bool:
		if d.expect(path, n, boolean, "true or false") {
			v.SetBool(n.raw[0] == 't')
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if d.expect(path, n, number, "a whole number") {
			d.integer(path, n, v)
		}
	case reflect.Float64:
		if d.expect(path, n, number, "a number") {
			f, err := strconv.ParseFloat(string(n.raw), 64)
			if err != nil {
				d.refuse(path, "is out of range")
				return
			}
			v.SetFloat(f)
		}
	default:
		d.refuse(path, "cannot be set")
	}
}

// own lets a type that reads its own JSON do so.
func (d *decoder) own(path string, n node, v reflect.Value) bool {
	if !v.CanAddr() {
		return false
	}
	if d.patch && n.kind == object {
		if _, reads := reflect.TypeAssert[json.Unmarshaler](v.Addr()); reads {
			return true // A part of the value; the whole is read once it is merged.
		}
	}
	var err error
	switch u := v.Addr().Interface().(type) {
	case json.Unmarshaler:
		err = u.UnmarshalJSON(n.raw)
	case encoding.TextUnmarshaler:
		if !d.expect(path, n, text, "a string") {
			return true
		}
		var s string
		if s, err = unquote(n.raw); err == nil {
			err = u.UnmarshalText([]byte(s))
		}
	default:
		return false
	}
	switch {
	case err == nil:
	case errors.Is(err, fault.Malformed) && len(fault.Fields(err)) > 0:
		for _, f := range fault.Fields(fault.Under(path, err)) {
			d.unknown = append(d.unknown, &f)
		}
	case len(fault.Fields(err)) > 0:
		d.add(fault.Under(path, err))
	default:
		d.refuse(path, "cannot be read: %v", err)
	}
	return true
}

func (d *decoder) expect(path string, n node, k kind, what string) bool {
	if n.kind == k {
		return true
	}
	d.refuse(path, "must be %s, not %s", what, n.kind)
	return false
}

func (d *decoder) object(path string, n node, v reflect.Value) {
	if !d.expect(path, n, object, "an object") {
		return
	}
	fields := fieldsOf(v.Type())
	for _, m := range n.inner {
		index, known := fields[m.key]
		if !known {
			if len(d.unknown) < maxFaults {
				d.unknown = append(d.unknown, fault.Field(under(path, m.key), "is not known here%s", likely(fields, m.key)))
			}
			continue
		}
		d.assign(under(path, m.key), m, v.FieldByIndex(index))
	}
}

// likely says which key was probably meant.
func likely(fields map[string][]int, key string) string {
	for name := range fields {
		if strings.EqualFold(name, strings.ReplaceAll(key, "-", "_")) || strings.EqualFold(strings.ReplaceAll(name, "_", ""), key) {
			return "; is " + name + " meant?"
		}
	}
	return ""
}

func (d *decoder) mapping(path string, n node, v reflect.Value) {
	if !d.expect(path, n, object, "an object") {
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.inner)))
	for _, m := range n.inner {
		value := reflect.New(v.Type().Elem()).Elem()
		if m.kind == null && !d.patch {
			d.refuse(under(path, m.key), "must not be null")
			continue
		}
		d.assign(under(path, m.key), m, value)
		v.SetMapIndex(reflect.ValueOf(m.key).Convert(v.Type().Key()), value)
	}
}

func (d *decoder) list(path string, n node, v reflect.Value) {
	if !d.expect(path, n, array, "a list") {
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.inner), len(n.inner)))
	// Inside of a list a patch holds whole values.
	whole := decoder{unknown: d.unknown, invalid: d.invalid}
	for i, m := range n.inner {
		at := path + "[" + strconv.Itoa(i) + "]"
		if m.kind == null {
			whole.refuse(at, "must not be null")
			continue
		}
		whole.assign(at, m, v.Index(i))
	}
	d.unknown, d.invalid = whole.unknown, whole.invalid
}

func (d *decoder) text(path string, n node, v reflect.Value) {
	s, err := unquote(n.raw)
	if err != nil {
		d.refuse(path, "cannot be read")
		return
	}
	v.SetString(s)
}

func (d *decoder) integer(path string, n node, v reflect.Value) {
	i, err := strconv.ParseInt(string(n.raw), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) || (err == nil && v.OverflowInt(i)):
		d.refuse(path, "is out of range")
	case err != nil:
		d.refuse(path, "must be a whole number, not %.40s", n.raw)
	default:
		v.SetInt(i)
	}
}

var known sync.Map // reflect.Type → map[string][]int

// fieldsOf returns the fields of a struct by their keys in JSON; those of embedded structs included, outer ones first.
func fieldsOf(t reflect.Type) map[string][]int {
	if f, ok := known.Load(t); ok {
		return f.(map[string][]int)
	}
	fields := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if had, ok := fields[name]; !ok || len(f.Index) < len(had) {
			fields[name] = f.Index
		}
	}
	stored, _ := known.LoadOrStore(t, fields)
	return stored.(map[string][]int)
}
