package virtualserver

import (
	"fmt"
	"strconv"
	"strings"
)

// manyWords is how many members a sentence names before it counts the rest.
const manyWords = 8

// whyChosen says in a sentence why free[chosen] was taken. The entries are in the order of [byRating].
func whyChosen(p *Placement, free []entry, chosen int) string {
	var b strings.Builder
	b.Grow(160)
	b.WriteString(p.Chosen)
	b.WriteString(" was chosen")
	forced := free[0].class == avoided
	if forced {
		b.WriteString(" although the run had just left it")
	}
	b.WriteString(": ")
	if len(free) == 1 {
		b.WriteString("no other member is eligible; rating ")
		writeRating(&b, free[0].score)
	} else {
		writeGround(&b, p.Selection, free, chosen)
	}
	writeOthers(&b, p, forced)
	return b.String()
}

func writeGround(b *strings.Builder, selection Selection, free []entry, chosen int) {
	e := &free[chosen]
	switch selection {
	case Random:
		fmt.Fprintf(b, "drawn among %d eligible members; rating ", len(free))
	case RoundRobin:
		fmt.Fprintf(b, "its turn among %d eligible members; rating ", len(free))
	case LeastRunning:
		fmt.Fprintf(b, "fewest runs per slot (%s); rating ", shortFloat(e.perSlot))
	case Priority:
		b.WriteString("first eligible member in order; rating ")
	case Weighted:
		fmt.Fprintf(b, "drawn by weight, %s of %s; rating ", shortFloat(e.weight), shortFloat(totalWeight(free)))
	default:
		b.WriteString("highest rating ")
	}
	writeRating(b, e.score)
	if selection == BestRated && free[1].score == e.score {
		writeTie(b, e, &free[1])
	}
}

// writeTie says by what the first of two equally rated members came first.
func writeTie(b *strings.Builder, first, second *entry) {
	b.WriteString(", as ")
	b.WriteString(second.name)
	b.WriteString(" has, and ")
	switch {
	case first.perSlot != second.perSlot:
		b.WriteString("fewer runs per slot (" + shortFloat(first.perSlot) + " against " + shortFloat(second.perSlot) + ")")
	case first.lastUsed != second.lastUsed:
		b.WriteString("not used for longer")
	default:
		b.WriteString("first by name")
	}
}

// writeOthers names the members that were refused or avoided.
func writeOthers(b *strings.Builder, p *Placement, forced bool) {
	named, more := 0, 0
	for i := range p.Candidates {
		v := &p.Candidates[i]
		if v.Refused == "" && (!v.Avoided || forced) {
			continue
		}
		if named == manyWords {
			more++
			continue
		}
		named++
		b.WriteString("; ")
		b.WriteString(v.Server)
		if v.Refused != "" {
			b.WriteString(" was refused: ")
			b.WriteString(string(v.Refused))
		} else {
			b.WriteString(" was avoided: the run had just left it")
		}
	}
	if more > 0 {
		fmt.Fprintf(b, "; and %d more were not eligible", more)
	}
}

// whyNone says in a sentence why no member could be taken. All candidates are refused.
func whyNone(group *Spec, candidates []Verdict) string {
	switch {
	case group.Inactive:
		return "the virtual server " + group.Name + " is inactive"
	case len(candidates) == 0:
		return group.Name + " has no members"
	}
	var b strings.Builder
	b.WriteString("no member of " + group.Name + " is eligible: ")
	for i := range candidates[:min(len(candidates), manyWords)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(candidates[i].Server + " " + candidates[i].RefusedBecause)
	}
	if more := len(candidates) - manyWords; more > 0 {
		fmt.Fprintf(&b, ", and %d more", more)
	}
	return b.String()
}

func writeRating(b *strings.Builder, score float64) {
	var room [24]byte
	b.Write(strconv.AppendFloat(room[:0], score, 'f', 1, 64))
}

// shortFloat prints two decimals, less trailing zeros.
func shortFloat(x float64) string {
	s := strconv.FormatFloat(x, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
