package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// player takes a plan run from event to event, and requests runs as a conductor would.
type player struct {
	t   *testing.T
	r   Run
	now time.Time
	// started are the nodes in the order of their starts, stopped those that were told to stop.
	started, stopped []string
	ids              int
}

func play(t *testing.T, s Spec) *player {
	t.Helper()
	s.Name = "nightly"
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	r, err := NewRun("1", s, nil, task.Cause{}, noon)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{t: t, r: r, now: noon}
	p.advance(Began{})
	return p
}

func (p *player) advance(e Event) {
	p.now = p.now.Add(time.Second)
	before := slices.Clone(p.r.Nodes)
	next, actions := Advance(p.r, e, p.now)
	if !slices.Equal(p.r.Nodes, before) {
		p.t.Fatalf("%#v changed the plan run that was handed in", e)
	}
	p.r = next
	for _, a := range actions {
		if a.Stop != "" {
			p.stopped = append(p.stopped, a.Stop)
			continue
		}
		p.ids++
		p.started = append(p.started, a.Start)
		p.r = p.r.Started(a.Start, task.RunID(fmt.Sprint("run-", p.ids)))
	}
}

// end ends the run of a node; reasons other than an exit code are those of the state.
func (p *player) end(node string, state task.State) {
	p.t.Helper()
	n := p.r.Nodes[p.r.Index(node)]
	if n.State != NodeRunning {
		p.t.Fatalf("%s is %s and cannot end", node, n.State)
	}
	p.advance(RunEnded{Run: n.Run, State: state, Reason: "for a reason"})
}

// wantNodes compares the states of nodes with a text such as "a=succeeded b=running".
func (p *player) wantNodes(want string) {
	p.t.Helper()
	var got []string
	for _, n := range p.r.Nodes {
		got = append(got, n.Name+"="+string(n.State))
	}
	if s := strings.Join(got, " "); s != want {
		p.t.Fatalf("got  %s\nwant %s", s, want)
	}
}

func (p *player) wantRun(state State, reason string) {
	p.t.Helper()
	if p.r.State != state || p.r.Reason != reason || p.r.State.Final() != (p.r.EndedAt != nil) {
		p.t.Fatalf("got the plan run %s because %q, want %s because %q", p.r.State, p.r.Reason, state, reason)
	}
}

func (p *player) wantReason(node, reason string) {
	p.t.Helper()
	if got := p.r.Nodes[p.r.Index(node)].Reason; got != reason {
		p.t.Errorf("%s: got the reason %q, want %q", node, got, reason)
	}
}

func TestEdgesAreTakenByHowANodeEnded(t *testing.T) {
	s := Spec{Nodes: nodes("a", "ok", "bad", "always"), Edges: edges("a ok", "a bad error", "a always after")}
	p := play(t, s)
	p.wantNodes("a=running ok=waiting bad=waiting always=waiting")
	p.end("a", task.Succeeded)
	p.wantNodes("a=succeeded ok=running bad=skipped always=running")
	p.wantReason("bad", "a succeeded, and this follows on error")
	if got := fmt.Sprint(p.r.EdgeStates()); got != "[taken dropped taken]" {
		t.Errorf("got the edges %s", got)
	}
	p.end("ok", task.Succeeded)
	p.wantRun(Running, "")
	p.end("always", task.Succeeded)
	p.wantRun(Succeeded, "")

	for _, end := range []task.State{task.Failed, task.TimedOut, task.Lost, task.Reset, task.Cancelled} {
		p = play(t, s)
		p.end("a", end)
		state := map[bool]string{true: "cancelled", false: "failed"}[end == task.Cancelled]
		p.wantNodes("a=" + state + " ok=skipped bad=running always=running")
		p.end("bad", task.Succeeded)
		p.end("always", task.Succeeded)
		p.wantRun(Failed, "a did not succeed")
	}
	p.wantReason("ok", "a was cancelled, and this follows on ok")
}

func TestASkippedNodeTakesNoneOfItsEdges(t *testing.T) {
	p := play(t, Spec{Nodes: nodes("a", "b", "c", "d"), Edges: edges("a b", "b c after", "b d error")})
	p.end("a", task.Failed)
	p.wantNodes("a=failed b=skipped c=skipped d=skipped")
	p.wantReason("c", "b was skipped")
	p.wantRun(Failed, "a did not succeed")
}

func TestAnOKAfterAGroupMeansThatAllOfItSucceeded(t *testing.T) {
	s := Spec{
		Nodes:  nodes("a", "b", "c", "report", "alarm", "clean", "b-failed"),
		Groups: []Group{{Name: "loads", Nodes: []string{"a", "b", "c"}}},
		Edges:  edges("loads report", "loads alarm error", "loads clean after", "b b-failed error"),
	}
	p := play(t, s)
	p.end("a", task.Succeeded)
	p.end("c", task.Succeeded)
	p.wantNodes("a=succeeded b=running c=succeeded report=waiting alarm=waiting clean=waiting b-failed=waiting")
	p.end("b", task.Succeeded)
	p.wantNodes("a=succeeded b=succeeded c=succeeded report=running alarm=skipped clean=running b-failed=skipped")

	p = play(t, s)
	p.end("b", task.Failed)
	p.wantNodes("a=running b=failed c=running report=waiting alarm=waiting clean=waiting b-failed=running")
	p.end("a", task.Succeeded)
	p.end("c", task.Succeeded)
	p.wantNodes("a=succeeded b=failed c=succeeded report=skipped alarm=running clean=running b-failed=running")
	p.wantReason("report", "not all of loads succeeded: b failed")
}

