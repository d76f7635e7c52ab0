package guard

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// start takes the spool of an attempt and starts its job. After an error nothing was started and fd is closed; a job
// that cannot be started is no error but an exit record.
func (k *keeper) start(fd int, now time.Duration) error {
	if fd < 0 {
		return errors.New("an order to start came without a spool")
	}
	if k.attempt != nil {
		unix.Close(fd)
		return fmt.Errorf("keeper %d keeps %s: %w", k.pid, spool.Name(k.attempt.Ref), fault.Conflict)
	}
	h, err := k.spool.Take(fd)
	if err != nil {
		unix.Close(fd)
		return err
	}
	if err := k.note(&h.Execution.Ref); err != nil {
		unix.Close(fd)
		return err
	}
	a := newAttempt(h.Execution, &k.spool, now)
	a.oomBase = -1
	k.attempt = a
	if a.Lease != nil {
		k.watchLease(now)
	}
	switch err := k.furnish(a); {
	case err != nil:
		k.notStarted(err, now)
	case a.Job.Archive != nil:
		k.unpackPackage(now)
	case a.Resume != nil:
		k.unpack(now)
	default:
		k.beginStep(now)
	}
	return nil
}

// furnish makes what the job of an attempt finds: its folder, environment, script, and the socket to the keeper.
func (k *keeper) furnish(a *attempt) (err error) {
	if a.Job.RunAs != "" {
		if err := k.admit(a); err != nil {
			return err
		}
	}
	if a.dir, err = k.rooms.open(a.Ref, a.who); err != nil {
		return err
	}
	a.env, a.path = k.launch.env.of(&a.Execution, a.dir, a.who, a.door)
	a.steps, err = stepsOf(&a.Job, a.dir, a.who)
	return err
}

// beginStep starts the present step, unless the attempt is to end.
func (k *keeper) beginStep(now time.Duration) {
	a := k.attempt
	if !a.core.MayBegin(now) {
		k.endBetween(now)
		return
	}
	s := a.steps[a.step]
	if s.name != "" {
		a.mark("step %s (%d of %d) begins", s.name, a.step+1, len(a.steps))
	}
	p, err := k.launchStep(s)
	if err != nil {
		if s.name != "" {
			err = fmt.Errorf("step %q: %w", s.name, err)
		}
		k.notStarted(err, now)
		return
	}
	a.leader, a.leaderGone, a.phase, a.killed = p, false, running, false
	a.checkWait = firstCheck
	if err := k.watchProcess(p); err != nil {
		k.log.Warn("a process cannot be waited for; it is looked at instead", "pid", p.pid, "error", err)
		a.checkWait, a.checkAt = lastCheck, now+firstCheck
	}
	if !a.begun {
		a.begun = true
		a.spool.Started(time.Now(), p.pid)
		a.flushBy(now + startDelay)
	} else {
		a.flushBy(now + flushDelay)
	}
	k.carryOut(a.core.Step(now, Begun{}), now)
}

func (k *keeper) launchStep(s step) (process, error) {
	a := k.attempt
	if err := k.cgroup.renew(); err != nil {
		return process{}, err
	}
	k.cgroup.limitMemory(a.MemoryLimit)
	if s.dir != "" {
		return k.launch.command(s.argv, append(slices.Clip(a.env), s.env...), a.path, s.dir, a.who)
	}
	return k.launch.command(s.argv, a.env, a.path, a.dir, a.who)
}

// watchProcess waits for the end of a process and for its output.
func (k *keeper) watchProcess(p process) error {
	if !k.full {
		if err := errors.Join(k.waiter.add(p.stdout), k.waiter.add(p.stderr)); err != nil {
			return err
		}
	}
	if p.fd < 0 {
		return errors.New("the kernel gave no descriptor of it")
	}
	return k.waiter.add(p.fd)
}

// notStarted ends an attempt of which a process could not be started.
func (k *keeper) notStarted(err error, now time.Duration) {
	a := k.attempt
	a.exit = &task.Exit{
		Kind: task.ExitNotStarted, Code: -1, Detail: err.Error(),
		CPU: a.cpu, PeakMemory: a.peak, Ran: now - a.began,
	}
	k.finish(now)
}

