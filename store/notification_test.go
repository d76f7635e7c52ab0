package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/notification"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

func webhook(name string) notification.ChannelSpec {
	return notification.ChannelSpec{Name: name, Webhook: &notification.Webhook{
		URL: "https://hooks.example.com/T0PSECRET", Secret: "sixteen-letters-", Headers: map[string]notification.Secret{"X-Key": "HEADERKEY"},
	}}
}

func ruleOf(name string, channels ...string) notification.RuleSpec {
	return notification.RuleSpec{Name: name, Events: []notification.Kind{notification.RunFailed}, Channels: channels}
}

// posted puts a delivery for each event into the outbox of a channel, and returns their ids.
func posted(t *testing.T, db *store.DB, channel string, now time.Time, events ...int64) []string {
	t.Helper()
	ctx := context.Background()
	var ids []string
	for _, e := range events {
		from := must(db.Position(ctx, "notifications"))(t)
		id := fmt.Sprintf("%s-%d", channel, e)
		check(t, db.PostNotices(ctx, "notifications", from, from+1, []notification.Delivery{delivery(id, channel, e)}, now))
		ids = append(ids, id)
	}
	return ids
}

func delivery(id, channel string, event int64) notification.Delivery {
	return notification.Delivery{
		ID: id, Channel: channel, EventID: event,
		Notice: notification.Notice{ID: id, Event: notification.RunFailed, At: noon, Title: "load failed", Text: "load failed: \x00."},
	}
}

func TestAChannelKeepsItsSecretsApartFromWhatIsShown(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		made := must(db.CreateChannel(ctx, webhook("ops"), noon))(t)
		mail := notification.ChannelSpec{Name: "mail", Email: &notification.Email{
			Host: "smtp", From: "a@b", To: []string{"c@d"}, Username: "u", Password: "MAILKEY",
		}}
		_ = must(db.CreateChannel(ctx, mail, noon))(t)
		_, err := db.CreateChannel(ctx, webhook("ops"), noon)
		wantKind(t, err, fault.Conflict)
		if diff := cmp.Diff(made, must(db.Channel(ctx, "ops"))(t)); diff != "" {
			t.Errorf("read (-created +read):\n%s", diff)
		}
		if got := must(db.Channel(ctx, "mail"))(t); got.Email.Password != "MAILKEY" {
			t.Errorf("got %+v", got.Email)
		}
		specs := must(db.Text(ctx, `SELECT min(spec) || max(spec) FROM notification_channel`))(t)
		for _, secret := range []string{"T0PSECRET", "sixteen", "HEADERKEY", "MAILKEY"} {
			if strings.Contains(specs, secret) {
				t.Errorf("the spec %s holds the secret %s", specs, secret)
			}
		}
		events := must(db.Events(ctx, task.EventFilter{Kinds: []string{"notification_channel."}}, 0))(t)
		if len(events) != 2 || strings.Contains(fmt.Sprint(events), "SECRET") {
			t.Errorf("got events %v", events)
		}
		got := must(db.Channels(ctx, page.Request{Limit: 1}))(t)
		if len(got.Items) != 1 || got.Items[0].Name != "mail" || got.Next == "" {
			t.Errorf("got page %v", got)
		}
		if next := must(db.Channels(ctx, page.Request{Cursor: got.Next}))(t); len(next.Items) != 1 || next.Items[0].Name != "ops" {
			t.Errorf("got page %v", next)
		}
	})
}

