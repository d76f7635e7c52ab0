package task

import (
	"fmt"
	"strings"
	"time"
)

// icalEvent is an event of an iCalendar file, with all that it recurs at.
type icalEvent struct {
	name string
	uid  string
	// allDay events have start as a midnight in UTC, whatever the zone, and last for whole days.
	allDay bool
	start  time.Time
	length time.Duration
	// rule is nil for an event that does not recur by a rule; more are further instants, and except those left out.
	rule   *recurrence
	more   []time.Time
	except map[int64]bool
	// replaces is the instant of another event of the uid in whose place this one stands, or zero.
	replaces  time.Time
	cancelled bool
}

// icalLine is one line of an iCalendar file: NAME;PARAM=VALUE:text.
type icalLine struct {
	name   string
	params map[string]string
	value  string
	number int
}

// readICalendar reads the events of an iCalendar file. Times without a zone are in the one given.
func readICalendar(text string, zone *time.Location) ([]icalEvent, error) {
	if len(text) > MaxICalendar {
		return nil, fmt.Errorf("it may have at most %d bytes, not %d", MaxICalendar, len(text))
	}
	lines, err := icalLines(text)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 || lines[0].name != "BEGIN" || !strings.EqualFold(lines[0].value, "VCALENDAR") {
		return nil, fmt.Errorf("it does not begin with BEGIN:VCALENDAR")
	}
	// A file that was cut off between two events would lack days without a word.
	if last := lines[len(lines)-1]; last.name != "END" || !strings.EqualFold(last.value, "VCALENDAR") {
		return nil, fmt.Errorf("it does not end with END:VCALENDAR: it seems to be cut off")
	}
	zones, err := icalZones(lines)
	if err != nil {
		return nil, err
	}
	var events []icalEvent
	var own []icalLine
	within := 0 // How deep in an event: alarms stand inside of them.
	for _, l := range lines {
		begins, ends := l.name == "BEGIN", l.name == "END"
		switch {
		case within == 0 && begins && strings.EqualFold(l.value, "VEVENT"):
			within, own = 1, nil
		case within > 0 && begins:
			within++
		case within == 1 && ends && !strings.EqualFold(l.value, "VEVENT"):
			return nil, fmt.Errorf("line %d: an event does not end before END:%.40s", l.number, l.value)
		case within > 0 && ends:
			if within--; within > 0 {
				continue
			}
			e, err := readEvent(own, zones, zone)
			if err != nil {
				return nil, err
			}
			if events = append(events, e); len(events) > MaxCalendarEvents {
				return nil, fmt.Errorf("it may have at most %d events", MaxCalendarEvents)
			}
		case within == 1:
			own = append(own, l)
		}
	}
	if within > 0 {
		return nil, fmt.Errorf("its last event does not end")
	}
	return replaced(events), nil
}

// replaced takes the instants in whose place other events stand out of their series, and leaves out what is cancelled.
func replaced(events []icalEvent) []icalEvent {
	series := map[string]int{}
	for i, e := range events {
		if e.replaces.IsZero() && e.uid != "" {
			series[e.uid] = i
		}
	}
	for _, e := range events {
		if i, found := series[e.uid]; found && !e.replaces.IsZero() {
			events[i].except[e.replaces.Unix()] = true
		}
	}
	kept := events[:0]
	for _, e := range events {
		if !e.cancelled {
			kept = append(kept, e)
		}
	}
	return kept
}

// icalLines joins folded lines and takes each apart.
func icalLines(text string) ([]icalLine, error) {
	var lines []icalLine
	var whole strings.Builder
	begun := 0
	flush := func() error {
		if whole.Len() == 0 {
			return nil
		}
		l, err := icalLineOf(whole.String(), begun)
		whole.Reset()
		lines = append(lines, l)
		return err
	}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if rest, folded := strings.CutPrefix(line, " "); folded {
			whole.WriteString(rest)
			continue
		}
		if rest, folded := strings.CutPrefix(line, "\t"); folded {
			whole.WriteString(rest)
			continue
		}
		if err := flush(); err != nil {
			return nil, err
		}
		whole.WriteString(line)
		begun = number
	}
	return lines, flush()
}

func icalLineOf(line string, number int) (icalLine, error) {
	l := icalLine{number: number, params: map[string]string{}}
	rest := line
	for first := true; ; first = false {
		end := strings.IndexAny(rest, ";:=")
		if end < 0 {
			return l, fmt.Errorf("line %d has no value: %.60q", number, line)
		}
		key := strings.ToUpper(rest[:end])
		mark := rest[end]
		rest = rest[end+1:]
		if first {
			l.name = key
		}
		if mark == '=' {
			var value string
			if quoted, found := strings.CutPrefix(rest, `"`); found {
				value, rest, _ = strings.Cut(quoted, `"`)
			} else if end := strings.IndexAny(rest, ";:"); end >= 0 {
				value, rest = rest[:end], rest[end:]
			}
			l.params[key] = value
			if rest == "" {
				return l, fmt.Errorf("line %d has no value: %.60q", number, line)
			}
			mark, rest = rest[0], rest[1:]
		}
		if mark == ':' {
			l.value = rest
			return l, nil
		}
	}
}

