package store_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// wallTimes are the hours and minutes of the clock on the wall of a zone at which something is due each day, by the stated
// rule: a time that the clock is set forward over is due once at the change, one that it is set back over the first time.
type wallTimes struct {
	zone string
	cron string
	due  func(hour, minute int) bool
}

var yearly = map[string]wallTimes{
	"paris":     {"Europe/Paris", "30 2 * * *", func(h, m int) bool { return h == 2 && m == 30 }},
	"new-york":  {"America/New_York", "*/20 1,2 * * *", func(h, m int) bool { return (h == 1 || h == 2) && m%20 == 0 }},
	"lord-howe": {"Australia/Lord_Howe", "45 1,2,14 * * *", func(h, m int) bool { return (h == 1 || h == 2 || h == 14) && m == 45 }},
	"santiago":  {"America/Santiago", "0 0 * * *", func(h, m int) bool { return h == 0 && m == 0 }},
	"utc":       {"UTC", "0 */6 * * *", func(h, m int) bool { return h%6 == 0 && m == 0 }},
}

// instants looks at the clock on the wall at each minute after from, up to to. It knows of changes of the clock only from
// what that shows, and shares nothing with what computes the times of triggers.
func (w wallTimes) instants(t testing.TB, from, to time.Time) (due []time.Time) {
	zone, err := time.LoadLocation(w.zone)
	check(t, err)
	face := func(at time.Time) time.Time {
		l := at.In(zone)
		return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0, 0, time.UTC)
	}
	latest := face(from)
	for at := from.Add(time.Minute); !at.After(to); at = at.Add(time.Minute) {
		shown := face(at)
		hit := false
		// What it shows now, and what it was set forward over just before; nothing that it has shown already.
		for f := latest.Add(time.Minute); !f.After(shown); f = f.Add(time.Minute) {
			hit = hit || w.due(f.Hour(), f.Minute())
		}
		if hit {
			due = append(due, at)
		}
		if shown.After(latest) {
			latest = shown
		}
	}
	return due
}

// TestAYearInSeveralZonesHasEachOccurrenceOnceThoughConductorsCrash has conductors act on a year in strides of up to two
// days, each of which crashes at some point.
func TestAYearInSeveralZonesHasEachOccurrenceOnceThoughConductorsCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("a year takes a while")
	}
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1")
		for name, w := range yearly {
			createTrigger(t, db, task.TriggerSpec{Name: name, Cron: w.cron, Timezone: w.zone, Misfire: task.MisfireAll})
		}
		rnd := rand.New(rand.NewPCG(3, 4))
		end, crashes := noon.AddDate(1, 0, 0), 0
		for now := noon; now.Before(end); {
			now = now.Add(time.Duration(1+rnd.IntN(48*60)) * time.Minute)
			if now.After(end) {
				now = end
			}
			c := &crashing{DB: db, left: rnd.IntN(12)}
			if err := fire(t, c, db, now); err != nil && !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			if c.dead {
				crashes++
			}
		}
		check(t, fire(t, db, db, end))
		if crashes < 100 {
			t.Errorf("only %d conductors crashed", crashes)
		}
		due := map[string]bool{}
		for name, w := range yearly {
			for _, at := range w.instants(t, noon, end) {
				due[occurrenceKey(name, at)] = true
			}
		}
		compareOccurrences(t, db, due)
	})
}