func TestAnEditOfAChannelMakesWhatWaitsDueAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		_ = must(db.CreateChannel(ctx, webhook("ops"), noon))(t)
		posted(t, db, "ops", noon, 1)
		_, _, ok, err := db.BeginTry(ctx, "ops", noon, noon.Add(time.Hour))
		check(t, err)
		if got := must(db.DueChannels(ctx, noon.Add(time.Minute)))(t); !ok || len(got) > 0 {
			t.Fatalf("due for %v while it is tried, want none", got)
		}
		same := must(db.EditChannel(ctx, "ops", 1, noon, func(*notification.ChannelSpec) error { return nil }))(t)
		if got := must(db.DueChannels(ctx, noon.Add(time.Minute)))(t); same.Version != 1 || len(got) > 0 {
			t.Errorf("an edit that changes nothing made version %d and %v due", same.Version, got)
		}
		edited := must(db.EditChannel(ctx, "ops", 1, noon.Add(time.Minute), func(s *notification.ChannelSpec) error {
			s.Webhook.Secret = "another-key-of-16"
			return nil
		}))(t)
		if got := must(db.DueChannels(ctx, noon.Add(time.Minute)))(t); edited.Version != 2 || len(got) != 1 {
			t.Errorf("a changed secret made version %d and %v due, want 2 and ops", edited.Version, got)
		}
		_, err = db.EditChannel(ctx, "ops", 1, noon, func(*notification.ChannelSpec) error { return nil })
		wantKind(t, err, fault.Conflict)
		_, err = db.EditChannel(ctx, "nosuch", 0, noon, func(*notification.ChannelSpec) error { return nil })
		wantKind(t, err, fault.NotFound)
	})
}

func TestAChannelThatRulesTellIsNotRemoved(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		_, err := db.CreateNotificationRule(ctx, ruleOf("failures", "ops"), noon)
		if f := fault.Fields(err); len(f) != 1 || f[0].Field != "channels[0]" {
			t.Fatalf("got %v for a channel that does not exist", err)
		}
		_ = must(db.CreateChannel(ctx, webhook("ops"), noon))(t)
		_ = must(db.CreateChannel(ctx, webhook("dev"), noon))(t)
		made := must(db.CreateNotificationRule(ctx, ruleOf("failures", "ops"), noon))(t)
		if diff := cmp.Diff(made, must(db.NotificationRule(ctx, "failures"))(t)); diff != "" {
			t.Errorf("read (-created +read):\n%s", diff)
		}
		err = db.DeleteChannel(ctx, "ops", 0, noon)
		wantKind(t, err, fault.Conflict)
		if !strings.Contains(err.Error(), "failures") {
			t.Errorf("the error %q does not name the rule", err)
		}
		_ = must(db.EditNotificationRule(ctx, "failures", 1, noon, func(r *notification.RuleSpec) error {
			r.Channels = []string{"dev"}
			return nil
		}))(t)
		ids := posted(t, db, "ops", noon, 1)
		check(t, db.DeleteChannel(ctx, "ops", 1, noon))
		_, err = db.Delivery(ctx, ids[0])
		wantKind(t, err, fault.NotFound)
		wantKind(t, db.DeleteChannel(ctx, "dev", 0, noon), fault.Conflict)
		wantKind(t, db.DeleteNotificationRule(ctx, "failures", 1, noon), fault.Conflict)
		check(t, db.DeleteNotificationRule(ctx, "failures", 2, noon))
		check(t, db.DeleteChannel(ctx, "dev", 0, noon))
		if left := must(db.NotificationRules(ctx, page.Request{}))(t); len(left.Items) > 0 {
			t.Errorf("left: %v", left.Items)
		}
	})
}

func TestNoticesArePostedWithTheirPositionOrNotAtAll(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		_ = must(db.CreateChannel(ctx, webhook("ops"), noon))(t)
		from := must(db.Position(ctx, "notifications"))(t)
		ds := []notification.Delivery{delivery("a", "ops", 7), delivery("b", "gone", 7), delivery("c", "ops", 8), delivery("d", "ops", 7)}
		wantKind(t, db.PostNotices(ctx, "notifications", from+1, from+9, ds, noon), fault.Conflict)
		if got := must(db.Deliveries(ctx, notification.DeliveryFilter{}, page.Request{}))(t); len(got.Items) > 0 {
			t.Fatalf("got %v from a follower that stands elsewhere", got.Items)
		}
		twice := []notification.Delivery{delivery("same", "ops", 7), delivery("same", "ops", 8)}
		if err := db.PostNotices(ctx, "notifications", from, from+9, twice, noon); err == nil {
			t.Fatal("an id was given twice")
		}
		if got := must(db.Position(ctx, "notifications"))(t); got != from {
			t.Fatalf("the follower moved on to %d although nothing was stored", got)
		}
		check(t, db.PostNotices(ctx, "notifications", from, from+9, ds, noon))
		wantKind(t, db.PostNotices(ctx, "notifications", from, from+9, ds, noon), fault.Conflict)
		var ids []string
		for _, d := range must(db.Deliveries(ctx, notification.DeliveryFilter{}, page.Request{}))(t).Items {
			ids = append(ids, d.ID)
		}
		if want := []string{"c", "a"}; !slices.Equal(ids, want) {
			t.Errorf("got deliveries %v, want %v: one for each event, none for a channel that is gone", ids, want)
		}
		if got := must(db.Position(ctx, "notifications"))(t); got != from+9 {
			t.Errorf("got position %d, want %d", got, from+9)
		}
	})
}