// endBetween ends an attempt that is to end while no process of it exists.
func (k *keeper) endBetween(now time.Duration) {
	a := k.attempt
	kind, detail := a.core.Stopped()
	if !a.begun && detail == "" {
		detail = "stopped before it was started"
	}
	a.exit = &task.Exit{Kind: kind, Code: -1, Detail: detail, CPU: a.cpu, PeakMemory: a.peak, Ran: now - a.began}
	k.finish(now)
}

// decide takes an event to the core of the attempt and does what comes of it. What has ended by itself is seen first.
func (k *keeper) decide(e Event, now time.Duration) {
	a := k.attempt
	if k.reap(now); k.attempt != a || a.phase == committing {
		return
	}
	if a.core.LeaseDue(now) {
		if k.lookAtLease(now); k.attempt != a {
			return
		}
	}
	k.carryOut(a.core.Step(now, e), now)
	if kind, _ := a.core.Stopped(); kind != "" && a.aside != nil {
		a.aside()
	}
}

// carryOut does what the core wants.
func (k *keeper) carryOut(effects []Effect, now time.Duration) {
	a := k.attempt
	for _, e := range effects {
		if e != Unkillable && !a.leaderGone {
			a.stop, a.stopDetail = a.core.Stopped()
		}
		switch e {
		case Terminate:
			if !a.leaderGone {
				unix.Kill(-a.leader.pid, unix.SIGTERM)
				unix.Kill(-a.leader.pid, unix.SIGCONT) // One that is stopped could not take the SIGTERM.
			}
		case Kill:
			k.kill(now)
		case Unkillable:
			a.unkillable = true
			k.log.Error("processes of a run outlive SIGKILL", "attempt", spool.Name(a.Ref))
			k.tellUnkillable()
		}
	}
}

// tellUnkillable tells whether processes of the attempt outlive SIGKILL.
func (k *keeper) tellUnkillable() {
	a := k.attempt
	k.tell(notice{Is: isUnkillable, Run: a.Ref.Run, Number: a.Ref.Number, Unkillable: a.unkillable})
}

// kill kills every process of the attempt.
func (k *keeper) kill(now time.Duration) {
	a := k.attempt
	if a.phase != running && a.phase != clearing {
		return
	}
	a.killed = a.killed || !a.leaderGone
	k.cgroup.kill()
	killBelow(k.pid, nil)
	a.checkLater(now)
}

// checkLater has the processes looked at soon, and ever later.
func (a *attempt) checkLater(now time.Duration) {
	a.checkAt = now + a.checkWait
	a.checkWait = min(2*a.checkWait, lastCheck)
}

// reap takes the processes that have ended. Once the first of the step has, the others are killed, and once none is
// left the step is over. While the job is being stopped the others have their grace like the first.
func (k *keeper) reap(now time.Duration) {
	a := k.attempt
	if a.phase != running && a.phase != clearing {
		return
	}
	none := k.collect()
	switch {
	case !a.leaderGone:
		if a.leader.fd < 0 {
			a.checkLater(now)
		}
	case none:
		k.carryOut(a.core.Step(now, AllEnded{}), now)
		k.endStep(now)
	case a.phase == running:
		a.phase = clearing
		if k.carryOut(a.core.Step(now, LeaderEnded{}), now); !a.core.Killed() {
			a.checkLater(now)
		}
	case a.core.Killed():
		k.kill(now)
	default:
		a.checkLater(now)
	}
}

// collect reaps what has ended, and reports whether no process is left.
func (k *keeper) collect() bool {
	a := k.attempt
	for {
		var status unix.WaitStatus
		var used unix.Rusage
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG|unix.WALL, &used)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return true
		case pid == 0:
			return false
		}
		a.account(&used)
		if pid == a.leader.pid && !a.leaderGone {
			a.leaderGone, a.status = true, status
			closeFD(&a.leader.fd)
		}
	}
}

// endStep goes on to the next step, or to the end.
func (k *keeper) endStep(now time.Duration) {
	a := k.attempt
	a.phase, a.checkAt = draining, never
	if a.unkillable {
		a.unkillable = false
		k.tellUnkillable()
	}
	if !k.drain() {
		return // Until there is room; resume comes back here.
	}
	a.closeStep()
	if name := a.steps[a.step].name; name != "" {
		a.mark("step %s (%d of %d) ended with %s", name, a.step+1, len(a.steps), describe(a.status))
	}
	if a.step+1 < len(a.steps) && a.stop == "" && a.status.Exited() && a.status.ExitStatus() == 0 {
		a.step++
		k.pack(now)
		return
	}
	e := a.result(now)
	e.OOM = k.outOfMemory(e)
	a.exit = &e
	k.finish(now)
}

