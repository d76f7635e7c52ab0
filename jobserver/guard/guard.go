package guard

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/timerslack"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
)

const (
	// maxKeepers is the most keepers of a guard: one for each slot that a server may have, and some to spare.
	maxKeepers = jobserver.MaxSlots + 64
	// DefaultLinger is how long a guard stays that keeps nothing and has no client.
	DefaultLinger = time.Minute
)

// Options are the settings of a guard.
type Options struct {
	// Data is the data folder of the job server.
	Data string
	// Cgroup is CgroupAuto, CgroupOff or the folder of a delegated control group of version 2; empty means auto.
	Cgroup string
	// Linger is how long the guard stays while it keeps nothing and no client is connected; 0 means DefaultLinger.
	Linger time.Duration
	Logger *slog.Logger
	// Ready is called once clients can connect, or is nil.
	Ready func()
}

// guardian is a running guard. All of it belongs to the one loop in run.
type guardian struct {
	// id tells this guard from any other of the host's present boot.
	id      string
	place   place
	log     *slog.Logger
	cgroups string
	linger  time.Duration
	// slack is the timer slack of jobs.
	slack  time.Duration
	folder *spool.Folder
	boot   string

	waiter               *waiter
	lock, listener, null int
	clients              []int
	// asking are clients to be told once it has cleared up behind every keeper that has ended.
	asking  []int
	keepers []*keeperProcess
	// bereaved are keepers that have ended, and whose processes are being cleared away.
	bereaved  []*keeperProcess
	checkWait time.Duration
	// lookAt is when to look at the leases of keepers next.
	lookAt time.Duration
	// aloneSince is when the last client or keeper left, heardAt when something last happened; tidied is true once memory
	// was given back since.
	aloneSince, heardAt time.Duration
	tidied              bool
	message             [maxMessage]byte
}

// keeperProcess is a keeper as its guard sees it.
type keeperProcess struct {
	pid int
	// channel ends when the keeper does; slate tells what it keeps.
	channel, slate int
	ready          bool
	// leased is true while it may keep an attempt with a lease. doomed is true once it was killed for one that it did not
	// end.
	leased, doomed bool
	// bereft is when it ended, and stuck is true once processes that it left have outlived SIGKILL for too long.
	bereft time.Duration
	stuck  bool
	// reaped is true once the guard has waited for the process.
	reaped bool
}

// Serve runs a guard until it has had nothing to keep and no client for a while. There can be one per data folder; a
// second is refused with fault.Conflict.
func Serve(o Options) error {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(50)
	unix.Umask(0o077)
	g, err := newGuardian(o)
	if err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	defer g.close()
	if o.Ready != nil {
		o.Ready()
	}
	return g.run()
}

func newGuardian(o Options) (*guardian, error) {
	p, err := openPlace(o.Data)
	if err != nil {
		return nil, err
	}
	g := &guardian{
		id: fmt.Sprintf("%d-%d", os.Getpid(), sinceBoot()), place: p, log: o.Logger, linger: o.Linger, slack: timerslack.Current(), boot: bootID(),
		lock: -1, listener: -1, null: -1, aloneSince: sinceBoot(), heardAt: sinceBoot(), lookAt: never,
	}
	if g.linger <= 0 {
		g.linger = DefaultLinger
	}
	if err := g.open(o.Cgroup); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

func (g *guardian) open(cgroup string) (err error) {
	if err := becomeSubreaper(); err != nil {
		return err
	}
	if g.lock, err = lockFile(g.place.lock()); err != nil {
		return err
	}
	for _, dir := range []string{g.place.sockets(), g.place.doors()} {
		if err := removeAllIn(dir); err != nil {
			return err
		}
	}
	if g.cgroups, err = openCgroups(cgroup, cgroupName(g.place)); err != nil {
		return err
	}
	if g.null, err = unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("open /dev/null: %w", err)
	}
	if g.folder, err = spool.OpenFolder(g.place.spools()); err != nil {
		return err
	}
	if g.waiter, err = newWaiter(); err != nil {
		return err
	}
	if g.listener, err = listen(g.place.guardSocket()); err != nil {
		return err
	}
	return g.waiter.add(g.listener)
}