func TestAGroupRunsAtMostItsLimitAndGoesOnAfterAFailure(t *testing.T) {
	p := play(t, Spec{
		Nodes:  nodes("a", "b", "c", "d"),
		Groups: []Group{{Name: "g", Nodes: []string{"d", "c", "b", "a"}, Limit: 2}},
	})
	p.wantNodes("a=waiting b=waiting c=running d=running")
	p.end("d", task.Failed)
	p.wantNodes("a=waiting b=running c=running d=failed")
	p.end("b", task.Succeeded)
	p.end("c", task.Succeeded)
	p.end("a", task.Succeeded)
	p.wantRun(Failed, "d did not succeed")
	if got := strings.Join(p.started, " "); got != "d c b a" {
		t.Errorf("the nodes started in the order %s, want that of the group", got)
	}
}

func TestANodeWaitsForAllOfItsEdgesOrForAnyOne(t *testing.T) {
	all := Spec{Nodes: nodes("a", "b", "c"), Edges: edges("a c", "b c")}
	p := play(t, all)
	p.end("a", task.Succeeded)
	p.wantNodes("a=succeeded b=running c=waiting")
	p.end("b", task.Succeeded)
	p.wantNodes("a=succeeded b=succeeded c=running")
	p = play(t, all)
	p.end("a", task.Failed)
	p.wantNodes("a=failed b=running c=skipped")

	oneOf := Spec{Nodes: nodes("a", "b", "c"), Edges: edges("a c", "b c")}
	oneOf.Nodes[2].Join = JoinAny
	p = play(t, oneOf)
	p.end("a", task.Failed)
	p.wantNodes("a=failed b=running c=waiting")
	p.end("b", task.Succeeded)
	p.wantNodes("a=failed b=succeeded c=running")
	p = play(t, oneOf)
	p.end("a", task.Succeeded)
	p.wantNodes("a=succeeded b=running c=running")
	p.end("b", task.Succeeded)
	p.end("c", task.Succeeded)
	if got := strings.Join(p.started, " "); got != "a b c" {
		t.Errorf("got the starts %s, want each once", got)
	}
}

func TestAnEventThatIsNewsToNoNodeChangesNothing(t *testing.T) {
	p := play(t, Spec{Nodes: nodes("a", "b"), Edges: edges("a b")})
	first := p.r.Nodes[0].Run
	before := fmt.Sprint(p.r)
	p.advance(Began{})
	p.advance(RunEnded{Run: "another", State: task.Failed})
	p.advance(Overdue{Node: "a"})
	p.advance(Refused{Node: "a", Reason: "late"})
	if got := fmt.Sprint(p.r); got != before {
		t.Errorf("got %s, want %s", got, before)
	}
	p.end("a", task.Failed)
	p.wantRun(Failed, "a did not succeed")
	before = fmt.Sprint(p.r)
	p.advance(RunEnded{Run: first, State: task.Succeeded})
	p.advance(CancelAsked{})
	if got := fmt.Sprint(p.r); got != before {
		t.Errorf("after its end got %s, want %s", got, before)
	}
}

func TestANodeThatMayFailFailsNoPlanRun(t *testing.T) {
	s := Spec{Nodes: nodes("a", "b"), Edges: edges("a b after")}
	s.Nodes[0].MayFail = true
	p := play(t, s)
	p.end("a", task.Failed)
	p.end("b", task.Succeeded)
	p.wantRun(Succeeded, "")
	p.wantReason("a", "failed: for a reason")
}

func TestANodeThatCannotBeStartedFailsWithTheReason(t *testing.T) {
	r, err := NewRun("1", Spec{Name: "x", Nodes: nodes("a", "b"), Edges: edges("a b error")}, nil, task.Cause{}, noon)
	if err != nil {
		t.Fatal(err)
	}
	r, _ = Advance(r, Began{}, noon)
	r, actions := Advance(r, Refused{Node: "a", Reason: "params.n needs the output rows of x, which did not give it"}, noon)
	if r.Nodes[0].State != NodeFailed || r.Nodes[0].Reason != "could not be started: params.n needs the output rows of x, which did not give it" {
		t.Errorf("got %+v", r.Nodes[0])
	}
	if len(actions) != 1 || actions[0].Start != "b" {
		t.Errorf("got the actions %v, want b to start", actions)
	}
}

