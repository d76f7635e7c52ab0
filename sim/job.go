package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// job is a process tree of an attempt: what really runs, whatever anyone believes of it.
type job struct {
	w    *World
	host *host
	ref  task.Ref
	task string
	// keeper is nil once it was killed; the job goes on for a moment then.
	keeper *keeper
	alive  bool
	// begun and died are instants of true time.
	begun, died time.Duration
	// stubborn jobs ignore SIGTERM, unkillable ones outlive SIGKILL for a while.
	stubborn, unkillable bool
	// from is the amount of work that was done when it began, done that which it has done since the run began.
	from, done int
	plan       plan
}

// plan is what the jobs of a task do. An attempt draws from it how long its steps take.
type plan struct {
	// work is how many steps there are, step about how long one takes; 0 for work never ends by itself.
	work int
	step time.Duration
	// fails is how likely the job fails at its end, saves whether it makes a checkpoint after each step.
	fails float64
	saves bool
}

// begin starts the processes of an attempt. It is the one place where a job comes to life.
func (k *keeper) begin(e jobserver.Execution) {
	w := k.host.w
	j := &job{w: w, host: k.host, ref: e.Ref, task: e.Task, keeper: k, alive: true, begun: w.now, plan: w.plans[e.Task]}
	j.stubborn, j.unkillable = w.rnd.in(0.4), w.rnd.in(w.profile.unkillable)
	if e.Resume != nil {
		j.from = w.truth.resumed(j, *e.Resume)
		j.done = j.from
	}
	k.job = j
	k.host.jobs[e.Ref] = j
	w.truth.begun(j)
	j.next()
}

// later has the job do something unless it is over by then. A frozen host holds it up.
func (j *job) later(d time.Duration, name string, do func()) {
	life := j.host.boots
	j.w.after(j.host.clock.real(d), fmt.Sprintf("job %s/%d %s", j.ref.Run, j.ref.Number, name), func() {
		j.host.thawed(life, func() {
			if j.alive {
				do()
			}
		})
	})
}

// next does the next step of work.
func (j *job) next() {
	if j.plan.work > 0 && j.done >= j.plan.work || j.w.ending {
		j.later(j.w.rnd.between(0, 100*time.Millisecond), "ends", func() { j.end(j.code()) })
		return
	}
	step := j.plan.step
	switch {
	case j.w.calm && j.plan.work == 0:
		step = 5 * time.Second
	case j.w.calm:
		step = min(step, 200*time.Millisecond)
	}
	j.later(j.w.rnd.between(step/2, step*3/2), "works", func() {
		j.done++
		k := j.keeper
		if k == nil {
			return
		}
		k.write(task.Record{Output: &task.OutputRecord{Stream: task.Stdout, Data: fmt.Appendf(nil, "%s/%d %d\n", j.ref.Run, j.ref.Number, j.done)}})
		if j.plan.saves {
			k.checkpoint(j.done, j.next)
			return
		}
		j.next()
	})
}

func (j *job) code() int {
	if j.w.rnd.in(j.plan.fails) {
		return 1 + j.w.rnd.IntN(3)
	}
	return 0
}

// end is the job's own end.
func (j *job) end(code int) {
	j.die()
	if j.keeper != nil {
		j.keeper.jobEnded(code)
	}
}

// die is the end of its processes, by whatever cause.
func (j *job) die() {
	if !j.alive {
		return
	}
	j.alive, j.died = false, j.w.now
	j.w.truth.died(j)
	delete(j.host.jobs, j.ref)
}

// kill is SIGKILL to all of its processes. It takes a moment, which lies within the kill bound unless the job hangs in
// the kernel.
func (j *job) kill(dead func()) {
	d := j.w.rnd.extreme(jobserver.KillBound)
	if j.unkillable {
		j.w.cover("process that cannot be killed")
		d = j.w.rnd.between(jobserver.KillBound+2*time.Second, 3*jobserver.KillBound+20*time.Second)
	}
	boots := j.host.boots
	j.w.after(d, "job dies", func() {
		if j.host.boots == boots {
			j.die()
			dead()
		}
	})
}

// contentOf is the content of a checkpoint: how much work was done.
func contentOf(ref task.Ref, done int) []byte { return fmt.Appendf(nil, "%s %d", ref.Run, done) }

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
