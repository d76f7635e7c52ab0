package sim

import (
	"math"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/guard"
	"github.com/segno-jobs/segno/task"
)

// keeper keeps one attempt. It decides by the real keeper's rules and does what they say to a simulated job.
type keeper struct {
	*process
	guard *guardProcess
	host  *host
	exec  jobserver.Execution
	spool *spool
	core  *guard.Core
	job   *job
	// code is that with which the job ended by itself, or -1.
	code int
	// wakes counts the alarms that were set; only the newest counts.
	wakes      int
	unkillable bool
	// saved is the sequence of the checkpoint that the job waits for, 0 for none, and goOn what it does then.
	saved int
	goOn  func()
	made  int
	ended bool
	// ordered is the stop that was ordered before the keeper took the attempt.
	ordered task.ExitKind
}

func newKeeper(g *guardProcess, e jobserver.Execution) *keeper {
	k := &keeper{guard: g, host: g.host, exec: e, spool: g.host.disk[e.Ref], code: -1}
	k.process = &process{w: g.w, name: g.host.name + " keeper " + name(e.Ref), clock: g.clock}
	k.process.start()
	return k
}

// launch begins the attempt, unless its lease says that it must not.
func (k *keeper) launch() {
	k.spool.taken = true
	k.core = guard.NewCore(k.now(), guard.Terms{Timeout: k.exec.Timeout, Grace: k.exec.StopGrace, Lease: k.lease()})
	if !k.core.MayBegin(k.now()) {
		k.w.cover("keeper began too late for its lease")
		k.finish()
		return
	}
	k.write(task.Record{Started: &task.StartedRecord{PID: 1}})
	k.begin(k.exec)
	k.step(guard.Begun{})
	if k.ordered != "" {
		k.w.cover("stop ordered before the keeper took the attempt")
		k.stop(k.ordered)
	}
}

func (k *keeper) now() time.Duration { return k.clock.elapsed() }

// lease is what the lease file says, in this start of the machine.
func (k *keeper) lease() jobserver.Lease {
	if k.spool.boot != k.host.bootID {
		return jobserver.Lease{}
	}
	return k.spool.lease
}

func (k *keeper) step(e guard.Event) {
	if k.core.LeaseDue(k.now()) {
		k.take(k.core.Step(k.now(), guard.Renewed{Lease: k.lease()}))
	}
	k.take(k.core.Step(k.now(), e))
	k.arm()
}

func (k *keeper) take(effects []guard.Effect) {
	for _, e := range effects {
		switch e {
		case guard.Terminate:
			k.w.cover("job told to end")
			if j := k.job; j != nil && !j.stubborn {
				j.later(k.w.rnd.wide(time.Millisecond, time.Second), "ends as told", func() { j.end(128 + 15) })
			}
		case guard.Kill:
			k.w.cover("job killed")
			k.kill()
		case guard.Unkillable:
			k.unkillable = true
			k.w.cover("unkillable job noticed")
		}
	}
}

func (k *keeper) kill() {
	j := k.job
	if j == nil || !j.alive {
		return
	}
	life := k.life
	j.kill(func() { k.run(life, "sees its job dead", func() { k.over(128 + 9) }) })
}

// arm sets the alarm for the core's next instant, late by as much as may be.
func (k *keeper) arm() {
	if k.ended {
		return
	}
	wake := k.core.Wake()
	if wake == math.MaxInt64 {
		return
	}
	k.wakes++
	mine := k.wakes
	late := k.w.rnd.extreme(jobserver.WakeBound)
	k.after(max(wake-k.now(), 0)+k.clock.local(late), "wakes", func() {
		if mine == k.wakes && !k.ended {
			k.step(guard.Woken{})
		}
	})
}

// jobEnded is the job's own end.
func (k *keeper) jobEnded(code int) {
	k.run(k.life, "sees its job end", func() { k.over(code) })
}

