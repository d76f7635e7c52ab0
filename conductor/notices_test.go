package conductor_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/notification"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// people take notices, unless they are away.
type people struct {
	mu   sync.Mutex
	got  []notification.Notice
	by   []string
	away map[string]notification.Result
	// tried counts tries by channel.
	tried map[string]int
}

func (p *people) Check(notification.ChannelSpec) error { return nil }

func (p *people) Send(_ context.Context, c notification.ChannelSpec, n notification.Notice) notification.Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tried == nil {
		p.tried = map[string]int{}
	}
	p.tried[c.Name]++
	if r, away := p.away[c.Name]; away {
		return r
	}
	p.got = append(p.got, n)
	p.by = append(p.by, c.Name)
	return notification.Result{}
}

// texts returns what a channel was told.
func (p *people) texts(channel string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for i, n := range p.got {
		if p.by[i] == channel {
			all = append(all, n.Text)
		}
	}
	return all
}

// newTold returns a world in which people are told through the channels, each of which has a rule for all events.
func newTold(t *testing.T, p *people, channels []string, servers ...string) *world {
	t.Helper()
	w := newWorld(t, servers...)
	w.people = p
	w.restart()
	for _, name := range channels {
		w.channel(name)
		_, err := w.c.CreateNotificationRule(t.Context(), notification.RuleSpec{Name: name, Events: notification.Kinds(), Channels: []string{name}})
		check(t, err)
	}
	return w
}

func (w *world) channel(name string) {
	w.t.Helper()
	_, err := w.c.CreateChannel(w.t.Context(), notification.ChannelSpec{Name: name, Webhook: &notification.Webhook{URL: "https://hooks.example.com/"}})
	check(w.t, err)
}

func wantTexts(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("told %q, want %q", got, want)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("told %q, want %q", got[i], want[i])
		}
	}
}

func TestPeopleAreToldOfARunThatFailsAndOfOneThatGoesOnElsewhere(t *testing.T) {
	p := &people{}
	w := newTold(t, p, []string{"ops"}, "js-1", "js-2")
	w.task("load", policy.Word(policy.Recover))
	id, a := w.start("load")
	check(t, a.checkpoint(refOf(id, 1), 1, "state"))
	a.cut = true
	w.until(3*time.Minute, "the run goes on", func() bool { r := w.run(id); return r.Attempt == 2 && r.State == task.Running })
	other := w.hosts[w.run(id).Server]
	other.end(refOf(id, 2), task.ExitExited, 3)
	w.pass(tick)
	wantTexts(t, p.texts("ops"),
		"job server "+a.name+" is unavailable",
		fmt.Sprintf("load goes on from checkpoint 1 on %s instead of %s", other.name, a.name),
		"load failed on "+other.name)
	last := p.got[len(p.got)-1]
	if last.Link != "https://segno.example/runs/"+string(id) || !slices.Equal(last.Rules, []string{"ops"}) || last.Run.ID != id {
		t.Errorf("got %+v, want the run's page and the rule", last)
	}
	a.cut = false
	w.until(time.Minute, "the server is back", func() bool { return len(p.texts("ops")) > 3 })
	wantTexts(t, p.texts("ops")[3:], "job server "+a.name+" is back")
	w.pass(2 * time.Minute)
	if got := p.texts("ops"); len(got) != 4 {
		t.Errorf("told %q, want nothing more", got)
	}
}

func TestAServerThatIsSilentForAShortTimeIsNotTold(t *testing.T) {
	p := &people{}
	w := newTold(t, p, []string{"ops"}, "js-1")
	w.hosts["js-1"].cut = true
	w.pass(patience / 2)
	w.hosts["js-1"].cut = false
	w.pass(patience)
	wantTexts(t, p.texts("ops"))
}

