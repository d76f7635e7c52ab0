package task

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// calendarDays answers what a calendar says of an instant. It is for one goroutine.
type calendarDays struct {
	name    string
	only    bool
	zone    *time.Location
	entries []calendarEntry
	events  []icalEvent
	// day is what was found out about the day number of, so that many instants of one day are looked up once.
	day daySpans
	of  int64
}

// calendarEntry is an entry that was read.
type calendarEntry struct {
	name        string
	dated       bool
	first, last calendarDate
	weekdays    uint8
	rule        *recurrence
	hours       []hours
}

// daySpans is what a calendar says of one day.
type daySpans struct {
	allowed []hours
	// names are those of the entries that fit the day, without doubles.
	names []string
}

// calendarAnswer is what a calendar says of an instant: whether it is allowed and, if not, why and until when at least.
type calendarAnswer struct {
	allowed bool
	why     string
	until   time.Time
}

// newCalendarDays reads a calendar for triggers in a zone, which is that of its days and hours where it names none.
func newCalendarDays(s CalendarSpec, zone *time.Location) (*calendarDays, error) {
	c := &calendarDays{name: s.Name, only: s.Mode == CalendarOnly, zone: zone, of: -forever}
	var err error
	if s.Timezone != "" {
		if c.zone, err = Zone(s.Timezone); err != nil {
			return nil, fault.Field("timezone", "%s", err)
		}
	}
	for i, e := range s.Entries {
		read, err := readEntry(e)
		if err != nil {
			return nil, fault.Under(fmt.Sprintf("entries[%d]", i), err)
		}
		c.entries = append(c.entries, read)
	}
	if s.ICalendar != "" {
		if c.events, err = readICalendar(s.ICalendar, c.zone); err != nil {
			return nil, fault.Field("icalendar", "cannot be used: %s", err)
		}
	}
	return c, nil
}

func readEntry(e CalendarEntry) (out calendarEntry, err error) {
	out = calendarEntry{name: e.Name, dated: e.Date != "" && e.Rule == ""}
	if out.first, out.last, err = e.dates(); err != nil {
		return out, err
	}
	if out.weekdays, err = readWeekdays(e.Weekdays); err != nil {
		return out, err
	}
	if out.hours, err = readHours(e.Hours); err != nil {
		return out, err
	}
	if e.Rule != "" {
		out.rule, err = newRecurrence(e.Rule, time.Unix(out.first.day()*daySeconds, 0).UTC())
		if err != nil {
			return out, fault.Field("rule", "cannot be used: %s", err)
		}
	}
	return out, nil
}

// fits reports whether the entry is about a day.
func (e *calendarEntry) fits(day int64) bool {
	if e.weekdays>>uint(floorMod(day+4, 7))&1 == 0 {
		return false
	}
	if e.rule != nil {
		at := time.Unix(day*daySeconds, 0).UTC()
		known := e.rule.upTo(at.Add(time.Second))
		return len(known) > 0 && known[len(known)-1].Equal(at)
	}
	if !e.dated {
		return true
	}
	if !e.first.yearly {
		return e.first.day() <= day && day <= e.last.day()
	}
	_, month, of := civil(day)
	now, first, last := int(month)*100+of, e.first.inYear(), e.last.inYear()
	if first <= last {
		return first <= now && now <= last
	}
	return first <= now || now <= last // Over the turn of the year.
}

// at says whether triggers may be due at an instant.
func (c *calendarDays) at(t time.Time) calendarAnswer {
	local := t.In(c.zone)
	year, month, of := local.Date()
	day := dayNumber(year, month, of)
	if day != c.of {
		c.day, c.of = c.spans(day), day
	}
	second := local.Hour()*3600 + local.Minute()*60 + local.Second()
	until := daySeconds
	for _, a := range c.day.allowed {
		if a.from <= second && second < a.to {
			return calendarAnswer{allowed: true}
		}
		if a.from > second {
			until = a.from
			break
		}
	}
	answer := calendarAnswer{why: c.why(), until: time.Date(year, month, of, 0, 0, until, 0, c.zone)}
	// Where the clock is set back over the end of the span, it is in the past.
	if !answer.until.After(t) {
		answer.until = t.Add(time.Second)
	}
	return answer
}

