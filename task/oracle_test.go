package task_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/task"
)

// wallSpec is a specification for the oracle: for each field the numbers that fit, written out; "" fits all. It is read
// by a dozen lines that share nothing with the parser under test.
type wallSpec struct{ minute, hour, day, month, weekday string }

// wallTest returns what tests whether a minute of the wall clock fits.
func (s wallSpec) wallTest() func(wallMinute) bool {
	table := func(list string) (fits [60]bool) {
		for i := range fits {
			fits[i] = list == "" || slices.Contains(strings.Split(list, ","), strconv.Itoa(i))
		}
		return fits
	}
	minute, hour, day, month, weekday := table(s.minute), table(s.hour), table(s.day), table(s.month), table(s.weekday)
	either := s.day != "" && s.weekday != ""
	return func(w wallMinute) bool {
		days := day[w.day] && weekday[w.weekday] || either && (day[w.day] || weekday[w.weekday])
		return minute[w.minute] && hour[w.hour] && month[w.month] && days
	}
}

// wallMinute is what the clock on the wall shows.
type wallMinute struct{ day, month, weekday, hour, minute int }

// walked is one minute of real time: what the clock shows then, whether it has shown that before, and which minutes it was
// set forward over just before.
type walked struct {
	at      time.Time
	shows   wallMinute
	again   bool
	skipped []wallMinute
}

// walk looks at the clock on the wall at each minute from from to to. It knows of changes of the clock only from what that
// shows.
func walk(zone *time.Location, from, to time.Time) []walked {
	var all []walked
	read := func(at time.Time) (time.Time, wallMinute) {
		l := at.In(zone)
		face := time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0, 0, time.UTC)
		return face, wallMinute{l.Day(), int(l.Month()), int(l.Weekday()), l.Hour(), l.Minute()}
	}
	// No zone has a change of the clock just before the new year.
	before, _ := read(from.Add(-time.Minute))
	latest := before
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		face, shows := read(at)
		m := walked{at: at, shows: shows, again: !face.After(latest)}
		for f := before.Add(time.Minute); f.Before(face); f = f.Add(time.Minute) {
			m.skipped = append(m.skipped, wallMinute{f.Day(), int(f.Month()), int(f.Weekday()), f.Hour(), f.Minute()})
		}
		before = face
		if face.After(latest) {
			latest = face
		}
		all = append(all, m)
	}
	return all
}

// oracle returns the minutes at which a specification is due.
func (s wallSpec) oracle(minutes []walked, gap task.GapChoice, overlap task.OverlapChoice) []time.Time {
	fits := s.wallTest()
	var due []time.Time
	for _, m := range minutes {
		switch {
		case fits(m.shows) && (!m.again || overlap == task.OverlapTwice), gap == task.GapRun && slices.ContainsFunc(m.skipped, fits):
			due = append(due, m.at)
		}
	}
	return due
}

var oracleSpecs = []struct {
	cron string
	wall wallSpec
}{
	{"30 2 * * *", wallSpec{minute: "30", hour: "2"}},
	{"0 0 * * *", wallSpec{minute: "0", hour: "0"}},
	{"15 1 * * *", wallSpec{minute: "15", hour: "1"}},
	{"*/10 1-3 * * *", wallSpec{minute: "0,10,20,30,40,50", hour: "1,2,3"}},
	{"45 * * * *", wallSpec{minute: "45"}},
	{"*/20 * * * *", wallSpec{minute: "0,20,40"}},
	{"5 */2 * * mon-fri", wallSpec{minute: "5", hour: "0,2,4,6,8,10,12,14,16,18,20,22", weekday: "1,2,3,4,5"}},
	{"0 9 1,15 * fri", wallSpec{minute: "0", hour: "9", day: "1,15", weekday: "5"}},
	{"59 23 31 * *", wallSpec{minute: "59", hour: "23", day: "31"}},
	{"0 3 * mar,oct sun", wallSpec{minute: "0", hour: "3", month: "3,10", weekday: "0"}},
	{"30 0 * * 7", wallSpec{minute: "30", hour: "0", weekday: "0"}},
}

