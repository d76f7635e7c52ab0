package task_test

import (
	"errors"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// FuzzCron reads specifications of any text. One that is accepted is due at instants that grow, none before the one asked
// for, in zones with changes of the clock of an hour, of half an hour, at midnight, and with a day left out.
func FuzzCron(f *testing.F) {
	for i, text := range []string{
		"0 2 * * *", "*/15 9-17 * * mon-fri", "30 0 0 L * *", "0 0 LW * *", "0 0 * * 5#3", "0 0 * * 5L", "H H(0-3) * * *",
		"H/10 * * * *", "@daily", "@every 1h30m", "0 0 29 2 *", "0 0 31 4 *", "TZ=UTC 0 0 * * *", "0 0 15W * ?", "* * * * * *",
	} {
		f.Add(text, int64(i)*7_777_777, uint8(i))
	}
	zones := []string{"UTC", "Europe/Paris", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Asia/Beirut"}
	begin := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string, offset int64, zone uint8) {
		s := task.TriggerSpec{Name: "t", Cron: text, Timezone: zones[int(zone)%len(zones)]}
		if err := s.Validate(); err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatalf("%q: %v is not of kind Invalid", text, err)
			}
			return
		}
		schedule, err := task.NewSchedule(task.TaskOwner("load"), s, begin, nil)
		if err != nil {
			t.Fatalf("%q was accepted, and then: %v", text, err)
		}
		from := begin.Add(time.Duration(offset%(30*365*24*3600)) * time.Second)
		last := from.Add(-time.Nanosecond)
		for _, p := range schedule.Preview(from, 20) {
			if !p.ScheduledFor.After(last) {
				t.Fatalf("%q in %s from %s: %s comes after %s", text, s.Timezone, from, p.ScheduledFor, last)
			}
			last = p.ScheduledFor
		}
	})
}

// FuzzICalendar reads files of any content. Of one that is accepted, each day of four years can be told, and a trigger that
// uses the calendar has a schedule.
func FuzzICalendar(f *testing.F) {
	f.Add(holidays, uint16(0))
	for _, lines := range []string{
		"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25\n",
		"DTSTART;TZID=Europe/Paris:20260102T080000\nDTEND;TZID=Europe/Paris:20260102T200000\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE;INTERVAL=2\n",
		"DTSTART:20260102T000000Z\nDURATION:PT36H\nRDATE:20260110T000000Z\nEXDATE:20260102T000000Z\n",
		"UID:a\nDTSTART:20260102T000000Z\nRRULE:FREQ=DAILY;COUNT=5\nEND:VEVENT\nBEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20260103T000000Z\nDTSTART:20260104T000000Z\n",
		"DTSTART:20260102T000000Z\nRRULE:FREQ=SECONDLY\n",
		"DTSTART:00010101T000000Z\nDURATION:P99999W\n",
	} {
		f.Add("BEGIN:VCALENDAR\nBEGIN:VEVENT\n"+lines+"END:VEVENT\nEND:VCALENDAR\n", uint16(len(lines)))
	}
	f.Fuzz(func(t *testing.T, text string, day uint16) {
		c := task.Calendar{CalendarSpec: task.CalendarSpec{Name: "c", Timezone: "Europe/Paris", ICalendar: text}}
		if err := c.Validate(); err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatalf("%v is not of kind Invalid", err)
			}
			return
		}
		from := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(day))
		for year := range 4 {
			if _, err := c.Days(from.AddDate(year, 0, 0), from.AddDate(year+1, 0, 0)); err != nil {
				t.Fatalf("accepted, and then: %v", err)
			}
		}
		schedule, err := task.NewSchedule(task.TaskOwner("load"), task.TriggerSpec{Name: "t", Cron: "0 12 * * *"}, from, &c)
		if err != nil {
			t.Fatalf("accepted, and then: %v", err)
		}
		last := from.Add(-time.Nanosecond)
		for _, p := range schedule.Preview(from, 5) {
			if !p.ScheduledFor.After(last) {
				t.Fatalf("%s comes after %s", p.ScheduledFor, last)
			}
			last = p.ScheduledFor
		}
	})
}
