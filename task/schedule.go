package task

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// Schedule tells when a trigger is due. It is for one goroutine.
//
// Its rule for changes of the clock: a cron specification names local times. One that does not exist, because the clock
// was set forward over it, is due once at the change; several of them that fall into one gap are due once together. One
// that comes twice, because the clock was set back, is due the first time. The trigger may choose otherwise. A
// specification that is due in every hour goes by elapsed time instead, unless the trigger chooses: nothing is made up at a
// gap, and the repeated hour is an hour like others. Intervals are elapsed time, always.
type Schedule struct {
	spec TriggerSpec
	zone *time.Location
	cron cronSpec
	// anchor is where an interval is counted from.
	anchor    time.Time
	inGap     GapChoice
	inOverlap OverlapChoice
	delay     time.Duration
	calendar  *calendarDays
}

// moment is one time of a schedule, whether it is due or left out.
type moment struct {
	at time.Time
	// wall is the local time that was meant, see [cronSpec].
	wall   int64
	due    bool
	effect PreviewEffect
	note   string
	// skipTo is where to look on after a moment that a calendar excludes.
	skipTo time.Time
}

// searchYears bounds how far a schedule looks ahead for its next occurrence.
const searchYears = 60

// NewSchedule returns the schedule of a trigger of owner that was created at an instant, with the calendar that it uses, or
// nil. The spec is one that [TriggerSpec.Validate] has passed. The error is of kind fault.Invalid. A trigger that waits for
// events has a schedule that is never due.
func NewSchedule(owner Owner, s TriggerSpec, created time.Time, calendar *Calendar) (Schedule, error) {
	zone, err := Zone(s.Timezone)
	if err != nil {
		return Schedule{}, fault.Field("timezone", "%s", err)
	}
	out := Schedule{spec: s, zone: zone, anchor: ceilSecond(created.Add(time.Duration(s.Every)))}
	if s.Start != nil {
		out.anchor = *s.Start
	}
	seed := string(owner.Kind) + "\x00" + owner.Name + "\x00" + s.Name
	if s.Jitter > 0 {
		h := fnv.New64a()
		_, _ = h.Write([]byte(seed))
		out.delay = time.Duration(h.Sum64()%uint64(time.Duration(s.Jitter)/time.Millisecond)) * time.Millisecond
	}
	if s.Kind() == TriggerCron {
		if out.cron, err = parseCron(s.Cron, seed); err != nil {
			return Schedule{}, fault.Field("cron", "%s", err)
		}
		out.inGap, out.inOverlap = s.choices(out.cron)
	}
	if calendar != nil {
		if out.calendar, err = newCalendarDays(calendar.CalendarSpec, zone); err != nil {
			return Schedule{}, fmt.Errorf("read the calendar %s: %w", calendar.Name, err)
		}
	}
	return out, nil
}

// choices returns what becomes of local times that do not exist or come twice: what the trigger says, else the rule.
func (s TriggerSpec) choices(c cronSpec) (GapChoice, OverlapChoice) {
	gap, overlap := GapRun, OverlapOnce
	if c.everyHour() {
		gap, overlap = GapSkip, OverlapTwice
	}
	if s.InGap != "" {
		gap = s.InGap
	}
	if s.InOverlap != "" {
		overlap = s.InOverlap
	}
	return gap, overlap
}

// validSchedule checks that the trigger can ever be due.
func (s TriggerSpec) validSchedule() error {
	if s.Kind() != TriggerCron {
		return nil
	}
	c, err := parseCron(s.Cron, "")
	if err != nil {
		return fault.Field("cron", "%s", err)
	}
	// Each date comes on each weekday within these years.
	from, to := dayNumber(2000, 1, 1), dayNumber(2040, 1, 1)
	if _, ever := c.next(from*daySeconds, to*daySeconds); !ever {
		return fault.Field("cron", "is never due: no year has such a day")
	}
	return nil
}

// Delay returns by how much later than its scheduled time an occurrence is acted on. It follows from the trigger's name.
func (s *Schedule) Delay() time.Duration { return s.delay }

// Next returns the scheduled time of the first occurrence after an instant, or false where there is none.
func (s *Schedule) Next(after time.Time) (time.Time, bool) {
	horizon := after.AddDate(searchYears, 0, 0)
	for after.Before(horizon) {
		m, ok := s.moment(after)
		if !ok {
			return time.Time{}, false
		}
		if m.due {
			return m.at, true
		}
		after = m.at
		if m.skipTo.After(after) {
			after = m.skipTo.Add(-time.Microsecond)
		}
	}
	return time.Time{}, false
}

// moment returns the first time of the schedule after an instant, due or not.
func (s *Schedule) moment(after time.Time) (m moment, ok bool) {
	if s.spec.Start != nil && after.Before(*s.spec.Start) {
		after = s.spec.Start.Add(-time.Microsecond)
	}
	switch s.spec.Kind() {
	case TriggerCron:
		m, ok = s.cronMoment(after)
	case TriggerEvery:
		m, ok = s.interval(after)
	case TriggerAt:
		m = moment{at: s.spec.At.UTC(), due: true}
		ok = m.at.After(after)
	}
	if !ok || s.spec.End != nil && !m.at.Before(*s.spec.End) {
		return moment{}, false
	}
	if s.calendar != nil && m.due {
		if e := s.calendar.at(m.at); !e.allowed {
			m.due, m.effect, m.note, m.skipTo = false, EffectExcluded, e.why, e.until
		}
	}
	return m, true
}

