package policy

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// Limits of a policy.
const (
	MaxSteps = 8
	// MinAfter is the shortest silence after which a step may act: less leaves no time for a lease.
	MinAfter = 5 * time.Second
	MaxAfter = 30 * 24 * time.Hour
)

// Validate returns nil if the policy may be stored, else all its faults: joined field errors of kind fault.Invalid
// below the path field, such as "on_unavailable[1].after". The rules:
//
//   - There are at most MaxSteps steps, each of a known kind.
//   - Each After is from MinAfter to MaxAfter and above the one before it; 0 is for a single step only.
//   - The first step that does not wait is the one that acts. Nothing but a reset may follow a restart or a recover: it
//     gives up a run that could not be placed by then. Nothing follows a reset.
func (p Policy) Validate(field string) error {
	if len(p.Steps) > MaxSteps {
		return fault.Field(field, "must have at most %d steps, not %d", MaxSteps, len(p.Steps))
	}
	if word, plain := p.word(); plain {
		return validKind(field, word)
	}
	var found []error
	for i, s := range p.Steps {
		path := fmt.Sprintf("%s[%d]", field, i)
		found = append(found, validKind(path+".do", s.Do), p.validAfter(i, path+".after"), p.validPlace(i, path))
	}
	return errors.Join(found...)
}

func validKind(field string, kind Kind) error {
	if !slices.Contains(Kinds(), kind) {
		return fault.Field(field, "must be one of wait, reset, restart, recover, not %.40q", kind)
	}
	return nil
}

func (p Policy) validAfter(i int, field string) error {
	after := p.Steps[i].After
	switch {
	case after < MinAfter || after > MaxAfter:
		return fault.Field(field, "must be from %s to %s, not %s", short(MinAfter), short(MaxAfter), short(after))
	case i > 0 && after <= p.Steps[i-1].After:
		return fault.Field(field, "must be above that of the step before it, %s, not %s", short(p.Steps[i-1].After), short(after))
	}
	return nil
}

// validPlace says whether step i may stand behind those before it.
func (p Policy) validPlace(i int, field string) error {
	before := Policy{p.Steps[:i]}
	acted, acts := before.acting()
	switch {
	case !acts:
		return nil
	case before.last().Do == Reset:
		return fault.Field(field, "must not follow a reset, which ends the run")
	case p.Steps[i].Do != Reset:
		return fault.Field(field+".do", "must be reset: after a %s nothing else can follow, and it gives up a run that found no server", acted.Do)
	}
	return nil
}
