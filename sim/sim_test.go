package sim

import (
	"os"
	"strconv"
	"testing"
)

func TestOne(t *testing.T) {
	seed, _ := strconv.ParseUint(os.Getenv("SEED"), 10, 64)
	o := Options{Seed: seed}
	if os.Getenv("TRACE") != "" {
		o.Trace = os.Stdout
	}
	r := Run(o)
	t.Logf("%+v", r)
}

func TestSome(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("N"))
	for seed := range uint64(n) {
		r := Run(Options{Seed: seed})
		if r.Failure != "" {
			t.Logf("seed %d at %s: %s", seed, r.At, r.Failure)
		}
	}
}
