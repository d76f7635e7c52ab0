package chaos

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

func TestAJobOfStepsGoesOnAtTheStepInWhichItsHostWasLost(t *testing.T) {
	scenario(t, inFull)
	w := newWorld(t, []string{"js-1", "js-2"})
	w.Group("etl", "js-1", "js-2")
	w.onlyOn("js-1")
	told := filepath.Join(w.truth, "steps")
	sh := func(text string, args ...string) []string {
		return append([]string{"sh", "-euc", text, "sh", told}, args...)
	}
	job := task.Job{Steps: []task.Step{
		{Name: "extract", Command: sh(`echo "extract $SEGNO_ATTEMPT" >>$1; mkdir -p out; echo 42 >out/rows; jobserver output rows=42`), Keep: []string{"out/*"}},
		{Name: "load", Command: sh(`echo "load $SEGNO_ATTEMPT $(cat out/rows)" >>$1; if [ $SEGNO_ATTEMPT = 1 ]; then sleep 600; fi`)},
		{Name: "report", Command: sh(`echo "report $SEGNO_ATTEMPT" >>$1`)},
	}}
	w.Task("steps", "etl", job, lost(lostAfter), func(s *task.Spec) {
		word := policy.Word(policy.Recover)
		s.OnUnavailable = &word
	})
	id := w.StartRun("steps")
	w.Eventually("the checkpoint of the first step is there", func(ctx context.Context) (bool, error) {
		checkpoints, err := w.Client.Checkpoints(ctx, id)
		return len(checkpoints) == 1, err
	})
	w.anywhere()
	w.note("js-1 is lost")
	w.servers[0].off()
	run := w.AwaitRun(id, task.Succeeded)
	text, err := os.ReadFile(told)
	if want := "extract 1\nload 1 42\nload 2 42\nreport 2\n"; err != nil || string(text) != want {
		t.Errorf("the steps told %q (%v), want %q", text, err, want)
	}
	if run.Outputs["rows"] != "42" {
		t.Errorf("it has the outputs %v, want those of the step before the checkpoint, too", run.Outputs)
	}
	if run.Attempt != 2 || run.Attempts[1].Server != "js-2" {
		t.Errorf("it ended in attempt %d on %s, want 2 on js-2", run.Attempt, run.Attempts[run.Attempt-1].Server)
	}
}

func TestAFailedJobIsTriedAgainElsewhereFromItsCheckpoint(t *testing.T) {
	scenario(t, inFull)
	w := newWorld(t, []string{"js-1", "js-2"})
	w.Group("etl", "js-1", "js-2")
	p := probe{Ticks: 60, Every: 30 * time.Millisecond, Checkpoint: 10, Fails: 35}
	e := w.start("retried", "etl", p, policy.Wait, func(s *task.Spec) {
		s.Retries = task.Retries{Max: 2, Backoff: task.Duration(200 * time.Millisecond), From: task.RetryFromCheckpoint}
	})
	e.further = true
	run := w.AwaitRun(e.id, task.Succeeded)
	w.checkAll()
	w.wantResumed(e)
	if run.Tries != 1 || len(run.Attempts) != 2 || run.Attempts[0].Server == run.Attempts[1].Server {
		t.Errorf("after %d failed tries it had %d attempts, want 2 on different servers", run.Tries, len(run.Attempts))
	}
}

func TestAnOperatorRecoversARunFromACheckpointOfTheirChoice(t *testing.T) {
	scenario(t, inFull)
	w := newWorld(t, []string{"js-1", "js-2"})
	w.Group("etl", "js-1", "js-2")
	e := w.start("chosen", "etl", probe{Ticks: 60, Every: 30 * time.Millisecond, Checkpoint: 10, Fails: 45}, policy.Wait)
	e.further = true
	w.AwaitRun(e.id, task.Failed)
	checkpoints, err := w.Client.Checkpoints(t.Context(), e.id)
	if err != nil || len(checkpoints) < 2 {
		t.Fatalf("got checkpoints %+v (%v), want some", checkpoints, err)
	}
	if _, err := w.Client.RecoverRun(t.Context(), e.id, checkpoints[0].Sequence); err != nil {
		t.Fatal(err)
	}
	w.AwaitRun(e.id, task.Succeeded)
	w.checkAll()
	if attempts, _ := w.read(e); attempts[2].from != 10 {
		t.Errorf("it went on from %d, want 10", attempts[2].from)
	}
}
