package task

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// maxOwnZones is how many zones of its own a file may tell the rules of, and maxOwnRules how many rules one may have.
	maxOwnZones, maxOwnRules = 100, 500
	// ownZoneFrom is the year from which rules are followed that begin before there were any; ownZoneEnd is the one up to which
	// all are. The last offset holds from then on.
	ownZoneFrom, ownZoneEnd = 1970, 2100
	maxOffset               = 24 * 60 * 60
)

// icalZone is what a file says of a time zone.
type icalZone struct {
	// location is what the zone is called elsewhere, or "".
	location string
	// lines are those of its rules; read is what became of them, once they were read.
	lines []icalLine
	read  *time.Location
}

// icalZones finds the zones of a file, by their names in it.
func icalZones(lines []icalLine) (map[string]*icalZone, error) {
	zones := map[string]*icalZone{}
	var z *icalZone
	id := ""
	for _, l := range lines {
		own := strings.EqualFold(l.value, "VTIMEZONE")
		switch {
		case l.name == "BEGIN" && own:
			z, id = &icalZone{}, ""
		case z == nil:
		case l.name == "END" && own:
			if zones[id] = z; len(zones) > maxOwnZones {
				return nil, fmt.Errorf("it may have at most %d time zones", maxOwnZones)
			}
			z = nil
		case l.name == "TZID":
			id = l.value
		case l.name == "X-LIC-LOCATION":
			z.location = l.value
		default:
			z.lines = append(z.lines, l)
		}
	}
	return zones, nil
}

// named returns the time zone of that name: the one of IANA, under this name, under the one that the file gives as well, or
// under that of Windows; else the one whose rules the file has.
func (r icalTimes) named(id string) (*time.Location, error) {
	z := r.zones[id]
	if z == nil {
		z = &icalZone{}
	}
	for _, name := range []string{id, z.location, windowsZones[id]} {
		if zone, err := Zone(name); err == nil && name != "" {
			return zone, nil
		}
	}
	if len(z.lines) == 0 {
		return nil, fmt.Errorf("the time zone %.60q is neither one of IANA nor one of Windows, and the file does not have its rules", id)
	}
	var err error
	if z.read == nil {
		z.read, err = ownZone(id, z.lines)
	}
	return z.read, err
}

// onset is when the clock of a zone is set, in seconds since 1970, and to which offset from UTC, in seconds.
type onset struct {
	at           int64
	before, then int32
	daylight     bool
}

// ownZone reads the rules of a VTIMEZONE: the lines between its BEGIN and its END.
func ownZone(id string, lines []icalLine) (*time.Location, error) {
	var all []onset
	var own []icalLine
	rules := 0
	for _, l := range lines {
		switch {
		case l.name == "BEGIN":
			own = nil
		case l.name == "END":
			if rules++; rules > maxOwnRules {
				return nil, fmt.Errorf("the time zone %.60q has more than %d rules", id, maxOwnRules)
			}
			some, err := onsets(own, strings.EqualFold(l.value, "DAYLIGHT"))
			if err != nil {
				return nil, fmt.Errorf("the time zone %.60q: %w", id, err)
			}
			if all = append(all, some...); len(all) > MaxCalendarEvents {
				return nil, fmt.Errorf("the clock of the time zone %.60q is set more than %d times", id, MaxCalendarEvents)
			}
		default:
			own = append(own, l)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the time zone %.60q has no rule", id)
	}
	slices.SortFunc(all, func(a, b onset) int { return int(min(max(a.at-b.at, -1), 1)) })
	zone, err := time.LoadLocationFromTZData(id, zoneData(all))
	if err != nil {
		return nil, fmt.Errorf("the time zone %.60q cannot be used: %w", id, err)
	}
	return zone, nil
}

// onsets returns when a STANDARD or DAYLIGHT part of a zone begins to hold.
func onsets(lines []icalLine, daylight bool) ([]onset, error) {
	var from, to *int32
	var start, rule icalLine
	var dates []icalLine
	for _, l := range lines {
		var err error
		switch l.name {
		case "TZOFFSETFROM":
			from, err = icalOffset(l.value)
		case "TZOFFSETTO":
			to, err = icalOffset(l.value)
		case "DTSTART":
			start = l
		case "RRULE":
			rule = l
		case "RDATE":
			dates = append(dates, l)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", l.number, err)
		}
	}
	if from == nil || to == nil || start.name == "" {
		return nil, fmt.Errorf("a rule needs DTSTART, TZOFFSETFROM and TZOFFSETTO")
	}
	// The times of a rule are those of the clock before it is set.
	times := icalTimes{zone: time.FixedZone("", int(*from))}
	first, err := times.bare(start)
	if err != nil {
		return nil, err
	}
	var at []time.Time
	for _, l := range dates {
		more, err := times.all(l)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", l.number, err)
		}
		at = append(at, more...)
	}
	if rule.name == "" {
		at = append(at, first)
	} else {
		r, err := newRecurrence(rule.value, first)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", rule.number, err)
		}
		at = append(at, r.upTo(time.Date(ownZoneEnd, 1, 1, 0, 0, 0, 0, time.UTC))...)
	}
	all := make([]onset, len(at))
	for i, t := range at {
		all[i] = onset{at: t.Unix(), before: *from, then: *to, daylight: daylight}
	}
	return all, nil
}

