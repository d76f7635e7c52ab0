package chaos

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

func TestAPausedConductorGivesUpNoRun(t *testing.T) {
	scenario(t, inFull)
	w, _ := newOneOfTwo(t, probe{Ticks: 250, Every: 50 * time.Millisecond, Checkpoint: 10, Daemon: true}, 20*time.Second)
	// Shorter than the leases, which are 17.1 s: no job is stopped. Longer than three heartbeats: servers look silent.
	w.note("the conductor is paused for 9 s")
	w.conductor.signal(syscall.SIGSTOP, "conductor", "serve")
	w.lasts(9 * time.Second)
	w.conductor.signal(syscall.SIGCONT, "conductor", "serve")
	w.wantUndisturbed()
}

func TestACrashOfTheConductorWithinTheLeasesStopsNoJob(t *testing.T) {
	scenario(t, inFull)
	w, js := newOneOfTwo(t, probe{Ticks: 300, Every: 50 * time.Millisecond, Checkpoint: 10, Daemon: true}, 15*time.Second)
	for range 3 {
		w.note("the conductor is killed, and is back after 4 s")
		w.endConductor(syscall.SIGKILL)
		w.lasts(4 * time.Second)
		back := time.Now()
		w.startConductor()
		w.awaitHeard(js, back)
	}
	w.wantUndisturbed()
}

func TestAPlannedStopOutlastsTheLeases(t *testing.T) {
	scenario(t, inFull)
	w, _ := newOneOfTwo(t, probe{Ticks: 250, Every: 50 * time.Millisecond, Checkpoint: 10, Daemon: true}, lostAfter)
	w.note("the conductor is stopped, and is back after 8 s")
	w.endConductor(syscall.SIGTERM)
	w.lasts(8 * time.Second)
	w.startConductor()
	w.Eventually("js-1 is on its hold no more", func(ctx context.Context) (bool, error) {
		server, err := w.Client.Server(ctx, "js-1")
		return err == nil && server.Held == nil, err
	})
	w.wantUndisturbed()
}

func TestALongerAbsenceOfACrashedConductorOverlapsNothing(t *testing.T) {
	scenario(t, inFull)
	w, _ := newOneOfTwo(t, probe{Ticks: 150, Every: 40 * time.Millisecond, Checkpoint: 10, Daemon: true}, lostAfter)
	w.note("the conductor is killed, and is back after the leases are over")
	w.endConductor(syscall.SIGKILL)
	w.lasts(lostAfter)
	w.startConductor()
	w.checkAll()
	w.wantGround(w.runs[2], policy.StopConfirmed)
	w.wantGround(w.runs[3], policy.StopConfirmed)
	if run := w.GetRun(w.runs[0].id); run.State != task.Succeeded || run.Attempt != 1 {
		t.Errorf("the run that waits is %s in attempt %d", run.State, run.Attempt)
	}
}

func TestACutThatIsShorterThanTheLeasesChangesNothing(t *testing.T) {
	scenario(t, inFull)
	w, js := newOneOfTwo(t, probe{Ticks: 200, Every: 50 * time.Millisecond, Checkpoint: 10, Daemon: true}, 20*time.Second)
	for _, way := range []string{"both ways", "mute", "deaf"} {
		w.isolate(js, way)
		if way != "deaf" { // what it says arrives for a while
			w.awaitStatus(js, "unreachable")
			w.note("js-1 is unreachable")
			w.AwaitRun(w.runs[0].id, task.Unknown)
		} else {
			w.lasts(3 * time.Second)
		}
		w.join(js)
		w.awaitStatus(js, "online")
		w.AwaitRun(w.runs[0].id, task.Running, task.Succeeded)
	}
	w.wantUndisturbed()
}

func TestAServerThatIsDeclaredDeadIsReplacedAtOnce(t *testing.T) {
	scenario(t, inFull)
	w, js := newOneOfTwo(t, probe{Ticks: 100, Every: 40 * time.Millisecond, Checkpoint: 10}, long)
	w.isolate(js, "both ways")
	w.awaitStatus(js, "unreachable")
	if _, err := w.Client.DeclareServerDead(t.Context(), "js-1", "its power supply burnt"); err != nil {
		t.Fatal(err)
	}
	w.awaitFence(w.runs[3], 2)
	js.off() // as the operator said
	w.checkAll()
	w.wantGround(w.runs[2], policy.OperatorStatement)
	w.wantGround(w.runs[3], policy.OperatorStatement)
	w.wantResumed(w.runs[3])
	w.wantLost(w.runs[0], "dead")
}

func TestAJobThatIsLeftRunningIsNotStopped(t *testing.T) {
	scenario(t, inFull)
	w := newWorld(t, []string{"js-1", "js-2"})
	w.Group("etl", "js-1", "js-2")
	w.onlyOn("js-1")
	p := probe{Ticks: 250, Every: 40 * time.Millisecond}
	e := w.start("left", "etl", p, policy.Reset, lost(lostAfter), func(s *task.Spec) { s.LeaveRunning = true })
	e.overlaps = true
	w.awaitTick(e, 10)
	w.isolate(w.servers[0], "both ways")
	w.AwaitRun(e.id, task.Reset)
	first, _ := w.read(e)
	w.awaitTick(e, first[1].ticks+20)
	w.join(w.servers[0])
	w.checkAll()
}

// awaitHeard waits until a server was heard from after an instant.
func (w *world) awaitHeard(h *host, after time.Time) {
	w.t.Helper()
	w.Eventually(h.name+" is heard from", func(ctx context.Context) (bool, error) {
		server, err := w.Client.Server(ctx, h.name)
		return err == nil && server.LastSeen != nil && server.LastSeen.After(after), err
	})
}

// wantUndisturbed checks that every run ends well in its first attempt.
func (w *world) wantUndisturbed() {
	w.t.Helper()
	for _, e := range w.runs {
		if run := w.AwaitRun(e.id, task.Succeeded); run.Attempt != 1 {
			w.t.Errorf("%s succeeded in attempt %d", e.task, run.Attempt)
		}
	}
	w.checkAll()
}
