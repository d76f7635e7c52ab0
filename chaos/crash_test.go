package chaos

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// long is how long a server may be silent where a test is to show that nothing waits for that.
const long = 10 * time.Minute

func TestTheRunsOfALostHostGoOnElsewhere(t *testing.T) {
	scenario(t, inFull)
	w, js := newOneOfTwo(t, probe{Ticks: 150, Every: 40 * time.Millisecond, Checkpoint: 10, Daemon: true}, lostAfter)
	w.note("js-1 is lost")
	js.off()
	w.AwaitRun(w.runs[1].id, task.Reset)
	w.awaitFence(w.runs[2], 2)
	w.awaitFence(w.runs[3], 2)
	w.note("js-1 is switched on")
	w.reboot(js)
	w.awaitStatus(js, "online")
	w.checkAll()
	w.wantGround(w.runs[2], policy.LeaseExpired)
	w.wantGround(w.runs[3], policy.LeaseExpired)
	w.wantLost(w.runs[0], "reboot")
	w.wantResumed(w.runs[3])
}

func TestARebootIsAGroundAtOnce(t *testing.T) {
	scenario(t, inShort)
	w, js := newOneOfTwo(t, probe{Ticks: 60, Every: 30 * time.Millisecond, Checkpoint: 10, Daemon: true}, long)
	w.note("js-1 reboots")
	w.reboot(js)
	w.checkAll()
	w.AwaitRun(w.runs[1].id, task.Reset)
	// Which of the two comes first: the new boot id, or the end that the agent found in the spool.
	w.wantGround(w.runs[2], policy.HostRebooted, policy.ExitReported)
	w.wantGround(w.runs[3], policy.HostRebooted, policy.ExitReported)
	w.wantLost(w.runs[0], "reboot")
	w.wantResumed(w.runs[3])
}

func TestARebootThatLosesTheDiskIsAGroundAtOnce(t *testing.T) {
	scenario(t, inFull)
	w, js := newOneOfTwo(t, probe{Ticks: 60, Every: 30 * time.Millisecond, Checkpoint: 10, Daemon: true}, long)
	w.note("js-1 reboots, and has lost its spools")
	js.off()
	js.forget()
	w.reboot(js)
	w.checkAll()
	w.AwaitRun(w.runs[1].id, task.Reset)
	w.wantGround(w.runs[2], policy.HostRebooted)
	w.wantGround(w.runs[3], policy.HostRebooted)
	w.wantLost(w.runs[0], "reboot")
	w.wantResumed(w.runs[3])
}

func TestAJobThatIsKilledHasFailedByItself(t *testing.T) {
	scenario(t, inFull)
	w, _ := newOneOfTwo(t, probe{Ticks: 1000, Every: 40 * time.Millisecond, Daemon: true}, long)
	for _, e := range w.runs {
		e.killed = true
	}
	for _, pid := range w.servers[0].probes() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	for _, e := range w.runs {
		if run := w.AwaitRun(e.id, task.Failed); run.ExitCode == nil || *run.ExitCode != 137 || run.Attempt != 1 {
			t.Errorf("%s has exit code %v in attempt %d, want 137 in attempt 1", e.task, run.ExitCode, run.Attempt)
		}
	}
	w.checkAll()
}

func TestAKilledGuardOrKeeperIsAGroundAtOnce(t *testing.T) {
	for _, command := range []string{"guard", "keeper"} {
		t.Run(command, func(t *testing.T) {
			scenario(t, inFull)
			w, js := newOneOfTwo(t, probe{Ticks: 60, Every: 30 * time.Millisecond, Checkpoint: 10, Daemon: true}, long)
			w.note("%d processes of kind %s are killed", js.signal(syscall.SIGKILL, "jobserver", command), command)
			w.checkAll()
			w.AwaitRun(w.runs[1].id, task.Reset)
			w.wantGround(w.runs[2], policy.ExitReported)
			w.wantGround(w.runs[3], policy.ExitReported)
			w.wantLost(w.runs[0], command)
			w.wantResumed(w.runs[3])
		})
	}
}

