package task_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// allowed returns what a calendar allows from a day on, as "04:09:00-12:00+13:00-17:00 05:" for days 4 and 5.
func allowed(t testing.TB, s task.CalendarSpec, from string, days int) string {
	t.Helper()
	s.Name = "c"
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	first := instant(t, from+"T12:00:00Z")
	got, err := task.Calendar{CalendarSpec: s}.Days(first, first.AddDate(0, 0, days))
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, d := range got {
		hours := strings.Join(d.Allowed, "+")
		if hours == "00:00-24:00" {
			hours = "all"
		}
		words = append(words, d.Date[8:]+":"+hours)
	}
	return strings.Join(words, " ")
}

func TestACalendarIsMadeOfDaysHoursAndRules(t *testing.T) {
	for what, c := range map[string]struct {
		spec task.CalendarSpec
		from string
		want string
	}{
		"nothing":         {task.CalendarSpec{}, "2026-12-24", "24:all 25:all 26:all"},
		"only nothing":    {task.CalendarSpec{Mode: task.CalendarOnly}, "2026-12-24", "24: 25: 26:"},
		"a day":           {task.CalendarSpec{Entries: []task.CalendarEntry{{Date: "2026-12-25"}}}, "2026-12-24", "24:all 25: 26:all"},
		"each year's day": {task.CalendarSpec{Entries: []task.CalendarEntry{{Date: "12-25"}}}, "2031-12-24", "24:all 25: 26:all"},
		"over the new year": {
			task.CalendarSpec{Entries: []task.CalendarEntry{{Date: "12-31", Until: "01-01"}}}, "2026-12-30", "30:all 31: 01:"},
		"a range": {task.CalendarSpec{Entries: []task.CalendarEntry{{Date: "2026-12-24", Until: "2026-12-25"}}}, "2026-12-24", "24: 25: 26:all"},
		"office hours": {
			task.CalendarSpec{Mode: task.CalendarOnly, Entries: []task.CalendarEntry{{Weekdays: []string{"mon-fri"}, Hours: []string{"09:00-12:00", "13:00-17:30"}}}},
			"2026-12-25", "25:09:00-12:00+13:00-17:30 26: 27:"},
		"a night": {
			task.CalendarSpec{Entries: []task.CalendarEntry{{Date: "2026-12-25", Hours: []string{"22:00-06:00"}}}},
			"2026-12-24", "24:all 25:00:00-22:00 26:06:00-24:00"},
		"a rule": {
			task.CalendarSpec{Entries: []task.CalendarEntry{{Date: "2026-01-30", Rule: "FREQ=MONTHLY;BYDAY=-1FR"}}}, "2026-12-24", "24:all 25: 26:all"},
		"a rule and its hours": {
			task.CalendarSpec{Entries: []task.CalendarEntry{{Date: "2026-12-22", Rule: "FREQ=DAILY;INTERVAL=3;COUNT=2", Hours: []string{"10:00-11:00"}}}},
			"2026-12-24", "24:all 25:00:00-10:00+11:00-24:00 26:all"},
		"entries that overlap": {
			task.CalendarSpec{Entries: []task.CalendarEntry{{Date: "12-24", Hours: []string{"10:00-14:00", "12:00-15:00"}}, {Date: "12-24", Hours: []string{"15:00-16:00"}}}},
			"2026-12-24", "24:00:00-10:00+16:00-24:00 25:all 26:all"},
	} {
		if got := allowed(t, c.spec, c.from, 3); got != c.want {
			t.Errorf("%s: got %q, want %q", what, got, c.want)
		}
	}
}

