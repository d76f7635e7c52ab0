package chaos

import (
	"testing"
	"time"

	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

func TestRunsOfAnotherUserGoOnElsewhereAsThatUserWhateverWasEdited(t *testing.T) {
	scenario(t, inFull)
	w := newWorld(t, []string{"js-1", "js-2"})
	w.startOnFirst(w.asOther(probe{Ticks: 200, Every: 40 * time.Millisecond, Checkpoint: 10, Daemon: true, Stubborn: true}), lostAfter)
	js := w.servers[0]
	w.isolate(js, "both")
	edited := map[string]*expected{}
	for _, e := range w.runs {
		edited[e.task] = e
	}
	w.edit(edited)
	w.AwaitRun(w.runs[1].id, task.Reset)
	w.awaitFence(w.runs[2], 2)
	w.awaitFence(w.runs[3], 2)
	w.join(js)
	w.awaitStatus(js, "online")
	w.checkAll()
	w.wantGround(w.runs[2], policy.LeaseExpired)
	w.wantGround(w.runs[3], policy.LeaseExpired)
	w.wantResumed(w.runs[3])
	if run := w.GetRun(w.runs[0].id); run.State != task.Succeeded || run.Attempt != 1 {
		t.Errorf("the run that waits is %s with attempt %d, want it to have succeeded with its first", run.State, run.Attempt)
	}
}
