package sim

import (
	"math/rand/v2"
	"time"
)

// chance is the source of everything that happens by chance.
type chance struct{ *rand.Rand }

func newChance(seed uint64) chance {
	return chance{rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15))}
}

// in reports true with probability p.
func (c chance) in(p float64) bool { return p > 0 && c.Float64() < p }

// between returns a duration from low to high, each as likely as the other.
func (c chance) between(low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(c.Int64N(int64(high-low)+1))
}

// wide returns a duration from low to high, each order of magnitude as likely as the other.
func (c chance) wide(low, high time.Duration) time.Duration {
	span := low
	for span < high && c.in(0.6) {
		span *= 2
	}
	return c.between(low, min(span, high))
}

// extreme returns a duration from 0 up to almost most, and often one of the two: what goes wrong goes wrong there.
func (c chance) extreme(most time.Duration) time.Duration {
	switch almost := most * 999 / 1000; {
	case c.in(0.4):
		return almost
	case c.in(0.5):
		return c.between(0, most/100)
	default:
		return c.between(0, almost)
	}
}

func pick[T any](c chance, from ...T) T { return from[c.IntN(len(from))] }