func (k *keeper) over(code int) {
	if k.ended {
		return
	}
	k.code = code
	k.step(guard.AllEnded{})
	k.finish()
}

// finish writes the exit record.
func (k *keeper) finish() {
	if k.ended {
		return
	}
	exit := task.Exit{Kind: task.ExitExited, Code: k.code, Ran: time.Second}
	if kind, detail := k.core.Stopped(); kind != "" {
		exit.Kind, exit.Detail = kind, detail
		k.w.cover("exit " + string(kind))
	} else {
		k.w.cover("exit exited")
	}
	k.write(task.Record{Exit: &exit})
	k.leave()
}

// leave lets go of the attempt.
func (k *keeper) leave() {
	k.ended = true
	delete(k.guard.keepers, k.exec.Ref)
	k.process.kill()
}

// write appends a record to the spool, and tells the agent.
func (k *keeper) write(r task.Record) {
	if k.ended || !k.up {
		return
	}
	k.spool.write(k.host, k.exec.Ref, r)
	k.guard.tell(jobserver.Grown{Ref: k.exec.Ref, Ended: k.spool.ended})
}

func (k *keeper) stop(kind task.ExitKind) {
	switch {
	case k.ended:
	case k.core == nil:
		k.ordered = kind
	default:
		k.step(guard.Ordered{Kind: kind})
	}
}

// checkpoint keeps the state of the job, which waits until the checkpoint is validated.
func (k *keeper) checkpoint(done int, goOn func()) {
	k.made++
	c := task.Checkpoint{Sequence: k.exec.LastCheckpoint + k.made, Name: "work", Step: 0}
	content := contentOf(k.exec.Ref, done)
	c.Size, c.SHA256 = int64(len(content)), hashOf(content)
	k.spool.content[c.Sequence] = content
	k.saved, k.goOn = c.Sequence, goOn
	k.write(task.Record{Checkpoint: &c})
}

// validated lets the job go on.
func (k *keeper) validated(sequence int, refused string) {
	if k.ended || k.saved != sequence {
		return
	}
	k.saved = 0
	if refused == "" {
		k.w.truth.validated(k.exec.Ref, sequence)
	}
	if j := k.job; j != nil && j.alive {
		k.goOn()
	}
}

// die kills the keeper alone: the guard sees it, kills what it left, and ends its spool.
func (k *keeper) die() {
	k.w.cover("keeper killed")
	k.leave()
	j, g := k.job, k.guard
	if !k.spool.taken {
		g.missed(k.exec)
		return
	}
	lost := func() {
		if !k.spool.ended {
			k.spool.write(k.host, k.exec.Ref, task.Record{Exit: &task.Exit{Kind: task.ExitLost, Code: -1, Detail: "its keeper was killed"}})
			g.tell(jobserver.Grown{Ref: k.exec.Ref, Ended: true})
		}
	}
	if j == nil || !j.alive {
		lost()
		return
	}
	j.keeper = nil
	g.clearing++
	g.after(g.w.rnd.between(0, 200*time.Millisecond), "clears up after a keeper", func() {
		j.kill(func() { g.clearing--; lost() })
	})
}

// abandon is what a keeper does whose guard has died: it kills what it keeps and says so.
func (k *keeper) abandon() {
	k.after(k.w.rnd.between(0, 100*time.Millisecond), "is left by its guard", func() {
		if k.ended {
			return
		}
		if !k.spool.taken {
			k.leave()
			return
		}
		lost := func() {
			if !k.spool.ended {
				k.spool.write(k.host, k.exec.Ref, task.Record{Exit: &task.Exit{Kind: task.ExitLost, Code: -1, Detail: "its guard was killed"}})
				k.guard.tell(jobserver.Grown{Ref: k.exec.Ref, Ended: true})
			}
		}
		j := k.job
		k.leave()
		if j == nil || !j.alive {
			lost()
			return
		}
		j.keeper = nil
		j.kill(lost)
	})
}
