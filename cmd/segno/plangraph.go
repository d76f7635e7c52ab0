package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	pretty "github.com/jedib0t/go-pretty/v6/text"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/task/plan"
)

// planDrawing is a plan as lines: each node and group stands below the first of those that it follows.
type planDrawing struct {
	edges  []wire.PlanEdge
	groups map[string]plan.Group
	// unit gives the group of a node that is in one, and else the node itself.
	unit map[string]string
	// about gives the state and the text of a node or a group.
	about map[string]aboutUnit
	rows  []graphRow
	drawn map[string]bool
}

// aboutUnit is what stands beside a name.
type aboutUnit struct {
	state plan.NodeState
	text  string
}

// graphRow is a line of a drawing, taken apart so that it can be painted and cut.
type graphRow struct{ tree, label, name, text, state string }

// drawPlan draws a plan that does not run.
func drawPlan(s plan.Spec) *planDrawing {
	d := newPlanDrawing(s.Groups)
	for _, e := range s.WithDefaults().Edges {
		d.edges = append(d.edges, wire.PlanEdge{From: e.From, To: e.To, On: e.On})
	}
	for _, n := range s.Nodes {
		text := n.Task
		if n.Timeout > 0 {
			text += ", at most " + durationWord(n.Timeout)
		}
		if len(n.Params) > 0 {
			text += "  " + pairs(n.Params)
		}
		d.about[n.Name] = aboutUnit{text: text}
	}
	d.draw(each(s.Nodes, func(n plan.Node) string { return n.Name }))
	return d
}

// drawPlanRun draws a plan run with what each node does.
func (a *app) drawPlanRun(r wire.PlanRun) *planDrawing {
	d := newPlanDrawing(r.Groups)
	d.edges = r.Edges
	for _, n := range r.Nodes {
		d.about[n.Name] = aboutUnit{n.State, a.nodeText(n)}
	}
	d.draw(each(r.Nodes, func(n wire.PlanNode) string { return n.Name }))
	return d
}

func newPlanDrawing(groups []plan.Group) *planDrawing {
	d := &planDrawing{groups: map[string]plan.Group{}, unit: map[string]string{}, about: map[string]aboutUnit{}, drawn: map[string]bool{}}
	for _, g := range groups {
		d.groups[g.Name] = g
		for _, n := range g.Nodes {
			d.unit[n] = g.Name
		}
		text := "all at once"
		if g.Limit > 0 && g.Limit < len(g.Nodes) {
			text = fmt.Sprintf("%d at once", g.Limit)
		}
		d.about[g.Name] = aboutUnit{text: text}
	}
	return d
}

func (d *planDrawing) unitOf(name string) string {
	if g, grouped := d.unit[name]; grouped {
		return g
	}
	return name
}

// draw makes the rows, beginning with the units that no edge leads to.
func (d *planDrawing) draw(nodes []string) {
	led := map[string]bool{}
	for _, e := range d.edges {
		led[e.To] = true
	}
	for _, n := range nodes {
		if u := d.unitOf(n); !led[u] && !d.drawn[u] {
			d.drawUnit(u, "", "", "")
		}
	}
}

// drawUnit adds the row of a unit, those of its nodes, and those of what follows it first.
func (d *planDrawing) drawUnit(u, indent, branch, label string) {
	d.drawn[u] = true
	below := indent
	switch branch {
	case "├─":
		below += "│  "
	case "└─":
		below += "   "
	}
	d.add(indent+branch, label, u, d.also(u, indent+branch))
	follows := d.follows(u)
	g, isGroup := d.groups[u]
	for i, n := range g.Nodes {
		mark := "┊"
		if i == len(g.Nodes)-1 && len(follows) == 0 {
			mark = "╵"
		}
		d.add(below+mark+" ", "", n, "")
	}
	for i, e := range follows {
		branch := "├─"
		if i == len(follows)-1 {
			branch = "└─"
		}
		label := string(e.On) + "─ "
		if isGroup && e.From != u {
			label = e.From + " " + label
		}
		d.drawUnit(e.To, below, branch, label)
	}
}

// follows returns the edges to the units that are to stand below one: those that no other has drawn, and that do not
// follow another one first.
func (d *planDrawing) follows(u string) []wire.PlanEdge {
	var found []wire.PlanEdge
	for _, e := range d.edges {
		if d.unitOf(e.From) == u && !d.drawn[e.To] && d.firstOf(e.To) == e {
			found = append(found, e)
		}
	}
	return found
}