func TestAChannelIsToldInOrderAndOneAtATime(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		_ = must(db.CreateChannel(ctx, webhook("ops"), noon))(t)
		_ = must(db.CreateChannel(ctx, webhook("dev"), noon))(t)
		posted(t, db, "ops", noon, 1, 2)
		posted(t, db, "dev", noon.Add(time.Second), 2)
		if got := must(db.DueChannels(ctx, noon.Add(time.Minute)))(t); !slices.Equal(got, []string{"ops", "dev"}) {
			t.Fatalf("due for %v, want ops, whose notice is older, and dev", got)
		}
		now := noon.Add(time.Minute)
		first, c, ok, err := db.BeginTry(ctx, "ops", now, now.Add(time.Minute))
		check(t, err)
		if !ok || first.ID != "ops-1" || first.Tries != 1 || c.Webhook.Secret == "" || !strings.Contains(first.Notice.Text, "load failed") {
			t.Fatalf("got %+v and %v, want the first with its channel's secrets", first, ok)
		}
		if _, _, again, err := db.BeginTry(ctx, "ops", now, now.Add(time.Minute)); err != nil || again {
			t.Fatalf("a second try was begun meanwhile (%v)", err)
		}
		failed := first.After(notification.Result{Err: "down"}, c.ChannelSpec, now, 0.5)
		check(t, db.EndTry(ctx, failed))
		if got := must(db.DueChannels(ctx, now))(t); !slices.Equal(got, []string{"dev"}) {
			t.Errorf("due for %v while the first of ops waits to be tried again, want dev alone", got)
		}
		now = failed.NextAt
		again, c, ok, err := db.BeginTry(ctx, "ops", now, now.Add(time.Minute))
		check(t, err)
		if !ok || again.ID != first.ID || again.Tries != 2 || again.LastError != "down" {
			t.Fatalf("got %+v, want the first again", again)
		}
		wantKind(t, db.EndTry(ctx, first.After(notification.Result{}, c.ChannelSpec, now, 0)), fault.Conflict)
		check(t, db.EndTry(ctx, again.After(notification.Result{}, c.ChannelSpec, now, 0)))
		second, _, ok, err := db.BeginTry(ctx, "ops", now, now.Add(time.Minute))
		check(t, err)
		if !ok || second.ID != "ops-2" {
			t.Errorf("got %+v, want the second", second)
		}
		done := must(db.Delivery(ctx, "ops-1"))(t)
		if done.State != notification.Delivered || done.EndedAt == nil || done.LastError != "" {
			t.Errorf("got %+v, want it delivered", done)
		}
	})
}

func TestAPausedChannelIsNotTold(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		_ = must(db.CreateChannel(ctx, webhook("ops"), noon))(t)
		posted(t, db, "ops", noon, 1)
		pause := func(paused bool) {
			_ = must(db.EditChannel(ctx, "ops", 0, noon, func(s *notification.ChannelSpec) error { s.Paused = paused; return nil }))(t)
		}
		pause(true)
		_, _, ok, err := db.BeginTry(ctx, "ops", noon, noon)
		check(t, err)
		if got := must(db.DueChannels(ctx, noon))(t); ok || len(got) > 0 {
			t.Errorf("due for %v (%v), want none", got, ok)
		}
		pause(false)
		if got := must(db.DueChannels(ctx, noon))(t); len(got) != 1 {
			t.Errorf("due for %v, want ops", got)
		}
	})
}

