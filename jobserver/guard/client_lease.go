package guard

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// Renew sets the lease of an attempt. It is in force when Renew returns, whatever becomes of this process: the keeper
// looks at the file when the deadline comes near. One with an earlier deadline is passed over, unless the present one is
// that of a hold; the keeper is told of it then. For an attempt that is not kept, or had no lease from the start, the
// error is fault.NotFound. At one time there may be one call for an attempt.
func (c *Client) Renew(ref task.Ref, lease jobserver.Lease) error {
	c.mu.Lock()
	h := c.attempts[ref]
	if h == nil || h.ended || h.lease == nil {
		c.mu.Unlock()
		return fmt.Errorf("renew %s: %w", spool.Name(ref), fault.NotFound)
	}
	before, k := *h.lease, h.keeper
	c.mu.Unlock()
	earlier := lease.Deadline < before.Deadline
	if earlier && !before.Held || lease.Deadline <= 0 {
		return nil
	}
	if err := c.folder.WriteLease(ref, c.boot, lease); err != nil {
		c.noteWrite(err)
		return fmt.Errorf("renew: %w", err)
	}
	if earlier && k != nil {
		if err := k.order(order{Do: doLook, Run: ref.Run, Number: ref.Number}); err != nil {
			return fmt.Errorf("renew %s: %w: %w", spool.Name(ref), fault.Unavailable, err)
		}
	}
	c.mu.Lock()
	h.lease = &lease
	c.mu.Unlock()
	return nil
}

// leaseOnDisk returns the lease that an earlier client wrote, or nil.
func (c *Client) leaseOnDisk(ref task.Ref) *jobserver.Lease {
	l, err := c.folder.ReadLease(ref, c.boot)
	if err != nil {
		return nil
	}
	return &l
}

// Rounds of killing what is below a keeper before it is killed itself.
const (
	expireRounds = 3
	expirePause  = 2 * time.Millisecond
)

// Expire kills an attempt, with its keeper, that the keeper did not end although its lease has run out; the guard clears
// up behind it. For one whose lease has not run out, by the clock and the disk of this host, the error is fault.Conflict.
// For one that has ended, which this process may not have heard yet, it is fault.NotFound.
func (c *Client) Expire(ref task.Ref) error {
	c.mu.Lock()
	h := c.attempts[ref]
	var k *keeperConn
	if h != nil && !h.ended {
		k = h.keeper
	}
	c.mu.Unlock()
	if done, err := c.folder.Ended(ref); k == nil || done || err != nil {
		return fmt.Errorf("expire %s: %w", spool.Name(ref), errors.Join(fault.NotFound, err))
	}
	l, err := c.folder.ReadLease(ref, c.boot)
	if err != nil {
		return fmt.Errorf("expire: %w", err)
	}
	if l.Deadline <= 0 || sinceBoot() <= l.Deadline+jobserver.WakeBound {
		return fmt.Errorf("expire %s: its lease has not run out: %w", spool.Name(ref), fault.Conflict)
	}
	return k.kill()
}

// kill kills what is below the keeper, and then the keeper.
func (k *keeperConn) kill() error {
	k.killing.Lock()
	defer k.killing.Unlock()
	if k.pidfd < 0 {
		return fmt.Errorf("kill keeper %d: there is no descriptor of it: %w", k.pid, fault.Unavailable)
	}
	for range expireRounds {
		if unix.PidfdSendSignal(k.pidfd, 0, nil, 0) != nil {
			return nil // It is gone.
		}
		killBelow(k.pid, nil)
		time.Sleep(expirePause)
	}
	if err := unix.PidfdSendSignal(k.pidfd, unix.SIGKILL, nil, 0); err != nil && err != unix.ESRCH {
		return fmt.Errorf("kill keeper %d: %w", k.pid, err)
	}
	return nil
}

// noteUnkillable takes note of whether processes of an attempt outlive SIGKILL. It may be one that an earlier client
// started, of which only the guard knows.
func (c *Client) noteUnkillable(ref task.Ref, is bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.attempts[ref]
	if h == nil && is && ref.Run != "" {
		h = &held{beside: true}
		c.attempts[ref] = h
	}
	if h != nil {
		h.unkillable = is
	}
}
