package conductor_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/sim/memstore"
	"github.com/segno-jobs/segno/task"
)

// crowd is a conductor and many servers that do nothing but be heard from, with a clock that the test moves.
type crowd struct {
	t       *testing.T
	options conductor.Options
	db      *memstore.Store
	c       *conductor.Conductor
	at      time.Time
	servers []*member
	beats   int
}

// member is a server of a crowd.
type member struct {
	name         string
	period, told time.Duration
	next         time.Time
	// cut members reach nobody; deaf ones hear no answer.
	cut, deaf bool
	heard     time.Time
}

func newCrowd(t *testing.T, n int, rate float64, patience time.Duration) *crowd {
	t.Helper()
	w := &crowd{t: t, db: memstore.New(), at: noon}
	w.options = conductor.Options{Now: func() time.Time { return w.at }, Seed: 1, HeartbeatRate: rate}
	for i := range n {
		name := fmt.Sprintf("js-%d", i)
		check(t, w.db.CreateJoinToken(t.Context(), jobserver.JoinToken{ID: name, Hash: name, ExpiresAt: noon.Add(time.Hour)}))
		s := jobserver.Server{Name: name, Slots: 4, UnavailableAfter: patience}.WithDefaults()
		_, err := w.db.JoinServer(t.Context(), name, "credential of "+name, s, noon)
		check(t, err)
		next := noon.Add(time.Duration(i) * jobserver.DefaultHeartbeat / time.Duration(n))
		w.servers = append(w.servers, &member{name: name, period: jobserver.DefaultHeartbeat, next: next})
	}
	w.restart()
	return w
}

// restart begins with a new conductor over the same store.
func (w *crowd) restart() {
	w.t.Helper()
	c, err := conductor.New(w.db, w.options)
	check(w.t, err)
	check(w.t, c.Load(w.t.Context()))
	w.c = c
}

// pass lets time pass. Each server sends what is due, as late as it may.
func (w *crowd) pass(d time.Duration) {
	w.t.Helper()
	for end := w.at.Add(d); w.at.Before(end); {
		w.at = w.at.Add(tick)
		for _, m := range w.servers {
			if !m.next.After(w.at) {
				w.beat(m)
			}
		}
		check(w.t, w.c.Step(w.t.Context()))
	}
}

func (w *crowd) beat(m *member) {
	w.t.Helper()
	m.next = m.next.Add(m.period)
	if m.cut {
		return
	}
	w.beats++
	orders, err := w.c.Heartbeat(w.t.Context(), conductor.Report{Beat: jobserver.Beat{
		Server: m.name, Instance: m.name, BootID: m.name, Heartbeat: m.period, Sample: jobserver.Sample{CPUs: 4, CPUIdle: 1, MemoryTotal: 1, DiskTotal: 1},
	}})
	check(w.t, err)
	m.heard, m.told = w.at, orders.Heartbeat
	if !m.deaf {
		m.next, m.period = m.next.Add(orders.Heartbeat-m.period), orders.Heartbeat
	}
}

func (w *crowd) server(m *member) jobserver.View {
	w.t.Helper()
	s, err := w.c.Server(w.t.Context(), m.name)
	check(w.t, err)
	return s
}

// wantOnline fails where a server that is not cut off is anything but online.
func (w *crowd) wantOnline(when string) {
	w.t.Helper()
	for _, m := range w.servers {
		if s := w.server(m); !m.cut && s.State != jobserver.Online {
			w.t.Fatalf("%s is %s %s, heard from %s ago, with heartbeats every %s", m.name, s.State, when, w.at.Sub(m.heard), m.period)
		}
	}
}

// wantUnreachable cuts a server off, and fails unless it is unreachable once it was silent for as long as it may be.
func (w *crowd) wantUnreachable(m *member, after time.Duration) {
	w.t.Helper()
	m.cut = true
	for w.server(m).State == jobserver.Online {
		if w.at.Sub(m.heard) > time.Hour {
			w.t.Fatalf("%s is never unreachable", m.name)
		}
		w.pass(tick)
	}
	if silent := w.at.Sub(m.heard); silent < after || silent > after+2*tick {
		w.t.Errorf("%s was unreachable after %s of silence, want %s", m.name, silent, after)
	}
}

func TestAFleetOfAThousandIsWatchedAsCloselyAsASmallOne(t *testing.T) {
	w := newCrowd(t, 1000, 0, 0)
	w.pass(5 * time.Second)
	for _, m := range w.servers {
		if m.period != jobserver.DefaultHeartbeat {
			t.Fatalf("%s is told %s", m.name, m.period)
		}
	}
	w.wantUnreachable(w.servers[7], 4500*time.Millisecond)
}