// interval returns the first instant after another that is a whole number of intervals from the anchor.
func (s *Schedule) interval(after time.Time) (moment, bool) {
	every, n := time.Duration(s.spec.Every).Microseconds(), int64(0)
	if every <= 0 {
		return moment{}, false
	}
	anchor := s.anchor.UnixMicro()
	if since := after.UnixMicro() - anchor; since >= 0 {
		n = since/every + 1
	}
	at := time.UnixMicro(anchor + n*every).UTC()
	return moment{at: at, due: true}, at.Year() <= maxYear
}

// cronMoment returns the first time of the specification after an instant. It walks over the spans in which the zone's
// offset does not change: within one, local times and instants are the same but for the offset.
func (s *Schedule) cronMoment(after time.Time) (moment, bool) {
	at := after.Unix() + 1
	last := after.AddDate(searchYears, 0, 0).Unix()
	for at < last {
		span := s.spanAt(at)
		if at == span.start && span.offset > span.before {
			if m, ok := s.gap(span); ok {
				return m, true
			}
		}
		if wall, ok := s.cron.next(at+span.offset, min(span.end, last)+span.offset); ok {
			return s.inSpan(span, wall), true
		}
		at = span.end
	}
	return moment{}, false
}

// zoneSpan is a time in which a zone's offset does not change. Instants are in seconds since 1970, offsets in seconds.
type zoneSpan struct {
	// start and end bound it, end itself left out.
	start, end int64
	// before and after are the offsets of the spans beside it; its own where there is none.
	before, offset, after int64
}

const forever = 1 << 40

func (s *Schedule) spanAt(at int64) zoneSpan {
	t := time.Unix(at, 0).In(s.zone)
	_, offset := t.Zone()
	span := zoneSpan{start: -forever, end: forever, before: int64(offset), offset: int64(offset), after: int64(offset)}
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		_, before := start.Add(-time.Second).Zone()
		span.start, span.before = start.Unix(), int64(before)
	}
	if !end.IsZero() {
		// Far from a change of the clock the bounds are those of the year, which for the library has 365 days: that of the last
		// day of a leap year lies before it.
		if !end.After(t) {
			end = time.Date(t.UTC().Year()+1, 1, 1, 0, 0, 0, 0, time.UTC).In(s.zone)
		}
		_, after := end.Zone()
		span.end, span.after = end.Unix(), int64(after)
	}
	return span
}

// gap returns what becomes of the local times that the clock leaves out at the start of a span, unless there are none, or
// the specification is due at that instant anyway.
func (s *Schedule) gap(span zoneSpan) (moment, bool) {
	first := span.start + span.offset
	wall, ok := s.cron.next(span.start+span.before, first)
	if !ok {
		return moment{}, false
	}
	if same, regular := s.cron.next(first, first+1); regular && same == first {
		return moment{}, false
	}
	m := moment{at: time.Unix(span.start, 0).UTC(), wall: wall, due: s.inGap == GapRun, effect: EffectMoved}
	m.note = "this local time does not exist, as the clock is set forward over it: due at the change"
	if !m.due {
		m.effect, m.note = EffectGap, "this local time does not exist, as the clock is set forward over it: left out"
	}
	return m, true
}

// inSpan returns the moment of a local time in a span.
func (s *Schedule) inSpan(span zoneSpan, wall int64) moment {
	m := moment{at: time.Unix(wall-span.offset, 0).UTC(), wall: wall, due: true}
	switch {
	case wall < span.start+span.before:
		m.due, m.effect = s.inOverlap == OverlapTwice, EffectSecond
		m.note = "this local time comes a second time, as the clock was set back"
		if !m.due {
			m.note += ": left out"
		}
	case wall >= span.end+span.after:
		m.effect, m.note = EffectFirst, "this local time comes twice, as the clock is set back: this is the first time"
	}
	return m
}

func ceilSecond(t time.Time) time.Time {
	if c := t.Truncate(time.Second); c.Equal(t) {
		return c.UTC()
	}
	return t.Truncate(time.Second).Add(time.Second).UTC()
}

// Preview returns what becomes of the times of the schedule at from or later, until count of them are due. A time that is
// left out is there too, each with its reason; where very many are, the rest of them is passed over.
func (s *Schedule) Preview(from time.Time, count int) []Preview {
	after := from.Add(-time.Microsecond)
	var out []Preview
	for due, left := 0, 0; due < count; {
		m, ok := s.moment(after)
		if !ok {
			return out
		}
		after = m.at
		switch {
		case m.due:
			due, left = due+1, 0
		case m.effect == EffectExcluded:
			// Of a row of times that a calendar excludes the first ones are enough to be seen.
			if left++; left > previewExcluded && m.skipTo.After(after) {
				after = m.skipTo.Add(-time.Microsecond)
				continue
			}
		}
		out = append(out, s.preview(m))
		if len(out) >= MaxPreview {
			return out
		}
	}
	return out
}

// previewExcluded is how many times in a row that a calendar excludes a preview shows.
const previewExcluded = 10

func (s *Schedule) preview(m moment) Preview {
	const layout = "2006-01-02 15:04:05"
	local := m.at.In(s.zone).Format(layout)
	if m.effect == EffectMoved || m.effect == EffectGap {
		local = time.Unix(m.wall, 0).UTC().Format(layout)
	}
	return Preview{ScheduledFor: m.at, DueAt: m.at.Add(s.delay), Local: local, Due: m.due, Effect: m.effect, Note: m.note}
}
