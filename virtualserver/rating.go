package virtualserver

import "math"

// Rate rates one server for a run with that need, as [Place] does, without asking whether it is eligible. A server
// without a sample has rating 0, no terms and a SampleAgeMS of -1.
func Rate(rating Rating, need Need, c Candidate) Verdict {
	need = need.orAssumed()
	var p projection
	if !p.project(&c, &need) {
		return verdictOf(&c, nil, nil)
	}
	return verdictOf(&c, &p, appendTerms(nil, resolve(nil, rating), &p))
}

// verdictOf returns the verdict on a candidate that is not refused. Without a projection it is not rated.
func verdictOf(c *Candidate, p *projection, terms []Term) Verdict {
	v := Verdict{
		Server: c.Server.Name, SampleAgeMS: -1,
		Runs: c.Own.Runs, SlotsUsed: c.Own.Slots, Slots: c.Server.Slots,
	}
	if p != nil {
		v.Rating = roundRating(Normalize(rate(terms)))
		v.Stars = Stars(v.Rating)
		v.Terms = terms
		v.SampleAgeMS = max(0, c.SampleAge.Milliseconds())
	}
	return v
}

// judged is an indicator with the metric that it names.
type judged struct {
	Indicator
	of func(p *projection) float64
}

// resolve appends the indicators of r to list. Unknown names are left out: [Rating.Validate] refuses them.
func resolve(list []judged, r Rating) []judged {
	for _, i := range r.List() {
		if m, known := metricNamed(i.Name); known {
			list = append(list, judged{i, m.of})
		}
	}
	return list
}

func appendTerms(terms []Term, indicators []judged, p *projection) []Term {
	for i := range indicators {
		ind := &indicators[i]
		value := finite(ind.of(p))
		relative := Relative(value, ind.Min, ind.Max)
		terms = append(terms, Term{
			Indicator: ind.Name, Value: value, Min: ind.Min, Max: ind.Max, Weight: ind.Weight,
			Relative: relative, Penalty: finite(ind.Weight * relative),
		})
	}
	return terms
}

// Relative is how far value lies outside [least, most], in units of most−least; 0 within it, bounds included. Where
// the bounds are equal the unit is 1.
func Relative(value, least, most float64) float64 {
	offset := 0.0
	switch {
	case value > most:
		offset = value - most
	case value < least:
		offset = least - value
	}
	if unit := most - least; unit > 0 {
		offset /= unit
	}
	return finite(offset)
}

// rate is Talend's rate: −100 times the sum of the weighted relative offsets.
func rate(terms []Term) float64 {
	sum := 0.0
	for i := range terms {
		sum += terms[i].Penalty
	}
	return -100 * sum
}

// rateScale is Talend's scale: a rate of −2000 halves the rating.
const rateScale = 2000

// Normalize turns a rate of 0 or less into a rating: 100 where all indicators lie within their bounds, towards 0 the
// farther they lie outside.
func Normalize(rate float64) float64 { return 100 / (1 - finite(rate)/rateScale) }

// roundRating keeps five significant digits: what differs by less counts as equal, and is shown as equal.
func roundRating(r float64) float64 {
	perUnit := 1e3
	for scaled := r; scaled > 0 && scaled < 10 && perUnit < 1e15; scaled *= 10 {
		perUnit *= 10
	}
	return math.Round(r*perUnit) / perUnit
}

// Stars shows a rating of 0 to 100 as 0 to 5 stars in halves: one star for each 20 points, to the nearest half.
func Stars(rating float64) float64 {
	return math.Round(min(max(rating, 0), 100)/10) / 2
}