func TestALargeFleetIsHeardFromLessOftenAndNobodyIsUnreachableForThat(t *testing.T) {
	w := newCrowd(t, 1700, 0, 0)
	w.pass(10 * time.Second)
	w.beats = 0
	w.pass(12 * time.Second)
	w.wantOnline("in a large fleet")
	period := w.servers[0].period
	if period <= jobserver.DefaultHeartbeat {
		t.Fatalf("a fleet of 1,700 is told %s", period)
	}
	// These agents are never early, so that they send a little less often than others.
	if rate := float64(w.beats) / 12; rate > conductor.DefaultHeartbeatRate {
		t.Errorf("they send %.0f heartbeats a second, want at most %.0f", rate, conductor.DefaultHeartbeatRate)
	}
	s := w.server(w.servers[0])
	if s.HeartbeatEvery != period || s.UnreachableAfter != 3*period {
		t.Errorf("it is said to be heard from every %s and unreachable after %s; it is told %s", s.HeartbeatEvery, s.UnreachableAfter, period)
	}
	w.wantUnreachable(w.servers[3], 3*period)
	w.wantOnline("when another one was lost")
	if at, want := w.server(w.servers[3]).UnavailableAt, w.servers[3].heard.Add(jobserver.DefaultUnavailableAfter); !at.Equal(want) {
		t.Errorf("it is said to be unavailable at %s, want %s", at, want)
	}
}

func TestAStretchedPeriodChangesNothingOfWhenAServerIsUnavailable(t *testing.T) {
	for _, patience := range []time.Duration{5 * time.Second, 9 * time.Second, 20 * time.Second} {
		w := newCrowd(t, 4, 0.05, patience)
		w.pass(time.Minute)
		w.wantOnline("with " + patience.String() + " until it is unavailable")
		m := w.servers[1]
		m.cut = true
		for w.server(m).State != jobserver.Unavailable {
			if w.at.Sub(m.heard) > time.Hour {
				t.Fatalf("with %s it is never unavailable", patience)
			}
			w.pass(tick)
		}
		if silent := w.at.Sub(m.heard); silent < patience || silent > patience+2*tick {
			t.Errorf("it was unavailable after %s of silence, want %s", silent, patience)
		}
	}
}

func TestALostAnswerThatWouldHaveStretchedOrShortenedAPeriodMakesNobodyUnreachable(t *testing.T) {
	w := newCrowd(t, 4, 0.5, 0)
	m := w.servers[0]
	m.deaf = true
	w.pass(30 * time.Second)
	w.wantOnline("after answers that were lost")
	if m.period != jobserver.DefaultHeartbeat || m.told <= m.period {
		t.Fatalf("it keeps %s and was told %s: nothing was lost", m.period, m.told)
	}
	m.deaf = false
	w.pass(10 * time.Second)
	long := m.period
	m.deaf = true
	for _, gone := range w.servers[1:] {
		gone.cut = true
	}
	w.pass(3 * time.Minute)
	if m.told >= long || m.period != long {
		t.Fatalf("it keeps %s and was told %s, before %s: nothing was lost", m.period, m.told, long)
	}
	w.wantOnline("after shorter periods that it never heard of")
	m.deaf = false
	w.pass(20 * time.Second)
	if m.period >= long {
		t.Fatalf("it keeps %s although it was told %s", m.period, m.told)
	}
	w.wantUnreachable(m, 3*m.period)
}

func TestAConductorThatTakesALargeFleetOverCallsNobodyUnreachable(t *testing.T) {
	w := newCrowd(t, 4, 0.4, 0)
	w.pass(40 * time.Second)
	long := w.servers[0].period
	if long < 6*time.Second {
		t.Fatalf("they are told %s", long)
	}
	w.options.HeartbeatRate = 100 // The next one would have them send more often, and they have yet to hear of it.
	w.restart()
	w.pass(long + time.Second)
	w.wantOnline("after the conductor has started")
	w.pass(2 * time.Minute)
	if got := w.servers[0].period; got != jobserver.DefaultHeartbeat {
		t.Errorf("they are told %s by a conductor that takes more", got)
	}
	w.wantUnreachable(w.servers[0], 4500*time.Millisecond)
}

