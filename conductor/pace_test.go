package conductor

import (
	"testing"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

func defaultPace() pace { return newPace(jobserver.DefaultHeartbeat, DefaultHeartbeatRate) }

func TestUpToAThousandServersKeepThePeriodThatIsSet(t *testing.T) {
	for _, servers := range []int{0, 1, 500, 1000} {
		p := defaultPace()
		if p.follow(servers, start) || p.period != jobserver.DefaultHeartbeat {
			t.Errorf("%d servers are told %s, want %s", servers, p.period, jobserver.DefaultHeartbeat)
		}
	}
	slow := newPace(20*time.Second, DefaultHeartbeatRate)
	if slow.follow(5000, start); slow.period != 20*time.Second {
		t.Errorf("5,000 servers are told %s, although 20s are set and suffice", slow.period)
	}
}

func TestALargerFleetSendsNoMoreThanTheRateAndNotMuchLess(t *testing.T) {
	for _, servers := range []int{1002, 1100, 1500, 2000, 3333, 10000, 50000} {
		p := defaultPace()
		p.follow(servers, start)
		rate := float64(servers) / (meanGap * p.period.Seconds())
		if rate > DefaultHeartbeatRate || rate < 0.9*DefaultHeartbeatRate {
			t.Errorf("%d servers send %.0f heartbeats a second at %s, want at most %.0f and not much less", servers, rate, p.period, DefaultHeartbeatRate)
		}
		if cost := rate * heartbeatCost.Seconds(); cost > heartbeatBudget {
			t.Errorf("the heartbeats of %d servers take %.3f of a processor", servers, cost)
		}
	}
}

func TestAPeriodGrowsAtOnceAndShrinksOnlyOnceThatHasSufficedForAMinute(t *testing.T) {
	p := defaultPace()
	if !p.follow(3000, start) {
		t.Fatal("the period did not grow at once")
	}
	long, at := p.period, start
	for range 10 { // Servers go, and before a minute is over they are back.
		at = at.Add(50 * time.Second)
		p.follow(1500, at)
		at = at.Add(time.Second)
		p.follow(3000, at)
	}
	if p.period != long {
		t.Fatalf("it went from %s to %s although the servers came back each time", long, p.period)
	}
	p.follow(1500, at.Add(time.Second))
	if p.follow(1500, at.Add(60*time.Second)); p.period != long {
		t.Errorf("it is %s before a shorter one has sufficed for a minute", p.period)
	}
	if !p.follow(1500, at.Add(61*time.Second)) || p.period >= long {
		t.Errorf("it is still %s after a shorter one has sufficed for a minute", p.period)
	}
	p.follow(900, at.Add(62*time.Second))
	if p.follow(900, at.Add(3*time.Minute)); p.period != jobserver.DefaultHeartbeat {
		t.Errorf("900 servers are told %s", p.period)
	}
}

func TestASingleServerMoreIsSeldomAnotherPeriod(t *testing.T) {
	p := defaultPace()
	changes := 0
	for servers := range 3000 {
		if p.follow(servers, start) {
			changes++
		}
	}
	if changes == 0 || changes > 25 {
		t.Errorf("the period changed %d times while 3,000 servers came", changes)
	}
}

// large returns a fleet whose period is a minute: longer than anything that the tests allow.
func large(servers ...jobserver.Server) *fleet {
	f := newFleet(newPace(jobserver.DefaultHeartbeat, DefaultHeartbeatRate))
	f.pace.period = time.Minute
	f.setServers(servers, start)
	return f
}

func TestAServerThatMayBeSilentForShortIsHeardFromOftenEnough(t *testing.T) {
	for _, patience := range []time.Duration{5 * time.Second, 6 * time.Second, 10 * time.Second, 30 * time.Second, 2 * time.Minute} {
		f := large(jobserver.Server{Name: "js-1", State: jobserver.Online, UnavailableAfter: patience})
		period := f.heartbeat("js-1")
		if jobserver.MissedBeats*period >= patience {
			t.Errorf("with %s until it is unavailable it is to be heard from every %s: three are missed too late", patience, period)
		}
		if period < jobserver.DefaultHeartbeat {
			t.Errorf("with %s until it is unavailable, and no lease, it is to be heard from every %s", patience, period)
		}
	}
	slow := newPace(10*time.Second, DefaultHeartbeatRate)
	if period := slow.unhurried(8 * time.Second); jobserver.MissedBeats*period >= 8*time.Second {
		t.Errorf("a period of 10s is set, and a server that is unavailable after 8s is to be heard from every %s", period)
	}
}

func TestAShortLeaseWinsOverTheBudget(t *testing.T) {
	f := large(jobserver.Server{Name: "js-1", State: jobserver.Online}, jobserver.Server{Name: "js-2", State: jobserver.Online})
	h := f.hosts["js-1"]
	for _, tt := range []struct {
		terms terms
		want  time.Duration
	}{
		{terms{lease: 5 * time.Second}, quarter(5 * time.Second)},
		{terms{lease: 30 * time.Second}, quarter(30 * time.Second)},
		{terms{leaveRunning: true, unavailableAfter: 5 * time.Second}, 1500 * time.Millisecond},
		{terms{}, quarter(jobserver.DefaultUnavailableAfter)}, // waits, and has no lease
	} {
		h.open = map[task.Ref]*placed{refOf(1): {terms: tt.terms}}
		if got := f.heartbeat("js-1"); got != tt.want {
			t.Errorf("with %+v it is to be heard from every %s, want %s", tt.terms, got, tt.want)
		}
	}
	if got := f.heartbeat("js-2"); got != quarter(jobserver.DefaultUnavailableAfter) {
		t.Errorf("the other server is told %s", got)
	}
	la, err := jobserver.LeaseOf(5 * time.Second)
	if err != nil || quarter(5*time.Second) != la/4 {
		t.Errorf("a quarter of the lease %s (%v) is said to be %s", la, err, quarter(5*time.Second))
	}
}

func TestASilentServerIsUnreachableByItsOwnPeriodAndNeverAfterItsTimeIsOver(t *testing.T) {
	f := large(jobserver.Server{Name: "js-1", State: jobserver.Online, UnavailableAfter: 30 * time.Second})
	h := f.hosts["js-1"]
	for _, tt := range []struct {
		keeps time.Duration
		open  *placed
		want  time.Duration
	}{
		{1500 * time.Millisecond, nil, 4500 * time.Millisecond},
		{6 * time.Second, nil, 18 * time.Second},
		{time.Minute, nil, 30 * time.Second},
		{6 * time.Second, &placed{claimed: true, terms: terms{lease: 9 * time.Second}}, 9 * time.Second},
		{6 * time.Second, &placed{terms: terms{lease: 9 * time.Second}}, 18 * time.Second},
		{6 * time.Second, &placed{claimed: true, terms: terms{leaveRunning: true, unavailableAfter: 7 * time.Second}}, 7 * time.Second},
		{2 * time.Second, &placed{claimed: true, terms: terms{lease: 9 * time.Second}}, 6 * time.Second},
	} {
		h.keeps, h.open = tt.keeps, map[task.Ref]*placed{}
		if tt.open != nil {
			h.open[refOf(1)] = tt.open
		}
		if got := h.silence(); got != tt.want {
			t.Errorf("with a period of %s and %+v it may be silent for %s, want %s", tt.keeps, tt.open, got, tt.want)
		}
	}
}

// An answer to a heartbeat may be lost. The agent keeps the period that it has then, and the new one otherwise.
func TestAnAgentMayKeepThePeriodThatItSaidOrTheOneThatItIsTold(t *testing.T) {
	f := large(jobserver.Server{Name: "js-1", State: jobserver.Online, Heartbeat: 2 * time.Second})
	beat := func(said time.Duration) time.Duration {
		b := jobserver.Beat{Server: "js-1", At: start, Heartbeat: said}
		told := f.tell(&b)
		f.beat(b)
		return told
	}
	told := beat(2 * time.Second)
	if got := f.keeps("js-1"); told <= 2*time.Second || got != told {
		t.Errorf("it was told %s and may keep %s, want the longer one at once", told, got)
	}
	f.pace.period = 3 * time.Second
	if beat(told); f.keeps("js-1") != told {
		t.Errorf("it may keep %s, although it may not have heard that it is shorter than %s", f.keeps("js-1"), told)
	}
	if beat(3 * time.Second); f.keeps("js-1") != 3*time.Second {
		t.Errorf("it may keep %s after it has said 3s and was told 3s", f.keeps("js-1"))
	}
	f.pace.period = 2 * time.Second
	if beat(0); f.keeps("js-1") != 3*time.Second {
		t.Errorf("an agent that does not say what it keeps may keep %s, want what it was told before", f.keeps("js-1"))
	}
}

// What comes first may have been on its way while the conductor started, and say less than its agent keeps by now.
func TestTheFirstHeartbeatThatAConductorHearsMakesNoPeriodShorter(t *testing.T) {
	f := large(jobserver.Server{Name: "js-1", State: jobserver.Online, Heartbeat: 2 * time.Second})
	f.pace.period = time.Second
	beat := func(instance string, number uint64, said time.Duration) time.Duration {
		b := jobserver.Beat{Server: "js-1", Instance: instance, At: start, Heartbeat: said, Number: number}
		if f.overtaken(b) {
			t.Fatalf("heartbeat %d of %s counts as overtaken", number, instance)
		}
		f.tell(&b)
		f.beat(b)
		return f.keeps("js-1")
	}
	for _, test := range []struct {
		instance   string
		number     uint64
		said, want time.Duration
	}{
		{"1", 39, time.Second, 2 * time.Second},
		{"1", 39, time.Second, 2 * time.Second}, // The same one, twice on its way.
		{"1", 40, 3 * time.Second, 3 * time.Second},
		{"1", 42, time.Second, time.Second},
		{"2", 1, 1500 * time.Millisecond, 1500 * time.Millisecond},
		{"2", 2, time.Second, time.Second},
		{"3", 0, time.Second, time.Second},
	} {
		if got := beat(test.instance, test.number, test.said); got != test.want {
			t.Errorf("after heartbeat %d of process %s, which says %s, it may keep %s, want %s",
				test.number, test.instance, test.said, got, test.want)
		}
	}
}

func TestAConductorThatStartsKnowsHowSeldomServersMayBeHeardFrom(t *testing.T) {
	f := large(
		jobserver.Server{Name: "long", State: jobserver.Online, Heartbeat: 9 * time.Second},
		jobserver.Server{Name: "short", State: jobserver.Online, Heartbeat: 600 * time.Millisecond},
		jobserver.Server{Name: "unknown", State: jobserver.Online},
	)
	for name, want := range map[string]time.Duration{"long": 9 * time.Second, "short": jobserver.DefaultHeartbeat, "unknown": jobserver.DefaultHeartbeat} {
		if got := f.keeps(name); got != want {
			t.Errorf("the agent of %s may keep %s, want %s", name, got, want)
		}
	}
}

func TestAnEditThatLeavesAServerLessTimeCountsFromThen(t *testing.T) {
	s := jobserver.Server{Name: "js-1", State: jobserver.Online, Heartbeat: 9 * time.Second}
	f := large(s)
	edited := start.Add(8 * time.Second)
	s.UnavailableAfter = 5 * time.Second
	f.setServers([]jobserver.Server{s}, edited)
	if got := f.silent(edited.Add(5 * time.Second)); len(got) != 0 {
		t.Errorf("%v are silent within 5s of the edit, of which their agents had to hear", got)
	}
	if got := f.silent(edited.Add(5*time.Second + 1)); len(got) != 1 {
		t.Error("it is not silent although its time is over")
	}
	s.UnavailableAfter = 20 * time.Second
	f.setServers([]jobserver.Server{s}, edited.Add(time.Second))
	if got := f.hosts["js-1"].heard; !got.Equal(edited) {
		t.Errorf("an edit that leaves it more time counts as word of it, at %s", got)
	}
}
