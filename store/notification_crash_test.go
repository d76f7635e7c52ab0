package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/notification"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

// TestAConductorKilledBetweenAnyTwoCommitsTellsEverythingWithTheSameID kills a conductor before and after each of the
// commits in which it tells of what happened, and lets another one go on.
func TestAConductorKilledBetweenAnyTwoCommitsTellsEverythingWithTheSameID(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		s := &killing{t: t, db: db, now: noon, heard: map[string][]notification.Notice{}}
		for _, name := range []string{"ops", "dev"} {
			_ = must(db.CreateChannel(ctx, webhook(name), noon))(t)
		}
		_ = must(db.CreateNotificationRule(ctx, notification.RuleSpec{
			Name: "all", Events: notification.Kinds(), Channels: []string{"ops", "dev"},
		}, noon))(t)
		_ = must(db.Position(ctx, "notifications"))(t)
		kills := 0
		for _, after := range []bool{false, true} {
			for n := 0; ; n++ {
				killed := s.round(n, after)
				if t.Failed() || !killed {
					break
				}
				kills++
			}
		}
		if kills < 20 {
			t.Errorf("killed the conductor %d times, which cannot be all", kills)
		}
	})
}

// killing is the world of that test.
type killing struct {
	t     *testing.T
	db    *store.DB
	now   time.Time
	heard map[string][]notification.Notice
	// away is how many tries of the channel dev fail.
	away int
}

func (s *killing) Check(notification.ChannelSpec) error { return nil }

func (s *killing) Send(_ context.Context, c notification.ChannelSpec, n notification.Notice) notification.Result {
	if c.Name == "dev" && s.away > 0 {
		s.away--
		return notification.Result{Err: "away"}
	}
	s.heard[c.Name] = append(s.heard[c.Name], n)
	return notification.Result{}
}

// round lets two things happen, kills the conductor that tells of them at its commit number n, lets another one go on,
// and checks what was heard. It returns whether there was such a commit.
func (s *killing) round(n int, after bool) bool {
	s.t.Helper()
	ctx := context.Background()
	clear(s.heard)
	s.away = 1
	s.now = s.now.Add(time.Hour)
	begin := must(s.db.LastEvent(ctx))(s.t)
	var runs []task.RunID
	for range 2 {
		run := newRun()
		run.QueuedAt, run.Spec.Expect = s.now, task.Expect{StartWithin: task.Duration(time.Second)}
		runs = append(runs, must2(s.db.InsertRun(ctx, run, ""))(s.t).ID)
	}
	_ = must(s.db.CancelRun(ctx, runs[0], "ops", s.now))(s.t)
	s.now = s.now.Add(2 * time.Second)
	k := &killer{DB: s.db, left: n, after: after}
	s.run(k, 6)
	s.run(s.db, 12)

	var want []string
	for _, e := range must(s.db.Events(ctx, task.EventFilter{After: begin, Kinds: notification.EventKinds()}, 0))(s.t) {
		kind, _ := notification.KindOf(e)
		want = append(want, fmt.Sprint(kind, " ", e.Subject))
	}
	if len(want) != 2 {
		s.t.Errorf("killed %s: the events are %v, want one cancelled run and one late one", k, want)
	}
	for _, channel := range []string{"ops", "dev"} {
		var got []string
		ids := map[string]string{}
		for _, notice := range s.heard[channel] {
			what := fmt.Sprint(notice.Event, " ", notice.Run.ID)
			if ids[what] == "" {
				got = append(got, what)
				ids[what] = notice.ID
			}
			if ids[what] != notice.ID {
				s.t.Errorf("killed %s: %s was told %s with the ids %s and %s", k, channel, what, ids[what], notice.ID)
			}
		}
		if !slices.Equal(got, want) {
			s.t.Errorf("killed %s: %s was told %v, want %v", k, channel, got, want)
		}
	}
	_ = must(s.db.CancelRun(ctx, runs[1], "ops", s.now))(s.t)
	s.run(s.db, 1)
	return k.dead
}

// run lets a conductor over the notices act for some steps of 20 s.
func (s *killing) run(notices conductor.NoticeStore, steps int) {
	s.t.Helper()
	c, err := conductor.New(s.db, conductor.Options{Now: func() time.Time { return s.now }, Seed: 1, Notices: notices, Sender: s})
	check(s.t, err)
	check(s.t, c.Load(context.Background()))
	for range steps {
		check(s.t, c.Step(context.Background()))
		s.now = s.now.Add(20 * time.Second)
	}
}

// killer is a store whose conductor is killed before or after a commit: from then on nothing that it does has an effect.
type killer struct {
	*store.DB
	left  int
	after bool
	dead  bool
	at    string
}

func (k *killer) String() string { return fmt.Sprintf("at %q (after it: %v)", k.at, k.after) }

var errKilled = errors.New("the conductor was killed")

func (k *killer) commit(what string, do func() error) error {
	if k.dead {
		return errKilled
	}
	k.left--
	if k.left >= 0 {
		return do()
	}
	k.dead, k.at = true, what
	if k.after {
		if err := do(); err != nil && !errors.Is(err, fault.Conflict) {
			return err
		}
	}
	return errKilled
}

func (k *killer) PostNotices(ctx context.Context, follower string, from, to int64, ds []notification.Delivery, now time.Time) error {
	return k.commit("post", func() error { return k.DB.PostNotices(ctx, follower, from, to, ds, now) })
}

func (k *killer) Advance(ctx context.Context, follower string, from, to int64) error {
	return k.commit("advance", func() error { return k.DB.Advance(ctx, follower, from, to) })
}

func (k *killer) BeginTry(ctx context.Context, channel string, now, until time.Time) (d notification.Delivery, c notification.Channel, ok bool, err error) {
	err = k.commit("begin", func() error {
		d, c, ok, err = k.DB.BeginTry(ctx, channel, now, until)
		return err
	})
	return d, c, ok, err
}

func (k *killer) EndTry(ctx context.Context, d notification.Delivery) error {
	return k.commit("end", func() error { return k.DB.EndTry(ctx, d) })
}

func (k *killer) TellLate(ctx context.Context, now time.Time, limit int) (n int, err error) {
	err = k.commit("late", func() error {
		n, err = k.DB.TellLate(ctx, now, limit)
		return err
	})
	return n, err
}
