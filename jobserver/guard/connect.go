package guard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
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
	return c.takeStock()
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
	if out, err := cmd.CombinedOutput(); err != nil {
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
func (c *Client) takeStock() error {
	refs, err := c.folder.Refs()
	if err != nil {
		return err
	}
	// What ended may be told at once.
	if err := c.folder.Sync(); err != nil {
		return err
	}
	for _, ref := range refs {
		c.mu.Lock()
		_, known := c.attempts[ref]
		if !known {
			c.attempts[ref] = &held{beside: true}
		}
		c.mu.Unlock()
		if !known {
			c.settle(ref, guardKilled)
		}
	}
	return nil
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
