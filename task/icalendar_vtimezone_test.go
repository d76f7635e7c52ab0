package task_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// outlook is how Outlook writes the rules of a zone: from the year 1601 on.
func outlook(standard, daylight string) string {
	return "BEGIN:VTIMEZONE\r\nTZID:Custom Zone\r\n" +
		"BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\n" + standard + "END:STANDARD\r\n" +
		"BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\n" + daylight + "END:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
}

// hourly is a calendar whose events last an hour and begin each day at some hours of the clock of the zone of the file.
func hourly(zone string, hours ...int) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\n" + zone)
	for _, h := range hours {
		fmt.Fprintf(&b, "BEGIN:VEVENT\r\nDTSTART;TZID=Custom Zone:20200101T%02d0000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n", h)
	}
	return b.String() + "END:VCALENDAR\r\n"
}

// TestARuleOfAZoneInTheFileIsThatOfTheZoneItDescribes reads files whose zones have names of their own and the rules of zones
// that are known. The events of a year are where the known zone has their hours, on the days on which its clock is set as well.
func TestARuleOfAZoneInTheFileIsThatOfTheZoneItDescribes(t *testing.T) {
	const europe = "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=%d\r\n"
	for known, zone := range map[string]string{
		"Europe/Paris": outlook("TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"+fmt.Sprintf(europe, 10), "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"+fmt.Sprintf(europe, 3)),
		"America/New_York": "BEGIN:VTIMEZONE\r\nTZID:Custom Zone\r\n" +
			"BEGIN:DAYLIGHT\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nTZNAME:EDT\r\nDTSTART:20070311T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\r\nEND:DAYLIGHT\r\n" +
			"BEGIN:STANDARD\r\nTZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nTZNAME:EST\r\nDTSTART:20071104T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
		"Asia/Kathmandu": "BEGIN:VTIMEZONE\r\nTZID:Custom Zone\r\nBEGIN:STANDARD\r\nDTSTART:19860101T000000\r\nTZOFFSETFROM:+0530\r\nTZOFFSETTO:+0545\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
		// It went over to another offset for good, at an instant that the rule's end names in UTC.
		"Europe/Istanbul": "BEGIN:VTIMEZONE\r\nTZID:Custom Zone\r\n" +
			"BEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0300\r\nDTSTART:20070325T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20160327T010000Z\r\nEND:DAYLIGHT\r\n" +
			"BEGIN:STANDARD\r\nTZOFFSETFROM:+0300\r\nTZOFFSETTO:+0200\r\nDTSTART:20071028T040000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20151025T010000Z\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
		"Asia/Tokyo": "BEGIN:VTIMEZONE\r\nTZID:Custom Zone\r\n" +
			"BEGIN:STANDARD\r\nTZOFFSETFROM:+1000\r\nTZOFFSETTO:+0900\r\nDTSTART:19480912T010000\r\nRDATE:19490911T010000,19510909T010000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
	} {
		s := task.CalendarSpec{ICalendar: hourly(zone, 4, 12, 22), Timezone: known}
		if got, want := allowed(t, s, "2025-01-01", 365), allowed(t, task.CalendarSpec{
			Timezone: known, Entries: []task.CalendarEntry{{Hours: []string{"04:00-05:00", "12:00-13:00", "22:00-23:00"}}},
		}, "2025-01-01", 365); got != want {
			t.Errorf("%s: the days are\n%.400s\nwant\n%.400s", known, got, want)
		}
	}
}

func TestRulesOfAZoneThatCannotBeReadAreRefused(t *testing.T) {
	const sound = "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
	for what, zone := range map[string]string{
		"no rules":            "BEGIN:VTIMEZONE\r\nTZID:Custom Zone\r\nEND:VTIMEZONE\r\n",
		"no offset":           outlook(sound, "TZOFFSETFROM:+0200\r\n"),
		"an offset of words":  outlook(sound, "TZOFFSETFROM:+0200\r\nTZOFFSETTO:east\r\n"),
		"an offset of days":   outlook(sound, "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+9900\r\n"),
		"a rule of each day":  outlook(sound, sound+"RRULE:FREQ=DAILY\r\n"),
		"a rule of each hour": outlook(sound, sound+"RRULE:FREQ=HOURLY\r\n"),
		"too many zones":      outlook(sound, sound) + manyZones(101),
	} {
		if err := (task.CalendarSpec{Name: "c", ICalendar: hourly(zone, 12)}).Validate(); len(fault.Fields(err)) != 1 {
			t.Errorf("%s: got %v, want one field refused", what, err)
		}
	}
}

func manyZones(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "BEGIN:VTIMEZONE\r\nTZID:zone %d\r\nEND:VTIMEZONE\r\n", i)
	}
	return b.String()
}
