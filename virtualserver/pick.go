package virtualserver

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// entry is one member in the order of a choice.
type entry struct {
	name string
	// at is the member's place in the group.
	at    int
	class class
	// score is the rating with what is added to it, before it is cut to 100.
	score    float64
	perSlot  float64
	runs     int
	lastUsed int64
	weight   float64
}

// class puts members that may be taken before those that are avoided, and these before the refused ones.
type class int8

const (
	eligible class = iota
	avoided
	refused
)

// byRating orders entries the best first. Equal ratings go to the member with fewer runs per slot, then to the one used
// least recently, then by name; refused members keep the order of the group.
func byRating(a, b entry) int {
	if a.class != b.class {
		return cmp.Compare(a.class, b.class)
	}
	if a.class == refused {
		return cmp.Compare(a.at, b.at)
	}
	if a.score != b.score {
		return cmp.Compare(b.score, a.score)
	}
	return byUse(a, b)
}

// byUse orders entries by runs per slot, then the one used least recently first, then by name.
func byUse(a, b entry) int {
	switch {
	case a.perSlot != b.perSlot:
		return cmp.Compare(a.perSlot, b.perSlot)
	case a.lastUsed != b.lastUsed:
		return cmp.Compare(a.lastUsed, b.lastUsed)
	}
	return strings.Compare(a.name, b.name)
}

// byTurn orders entries so that the next in turn comes first: the one used least recently, then the one with fewer
// runs, then in the order of the group.
func byTurn(a, b entry) int {
	return cmp.Or(
		cmp.Compare(a.lastUsed, b.lastUsed),
		cmp.Compare(a.runs, b.runs),
		cmp.Compare(a.at, b.at))
}

func byMemberOrder(a, b entry) int { return cmp.Compare(a.at, b.at) }

// pick returns the index of the entry that is chosen. The entries are in the order of [byRating], all of the first
// one's class, and at least one.
func pick(selection Selection, entries []entry, rnd *rand.Rand) int {
	switch selection {
	case Random:
		return rnd.IntN(len(entries))
	case RoundRobin:
		return least(entries, byTurn)
	case LeastRunning:
		return least(entries, byUse)
	case Priority:
		return least(entries, byMemberOrder)
	case Weighted:
		return pickWeighted(entries, rnd)
	}
	return 0
}

func least(entries []entry, order func(a, b entry) int) int {
	best := 0
	for i := range entries {
		if order(entries[i], entries[best]) < 0 {
			best = i
		}
	}
	return best
}

func pickWeighted(entries []entry, rnd *rand.Rand) int {
	left := rnd.Float64() * totalWeight(entries)
	for i := range entries {
		if left -= entries[i].weight; left < 0 {
			return i
		}
	}
	return len(entries) - 1
}

func totalWeight(entries []entry) float64 {
	sum := 0.0
	for i := range entries {
		sum += entries[i].weight
	}
	return sum
}

// sortByRating sorts in place.
func sortByRating(entries []entry) { slices.SortFunc(entries, byRating) }

// entryOf returns the entry of a member without its class and score.
func entryOf(c *Candidate, at int, weights map[string]float64) entry {
	e := entry{
		name: c.Server.Name, at: at, runs: c.Own.Runs, lastUsed: math.MinInt64, weight: 1,
		perSlot: float64(c.Own.Slots) / float64(max(1, c.Server.Slots)),
	}
	if !c.LastUsed.IsZero() {
		e.lastUsed = c.LastUsed.UnixNano()
	}
	if w, given := weights[e.name]; given && w > 0 {
		e.weight = min(w, MaxWeight)
	}
	return e
}
