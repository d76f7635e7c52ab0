package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// problems collects field errors.
type problems []error

func (p *problems) add(err error) {
	if err != nil {
		*p = append(*p, err)
	}
}

func (p *problems) addf(field, reason string, args ...any) {
	p.add(fault.Field(field, reason, args...))
}

// Validate returns nil if the plan may be stored, else all its faults: joined field errors of kind fault.Invalid, whose
// paths are those of the JSON that the user wrote. Whether its tasks exist is a matter of [Spec.CheckTasks].
func (s Spec) Validate() error {
	var found problems
	found.add(task.CheckName("name", s.Name))
	found.add(task.CheckText("description", s.Description, task.MaxDescription))
	found.add(task.CheckLabels("labels", s.Labels))
	found.add(task.CheckParams(s.Params))
	if s.Retention != nil {
		found.add(fault.Under("retention", s.Retention.Rules().Validate()))
	}
	s.checkLimits(&found)
	found.add(s.checkCounts())
	if len(found) > 0 {
		return errors.Join(found...)
	}
	names := s.checkNodes(&found)
	s.checkGroups(&found, names)
	s.checkEdges(&found, names)
	if len(found) > 0 {
		return errors.Join(found...)
	}
	// The graph can be judged only where all names are sound.
	s.checkGraph(&found)
	return errors.Join(found...)
}

func (s Spec) checkCounts() error {
	texts := 0
	for _, params := range append(slices.Collect(paramsOf(s.Nodes)), s.Params) {
		for name, value := range params {
			texts += len(name) + len(value)
		}
	}
	switch {
	case len(s.Nodes) == 0:
		return fault.Field("nodes", "must not be empty")
	case len(s.Nodes) > MaxNodes:
		return fault.Field("nodes", "must be at most %d, not %d", MaxNodes, len(s.Nodes))
	case len(s.Groups) > MaxGroups:
		return fault.Field("groups", "must be at most %d, not %d", MaxGroups, len(s.Groups))
	case len(s.Edges) > MaxEdges:
		return fault.Field("edges", "must be at most %d, not %d", MaxEdges, len(s.Edges))
	case texts > MaxTexts:
		return fault.Field("nodes", "have %d bytes of parameters, with those of the plan; at most %d are stored", texts, MaxTexts)
	}
	return nil
}

func paramsOf(nodes []Node) func(yield func(map[string]string) bool) {
	return func(yield func(map[string]string) bool) {
		for _, n := range nodes {
			if !yield(n.Params) {
				return
			}
		}
	}
}

// place is what has a name in a plan, and where: "nodes[2]" or "groups[0]".
type place struct {
	path string
	// group is that of a node, or empty; node is true for nodes.
	group string
	node  bool
	// joins is true for a node with a join of its own.
	joins bool
}

func validNodeName(name string) bool { return task.ValidName(name) && !strings.Contains(name, ".") }

func checkNodeName(found *problems, path, name string, names map[string]*place, node bool) {
	switch before := names[name]; {
	case name == "":
		found.addf(path, "must not be empty")
	case !validNodeName(name):
		found.addf(path, "must be 1 to %d of a-z 0-9 - _", task.MaxName)
	case before != nil:
		found.addf(path, "must differ from that of %s", before.path)
	default:
		names[name] = &place{path: strings.TrimSuffix(path, ".name"), node: node}
	}
}

func (s Spec) checkNodes(found *problems) map[string]*place {
	names := make(map[string]*place, len(s.Nodes)+len(s.Groups))
	for i, n := range s.Nodes {
		path := fmt.Sprintf("nodes[%d]", i)
		checkNodeName(found, path+".name", n.Name, names, true)
		if p := names[n.Name]; p != nil && p.path == path {
			p.joins = n.Join != ""
		}
		found.add(task.CheckName(path+".task", n.Task))
		found.add(fault.Under(path, task.CheckParams(n.Params)))
		checkTimeout(found, path+".timeout", time.Duration(n.Timeout))
		checkJoin(found, path+".join", n.Join)
	}
	return names
}

func checkTimeout(found *problems, path string, d time.Duration) {
	if d != 0 && (d < task.MinTimeout || d > task.MaxTimeout) {
		found.addf(path, "must be from %s to %s, not %s", task.MinTimeout, task.MaxTimeout, d)
	}
}

func checkJoin(found *problems, path string, j Join) {
	if j != "" && j != JoinAll && j != JoinAny {
		found.addf(path, "must be all or any, not %.40q", string(j))
	}
}

func (s Spec) checkGroups(found *problems, names map[string]*place) {
	for i, g := range s.Groups {
		path := fmt.Sprintf("groups[%d]", i)
		checkNodeName(found, path+".name", g.Name, names, false)
		checkJoin(found, path+".join", g.Join)
		if g.Limit < 0 || g.Limit > MaxNodes {
			found.addf(path+".limit", "must be from 0 to %d, not %d", MaxNodes, g.Limit)
		}
		if len(g.Nodes) == 0 {
			found.addf(path+".nodes", "must not be empty")
		}
		for j, name := range g.Nodes {
			checkMember(found, fmt.Sprintf("%s.nodes[%d]", path, j), name, g.Name, names)
		}
	}
}