func TestRulesChooseByTaskAndLabelAndSpeakOfWhatHappensAfterThem(t *testing.T) {
	p := &people{}
	w := newTold(t, p, nil, "js-1")
	w.channel("ops")
	fail := func(name string) {
		id, a := w.start(name)
		a.end(refOf(id, w.run(id).Attempt), task.ExitExited, 1)
		w.pass(tick)
	}
	w.task("load-orders", policy.Word(policy.Wait), func(s *task.Spec) { s.Labels = map[string]string{"team": "data"} })
	w.task("load-stock", policy.Word(policy.Wait))
	w.task("report", policy.Word(policy.Wait), func(s *task.Spec) { s.Labels = map[string]string{"team": "data"} })
	fail("load-orders")
	w.pass(time.Second)
	_, err := w.c.CreateNotificationRule(t.Context(), notification.RuleSpec{
		Name: "data", Events: []notification.Kind{notification.RunFailed}, Tasks: []string{"load-*"}, Labels: map[string]string{"team": "data"},
		Channels: []string{"ops"},
	})
	check(t, err)
	w.pass(tick)
	for _, name := range []string{"load-stock", "report", "load-orders"} {
		fail(name)
	}
	wantTexts(t, p.texts("ops"), "load-orders failed")
}

func TestALateRunIsToldOnce(t *testing.T) {
	p := &people{}
	w := newTold(t, p, []string{"ops"}, "js-1")
	w.task("load", policy.Word(policy.Wait), func(s *task.Spec) {
		s.Expect = task.Expect{StartWithin: task.Duration(time.Minute), FinishBy: "12:10"}
	})
	id, _ := w.start("load")
	w.pass(15 * time.Minute)
	wantTexts(t, p.texts("ops"), "load is late: not finished by 2026-03-01 12:10:00 UTC: it is running.")
	if got := p.got[0]; got.Run.ID != id || got.Late == nil || got.Late.Expected != task.ExpectFinish || got.Server != "js-1" {
		t.Errorf("got %+v", got)
	}
}

func TestAReceiverThatIsAwayIsTriedAgainAndToldInOrder(t *testing.T) {
	p := &people{away: map[string]notification.Result{"ops": {Err: "down"}}}
	w := newTold(t, p, []string{"ops", "dev"}, "js-1")
	w.task("load", policy.Word(policy.Wait))
	for i := range 3 {
		id, a := w.start("load")
		a.end(refOf(id, 1), task.ExitExited, i+1)
		w.pass(tick)
	}
	w.pass(time.Minute)
	if got := p.texts("dev"); len(got) != 3 {
		t.Errorf("told %q to a channel that is there, want all three", got)
	}
	if n := p.tried["ops"]; n < 3 || n > 6 {
		t.Errorf("tried %d times in a minute, want 5 s apart at first and twice as long each time", n)
	}
	b, err := w.db.Backlog(t.Context())
	check(t, err)
	if b.Waiting != 3 {
		t.Errorf("got %+v, want three waiting", b)
	}
	w.restart() // A conductor that was down forgets nothing.
	p.away = nil
	w.until(2*time.Minute, "the channel is told", func() bool { return len(p.texts("ops")) == 3 })
	var first, second []string
	for i, n := range p.got {
		if p.by[i] == "ops" {
			first = append(first, fmt.Sprint(*n.Run.ExitCode))
		} else {
			second = append(second, fmt.Sprint(*n.Run.ExitCode))
		}
	}
	if want := []string{"1", "2", "3"}; !slices.Equal(first, want) || !slices.Equal(second, want) {
		t.Errorf("told of %v and %v, want both in order", first, second)
	}
}

func TestADeliveryThatIsRefusedIsDeadUntilSomeoneRetriesIt(t *testing.T) {
	p := &people{away: map[string]notification.Result{"ops": {Err: "422", Refused: true}}}
	w := newTold(t, p, []string{"ops"}, "js-1")
	w.task("load", policy.Word(policy.Wait))
	id, a := w.start("load")
	a.end(refOf(id, 1), task.ExitExited, 1)
	w.pass(time.Hour)
	dead, err := w.c.Deliveries(t.Context(), notification.DeliveryFilter{States: []notification.State{notification.Dead}}, page.Request{})
	check(t, err)
	if len(dead.Items) != 1 || p.tried["ops"] != 1 || dead.Items[0].LastError != "422" {
		t.Fatalf("got %+v after %d tries, want it dead after one", dead.Items, p.tried["ops"])
	}
	p.away = nil
	_, err = w.c.RetryDelivery(t.Context(), dead.Items[0].ID)
	check(t, err)
	w.pass(tick)
	wantTexts(t, p.texts("ops"), "load failed")
	if p.got[0].ID != dead.Items[0].ID {
		t.Errorf("told with the id %s, want %s again", p.got[0].ID, dead.Items[0].ID)
	}
}

