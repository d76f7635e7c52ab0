package guard

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/timerslack"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// Descriptors with which a guard starts a keeper.
const (
	// guardFD is a socket on which the keeper says that it is ready; its end is the end of the guard.
	guardFD = 3
	// slateFD is a file in memory on which the keeper notes what it keeps, for the guard to read if the keeper dies.
	slateFD = 4
)

// Times of a keeper.
const (
	// retryEvery lies between tries to write to a full disk.
	retryEvery = time.Second
	// lonely is how long a keeper without work stays where no client is connected.
	lonely = 30 * time.Second
	// tidyAfter is how long a new keeper is without work before it gives memory back.
	tidyAfter = 3 * time.Second
	// tidyUsed is how long one is that has had work, and tidySpread the most that is added to it. To give memory back
	// costs more than to keep a short job; and keepers whose jobs ended together do not do it together.
	tidyUsed   = 10 * time.Second
	tidySpread = 5 * time.Second
	// young is how long a keeper lets other processes go first, before it sees to what its job has done: of attempts that
	// begin together, the last ones start before the first ones are cleared up behind.
	young = 100 * time.Millisecond
	// abandonWithin is how long a keeper without a guard tries to write the exit record.
	abandonWithin = 5 * time.Second
)

// KeeperOptions are the settings of a keeper, as its guard passes them.
type KeeperOptions struct {
	Data string
	// Cgroups is the folder in which the keeper may make its control group, or empty.
	Cgroups string
	// Slack is the timer slack of jobs; 0 leaves them that of the keeper.
	Slack  time.Duration
	Logger *slog.Logger
}

// keeper keeps one attempt at a time. All of it belongs to the one loop in run.
type keeper struct {
	place   place
	pid     int
	boot    string
	log     *slog.Logger
	folder  *spool.Folder
	waiter  *waiter
	launch  launcher
	rooms   *workroom
	cgroup  *cgroup
	job     *jobSocket
	attempt *attempt
	// spool writes for one attempt after the other.
	spool spool.Writer

	guard, listener, client int
	// full is true while the disk is, and retryAt when to try again.
	full    bool
	retryAt time.Duration
	// idleSince is when the keeper last became idle, or was left by its client; tidyAt is when it gives memory back.
	idleSince, tidyAt time.Duration
	// orphaned is when the guard died.
	orphaned time.Duration
	leaving  bool
	// asides are what is done beside the loop.
	asides  sync.WaitGroup
	oomSeen int64
	message [maxMessage]byte
}

// Keep runs a keeper until it is told to leave or its guard is gone.
func Keep(o KeeperOptions) error {
	// One is enough, and spares the runtime from waking threads to look for work.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(50)
	unix.Umask(0o077)
	k, err := newKeeper(o)
	if err != nil {
		return fmt.Errorf("keeper: %w", err)
	}
	defer k.close()
	if _, err := unix.Write(k.guard, []byte(isHere)); err != nil {
		return fmt.Errorf("keeper: tell guard: %w", err)
	}
	return k.run()
}

func newKeeper(o KeeperOptions) (*keeper, error) {
	p, err := openPlace(o.Data)
	if err != nil {
		return nil, err
	}
	if err := becomeSubreaper(); err != nil {
		return nil, err
	}
	pid := os.Getpid()
	k := &keeper{
		place: p, pid: pid, boot: bootID(), log: o.Logger, rooms: newWorkroom(p.work(), p.spareRoom(pid)),
		guard: guardFD, client: -1, idleSince: sinceBoot(), tidyAt: sinceBoot() + tidyAfter, orphaned: never,
	}
	if k.launch.null, err = unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("open /dev/null: %w", err)
	}
	if k.folder, err = spool.OpenFolder(p.spools()); err != nil {
		return nil, err
	}
	if k.listener, err = listen(p.controlSocket(pid)); err != nil {
		return nil, err
	}
	if k.job, err = listenJob(p.jobSocket(pid)); err != nil {
		return nil, err
	}
	if k.waiter, err = newWaiter(); err != nil {
		return nil, err
	}
	for _, fd := range []int{k.guard, k.listener, k.job.wake} {
		if err := k.waiter.add(fd); err != nil {
			return nil, err
		}
	}
	k.cgroup = newCgroup(o.Cgroups, pid)
	k.launch.group, k.launch.slack = k.cgroup, o.Slack
	k.launch.env = newEnvironment(helperFolder(), p.jobSocket(pid))
	k.oomSeen = hostOOMKills()
	return k, rehearse()
}

// rehearse uses all that an attempt needs which is dear at its first use.
func rehearse() error {
	if err := spool.Rehearse(); err != nil {
		return err
	}
	text, err := (&notice{Is: isRefused, Error: "rehearsal"}).text()
	if err != nil {
		return err
	}
	return new(order).read(text)
}

