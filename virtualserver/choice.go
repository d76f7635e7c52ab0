package virtualserver

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Place chooses the member of a group that a run is placed on. It judges each member of vs once, in time that grows
// with n·log n, and returns all that the choice rests on; where no member is eligible, Chosen is empty and Reason says
// why. Candidates that are no members are passed over, members without a candidate are refused as not joined.
//
// The result depends on the arguments alone. rnd is used by the selections random and weighted only; where it is nil
// these draw from a source seeded with now.
func Place(vs Spec, req Request, candidates []Candidate, now time.Time, rnd *rand.Rand) Placement {
	req.Need = req.Need.orAssumed()
	c := newChoice(&vs, &req, len(vs.Members))
	find := finder{candidates: candidates}
	for at, name := range vs.Members {
		c.judge(at, name, find.named(name))
	}
	p := Placement{At: now, VirtualServer: vs.Name, Selection: vs.Selection, Need: req.Need}
	if p.Selection == "" {
		p.Selection = BestRated
	}
	c.choose(&p, rnd)
	return p
}

// PlaceOn places a run of a task that is bound to one server, or says why it has to wait for it. Request.Avoid does
// not count: there is no other.
func PlaceOn(server Candidate, req Request, now time.Time) Placement {
	req.Need = req.Need.orAssumed()
	req.Avoid = nil
	c := newChoice(&Spec{}, &req, 1)
	c.judge(0, server.Server.Name, &server)
	p := Placement{At: now, Need: req.Need, Candidates: c.verdicts}
	if v := &c.verdicts[0]; v.Refused != "" {
		p.Reason = v.Server + ", which the task is bound to, " + v.RefusedBecause
	} else {
		p.Chosen = v.Server
		p.Reason = v.Server + " was chosen: the task is bound to it"
	}
	return p
}

// choice is the work on one placement.
type choice struct {
	group      *Spec
	request    *Request
	indicators []judged
	verdicts   []Verdict
	entries    []entry
	// terms is one block from which the verdicts' terms are cut.
	terms []Term
	// space is used for one member after the other.
	space projection
	room  [8]judged
}

func newChoice(vs *Spec, req *Request, members int) *choice {
	c := &choice{
		group: vs, request: req,
		verdicts: make([]Verdict, 0, members),
		entries:  make([]entry, 0, members),
	}
	c.indicators = resolve(c.room[:0], vs.Rating)
	c.terms = make([]Term, 0, members*len(c.indicators))
	return c
}

// judge adds the verdict on one member; its candidate may be nil.
func (c *choice) judge(at int, name string, cand *Candidate) {
	if cand == nil {
		c.verdicts = append(c.verdicts, Verdict{
			Server: name, SampleAgeMS: -1, Refused: RefusedNotJoined, RefusedBecause: "has not joined",
		})
		c.entries = append(c.entries, entry{name: name, at: at, class: refused})
		return
	}
	var p *projection
	var terms []Term
	if c.space.project(cand, &c.request.Need) {
		p = &c.space
		start := len(c.terms)
		c.terms = appendTerms(c.terms, c.indicators, p)
		terms = c.terms[start:len(c.terms):len(c.terms)]
	}
	v := verdictOf(cand, p, terms)
	e := entryOf(cand, at, c.group.Weights)
	e.score = v.Rating
	if c.group.PreferArchive > 0 && cand.HoldsArchive && c.request.Archive != "" && p != nil {
		v.Bonus = c.group.PreferArchive
		e.score += v.Bonus
		v.Rating = min(100, e.score)
		v.Stars = Stars(v.Rating)
	}
	v.Avoided = slices.Contains(c.request.Avoid, name)
	v.Refused, v.RefusedBecause = refuse(cand, c.request, p)
	switch {
	case c.group.Inactive:
		v.Refused, v.RefusedBecause = RefusedInactive, "is in an inactive virtual server"
		e.class = refused
	case v.Refused != "":
		e.class = refused
	case v.Avoided:
		e.class = avoided
	}
	c.verdicts = append(c.verdicts, v)
	c.entries = append(c.entries, e)
}

// choose orders the members and fills in what was chosen and why.
func (c *choice) choose(p *Placement, rnd *rand.Rand) {
	sortByRating(c.entries)
	p.Candidates = make([]Verdict, len(c.entries))
	for i := range c.entries {
		p.Candidates[i] = c.verdicts[c.entries[i].at]
	}
	free := c.takeable()
	if len(free) == 0 {
		p.Reason = whyNone(c.group, p.Candidates)
		return
	}
	if rnd == nil && (p.Selection == Random || p.Selection == Weighted) {
		rnd = rand.New(rand.NewPCG(uint64(p.At.UnixNano()), 0))
	}
	chosen := pick(p.Selection, free, rnd)
	p.Chosen = free[chosen].name
	p.Reason = whyChosen(p, free, chosen)
}

// takeable returns the entries among which is chosen: the eligible ones, or the avoided ones where there is no other.
func (c *choice) takeable() []entry {
	class, n := c.firstClass(), 0
	if class == refused {
		return nil
	}
	for n < len(c.entries) && c.entries[n].class == class {
		n++
	}
	return c.entries[:n]
}

func (c *choice) firstClass() class {
	if len(c.entries) == 0 {
		return refused
	}
	return c.entries[0].class
}

// finder finds candidates by name: at once where they stand in the order in which they are asked for.
type finder struct {
	candidates []Candidate
	next       int
	index      map[string]int
}

// fewCandidates is up to how many a search by eye is cheaper than an index.
const fewCandidates = 24

func (f *finder) named(name string) *Candidate {
	if f.next < len(f.candidates) && f.candidates[f.next].Server.Name == name {
		f.next++
		return &f.candidates[f.next-1]
	}
	if len(f.candidates) <= fewCandidates {
		for i := range f.candidates {
			if f.candidates[i].Server.Name == name {
				f.next = i + 1
				return &f.candidates[i]
			}
		}
		return nil
	}
	if f.index == nil {
		f.index = make(map[string]int, len(f.candidates))
		for i := range f.candidates {
			f.index[f.candidates[i].Server.Name] = i
		}
	}
	at, there := f.index[name]
	if !there {
		return nil
	}
	f.next = at + 1
	return &f.candidates[at]
}
