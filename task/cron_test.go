package task_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// days returns the days of a month on which a specification is due, as "1 15 28".
func days(t *testing.T, cron string, year int, month time.Month) string {
	t.Helper()
	from := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	var all []string
	for _, at := range dueOver(t, task.TriggerSpec{Name: "t", Cron: cron}, from, from.AddDate(0, 1, 0)) {
		all = append(all, fmt.Sprint(at.Day()))
	}
	return strings.Join(all, " ")
}

func TestCronNamesDaysOfTheMonthFromItsEndAndByWeekday(t *testing.T) {
	// November 2026 begins on a Sunday and has 30 days; May 2027 begins on a Saturday and ends on a Monday.
	for _, c := range []struct {
		cron          string
		november, may string
	}{
		{"0 0 L * *", "30", "31"},
		{"0 0 L-2 * *", "28", "29"},
		{"0 0 LW * *", "30", "31"},
		{"0 0 1W * *", "2", "3"},
		{"0 0 15W * *", "16", "14"},
		{"0 0 29W * *", "30", "28"},
		{"0 0 31W * *", "", "31"},
		{"0 0 1,L * *", "1 30", "1 31"},
		{"0 0 * * fri#2", "13", "14"},
		{"0 0 * * 5#5", "", ""},
		{"0 0 * * sat#5", "", "29"},
		{"0 0 * * friL", "27", "28"},
		{"0 0 * * 0L,MON#1", "2 29", "3 30"},
		{"0 0 13 * fri#1", "6 13", "7 13"},
		{"0 0 * * sat-mon", "1 2 7 8 9 14 15 16 21 22 23 28 29 30", "1 2 3 8 9 10 15 16 17 22 23 24 29 30 31"},
		{"0 0 1-7 * *", "1 2 3 4 5 6 7", "1 2 3 4 5 6 7"},
		{"0 0 ? * 7", "1 8 15 22 29", "2 9 16 23 30"},
		{"0 0 * * 6-7", "1 7 8 14 15 21 22 28 29", "1 2 8 9 15 16 22 23 29 30"},
		{"@monthly", "1", "1"},
		{"@weekly", "1 8 15 22 29", "2 9 16 23 30"},
		{"0 0 0 28 nov *", "28", ""},
	} {
		if got := days(t, c.cron, 2026, time.November); got != c.november {
			t.Errorf("%s: due on the days %q of November, want %q", c.cron, got, c.november)
		}
		if got := days(t, c.cron, 2027, time.May); got != c.may {
			t.Errorf("%s: due on the days %q of May, want %q", c.cron, got, c.may)
		}
	}
}

func TestTheLastWorkingDayIsBeforeAWeekend(t *testing.T) {
	// January 2027 ends on a Sunday, February 2026 on a Saturday.
	for cron, want := range map[string]string{"0 0 LW * *": "29", "0 0 31W * *": "29", "0 0 30W * *": "29"} {
		if got := days(t, cron, 2027, time.January); got != want {
			t.Errorf("%s: got %q, want %q", cron, got, want)
		}
	}
	if got := days(t, "0 0 LW * *", 2026, time.February); got != "27" {
		t.Errorf("LW: got %q, want 27", got)
	}
}

func TestAHashedValueFollowsFromTheNameAndStaysInItsRange(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	for i := range 40 {
		s := task.TriggerSpec{Name: fmt.Sprintf("t%d", i), Cron: "H H(1-4) H * *"}
		first := dueOver(t, s, from, from.AddDate(0, 3, 0))
		again := dueOver(t, s, from, from.AddDate(0, 3, 0))
		compareInstants(t, "the same name", again, first, time.UTC)
		if len(first) != 3 || first[0].Hour() < 1 || first[0].Hour() > 4 || first[0].Day() > 28 {
			t.Fatalf("%s is due at %v", s.Name, first)
		}
		seen[first[0].Format("04 15 02")] = true
	}
	if len(seen) < 30 {
		t.Errorf("40 names gave %d times", len(seen))
	}
	quarter := dueOver(t, task.TriggerSpec{Name: "q", Cron: "H/15 * * * *"}, from, from.AddDate(0, 0, 1))
	if len(quarter) != 96 || quarter[1].Sub(quarter[0]) != 15*time.Minute {
		t.Errorf("H/15 is due %d times a day", len(quarter))
	}
}