// becomeSubreaper makes this process the parent of orphans below it, and keeps its descriptors from its children.
func becomeSubreaper() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become subreaper: %w", err)
	}
	if err := unix.CloseRange(3, 1<<31-1, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		for fd := 3; fd < 64; fd++ {
			unix.CloseOnExec(fd) // A kernel before 5.11.
		}
	}
	return nil
}

func (k *keeper) close() {
	if k.attempt != nil && k.attempt.aside != nil {
		k.attempt.aside()
	}
	if k.attempt != nil {
		k.attempt.door.close()
	}
	k.job.close()
	k.asides.Wait()
	k.waiter.close()
	k.folder.Close()
	closeFD(&k.listener)
	closeFD(&k.client)
	os.Remove(k.place.controlSocket(k.pid))
	os.Remove(k.place.jobSocket(k.pid))
	k.rooms.remove()
	k.cgroup.remove()
}

// run waits for one thing after the other and does what it asks for.
func (k *keeper) run() error {
	for !k.leaving {
		timerslack.Set(keeperSlack)
		events, err := k.waiter.wait(k.patience())
		if err != nil {
			return fmt.Errorf("keeper: %w", err)
		}
		if a := k.attempt; a != nil && len(events) > 0 && sinceBoot() < a.began+young {
			events = k.waiter.giveWay()
		}
		// What the job does comes before orders: a job that has ended by itself has its own result.
		for _, e := range events {
			k.handleJob(int(e.Fd))
		}
		k.tick(sinceBoot())
		for _, e := range events {
			k.handleOthers(int(e.Fd))
		}
	}
	return nil
}

// handleJob sees to the job, if fd is one of its.
func (k *keeper) handleJob(fd int) {
	a := k.attempt
	if a == nil {
		return
	}
	switch fd {
	case a.leader.stdout:
		k.read(&a.leader.stdout, task.Stdout)
	case a.leader.stderr:
		k.read(&a.leader.stderr, task.Stderr)
	case a.leader.fd:
		if k.reap(sinceBoot()); k.attempt == a && !a.leaderGone && a.leader.fd == fd {
			// It has ended and cannot be waited for, because another process traces it.
			closeFD(&a.leader.fd)
			a.checkAt = sinceBoot() + lastCheck
		}
	}
}

// handleOthers sees to clients, to what the job asks for, and to the guard.
func (k *keeper) handleOthers(fd int) {
	switch fd {
	case k.job.wake:
		k.answer()
	case k.listener:
		k.greet()
	case k.client:
		k.obey()
	case k.guard:
		k.orphan()
	}
}

// watchOutput looks at the output of the job, or lets it wait: while the disk is full a job that writes is left to wait
// in its write.
func (k *keeper) watchOutput(watch bool) {
	a := k.attempt
	if a == nil || a.phase != running && a.phase != clearing {
		return
	}
	for _, fd := range []int{a.leader.stdout, a.leader.stderr} {
		k.waiter.remove(fd)
		if watch && fd >= 0 {
			if err := k.waiter.add(fd); err != nil {
				k.log.Error("output cannot be read", "attempt", spool.Name(a.Ref), "error", err)
			}
		}
	}
}

// patience is how long the loop may wait, or a negative time for ever.
func (k *keeper) patience() time.Duration {
	now := sinceBoot()
	next := never
	if a := k.attempt; a != nil {
		next = a.checkAt
		if a.phase != committing {
			next = min(next, a.core.Wake())
		}
		if k.full {
			next = min(next, k.retryAt)
		} else {
			next = min(next, a.flushAt)
			if a.progress != nil {
				next = min(next, a.progressAt)
			}
		}
	} else {
		next = k.tidyAt
		if k.client < 0 {
			next = min(next, k.idleSince+lonely)
		}
	}
	switch {
	case next == never:
		return -1
	case k.attempt == nil:
		return max(next-now, 0)
	}
	// poll does not count the time that the host is suspended, the deadlines do.
	return min(max(next-now, 0), time.Second)
}

// tick does what is due.
func (k *keeper) tick(now time.Duration) {
	a := k.attempt
	if a == nil {
		k.idle(now)
		return
	}
	if k.full && now >= k.retryAt {
		k.resume(now)
	}
	if k.attempt == a && a.phase != committing && now >= a.core.Wake() {
		k.decide(Woken{}, now)
	}
	if k.attempt == a && now >= a.checkAt {
		a.checkAt = never
		k.reap(now)
	}
	if k.attempt == a && a.progress != nil && now >= a.progressAt {
		k.writeProgress(now)
	}
	if k.attempt == a && now >= a.flushAt && !k.full {
		if a.oomBase < 0 && !k.cgroup.tellsOfOOM() {
			a.oomBase = hostOOMKills()
		}
		k.flush(now)
	}
}