func TestAReceiverThatStaysAwayIsGivenUpAfterTheStatedAge(t *testing.T) {
	p := &people{away: map[string]notification.Result{"ops": {Err: "down"}}}
	w := newTold(t, p, []string{"ops"}, "js-1")
	_, err := w.c.EditChannel(t.Context(), "ops", 0, func(s *notification.ChannelSpec) error { s.MaxAge = task.Duration(10 * time.Minute); return nil })
	check(t, err)
	w.task("load", policy.Word(policy.Wait))
	id, a := w.start("load")
	a.end(refOf(id, 1), task.ExitExited, 1)
	took := w.until(time.Hour, "it is given up", func() bool {
		b, err := w.db.Backlog(t.Context())
		check(t, err)
		return b.Dead == 1
	})
	if took < 10*time.Minute || took > 20*time.Minute {
		t.Errorf("given up after %s, want about 10m", took)
	}
}

func TestWhatHappenedBeforeTheFirstRuleIsNotTold(t *testing.T) {
	p := &people{}
	w := newTold(t, p, nil, "js-1")
	w.task("load", policy.Word(policy.Wait))
	id, a := w.start("load")
	a.end(refOf(id, 1), task.ExitExited, 1)
	w.channel("ops")
	w.at = w.at.Add(time.Millisecond)
	_, err := w.c.CreateNotificationRule(t.Context(), notification.RuleSpec{Name: "all", Events: notification.Kinds(), Channels: []string{"ops"}})
	check(t, err)
	w.pass(time.Minute)
	wantTexts(t, p.texts("ops"))
}

func TestWhatHappensBetweenTheFirstRuleAndTheFirstLookAtTheEventsIsTold(t *testing.T) {
	p := &people{}
	w := newWorld(t, "js-1")
	w.task("load", policy.Word(policy.Wait))
	c, err := conductor.New(w.db, conductor.Options{Now: func() time.Time { return w.at }, Notices: w.db, Sender: p})
	check(t, err)
	_, err = c.CreateChannel(t.Context(), notification.ChannelSpec{Name: "ops", Webhook: &notification.Webhook{URL: "https://hooks.example.com/"}})
	check(t, err)
	_, err = c.CreateNotificationRule(t.Context(), notification.RuleSpec{Name: "all", Events: notification.Kinds(), Channels: []string{"ops"}})
	check(t, err)
	_, err = c.CancelRun(t.Context(), w.request("load"), "ops")
	check(t, err)
	check(t, c.Load(t.Context()))
	check(t, c.Step(t.Context()))
	wantTexts(t, p.texts("ops"), "load was cancelled")
}

func TestATestIsSentAtOnceAndNotKept(t *testing.T) {
	p := &people{}
	w := newTold(t, p, []string{"ops"}, "js-1")
	n, r, _, err := w.c.TestChannel(t.Context(), "ops", "ada")
	check(t, err)
	if r.Err != "" || n.ID == "" || n.Event != notification.KindTest || len(p.got) != 1 || !strings.Contains(p.got[0].Text, "ada") {
		t.Errorf("got %+v and %+v", r, p.got)
	}
	all, err := w.c.Deliveries(t.Context(), notification.DeliveryFilter{}, page.Request{})
	check(t, err)
	if len(all.Items) > 0 {
		t.Errorf("kept %v", all.Items)
	}
}

func TestNotificationsNeedAStoreAndASender(t *testing.T) {
	if err := (conductor.Options{Sender: &people{}}).Validate(); err == nil {
		t.Error("a sender without a store is taken")
	}
}
