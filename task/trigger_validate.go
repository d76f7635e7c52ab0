package task

import (
	"fmt"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// Validate returns nil if the trigger may be stored, else all its faults: joined field errors of kind fault.Invalid.
// Whether its calendar, its server and its other task exist is for the store to say.
func (s TriggerSpec) Validate() error {
	var found problems
	found.add(CheckName("name", s.Name))
	found.add(CheckText("description", s.Description, MaxDescription))
	found.add(s.validKind())
	found.add(s.validTimes())
	found.add(oneOf("in_gap", s.InGap, GapRun, GapSkip))
	found.add(oneOf("in_overlap", s.InOverlap, OverlapOnce, OverlapTwice))
	found.add(oneOf("misfire", s.Misfire, MisfireSkip, MisfireLatest, MisfireAll))
	found.add(duration("misfire_window", s.MisfireWindow, time.Second, MaxMisfireWindow))
	if s.MisfireWindow != 0 && s.Misfire == MisfireSkip {
		found.addf("misfire_window", "must be left out, as missed occurrences are skipped")
	}
	found.add(duration("jitter", s.Jitter, time.Second, MaxJitter))
	if s.Calendar != "" {
		found.add(CheckName("calendar", s.Calendar))
	}
	found.add(CheckParams(s.Params))
	found.add(s.validReferences())
	if len(found) == 0 {
		found.add(s.validSchedule())
	}
	return found.join()
}

// ValidateTriggers returns nil if these may be the triggers of one owner, else all their faults under the key triggers:
// joined field errors of kind fault.Invalid.
func ValidateTriggers(triggers []TriggerSpec) error {
	var found problems
	if len(triggers) > MaxTriggers {
		found.addf("triggers", "must be at most %d", MaxTriggers)
		return found.join()
	}
	names := map[string]int{}
	for i, s := range triggers {
		path := fmt.Sprintf("triggers[%d]", i)
		found.add(fault.Under(path, s.Validate()))
		if first, taken := names[s.Name]; taken && s.Name != "" {
			found.addf(path+".name", "is that of triggers[%d] already", first)
			continue
		}
		names[s.Name] = i
	}
	return found.join()
}

// validKind checks that the trigger is of exactly one kind, and what is said of that.
func (s TriggerSpec) validKind() error {
	kinds := s.kinds()
	switch {
	case len(kinds) == 0:
		return fault.Field("", "must have one of cron, every, at, file, after and webhook")
	case len(kinds) > 1:
		words := make([]string, len(kinds))
		for i, k := range kinds {
			words[i] = string(k)
		}
		return fault.Field(words[1], "must be left out, as a trigger has only one of %s", strings.Join(words, ", "))
	}
	switch kinds[0] {
	case TriggerEvery:
		if time.Duration(s.Every)%time.Second != 0 {
			return fault.Field("every", "must be whole seconds, not %s", s.Every)
		}
		return duration("every", s.Every, MinEvery, MaxEvery)
	case TriggerAt:
		return validInstant("at", s.At)
	case TriggerFile:
		return fault.Under("file", s.File.Validate())
	case TriggerAfter:
		return fault.Under("after", s.After.Validate())
	case TriggerWebhook:
		return fault.Under("webhook", s.Webhook.Validate())
	}
	return nil
}

// validTimes checks what is said of the time at which it is due, and refuses what its kind has no use for.
func (s TriggerSpec) validTimes() error {
	var found problems
	kind := s.Kind()
	if _, err := Zone(s.Timezone); err != nil {
		found.add(fault.Field("timezone", "%s", err))
	}
	found.add(validInstant("start", s.Start))
	found.add(validInstant("end", s.End))
	if s.Start != nil && s.End != nil && !s.Start.Before(*s.End) {
		found.addf("end", "must be after start")
	}
	if kind != TriggerCron && s.InGap != "" {
		found.addf("in_gap", "is for cron only")
	}
	if kind != TriggerCron && s.InOverlap != "" {
		found.addf("in_overlap", "is for cron only")
	}
	if kind == "" || kind.Timed() {
		return found.join()
	}
	if s.Misfire != "" || s.MisfireWindow != 0 {
		found.addf("misfire", "is for triggers that are due at times, not for %s", kind)
	}
	if s.Jitter != 0 {
		found.addf("jitter", "is for triggers that are due at times, not for %s", kind)
	}
	return found.join()
}

// oneOf checks a word of which "" means "not set".
func oneOf[T ~string](field string, word T, words ...T) error {
	if word == "" {
		return nil
	}
	all := make([]string, len(words))
	for i, w := range words {
		if w == word {
			return nil
		}
		all[i] = string(w)
	}
	return fault.Field(field, "must be %s, not %.40q", strings.Join(all, " or "), string(word))
}

// The years of an instant that a trigger may name.
const (
	minYear = 1970
	maxYear = 9999
)

func validInstant(field string, t *time.Time) error {
	if t == nil {
		return nil
	}
	if y := t.UTC().Year(); y < minYear || y > maxYear {
		return fault.Field(field, "must be an instant of the years %d to %d", minYear, maxYear)
	}
	return nil
}
