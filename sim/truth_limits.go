package sim

import (
	"slices"
	"strings"

	"github.com/segno-jobs/segno/task"
)

// limitEdited notes the limit of a concurrency group that was stored.
func (t *truth) limitEdited(group string) {
	if g, err := t.w.store.ConcurrencyGroup(t.w.ctx, group); err == nil {
		t.loosest[group] = max(t.loosest[group], g.MaxConcurrent)
	}
}

// limits checks, as an attempt is committed, that no more attempts of its task and of each of the task's groups are open
// than the limits allow that are stored then: invariant 12. An attempt on a server that is not heard from is open.
func (t *truth) limits(run task.Run) {
	spec, err := t.w.store.Task(t.w.ctx, run.Task)
	if err != nil || !spec.Limited() {
		return
	}
	open, _ := t.w.store.OpenAttempts(t.w.ctx, "")
	byTask := map[string]int{}
	for _, o := range open {
		byTask[o.Task]++
	}
	t.within("its task", byTask[run.Task], spec.MaxConcurrent, run)
	for _, name := range spec.ConcurrencyGroups {
		g, err := t.w.store.ConcurrencyGroup(t.w.ctx, name)
		if err != nil {
			continue
		}
		active := 0
		for _, of := range g.Tasks {
			active += byTask[of]
		}
		t.within("a group", active, g.MaxConcurrent, run)
	}
}

func (t *truth) within(what string, active, most int, run task.Run) {
	switch {
	case most > 0 && active > most:
		t.w.fail("with an attempt of run %s, %d are open of %s, which allows %d", run.ID, active, what, most)
	case active == most:
		t.w.cover("limit reached: " + what)
	}
}

// crowd checks, as a job has come to life, that no more runs of its task and of its groups are alive than could ever be
// allowed to be.
func (t *truth) crowd(j *job) {
	spec, err := t.w.store.Task(t.w.ctx, j.task)
	if err != nil || !spec.Limited() {
		return
	}
	if n := t.alone([]string{j.task}); spec.MaxConcurrent > 0 && n > spec.MaxConcurrent {
		t.w.fail("with %s, %d runs of %s are alive, which may have %d", name(j.ref), n, j.task, spec.MaxConcurrent)
	}
	for _, group := range spec.ConcurrencyGroups {
		g, err := t.w.store.ConcurrencyGroup(t.w.ctx, group)
		if err != nil {
			continue
		}
		if n := t.alone(g.Tasks); n > t.loosest[group] {
			t.w.fail("with %s, %d runs of the group %s are alive, which was never allowed more than %d", name(j.ref), n, group, t.loosest[group])
		}
	}
}

// alone counts the runs of some tasks of which a job is alive, those not counted that are alive outside of the assumptions.
func (t *truth) alone(tasks []string) int {
	n := 0
	for id, jobs := range t.living {
		counts := func(j *job) bool { return slices.Contains(tasks, j.task) && !j.host.excused(j) }
		if slices.ContainsFunc(jobs, counts) && !t.runs[id].left {
			n++
		}
	}
	return n
}

// replaced notes that a run was cancelled for another one.
func (t *truth) replaced(reason string) {
	if strings.HasPrefix(reason, "replaced by ") {
		t.w.cover("replaced a run")
	}
}
