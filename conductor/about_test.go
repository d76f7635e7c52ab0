package conductor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/about"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// pinged is a store that answers a ping with an error or without.
type pinged struct {
	Store
	InsightStore
	err error
	// counted is how often a summary was asked for.
	counted int
}

func (p *pinged) Summary(_ context.Context, now time.Time) (task.Summary, error) {
	p.counted++
	return task.Summary{At: now, Late: int64(p.counted)}, p.err
}

func (p *pinged) Ping(context.Context) error { return p.err }

func (p *pinged) Database(context.Context) (about.Database, error) {
	return about.Database{Kind: "SQLite", Schema: 7}, nil
}

func TestAConductorSaysWhatItIsAndWhatKeepsItFromWorking(t *testing.T) {
	ctx, now := context.Background(), start
	kept := &pinged{}
	c, err := New(kept, Options{Version: "1.2.3", Host: "host-1", Insight: kept, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	ready := func(claim, want string) {
		t.Helper()
		err := c.Ready(ctx)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: ready is %v, want %q", claim, err, want)
		}
		facts, err := c.About(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, check := range facts.Checks {
			if check.Err != nil && !strings.Contains(want, check.Err.Error()) {
				t.Errorf("%s: the check that %s fails with %v", claim, check.Name, check.Err)
			}
		}
		if f := facts; f.Version != "1.2.3" || f.Database.Schema != 7 || f.Conductors[0].Name != "host-1" || !f.Conductors[0].StartedAt.Equal(start) {
			t.Errorf("%s: got %+v", claim, f)
		}
	}
	ready("before its loops have begun", "")
	looked := now
	c.looked.Store(&looked)
	now = now.Add(standstill)
	ready("while they turn", "")
	now = now.Add(time.Second)
	ready("once they stand still", "its loop has stood still for 16s")
	looked = now
	kept.err = errors.New("the disk is full")
	ready("without room in the database", "the disk is full")
}

func TestWithoutAStoreOfInsightNothingIsSaidOfTheDatabase(t *testing.T) {
	c, err := New(&pinged{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.About(context.Background()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want it unavailable", err)
	}
}

func TestASummaryIsCountedOnceASecondHoweverManyAsk(t *testing.T) {
	now, kept := start, &pinged{}
	c, err := New(kept, Options{Insight: kept, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if s, err := c.Summary(context.Background()); err != nil || s.Late != 1 {
			t.Errorf("got %+v and %v, want the first count", s, err)
		}
	}
	now = now.Add(summaryKept)
	kept.err = errors.New("the disk is gone")
	if _, err := c.Summary(context.Background()); err == nil {
		t.Error("a count that failed is answered")
	}
	kept.err = nil
	if s, err := c.Summary(context.Background()); err != nil || s.Late != 3 {
		t.Errorf("got %+v and %v, want a new count: one that failed is not kept", s, err)
	}
}
