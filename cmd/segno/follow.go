package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/segno-jobs/segno/api/client"
	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/task"
)

// cancelTime is how long a cancel at Ctrl-C may take to reach the conductor.
const cancelTime = 10 * time.Second

// following is how a run is followed.
type following struct {
	follow bool
	// cancel cancels the run at Ctrl-C.
	cancel      bool
	stderrColor bool
	// from is where to begin; zero is the beginning of the newest attempt.
	from client.LogPosition
	// seen is called with each new status, unless it is nil. It may write to the screen; an error ends the following.
	seen func(*screen, wire.RunStatus) error
}

// followToEnd prints the output of a run until it has ended, and returns an error with the exit code that its end
// stands for. Where JSON or YAML is asked for, that is the run at its end, and the log goes to standard error.
func (a *app) followToEnd(ctx context.Context, c *client.Client, r wire.Run, f following) error {
	a.note("Run %s of %s", r.ID, r.Task)
	last, err := a.follow(ctx, c, r.ID, f)
	if ctx.Err() != nil && !last.State.Final() {
		return a.interrupted(ctx, c, r.ID, f)
	}
	if err != nil {
		return fmt.Errorf("follow run %s: %w", r.ID, err)
	}
	return a.end(ctx, c, r.ID)
}

// end tells how a run ended, and returns an error with the exit code that its end stands for.
func (a *app) end(ctx context.Context, c *client.Client, id task.RunID) error {
	end, err := c.Run(ctx, id)
	if err != nil {
		return fmt.Errorf("read run %s after its end: %w", id, err)
	}
	if a.output != "table" {
		if err := a.print(end, nil); err != nil {
			return err
		}
	} else {
		a.tellEnd(end)
	}
	if code := exitCode(end.State, end.ExitCode); code != 0 {
		return &exit{code: code}
	}
	return nil
}

// follow prints the output of a run, and on standard error where it runs and how far it is, until it has ended.
func (a *app) follow(ctx context.Context, c *client.Client, id task.RunID, f following) (wire.RunStatus, error) {
	out, terminal := a.logWriter()
	s := a.newScreen(out, terminal, f.stderrColor)
	var told wire.RunStatus
	last, err := c.FollowLog(ctx, id, f.from, client.LogFollower{
		Piece: s.piece,
		Status: func(now wire.RunStatus) error {
			if text := a.change(told, now); text != "" {
				s.note(a.err, a.errStyle().dim(text))
			}
			told = now
			s.set(now.Progress)
			if f.seen != nil {
				return f.seen(s, now)
			}
			return nil
		},
	})
	s.set(nil)
	if s.middle {
		fmt.Fprintln(out)
	}
	return last, err
}

func (a *app) logWriter() (w io.Writer, terminal bool) {
	if a.output != "table" {
		return a.err, a.errTerminal
	}
	return a.out, a.outTerminal
}

// change says what is worth telling of a new status; nothing where only the progress differs.
func (a *app) change(before, now wire.RunStatus) string {
	switch {
	case now.State.Final():
		return ""
	case now.State == task.Queued && (before.State != now.State || before.Reason != now.Reason):
		if now.Reason != "" {
			return "waits: " + line(now.Reason)
		}
	case now.Server != nil && (now.Attempt != before.Attempt || before.Server == nil):
		return fmt.Sprintf("attempt %d on %s", now.Attempt, text(now.Server))
	case now.State != before.State && (now.State == task.Unknown || now.State == task.Stopping):
		return fmt.Sprintf("%s %s", now.State, line(now.Reason))
	case before.State == task.Unknown && now.State == task.Running:
		return "running again"
	}
	return ""
}

// tellEnd says on standard error how a run ended.
func (a *app) tellEnd(r wire.Run) {
	text := a.errStyle().state(string(r.State))
	if took := a.took(r); took != "" {
		text += " after " + took
	}
	if r.Reason != "" {
		text += ": " + line(r.Reason)
	}
	a.note("%s", text)
	if len(r.Outputs) > 0 {
		a.note("outputs: %s", pairs(r.Outputs))
	}
}

// interrupted leaves the run, or cancels it where that was asked for.
func (a *app) interrupted(ctx context.Context, c *client.Client, id task.RunID, f following) error {
	if !f.cancel {
		a.note("\nThe run goes on.\n  follow it   segno logs -f %s\n  stop it     segno run cancel %s", id, id)
		return &exit{code: exitInterrupted}
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTime)
	defer stop()
	r, err := c.CancelRun(ctx, id)
	if err != nil {
		return fmt.Errorf("cancel run %s: %w", id, err)
	}
	a.note("\nThe run is %s.", r.State)
	return &exit{code: exitInterrupted}
}