func readEvent(lines []icalLine, zones map[string]*icalZone, zone *time.Location) (e icalEvent, err error) {
	e.except = map[int64]bool{}
	times := icalTimes{zones: zones, zone: zone}
	var end time.Time
	var rule, duration icalLine
	for _, l := range lines {
		var all []time.Time
		switch l.name {
		case "SUMMARY":
			e.name = cutText(icalUnescape.Replace(l.value), MaxLabelValue)
		case "UID":
			e.uid = l.value
		case "STATUS":
			e.cancelled = strings.EqualFold(l.value, "CANCELLED")
		case "RRULE":
			rule = l
		case "DURATION":
			duration = l
		case "DTSTART":
			e.start, e.allDay, err = times.one(l)
		case "DTEND":
			end, _, err = times.one(l)
		case "RECURRENCE-ID":
			e.replaces, _, err = times.one(l)
		case "RDATE":
			all, err = times.all(l)
			e.more = append(e.more, all...)
		case "EXDATE":
			all, err = times.all(l)
			for _, t := range all {
				e.except[t.Unix()] = true
			}
		}
		if err != nil {
			return e, fmt.Errorf("line %d: %w", l.number, err)
		}
	}
	if e.start.IsZero() {
		return e, fmt.Errorf("the event %.60q has no DTSTART", e.name)
	}
	if e.length, err = eventLength(e, end, duration); err != nil {
		return e, err
	}
	if rule.name != "" {
		if e.rule, err = newRecurrence(rule.value, e.start); err == nil {
			err = e.rule.check(e.start)
		}
		if err != nil {
			return e, fmt.Errorf("line %d: %w", rule.number, err)
		}
	}
	return e, nil
}

// maxEvent is how long an event may last.
const maxEvent = 366 * 24 * time.Hour

// eventLength returns how long an event lasts: a day, or no time, where it says nothing.
func eventLength(e icalEvent, end time.Time, duration icalLine) (length time.Duration, err error) {
	switch {
	case !end.IsZero():
		length = end.Sub(e.start)
	case duration.name != "":
		if length, err = icalDuration(duration.value); err != nil {
			return 0, fmt.Errorf("line %d: %w", duration.number, err)
		}
	case e.allDay:
		length = daySeconds * time.Second
	}
	if length < 0 || length > maxEvent {
		return 0, fmt.Errorf("the event %.60q must last for at most %d days, and not end before it begins", e.name, maxEvent/(daySeconds*time.Second))
	}
	return length, nil
}

var icalUnescape = strings.NewReplacer(`\n`, " ", `\N`, " ", `\,`, ",", `\;`, ";", `\\`, `\`)

// icalTimes reads dates and times.
type icalTimes struct {
	zones map[string]*icalZone
	zone  *time.Location
}

func (r icalTimes) all(l icalLine) (out []time.Time, err error) {
	for value := range strings.SplitSeq(l.value, ",") {
		part := l
		part.value, _, _ = strings.Cut(value, "/") // Of a period its beginning counts.
		t, _, err := r.one(part)
		if err != nil {
			return nil, err
		}
		if out = append(out, t); len(out) > MaxCalendarEvents {
			return nil, fmt.Errorf("%s has more than %d values", l.name, MaxCalendarEvents)
		}
	}
	return out, nil
}

func (r icalTimes) one(l icalLine) (t time.Time, isDate bool, err error) {
	zone := r.zone
	if id := l.params["TZID"]; id != "" {
		if zone, err = r.named(id); err != nil {
			return t, false, err
		}
	}
	switch {
	case len(l.value) == len("20060102"):
		t, err = time.Parse("20060102", l.value)
		isDate = true
	case strings.HasSuffix(l.value, "Z"):
		t, err = time.Parse("20060102T150405Z", l.value)
	default:
		t, err = time.ParseInLocation("20060102T150405", l.value, zone)
	}
	if err != nil || t.Year() < 1900 || t.Year() > maxYear {
		return t, false, fmt.Errorf("%s is not a date or a time: %.40q", l.name, l.value)
	}
	return t, isDate, nil
}

// icalDuration reads a duration such as P1D, P2W or PT1H30M.
func icalDuration(text string) (d time.Duration, err error) {
	rest, found := strings.CutPrefix(strings.TrimPrefix(strings.ToUpper(text), "+"), "P")
	units := map[byte]time.Duration{'W': 7 * 24 * time.Hour, 'D': 24 * time.Hour, 'H': time.Hour, 'M': time.Minute, 'S': time.Second}
	for found && rest != "" {
		rest = strings.TrimPrefix(rest, "T")
		end := strings.IndexAny(rest, "WDHMS")
		if end < 0 {
			found = false
			break
		}
		n, err := wholeText(rest[:end])
		if err != nil {
			found = false
			break
		}
		d += time.Duration(n) * units[rest[end]]
		rest = rest[end+1:]
	}
	if !found {
		return 0, fmt.Errorf("%.40q is not a duration such as PT1H30M", text)
	}
	return d, nil
}

// cutText returns the first bytes of s, shortened to whole characters.
func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "")
}