// bare reads the time of the clock at which a rule begins. Those of Outlook begin in the year 1601; what recurs each year
// from then on is the same from later on, and nothing is asked for that is earlier.
func (r icalTimes) bare(l icalLine) (time.Time, error) {
	t, err := time.ParseInLocation("20060102T150405", l.value, r.zone)
	if err != nil || t.Year() < 1600 || t.Year() > maxYear {
		return t, fmt.Errorf("line %d: %s is not a time: %.40q", l.number, l.name, l.value)
	}
	if t.Year() < 1900 {
		t = t.AddDate(ownZoneFrom-t.Year(), 0, 0)
	}
	return t, nil
}

// icalOffset reads an offset from UTC such as +0100 or -023000, in seconds.
func icalOffset(text string) (*int32, error) {
	for _, layout := range []string{"-0700", "-070000"} {
		if t, err := time.Parse(layout, text); err == nil {
			_, seconds := t.Zone()
			if seconds > -maxOffset && seconds < maxOffset {
				offset := int32(seconds)
				return &offset, nil
			}
		}
	}
	return nil, fmt.Errorf("%.20q is not an offset from UTC such as +0100", text)
}

// zoneData writes the file of a zone as RFC 9636 has it, in its version 2, of onsets in the order of their times.
func zoneData(all []onset) []byte {
	type kind struct {
		offset   int32
		daylight bool
	}
	// What holds before the first onset is no daylight time.
	kinds := []kind{{all[0].before, false}}
	var at []int64
	var which []byte
	for _, o := range all {
		k := kind{o.then, o.daylight}
		i := slices.Index(kinds, k)
		if i < 0 {
			if len(kinds) == 255 {
				continue
			}
			i, kinds = len(kinds), append(kinds, k)
		}
		at, which = append(at, o.at), append(which, byte(i))
	}
	header := func(times, types int) []byte {
		h := append([]byte("TZif2"), make([]byte, 15)...)
		for _, n := range []int{0, 0, 0, times, types, 1} { // no UT and standard marks, no leap seconds; an empty abbreviation
			h = binary.BigEndian.AppendUint32(h, uint32(n))
		}
		return h
	}
	// Readers of version 2 pass over the first part.
	data := append(header(0, 1), make([]byte, 6+1)...)
	data = append(data, header(len(at), len(kinds))...)
	for _, t := range at {
		data = binary.BigEndian.AppendUint64(data, uint64(t))
	}
	data = append(data, which...)
	for _, k := range kinds {
		data = binary.BigEndian.AppendUint32(data, uint32(k.offset))
		dst := byte(0)
		if k.daylight {
			dst = 1
		}
		data = append(data, dst, 0)
	}
	return append(data, 0, '\n', '\n')
}