func TestADeadDeliveryIsSeenAndRevivedInItsPlace(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		_ = must(db.CreateChannel(ctx, webhook("ops"), noon))(t)
		posted(t, db, "ops", noon, 1, 2)
		d, c, _, err := db.BeginTry(ctx, "ops", noon, noon.Add(time.Minute))
		check(t, err)
		check(t, db.EndTry(ctx, d.After(notification.Result{Err: "gone", Refused: true}, c.ChannelSpec, noon, 0)))
		b := must(db.Backlog(ctx))(t)
		if b.Waiting != 1 || b.Dead != 1 || !b.Oldest.Equal(noon) {
			t.Errorf("got backlog %+v, want one waiting since noon and one dead", b)
		}
		dead := must(db.Deliveries(ctx, notification.DeliveryFilter{Channel: "ops", States: []notification.State{notification.Dead}, Event: notification.RunFailed}, page.Request{}))(t)
		if len(dead.Items) != 1 || dead.Items[0].LastError != "gone" || dead.Items[0].EndedAt == nil {
			t.Fatalf("got %v, want the dead one with its reason", dead.Items)
		}
		later := noon.Add(48 * time.Hour)
		revived := must(db.ReviveDelivery(ctx, "ops-1", later))(t)
		if revived.State != notification.Waiting || revived.Tries != 0 || !revived.Since.Equal(later) || !revived.CreatedAt.Equal(noon) {
			t.Errorf("got %+v, want it to wait as if it were new", revived)
		}
		if diff := cmp.Diff(revived, must(db.Delivery(ctx, "ops-1"))(t)); diff != "" {
			t.Errorf("read (-revived +read):\n%s", diff)
		}
		again, _, ok, err := db.BeginTry(ctx, "ops", later, later.Add(time.Minute))
		check(t, err)
		if !ok || again.ID != "ops-1" {
			t.Errorf("got %+v, want the revived one first", again)
		}
		check(t, db.EndTry(ctx, again.After(notification.Result{}, c.ChannelSpec, later, 0)))
		_, err = db.ReviveDelivery(ctx, "ops-1", later)
		wantKind(t, err, fault.Conflict)
		_, err = db.ReviveDelivery(ctx, "nosuch", later)
		wantKind(t, err, fault.NotFound)

		check(t, db.PruneDeliveries(ctx, later))
		_ = must(db.Delivery(ctx, "ops-1"))(t)
		check(t, db.PruneDeliveries(ctx, later.Add(time.Second)))
		_, err = db.Delivery(ctx, "ops-1")
		wantKind(t, err, fault.NotFound)
		_ = must(db.Delivery(ctx, "ops-2"))(t)
	})
}

func TestMoreThanTheMostThatMayWaitIsDeadAndSaysSo(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		_ = must(db.CreateChannel(ctx, webhook("ops"), noon))(t)
		from := must(db.Position(ctx, "notifications"))(t)
		ds := make([]notification.Delivery, notification.MaxWaiting+1)
		for i := range ds {
			ds[i] = delivery(fmt.Sprint("d", i), "ops", int64(i+1))
		}
		check(t, db.PostNotices(ctx, "notifications", from, from+1, ds, noon))
		last := must(db.Delivery(ctx, ds[len(ds)-1].ID))(t)
		if b := must(db.Backlog(ctx))(t); b.Waiting != notification.MaxWaiting || b.Dead != 1 || last.State != notification.Dead || last.LastError == "" {
			t.Errorf("got %+v and %+v, want the last one dead with its reason", b, last)
		}
	})
}

func TestTheQueuesOfChannelsAreReadThroughTheirIndex(t *testing.T) {
	db := open(t, t.TempDir()+"/segno.db", store.Options{})
	plan := must(db.Explain(context.Background(), store.HeadsStatement, 0))(t)
	if !strings.Contains(plan, "notification_delivery_waiting") {
		t.Errorf("found by %q, want the index of those that wait", plan)
	}
}
