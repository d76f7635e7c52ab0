package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// timetable are triggers with, for each, what says of an instant whether it is due then. The tests look at every second
// that their clock passes, so that nothing of what computes the times of triggers is taken over.
type timetable map[string]struct {
	spec task.TriggerSpec
	due  func(at time.Time) bool
}

// mixed is a timetable of different kinds. Its triggers begin at noon.
func mixed(t testing.TB) timetable {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	anchor, once := noon.Add(7*time.Second), noon.Add(50*time.Minute)
	return timetable{
		"minutes": {task.TriggerSpec{Name: "minutes", Cron: "*/3 * * * *"}, func(at time.Time) bool { return at.Second() == 0 && at.Minute()%3 == 0 }},
		"seconds": {task.TriggerSpec{Name: "seconds", Cron: "*/20 * * * * *", Misfire: task.MisfireAll}, func(at time.Time) bool { return at.Second()%20 == 0 }},
		"paris": {task.TriggerSpec{Name: "paris", Cron: "30 13,14 * * *", Timezone: "Europe/Paris", Misfire: task.MisfireSkip}, func(at time.Time) bool {
			l := at.In(paris)
			return l.Second() == 0 && l.Minute() == 30 && (l.Hour() == 13 || l.Hour() == 14)
		}},
		"every": {task.TriggerSpec{Name: "every", Every: task.Duration(41 * time.Second), Start: &anchor}, func(at time.Time) bool {
			return !at.Before(anchor) && at.Sub(anchor)%(41*time.Second) == 0
		}},
		"once":   {task.TriggerSpec{Name: "once", At: &once}, func(at time.Time) bool { return at.Equal(once) }},
		"paused": {task.TriggerSpec{Name: "paused", Cron: "* * * * * *", Paused: true}, func(time.Time) bool { return false }},
	}
}

// compare holds what is stored to the timetable, for the instants after noon up to the end.
func (table timetable) compare(t testing.TB, db *store.DB, end time.Time) {
	t.Helper()
	due := map[string]bool{}
	for name, of := range table {
		for at := noon.Add(time.Second); !at.After(end); at = at.Add(time.Second) {
			if of.due(at) {
				due[occurrenceKey(name, at)] = true
			}
		}
	}
	compareOccurrences(t, db, due)
}

func occurrenceKey(trigger string, at time.Time) string {
	return trigger + " " + at.UTC().Format(time.RFC3339Nano)
}

// compareOccurrences holds what is stored to what was due: each due instant has one row, no other has, and rows and runs
// belong together one to one.
func compareOccurrences(t testing.TB, db *store.DB, due map[string]bool) {
	t.Helper()
	ctx := context.Background()
	rows := map[string]task.Occurrence{}
	runs := map[task.RunID]bool{}
	for p := (page.Request{Limit: page.MaxLimit}); ; {
		got := must(db.Occurrences(ctx, task.OccurrenceFilter{}, p))(t)
		for _, o := range got.Items {
			key := occurrenceKey(o.Trigger, o.ScheduledFor)
			if _, twice := rows[key]; twice {
				t.Errorf("there are two rows of %s", key)
			}
			rows[key] = o
			if (o.Run == "") == (o.Reason == "") || o.Run != "" && runs[o.Run] {
				t.Errorf("the row of %s has the run %q and the reason %q", key, o.Run, o.Reason)
			}
			runs[o.Run] = true
		}
		if p.Cursor = got.Next; p.Cursor == "" {
			break
		}
	}
	for key := range due {
		if _, ok := rows[key]; !ok {
			t.Fatalf("%s was due and has no row", key)
		}
	}
	for key := range rows {
		if !due[key] {
			t.Fatalf("%s has a row and was not due", key)
		}
	}
	if len(due) == 0 {
		t.Error("nothing was due")
	}
	stored := 0
	for p := (page.Request{Limit: page.MaxLimit}); ; {
		got := must(db.Runs(ctx, task.RunFilter{}, p))(t)
		for _, r := range got.Items {
			o, ok := rows[occurrenceKey(r.Cause.By, *r.ScheduledFor)]
			if !ok || o.Run != r.ID {
				t.Errorf("the run %s of %s has no row of its own", r.ID, r.Cause.By)
			}
			stored++
		}
		if p.Cursor = got.Next; p.Cursor == "" {
			break
		}
	}
	if delete(runs, ""); stored != len(runs) || stored == 0 {
		t.Errorf("%d runs are stored, and rows name %d", stored, len(runs))
	}
}

func (table timetable) create(t testing.TB, db *store.DB) {
	t.Helper()
	fleet(t, db, "js-1")
	for _, of := range table {
		createTrigger(t, db, of.spec)
	}
}

var errCrash = errors.New("the conductor crashed")

// crashing is a store of a conductor that crashes at a certain one of its calls about due triggers: before what was asked
// for is committed, or after it, when the answer is lost. Every firing is stored in transactions of at most two triggers.
type crashing struct {
	*store.DB
	// left counts the points that are passed before the crash.
	left int
	dead bool
}

