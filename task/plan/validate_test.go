package plan

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// nodes returns nodes that each run the task of their name.
func nodes(names ...string) []Node {
	all := make([]Node, len(names))
	for i, name := range names {
		all[i] = Node{Name: name, Task: name}
	}
	return all
}

// edges reads edges such as "a b" and "a b error".
func edges(texts ...string) []Edge {
	all := make([]Edge, len(texts))
	for i, text := range texts {
		words := strings.Fields(text)
		all[i] = Edge{From: words[0], To: words[1]}
		if len(words) > 2 {
			all[i].On = On(words[2])
		}
	}
	return all
}

func TestValidateRefusesWithThePathOfTheFault(t *testing.T) {
	with := func(n []Node, node string, change func(*Node)) []Node {
		for i := range n {
			if n[i].Name == node {
				change(&n[i])
			}
		}
		return n
	}
	params := func(name, value string) func(*Node) {
		return func(n *Node) { n.Params = map[string]string{name: value} }
	}
	loads := []Group{{Name: "loads", Nodes: []string{"b", "c"}}}
	for name, c := range map[string]struct {
		spec  Spec
		field string
		want  string
	}{
		"no nodes":                {Spec{}, "nodes", "must not be empty"},
		"a bad name":              {Spec{Name: "A", Nodes: nodes("a")}, "name", "must be 1 to 63"},
		"a node without a name":   {Spec{Nodes: []Node{{Task: "a"}}}, "nodes[0].name", "must not be empty"},
		"a node without a task":   {Spec{Nodes: []Node{{Name: "a"}}}, "nodes[0].task", "must not be empty"},
		"a dot in a node's name":  {Spec{Nodes: nodes("a.b")}, "nodes[0].name", "must be 1 to 63 of a-z 0-9 - _"},
		"a name twice":            {Spec{Nodes: nodes("a", "a")}, "nodes[1].name", "must differ from that of nodes[0]"},
		"a group like a node":     {Spec{Nodes: nodes("a", "b"), Groups: []Group{{Name: "a", Nodes: []string{"b"}}}}, "groups[0].name", "must differ from that of nodes[0]"},
		"an empty group":          {Spec{Nodes: nodes("a"), Groups: []Group{{Name: "g"}}}, "groups[0].nodes", "must not be empty"},
		"a member that is none":   {Spec{Nodes: nodes("a"), Groups: []Group{{Name: "g", Nodes: []string{"x"}}}}, "groups[0].nodes[0]", `"x" is no node`},
		"a member of two groups":  {Spec{Nodes: nodes("a", "b"), Groups: []Group{{Name: "g", Nodes: []string{"a", "b"}}, {Name: "h", Nodes: []string{"b"}}}}, "groups[1].nodes[0]", "in the group g already"},
		"a negative limit":        {Spec{Nodes: nodes("a"), Groups: []Group{{Name: "g", Nodes: []string{"a"}, Limit: -1}}}, "groups[0].limit", "must be from 0"},
		"a join of a member":      {Spec{Nodes: with(nodes("a", "b", "c"), "b", func(n *Node) { n.Join = JoinAny }), Groups: loads, Edges: edges("a loads")}, "nodes[1].join", "must be left out"},
		"a join that is none":     {Spec{Nodes: with(nodes("a"), "a", func(n *Node) { n.Join = "some" })}, "nodes[0].join", "must be all or any"},
		"an edge from nowhere":    {Spec{Nodes: nodes("a"), Edges: edges("x a")}, "edges[0].from", `"x" is no node`},
		"an edge to nowhere":      {Spec{Nodes: nodes("a"), Edges: edges("a x")}, "edges[0].to", `"x" is no node`},
		"an edge on something":    {Spec{Nodes: nodes("a", "b"), Edges: edges("a b maybe")}, "edges[0].on", "must be ok, error or after"},
		"an edge twice":           {Spec{Nodes: nodes("a", "b"), Edges: edges("a b", "a b ok")}, "edges[1]", "same as edges[0]"},
		"an edge to a member":     {Spec{Nodes: nodes("a", "b", "c"), Groups: loads, Edges: edges("a loads", "a b")}, "edges[1].to", "must be the group loads"},
		"a node after itself":     {Spec{Nodes: nodes("a"), Edges: edges("a a")}, "edges[0]", "closes a cycle: a → a"},
		"a cycle":                 {Spec{Nodes: nodes("a", "b", "c", "d"), Edges: edges("a b", "b c", "c d after", "d b error")}, "edges[1]", "closes a cycle: b → c → d → b"},
		"a cycle through a group": {Spec{Nodes: nodes("a", "b", "c"), Groups: loads, Edges: edges("b a", "a loads")}, "edges[0]", "closes a cycle: loads → a → loads"},
		"a node apart":            {Spec{Nodes: nodes("a", "b", "c"), Edges: edges("a b")}, "nodes[2]", "c cannot be reached: no edge joins it with a"},
		"a group apart":           {Spec{Nodes: nodes("a", "d", "b", "c"), Groups: loads, Edges: edges("a d")}, "groups[0]", "loads cannot be reached"},
		"a node after both ends":  {Spec{Nodes: nodes("a", "b"), Edges: edges("a b ok", "a b error")}, "nodes[1]", "b can never start: it would have to follow a both on ok and on error"},
		"a node after both paths": {Spec{Nodes: nodes("a", "b", "c", "d"), Edges: edges("a b", "a c error", "b d", "c d after")}, "nodes[3]", "d can never start"},
		"what follows of that":    {Spec{Nodes: nodes("a", "b", "c", "d", "e"), Edges: edges("a b", "a c error", "b d", "c d after", "d e error")}, "nodes[4]", "e can never start: it follows d"},
		"all of a group and one":  {Spec{Nodes: nodes("a", "b", "c", "d"), Groups: loads, Edges: edges("a loads", "loads d", "b d error")}, "nodes[3]", "follow b both on ok and on error"},
		"an unknown parameter":    {Spec{Nodes: with(nodes("a"), "a", params("p", "${{ params.x }}"))}, "nodes[0].params.p", "params.x, which the plan does not declare"},
		"an unknown node":         {Spec{Nodes: with(nodes("a"), "a", params("p", "${{ nodes.x.outputs.y }}"))}, "nodes[0].params.p", `the node "x", which the plan does not have`},
		"an output of a later":    {Spec{Nodes: with(nodes("a", "b"), "a", params("p", "${{ nodes.b.outputs.y }}")), Edges: edges("a b")}, "nodes[0].params.p", "b, which does not come before a"},
		"an output of its own":    {Spec{Nodes: with(nodes("a"), "a", params("p", "${{ nodes.a.outputs.y }}"))}, "nodes[0].params.p", "does not come before"},
		"an output beside":        {Spec{Nodes: with(nodes("a", "b", "c"), "c", params("p", "${{ nodes.b.outputs.y }}")), Groups: loads, Edges: edges("a loads")}, "nodes[2].params.p", "does not come before"},
		"another reference":       {Spec{Nodes: with(nodes("a"), "a", params("p", "${{ secrets.x }}"))}, "nodes[0].params.p", `refers to "secrets.x"`},
		"an open reference":       {Spec{Nodes: with(nodes("a"), "a", params("p", "${{ params.x"))}, "nodes[0].params.p", `without "}}"`},
		"a short timeout":         {Spec{Nodes: with(nodes("a"), "a", func(n *Node) { n.Timeout = 1 })}, "nodes[0].timeout", "must be from"},
		"a parameter's name":      {Spec{Nodes: nodes("a"), Params: map[string]string{"a b": ""}}, "params.a b", "must have a name"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.spec.Name == "" {
				c.spec.Name = "nightly"
			}
			err := c.spec.Validate()
			if !errors.Is(err, fault.Invalid) {
				t.Fatalf("got %v, want it invalid", err)
			}
			for _, f := range fault.Fields(err) {
				if f.Field == c.field && strings.Contains(f.Reason, c.want) {
					return
				}
			}
			t.Errorf("got %v, want %s %s", err, c.field, c.want)
		})
	}
}