// idle gives memory back, and has a keeper that nobody talks to leave.
func (k *keeper) idle(now time.Duration) {
	if now >= k.tidyAt {
		k.tidyAt = never
		giveMemoryBack()
	}
	if k.client < 0 && now >= k.idleSince+lonely {
		k.leaving = true
	}
}

// greet takes a new client in place of the present one, and tells it what is kept.
func (k *keeper) greet() {
	fd := accept(k.listener)
	if fd < 0 {
		return
	}
	k.hearOut()
	closeFD(&k.client)
	if err := k.waiter.add(fd); err != nil {
		k.log.Error("a client was refused", "error", err)
		unix.Close(fd)
		return
	}
	k.client = fd
	hello := notice{Is: isHere, PID: k.pid, Full: k.full}
	if a := k.attempt; a != nil {
		hello.Run, hello.Number, hello.Unkillable = a.Ref.Run, a.Ref.Number, a.unkillable
	}
	k.tell(hello)
}

// hearOut does all that the present client has ordered so far. It may have been killed since: a spool that it handed over
// is this keeper's, whether or not it was looked at before the next client came, and would be lost with the connection.
func (k *keeper) hearOut() {
	for k.client >= 0 && k.obey() {
	}
}

// tell sends the client a notice. A client that does not take it is let go, once its orders are done; it will ask again.
func (k *keeper) tell(n notice) {
	if k.client < 0 {
		return
	}
	if send(k.client, &n) != nil {
		_ = unix.Shutdown(k.client, unix.SHUT_RDWR) // What is unread can still be read.
	}
}

func (k *keeper) tellOf(is string) {
	k.tell(notice{Is: is, Run: k.attempt.Ref.Run, Number: k.attempt.Ref.Number})
}

func (k *keeper) dismiss() {
	closeFD(&k.client)
	k.idleSince = sinceBoot()
}

// obey does one thing that the client has ordered, and reports whether there was one. At the end of the orders of a client
// that is gone it is let go.
func (k *keeper) obey() bool {
	var o order
	fd, err := receive(k.client, k.message[:], &o)
	if err == unix.EAGAIN {
		return false
	}
	if err != nil {
		k.dismiss()
		return false
	}
	if fd >= 0 && o.Do != doStart {
		unix.Close(fd)
	}
	now := sinceBoot()
	switch o.Do {
	case doStart:
		if err := k.start(fd, now); err != nil {
			k.log.Error("an attempt was refused", "attempt", spool.Name(o.ref()), "error", err)
			k.tell(notice{Is: isRefused, Run: o.Run, Number: o.Number, Error: err.Error()})
		}
	case doStop:
		if k.keeps(o.ref()) {
			k.decide(Ordered{Kind: o.Kind}, now)
		}
	case doLook:
		if k.keeps(o.ref()) {
			k.lookAtLease(now)
		}
	case doValidate:
		if k.keeps(o.ref()) {
			k.validated(o.Sequence, o.Refused)
		}
	case doLeave:
		k.leaving = k.leaving || k.attempt == nil
	}
	return true
}

// orphan is called when the guard is gone: what is kept is killed, and its spool says why.
func (k *keeper) orphan() {
	closeFD(&k.guard)
	now := sinceBoot()
	k.orphaned = now
	if k.attempt == nil {
		k.leaving = true
		return
	}
	k.decide(Ordered{Kind: task.ExitLost, Detail: guardKilled, AtOnce: true}, now)
}

// keeps reports whether the keeper keeps an attempt, and its end is not decided yet.
func (k *keeper) keeps(ref task.Ref) bool {
	return k.attempt != nil && k.attempt.Ref == ref && k.attempt.phase != committing
}

// Reasons of runs that end lost.
const (
	guardKilled  = "the guard was killed"
	keeperKilled = "the keeper of this run was killed"
	hostRebooted = "the host was rebooted"
	leaseRanOut  = "its lease ran out without word from a conductor"
	spoolDamaged = "what its job server had stored of it is damaged"
)

// note writes on the slate what is kept; nil is nothing.
func (k *keeper) note(ref *task.Ref) error {
	var line [slateSize]byte
	if ref != nil {
		if copy(line[:], spool.Name(*ref)) > slateSize-2 {
			return fmt.Errorf("name of %d bytes", len(ref.Run))
		}
	}
	if _, err := unix.Pwrite(slateFD, line[:], 0); err != nil {
		return fmt.Errorf("note attempt: %w", err)
	}
	return nil
}

// slateSize is how much of a slate is used: the name of an attempt, filled up with zeros.
const slateSize = 128

// hostOOMKills is how many processes the kernel has killed for want of memory since the host's boot.
func hostOOMKills() int64 { return counter("/proc/vmstat", "oom_kill") }
