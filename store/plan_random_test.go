package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// randomSpec returns a plan of nodes and groups that follow earlier ones.
func randomSpec(r *rand.Rand, name string) plan.Spec {
	for {
		s := plan.Spec{Name: name}
		var units []string
		for u := range 2 + r.IntN(5) {
			first := len(s.Nodes)
			for range 1 + r.IntN(3) {
				s.Nodes = append(s.Nodes, plan.Node{Name: fmt.Sprintf("n%d", len(s.Nodes)), Task: "load"})
			}
			unit := s.Nodes[first].Name
			if len(s.Nodes)-first > 1 {
				g := plan.Group{Name: fmt.Sprintf("g%d", u), Limit: r.IntN(3)}
				for _, n := range s.Nodes[first:] {
					g.Nodes = append(g.Nodes, n.Name)
				}
				unit, s.Groups = g.Name, append(s.Groups, g)
			}
			if u > 0 {
				on := []plan.On{plan.OnOK, plan.OnError, plan.OnEnd}[r.IntN(3)]
				s.Edges = append(s.Edges, plan.Edge{From: units[r.IntN(u)], To: unit, On: on})
			}
			units = append(units, unit)
		}
		if s.Validate() == nil {
			return s
		}
	}
}

// mustBecome says what must become of a unit, and of each of its nodes, straight from the edge that leads to it: each unit of
// randomSpec has at most one. failed are the nodes that fail if they run.
func mustBecome(s plan.Spec, failed map[string]bool) map[string]plan.NodeState {
	members := map[string][]string{}
	for _, g := range s.Groups {
		members[g.Name] = g.Nodes
	}
	of := func(unit string) []string {
		if m := members[unit]; m != nil {
			return m
		}
		return []string{unit}
	}
	states := map[string]plan.NodeState{}
	become := func(unit string, runs bool) {
		for _, n := range of(unit) {
			switch {
			case !runs:
				states[n] = plan.NodeSkipped
			case failed[n]:
				states[n] = plan.NodeFailed
			default:
				states[n] = plan.NodeSucceeded
			}
		}
	}
	become(s.Edges[0].From, true)
	for _, e := range s.Edges { // Edges are in the order of the units that they lead to.
		ok, ran := true, false
		for _, n := range of(e.From) {
			ok = ok && states[n] == plan.NodeSucceeded
			ran = ran || states[n] != plan.NodeSkipped
		}
		become(e.To, ran && (e.On == plan.OnEnd || ok == (e.On == plan.OnOK)))
	}
	return states
}

// TestRandomPlansThroughTheStoreRunWhatTheirEdgesSay plays random plans by the signals of the store alone. Each move is
// lost before its commit or repeated after it, now and then, as by a conductor that dies.
func TestRandomPlansThroughTheStoreRunWhatTheirEdgesSay(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1")
		r := rand.New(rand.NewPCG(7, 7))
		position := must(db.Position(ctx, "plans"))(t)
		for n := range 25 {
			s := randomSpec(r, fmt.Sprintf("random-%d", n))
			_ = must(db.CreatePlan(ctx, s, noon))(t)
			failed := map[string]bool{}
			for _, node := range s.Nodes {
				failed[node.Name] = r.IntN(3) == 0
			}
			id := plan.RunID(fmt.Sprintf("01R%03d", n))
			asked := must(plan.NewRun(id, s, nil, task.Cause{}, noon))(t)
			_, _, err := db.InsertPlanRun(ctx, asked, "")
			check(t, err)
			for !must(db.PlanRun(ctx, id))(t).State.Final() {
				signals, seen, err := db.PlanSignals(ctx, position)
				check(t, err)
				if len(signals) == 0 {
					position = seen
					endOne(t, db, r, id, failed)
					continue
				}
				position = followOne(t, db, r, signals[0])
			}
			wantPlayed(t, db, id, s, failed)
		}
	})
}

// followOne does what a signal asks for, and returns where the follower stands then.
func followOne(t *testing.T, db *store.DB, r *rand.Rand, s plan.Signal) int64 {
	t.Helper()
	ctx := context.Background()
	from := must(db.Position(ctx, "plans"))(t)
	m := moveAfter(t, db, s.PlanRun, s.Event, noon)
	m.Follow = &plan.Follow{Name: "plans", From: from, To: s.ID}
	if r.IntN(4) == 0 {
		return from // It died before the commit: the same signal comes again.
	}
	_, err := db.MovePlanRun(ctx, m, noon)
	check(t, err)
	if r.IntN(4) == 0 { // It died after the commit, and another one does the same again.
		_, err := db.MovePlanRun(ctx, m, noon)
		wantKind(t, err, fault.Conflict)
	}
	return s.ID
}

// endOne ends one of the runs of a plan run.
func endOne(t *testing.T, db *store.DB, r *rand.Rand, id plan.RunID, failed map[string]bool) {
	t.Helper()
	var open []plan.NodeRun
	for _, n := range must(db.PlanRun(context.Background(), id))(t).Nodes {
		if n.State == plan.NodeRunning && !n.Live.State.Final() {
			open = append(open, n)
		}
	}
	if len(open) == 0 {
		t.Fatalf("nothing runs, and plan run %s has not ended", id)
	}
	n := open[r.IntN(len(open))]
	ref := assign(t, db, n.Run, 1, "js-1")
	claim(t, db, ref, "js-1")
	code := 0
	if failed[n.Name] {
		code = 3
	}
	deliver(t, db, "js-1", ref, exited(1, code))
}

func wantPlayed(t *testing.T, db *store.DB, id plan.RunID, s plan.Spec, failed map[string]bool) {
	t.Helper()
	want := mustBecome(s, failed)
	got := must(db.PlanRun(context.Background(), id))(t)
	runs := must(db.Runs(context.Background(), task.RunFilter{}, page.Request{Limit: page.MaxLimit}))(t)
	count := map[string]int{}
	for _, run := range runs.Items {
		count[run.Cause.By]++
	}
	for _, n := range got.Nodes {
		started := count[string(id)+"/"+n.Name]
		if n.State != want[n.Name] || (started == 1) != (n.State != plan.NodeSkipped) || started > 1 {
			t.Fatalf("%s of %s is %s after %d runs, want %s\n%+v", n.Name, id, n.State, started, want[n.Name], s)
		}
	}
}
