package config

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"

	"github.com/segno-jobs/segno/internal/fault"
)

// maxFileBytes is more than any configuration needs.
const maxFileBytes = 1 << 20

// layer is one place that values come from.
type layer struct {
	values *koanf.Koanf
	// origin names the place of one setting for a person.
	origin func(*Setting) string
	// emptyIsUnset is true for the environment, in which a variable is often emptied to be rid of it.
	emptyIsUnset bool
}

// Error says which setting is wrong, where its value came from, and why. It is of kind fault.Invalid.
type Error struct {
	Setting, Origin, Reason string
}

func (e *Error) Error() string { return e.Setting + " (" + e.Origin + ") " + e.Reason }

// Is reports whether target is the kind Invalid.
func (e *Error) Is(target error) bool { return target == fault.Invalid }

// Load fills the options from flags, environment and file. What none of them sets keeps its value. It tells all wrong
// settings at once, each as an [Error]. The flags of AddFlags must have been parsed before.
func (s *Settings) Load() error {
	layers, err := s.layers()
	if err != nil {
		return err
	}
	var errs []error
	for _, setting := range s.all {
		if s.setByFlag(setting) {
			setting.origin = "flag --" + setting.Flag
			continue
		}
		if err := setting.take(layers); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	return s.validate()
}

func (s *Settings) setByFlag(setting *Setting) bool {
	return s.flags != nil && s.flags.Changed(setting.Flag)
}

// layers reads the environment and, where one is named, the file; the stronger one comes first.
func (s *Settings) layers() ([]layer, error) {
	fromEnv := koanf.New(".")
	names := map[string]string{s.env(FileSetting): FileSetting}
	for _, setting := range s.all {
		names[setting.Env] = setting.Name
	}
	// Variables of the prefix that are no settings are passed over: a container's surroundings set some, such as
	// SEGNO_CONDUCTOR_PORT for a service of that name.
	err := fromEnv.Load(env.Provider(".", env.Opt{
		Prefix:        s.prefix,
		TransformFunc: func(name, value string) (string, any) { return names[name], value },
		EnvironFunc:   s.environ,
	}), nil)
	if err != nil {
		return nil, fmt.Errorf("read settings from the environment: %w", err)
	}
	layers := []layer{{
		values:       fromEnv,
		origin:       func(setting *Setting) string { return "environment variable " + setting.Env },
		emptyIsUnset: true,
	}}

	path := s.file
	if path == "" {
		path = fromEnv.String(FileSetting)
	}
	if path == "" {
		return layers, nil
	}
	fromFile, err := s.readFile(path)
	if err != nil {
		return nil, err
	}
	return append(layers, layer{values: fromFile, origin: func(*Setting) string { return "file " + path }}), nil
}

// readFile reads a YAML file and refuses keys that are no settings.
func (s *Settings) readFile(path string) (*koanf.Koanf, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("configuration file %s does not exist: %w", path, fault.NotFound)
	case err != nil:
		return nil, fmt.Errorf("configuration file: %w", err)
	case info.Size() > maxFileBytes:
		return nil, fmt.Errorf("configuration file %s has %d bytes, and may have %d: %w", path, info.Size(), maxFileBytes, fault.TooLarge)
	}
	k := koanf.New(".")
	if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
		return nil, fmt.Errorf("configuration file %s: %w: %w", path, fault.Malformed, err)
	}
	if unknown := s.unknown("", k.Raw()); len(unknown) > 0 {
		return nil, fmt.Errorf("configuration file %s: %w", path, errors.Join(unknown...))
	}
	return k, nil
}

// unknown returns an error for each key of the file that is neither a setting nor a group of them.
func (s *Settings) unknown(group string, values map[string]any) []error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(values)) {
		name := group + key
		if s.byName[name] != nil {
			continue
		}
		if inner, ok := values[key].(map[string]any); ok && s.isGroup(name) {
			errs = append(errs, s.unknown(name+".", inner)...)
			continue
		}
		errs = append(errs, fault.Field(name, "is no setting"))
	}
	return errs
}