// firstOf returns the first edge that leads to a unit.
func (d *planDrawing) firstOf(u string) wire.PlanEdge {
	for _, e := range d.edges {
		if e.To == u {
			return e
		}
	}
	return wire.PlanEdge{}
}

// also names the other edges that lead to a unit.
func (d *planDrawing) also(u, branch string) string {
	if branch == "" {
		return ""
	}
	first := d.firstOf(u)
	var others []string
	for _, e := range d.edges {
		if e.To == u && e != first {
			others = append(others, e.From+" ("+string(e.On)+")")
		}
	}
	if len(others) == 0 {
		return ""
	}
	return "also follows " + strings.Join(others, ", ")
}

func (d *planDrawing) add(tree, label, name, also string) {
	about := d.about[name]
	text := about.text
	if also != "" {
		text = strings.TrimPrefix(text+"; "+also, "; ")
	}
	d.rows = append(d.rows, graphRow{tree: tree, label: label, name: name, text: text, state: string(about.state)})
}

// lines returns the drawing, painted; lines longer than width, if it is not 0, are cut.
func (d *planDrawing) lines(s style, width int) []string {
	left := 0
	for _, r := range d.rows {
		left = max(left, r.width())
	}
	out := make([]string, len(d.rows))
	for i, r := range d.rows {
		text := r.text
		if width > 0 {
			text = clip(text, width-left-3)
		}
		mark, name := "", r.name
		if r.state != "" {
			mark = s.as(r.state, marks[plan.NodeState(r.state)]) + " "
		}
		out[i] = strings.TrimRight(s.dim(r.tree+r.label)+mark+s.bold(name)+strings.Repeat(" ", left-r.width())+"  "+text, " ")
	}
	return out
}

func (r graphRow) width() int {
	n := utf8.RuneCountInString(r.tree + r.label + r.name)
	if r.state != "" {
		n += 2
	}
	return n
}

var marks = map[plan.NodeState]string{
	plan.NodeWaiting: "○", plan.NodeRunning: "▶", plan.NodeSucceeded: "✔", plan.NodeFailed: "✘", plan.NodeSkipped: "–", plan.NodeCancelled: "■",
}

// nodeText says what a node does, or what became of it.
func (a *app) nodeText(n wire.PlanNode) string {
	parts := []string{string(n.State)}
	if n.Try > 1 {
		parts[0] += fmt.Sprintf(" (try %d)", n.Try)
	}
	if n.StartedAt != nil {
		parts = append(parts, a.tookSince(n.StartedAt, n.EndedAt))
	}
	if n.Live != nil {
		parts = append(parts, liveWords(n)...)
	}
	if n.Reason != "" {
		parts = append(parts, line(n.Reason))
	}
	return strings.Join(parts, "  ")
}

// liveWords says where the run of a node is and how far.
func liveWords(n wire.PlanNode) []string {
	var parts []string
	if server := text(n.Live.Server); server != "" {
		parts = append(parts, server)
	}
	if n.State != plan.NodeRunning {
		return parts
	}
	switch {
	case n.Stop != nil:
		parts = append(parts, "is being stopped")
	case n.Live.State != task.Running:
		parts = append(parts, strings.TrimSuffix(string(n.Live.State)+": "+line(n.Live.Reason), ": "))
	case n.Live.Progress != nil:
		p := n.Live.Progress
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %.0f %% %s", bar(p.Percent/100, 10), p.Percent, line(p.Message))))
	}
	return parts
}

// planRunLines are a heading and the graph. Lines longer than width, if it is not 0, are cut: one that went on below would
// be in the way of what is drawn over it.
func (a *app) planRunLines(r wire.PlanRun, s style, width int) []string {
	head := fmt.Sprintf("%s %s  %s  %s  %s nodes", s.bold(r.Plan), s.dim(string(r.ID)), s.state(string(r.State)),
		a.tookSince(&r.StartedAt, r.EndedAt), countsWord(r.Counts))
	out := []string{head}
	if r.Reason != "" {
		out = append(out, line(r.Reason))
	}
	out = append(out, a.drawPlanRun(r).lines(s, width)...)
	if width > 0 {
		for i, l := range out {
			out[i] = pretty.Snip(l, width-1, "…")
		}
	}
	return out
}
