package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/timerslack"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// errGuardLeft is a guard that is gone before it said anything.
var errGuardLeft = errors.New("the guard left")

// begin starts what runs beside, waits for the guard's list of keepers, and looks through the spools.
func (c *Client) begin(ctx context.Context) error {
	listed := make(chan error, 1)
	c.tasks.Go(c.growth.run)
	c.tasks.Go(func() { c.names.run(c.stopped, c.tellEnd, c.options.Logger) })
	c.tasks.Go(c.pool.tend)
	c.tasks.Go(func() { c.hearGuard(listed) })
	select {
	case err := <-listed:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return fmt.Errorf("connect to guard: %w", ctx.Err())
	}
	return c.takeStock(ctx)
}

// reach connects to the guard's socket, and starts a guard where none listens.
func (c *Client) reach(ctx context.Context) (*net.UnixConn, error) {
	conn, err := dial(ctx, c.place.guardSocket())
	if err == nil {
		return conn, nil
	}
	if err := c.startGuard(ctx); err != nil {
		// Another client may have been first.
		if conn, again := dial(ctx, c.place.guardSocket()); again == nil {
			return conn, nil
		}
		return nil, err
	}
	if conn, err = dial(ctx, c.place.guardSocket()); err != nil {
		return nil, fmt.Errorf("connect to guard: %w: %w", errGuardLeft, err)
	}
	return conn, nil
}