func (c *crashing) point() error {
	if c.dead = c.dead || c.left == 0; c.dead {
		return errCrash
	}
	c.left--
	return nil
}

func (c *crashing) DueTriggers(ctx context.Context, now time.Time, _ int) ([]task.DueTrigger, time.Time, error) {
	if err := c.point(); err != nil {
		return nil, time.Time{}, err
	}
	return c.DB.DueTriggers(ctx, now, 100)
}

func (c *crashing) Fire(ctx context.Context, fs []task.Firing, placed map[task.RunID]virtualserver.Assignment, now time.Time) []error {
	errs := make([]error, len(fs))
	for i := 0; i < len(fs); i += 2 {
		some := fs[i:min(i+2, len(fs))]
		err := c.point()
		if err == nil {
			copy(errs[i:], c.DB.Fire(ctx, some, placed, now))
			err = c.point()
		}
		if err != nil {
			errs[i] = err
			return errs
		}
	}
	return errs
}

func (c *crashing) Arrears(ctx context.Context) (task.Arrears, error) {
	if err := c.point(); err != nil {
		return task.Arrears{}, err
	}
	return c.DB.Arrears(ctx)
}

func (c *crashing) SettleArrears(ctx context.Context, before, after task.Arrears, rows []task.Occurrence, now time.Time) error {
	if err := c.point(); err != nil {
		return err
	}
	if err := c.DB.SettleArrears(ctx, before, after, rows, now); err != nil {
		return err
	}
	return c.point()
}

// fire lets a new conductor act on what is due at an instant, until it crashes or nothing is due and no row is owed.
func fire(t testing.TB, triggers conductor.TriggerStore, db *store.DB, now time.Time) error {
	t.Helper()
	c, err := conductor.New(db, conductor.Options{Triggers: triggers, Now: func() time.Time { return now }, Seed: 1})
	check(t, err)
	if _, err = c.FireDue(context.Background()); err != nil {
		return err
	}
	return c.SettleArrears(context.Background())
}

func TestNoOccurrenceIsMissingOrTwiceWhereverTheConductorCrashes(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		table := mixed(t)
		table.create(t, db)
		rnd := rand.New(rand.NewPCG(1, 2))
		now, crashes := noon, 0
		// Each round crashes one point later than the one before, until a round has no crash any more.
		for point := 0; ; point++ {
			now = now.Add(time.Duration(1+rnd.IntN(400)) * time.Second)
			c := &crashing{DB: db, left: point % 14}
			err := fire(t, c, db, now)
			if err != nil && !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			if c.dead {
				crashes++
			}
			if point == 56 {
				break
			}
		}
		check(t, fire(t, db, db, now))
		if crashes < 20 {
			t.Errorf("only %d conductors crashed", crashes)
		}
		table.compare(t, db, now)
	})
}

func TestTwoConductorsThatActOnTheSameTriggerStoreItOnce(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		table := mixed(t)
		table.create(t, db)
		now := noon
		for range 10 {
			now = now.Add(5 * time.Minute)
			done := make(chan error, 4)
			for range cap(done) {
				go func() { done <- fire(t, db, db, now) }()
			}
			for range cap(done) {
				check(t, <-done)
			}
		}
		table.compare(t, db, now)
	})
}

// The clock of the test of killed conductors goes faster than the real one, and all of them go by the same.
const faster = 600

func fastClock(begun time.Time) func() time.Time {
	return func() time.Time { return noon.Add(time.Since(begun) * faster).Truncate(time.Microsecond) }
}

// fireForever is what a child of the test does: it acts on what is due, again and again, until it is killed.
func fireForever(db *store.DB, begun string) {
	since, err := strconv.ParseInt(begun, 10, 64)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	c, err := conductor.New(db, conductor.Options{Triggers: db, Now: fastClock(time.Unix(0, since))})
	for err == nil {
		if _, err = c.FireDue(context.Background()); err == nil {
			err = c.SettleArrears(context.Background())
		}
	}
	fmt.Println("error", err)
	os.Exit(1)
}

func TestNoOccurrenceIsMissingOrTwiceWhenTheConductorIsKilled(t *testing.T) {
	onEachURL(t, func(t *testing.T, url string) {
		table := dense(t)
		db := must(store.Open(context.Background(), url, store.Options{}))(t)
		table.create(t, db)
		check(t, db.Close())
		begun := time.Now()
		for range 6 {
			child, _ := startChild(t, "fire", url, fmt.Sprint(begun.UnixNano()))
			// When it is killed is left to chance.
			time.Sleep(time.Duration(50+rand.IntN(250)) * time.Millisecond)
			check(t, child.Process.Kill())
			_ = child.Wait()
		}
		end := fastClock(begun)()
		db = open(t, url, store.Options{})
		check(t, fire(t, db, db, end))
		table.compare(t, db, end)
	})
}
