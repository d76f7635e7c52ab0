package plan

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/segno-jobs/segno/task"
)

// oracle says what must become of each node of a plan, straight from what the edges mean: it asks back from a node to what
// comes before it, and knows neither events nor their order.
type oracle struct {
	s     Spec
	group map[string]Group
	node  map[string]Node
	// fails are the nodes that fail if they run.
	fails map[string]bool
	known map[string]NodeState
}

func ask(s Spec, fails map[string]bool) *oracle {
	o := &oracle{s: s, group: map[string]Group{}, node: map[string]Node{}, fails: fails, known: map[string]NodeState{}}
	for _, n := range s.Nodes {
		o.node[n.Name] = n
	}
	for _, g := range s.Groups {
		for _, n := range g.Nodes {
			o.group[n] = g
		}
	}
	return o
}

// state returns the state in which a node must end.
func (o *oracle) state(name string) NodeState {
	if s, known := o.known[name]; known {
		return s
	}
	unit, join := name, o.node[name].Join
	if g, grouped := o.group[name]; grouped {
		unit, join = g.Name, g.Join
	}
	in, taken := 0, 0
	for _, e := range o.s.Edges {
		if e.To == unit {
			in++
			if o.taken(e) {
				taken++
			}
		}
	}
	s := NodeSkipped
	if taken == in || join == JoinAny && taken > 0 {
		s = NodeSucceeded
		if o.fails[name] {
			s = NodeFailed
		}
	}
	o.known[name] = s
	return s
}

func (o *oracle) taken(e Edge) bool {
	members := []string{e.From}
	for _, g := range o.s.Groups {
		if g.Name == e.From {
			members = g.Nodes
		}
	}
	ran, well := false, true
	for _, m := range members {
		s := o.state(m)
		ran = ran || s != NodeSkipped
		well = well && s == NodeSucceeded
	}
	switch e.On {
	case OnError:
		return ran && !well
	case OnEnd:
		return ran
	}
	return well
}

// randomPlan returns a plan that Validate takes: units in a row, edges from earlier to later ones.
func randomPlan(r *rand.Rand) Spec {
	for {
		s := Spec{Name: "random"}
		var units []string
		node := func() string {
			n := Node{Name: fmt.Sprintf("n%d", len(s.Nodes)), Task: "t", MayFail: r.IntN(10) == 0}
			s.Nodes = append(s.Nodes, n)
			return n.Name
		}
		for u := range 2 + r.IntN(8) {
			if r.IntN(4) > 0 {
				units = append(units, node())
				if r.IntN(3) == 0 {
					s.Nodes[len(s.Nodes)-1].Join = JoinAny
				}
				continue
			}
			g := Group{Name: fmt.Sprintf("g%d", u), Limit: r.IntN(4)}
			if r.IntN(3) == 0 {
				g.Join = JoinAny
			}
			for range 1 + r.IntN(4) {
				g.Nodes = append(g.Nodes, node())
			}
			s.Groups, units = append(s.Groups, g), append(units, g.Name)
		}
		inGroup := map[string][]string{}
		for _, g := range s.Groups {
			inGroup[g.Name] = g.Nodes
		}
		for to := 1; to < len(units); to++ {
			for range 1 + r.IntN(3) {
				from := units[r.IntN(to)]
				if members := inGroup[from]; len(members) > 0 && r.IntN(4) == 0 {
					from = members[r.IntN(len(members))]
				}
				s.Edges = append(s.Edges, Edge{From: from, To: units[to], On: []On{"", OnOK, OnError, OnEnd}[r.IntN(4)]})
			}
		}
		if s.Validate() == nil {
			return s
		}
	}
}

func randomFails(r *rand.Rand, s Spec, share float64) map[string]bool {
	fails := map[string]bool{}
	for _, n := range s.Nodes {
		fails[n.Name] = r.Float64() < share
	}
	return fails
}

// finish ends what runs in any order until the plan run has ended. Limits of groups must hold at every step.
func (p *player) finish(r *rand.Rand, fails map[string]bool) {
	p.t.Helper()
	for !p.r.State.Final() {
		var running []string
		for _, n := range p.r.Nodes {
			if n.State == NodeRunning {
				running = append(running, n.Name)
			}
		}
		if len(running) == 0 {
			p.t.Fatalf("nothing runs, and the plan run has not ended: %+v", p.r.Nodes)
		}
		for _, g := range p.r.Spec.Groups {
			n := 0
			for _, name := range g.Nodes {
				if p.r.Nodes[p.r.Index(name)].State == NodeRunning {
					n++
				}
			}
			if g.Limit > 0 && n > g.Limit {
				p.t.Fatalf("%d nodes of %s run, over its limit of %d", n, g.Name, g.Limit)
			}
		}
		name := running[r.IntN(len(running))]
		end := task.Succeeded
		if fails[name] {
			end = task.Failed
		}
		p.end(name, end)
	}
}

