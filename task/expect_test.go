package task

import (
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

func TestExpectationsAreDueByTheEarlierOfSpanAndTimeOfDay(t *testing.T) {
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	minutes := func(n int) Duration { return Duration(time.Duration(n) * time.Minute) }
	for name, c := range map[string]struct {
		expect        Expect
		due           string
		start, finish string
	}{
		"nothing":                         {Expect{}, "2026-03-01T12:00:00Z", "", ""},
		"a span":                          {Expect{StartWithin: minutes(10)}, "2026-03-01T12:00:00Z", "2026-03-01T12:10:00Z", ""},
		"both":                            {Expect{StartWithin: minutes(10), FinishWithin: minutes(120)}, "2026-03-01T12:00:00Z", "2026-03-01T12:10:00Z", "2026-03-01T14:00:00Z"},
		"a time of the same day":          {Expect{FinishBy: "13:30"}, "2026-03-01T12:00:00Z", "", "2026-03-01T13:30:00Z"},
		"a time of the next day":          {Expect{FinishBy: "06:00"}, "2026-03-01T12:00:00Z", "", "2026-03-02T06:00:00Z"},
		"the very time":                   {Expect{FinishBy: "12:00"}, "2026-03-01T12:00:00Z", "", "2026-03-02T12:00:00Z"},
		"over the end of a month":         {Expect{StartBy: "00:00"}, "2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z", ""},
		"the earlier of both":             {Expect{FinishWithin: minutes(60), FinishBy: "12:30"}, "2026-03-01T12:00:00Z", "", "2026-03-01T12:30:00Z"},
		"the earlier of both, a span":     {Expect{FinishWithin: minutes(20), FinishBy: "12:30"}, "2026-03-01T12:00:00Z", "", "2026-03-01T12:20:00Z"},
		"in a zone":                       {Expect{FinishBy: "06:00", Timezone: "Europe/Paris"}, "2026-03-01T04:30:00Z", "", "2026-03-01T05:00:00Z"},
		"in a zone with another day":      {Expect{FinishBy: "06:00", Timezone: "Asia/Tokyo"}, "2026-03-01T20:30:00Z", "", "2026-03-01T21:00:00Z"},
		"over a change of the clocks":     {Expect{FinishBy: "06:00", Timezone: "Europe/Paris"}, "2026-03-28T12:00:00Z", "", "2026-03-29T04:00:00Z"},
		"after the last of a day it fits": {Expect{FinishBy: "06:00", Timezone: "Europe/Paris"}, "2026-03-29T04:00:00Z", "", "2026-03-30T04:00:00Z"},
	} {
		if err := c.expect.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := c.expect.Due(at(c.due))
		for what, want := range map[Expectation]string{ExpectStart: c.start, ExpectFinish: c.finish} {
			by, has := got[what]
			if has != (want != "") || has && !by.Equal(at(want)) {
				t.Errorf("%s: %s by %v (%v), want %q", name, what, by, has, want)
			}
		}
	}
}

func TestWhatCannotBeExpectedIsRefused(t *testing.T) {
	for field, e := range map[string]Expect{
		"start_within": {StartWithin: -1}, "finish_within": {FinishWithin: Duration(400 * 24 * time.Hour)},
		"start_by": {StartBy: "6:00"}, "finish_by": {FinishBy: "24:00"}, "timezone": {FinishBy: "06:00", Timezone: "Mars/Olympus"},
	} {
		fields := fault.Fields(Spec{Expect: e}.Validate())
		found := false
		for _, f := range fields {
			found = found || f.Field == "expect."+field
		}
		if !found {
			t.Errorf("%+v: got %v, want expect.%s", e, fields, field)
		}
	}
	if err := (Expect{StartWithin: Duration(time.Minute), Timezone: "Europe/Paris"}).Validate(); err == nil || !strings.Contains(err.Error(), "timezone") {
		t.Errorf("a time zone that nothing uses: got %v", err)
	}
}