func TestACalendarThatCannotBeIsRefused(t *testing.T) {
	entry := func(e task.CalendarEntry) task.CalendarSpec {
		return task.CalendarSpec{Name: "c", Entries: []task.CalendarEntry{e}}
	}
	var rules []task.CalendarEntry
	for range task.MaxCalendarRules + 1 {
		rules = append(rules, task.CalendarEntry{Date: "2026-01-01", Rule: "FREQ=YEARLY"})
	}
	for what, c := range map[string]struct {
		spec  task.CalendarSpec
		field string
	}{
		"a name":                     {task.CalendarSpec{Name: "Holi days"}, "name"},
		"a mode":                     {task.CalendarSpec{Name: "c", Mode: "never"}, "mode"},
		"a zone":                     {task.CalendarSpec{Name: "c", Timezone: "Mars/Olympus"}, "timezone"},
		"a day":                      {entry(task.CalendarEntry{Date: "2026-02-30"}), "entries[0].date"},
		"an end without a beginning": {entry(task.CalendarEntry{Until: "2026-02-03"}), "entries[0].until"},
		"an end before":              {entry(task.CalendarEntry{Date: "2026-02-04", Until: "2026-02-03"}), "entries[0].until"},
		"an end of each year":        {entry(task.CalendarEntry{Date: "2026-02-04", Until: "02-05"}), "entries[0].until"},
		"a weekday":                  {entry(task.CalendarEntry{Weekdays: []string{"mon", "someday"}}), "entries[0].weekdays[1]"},
		"hours":                      {entry(task.CalendarEntry{Hours: []string{"9-17"}}), "entries[0].hours[0]"},
		"no hours":                   {entry(task.CalendarEntry{Hours: []string{"09:00-09:00"}}), "entries[0].hours[0]"},
		"a rule without a day":       {entry(task.CalendarEntry{Rule: "FREQ=DAILY"}), "entries[0].date"},
		"a rule that is none":        {entry(task.CalendarEntry{Date: "2026-01-01", Rule: "FREQ=NOW"}), "entries[0].rule"},
		"a rule by the hour":         {entry(task.CalendarEntry{Date: "2026-01-01", Rule: "FREQ=HOURLY"}), "entries[0].rule"},
		"a rule without days":        {entry(task.CalendarEntry{Date: "2026-01-01", Rule: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}), "entries[0].rule"},
		"a rule of several lines":    {entry(task.CalendarEntry{Date: "2026-01-01", Rule: "FREQ=DAILY\nEXRULE:FREQ=DAILY"}), "entries[0].rule"},
		"too many rules":             {task.CalendarSpec{Name: "c", Entries: rules}, "entries"},
		"too many entries":           {task.CalendarSpec{Name: "c", Entries: make([]task.CalendarEntry, task.MaxCalendarEntries+1)}, "entries"},
		"no iCalendar file":          {task.CalendarSpec{Name: "c", ICalendar: "hello"}, "icalendar"},
		"too large a file":           {task.CalendarSpec{Name: "c", ICalendar: "BEGIN:VCALENDAR\n" + strings.Repeat("X:1\n", task.MaxICalendar/4)}, "icalendar"},
	} {
		fields := fault.Fields(c.spec.Validate())
		if len(fields) != 1 || fields[0].Field != c.field {
			t.Errorf("%s: got %v, want %s refused", what, fields, c.field)
		}
	}
}

const holidays = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Romance Standard Time\r\nX-LIC-LOCATION:Europe/Paris\r\nEND:VTIMEZONE\r\n" +
	"BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261227\r\nSUMMARY:Christ\r\n mas\\, both days\r\nBEGIN:VALARM\r\nDTSTART:x\r\nEND:VALARM\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:2\r\nDTSTART;TZID=Romance Standard Time:20260701T220000\r\nDURATION:PT4H\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nEXDATE;TZID=\"Europe/Paris\":20260708T220000\r\nSUMMARY:Maintenance\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:2\r\nRECURRENCE-ID;TZID=Europe/Paris:20260715T220000\r\nDTSTART;TZID=Europe/Paris:20260716T080000\r\nDTEND;TZID=Europe/Paris:20260716T093000\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:3\r\nDTSTART:20260704T100000Z\r\nDTEND:20260704T110000Z\r\nSTATUS:CANCELLED\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:4\r\nDTSTART;VALUE=DATE:20260501\r\nRRULE:FREQ=YEARLY\r\nRDATE;VALUE=DATE:20260705\r\nSUMMARY:May\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

func TestTheEventsOfAnICalendarFileAreEntries(t *testing.T) {
	s := task.CalendarSpec{ICalendar: holidays, Timezone: "Europe/Paris"}
	for from, want := range map[string]string{
		"2026-12-24": "24:all 25: 26: 27:all",
		"2026-07-01": "01:00:00-22:00 02:02:00-24:00 03:all 04:all 05: 06:all",
		"2026-07-07": "07:all 08:all 09:all",
		"2026-07-15": "15:all 16:00:00-08:00+09:30-24:00 17:all",
		"2030-04-30": "30:all 01: 02:all",
	} {
		if got := allowed(t, s, from, strings.Count(want, ":all")+strings.Count(want, " ")+1); !strings.HasPrefix(got, want) {
			t.Errorf("from %s: got %q, want %q", from, got, want)
		}
	}
	days, err := task.Calendar{CalendarSpec: s}.Days(instant(t, "2026-12-25T12:00:00Z"), instant(t, "2026-12-26T12:00:00Z"))
	if err != nil || len(days) != 1 || strings.Join(days[0].Entries, ";") != "Christmas, both days" {
		t.Errorf("got %v and %v, want the name of the event", days, err)
	}
}

