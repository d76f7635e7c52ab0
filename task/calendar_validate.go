package task

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// Validate returns nil if the calendar may be stored, else all its faults: joined field errors of kind fault.Invalid.
func (s CalendarSpec) Validate() error {
	var found problems
	found.add(CheckName("name", s.Name))
	found.add(CheckText("description", s.Description, MaxDescription))
	found.add(oneOf("mode", s.Mode, CalendarExclude, CalendarOnly))
	if _, err := Zone(s.Timezone); err != nil {
		found.add(fault.Field("timezone", "%s", err))
	}
	if len(s.Entries) > MaxCalendarEntries {
		found.addf("entries", "must be at most %d, not %d", MaxCalendarEntries, len(s.Entries))
		return found.join()
	}
	rules := 0
	for i, e := range s.Entries {
		if e.Rule != "" {
			rules++
		}
		found.add(fault.Under(fmt.Sprintf("entries[%d]", i), e.validate()))
	}
	if s.ICalendar != "" {
		events, err := readICalendar(s.ICalendar, time.UTC)
		if err != nil {
			found.addf("icalendar", "cannot be used: %s", err)
		}
		for _, e := range events {
			if e.rule != nil {
				rules++
			}
		}
	}
	if rules > MaxCalendarRules {
		found.addf("entries", "may have at most %d rules together with those of the iCalendar file, not %d", MaxCalendarRules, rules)
	}
	return found.join()
}

// MaxCalendarRules is how many recurrence rules a calendar may have.
const MaxCalendarRules = 200

func (e CalendarEntry) validate() error {
	var found problems
	found.add(CheckText("name", e.Name, MaxLabelValue))
	if e.Date == "" && e.Until != "" {
		found.addf("until", "needs a date before it")
	}
	if _, _, err := e.dates(); err != nil {
		found.add(err)
	}
	if _, err := readWeekdays(e.Weekdays); err != nil {
		found.add(err)
	}
	if _, err := readHours(e.Hours); err != nil {
		found.add(err)
	}
	if e.Rule == "" {
		return found.join()
	}
	date, err := readDate(e.Date)
	switch {
	case err != nil || date.yearly:
		found.addf("date", "must be the day, such as 2026-01-30, with which the rule begins")
	case e.Until != "":
		found.addf("until", "must be left out: a rule has its own UNTIL")
	default:
		if err := checkRule(e.Rule, date.day()); err != nil {
			found.addf("rule", "cannot be used: %s", err)
		}
	}
	return found.join()
}

// calendarDate is a day, or one of each year.
type calendarDate struct {
	yearly bool
	year   int
	month  time.Month
	of     int
}

// day returns the date as days since 1970; it is not one of each year.
func (d calendarDate) day() int64 { return dayNumber(d.year, d.month, d.of) }

// inYear returns a number that orders the days of a year.
func (d calendarDate) inYear() int { return int(d.month)*100 + d.of }

// readDate reads a date such as 2026-12-25, or 12-25 for that of each year.
func readDate(text string) (calendarDate, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil && t.Year() >= minYear {
		return calendarDate{year: t.Year(), month: t.Month(), of: t.Day()}, nil
	}
	// A leap year, so that 02-29 is a day.
	if t, err := time.Parse(time.DateOnly, "2000-"+text); err == nil {
		return calendarDate{yearly: true, month: t.Month(), of: t.Day()}, nil
	}
	return calendarDate{}, fmt.Errorf("%.40q is not a date", text)
}

// dates returns the first and the last day of an entry that has a date.
func (e CalendarEntry) dates() (first, last calendarDate, err error) {
	if e.Date == "" {
		return first, last, nil
	}
	if first, err = readDate(e.Date); err != nil {
		return first, last, fault.Field("date", "must be a day such as 2026-12-25, or 12-25 for that of each year, not %.40q", e.Date)
	}
	if e.Until == "" {
		return first, first, nil
	}
	last, err = readDate(e.Until)
	switch {
	case err != nil || last.yearly != first.yearly:
		return first, last, fault.Field("until", "must be a day in the form of date, not %.40q", e.Until)
	case !first.yearly && last.day() < first.day():
		return first, last, fault.Field("until", "must not be before date")
	}
	return first, last, nil
}

// readWeekdays reads names of weekdays and ranges of them into a set of bits, Sunday being 0; none are all.
func readWeekdays(texts []string) (set uint8, err error) {
	if len(texts) == 0 {
		return 1<<7 - 1, nil
	}
	for i, text := range texts {
		low, high, isRange := strings.Cut(strings.ToUpper(strings.TrimSpace(text)), "-")
		from, known := weekdayNumbers[low]
		to := from
		if isRange && known {
			to, known = weekdayNumbers[high]
		}
		if !known {
			return 0, fault.Field(fmt.Sprintf("weekdays[%d]", i), "must be a day such as sat, or a range such as mon-fri, not %.40q", text)
		}
		if to < from {
			to += 7
		}
		for day := from; day <= to; day++ {
			set |= 1 << uint(day%7)
		}
	}
	return set, nil
}

// hours is a span of a day, in seconds. One whose to is not after its from ends on the next day.
type hours struct{ from, to int }

var wholeDay = []hours{{0, daySeconds}}

// readHours reads spans such as 09:00-17:30; none are the whole day.
func readHours(texts []string) ([]hours, error) {
	if len(texts) == 0 {
		return wholeDay, nil
	}
	const most = 48
	if len(texts) > most {
		return nil, fault.Field("hours", "must be at most %d, not %d", most, len(texts))
	}
	var out []hours
	for i, text := range texts {
		low, high, _ := strings.Cut(text, "-")
		from, err1 := readClock(low)
		to, err2 := readClock(high)
		if err1 != nil || err2 != nil || from == daySeconds || from == to {
			return nil, fault.Field(fmt.Sprintf("hours[%d]", i), "must be a span such as 09:00-17:30 or 22:00-06:00, not %.40q", text)
		}
		out = append(out, hours{from, to})
	}
	return out, nil
}

// readClock reads a time such as 09:30 or 24:00 as seconds of the day.
func readClock(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "24:00" {
		return daySeconds, nil
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Hour()*3600 + t.Minute()*60 + t.Second(), nil
		}
	}
	return 0, fmt.Errorf("%.40q is not a time of the day", text)
}

// clockText writes seconds of the day as 09:30 or, where they matter, 09:30:15.
func clockText(seconds int) string {
	if seconds%60 != 0 {
		return fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%02d:%02d", seconds/3600, seconds/60%60)
}

// union joins spans of one day that overlap or touch, in their order.
func union(spans []hours) []hours {
	slices.SortFunc(spans, func(a, b hours) int { return a.from - b.from })
	var out []hours
	for _, s := range spans {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// complement returns the rest of the day beside spans that [union] has joined.
func complement(spans []hours) []hours {
	var out []hours
	at := 0
	for _, s := range spans {
		if s.from > at {
			out = append(out, hours{at, s.from})
		}
		at = s.to
	}
	if at < daySeconds {
		out = append(out, hours{at, daySeconds})
	}
	return out
}
