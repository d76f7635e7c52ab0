// Package fault names the kinds of error that Segno's parts tell one another.
//
// A function wraps one of the kinds with what it was doing; a caller asks with
// errors.Is. Only package api turns a kind into an HTTP status.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds. An error that wraps none of them is an internal error.
var (
	// Invalid is a value that breaks a stated rule. See [Field].
	Invalid = errors.New("invalid")
	// Malformed is input that cannot be read at all: broken JSON, an unknown or a duplicate key.
	Malformed = errors.New("malformed")
	// NotFound is a name or id that nothing has.
	NotFound = errors.New("not found")
	// Conflict is a request that does not fit the present state, such as a taken name or a stale version.
	Conflict = errors.New("conflict")
	// Fenced is a message of an attempt, or of a leader, that a newer one has replaced. It changes nothing.
	Fenced = errors.New("fenced")
	// Unauthorized is a caller that did not show who it is.
	Unauthorized = errors.New("unauthorized")
	// Forbidden is a known caller that may not do this.
	Forbidden = errors.New("forbidden")
	// TooLarge is input over a stated size.
	TooLarge = errors.New("too large")
	// Unavailable is a passing inability, such as a full disk or a lost database; the same call may succeed later.
	Unavailable = errors.New("unavailable")
)

// FieldError says which field of the input is wrong, and why. It is of kind Invalid.
type FieldError struct {
	// Field is the path of the field as the user wrote it, such as "job.command[0]".
	Field string
	// Reason completes the sentence "<field> …", for instance "must not be empty".
	Reason string
}

func (e *FieldError) Error() string { return e.Field + " " + e.Reason }

// Is reports whether target is the kind Invalid.
func (e *FieldError) Is(target error) bool { return target == Invalid }

// Field returns an error of kind Invalid for one field. The reason is a format for args.
func Field(field, reason string, args ...any) error {
	return &FieldError{Field: field, Reason: fmt.Sprintf(reason, args...)}
}

// Fields returns the field errors inside err, in the order in which they were joined.
func Fields(err error) []FieldError {
	switch e := err.(type) {
	case nil:
		return nil
	case *FieldError:
		return []FieldError{*e}
	case interface{ Unwrap() []error }:
		var all []FieldError
		for _, inner := range e.Unwrap() {
			all = append(all, Fields(inner)...)
		}
		return all
	default:
		return Fields(errors.Unwrap(err))
	}
}

// Under returns err with prefix put before the path of each of its field errors.
func Under(prefix string, err error) error {
	fields := Fields(err)
	if len(fields) == 0 {
		return err
	}
	errs := make([]error, len(fields))
	for i, f := range fields {
		sep := "."
		if f.Field == "" || strings.HasPrefix(f.Field, "[") {
			sep = ""
		}
		errs[i] = &FieldError{Field: prefix + sep + f.Field, Reason: f.Reason}
	}
	return errors.Join(errs...)
}
