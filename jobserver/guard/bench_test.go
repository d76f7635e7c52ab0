package guard

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/segno-jobs/segno/task"
)

// benchProgram is what the benchmarks run: /bin/true, or a static program where SEGNO_BENCH_PROGRAM names one.
func benchProgram() string {
	if p, ok := syscall.Getenv("SEGNO_BENCH_PROGRAM"); ok {
		return p
	}
	return "/bin/true"
}

// BenchmarkStart measures a run through client and keeper, from Start until its spool was read and dropped, against
// os/exec and the bare system calls in the same process.
func BenchmarkStart(b *testing.B) {
	for _, flight := range []int{1, 16} {
		b.Run(fmt.Sprintf("os-exec/flight=%d", flight), func(b *testing.B) {
			inFlight(b, flight, func(int) error { return exec.Command(benchProgram()).Run() })
		})
		b.Run(fmt.Sprintf("fork-exec/flight=%d", flight), func(b *testing.B) {
			inFlight(b, flight, func(int) error {
				pid, err := syscall.ForkExec(benchProgram(), []string{"true"}, &syscall.ProcAttr{Files: []uintptr{0, 1, 2}})
				if err == nil {
					_, err = syscall.Wait4(pid, nil, 0, nil)
				}
				return err
			})
		})
		for _, group := range []string{CgroupOff, CgroupAuto} {
			b.Run(fmt.Sprintf("guard-cgroup-%s/flight=%d", group, flight), func(b *testing.B) {
				benchmarkGuard(b, flight, group)
			})
		}
	}
}

func inFlight(b *testing.B, flight int, run func(i int) error) {
	b.ReportAllocs()
	before := processorTime()
	b.ResetTimer()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range flight {
		workers.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := run(int(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	workers.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
	b.ReportMetric((processorTime()-before)*1e6/float64(b.N), "client-cpu-µs/run")
}

// processorTime is that of this process without its children, in seconds.
func processorTime() float64 {
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return 0
	}
	return float64(own.Utime.Nano()+own.Stime.Nano()) / 1e9
}

func benchmarkGuard(b *testing.B, flight int, group string) {
	h := newHost(b, func(o *ClientOptions) { o.Cgroup = group })
	var ends sync.Map
	var reader sync.WaitGroup
	reader.Go(func() {
		for g := range h.Grown() {
			if !g.Ended {
				continue
			}
			records, err := h.Read(g.Ref, 0, 1<<20)
			if err != nil || len(records) == 0 || records[len(records)-1].Exit == nil {
				b.Errorf("read: %d records, %v", len(records), err)
			}
			if err := h.Drop(g.Ref); err != nil {
				b.Error(err)
			}
			end, _ := ends.Load(g.Ref)
			close(end.(chan struct{}))
		}
	})
	one := func(int) error {
		end := make(chan struct{})
		x := command(task.RunID(fmt.Sprintf("01BENCH%d", benched.Add(1))), benchProgram())
		ends.Store(x.Ref, end)
		if err := h.Start(context.Background(), x); err != nil {
			return err
		}
		<-end
		ends.Delete(x.Ref)
		return nil
	}
	warmUp(b, flight, one)
	before := h.keeperTime()
	inFlight(b, flight, one)
	b.ReportMetric((h.keeperTime()-before)*1e6/float64(b.N), "keeper-cpu-µs/run")
	h.killGuard()
	reader.Wait()
}

var benched atomic.Int64

// warmUp has as many keepers started as are in flight.
func warmUp(b *testing.B, flight int, one func(int) error) {
	var workers sync.WaitGroup
	for range flight {
		workers.Go(func() {
			for range 20 {
				if err := one(0); err != nil {
					b.Error(err)
				}
			}
		})
	}
	workers.Wait()
}

// keeperTime is the processor time of all keepers without their jobs, in seconds.
func (h *host) keeperTime() float64 {
	ticks := int64(0)
	for _, pid := range h.keeperPIDs() {
		if st, ok := readStat(pid); ok {
			ticks += st.ticks - st.reaped
		}
	}
	return float64(ticks) / ticksPerSecond
}
