// Package config is the one way in which the programs take their settings.
//
// A program writes its settings as a struct whose values are the defaults:
//
//	type options struct {
//		Listen string        `setting:"listen" help:"address that the API listens on"`
//		Grace  time.Duration `setting:"grace" help:"time that a request may take to end"`
//	}
//
//	opts := options{Listen: "127.0.0.1:7700", Grace: 10 * time.Second}
//	settings := config.Bind("SEGNO_CONDUCTOR_", &opts)
//	settings.AddFlags(cmd.Flags())  // before the command line is parsed
//	err := settings.Load()          // after it
//
// A setting has one name in three spellings: unavailable_after in the file, --unavailable-after as a flag and
// SEGNO_CONDUCTOR_UNAVAILABLE_AFTER in the environment. Flags win over the environment, the environment over the file,
// the file over the defaults. A file is read where --config or its variable names one, and a key in it that is no
// setting is refused. If the struct has a method Validate() error, Load calls it last; a [fault.FieldError] in its
// answer is told with the place that the value came from.
package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// FileSetting is the setting that names the configuration file. It cannot stand in the file itself.
const FileSetting = "config"

// Setting is one thing that can be set.
type Setting struct {
	// Name is the setting's name as it stands in the file; a dot stands between the levels of a nested one.
	Name string
	// Help says in a phrase what is set.
	Help string
	// Flag is the name of the flag, without dashes in front; Env is the name of the environment variable.
	Flag, Env string

	value  pflag.Value
	isBool bool
	origin string
}

// Settings binds the fields of one options struct to flags, the environment and a file.
type Settings struct {
	options any
	prefix  string
	all     []*Setting
	byName  map[string]*Setting
	flags   *pflag.FlagSet
	file    string
	environ func() []string
}

// Bind describes the settings of a program. The options are a pointer to a struct: each exported field with a tag
// `setting:"name"` is a setting, a struct with such a tag is a group of them, and an embedded struct adds its own. Fields
// may be strings, booleans, int, int64, float64, time.Duration, []string, map[string]string, or anything that reads and
// prints itself as text. The prefix is put before the names of environment variables. Bind panics if the struct is not
// of that form, since no input can be at fault.
func Bind(prefix string, options any) *Settings {
	s := &Settings{options: options, prefix: prefix, byName: map[string]*Setting{}}
	v := reflect.ValueOf(options)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("config: options are a %T, and must be a pointer to a struct", options))
	}
	s.bindStruct("", v.Elem())
	return s
}

func (s *Settings) bindStruct(group string, v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := field.Tag.Get("setting")
		switch {
		case field.Anonymous && name == "":
			s.bindStruct(group, v.Field(i))
		case name == "" || !field.IsExported():
		case field.Type.Kind() == reflect.Struct && !isText(v.Field(i)):
			s.bindStruct(group+name+".", v.Field(i))
		default:
			s.bind(group+name, field.Tag.Get("help"), v.Field(i))
		}
	}
}

func (s *Settings) bind(name, help string, field reflect.Value) {
	if s.byName[name] != nil || name == FileSetting {
		panic("config: two settings are called " + name)
	}
	flag := strings.NewReplacer(".", "-", "_", "-").Replace(name)
	value := valueOf(name, field)
	setting := &Setting{
		Name: name, Help: help, Flag: flag, Env: s.env(name), value: value, isBool: field.Kind() == reflect.Bool,
		origin: "default",
	}
	s.all = append(s.all, setting)
	s.byName[name] = setting
}

func (s *Settings) env(name string) string {
	return s.prefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(name))
}

// All returns every setting, in the order of the struct. It is what an example file has to name.
func (s *Settings) All() []Setting {
	all := make([]Setting, len(s.all))
	for i, setting := range s.all {
		all[i] = *setting
	}
	return all
}

// Origin says where the present value of a setting came from, such as "flag --listen" or "default".
func (s *Settings) Origin(name string) string {
	if setting := s.byName[name]; setting != nil {
		return setting.origin
	}
	return ""
}

// AddFlags adds a flag for each setting, with its help, its default and its environment variable, and --config for the
// file. Without names it adds all; with names only those, for a command that needs few of the program's settings: the
// others can still be given in the environment and the file.
func (s *Settings) AddFlags(flags *pflag.FlagSet, names ...string) {
	s.flags = flags
	flags.StringVar(&s.file, FileSetting, "", fmt.Sprintf("configuration `file` in YAML [$%s]", s.env(FileSetting)))
	wanted := map[string]bool{}
	for _, name := range names {
		if s.byName[name] == nil {
			panic("config: no setting is called " + name)
		}
		wanted[name] = true
	}
	for _, setting := range s.all {
		if len(names) > 0 && !wanted[setting.Name] {
			continue
		}
		f := flags.VarPF(setting.value, setting.Flag, "", fmt.Sprintf("%s [$%s]", setting.Help, setting.Env))
		if setting.isBool {
			f.NoOptDefVal = "true"
		}
	}
}

// valueOf returns the parser and printer of a field. Flags, environment and file all go through it, so a value is
// written the same way everywhere.
func valueOf(name string, field reflect.Value) pflag.Value {
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	switch p := field.Addr().Interface().(type) {
	case *string:
		flags.StringVar(p, name, *p, "")
	case *bool:
		flags.BoolVar(p, name, *p, "")
	case *int:
		flags.IntVar(p, name, *p, "")
	case *int64:
		flags.Int64Var(p, name, *p, "")
	case *float64:
		flags.Float64Var(p, name, *p, "")
	case *time.Duration:
		flags.DurationVar(p, name, *p, "")
	case *[]string:
		flags.StringSliceVar(p, name, *p, "")
	case *map[string]string:
		flags.StringToStringVar(p, name, *p, "")
	default:
		text, ok := p.(encoding.TextUnmarshaler)
		if !ok {
			panic(fmt.Sprintf("config: setting %s is a %s, which cannot be read from text", name, field.Type()))
		}
		return textValue{text}
	}
	return flags.Lookup(name).Value
}

func isText(field reflect.Value) bool {
	_, ok := reflect.TypeAssert[encoding.TextUnmarshaler](field.Addr())
	return ok
}

// textValue makes a flag's value of anything that reads itself from text.
type textValue struct{ text encoding.TextUnmarshaler }

func (v textValue) Set(s string) error { return v.text.UnmarshalText([]byte(s)) }
func (v textValue) Type() string       { return "value" }

func (v textValue) String() string {
	switch t := v.text.(type) {
	case fmt.Stringer:
		return t.String()
	case encoding.TextMarshaler:
		text, err := t.MarshalText()
		if err != nil {
			return ""
		}
		return string(text)
	}
	return ""
}
