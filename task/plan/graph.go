package plan

// unit is a node or a group of a plan.
type unit struct {
	name string
	// nodes are the indexes of its nodes: one, or those of the group.
	nodes []int
	// group is the index of the group, or -1.
	group int
	join  Join
	// in are the indexes of the edges that lead to it.
	in []int
}

// graph is a plan as units and edges. It is made of a plan that is valid as far as its names go.
type graph struct {
	spec  Spec
	units []unit
	// named gives the unit of each node and group, a node in a group that of the group.
	named map[string]int
	// node gives the index of each node.
	node map[string]int
}

// graphOf returns the graph of a plan whose names all exist, each once.
func graphOf(s Spec) *graph {
	g := &graph{spec: s, named: map[string]int{}, node: map[string]int{}}
	for i, n := range s.Nodes {
		g.node[n.Name] = i
	}
	for i, group := range s.Groups {
		u := unit{name: group.Name, group: i, join: group.join()}
		for _, name := range group.Nodes {
			u.nodes = append(u.nodes, g.node[name])
			g.named[name] = len(g.units)
		}
		g.named[group.Name] = len(g.units)
		g.units = append(g.units, u)
	}
	for i, n := range s.Nodes {
		if _, grouped := g.named[n.Name]; !grouped {
			g.named[n.Name] = len(g.units)
			g.units = append(g.units, unit{name: n.Name, nodes: []int{i}, group: -1, join: n.join()})
		}
	}
	for i, e := range s.Edges {
		to := g.named[e.To]
		g.units[to].in = append(g.units[to].in, i)
	}
	return g
}

// from returns the unit in which an edge begins; to the one to which it leads.
func (g *graph) from(edge int) int { return g.named[g.spec.Edges[edge].From] }
func (g *graph) to(edge int) int   { return g.named[g.spec.Edges[edge].To] }

// begins returns the indexes of the nodes whose ends decide about an edge.
func (g *graph) begins(edge int) []int {
	name := g.spec.Edges[edge].From
	if i, isNode := g.node[name]; isNode {
		return []int{i}
	}
	return g.units[g.named[name]].nodes
}

// order returns the units so that each comes after all that lead to it, and otherwise as they stand in the plan. Where
// there is a cycle, it is returned instead, as the units of one, the first of them again at its end.
func (g *graph) order() (sorted, cycle []int) {
	const open, done = 1, 2
	mark := make([]int, len(g.units))
	var path []int
	var visit func(u int) bool
	visit = func(u int) bool {
		switch mark[u] {
		case done:
			return true
		case open:
			path = append(path, u)
			return false
		}
		mark[u] = open
		path = append(path, u)
		for _, e := range g.units[u].in {
			if !visit(g.from(e)) {
				return false
			}
		}
		path = path[:len(path)-1]
		mark[u] = done
		sorted = append(sorted, u)
		return true
	}
	for u := range g.units {
		if !visit(u) {
			return nil, cycleIn(path)
		}
	}
	return sorted, nil
}

// cycleIn returns the cycle at the end of a path that was walked against the edges, in their direction.
func cycleIn(path []int) []int {
	last := path[len(path)-1]
	for path[0] != last {
		path = path[1:]
	}
	cycle := make([]int, len(path))
	for i, u := range path {
		cycle[len(path)-1-i] = u
	}
	return cycle
}

// before returns, for each unit, the units that come before it on any path.
func (g *graph) before(sorted []int) []map[int]bool {
	all := make([]map[int]bool, len(g.units))
	for _, u := range sorted {
		all[u] = map[int]bool{}
		for _, e := range g.units[u].in {
			from := g.from(e)
			all[u][from] = true
			for earlier := range all[from] {
				all[u][earlier] = true
			}
		}
	}
	return all
}

// apart returns the first unit that no path of edges, followed in either direction, joins with the first unit; ok is false
// where there is none.
func (g *graph) apart() (u int, ok bool) {
	parent := make([]int, len(g.units))
	for i := range parent {
		parent[i] = i
	}
	var root func(int) int
	root = func(i int) int {
		if parent[i] != i {
			parent[i] = root(parent[i])
		}
		return parent[i]
	}
	for e := range g.spec.Edges {
		parent[root(g.from(e))] = root(g.to(e))
	}
	// The unit of the first node counts as the first.
	first := root(g.named[g.spec.Nodes[0].Name])
	for _, n := range g.spec.Nodes {
		if u := g.named[n.Name]; root(u) != first {
			return u, true
		}
	}
	return 0, false
}
