package virtualserver_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/virtualserver"
)

// BenchmarkPlace shows what one placement costs; the dispatcher makes some 2,000 a second.
func BenchmarkPlace(b *testing.B) {
	for _, members := range []int{3, 16, 500} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) {
			rnd := rand.New(rand.NewPCG(1, 2))
			var spec virtualserver.Spec
			var candidates []virtualserver.Candidate
			for i := range members {
				c := candidate(fmt.Sprintf("js-%03d", i))
				c.Own = virtualserver.Occupancy{Runs: i % 5, Slots: i % 5, CPU: float64(i % 5)}
				c.Server.Sample.CPUTotal = rnd.Float64()
				if i%8 == 7 {
					c.Server.Mode = jobserver.Draining
				}
				spec.Members = append(spec.Members, c.Server.Name)
				candidates = append(candidates, c)
			}
			b.ReportAllocs()
			for b.Loop() {
				virtualserver.Place(spec, virtualserver.Request{}, candidates, noon, rnd)
			}
		})
	}
}
