package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/systemtest"
	"github.com/segno-jobs/segno/task"
)

func TestAfterAnyKillOfTheConductorEveryRunIsTrue(t *testing.T) {
	s := systemtest.New(t, "--heartbeat", "300ms")
	s.StartConductor()
	s.StartServer("js-1", "--slots", "4")
	s.StartServer("js-2", "--slots", "4")
	s.Group("etl", "js-1", "js-2")
	probes := s.Probes()
	s.Task("good", "etl", task.Job{Command: probes.Command(20*time.Millisecond, 0)})
	s.Task("bad", "etl", task.Job{Command: probes.Command(20*time.Millisecond, 7)})

	var mu sync.Mutex
	accepted := map[task.RunID]string{}
	ctx, stop := context.WithCancel(t.Context())
	var requesters sync.WaitGroup
	for w := range 3 {
		requesters.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				name := []string{"good", "bad"}[i%2]
				run, err := s.Client.StartRunWithKey(ctx, name, wire.RunRequest{}, fmt.Sprintf("key-%d-%d", w, i))
				if err == nil {
					mu.Lock()
					accepted[run.ID] = name
					mu.Unlock()
				}
			}
		})
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	for range 8 {
		// When it is killed is left to chance.
		time.Sleep(time.Duration(50+rnd.IntN(250)) * time.Millisecond)
		s.Conductor.Kill()
		s.StartConductor()
	}
	stop()
	requesters.Wait()

	if len(accepted) < 20 {
		t.Errorf("only %d runs were accepted, which shows little", len(accepted))
	}
	ended := map[task.RunID]wire.Run{}
	for id, name := range accepted {
		run := s.AwaitRun(id, map[string]task.State{"good": task.Succeeded, "bad": task.Failed}[name])
		ended[id] = run
		if name == "bad" && (run.ExitCode == nil || *run.ExitCode != 7) {
			t.Errorf("run %s has exit code %v, want 7", id, run.ExitCode)
		}
	}
	checkProbes(t, probes, ended)
}

// checkProbes holds the runs against what the jobs themselves wrote: each was started and ended exactly once, by the
// newest attempt, and never were two attempts alive at once.
func checkProbes(t *testing.T, probes *systemtest.Probes, runs map[task.RunID]wire.Run) {
	t.Helper()
	starts, ends := map[string]int{}, map[string]int{}
	for _, seen := range probes.Sightings() {
		switch seen.Kind {
		case "start":
			starts[seen.Run]++
			if run, known := runs[task.RunID(seen.Run)]; known && seen.Fence != run.Attempt {
				t.Errorf("run %s was started as attempt %d, but its result is of attempt %d", seen.Run, seen.Fence, run.Attempt)
			}
		case "end":
			ends[seen.Run]++
		case "overlap":
			t.Errorf("two attempts of run %s were alive at once", seen.Run)
		}
	}
	for id := range runs {
		if starts[string(id)] != 1 || ends[string(id)] != 1 {
			t.Errorf("run %s was started %d times and ended %d times, want once", id, starts[string(id)], ends[string(id)])
		}
	}
}

func TestAKilledAgentLosesNothing(t *testing.T) {
	s := systemtest.New(t, "--heartbeat", "300ms")
	s.StartConductor()
	js := s.StartServer("js-1")
	s.Group("etl", "js-1")
	s.Task("work", "etl", systemtest.Shell(`i=0; while [ $i -lt 60 ]; do echo "line $i"; i=$((i+1)); sleep 0.02; done; exit 5`))
	ids := []task.RunID{s.StartRun("work"), s.StartRun("work"), s.StartRun("work")}
	for _, id := range ids {
		s.AwaitOutput(id)
	}
	js.Kill()
	s.Eventually("the jobs have ended without an agent", func(context.Context) (bool, error) {
		return len(systemtest.ProcessesOf("SEGNO_TASK=work")) == 0, nil
	})
	js.Start()
	var want strings.Builder
	for i := range 60 {
		fmt.Fprintf(&want, "line %d\n", i)
	}
	for _, id := range ids {
		run := s.AwaitRun(id, task.Failed)
		if run.ExitCode == nil || *run.ExitCode != 5 || run.Attempt != 1 {
			t.Errorf("run %s has exit code %v in attempt %d, want 5 in attempt 1", id, run.ExitCode, run.Attempt)
		}
		if got := s.Log(id); got != want.String() {
			t.Errorf("the log of %s has %d bytes, want the job's %d", id, len(got), want.Len())
		}
	}
}

func TestAnAgentThatIsStoppedLeavesItsJobsRunning(t *testing.T) {
	s := systemtest.Start(t)
	js := s.StartServer("js-1")
	s.Group("etl", "js-1")
	s.Task("work", "etl", systemtest.Shell("sleep 1; echo done"))
	id := s.StartRun("work")
	s.AwaitRun(id, task.Running)
	js.Stop()
	js.Start()
	s.AwaitRun(id, task.Succeeded)
	if got := s.Log(id); got != "done\n" {
		t.Errorf("the log is %q, want done", got)
	}
}

