package conductor

import (
	"testing"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// sampled lets a server of the fleet say what the attempt uses, a heartbeat after the one before.
func sampled(f *fleet, at time.Time, uses ...jobserver.AttemptUsage) {
	f.hosts["js-1"].server.Sample = &jobserver.Sample{At: at, CPUs: 4, Attempts: uses}
}

func TestMetersJoinSamplesToPointsThatGetSparseWithAge(t *testing.T) {
	f, meters, ref := testFleet("js-1"), map[task.Ref]*meter{}, refOf(0)
	placeRun(f, ref, start)
	var points []task.LoadPoint
	run := func(from, to, beat time.Duration) (of []task.LoadPoint) {
		for age := from; age < to; age += beat {
			cpu := 1.0
			if int(age/beat)%2 == 1 {
				cpu = 3
			}
			sampled(f, start.Add(age), jobserver.AttemptUsage{Run: string(ref.Run), Number: 1, CPU: cpu, Memory: int64(age/time.Second) << 20, Processes: 2})
			of = append(of, f.readMeters(meters)...)
		}
		points = append(points, of...)
		return of
	}
	if got := run(0, 5*time.Second, time.Second); len(got) != 0 {
		t.Fatalf("got %+v of an attempt that is younger than %s", got, meterFrom)
	}
	if got := run(5*time.Second, 2*time.Minute, time.Second); len(got) < 20 || len(got) > 24 {
		t.Errorf("got %d points in the first two minutes, want one every five seconds", len(got))
	}
	if got := run(2*time.Minute, 30*time.Minute, time.Second); len(got) < 50 || len(got) > 57 {
		t.Errorf("got %d points up to half an hour, want two a minute", len(got))
	}
	if got := run(30*time.Minute, 24*time.Hour, 15*time.Second); len(points) > 400 || len(got) < 90 {
		t.Errorf("got %d points of a day, want some hundred", len(points))
	}
	first := points[0]
	if first.Ref != ref || !first.At.Equal(start.Add(5*time.Second)) || first.Length != 5*time.Second || first.CPU != 2 || first.Memory != 5<<20 || first.Processes != 2 {
		t.Errorf("the first point is %+v, want the mean CPU 2 and the most memory of five seconds", first)
	}
	for i := 1; i < len(points); i++ {
		if want := points[i-1].At.Add(points[i].Length); !points[i].At.Equal(want) {
			t.Fatalf("point %d ends at %s, want it to begin where the one before ended", i, points[i].At)
		}
	}
}

func TestMetersTakeASampleOnceAndForgetWhatRunsNoMore(t *testing.T) {
	f, meters, ref := testFleet("js-1"), map[task.Ref]*meter{}, refOf(0)
	placeRun(f, ref, start)
	use := jobserver.AttemptUsage{Run: string(ref.Run), Number: 1, CPU: 1}
	sampled(f, start, use, jobserver.AttemptUsage{Run: "stranger", Number: 1, CPU: 1})
	for range 3 {
		f.readMeters(meters)
	}
	if len(meters) != 1 || meters[ref] == nil || meters[ref].samples != 1 {
		t.Fatalf("got the meters %+v, want one sample of the attempt that is open there", meters)
	}
	f.release("js-1", ref)
	sampled(f, start.Add(time.Second), use)
	if f.readMeters(meters); len(meters) != 0 {
		t.Errorf("got the meters %+v of an attempt that has ended", meters)
	}
}
