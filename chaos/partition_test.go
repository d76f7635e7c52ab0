package chaos

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// kinds are the policies.
var kinds = []policy.Kind{policy.Wait, policy.Reset, policy.Restart, policy.Recover}

// lostAfter is how long a server of these tests may be silent. Their leases are 2.4 s.
const lostAfter = 5 * time.Second

func TestAPartitionOfAnyKindLeavesEachPolicyTrue(t *testing.T) {
	scenario(t, inShort)
	partition(t, "both ways")
}

func TestAServerThatIsNotHeardLeavesEachPolicyTrue(t *testing.T) {
	scenario(t, inFull)
	partition(t, "mute")
}

func TestAServerThatHearsNothingLeavesEachPolicyTrue(t *testing.T) {
	scenario(t, inFull)
	partition(t, "deaf")
}

// partition cuts a server off on which there are three runs of each policy: one that ends just before, one that ends
// meanwhile, and one that would end afterwards.
func partition(t *testing.T, way string) {
	w := newWorld(t, []string{"js-1", "js-2"})
	w.Group("etl", "js-1", "js-2")
	w.onlyOn("js-1")
	runs := map[string]*expected{}
	begin := func(when string, ticks int) {
		for _, kind := range kinds {
			name := string(kind) + "-" + when
			p := probe{Ticks: ticks, Every: 40 * time.Millisecond, Checkpoint: 10, Daemon: true, Lock: name, Param: "given-to-" + when}
			runs[name] = w.start(name, "etl", p, kind, lost(lostAfter))
		}
	}
	begin("after", 250)
	begin("during", 80)
	for _, e := range w.runs {
		w.awaitTick(e, 12)
	}
	begin("before", 10)
	for _, kind := range kinds {
		w.awaitTick(runs[string(kind)+"-before"], 10-w.rnd.IntN(3))
	}
	w.anywhere()
	js := w.servers[0]
	w.isolate(js, way)
	w.edit(runs)
	for _, kind := range []policy.Kind{policy.Restart, policy.Recover} {
		w.Eventually(string(kind)+" goes on elsewhere", func(context.Context) (bool, error) {
			run := w.GetRun(runs[string(kind)+"-after"].id)
			return run.State == task.Running && run.Server != nil && *run.Server == "js-2", nil
		})
	}
	if state := w.AwaitRun(runs["reset-after"].id, task.Reset); state.Attempt != 1 {
		t.Errorf("the run that is reset has %d attempts", state.Attempt)
	}
	w.manualStart(runs["reset-after"])
	w.AwaitRun(runs["wait-after"].id, task.Unknown)
	w.join(js)
	w.awaitStatus(js, "online")
	w.checkAll()
	for _, when := range []string{"before", "during", "after"} {
		if run := w.GetRun(runs["wait-"+when].id); run.State != task.Succeeded || run.Attempt != 1 {
			t.Errorf("the run that waits is %s in attempt %d, and its job ended well in attempt 1", run.State, run.Attempt)
		}
		for _, kind := range []policy.Kind{policy.Restart, policy.Recover} {
			if run := w.GetRun(runs[string(kind)+"-"+when].id); run.State != task.Succeeded {
				t.Errorf("%s is %s because %q", run.Task, run.State, run.Reason)
			}
		}
	}
	for _, kind := range []policy.Kind{policy.Restart, policy.Recover} {
		w.wantGround(runs[string(kind)+"-after"], policy.LeaseExpired)
	}
	if attempts, _ := w.read(runs["recover-after"]); attempts[2] == nil || attempts[2].from == 0 {
		t.Error("the run that recovers did not go on from a checkpoint")
	}
}

// lost sets how long the server may be silent for a task's runs.
func lost(after time.Duration) func(*task.Spec) {
	return func(s *task.Spec) { s.UnavailableAfter = task.Duration(after) }
}

// onlyOn has new runs go to one server only.
func (w *world) onlyOn(name string) {
	w.t.Helper()
	for _, h := range w.servers {
		if h.name != name {
			if _, err := w.Client.DrainServer(w.t.Context(), h.name, "nothing goes here for now"); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// anywhere undoes onlyOn.
func (w *world) anywhere() {
	w.t.Helper()
	for _, h := range w.servers {
		if _, err := w.Client.ActivateServer(w.t.Context(), h.name, ""); err != nil {
			w.t.Fatal(err)
		}
	}
}

// edit changes every task of the runs, which must not matter to runs that were requested before.
func (w *world) edit(runs map[string]*expected) {
	w.t.Helper()
	for name := range runs {
		now, err := w.Client.Task(w.t.Context(), name)
		if err == nil {
			_, err = w.Client.PatchTask(w.t.Context(), name, now.Version, map[string]any{
				"params": map[string]string{"given": "edited"}, "on_unavailable": "wait", "job": map[string]any{"command": []string{"false"}, "run_as": nil},
			})
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// manualStart starts the task of a run that was reset once more, as an operator does: its lock shows whether the job that
// was reset is still alive.
func (w *world) manualStart(was *expected) {
	w.t.Helper()
	now, err := w.Client.Task(w.t.Context(), was.task)
	if err == nil {
		p := was.probe
		p.Ticks = 20
		_, err = w.Client.PatchTask(w.t.Context(), was.task, now.Version, map[string]any{
			"job": p.job(), "params": map[string]string{"given": p.Param},
		})
		if err == nil {
			w.again(was.task, p, policy.Wait)
		}
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// wantGround checks on what ground the second attempt of a run began: one of those.
func (w *world) wantGround(e *expected, want ...policy.Ground) {
	w.t.Helper()
	run := w.GetRun(e.id)
	if len(run.Attempts) < 2 || run.Attempts[1].Ground == nil || !slices.Contains(want, policy.Ground(*run.Attempts[1].Ground)) {
		w.t.Errorf("%s has %d attempts, and the second one none of the grounds %v", e.task, len(run.Attempts), want)
	}
}