func TestAKilledGuardTakesItsJobsWithIt(t *testing.T) {
	s := systemtest.Start(t)
	js := s.StartServer("js-1")
	s.Group("etl", "js-1")
	s.Task("work", "etl", systemtest.Shell("setsid sleep 600 & echo begun; sleep 600"))
	id := s.StartRun("work")
	s.AwaitOutput(id)
	for _, pid := range js.Processes("guard") {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	run := s.AwaitRun(id, task.Lost)
	if !strings.Contains(run.Reason, "guard") {
		t.Errorf("the reason %q does not name the guard", run.Reason)
	}
	if left := systemtest.ProcessesOf("SEGNO_RUN_ID=" + string(id)); len(left) > 0 {
		t.Errorf("processes %v of the job are left", left)
	}
	s.AwaitRun(s.StartRunOf("again", "etl", systemtest.Shell("exit 0")), task.Succeeded)
}

func TestASecondConductorOnTheSameDatabaseRefuses(t *testing.T) {
	s := systemtest.Start(t)
	s.Conductor.Signal(syscall.SIGSTOP)
	begin := time.Now()
	second := s.Run("conductor", "serve", "--data", s.ConductorData(), "--listen", "127.0.0.1:0")
	if second.Wait() == nil {
		t.Error("a second conductor started on the same database")
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %s to refuse", took)
	}
	if want := fmt.Sprint(s.Conductor.PID()); !strings.Contains(second.Output(), want) {
		t.Errorf("the refusal does not name process %s:\n%s", want, second.Output())
	}
	s.Conductor.Signal(syscall.SIGCONT)
}

func TestAFullDiskUnderTheConductorLosesNothing(t *testing.T) {
	s := systemtest.New(t)
	if err := os.Mkdir(s.ConductorData(), 0o700); err != nil {
		t.Fatal(err)
	}
	mountSmall(t, s.ConductorData())
	s.StartConductor()
	s.StartServer("js-1")
	s.Group("etl", "js-1")
	s.Task("work", "etl", systemtest.Shell("sleep 0.5; exit 4"))
	before := s.StartRun("work")
	s.AwaitRun(before, task.Running)

	free := fillDisk(t, s.ConductorData())
	s.Eventually("the conductor says that it cannot write", func(ctx context.Context) (bool, error) {
		_, err := s.Client.CreateTask(ctx, task.Spec{
			Name: fmt.Sprintf("t%d", time.Now().UnixNano()), Target: task.Target{VirtualServer: "etl"},
			Job: systemtest.Shell("%s", strings.Repeat("# filler\n", 2000)),
		})
		return err != nil && strings.Contains(err.Error(), "full"), nil
	})
	free()
	run := s.AwaitRun(before, task.Failed)
	if run.ExitCode == nil || *run.ExitCode != 4 {
		t.Errorf("got exit code %v, want 4", run.ExitCode)
	}
	s.AwaitRun(s.StartRun("work"), task.Failed)
}

func TestAFullDiskUnderTheAgentLosesNothing(t *testing.T) {
	s := systemtest.Start(t)
	js := s.JoinServer("js-1")
	data, err := os.ReadFile(js.Data + "/identity.json")
	if err != nil {
		t.Fatal(err)
	}
	mountSmall(t, js.Data)
	if err := os.WriteFile(js.Data+"/identity.json", data, 0o600); err != nil {
		t.Fatal(err)
	}
	js.Start()
	js.WaitOnline()
	s.Group("etl", "js-1")
	s.Task("work", "etl", systemtest.Shell(`i=0; while [ $i -lt 300 ]; do echo "line $i of the output of a job that goes on writing"; i=$((i+1)); sleep 0.01; done; exit 6`))
	id := s.StartRun("work")
	s.AwaitOutput(id)
	free := fillDisk(t, js.Data)
	s.Eventually("the server takes no new runs for want of room", func(ctx context.Context) (bool, error) {
		placement, err := s.Client.Rating(ctx, "etl", "")
		return err == nil && placement.Chosen == "", err
	})
	free()
	run := s.AwaitRun(id, task.Failed)
	if run.ExitCode == nil || *run.ExitCode != 6 {
		t.Errorf("got exit code %v, want 6", run.ExitCode)
	}
	if got := strings.Count(s.Log(id), "\n"); got != 300 {
		t.Errorf("the log has %d lines, want 300", got)
	}
}

// mountSmall puts a file system of a few megabytes over a folder.
func mountSmall(t *testing.T, dir string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("mounting a small file system takes root: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// fillDisk takes all the room of a file system. The function that it returns gives it back.
func fillDisk(t *testing.T, dir string) (free func()) {
	t.Helper()
	name := dir + "/filler"
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(block)
	}
	_ = f.Close()
	return func() { _ = os.Remove(name) }
}
