package task

import "time"

// Preview is what becomes of one time of a trigger.
type Preview struct {
	// ScheduledFor is the instant: that of the change of the clock for a local time that does not exist.
	ScheduledFor time.Time
	// DueAt is when it is acted on: later than ScheduledFor by the trigger's delay.
	DueAt time.Time
	// Local is the time that the trigger names on the clock of its zone, such as "2026-03-29 02:30:00".
	Local string
	// Due is true where there is an occurrence, and false where it is left out.
	Due    bool
	Effect PreviewEffect
	// Note says in a sentence what a change of the clock or the calendar does to it, or is empty.
	Note string
}

// PreviewEffect says what a change of the clock or a calendar does to one time of a trigger.
type PreviewEffect string

// The effects.
const (
	// EffectNone: nothing.
	EffectNone PreviewEffect = ""
	// EffectMoved: the local time does not exist, and the occurrence is at the change of the clock.
	EffectMoved PreviewEffect = "moved"
	// EffectGap: the local time does not exist and is left out.
	EffectGap PreviewEffect = "gap"
	// EffectFirst and EffectSecond: the local time comes twice, and this is the first or the second time. A second time is
	// left out unless the trigger says twice.
	EffectFirst  PreviewEffect = "first"
	EffectSecond PreviewEffect = "second"
	// EffectExcluded: the calendar excludes it.
	EffectExcluded PreviewEffect = "excluded"
)

// CalendarDay is what a calendar says of one day.
type CalendarDay struct {
	// Date is the day, such as "2026-12-25".
	Date string
	// Allowed are the hours of the day at which triggers may be due, such as "09:00-17:30"; the whole day is "00:00-24:00".
	Allowed []string
	// Entries are the names of the entries that fit the day.
	Entries []string
}

// Limits of what is looked ahead.
const (
	MaxPreview      = 500
	MaxCalendarDays = 1100
	MaxForecast     = 1000
)