// shortLease creates a task whose attempts have the shortest lease, on one server.
func (w *crowd) shortLease(server string) task.RunID {
	w.t.Helper()
	p := policy.Word(policy.Restart)
	_, err := w.c.CreateTask(w.t.Context(), task.Spec{
		Name: "short", Target: task.Target{Server: server}, Job: task.Job{Command: []string{"load"}}, OnUnavailable: &p,
		UnavailableAfter: task.Duration(5 * time.Second),
	})
	check(w.t, err)
	run, err := w.c.StartRun(w.t.Context(), "short", task.RunRequest{By: "ops"})
	check(w.t, err)
	return run.ID
}

func TestAShortLeaseInALargeFleetIsToldOfBeforeItsOffer(t *testing.T) {
	w := newCrowd(t, 4, 0.4, 0)
	w.pass(40 * time.Second)
	m := w.servers[2]
	long := m.period
	session, err := w.c.Connect(t.Context(), m.name, m.name)
	check(t, err)
	session.Take()
	id := w.shortLease(m.name)
	check(t, w.c.Step(t.Context()))
	la, err := jobserver.LeaseOf(5 * time.Second)
	check(t, err)
	var ref task.Ref
	for _, cmd := range session.Take() {
		switch {
		case cmd.GetSettings() != nil:
			m.period, _ = protocol.SettingsFromProto(cmd.GetSettings())
		case cmd.GetOffer() != nil:
			e, err := protocol.OfferFromProto(cmd.GetOffer())
			check(t, err)
			ref = e.Ref
			if m.period > la/4 {
				t.Fatalf("it was offered an attempt with a lease of %s while it keeps %s", la, m.period)
			}
		}
	}
	if ref.Run != id {
		t.Fatal("nothing was offered")
	}
	claimed, err := w.c.Claim(t.Context(), m.name, m.name, []task.Ref{ref})
	check(t, err)
	if !claimed[0].Granted || claimed[0].Lease.Length != la {
		t.Fatalf("the claim was answered %+v", claimed)
	}
	w.beat(m)
	if m.told > la/4 || w.servers[1].told != long {
		t.Errorf("the server with the lease is told %s, another one %s; want at most %s, and %s", m.told, w.servers[1].told, la/4, long)
	}
	m.cut = true // and its run begins anew elsewhere, or waits for it, as soon as its lease is over
	heard := m.heard
	for {
		run, err := w.db.Run(t.Context(), id)
		check(t, err)
		if !run.Attempts[0].State.Open() {
			break
		}
		if w.at.Sub(heard) > time.Minute {
			t.Fatal("its lease is never over")
		}
		w.pass(tick)
	}
	if silent := w.at.Sub(heard); silent < 5*time.Second || silent > 5*time.Second+2*tick {
		t.Errorf("its lease was over after %s of silence, want 5s", silent)
	}
}

func TestAnEditOfAServersTimeIsToldAtOnce(t *testing.T) {
	w := newCrowd(t, 4, 0.4, 0)
	w.pass(40 * time.Second)
	m := w.servers[2]
	session, err := w.c.Connect(t.Context(), m.name, m.name)
	check(t, err)
	session.Take()
	_, err = w.c.EditServer(t.Context(), m.name, 0, func(s *jobserver.Server) error {
		s.UnavailableAfter = 6 * time.Second
		return nil
	})
	check(t, err)
	told := time.Duration(0)
	for _, cmd := range session.Take() {
		if cmd.GetSettings() != nil {
			told, _ = protocol.SettingsFromProto(cmd.GetSettings())
		}
	}
	if told == 0 || 3*told >= 6*time.Second {
		t.Errorf("it is unavailable after 6s now, and was told a period of %s", told)
	}
}

// A second process with the identity of a server is refused while the first is heard from as often as it is to be.
func TestAnotherAgentIsRefusedWhileTheFirstKeepsAStretchedPeriod(t *testing.T) {
	w := newCrowd(t, 4, 0.4, 0)
	m := w.servers[2]
	_, err := w.c.Connect(t.Context(), m.name, m.name)
	check(t, err)
	w.pass(40 * time.Second)
	m.cut = true
	w.at = m.heard.Add(m.period)
	if _, err := w.c.Connect(t.Context(), m.name, "another"); err == nil {
		t.Errorf("another agent was taken for it %s after it was heard, while its heartbeats come every %s", w.at.Sub(m.heard), m.period)
	}
	w.at = m.heard.Add(2*m.period + time.Millisecond)
	if _, err := w.c.Connect(t.Context(), m.name, "another"); err != nil {
		t.Errorf("its next process is refused although it has missed two heartbeats: %v", err)
	}
}