func TestOneOfAgentGuardAndKeeperIsEnoughToKeepTheLease(t *testing.T) {
	for _, stopped := range []string{"run guard", "run keeper", "guard keeper"} {
		t.Run(strings.ReplaceAll(stopped, " ", " and ")+" are stopped", func(t *testing.T) {
			scenario(t, inFull)
			p := probe{Ticks: 300, Every: 40 * time.Millisecond, Checkpoint: 10, Daemon: true, Stubborn: true}
			w, js := newOneOfTwo(t, p, lostAfter)
			for command := range strings.FieldsSeq(stopped) {
				w.note("%d of %s are stopped", js.signal(syscall.SIGSTOP, "jobserver", command), command)
			}
			w.isolate(js, "both ways")
			w.awaitFence(w.runs[2], 2)
			w.awaitFence(w.runs[3], 2)
			w.Eventually("only the job that waits is alive on js-1", func(context.Context) (bool, error) {
				return js.alive(w.runs[0]) && !js.alive(w.runs[1]) && !js.alive(w.runs[2]) && !js.alive(w.runs[3]), nil
			})
			for command := range strings.FieldsSeq(stopped) {
				js.signal(syscall.SIGCONT, "jobserver", command)
			}
			w.join(js)
			w.checkAll()
		})
	}
}

func TestAKilledAgentsLeasesEndInTime(t *testing.T) {
	scenario(t, inFull)
	w, js := newOneOfTwo(t, probe{Ticks: 120, Every: 40 * time.Millisecond, Checkpoint: 10, Daemon: true}, lostAfter)
	w.isolate(js, "both ways")
	for range 6 { // every start takes the deadlines as they are on disk
		js.endAgent(syscall.SIGKILL)
		js.startAgent()
		w.lasts(time.Duration(w.rnd.IntN(1000)) * time.Millisecond)
	}
	w.awaitFence(w.runs[2], 2)
	w.awaitFence(w.runs[3], 2)
	js.endAgent(syscall.SIGKILL)
	w.join(js)
	js.startAgent()
	w.checkAll()
	w.wantGround(w.runs[2], policy.LeaseExpired)
	w.wantGround(w.runs[3], policy.LeaseExpired)
}

// newOneOfTwo returns a world with two job servers, and four runs on the first of them, one of each policy in the order
// of kinds, that have come some way.
func newOneOfTwo(t *testing.T, p probe, patience time.Duration) (*world, *host) {
	t.Helper()
	w := newWorld(t, []string{"js-1", "js-2"})
	w.startOnFirst(p, patience)
	return w, w.servers[0]
}

// startOnFirst starts a run of the probe for each policy on js-1, and lets them go on anywhere from then on.
func (w *world) startOnFirst(p probe, patience time.Duration) {
	w.t.Helper()
	w.Group("etl", "js-1", "js-2")
	w.onlyOn("js-1")
	for _, kind := range kinds {
		p.Lock = string(kind)
		w.start(string(kind), "etl", p, kind, lost(patience))
	}
	for _, e := range w.runs {
		if w.awaitTick(e, 12); p.Checkpoint > 0 {
			w.awaitCheckpoint(e, 10)
		}
	}
	w.anywhere()
}

// awaitFence waits until an attempt of the run has begun.
func (w *world) awaitFence(e *expected, number int) {
	w.t.Helper()
	w.Eventually(e.task+" goes on", func(context.Context) (bool, error) {
		attempts, _ := w.read(e)
		return attempts[number] != nil && attempts[number].started, nil
	})
}

// wantLost checks that a run that waited for what cannot come back is lost, and says why.
func (w *world) wantLost(e *expected, because string) {
	w.t.Helper()
	if run := w.GetRun(e.id); run.State != task.Lost || !strings.Contains(run.Reason, because) {
		w.t.Errorf("%s is %s because %q, want lost because of the %s", e.task, run.State, run.Reason, because)
	}
}

// wantResumed checks that the second attempt of a run went on from a checkpoint.
func (w *world) wantResumed(e *expected) {
	w.t.Helper()
	if attempts, _ := w.read(e); attempts[2] == nil || attempts[2].from == 0 {
		w.t.Errorf("%s did not go on from a checkpoint", e.task)
	}
}