func TestValidateTakesWhatCanRun(t *testing.T) {
	timeout := task.Duration(time.Minute)
	for name, s := range map[string]Spec{
		"one node": {Nodes: nodes("a")},
		"a diamond with a way out": {
			Nodes: nodes("a", "b", "c", "d", "alarm"), Edges: edges("a b", "a c", "b d", "c d", "a alarm error"),
		},
		"either of two paths": {
			Nodes: []Node{{Name: "a", Task: "a"}, {Name: "b", Task: "a"}, {Name: "c", Task: "a"}, {Name: "d", Task: "a", Join: JoinAny}},
			Edges: edges("a b", "a c error", "b d", "c d"),
		},
		"several beginnings":  {Nodes: nodes("a", "b", "c"), Edges: edges("a c", "b c")},
		"a group alone":       {Nodes: nodes("a", "b"), Groups: []Group{{Name: "g", Nodes: []string{"a", "b"}, Limit: 1}}},
		"an edge of a member": {Nodes: nodes("a", "b", "c"), Groups: []Group{{Name: "g", Nodes: []string{"a", "b"}}}, Edges: edges("a c error", "g c after")},
		"references": {
			Params: map[string]string{"date": ""},
			Nodes: []Node{
				{Name: "a", Task: "a", Params: map[string]string{"d": "${{ params.date }}"}, Timeout: timeout},
				{Name: "b", Task: "b"},
				{Name: "c", Task: "c", Params: map[string]string{"n": "${{ nodes.a.outputs.rows }} of ${{nodes.b.outputs.all}} $${{ x }}"}},
			},
			Groups: []Group{{Name: "g", Nodes: []string{"a", "b"}}},
			Edges:  edges("g c"),
		},
	} {
		s.Name = "nightly"
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.WithDefaults().Validate(); err != nil {
			t.Errorf("%s with its defaults: %v", name, err)
		}
	}
}

