package task

import (
	"bytes"
	"encoding/json"
	"path"
	"strconv"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
)

// EventValues are what the params of a trigger may refer to with ${{ name }}: values of the event that starts a run.
// What an event does not have, such as a field that is missing in a body, makes the parameter that refers to it keep the
// task's own value.
type EventValues interface {
	// Value returns the value of a name such as "run.outputs.rows".
	Value(name string) (string, bool)
}

// references are the names that triggers of a kind may refer to; one that ends with a dot stands for all that begin so.
var references = map[TriggerKind][]string{
	TriggerFile:    {"file.path", "file.name", "file.folder"},
	TriggerAfter:   {"run.id", "run.task", "run.state", "run.params.", "run.outputs."},
	TriggerWebhook: {"body", "body."},
}

// validReferences refuses references to what an event of the trigger's kind never has. Triggers that are due at times
// refer to nothing: their values are taken as they are.
func (s TriggerSpec) validReferences() error {
	kind := s.Kind()
	allowed, waits := references[kind]
	if !waits {
		return nil
	}
	var found problems
	for _, name := range sortedKeys(s.Params) {
		field := "params." + clip(name)
		err := expand(s.Params[name], func(ref string) (string, bool) {
			if !refers(allowed, ref) {
				found.addf(field, "refers to %q; a trigger of the kind %s may refer to %s", clip(ref), kind, spelled(allowed))
			}
			return "", true
		}, nil)
		if err != nil {
			found.add(fault.Under(field, err))
		}
	}
	return found.join()
}

func refers(allowed []string, ref string) bool {
	for _, a := range allowed {
		if ref == a && !strings.HasSuffix(a, ".") || strings.HasSuffix(a, ".") && strings.HasPrefix(ref, a) && len(ref) > len(a) {
			return true
		}
	}
	return false
}

func spelled(allowed []string) string {
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = a
		if strings.HasSuffix(a, ".") {
			words[i] += "<name>"
		}
	}
	return strings.Join(words, ", ")
}

// EventParams returns what the trigger sets of a run's parameters for an event: its params with the references filled in,
// without those that refer to something that the event does not have. A value that is too long is a field error.
func (s TriggerSpec) EventParams(values EventValues) (map[string]string, error) {
	filled := make(map[string]string, len(s.Params))
	var found problems
	for _, name := range sortedKeys(s.Params) {
		var text strings.Builder
		whole := true
		err := expand(s.Params[name], func(ref string) (string, bool) {
			value, has := values.Value(ref)
			whole = whole && has
			return value, has
		}, &text)
		switch {
		case err != nil:
			found.add(fault.Under("params."+clip(name), err))
		case whole:
			found.add(CheckText("params."+clip(name), text.String(), MaxParamValue))
			filled[name] = text.String()
		}
	}
	return filled, found.join()
}

// expand writes s to out, if that is not nil, with each ${{ name }} replaced by its value; $${{ stands for a plain ${{.
func expand(s string, value func(name string) (string, bool), out *strings.Builder) error {
	write := func(text string) {
		if out != nil {
			out.WriteString(text)
		}
	}
	for {
		at := strings.Index(s, opening)
		if at < 0 {
			write(s)
			return nil
		}
		if at > 0 && s[at-1] == '$' {
			write(s[:at-1] + opening)
			s = s[at+len(opening):]
			continue
		}
		inner, rest, closed := strings.Cut(s[at+len(opening):], closing)
		if !closed {
			return fault.Field("", `has "${{" without "}}"; write "$${{" for a plain "${{"`)
		}
		v, _ := value(strings.TrimSpace(inner))
		write(s[:at])
		write(v)
		s = rest
		if out != nil && out.Len() > MaxTexts {
			return fault.Field("", "would be more than %d bytes once it is filled in", MaxTexts)
		}
	}
}

// FileValues are the values of a file event.
type FileValues string

// Value returns file.path, file.name or file.folder.
func (f FileValues) Value(name string) (string, bool) {
	switch name {
	case "file.path":
		return string(f), true
	case "file.name":
		return path.Base(string(f)), true
	case "file.folder":
		return path.Dir(string(f)), true
	}
	return "", false
}

// RunValues are the values of a run that has ended.
type RunValues Run

// Value returns run.id, run.task, run.state, a run.params.<name> or a run.outputs.<name>.
func (r RunValues) Value(name string) (string, bool) {
	switch name {
	case "run.id":
		return string(r.ID), true
	case "run.task":
		return r.Task, true
	case "run.state":
		return string(r.State), true
	}
	if param, is := strings.CutPrefix(name, "run.params."); is {
		v, has := r.Params[param]
		return v, has
	}
	output, is := strings.CutPrefix(name, "run.outputs.")
	v, has := r.Outputs[output]
	return v, is && has
}

// BodyValues are the values of a request's body.
type BodyValues struct {
	text   []byte
	parsed bool
	value  any
}

// NewBodyValues returns the values of a body. One that is no JSON has none but itself.
func NewBodyValues(body []byte) *BodyValues { return &BodyValues{text: body} }

// Value returns the whole body, or the value at a path in it such as body.commits.0.id: texts as they are, everything else
// as JSON. A null is no value.
func (b *BodyValues) Value(name string) (string, bool) {
	if name == "body" {
		return string(b.text), true
	}
	if !b.parsed {
		b.parsed = true
		d := json.NewDecoder(bytes.NewReader(b.text))
		d.UseNumber()
		if d.Decode(&b.value) != nil {
			b.value = nil
		}
	}
	way, is := strings.CutPrefix(name, "body.")
	if !is {
		return "", false
	}
	at := b.value
	for step := range strings.SplitSeq(way, ".") {
		switch v := at.(type) {
		case map[string]any:
			at = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return "", false
			}
			at = v[i]
		default:
			return "", false
		}
	}
	switch v := at.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	}
	text, err := json.Marshal(at)
	return string(text), err == nil
}
