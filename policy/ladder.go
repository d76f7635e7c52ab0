package policy

import (
	"strings"
	"time"
)

// Word returns the policy that a plain word stands for: one step, taken once the server counts as unavailable.
func Word(kind Kind) Policy { return Policy{Steps: []Step{{Do: kind}}} }

// Kind returns what the policy comes to: what its first step that does not wait does, and Wait where there is none.
func (p Policy) Kind() Kind {
	step, _ := p.acting()
	return step.Do
}

// Lease returns how long the server must have been silent before a further attempt may begin, which is the length of
// the conductor's lease on the attempt. It reports false where the run only ever waits: its attempt has no deadline.
func (p Policy) Lease(unavailableAfter time.Duration) (time.Duration, bool) {
	step, acts := p.acting()
	if !acts {
		return 0, false
	}
	return step.at(unavailableAfter), true
}

// GiveUp returns after which silence a run is reset that was to be restarted or recovered and still has no server.
// It reports false where the run waits for one for as long as it takes.
func (p Policy) GiveUp() (time.Duration, bool) {
	first, _ := p.acting()
	last := p.last()
	if first.Do == Wait || first.Do == Reset || last.Do != Reset {
		return 0, false
	}
	return last.After, true
}

// String returns the policy as an operator reads it, such as "recover" or "wait after 2m, then recover after 10m".
func (p Policy) String() string {
	if word, plain := p.word(); plain {
		return string(word)
	}
	var b strings.Builder
	for i, s := range p.Steps {
		if i > 0 {
			b.WriteString(", then ")
		}
		b.WriteString(string(s.Do) + " after " + short(s.After))
	}
	return b.String()
}

// word returns the word that says the same, where there is one.
func (p Policy) word() (Kind, bool) {
	switch {
	case len(p.Steps) == 0:
		return Wait, true
	case len(p.Steps) == 1 && p.Steps[0].After == 0:
		return p.Steps[0].Do, true
	}
	return "", false
}

// acting returns the first step that does not wait. Without one it returns a step that waits, and false.
func (p Policy) acting() (Step, bool) {
	for _, s := range p.Steps {
		if s.Do != Wait {
			return s, true
		}
	}
	return Step{Do: Wait}, false
}

// last returns the last step, or one that waits.
func (p Policy) last() Step {
	if len(p.Steps) == 0 {
		return Step{Do: Wait}
	}
	return p.Steps[len(p.Steps)-1]
}

// at returns the silence after which the step is taken.
func (s Step) at(unavailableAfter time.Duration) time.Duration {
	if s.After == 0 {
		return unavailableAfter
	}
	return s.After
}

// short prints a duration without units that are zero: 2m and not 2m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