func TestValidateBoundsThePlan(t *testing.T) {
	many := make([]Node, MaxNodes+1)
	for i := range many {
		many[i] = Node{Name: fmt.Sprintf("n%d", i), Task: "a"}
	}
	if err := (Spec{Name: "a", Nodes: many}).Validate(); err == nil || !strings.Contains(err.Error(), "nodes must be at most 500") {
		t.Errorf("got %v for too many nodes", err)
	}
	long := map[string]string{}
	for i := range 20 {
		long[fmt.Sprintf("p%d", i)] = strings.Repeat("x", task.MaxParamValue)
	}
	if err := (Spec{Name: "a", Nodes: []Node{{Name: "a", Task: "a", Params: long}}}).Validate(); err == nil || !strings.Contains(err.Error(), "bytes of parameters") {
		t.Errorf("got %v for too many texts", err)
	}
}

func TestCheckTasksNamesWhatIsUnknown(t *testing.T) {
	s := Spec{Nodes: []Node{{Name: "a", Task: "a", Params: map[string]string{"x": "1", "y": "2"}}, {Name: "b", Task: "nosuch"}}}
	err := s.CheckTasks(map[string]task.Spec{"a": {Params: map[string]string{"x": ""}}})
	want := []fault.FieldError{
		{Field: "nodes[0].params.y", Reason: "is not a parameter of the task a; it has x"},
		{Field: "nodes[1].task", Reason: `"nosuch" does not exist`},
	}
	got := fault.Fields(err)
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFillPutsParametersAndOutputsInPlace(t *testing.T) {
	n := Node{Name: "c", Params: map[string]string{"d": "on ${{ params.date }}", "n": "${{ nodes.a.outputs.rows }}", "x": "$${{ x }}"}}
	got, err := n.Fill(map[string]string{"date": "${{ params.date }}"}, Outputs{"a": {"rows": "7"}})
	if err != nil || got["d"] != "on ${{ params.date }}" || got["n"] != "7" || got["x"] != "${{ x }}" {
		t.Errorf("got %v, %v", got, err)
	}
	if s := fmt.Sprint(n.Sources()); s != "[a]" {
		t.Errorf("got the sources %s", s)
	}
	for want, outputs := range map[string]Outputs{
		"params.n needs the output rows of a, which did not run":     nil,
		"params.n needs the output rows of a, which did not give it": {"a": {"other": "1"}},
	} {
		if _, err := n.Fill(map[string]string{"date": ""}, outputs); !errors.Is(err, fault.Invalid) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestARequestMaySetOnlyTheParametersOfThePlan(t *testing.T) {
	s := Spec{Name: "a", Params: map[string]string{"date": "today", "region": "eu"}, Nodes: nodes("a")}
	r, err := NewRun("1", s, map[string]string{"date": "tomorrow"}, task.Cause{}, time.Time{})
	if err != nil || r.Params["date"] != "tomorrow" || r.Params["region"] != "eu" || s.Params["date"] != "today" {
		t.Errorf("got %v, %v", r.Params, err)
	}
	_, err = NewRun("1", s, map[string]string{"day": "1"}, task.Cause{}, time.Time{})
	if got := fault.Fields(err); len(got) != 1 || got[0].Field != "params.day" {
		t.Errorf("got %v", err)
	}
}

func TestLimitsOfAPlanAreCheckedWithTheRest(t *testing.T) {
	for _, c := range []struct {
		most  int
		when  task.WhenBusy
		field string
	}{
		{0, "", ""}, {0, task.BusyQueue, ""}, {1, task.BusySkip, ""}, {task.MaxMaxConcurrent, task.BusyReplace, ""},
		{-1, "", "max_concurrent"}, {task.MaxMaxConcurrent + 1, "", "max_concurrent"},
		{0, task.BusySkip, "when_busy"}, {0, task.BusyReplace, "when_busy"}, {1, "never", "when_busy"},
	} {
		s := Spec{Name: "nightly", Nodes: []Node{{Name: "a", Task: "t"}}, MaxConcurrent: c.most, WhenBusy: c.when}
		var got string
		if found := fault.Fields(s.Validate()); len(found) > 0 {
			got = found[0].Field
		}
		if got != c.field {
			t.Errorf("at most %d, then %q: got a fault of %q, want %q", c.most, c.when, got, c.field)
		}
	}
}