// lockFile takes the lock that only one guard of a data folder has, for as long as it lives.
func lockFile(path string) (int, error) {
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", path, err)
	}
	if err := retry(func() error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) }); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("a guard of this data folder runs already: %w", fault.Conflict)
	}
	return fd, nil
}

func removeAllIn(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	for _, e := range entries {
		// Keepers that lost their guard remove their own at the same time.
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove old socket: %w", err)
		}
	}
	return nil
}

func (g *guardian) close() {
	if g.listener >= 0 {
		os.Remove(g.place.guardSocket())
	}
	if g.cgroups != "" {
		os.Remove(g.cgroups)
	}
	if g.folder != nil {
		g.folder.Close()
	}
	if g.waiter != nil {
		g.waiter.close()
	}
	closeFD(&g.listener)
	closeFD(&g.null)
	closeFD(&g.lock)
}

// run waits for clients and keepers, and clears up behind keepers that ended.
func (g *guardian) run() error {
	for {
		events, err := g.waiter.wait(g.patience())
		if err != nil {
			return fmt.Errorf("guard: %w", err)
		}
		g.tidy(len(events) > 0, sinceBoot())
		for _, e := range events {
			if int(e.Fd) == g.listener {
				g.greet()
			} else {
				g.hear(int(e.Fd))
			}
		}
		if now := sinceBoot(); now >= g.lookAt {
			g.enforce(now)
		}
		if len(g.bereaved) > 0 {
			g.clear(sinceBoot())
		}
		g.answer()
		if g.alone() && sinceBoot() >= g.aloneSince+g.linger {
			return nil
		}
	}
}

// tidy gives memory back once nothing has happened for a while.
func (g *guardian) tidy(happened bool, now time.Duration) {
	if happened {
		g.heardAt, g.tidied = now, false
	} else if !g.tidied && now >= g.heardAt+tidyAfter {
		g.tidied = true
		giveMemoryBack()
	}
}

func (g *guardian) alone() bool {
	return len(g.clients) == 0 && len(g.keepers) == 0 && len(g.bereaved) == 0
}

func (g *guardian) patience() time.Duration {
	if len(g.bereaved) > 0 {
		return g.checkWait
	}
	next := g.lookAt
	if g.alone() {
		next = g.aloneSince + g.linger
	}
	if !g.tidied {
		next = min(next, g.heardAt+tidyAfter)
	}
	if next == never {
		return -1
	}
	return max(0, next-sinceBoot())
}

// greet takes a client and names the keepers to it.
func (g *guardian) greet() {
	fd := accept(g.listener)
	if fd < 0 {
		return
	}
	if err := g.waiter.add(fd); err != nil {
		g.log.Error("a client was refused", "error", err)
		unix.Close(fd)
		return
	}
	g.clients = append(g.clients, fd)
	g.tell(fd, notice{Is: isGuard, PID: os.Getpid(), Version: version, Guard: g.id, RunsAs: true})
	for _, k := range g.keepers {
		if k.ready {
			g.tell(fd, notice{Is: isKeeper, PID: k.pid})
		}
	}
	// Until then no spool may be settled: processes of a dead keeper may be left.
	if g.listed() {
		g.tellStuck(fd)
		g.tell(fd, notice{Is: isListed})
	}
}

// listed reports whether it is known of each keeper that has ended what became of its processes.
func (g *guardian) listed() bool {
	return !slices.ContainsFunc(g.bereaved, func(k *keeperProcess) bool { return !k.stuck })
}

// see takes in which keepers have ended by now. The channel of a keeper ends before its other files are closed, the spool
// that it kept among them: so a client that found a spool free knows after that what the guard knows of it.
func (g *guardian) see() {
	for _, k := range slices.Clone(g.keepers) {
		g.hear(k.channel)
	}
}

// answer tells the clients that asked, as soon as nothing is left to be cleared up.
func (g *guardian) answer() {
	if len(g.asking) == 0 || !g.listed() {
		return
	}
	asking := g.asking
	g.asking = nil
	for _, fd := range asking {
		g.tellStuck(fd)
		g.tell(fd, notice{Is: isSettled})
	}
}

