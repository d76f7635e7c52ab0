package task

import (
	"fmt"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// recurrence gives the instants of a recurrence rule, one after the other, as far as it is asked.
type recurrence struct {
	next func() (time.Time, bool)
	// known are those that were read, last the newest of them; done is true where none follow.
	known []time.Time
	done  bool
}

const (
	maxRule = 512
	// ruleYears is for how long a rule is followed.
	ruleYears = 200
)

// newRecurrence reads a rule of RFC 5545 that begins at an instant, whose zone is the rule's. Rules by the hour or shorter
// are refused, and those that cannot be read.
func newRecurrence(text string, begin time.Time) (r *recurrence, err error) {
	defer broken(&err)
	text = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "RRULE:")
	if len(text) > maxRule || strings.ContainsAny(text, "\r\n") {
		return nil, fmt.Errorf("a rule is one line of at most %d bytes", maxRule)
	}
	option, err := rrule.StrToROptionInLocation(text, begin.Location())
	if err != nil {
		return nil, fmt.Errorf("read the rule %.80q: %w", text, err)
	}
	if option.Freq > rrule.DAILY {
		return nil, fmt.Errorf("the rule %.80q must be yearly, monthly, weekly or daily", text)
	}
	option.Dtstart = begin
	if last := begin.AddDate(ruleYears, 0, 0); option.Until.IsZero() && option.Count == 0 || option.Until.After(last) {
		option.Until = last
	}
	rule, err := rrule.NewRRule(*option)
	if err != nil {
		return nil, fmt.Errorf("read the rule %.80q: %w", text, err)
	}
	return &recurrence{next: rule.Iterator()}, nil
}

// upTo returns the instants before an instant.
func (r *recurrence) upTo(end time.Time) []time.Time {
	for !r.done && (len(r.known) == 0 || r.known[len(r.known)-1].Before(end)) {
		at, ok, err := r.step()
		if err != nil || !ok {
			r.done = true
			break
		}
		r.known = append(r.known, at)
	}
	n := len(r.known)
	for n > 0 && !r.known[n-1].Before(end) {
		n--
	}
	return r.known[:n]
}

func (r *recurrence) step() (at time.Time, ok bool, err error) {
	defer broken(&err)
	at, ok = r.next()
	return at, ok, nil
}

// broken makes an error of a panic of the library, which some rules cause.
func broken(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the rule cannot be followed: %v", p)
	}
}

// checkRule refuses a rule of days that cannot be read, or whose first days cannot be told.
func checkRule(text string, begin int64) error {
	at := time.Unix(begin*daySeconds, 0).UTC()
	r, err := newRecurrence(text, at)
	if err != nil {
		return err
	}
	return r.check(at)
}

// check reads the first instants of a rule, to see that it can be followed.
func (r *recurrence) check(begin time.Time) error {
	const years = 30 // Each date comes on each weekday within these.
	for end := begin.AddDate(years, 0, 0); ; {
		at, ok, err := r.step()
		switch {
		case err != nil:
			return err
		case !ok && len(r.known) == 0:
			return fmt.Errorf("the rule has no day")
		case !ok || at.After(end) || len(r.known) > 400:
			return nil
		}
		r.known = append(r.known, at)
	}
}
