package plan

import "fmt"

// ends are ends of nodes and groups that must have come about: "ok" or "error" by name.
type ends map[string]On

// never looks for units that can never start because the edges that lead to them exclude one another: they would have to
// follow a node both on ok and on error. It returns for each of them why. It finds all where units wait for all of their
// edges, and is careful where they wait for any: what it names can certainly never start.
func (g *graph) never(sorted []int) map[int]string {
	why := map[int]string{}
	// needs holds what must have come about for each unit to start.
	needs := make([]ends, len(g.units))
	for _, u := range sorted {
		var possible []ends
		var clash string
		all := ends{}
		for _, e := range g.units[u].in {
			from := g.from(e)
			if why[from] != "" {
				clash = fmt.Sprintf("it follows %s, which can never start", g.units[from].name)
				continue
			}
			taken := g.taken(e, needs[from])
			possible = append(possible, taken)
			if name := all.add(taken); name != "" && clash == "" {
				clash = fmt.Sprintf("it would have to follow %s both on ok and on error", name)
			}
		}
		switch {
		case len(g.units[u].in) == 0:
			needs[u] = ends{}
		case g.units[u].join == JoinAny:
			needs[u] = inAll(possible)
			if len(possible) == 0 {
				why[u] = clash
			}
		default:
			needs[u] = all
			if clash != "" {
				why[u] = clash
			}
		}
	}
	return why
}

// taken returns what must have come about for an edge to be taken, given what its unit needs to start.
func (g *graph) taken(edge int, start ends) ends {
	all := ends{}
	all.add(start)
	e := g.spec.Edges[edge]
	if e.on() == OnEnd {
		return all
	}
	all[e.From] = e.on()
	if e.on() == OnOK {
		for _, n := range g.begins(edge) {
			all[g.spec.Nodes[n].Name] = OnOK
		}
	}
	return all
}

// add puts other ends in place, and returns a name of which they say something else, or "".
func (e ends) add(other ends) (clash string) {
	for name, on := range other {
		if had, known := e[name]; known && had != on && (clash == "" || name < clash) {
			clash = name
		}
		e[name] = on
	}
	return clash
}

// inAll returns what all of the possibilities have in common.
func inAll(possible []ends) ends {
	common := ends{}
	if len(possible) == 0 {
		return common
	}
	for name, on := range possible[0] {
		everywhere := true
		for _, p := range possible[1:] {
			everywhere = everywhere && p[name] == on
		}
		if everywhere {
			common[name] = on
		}
	}
	return common
}