func (s *Settings) isGroup(name string) bool {
	return slices.ContainsFunc(s.all, func(setting *Setting) bool { return strings.HasPrefix(setting.Name, name+".") })
}

// take sets the setting from the strongest layer that has it.
func (setting *Setting) take(layers []layer) error {
	for _, l := range layers {
		raw := l.values.Get(setting.Name)
		if raw == nil || raw == "" && l.emptyIsUnset {
			continue
		}
		setting.origin = l.origin(setting)
		if err := setting.set(raw); err != nil {
			return &Error{Setting: setting.Name, Origin: setting.origin, Reason: reason(err)}
		}
		return nil
	}
	return nil
}

// set reads a value of the environment (a string) or of the file (a scalar, a list or a map of scalars).
func (setting *Setting) set(raw any) error {
	switch v := raw.(type) {
	case string:
		return setting.value.Set(v)
	case []any:
		list, ok := setting.value.(pflag.SliceValue)
		if !ok {
			return errors.New("must be one value, not a list")
		}
		texts := make([]string, len(v))
		for i, item := range v {
			text, err := scalar(item)
			if err != nil {
				return err
			}
			texts[i] = text
		}
		return list.Replace(texts)
	case map[string]any:
		if setting.value.Type() != "stringToString" {
			return errors.New("must be a value, not a map")
		}
		return setting.setMap(v)
	}
	if _, list := setting.value.(pflag.SliceValue); list {
		return errors.New("must be a list")
	}
	text, err := scalar(raw)
	if err != nil {
		return err
	}
	return setting.value.Set(text)
}

// setMap writes the pairs in the form that the flag has: comma-separated, quoted where needed.
func (setting *Setting) setMap(values map[string]any) error {
	if len(values) == 0 {
		return nil
	}
	pairs := make([]string, 0, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		text, err := scalar(values[key])
		if err != nil {
			return fmt.Errorf("key %s: %w", key, err)
		}
		pairs = append(pairs, key+"="+text)
	}
	var line strings.Builder
	w := csv.NewWriter(&line)
	if err := w.Write(pairs); err != nil {
		return err
	}
	w.Flush()
	return setting.value.Set(strings.TrimSuffix(line.String(), "\n"))
}

func scalar(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool, int, int64, uint64:
		return fmt.Sprint(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	return "", fmt.Errorf("must be text, a number, true or false, not %T", v)
}

// reason says what is wrong with a value without the name of the function that found it.
func reason(err error) string {
	if number, ok := errors.AsType[*strconv.NumError](err); ok {
		return fmt.Sprintf("is %q: %s", number.Num, number.Err)
	}
	text := err.Error()
	if strings.HasPrefix(text, "must ") {
		return text
	}
	return "is wrong: " + strings.TrimPrefix(text, "time: ")
}

// validate asks the options for their own rules and tells where each value that breaks one came from.
func (s *Settings) validate() error {
	v, ok := s.options.(interface{ Validate() error })
	if !ok {
		return nil
	}
	err := v.Validate()
	fields := fault.Fields(err)
	if len(fields) == 0 {
		return err
	}
	errs := make([]error, len(fields))
	for i, f := range fields {
		errs[i] = &Error{Setting: f.Field, Origin: s.originOf(f.Field), Reason: f.Reason}
	}
	return errors.Join(errs...)
}

// originOf finds the origin of a field of a setting too, such as labels.zone or urls[1].
func (s *Settings) originOf(field string) string {
	for name := field; name != ""; {
		if setting := s.byName[name]; setting != nil {
			return setting.origin
		}
		cut := strings.LastIndexAny(name, ".[")
		if cut < 0 {
			break
		}
		name = name[:cut]
	}
	return "default"
}