func TestAnICalendarFileThatCannotBeReadIsRefused(t *testing.T) {
	event := func(lines string) string {
		return "BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + lines + "END:VEVENT\nEND:VCALENDAR\n"
	}
	for what, text := range map[string]string{
		"no beginning":        event("SUMMARY:x\n"),
		"no time":             event("DTSTART:tomorrow\n"),
		"an unknown zone":     event("DTSTART;TZID=Nowhere:20260101T000000\n"),
		"an end before":       event("DTSTART:20260102T000000Z\nDTEND:20260101T000000Z\n"),
		"no duration":         event("DTSTART:20260102T000000Z\nDURATION:long\n"),
		"a rule by the hour":  event("DTSTART:20260102T000000Z\nRRULE:FREQ=SECONDLY\n"),
		"a rule without days": event("DTSTART;VALUE=DATE:20260102\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31\n"),
		"no end":              "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260102T000000Z\nEND:VCALENDAR\n",
		"a line of nothing":   "BEGIN:VCALENDAR\nNONSENSE\nEND:VCALENDAR\n",
		"a parameter only":    "BEGIN:VCALENDAR\nX;Y=\"z\"\nEND:VCALENDAR\n",
		"too many events":     "BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:VEVENT\nDTSTART:20260102T000000Z\nEND:VEVENT\n", task.MaxCalendarEvents+1) + "END:VCALENDAR\n",
		"cut off at an event": strings.TrimSuffix(event("DTSTART:20260102T000000Z\n"), "END:VCALENDAR\n"),
		"cut off at once":     "BEGIN:VCALENDAR\n",
	} {
		if err := (task.CalendarSpec{Name: "c", ICalendar: text}).Validate(); len(fault.Fields(err)) != 1 {
			t.Errorf("%s: got %v, want one field refused", what, err)
		}
	}
}

func TestAnICalendarFileMayNameZonesAsWindowsDoes(t *testing.T) {
	text := "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;TZID=\"W. Europe Standard Time\":20260701T090000\r\n" +
		"DTEND;TZID=Eastern Standard Time:20260701T060000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	if got := allowed(t, task.CalendarSpec{ICalendar: text}, "2026-07-01", 1); got != "01:00:00-07:00+10:00-24:00" {
		t.Errorf("got %q, want what is between nine in Berlin and six in New York left out", got)
	}
}

func TestATriggerIsNotDueWhileItsCalendarExcludesIt(t *testing.T) {
	office := &task.Calendar{CalendarSpec: task.CalendarSpec{Name: "office", Mode: task.CalendarOnly, Entries: []task.CalendarEntry{
		{Weekdays: []string{"mon-fri"}, Hours: []string{"09:00-17:00"}},
	}}}
	s := scheduleOf(t, task.TriggerSpec{Name: "t", Cron: "* * * * * *", Timezone: "Asia/Kathmandu"}, time.Time{}, office)
	friday := instant(t, "2026-05-08T17:00:00+05:45").Add(-time.Second)
	at, ok := s.Next(friday)
	if want := instant(t, "2026-05-11T09:00:00+05:45"); !ok || !at.Equal(want) {
		t.Errorf("after Friday's last second it is due at %s, want %s", at, want)
	}
	preview := s.Preview(friday.Add(time.Second), 1)
	if len(preview) < 2 || preview[0].Due || preview[0].Effect != task.EffectExcluded || !strings.Contains(preview[0].Note, "office") {
		t.Errorf("got the preview %v, want what the calendar excludes", preview)
	}
	if last := preview[len(preview)-1]; !last.Due || len(preview) > 200 {
		t.Errorf("got %d times, the last one %v", len(preview), last)
	}
	never := &task.Calendar{CalendarSpec: task.CalendarSpec{Name: "never", Mode: task.CalendarOnly}}
	s = scheduleOf(t, task.TriggerSpec{Name: "t", Cron: "0 0 1 1 *"}, time.Time{}, never)
	if at, ok := s.Next(friday); ok {
		t.Errorf("it is due at %s although its calendar allows nothing", at)
	}
}

func TestAnEntryOfTheOracleAgreesMinuteByMinute(t *testing.T) {
	calendar := &task.Calendar{CalendarSpec: task.CalendarSpec{Name: "c", Timezone: "America/New_York", Entries: []task.CalendarEntry{
		{Weekdays: []string{"sat", "sun"}}, {Date: "11-26"}, {Hours: []string{"23:30-00:30"}},
	}}}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	from := instant(t, "2026-10-25T00:00:00Z")
	to := from.AddDate(0, 0, 40)
	s := scheduleOf(t, task.TriggerSpec{Name: "t", Cron: "* * * * *"}, time.Time{}, calendar)
	var want, got []time.Time
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		l := at.In(zone)
		clock := l.Hour()*60 + l.Minute()
		if l.Weekday() != time.Saturday && l.Weekday() != time.Sunday && fmt.Sprint(l.Month(), l.Day()) != "November 26" && clock < 23*60+30 && clock >= 30 {
			want = append(want, at)
		}
	}
	for after := from.Add(-time.Second); ; {
		at, ok := s.Next(after)
		if !ok || !at.Before(to) {
			break
		}
		got, after = append(got, at), at
	}
	compareInstants(t, "the calendar", got, want, zone)
}
