package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
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

// UnmarshalJSON reads a word or a list of steps. It refuses other keys and durations without a unit; what the values
// may be says [Policy.Validate]. As encoding/json does, it leaves p alone on null.
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
	var ladder []rung
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&ladder); err != nil {
		return fmt.Errorf("%w: %w", errPolicy, err)
	}
	return p.climb(ladder)
}

// climb takes over the steps that were read.
func (p *Policy) climb(ladder []rung) error {
	if len(ladder) == 0 {
		return fmt.Errorf("%w: the list is empty", errPolicy)
	}
	steps := make([]Step, len(ladder))
	for i, r := range ladder {
		steps[i].Do = r.Do
		if r.After == "" {
			continue
		}
		after, err := time.ParseDuration(r.After)
		if err != nil {
			return fmt.Errorf(`step %d: %.40q is not a duration such as "90s" or "2m"`, i, r.After)
		}
		steps[i].After = after
	}
	p.Steps = steps
	return nil
}