func TestAScheduleIsDueWhenTheClockOnTheWallSaysSo(t *testing.T) {
	// 2040 is a leap year for which zones have a rule instead of a list of changes.
	years := map[string][]int{
		"Europe/Paris": {2026, 2040}, "America/New_York": {2025, 2026}, "Australia/Lord_Howe": {2026, 2040}, "Africa/Cairo": {2010, 2024},
		"America/Sao_Paulo": {2017, 2018}, "Pacific/Apia": {2011, 2012}, "Asia/Kathmandu": {1986, 2026}, "UTC": {2024},
	}
	for name, all := range years {
		if testing.Short() && name != "Europe/Paris" {
			continue
		}
		for _, year := range all {
			t.Run(name+"/"+strconv.Itoa(year), func(t *testing.T) {
				againstTheOracle(t, name, year)
			})
		}
	}
}

func againstTheOracle(t *testing.T, name string, year int) {
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	to := from.AddDate(1, 0, 0)
	minutes := walk(zone, from, to)
	for _, c := range oracleSpecs {
		for _, choices := range []struct {
			gap     task.GapChoice
			overlap task.OverlapChoice
		}{{}, {task.GapSkip, task.OverlapOnce}, {task.GapRun, task.OverlapTwice}} {
			gap, overlap := choices.gap, choices.overlap
			if gap == "" { // The stated rule.
				gap, overlap = task.GapRun, task.OverlapOnce
				if c.wall.hour == "" {
					gap, overlap = task.GapSkip, task.OverlapTwice
				}
			}
			want := c.wall.oracle(minutes, gap, overlap)
			got := dueOver(t, task.TriggerSpec{
				Name: "t", Cron: c.cron, Timezone: name, InGap: choices.gap, InOverlap: choices.overlap,
			}, from, to)
			compareInstants(t, c.cron+" "+string(choices.gap)+" "+string(choices.overlap), got, want, zone)
		}
	}
}

// dueOver returns the occurrences of a trigger from from to to, itself left out.
func dueOver(t testing.TB, s task.TriggerSpec, from, to time.Time) []time.Time {
	t.Helper()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	schedule, err := task.NewSchedule(task.TaskOwner("load"), s, from, nil)
	if err != nil {
		t.Fatal(err)
	}
	var due []time.Time
	for after := from.Add(-time.Second); ; {
		at, ok := schedule.Next(after)
		if !ok || !at.Before(to) {
			return due
		}
		due, after = append(due, at), at
	}
}

func compareInstants(t testing.TB, what string, got, want []time.Time, zone *time.Location) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("%s: misses %s", what, want[i].In(zone))
		case i >= len(want):
			t.Errorf("%s: is due at %s, which is no time of it", what, got[i].In(zone))
		case !got[i].Equal(want[i]):
			t.Errorf("%s: number %d is at %s, want %s", what, i, got[i].In(zone), want[i].In(zone))
		default:
			continue
		}
		return
	}
}

func TestAScheduleOfSecondsAgreesWithTheOneOfMinutes(t *testing.T) {
	from := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)
	to := from.AddDate(0, 0, 3)
	byMinute := dueOver(t, task.TriggerSpec{Name: "t", Cron: "*/5 1-4 * * *", Timezone: "Europe/Paris"}, from, to)
	bySecond := dueOver(t, task.TriggerSpec{Name: "t", Cron: "0,30 */5 1-4 * * *", Timezone: "Europe/Paris"}, from, to)
	whole := slices.DeleteFunc(slices.Clone(bySecond), func(at time.Time) bool { return at.Second() != 0 })
	compareInstants(t, "whole minutes", whole, byMinute, time.UTC)
	if len(bySecond) <= len(byMinute) {
		t.Errorf("got %d occurrences with seconds and %d without", len(bySecond), len(byMinute))
	}
}