func describe(s unix.WaitStatus) string {
	if s.Signaled() {
		return fmt.Sprintf("signal %d", int(s.Signal()))
	}
	return fmt.Sprintf("exit code %d", s.ExitStatus())
}

// outOfMemory reports whether the kernel killed the job for want of memory. Without a control group of its own, that is
// inferred from a SIGKILL that the keeper did not send while the host's count of such kills rose.
func (k *keeper) outOfMemory(e task.Exit) bool {
	a := k.attempt
	byKill := e.Code == 128+int(unix.SIGKILL) && !a.killed
	if k.cgroup != nil && (byKill || k.cgroup.limit > 0) {
		if killed, known := k.cgroup.oomKilled(); known {
			return killed
		}
	}
	if !byKill {
		return false
	}
	base := max(a.oomBase, k.oomSeen)
	k.oomSeen = hostOOMKills()
	return k.oomSeen > base
}

// finish appends the exit record behind all else.
func (k *keeper) finish(now time.Duration) {
	a := k.attempt
	a.phase = committing
	a.closeStep()
	k.leaveWaiting()
	if a.progress != nil {
		k.writeProgress(now)
	}
	if a.output.dropped > 0 {
		a.mark("%d bytes of output were dropped", a.output.dropped)
	}
	if err := a.spool.Exit(time.Now(), *a.exit); err != nil {
		k.log.Error("an exit record could not be made", "attempt", spool.Name(a.Ref), "error", err)
	}
	k.commit(now)
}

// commit makes the exit record durable, and only then tells of it and lets go of the attempt.
func (k *keeper) commit(now time.Duration) {
	a := k.attempt
	if err := a.spool.Commit(); err != nil {
		k.disk(err, now)
		return
	}
	k.disk(nil, now)
	if a.Job.Script != nil && a.dir != "" {
		unix.Unlink(a.dir + "/" + scriptFile)
	}
	if a.dir != "" {
		k.place.dropLink(a)
		k.rooms.close(a.dir)
	}
	if err := k.note(nil); err != nil {
		k.log.Error("a slate could not be cleared", "error", err)
	}
	a.door.close()
	a.spool.Close()
	k.tell(notice{Is: isEnded, Run: a.Ref.Run, Number: a.Ref.Number, Beside: a.Lease != nil || a.Resume != nil || a.Job.Archive != nil || a.drafts+a.made > 0})
	k.attempt, k.idleSince, k.tidyAt = nil, now, now+tidyUsed+time.Duration(k.pid)*(99*time.Millisecond)%tidySpread
	k.leaving = k.leaving || k.guard < 0
}

// flush writes what is pending, and tells the client.
func (k *keeper) flush(now time.Duration) {
	a := k.attempt
	a.flushAt = never
	if a.spool.Pending() == 0 {
		return
	}
	err := a.spool.Flush()
	k.disk(err, now)
	if err == nil {
		k.tellOf(isGrown)
	}
}

// disk takes note of whether the last write succeeded, and tells the client when that changes.
func (k *keeper) disk(err error, now time.Duration) {
	if err != nil {
		k.retryAt = now + retryEvery
	}
	if (err != nil) == k.full {
		return
	}
	k.full = err != nil
	if k.full {
		k.log.Error("a spool cannot be written; its job waits until it can", "attempt", spool.Name(k.attempt.Ref), "error", err)
		k.watchOutput(false)
		k.tell(notice{Is: isFull, Error: err.Error()})
		return
	}
	k.log.Info("spools can be written again")
	k.watchOutput(true)
	k.tell(notice{Is: isRoom})
}

// resume tries again to write what a full disk held up. A keeper without a guard, of whose job nothing is left, does not
// try for long: whoever finds the spool will end it.
func (k *keeper) resume(now time.Duration) {
	a := k.attempt
	if ended := a.phase == draining || a.phase == committing; ended && k.orphaned != never && now > k.orphaned+abandonWithin {
		k.log.Error("an exit record could not be written", "attempt", spool.Name(a.Ref))
		k.leaving = true
		return
	}
	if a.phase == committing {
		k.commit(now)
		return
	}
	k.flush(now)
	if !k.full && a.phase == draining {
		k.endStep(now)
	}
}
