package guard

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// What a guard does behind keepers that have ended, of their own accord or killed.

// bereave takes a keeper that has ended, or is about to, from the list.
func (g *guardian) bereave(i int) {
	k := g.keepers[i]
	g.keepers = slices.Delete(g.keepers, i, i+1)
	closeFD(&k.channel)
	k.bereft = sinceBoot()
	g.bereaved = append(g.bereaved, k)
	g.checkWait = firstCheck
}

// clear kills what ended keepers left, which is every child that is not a keeper, and once none is left ends their
// spools and tells the clients.
func (g *guardian) clear(now time.Duration) {
	g.checkWait = min(2*g.checkWait, lastCheck)
	g.collect()
	for _, k := range g.bereaved {
		if !k.reaped {
			return
		}
		if dir := g.cgroupOf(k); dir != "" {
			_ = os.WriteFile(dir+"/cgroup.kill", []byte("1"), 0)
		}
	}
	own := os.Getpid()
	for _, pid := range children(own) {
		if !g.isKeeper(pid) {
			killBelow(own, g.isKeeper)
			g.checkWait = min(g.checkWait, 2*firstCheck)
			g.noteStuck(now)
			return
		}
	}
	g.settle(now)
}

func (g *guardian) isKeeper(pid int) bool {
	is := func(k *keeperProcess) bool { return k.pid == pid }
	return slices.ContainsFunc(g.keepers, is) ||
		slices.ContainsFunc(g.bereaved, func(k *keeperProcess) bool { return is(k) && !k.reaped })
}

// collect reaps all children that have ended.
func (g *guardian) collect() {
	for {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG|unix.WALL, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || pid == 0 {
			return
		}
		for _, k := range g.bereaved {
			k.reaped = k.reaped || k.pid == pid
		}
		if i := slices.IndexFunc(g.keepers, func(k *keeperProcess) bool { return k.pid == pid }); i >= 0 {
			g.keepers[i].reaped = true
			g.bereave(i)
		}
	}
}

// settle ends the spools of keepers of which nothing is left, and tells the clients. Where the disk is full it tries
// again later.
func (g *guardian) settle(now time.Duration) {
	waiting := g.bereaved[:0]
	for _, k := range g.bereaved {
		ref, err := g.endSpool(k)
		if err != nil {
			g.log.Error("the spool of a killed keeper could not be ended", "pid", k.pid, "error", err)
			waiting = append(waiting, k)
			g.checkWait = retryEvery
			continue
		}
		closeFD(&k.slate)
		os.Remove(g.place.controlSocket(k.pid))
		os.Remove(g.place.jobSocket(k.pid))
		os.Remove(g.place.doorSocket(k.pid))
		os.Remove(g.place.spareRoom(k.pid))
		if dir := g.cgroupOf(k); dir != "" {
			removeCgroup(dir)
		}
		g.tellAll(notice{Is: isGone, PID: k.pid, Run: ref.Run, Number: ref.Number})
	}
	g.bereaved = waiting
	if len(g.bereaved) == 0 {
		g.aloneSince = now
		g.tellAll(notice{Is: isListed})
	}
}

// endSpool ends the spool of the attempt that is on the slate of a keeper, if any, and returns the attempt.
func (g *guardian) endSpool(k *keeperProcess) (task.Ref, error) {
	ref, ok := g.onSlate(k)
	if !ok {
		return task.Ref{}, nil
	}
	g.log.Error("a keeper was killed; its run ends lost", "pid", k.pid, "attempt", spool.Name(ref))
	_, err := g.folder.Settle(ref, time.Now(), func(h spool.Header) (task.ExitKind, string) {
		return endOf(g.folder, ref, h, g.boot, keeperKilled)
	})
	if errors.Is(err, fault.NotFound) {
		err = nil
	}
	return ref, err
}

func (g *guardian) cgroupOf(k *keeperProcess) string {
	if g.cgroups == "" {
		return ""
	}
	dir := cgroupDir(g.cgroups, k.pid)
	if !exists(dir) {
		return ""
	}
	return dir
}

// strayVariables are what the processes of an attempt have in their environments.
func strayVariables(ref task.Ref) []string {
	return []string{"SEGNO_RUN_ID=" + string(ref.Run), fmt.Sprintf("SEGNO_ATTEMPT=%d", ref.Number)}
}

// endOf says how an attempt ended whose keeper is gone, with what is known of it besides.
func endOf(f *spool.Folder, ref task.Ref, h spool.Header, boot, otherwise string) (task.ExitKind, string) {
	if h.BootID != "" && boot != "" && h.BootID != boot {
		return task.ExitLost, hostRebooted
	}
	if h.Execution.Lease == nil {
		return task.ExitLost, otherwise
	}
	if l, err := f.ReadLease(ref, boot); err == nil && sinceBoot() >= l.Deadline {
		return task.ExitLeaseExpired, leaseRanOut
	}
	return task.ExitLost, otherwise
}

// noteStuck takes note of ended keepers whose processes outlive SIGKILL, and tells the clients.
func (g *guardian) noteStuck(now time.Duration) {
	fresh := false
	for _, k := range g.bereaved {
		if !k.stuck && now > k.bereft+jobserver.KillBound {
			k.stuck, fresh = true, true
			g.log.Error("processes that a keeper left outlive SIGKILL", "pid", k.pid)
		}
		if k.stuck {
			g.checkWait = lastCheck
		}
	}
	if !fresh {
		return
	}
	for _, fd := range slices.Clone(g.clients) {
		g.tellStuck(fd)
		if g.listed() {
			g.tell(fd, notice{Is: isListed})
		}
	}
}

// onSlate returns the attempt that is on the slate of a keeper, if any.
func (g *guardian) onSlate(k *keeperProcess) (task.Ref, bool) {
	var line [slateSize]byte
	if _, err := unix.Pread(k.slate, line[:], 0); err != nil {
		g.log.Error("a slate cannot be read", "pid", k.pid, "error", err)
		return task.Ref{}, false
	}
	return spool.ParseName(strings.TrimRight(string(line[:]), "\x00"))
}
