package conductor_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// TestAFurtherAttemptIsTheLastExecutionWhateverWasEditedMeanwhile edits all that an execution is made of.
func TestAFurtherAttemptIsTheLastExecutionWhateverWasEditedMeanwhile(t *testing.T) {
	lose := func(_ *world, _ task.RunID, a *agent) { a.cut = true }
	for what, tt := range map[string]struct {
		kind policy.Kind
		end  func(w *world, id task.RunID, a *agent)
	}{
		"restarted by its policy": {policy.Restart, lose},
		"recovered by its policy": {policy.Recover, lose},
		"tried again as it failed": {policy.Wait, func(_ *world, id task.RunID, a *agent) {
			a.end(refOf(id, 1), task.ExitExited, 7)
		}},
		"restarted by hand after its end": {policy.Wait, func(w *world, id task.RunID, a *agent) {
			a.end(refOf(id, 1), task.ExitLost, -1)
			w.wantState(id, task.Lost)
			_, err := w.c.TakeUp(w.t.Context(), id, task.IntentRestart, 0, "ops")
			check(w.t, err)
		}},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, "js-1", "js-2")
			w.task("load", policy.Word(tt.kind), func(s *task.Spec) {
				s.Job = task.Job{
					Steps: []task.Step{{Name: "get", Command: []string{"get", "${{ params.date }}"}, Keep: []string{"*.csv"}}, {Name: "put", Command: []string{"put"}}},
					Env:   map[string]string{"REGION": "EU"},
				}
				s.Params = map[string]string{"date": "2026-01-01", "size": "3"}
				s.Timeout, s.StopGrace = task.Duration(time.Hour), task.Duration(7*time.Second)
				s.OutputLimit, s.Resources.Memory = 1<<20, 1<<30
				s.Retries = task.Retries{Max: 1}
			})
			id, a := w.start("load")
			first := a.offers[refOf(id, 1)]
			edit := func(s *task.Spec) error {
				wait := policy.Word(policy.Reset)
				*s = task.Spec{
					Name: s.Name, Target: s.Target, OnUnavailable: &wait,
					Job:    task.Job{Command: []string{"another"}, Env: map[string]string{"REGION": "US", "MORE": "1"}},
					Params: map[string]string{"date": "2030-12-31", "new": "x"}, Timeout: task.Duration(time.Minute),
					StopGrace: task.Duration(time.Second), OutputLimit: 1 << 10, Resources: task.Resources{Memory: 1 << 20},
				}
				return nil
			}
			_, err := w.c.EditTask(t.Context(), "load", 0, edit)
			check(t, err)
			tt.end(w, id, a)
			w.until(3*time.Minute, "a further attempt runs", func() bool {
				run := w.run(id)
				return run.State == task.Running && run.Attempt == 2
			})
			second := w.hosts[w.run(id).Server].offers[refOf(id, 2)]
			ignored := cmpopts.IgnoreFields(jobserver.Execution{}, "Ref", "Traceparent")
			if diff := cmp.Diff(first, second, ignored); diff != "" || len(first.Job.Steps) != 2 || first.Params["size"] != "3" {
				t.Errorf("the further attempt is another execution (-first +second):\n%s", diff)
			}
			if fresh := w.offered(w.request("load")); cmp.Equal(first, fresh, ignored) || fresh.Job.Command == nil {
				t.Errorf("a new run is %+v, want it as the task is now", fresh)
			}
		})
	}
}

// offered returns what the first attempt of a run is, once it runs.
func (w *world) offered(id task.RunID) jobserver.Execution {
	w.t.Helper()
	return w.awaitRunning(id).offers[refOf(id, 1)]
}
