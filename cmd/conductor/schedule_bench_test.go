package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/task"
)

// setUp creates n tasks on a group of its own, each with triggers that change makes.
func setUp(b *testing.B, s *systemtest.System, n, triggers int, job task.Job, edit func(*task.Spec), trigger func(i int) task.TriggerSpec, members ...string) {
	b.Helper()
	s.Group("etl", members...)
	var all sync.WaitGroup
	names := make(chan int)
	for range 8 {
		all.Go(func() {
			for i := range names {
				name := fmt.Sprintf("t%d", i)
				s.Task(name, "etl", job, edit)
				for j := range triggers {
					spec := trigger(j)
					spec.Name = fmt.Sprintf("g%d", j)
					if _, err := s.Client.CreateTrigger(b.Context(), task.TaskOwner(name), spec); err != nil {
						b.Error(err)
					}
				}
			}
		})
	}
	for i := range n {
		names <- i
	}
	close(names)
	all.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

func quantile(of []time.Duration, q float64) time.Duration {
	slices.Sort(of)
	return of[min(len(of)-1, int(q*float64(len(of))))]
}

// BenchmarkTenThousandTriggersDueAtOnce measures from the second in which they are due until each has its row, and how long
// other requests take meanwhile.
func BenchmarkTenThousandTriggersDueAtOnce(b *testing.B) {
	for b.Loop() {
		s := systemtest.Start(b)
		if _, err := s.Client.PauseTriggers(b.Context(), task.Owner{}, "being set up"); err != nil {
			b.Fatal(err)
		}
		setUp(b, s, 100, 100, task.Job{Command: []string{"true"}}, func(*task.Spec) {}, func(int) task.TriggerSpec { return task.TriggerSpec{Cron: "* * * * *"} })
		if second := time.Now().Second(); second > 45 { // Time enough to resume them all.
			time.Sleep(time.Duration(60-second) * time.Second)
		}
		due := time.Now().Truncate(time.Minute).Add(time.Minute)
		if _, err := s.Client.ResumeTriggers(b.Context(), task.Owner{}); err != nil {
			b.Fatal(err)
		}
		time.Sleep(time.Until(due))
		ctx, stop := context.WithCancel(b.Context())
		var took []time.Duration
		var probes sync.WaitGroup
		probes.Go(func() { took = probe(ctx, s.Client) })
		for left := true; left; {
			got, err := s.Client.Forecast(b.Context(), task.Owner{}, due.Add(time.Second), 1)
			if err != nil {
				b.Fatal(err)
			}
			left = len(got.Items) > 0
			time.Sleep(5 * time.Millisecond)
		}
		all := time.Since(due)
		stop()
		probes.Wait()
		b.ReportMetric(all.Seconds(), "s/all-rows")
		b.ReportMetric(float64(quantile(took, 0.5).Microseconds())/1000, "api-p50-ms")
		b.ReportMetric(float64(quantile(took, 0.99).Microseconds())/1000, "api-p99-ms")
	}
}

// probe asks for this and that until ctx ends, and returns how long each answer took.
func probe(ctx context.Context, c *client.Client) (took []time.Duration) {
	for i := 0; ctx.Err() == nil; i++ {
		begun := time.Now()
		var err error
		switch i % 4 {
		case 0:
			_, err = c.Task(ctx, "t7")
		case 1:
			_, err = c.Runs(ctx, task.RunFilter{Task: "t7"}, client.PageRequest{Limit: 20})
		case 2:
			_, err = c.VirtualServer(ctx, "etl")
		case 3:
			_, err = c.StartRun(ctx, "t7", wire.RunRequest{})
		}
		if err == nil {
			took = append(took, time.Since(begun))
		}
		time.Sleep(2 * time.Millisecond)
	}
	return took
}

// BenchmarkAHundredTasksOnOneTick measures how long after its tick each of a hundred jobs on one server has begun: each
// writes down the time itself.
func BenchmarkAHundredTasksOnOneTick(b *testing.B) {
	const tasks, ticks = 100, 5
	for b.Loop() {
		s := systemtest.New(b)
		s.StartConductor()
		v := s.JoinServer("js-1", "--slots", "200")
		v.Start("--warm", strconv.Itoa(tasks))
		v.WaitOnline()
		begin := time.Now().Add(15 * time.Second).Truncate(time.Second)
		end := begin.Add(ticks * 3 * time.Second)
		setUp(b, s, tasks, 1, task.Job{Command: []string{"date", "+%s.%N"}}, func(*task.Spec) {},
			func(int) task.TriggerSpec {
				return task.TriggerSpec{Every: task.Duration(3 * time.Second), Start: &begin, End: &end}
			}, "js-1")
		time.Sleep(time.Until(end))
		var late []time.Duration
		s.Eventually("all runs have ended", func(ctx context.Context) (bool, error) {
			got, err := s.Client.Runs(ctx, task.RunFilter{States: []task.State{task.Succeeded}}, client.PageRequest{Limit: 500})
			return len(got.Items) == tasks*ticks, err
		})
		got, err := s.Client.Runs(b.Context(), task.RunFilter{}, client.PageRequest{Limit: 500})
		if err != nil {
			b.Fatal(err)
		}
		for _, run := range got.Items {
			seconds, err := strconv.ParseFloat(strings.TrimSpace(s.Log(run.ID)), 64)
			if err != nil {
				b.Fatal(err)
			}
			late = append(late, time.UnixMicro(int64(seconds*1e6)).Sub(run.ScheduledFor.Time))
		}
		b.ReportMetric(float64(quantile(late, 0.5).Microseconds())/1000, "start-p50-ms")
		b.ReportMetric(float64(quantile(late, 0.99).Microseconds())/1000, "start-p99-ms")
	}
}

// BenchmarkAThousandTasksEverySecond has a thousand tasks due every second, for as long as SEGNO_SOAK says, and by default
// for ten seconds. Each occurrence must have its row; what the conductor uses is reported.
func BenchmarkAThousandTasksEverySecond(b *testing.B) {
	const tasks = 1000
	length := 10 * time.Second
	if text := os.Getenv("SEGNO_SOAK"); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		s := systemtest.New(b)
		s.StartConductor()
		s.StartServer("js-1", "--slots", "64")
		begin := time.Now().Add(90 * time.Second).Truncate(time.Second)
		end := begin.Add(length)
		setUp(b, s, tasks, 1, task.Job{Command: []string{"true"}}, func(s *task.Spec) { s.MaxConcurrent, s.WhenBusy = 1, task.BusySkip },
			func(int) task.TriggerSpec {
				return task.TriggerSpec{Every: task.Duration(time.Second), Start: &begin, End: &end}
			}, "js-1")
		if time.Now().After(begin) {
			b.Fatal("this machine is too slow to set the triggers up in time")
		}
		most := 0.0
		for time.Now().Before(end.Add(2 * time.Second)) {
			most = max(most, resident(b, s.Conductor.PID()))
			time.Sleep(time.Second)
		}
		rows, runs := 0, 0
		for o, err := range client.All(client.PageRequest{Limit: 500}, func(p client.PageRequest) (wire.Page[wire.Occurrence], error) {
			return s.Client.Occurrences(b.Context(), task.OccurrenceFilter{}, p)
		}) {
			if err != nil {
				b.Fatal(err)
			}
			if rows++; o.Run != nil {
				runs++
			}
		}
		// The last of them may be acted on a moment after the end.
		if want := tasks * int(length/time.Second); rows != want {
			b.Errorf("%d occurrences have a row, want %d", rows, want)
		}
		b.ReportMetric(most, "MB-resident")
		b.ReportMetric(float64(runs)/length.Seconds(), "runs/s")
		b.ReportMetric(float64(rows-runs)/length.Seconds(), "skipped/s")
	}
}

// resident returns the memory of a process in megabytes.
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatalf("the conductor is gone: %v", err)
	}
	_, rest, _ := bytes.Cut(text, []byte("VmRSS:"))
	kilobytes, err := strconv.ParseFloat(string(bytes.Fields(rest)[0]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return kilobytes / 1000
}
