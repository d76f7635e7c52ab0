package virtualserver

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// MarshalJSON writes the name of the preset, or {"indicators": […]}.
func (r Rating) MarshalJSON() ([]byte, error) {
	if r.Preset != "" || r.Indicators == nil {
		return json.Marshal(r.Preset)
	}
	return json.Marshal(ownRating{r.Indicators})
}

// ownRating is the JSON of a rating by indicators of the operator's own.
type ownRating struct {
	Indicators []Indicator `json:"indicators"`
}

// UnmarshalJSON reads the name of a preset, or {"indicators": […]}. It refuses other keys.
func (r *Rating) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var preset string
	if json.Unmarshal(data, &preset) == nil {
		*r = Rating{Preset: preset}
		return nil
	}
	var own ownRating
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&own); err != nil {
		return fmt.Errorf(`a rating is the name of a preset or {"indicators": […]}: %w`, err)
	}
	*r = Rating{Indicators: own.Indicators}
	if r.Indicators == nil {
		r.Indicators = []Indicator{}
	}
	return nil
}