// TestRandomPlansRunWhatTheOracleSays plays random plans with random failures and a random order of ends.
func TestRandomPlansRunWhatTheOracleSays(t *testing.T) {
	skipped, failed := 0, 0
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := randomPlan(r)
		fails := randomFails(r, s, 0.3)
		p := play(t, s)
		p.finish(r, fails)
		want := Succeeded
		o := ask(s, fails)
		ran := map[string]int{}
		for _, name := range p.started {
			ran[name]++
		}
		for _, n := range p.r.Nodes {
			must := o.state(n.Name)
			if n.State != must {
				t.Fatalf("seed %d: %s is %s, want %s\n%+v", seed, n.Name, n.State, must, s)
			}
			if runs := map[bool]int{true: 0, false: 1}[must == NodeSkipped]; ran[n.Name] != runs {
				t.Fatalf("seed %d: %s started %d times, want %d", seed, n.Name, ran[n.Name], runs)
			}
			if must == NodeFailed && !o.node[n.Name].MayFail {
				want, failed = Failed, failed+1
			}
			if must == NodeSkipped {
				skipped++
			}
		}
		if p.r.State != want {
			t.Fatalf("seed %d: the plan run %s, want %s", seed, p.r.State, want)
		}
	}
	if skipped < 500 || failed < 500 {
		t.Errorf("only %d nodes were skipped and %d failed", skipped, failed)
	}
}

// TestAResumedPlanRunEndsAsTheOracleSays resumes random plan runs with other failures. What is kept is left to the rule:
// a node that succeeded, and whose edges still hold without what runs again.
func TestAResumedPlanRunEndsAsTheOracleSays(t *testing.T) {
	resumed, again := 0, 0
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 2))
		s := randomPlan(r)
		p := play(t, s)
		first := randomFails(r, s, 0.3)
		p.finish(r, first)
		if p.r.State == Succeeded {
			continue
		}
		resumed++
		before := ask(s, first)
		second := randomFails(r, s, 0.2)
		// A kept node does not run again, so it cannot fail in the second place.
		kept := map[string]bool{}
		for _, n := range s.Nodes {
			kept[n.Name] = before.keeps(n.Name)
			second[n.Name] = second[n.Name] && !kept[n.Name]
		}
		p.resume()
		for _, n := range p.r.Nodes {
			if kept[n.Name] != (n.State == NodeSucceeded) {
				t.Fatalf("seed %d: %s is %s after the resume, kept must be %v\n%+v", seed, n.Name, n.State, kept[n.Name], s)
			}
		}
		p.finish(r, second)
		after := ask(s, second)
		for name, keep := range kept {
			if keep {
				after.known[name] = NodeSucceeded
			}
		}
		for _, n := range p.r.Nodes {
			if must := after.state(n.Name); n.State != must {
				t.Fatalf("seed %d: %s is %s after the resume, want %s\n%+v", seed, n.Name, n.State, must, s)
			}
		}
		again += len(p.started)
	}
	if resumed < 250 || again < 500 {
		t.Errorf("only %d plan runs were resumed, and %d nodes ran again", resumed, again)
	}
}

// keeps reports whether a node keeps its success when the plan run is resumed: what started it is kept as well.
func (o *oracle) keeps(name string) bool {
	if o.state(name) != NodeSucceeded {
		return false
	}
	unit, join := name, o.node[name].Join
	if g, grouped := o.group[name]; grouped {
		unit, join = g.Name, g.Join
	}
	in, holds := 0, 0
	for _, e := range o.s.Edges {
		if e.To != unit {
			continue
		}
		in++
		members := []string{e.From}
		for _, g := range o.s.Groups {
			if g.Name == e.From {
				members = g.Nodes
			}
		}
		all := e.On != OnError
		for _, m := range members {
			all = all && o.keeps(m)
		}
		if all {
			holds++
		}
	}
	return holds == in || join == JoinAny && holds > 0
}