func TestATimeoutStopsTheNodeAndFailsIt(t *testing.T) {
	s := Spec{Nodes: nodes("a", "b"), Edges: edges("a b error")}
	s.Nodes[0].Timeout = task.Duration(time.Minute)
	p := play(t, s)
	if d := p.r.Nodes[0].Deadline; d == nil || !d.Equal(p.now.Add(time.Minute)) {
		t.Fatalf("got the deadline %v", d)
	}
	p.now = p.now.Add(58 * time.Second)
	p.advance(Overdue{Node: "a"})
	if len(p.stopped) != 0 || len(p.r.Expired(p.now)) != 0 {
		t.Fatalf("stopped %v before the deadline", p.stopped)
	}
	if got := p.r.Expired(p.now.Add(time.Second)); len(got) != 1 {
		t.Fatalf("got the expired nodes %v", got)
	}
	p.advance(Overdue{Node: "a"})
	p.advance(Overdue{Node: "a"})
	if strings.Join(p.stopped, " ") != "a" {
		t.Fatalf("got %v told to stop, want a once", p.stopped)
	}
	p.wantNodes("a=running b=waiting")
	own := *p
	p.end("a", task.Cancelled)
	p.wantNodes("a=failed b=running")
	p.wantReason("a", "stopped because its timeout of 1m0s had passed")
	// A job that ended by itself before it could be stopped has its own result.
	own.end("a", task.Succeeded)
	own.wantNodes("a=succeeded b=skipped")
}

func TestACancelStopsWhatRunsAndStartsNothingMore(t *testing.T) {
	p := play(t, Spec{Nodes: nodes("a", "b", "c", "d"), Edges: edges("a c", "b c", "c d after")})
	p.advance(CancelAsked{By: "ops"})
	p.wantRun(Stopping, "cancelled by ops")
	p.wantNodes("a=running b=running c=cancelled d=cancelled")
	if strings.Join(p.stopped, " ") != "a b" {
		t.Errorf("got %v told to stop", p.stopped)
	}
	p.advance(CancelAsked{By: "someone"})
	p.end("a", task.Cancelled)
	p.end("b", task.Succeeded)
	p.wantNodes("a=cancelled b=succeeded c=cancelled d=cancelled")
	p.wantRun(Cancelled, "cancelled by ops")
	if strings.Join(p.started, " ") != "a b" || len(p.stopped) != 2 {
		t.Errorf("got the starts %v and the stops %v", p.started, p.stopped)
	}
}

func (p *player) resume() {
	p.t.Helper()
	r, err := Resume(p.r, "ops")
	if err != nil {
		p.t.Fatal(err)
	}
	p.r, p.started = r, nil
	p.advance(Began{})
}

func TestAResumeStartsAgainAtWhatFailed(t *testing.T) {
	p := play(t, Spec{
		Nodes:  nodes("a", "b", "c", "report", "alarm", "clean"),
		Groups: []Group{{Name: "loads", Nodes: []string{"b", "c"}}},
		Edges:  edges("a loads", "loads report", "c alarm error", "loads clean after"),
	})
	p.end("a", task.Succeeded)
	p.end("b", task.Succeeded)
	p.end("c", task.Failed)
	p.end("alarm", task.Succeeded)
	p.end("clean", task.Succeeded)
	p.wantRun(Failed, "c did not succeed")
	kept := p.r.Nodes[p.r.Index("b")]
	p.resume()
	p.wantRun(Running, "resumed by ops")
	// What ran because c had failed, or after it, waits for its new end.
	p.wantNodes("a=succeeded b=succeeded c=running report=waiting alarm=waiting clean=waiting")
	if got := p.r.Nodes[p.r.Index("b")]; got.Run != kept.Run || got.Try != 1 {
		t.Errorf("got b as %+v, want it as it was", got)
	}
	if got := p.r.Nodes[p.r.Index("c")]; got.Try != 2 || p.r.Key("c") != "plan\t1\tc\t2" {
		t.Errorf("got c as %+v with the key %q, want its second try", got, p.r.Key("c"))
	}
	p.end("c", task.Succeeded)
	p.wantNodes("a=succeeded b=succeeded c=succeeded report=running alarm=skipped clean=running")
	p.end("report", task.Succeeded)
	p.end("clean", task.Succeeded)
	p.wantRun(Succeeded, "")
	if _, err := Resume(p.r, ""); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v for a plan run that succeeded", err)
	}
}

func TestAResumeKeepsWhatAnotherEdgeHadStarted(t *testing.T) {
	s := Spec{Nodes: nodes("a", "b", "c"), Edges: edges("a c", "b c")}
	s.Nodes[2].Join = JoinAny
	p := play(t, s)
	p.end("a", task.Succeeded)
	p.end("c", task.Succeeded)
	p.end("b", task.Failed)
	p.resume()
	p.wantNodes("a=succeeded b=running c=succeeded")
	if strings.Join(p.started, " ") != "b" {
		t.Errorf("got the starts %v, want b alone", p.started)
	}
}

func TestACancelledPlanRunCanBeResumed(t *testing.T) {
	p := play(t, Spec{Nodes: nodes("a", "b", "c"), Edges: edges("a b", "b c")})
	p.end("a", task.Succeeded)
	p.advance(CancelAsked{})
	if _, err := Resume(p.r, ""); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v for a plan run that is being stopped", err)
	}
	p.end("b", task.Cancelled)
	p.resume()
	p.wantNodes("a=succeeded b=running c=waiting")
}
