package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// errPolicy says what is understood.
var errPolicy = errors.New(`a policy is wait, reset, restart, recover, or a list such as [{"after": "10m", "do": "recover"}]`)

// rung is the JSON of a step.
type rung struct {
	After string `json:"after"`
	Do    Kind   `json:"do"`
}

// MarshalJSON writes the word, or the list of steps with their durations as strings such as "10m".
func (p Policy) MarshalJSON() ([]byte, error) {
	if word, plain := p.word(); plain {
		return json.Marshal(word)
	}
	ladder := make([]rung, len(p.Steps))
	for i, s := range p.Steps {
		ladder[i] = rung{After: short(s.After), Do: s.Do}
	}
	return json.Marshal(ladder)
}

// UnmarshalJSON reads a word or a list of steps. It refuses other keys, with fault.Malformed, and durations without a
// unit; both are field errors below the policy's own path, such as "[1].after". What the values may be says
// [Policy.Validate]. As encoding/json does, it leaves p alone on null.
func (p *Policy) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	switch {
	case string(data) == "null":
		return nil
	case len(data) > 0 && data[0] == '"':
		var word Kind
		if err := json.Unmarshal(data, &word); err != nil {
			return fmt.Errorf("%w: %w", errPolicy, err)
		}
		*p = Word(word)
		return nil
	}
	var rungs []map[string]json.RawMessage
	if err := json.Unmarshal(data, &rungs); err != nil {
		return fmt.Errorf("%w: %w", errPolicy, err)
	}
	return p.climb(rungs)
}

// climb takes over the steps that were read.
func (p *Policy) climb(rungs []map[string]json.RawMessage) error {
	if len(rungs) == 0 {
		return fmt.Errorf("%w: the list is empty", errPolicy)
	}
	steps := make([]Step, len(rungs))
	var unknown, wrong []error
	for i, rung := range rungs {
		for _, key := range slices.Sorted(maps.Keys(rung)) {
			field := fmt.Sprintf("[%d].%s", i, key)
			switch key {
			case "after":
				wrong = append(wrong, readAfter(field, rung[key], &steps[i].After))
			case "do":
				if json.Unmarshal(rung[key], &steps[i].Do) != nil {
					wrong = append(wrong, fault.Field(field, "must be a string"))
				}
			default:
				unknown = append(unknown, fault.Field(field, "is not known here; a step has after and do"))
			}
		}
	}
	if len(unknown) > 0 {
		return errors.Join(append(unknown, fault.Malformed)...)
	}
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	p.Steps = steps
	return nil
}

func readAfter(field string, data json.RawMessage, after *time.Duration) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fault.Field(field, `must be a duration such as "90s" or "2m", not %.40s`, data)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return fault.Field(field, `must be a duration such as "90s" or "2m", not %.40q`, text)
	}
	*after = d
	return nil
}