// tellStuck names the attempts to a client whose processes cannot be killed.
func (g *guardian) tellStuck(fd int) {
	for _, k := range g.bereaved {
		if ref, ok := g.onSlate(k); ok && k.stuck {
			g.tell(fd, notice{Is: isUnkillable, PID: k.pid, Run: ref.Run, Number: ref.Number, Unkillable: true})
		}
	}
}

// tell sends a notice to a client, and lets one go that does not take it.
func (g *guardian) tell(fd int, n notice) {
	if send(fd, &n) != nil {
		g.dismiss(fd)
	}
}

func (g *guardian) tellAll(n notice) {
	for _, fd := range slices.Clone(g.clients) {
		g.tell(fd, n)
	}
}

func (g *guardian) dismiss(fd int) {
	if i := slices.Index(g.clients, fd); i >= 0 {
		g.clients = slices.Delete(g.clients, i, i+1)
		g.asking = slices.DeleteFunc(g.asking, func(asking int) bool { return asking == fd })
		unix.Close(fd)
		g.aloneSince = sinceBoot()
	}
}

// hear takes what a client or a keeper says.
func (g *guardian) hear(fd int) {
	if slices.Contains(g.clients, fd) {
		g.obey(fd)
		return
	}
	i := slices.IndexFunc(g.keepers, func(k *keeperProcess) bool { return k.channel == fd })
	if i < 0 {
		return
	}
	k := g.keepers[i]
	n, err := unix.Read(fd, g.message[:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
	case err != nil || n == 0:
		g.bereave(i)
	case !k.ready:
		k.ready = true
		g.tellAll(notice{Is: isKeeper, PID: k.pid})
	case string(g.message[:n]) == isLeased:
		k.leased = true
		g.lookAt = min(g.lookAt, sinceBoot()+lookEvery)
	}
}

func (g *guardian) obey(client int) {
	var o order
	fd, err := receive(client, g.message[:], &o)
	if err == unix.EAGAIN {
		return
	}
	if fd >= 0 {
		unix.Close(fd)
	}
	if err != nil {
		g.dismiss(client)
		return
	}
	switch o.Do {
	case doSpawn:
		if err := g.spawn(); err != nil {
			g.log.Error("a keeper could not be started", "error", err)
			g.tell(client, notice{Is: isUnable, Error: err.Error()})
		}
	case doSettle:
		g.see()
		g.asking = append(g.asking, client)
	}
}

// spawn starts one more keeper, in a session of its own, in which its jobs are. It says by itself when it is ready.
//
// Jobs have none of their own, since kernels make a scheduling group for each session (autogroup), move the process there
// and let others go first: that is dear for a job of a millisecond. One for each keeper keeps the jobs' shares apart as well.
func (g *guardian) spawn() error {
	if len(g.keepers) >= maxKeepers {
		return fmt.Errorf("there are %d keepers already: %w", len(g.keepers), fault.Unavailable)
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("make channel: %w", err)
	}
	defer unix.Close(pair[1])
	if err := g.waiter.add(pair[0]); err != nil {
		unix.Close(pair[0])
		return err
	}
	slate, err := unix.MemfdCreate("slate", unix.MFD_CLOEXEC)
	if err != nil {
		unix.Close(pair[0])
		return fmt.Errorf("make slate: %w", err)
	}
	var pid int
	timerslack.During(monitorSlack, func() {
		pid, err = startSelf([]string{"keeper", "--data", g.place.data, "--cgroups", g.cgroups, "--slack", g.slack.String()},
			[]int{g.null, 2, 2, pair[1], slate}, &syscall.SysProcAttr{Setsid: true})
	})
	if err != nil {
		unix.Close(pair[0])
		unix.Close(slate)
		return fmt.Errorf("start keeper: %w", err)
	}
	g.keepers = append(g.keepers, &keeperProcess{pid: pid, channel: pair[0], slate: slate})
	return nil
}