// why says why an instant of the day at hand is not allowed.
func (c *calendarDays) why() string {
	switch {
	case c.only:
		return "outside of the days and hours of the calendar " + c.name
	case len(c.day.names) == 0:
		return "excluded by the calendar " + c.name
	}
	return "excluded by the calendar " + c.name + ": " + strings.Join(c.day.names, ", ")
}

// spans finds out what the calendar says of a day.
func (c *calendarDays) spans(day int64) daySpans {
	var out daySpans
	var spans []hours
	add := func(name string, s hours) {
		if s.from >= s.to {
			return
		}
		spans = append(spans, s)
		if name != "" && !slices.Contains(out.names, name) {
			out.names = append(out.names, name)
		}
	}
	for i := range c.entries {
		e := &c.entries[i]
		if e.fits(day) {
			for _, h := range e.hours {
				if h.to <= h.from {
					h.to = daySeconds
				}
				add(e.name, h)
			}
		}
		for _, h := range e.hours {
			if h.to <= h.from && e.fits(day-1) {
				add(e.name, hours{0, h.to})
			}
		}
	}
	for i := range c.events {
		c.eventSpans(&c.events[i], day, add)
	}
	out.allowed = union(spans)
	if !c.only {
		out.allowed = complement(out.allowed)
	}
	return out
}

// eventSpans adds the parts of a day that an event of an iCalendar file takes.
func (c *calendarDays) eventSpans(e *icalEvent, day int64, add func(string, hours)) {
	year, month, of := civil(day)
	begin, end := time.Date(year, month, of, 0, 0, 0, 0, c.zone), time.Date(year, month, of+1, 0, 0, 0, 0, c.zone)
	if e.allDay {
		begin = time.Unix(day*daySeconds, 0).UTC()
		end = begin.Add(daySeconds * time.Second)
	}
	for _, start := range e.starts(end) {
		stop := start.Add(e.length)
		if !stop.After(begin) || !start.Before(end) || e.except[start.Unix()] {
			continue
		}
		s := hours{0, daySeconds}
		if !e.allDay && start.After(begin) {
			s.from = secondOfDay(start.In(c.zone))
		}
		if !e.allDay && stop.Before(end) {
			s.to = secondOfDay(stop.In(c.zone))
		}
		add(e.name, s)
	}
}

// starts returns the instants before end at which the event begins, those that are too long ago to matter left out.
func (e *icalEvent) starts(end time.Time) []time.Time {
	all := []time.Time{e.start}
	if e.rule != nil {
		all = e.rule.upTo(end)
	}
	oldest := end.Add(-e.length - 2*daySeconds*time.Second)
	first, _ := slices.BinarySearchFunc(all, oldest, time.Time.Compare)
	all = all[first:]
	if len(e.more) > 0 {
		all = append(slices.Clone(all), e.more...)
	}
	return all
}

func secondOfDay(t time.Time) int { return t.Hour()*3600 + t.Minute()*60 + t.Second() }

// Days says what the calendar allows on each day from that of from to that before to, in the calendar's zone or UTC.
func (c Calendar) Days(from, to time.Time) ([]CalendarDay, error) {
	days, err := newCalendarDays(c.CalendarSpec, time.UTC)
	if err != nil {
		return nil, err
	}
	year, month, of := from.In(days.zone).Date()
	first := dayNumber(year, month, of)
	year, month, of = to.In(days.zone).Date()
	last := min(dayNumber(year, month, of), first+MaxCalendarDays)
	var out []CalendarDay
	for day := first; day < last; day++ {
		spans := days.spans(day)
		d := CalendarDay{Date: time.Unix(day*daySeconds, 0).UTC().Format(time.DateOnly), Entries: spans.names}
		for _, a := range spans.allowed {
			d.Allowed = append(d.Allowed, clockText(a.from)+"-"+clockText(a.to))
		}
		out = append(out, d)
	}
	return out, nil
}