func dial(ctx context.Context, path string) (*net.UnixConn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unixpacket", path)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}

// startGuard has the program start a guard that outlives this process.
func (c *Client) startGuard(ctx context.Context) error {
	program := c.options.Program
	if program == "" {
		program = selfPath
	}
	args := []string{"guard", "--data", c.place.data, "--detach", "--linger", c.options.Linger.String()}
	if c.options.Cgroup != "" {
		args = append(args, "--cgroup", c.options.Cgroup)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Args[0] = filepath.Base(os.Args[0])
	if c.options.Program != "" {
		cmd.Args[0] = filepath.Base(program)
	}
	cmd.Env = inheritedEnv()
	var out []byte
	var err error
	timerslack.During(c.options.Slack, func() { out, err = cmd.CombinedOutput() })
	if err != nil {
		return fmt.Errorf("start guard: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// hearGuard takes the notices of the guard until it is gone or the client is closed.
func (c *Client) hearGuard(listed chan<- error) {
	defer c.growth.close()
	buf := make([]byte, maxMessage)
	for {
		n, err := hear(c.guard, buf)
		if err != nil {
			c.pool.fail(fmt.Errorf("the guard is gone: %w", fault.Unavailable))
			offer(listed, fmt.Errorf("connect to guard: %w: %w", errGuardLeft, err))
			return
		}
		switch n.Is {
		case isGuard:
			if n.Version != version {
				err := fmt.Errorf("the guard speaks version %d, this program %d: let its jobs end first", n.Version, version)
				offer(listed, err)
			}
			c.guardID, c.runsAs = n.Guard, n.RunsAs
		case isSettled:
			offer(c.settled, struct{}{})
		case isKeeper:
			c.pool.meet(n.PID)
		case isGone:
			c.pool.part(n.PID, n.ref())
		case isUnkillable:
			c.noteUnkillable(n.ref(), n.Unkillable)
		case isUnable:
			c.pool.refused(errors.New(n.Error))
		case isListed:
			offer(listed, nil)
		}
	}
}

// offer sends v where someone waits for the first one.
func offer[T any](ch chan<- T, v T) {
	select {
	case ch <- v:
	default:
	}
}

// takeStock looks through the spools that an earlier client left.
func (c *Client) takeStock(ctx context.Context) error {
	refs, err := c.folder.Refs()
	if err != nil {
		return err
	}
	// What ended may be told at once.
	if err := c.folder.Sync(); err != nil {
		return err
	}
	refs = slices.DeleteFunc(refs, func(ref task.Ref) bool { return !c.discover(ref) })
	// Whoever else holds a spool is about to end: a keeper that was killed just now, or has lost its guard.
	for give := time.Now().Add(settleWithin); len(refs) > 0; {
		if refs, err = c.judge(ctx, refs); err != nil {
			return err
		}
		if len(refs) == 0 || time.Now().After(give) {
			break
		}
		select {
		case <-time.After(firstCheck):
		case <-ctx.Done():
			return fmt.Errorf("look through spools: %w", ctx.Err())
		}
	}
	for _, ref := range refs {
		c.settle(ref, guardKilled)
	}
	return nil
}

// settleWithin is how long a client waits, before it tells what is kept, for spools that someone holds who is no keeper
// that it knows.
const settleWithin = jobserver.KillBound

// judge settles the spools that nobody holds, and returns the others.
func (c *Client) judge(ctx context.Context, refs []task.Ref) (held []task.Ref, err error) {
	abandoned := map[task.Ref]bool{}
	for _, ref := range refs {
		if c.folder.Abandoned(ref) {
			abandoned[ref] = true
		}
	}
	if len(abandoned) > 0 {
		// The keeper of such a spool may have died just now; then the guard settles it, and knows why.
		if err := c.awaitGuard(ctx); err != nil {
			return nil, err
		}
	}
	for _, ref := range refs {
		done := abandoned[ref]
		if !done {
			done, err = c.folder.Ended(ref)
			done = done || errors.Is(err, fault.NotFound)
		}
		if !done || !(abandoned[ref] && c.removeUnbegun(ref) || c.trySettle(ref, guardKilled)) {
			held = append(held, ref)
		}
	}
	return held, nil
}

// discover notes that an attempt has a spool. It reports whether neither a keeper nor the guard has told of it.
func (c *Client) discover(ref task.Ref) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.attempts[ref] != nil {
		return false
	}
	c.attempts[ref] = &held{beside: true}
	return true
}

// awaitGuard returns once the guard has cleared up behind every keeper that had ended when it was called.
func (c *Client) awaitGuard(ctx context.Context) error {
	if c.guardID == "" {
		return nil // It is of an earlier version.
	}
	text, err := json.Marshal(order{Do: doSettle})
	if err == nil {
		_, err = c.guard.Write(text)
	}
	if err != nil {
		return fmt.Errorf("ask guard: %w: %w", errGuardLeft, err)
	}
	select {
	case <-c.settled:
		return nil
	case <-c.growth.done:
		return fmt.Errorf("ask guard: %w", errGuardLeft)
	case <-ctx.Done():
		return fmt.Errorf("ask guard: %w", ctx.Err())
	}
}

// removeUnbegun removes the spool of an attempt, and what lies beside it, if certainly no keeper has ever taken it: its
// agent was killed before it had handed it over, or the keeper before it looked. To the conductor that is the same as if
// the agent had been killed a moment earlier, before there was a spool. It reports whether it was so.
//
// That no keeper has taken it is known if it was made for the keepers of the present guard: they live, and hold the lock
// of what they have taken, or the guard has ended it in their stead.
func (c *Client) removeUnbegun(ref task.Ref) bool {
	removed, err := c.folder.RemoveUnbegun(ref, func(h spool.Header) bool { return c.guardID != "" && h.Guard == c.guardID })
	if err == nil && removed {
		err = c.folder.RemoveBeside(ref)
	}
	if err != nil {
		c.options.Logger.Error("what was left of an attempt that never began could not be removed", "attempt", spool.Name(ref), "error", err)
	}
	if !removed {
		return false
	}
	c.options.Logger.Warn("an attempt was given to no keeper before the agent ended; it never began", "attempt", spool.Name(ref))
	c.forget(ref, c.find(ref))
	return true
}

// settle sees to it that the spool of an attempt without a keeper has its exit record. Where a keeper that lost its
// guard is still about it, or the disk is full, it is tried again beside.
func (c *Client) settle(ref task.Ref, reason string) {
	if c.trySettle(ref, reason) {
		return
	}
	c.tasks.Go(func() {
		again := time.NewTicker(lastCheck)
		defer again.Stop()
		for {
			select {
			case <-again.C:
				if c.trySettle(ref, reason) {
					return
				}
			case <-c.stopped.Done():
				return
			}
		}
	})
}

// trySettle reports whether the spool of ref needs no more care.
func (c *Client) trySettle(ref task.Ref, reason string) bool {
	state, err := c.folder.Settle(ref, time.Now(), func(h spool.Header) (task.ExitKind, string) {
		killStrays(strayVariables(ref)...)
		return endOf(c.folder, ref, h, c.boot, reason)
	})
	if errors.Is(err, fault.NotFound) {
		return true
	}
	if err != nil {
		c.noteWrite(err)
		c.options.Logger.Error("a spool could not be settled", "attempt", spool.Name(ref), "error", err)
		return false
	}
	if state == spool.Held {
		return false
	}
	c.ended(ref, true)
	return true
}
