package jobserver

import (
	"errors"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// Limits of a server's settings that only validation needs.
const (
	MinPower            = 0.01
	MaxUnavailableAfter = 30 * 24 * time.Hour
	MaxDescription      = 4096
	// MaxReason bounds what an operator says of a mode.
	MaxReason = 1000
)

// Kinds lists every kind of job server.
func Kinds() []Kind { return []Kind{KindJob, KindRuntime} }

// Modes lists every mode.
func Modes() []Mode { return []Mode{Active, Draining, Disabled} }

// Contacts lists every state of contact.
func Contacts() []Contact { return []Contact{NeverSeen, Online, Unreachable, Unavailable} }

// WithDefaults returns the server with each setting that was left out at its default.
func (s Server) WithDefaults() Server {
	if s.Kind == "" {
		s.Kind = KindJob
	}
	if s.Mode == "" {
		s.Mode = Active
	}
	if s.State == "" {
		s.State = NeverSeen
	}
	if s.Slots == 0 {
		s.Slots = DefaultSlots
	}
	if s.Power == 0 {
		s.Power = 1
	}
	return s
}

// Validate returns nil if the settings of the server may be stored, else all their faults: joined field errors of
// kind fault.Invalid, whose paths are those of the API. An UnavailableAfter of 0 leaves the default.
func (s Server) Validate() error {
	var found []error
	refuse := func(field, reason string, args ...any) { found = append(found, fault.Field(field, reason, args...)) }
	found = append(found,
		task.CheckName("name", s.Name),
		task.CheckText("description", s.Description, MaxDescription),
		task.CheckText("reason", s.Reason, MaxReason),
		ValidLabels(s.Labels))
	if !slices.Contains(Kinds(), s.Kind) {
		refuse("kind", "must be job or runtime, not %.40q", s.Kind)
	}
	if !slices.Contains(Modes(), s.Mode) {
		refuse("mode", "must be active, draining or disabled, not %.40q", s.Mode)
	}
	if s.Slots < 1 || s.Slots > MaxSlots {
		refuse("slots", "must be from 1 to %d, not %d", MaxSlots, s.Slots)
	}
	if !(s.Power >= MinPower && s.Power <= MaxPower) {
		refuse("power", "must be from %v to %v, not %v", MinPower, MaxPower, s.Power)
	}
	found = append(found, validUnavailableAfter(s.UnavailableAfter))
	return errors.Join(found...)
}

// validUnavailableAfter accepts 0 and what leaves time for a lease.
func validUnavailableAfter(d time.Duration) error {
	switch {
	case d == 0:
		return nil
	case d < MinUnavailableAfter:
		return fault.Field("unavailable_after", "must be at least %s, the smallest that leaves time for a lease, not %s", MinUnavailableAfter, d)
	case d > MaxUnavailableAfter:
		return fault.Field("unavailable_after", "must be at most %s, not %s", MaxUnavailableAfter, d)
	}
	return nil
}

// ValidLabels returns nil if labels may be a server's, else field errors under "labels.<key>".
func ValidLabels(labels map[string]string) error { return task.CheckLabels("labels", labels) }
