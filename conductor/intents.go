package conductor

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// CancelRun cancels a run for the caller named by. A run that nothing was started for ends at once; another one is
// told to stop, and ends when its exit record has come, or when its attempt is certainly over.
func (c *Conductor) CancelRun(ctx context.Context, id task.RunID, by string) (task.Run, error) {
	run, err := c.store.CancelRun(ctx, id, by, c.now())
	if err != nil {
		c.wishes.note(id, err)
		return task.Run{}, err
	}
	c.asked(run)
	return run, nil
}

// TakeUp does what the operator named by wants of a run: reset it, restart it, or recover it from a checkpoint, of which 0
// is the last. A run that has ended is queued again; one that may have a process is told to stop first, and what was asked
// follows when it certainly has.
func (c *Conductor) TakeUp(ctx context.Context, id task.RunID, intent task.Intent, checkpoint int, by string) (task.Run, error) {
	if !slices.Contains([]task.Intent{task.IntentReset, task.IntentRestart, task.IntentRecover}, intent) {
		return task.Run{}, fault.Field("intent", "must be reset, restart or recover, not %.40q", intent)
	}
	if checkpoint != 0 && intent != task.IntentRecover {
		return task.Run{}, fault.Field("checkpoint", "is for recover only")
	}
	run, err := c.store.TakeUp(ctx, id, intent, checkpoint, by, c.now())
	if err != nil {
		c.wishes.note(id, err)
		return task.Run{}, err
	}
	c.asked(run)
	return run, nil
}

// wantedOf returns what an operator wants of a run that is on a server, or "".
func wantedOf(run task.Run) task.Intent {
	if run.Pending == "" && (run.State == task.Stopping || run.State == task.Unknown && run.Prior == task.Stopping) {
		return task.IntentCancel
	}
	return run.Pending
}

// asked takes in what an operator has made of a run.
func (c *Conductor) asked(run task.Run) {
	if intent := wantedOf(run); intent != "" && run.State.OnServer() {
		ref := task.Ref{Run: run.ID, Number: run.Attempt}
		c.fleet.stopping(run.Server, ref, intent)
		c.sessions.stop(run.Server, StopOrder{Ref: ref, Intent: intent})
	}
	for _, a := range run.Attempts {
		if a.Number == run.Attempt && !a.State.Open() {
			c.fleet.release(a.Server, task.Ref{Run: run.ID, Number: a.Number})
		}
	}
	if run.State == task.Queued {
		c.wanted.add(run.Spec.Target)
	}
	c.wakeDispatcher()
	c.watch.eventsChanged()
	c.watch.outputChanged(run.ID)
}

// DeclareDead takes an operator's word that a server is dead: it is disabled, and its runs follow their policies at once.
// It is refused with fault.Conflict for a server that is heard from. Said again, it does what was left undone.
func (c *Conductor) DeclareDead(ctx context.Context, name, reason, by string) (jobserver.View, error) {
	if strings.TrimSpace(reason) == "" {
		return jobserver.View{}, fault.Field("reason", "must say why the server counts as dead")
	}
	if err := task.CheckText("reason", reason, jobserver.MaxReason); err != nil {
		return jobserver.View{}, err
	}
	now := c.now()
	if silent, online := c.fleet.heardFrom(name, now); online {
		return jobserver.View{}, fmt.Errorf("%s was heard from %s ago; it can be declared dead once it is unreachable: %w",
			name, silent.Round(100*time.Millisecond), fault.Conflict)
	}
	s, err := c.store.DeclareDead(ctx, name, reason, by, now)
	if err != nil {
		return jobserver.View{}, err
	}
	c.log.Warn("a job server was declared dead", "server", name, "by", by, "reason", reason)
	c.sessions.drop(name)
	if err := c.serversChanged(ctx); err != nil {
		return jobserver.View{}, err
	}
	c.withdrawStale(ctx, now)
	c.replace(ctx, c.fleet.seize(name, policy.OperatorStatement), now)
	return c.view(s), nil
}

// heardFrom returns for how long nothing was heard of a server, and whether it counts as online.
func (f *fleet) heardFrom(server string, now time.Time) (silent time.Duration, online bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, known := f.hosts[server]
	if !known {
		return 0, false
	}
	return now.Sub(h.heard), h.server.State == jobserver.Online
}

// Checkpoints returns the visible checkpoints of a run, oldest first.
func (c *Conductor) Checkpoints(ctx context.Context, id task.RunID) ([]task.Checkpoint, error) {
	return c.store.Checkpoints(ctx, id)
}

// CheckpointContent opens the content of a checkpoint, a tar archive; the caller closes it.
func (c *Conductor) CheckpointContent(ctx context.Context, id task.RunID, sequence int) (io.ReadSeekCloser, task.Checkpoint, error) {
	return c.store.CheckpointContent(ctx, id, sequence)
}

// RecoverableRuns returns runs that failed, timed out or were lost, newest first, each with its checkpoints.
func (c *Conductor) RecoverableRuns(ctx context.Context, taskName string, p page.Request) (page.Of[task.Recoverable], error) {
	return c.store.RecoverableRuns(ctx, taskName, p)
}
