package task

import "time"

// CalendarSpec is a named set of days and hours, as an operator writes it. Triggers that use it are not due at instants
// that it excludes. Its JSON is the body of POST /calendars and the spec in an apply file.
type CalendarSpec struct {
	Name        string `json:"name" doc:"Name of the calendar: 1 to 63 of a-z 0-9 - _ ."`
	Description string `json:"description,omitempty" doc:"What the calendar is for."`
	// Mode says what the entries mean; empty is CalendarExclude.
	Mode CalendarMode `json:"mode,omitempty" enum:"exclude,only" doc:"exclude: triggers are not due during the entries (the default). only: they are due during the entries alone."`
	// Timezone is the zone of the entries' days and hours; empty takes that of the trigger.
	Timezone string          `json:"timezone,omitempty" doc:"IANA name of the zone of its days and hours; by default that of the trigger."`
	Entries  []CalendarEntry `json:"entries,omitempty" doc:"Days and hours, one by one or by a rule."`
	// ICalendar is the text of an iCalendar file (RFC 5545), whose events are entries as well.
	ICalendar string `json:"icalendar,omitempty" doc:"Text of an iCalendar file; its events are entries as well."`
}

// CalendarMode says what the entries of a calendar mean.
type CalendarMode string

// The modes.
const (
	CalendarExclude CalendarMode = "exclude"
	CalendarOnly    CalendarMode = "only"
)

// CalendarEntry is some days, or some hours of them. Without any of Date, Weekdays, Months and Rule it is every day; where
// several are set, a day must fit each.
type CalendarEntry struct {
	Name string `json:"name,omitempty" doc:"What it is, such as Christmas."`
	// Date is a day such as 2026-12-25, or each year's such as 12-25; Until makes it a range, both days included.
	Date  string `json:"date,omitempty" doc:"A day such as 2026-12-25, or that of each year such as 12-25."`
	Until string `json:"until,omitempty" doc:"Last day of a range that begins with date, in the same form."`
	// Weekdays are names such as sat, or ranges such as mon-fri.
	Weekdays []string `json:"weekdays,omitempty" doc:"Days of the week such as sat, or ranges such as mon-fri."`
	// Rule is a recurrence rule (RRULE of RFC 5545) with the day Date as its first.
	Rule string `json:"rule,omitempty" doc:"A recurrence rule of RFC 5545 that begins at date, such as FREQ=MONTHLY;BYDAY=-1FR."`
	// Hours are times of the day such as 09:00-17:30; none stands for the whole day.
	Hours []string `json:"hours,omitempty" doc:"Times of the day such as 09:00-17:30 or 22:00-06:00, which ends on the next day; by default the whole day."`
}

// Calendar is a stored calendar.
type Calendar struct {
	CalendarSpec
	// Version counts edits, from 1. It is the ETag.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Limits of calendars.
const (
	MaxCalendarEntries = 2000
	MaxICalendar       = 512 << 10
	MaxCalendarEvents  = 5000
)