func TestASpecificationThatCannotBeIsRefused(t *testing.T) {
	for _, cron := range []string{
		"", "* * * *", "* * * * * * *", "@every 1h", "@reboot", "@nightly", "TZ=0", "TZ=Europe/Paris * * * * *", "CRON_TZ=UTC", "tz= * * * * *",
		"60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8", "* * * * funday", "*/60 * * * *", "*/0 * * * *",
		"5-1 * * * *", "1,,2 * * * *", ", * * * *", "a * * * *", "-1 * * * *", "1- * * * *", "1/2/3 * * * *", "0 0 31 2 *", "0 0 30 feb ?",
		"0 0 31 4,6,9,11 *", "0 0 L-31 * *", "0 0 W * *", "0 0 32W * *", "0 0 LL * *", "0 0 * * L", "0 0 * * fri#6", "0 0 * * fri#0", "0 0 * * #2",
		"H(5 * * * *", "H(10-5) * * * *", "H(0-60) * * * *", "H/0 * * * *", "Hx * * * *", "0 0 31W 2 *", "\x00 * * * *",
		strings.Repeat("1,", 200) + "1 * * * *",
	} {
		s := task.TriggerSpec{Name: "t", Cron: cron}
		err := s.Validate()
		if fields := fault.Fields(err); len(fields) != 1 || cron != "" && fields[0].Field != "cron" {
			t.Errorf("%q: got %v, want cron refused", cron, err)
		}
	}
}

func TestSpecificationsThatCanBeAreTaken(t *testing.T) {
	for _, cron := range []string{
		"* * * * *", "*/5 * * * * *", "0 0 29 2 *", "@daily", "@Midnight", "@yearly", "@annually", "@hourly", "0 0 1 JAN-mar Mon-Fri", "0 0 ? * ?",
		"  0   0 * * 0-7 ", "0 0 * * 1/2", "5/10 * * * *", "0 0 29 2 *", "0 12 * * mon#5", "0 0 29W 2 *",
	} {
		if err := (task.TriggerSpec{Name: "t", Cron: cron}).Validate(); err != nil {
			t.Errorf("%q: %v", cron, err)
		}
	}
}

func TestNoTextMakesTheParserPanic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		element := rapid.StringMatching(`[0-9*?LWH#/,()a-zA-Z-]{0,6}`)
		fields := rapid.SliceOfN(element, 0, 7).Draw(t, "fields")
		s := task.TriggerSpec{Name: "t", Cron: strings.Join(fields, " ")}
		if s.Validate() != nil {
			return
		}
		schedule, err := task.NewSchedule(task.TaskOwner("load"), s, time.Time{}, nil)
		if err != nil {
			t.Fatalf("%q was valid: %v", s.Cron, err)
		}
		after := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		if at, ok := schedule.Next(after); !ok || !at.After(after) {
			t.Fatalf("%q was valid and is next due at %s", s.Cron, at)
		}
	})
}

func TestTheDaysOfLeapYearsAreFoundOverACentury(t *testing.T) {
	schedule, err := task.NewSchedule(task.TaskOwner("load"), task.TriggerSpec{Name: "t", Cron: "0 0 29 2 *"}, time.Time{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	at, ok := schedule.Next(time.Date(2097, 1, 1, 0, 0, 0, 0, time.UTC))
	if want := time.Date(2104, 2, 29, 0, 0, 0, 0, time.UTC); !ok || !at.Equal(want) {
		t.Errorf("got %s, want %s", at, want)
	}
}