func checkMember(found *problems, path, name, group string, names map[string]*place) {
	member := names[name]
	switch {
	case member == nil || !member.node:
		found.addf(path, "%.80q is no node of the plan", name)
	case member.group != "":
		found.addf(path, "%s is in the group %s already", name, member.group)
	default:
		member.group = group
		if member.joins {
			found.addf(member.path+".join", "must be left out, as the node is in the group %s, which may have one", group)
		}
	}
}

func (s Spec) checkEdges(found *problems, names map[string]*place) {
	seen := make(map[Edge]int, len(s.Edges))
	for i, e := range s.Edges {
		path := fmt.Sprintf("edges[%d]", i)
		if names[e.From] == nil {
			found.addf(path+".from", "%.80q is no node or group of the plan", e.From)
		}
		to := names[e.To]
		switch {
		case to == nil:
			found.addf(path+".to", "%.80q is no node or group of the plan", e.To)
		case to.group != "":
			found.addf(path+".to", "must be the group %s and not its node %s: the nodes of a group start together", to.group, e.To)
		}
		switch e.On {
		case "", OnOK, OnError, OnEnd:
		default:
			found.addf(path+".on", "must be ok, error or after, not %.40q", string(e.On))
		}
		key := Edge{From: e.From, To: e.To, On: e.on()}
		if before, twice := seen[key]; twice {
			found.addf(path, "is the same as edges[%d]", before)
		}
		seen[key] = i
	}
}

// checkGraph refuses cycles, units apart from the rest, units that can never start, and references to what does not come
// before.
func (s Spec) checkGraph(found *problems) {
	g := graphOf(s)
	sorted, cycle := g.order()
	if cycle != nil {
		names := make([]string, len(cycle))
		for i, u := range cycle {
			names[i] = g.units[u].name
		}
		found.addf(g.edgePath(cycle[0], cycle[1]), "closes a cycle: %s", strings.Join(names, " → "))
		return
	}
	if u, ok := g.apart(); ok {
		found.addf(g.path(u), "%s cannot be reached: no edge joins it with %s; nodes that only run at the same time belong into a group",
			g.units[u].name, g.units[g.named[s.Nodes[0].Name]].name)
	}
	for u, why := range g.never(sorted) {
		found.addf(g.path(u), "%s can never start: %s", g.units[u].name, why)
	}
	s.checkReferences(found, g, sorted)
	slices.SortStableFunc(*found, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
}

// path is the path of a unit in the JSON.
func (g *graph) path(u int) string {
	if group := g.units[u].group; group >= 0 {
		return fmt.Sprintf("groups[%d]", group)
	}
	return fmt.Sprintf("nodes[%d]", g.units[u].nodes[0])
}

// edgePath is the path of the first edge between two units.
func (g *graph) edgePath(from, to int) string {
	for _, e := range g.units[to].in {
		if g.from(e) == from {
			return fmt.Sprintf("edges[%d]", e)
		}
	}
	return "edges"
}

func (s Spec) checkReferences(found *problems, g *graph, sorted []int) {
	before := g.before(sorted)
	for i, n := range s.Nodes {
		for _, name := range slices.Sorted(maps.Keys(n.Params)) {
			_, err := task.Substitute(n.Params[name], func(text string) (string, error) {
				return "", s.checkReference(text, n.Name, g, before)
			})
			if err != nil {
				found.addf(fmt.Sprintf("nodes[%d].params.%s", i, name), "%s", OneLine(err))
			}
		}
	}
}

func (s Spec) checkReference(text, node string, g *graph, before []map[int]bool) error {
	ref, err := parseReference(text)
	if err != nil {
		return err
	}
	if ref.param != "" {
		if _, known := s.Params[ref.param]; !known {
			return fmt.Errorf("refers to params.%.80s, which the plan does not declare; it has %s", ref.param, listed(s.Params))
		}
		return nil
	}
	if _, known := g.node[ref.node]; !known {
		return fmt.Errorf("refers to the node %.80q, which the plan does not have", ref.node)
	}
	if !before[g.named[node]][g.named[ref.node]] {
		return fmt.Errorf("refers to an output of %s, which does not come before %s", ref.node, node)
	}
	return nil
}

// CheckTasks returns field errors for tasks that do not exist, and for parameters that a node sets and its task does not
// declare. tasks are those of [Spec.Tasks] that exist, by name.
func (s Spec) CheckTasks(tasks map[string]task.Spec) error {
	var found problems
	for i, n := range s.Nodes {
		spec, known := tasks[n.Task]
		if !known {
			found.addf(fmt.Sprintf("nodes[%d].task", i), "%q does not exist", n.Task)
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(n.Params)) {
			if _, declared := spec.Params[name]; !declared {
				found.addf(fmt.Sprintf("nodes[%d].params.%s", i, name), "is not a parameter of the task %s; it has %s", n.Task, listed(spec.Params))
			}
		}
	}
	return errors.Join(found...)
}
