package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// ClientOptions are the settings of a client.
type ClientOptions struct {
	// Data is the data folder of the job server.
	Data string
	// Program is the program jobserver, which is started as guard; empty means the running one.
	Program string
	// Cgroup is the setting of the guard, see Options; it matters where the client has to start one.
	Cgroup string
	// Linger is a setting of the guard too.
	Linger time.Duration
	// MaxKeepers is the most attempts that may run at once; 0 means jobserver.DefaultSlots.
	MaxKeepers int
	// RunAs are the users as whom jobs may run, besides the guard's own.
	RunAs jobserver.RunAs
	// Warm is how many keepers without work are kept ready; 0 means DefaultWarm.
	Warm int
	// Slack is the timer slack of a guard that is started, and of its jobs; 0 is that of this process.
	Slack  time.Duration
	Logger *slog.Logger
}

// Client is the agent's side of a guard. It is safe for concurrent use. It implements agent.Guard.
type Client struct {
	options ClientOptions
	place   place
	boot    string
	folder  *spool.Folder
	guard   *net.UnixConn
	// guardID is the guard's own name, empty for one that tells none; settled has its answers to doSettle.
	guardID string
	// runsAs is true where the guard knows how to run jobs as other users.
	runsAs  bool
	settled chan struct{}
	growth  *growth
	names   *nameSync
	pool    *pool
	// stopped is done once the client is being closed.
	stopped context.Context
	stop    context.CancelFunc
	tasks   sync.WaitGroup
	once    sync.Once

	// metering guards the meters of all attempts, mu what follows.
	metering sync.Mutex
	mu       sync.Mutex
	attempts map[task.Ref]*held
	// full is true where the client itself could not write, until probed says that it can.
	full   bool
	probed time.Time
}

// held is an attempt that has a spool.
type held struct {
	ended bool
	// keeper keeps the attempt, or is nil.
	keeper *keeperConn
	meter  meter
	// lease is the one on disk, or nil. beside is true where files may lie beside the spool. unkillable is true while
	// processes outlive SIGKILL.
	lease              *jobserver.Lease
	beside, unkillable bool
	// ticket is that of nameSync for the spool; 0 needs no sync.
	ticket uint64

	reading sync.Mutex
	reader  *spool.Reader
	dropped bool
}

// Connect connects to the guard of a data folder, and starts one where there is none. It takes over what an earlier
// client left: running attempts stay, and spools that nobody keeps are ended.
func Connect(ctx context.Context, o ClientOptions) (*Client, error) {
	if o.MaxKeepers <= 0 {
		o.MaxKeepers = jobserver.DefaultSlots
	}
	if o.Warm <= 0 {
		o.Warm = DefaultWarm
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	for try := 1; ; try++ {
		c, err := connectOnce(ctx, o)
		// A guard that has had nothing to do may leave just then.
		if !errors.Is(err, errGuardLeft) || try == connectTries || ctx.Err() != nil {
			return c, err
		}
	}
}

const connectTries = 5

func connectOnce(ctx context.Context, o ClientOptions) (*Client, error) {
	p, err := openPlace(o.Data)
	if err != nil {
		return nil, err
	}
	if len(o.RunAs.Users) > 0 && o.RunAs.Problem == "" {
		// Before a job needs it: what started the agent may have closed the data folder to jobs that still run.
		if err := p.admitUsers(); err != nil {
			return nil, err
		}
	}
	folder, err := spool.OpenFolder(p.spools())
	if err != nil {
		return nil, err
	}
	if err := folder.Recycle(); err != nil {
		folder.Close()
		return nil, err
	}
	c := &Client{
		options: o, place: p, boot: bootID(), folder: folder, growth: newGrowth(), settled: make(chan struct{}, 1),
		names: newNameSync(folder), attempts: map[task.Ref]*held{},
	}
	// It outlives ctx, which is for the connecting alone.
	c.stopped, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	if c.guard, err = c.reach(ctx); err != nil {
		folder.Close()
		return nil, err
	}
	c.pool = newPool(c)
	if err := c.begin(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Start has the attempt started. It returns once its spool was handed to a keeper; from then on it will end with an
// exit record, also where the program cannot be started. The error is fault.Conflict for an attempt that has a spool
// already, fault.Invalid for one that no process can be made of, and fault.Unavailable where there is no keeper or no
// room: then nothing was started.
func (c *Client) Start(ctx context.Context, e jobserver.Execution) error {
	if err := errors.Join(spool.CheckRef(e.Ref), check(&e), c.mayRunAs(e.Job.RunAs)); err != nil {
		return fmt.Errorf("start %s: %w", spool.Name(e.Ref), err)
	}
	h, err := c.hold(e.Ref)
	if err != nil {
		return err
	}
	if err := c.start(ctx, e, h); err != nil {
		if h.beside {
			err = errors.Join(err, c.folder.RemoveBeside(e.Ref))
		}
		c.forget(e.Ref, h)
		return fmt.Errorf("start %s: %w", spool.Name(e.Ref), err)
	}
	return nil
}

func (c *Client) start(ctx context.Context, e jobserver.Execution, h *held) error {
	k, err := c.pool.take(ctx)
	if err != nil {
		return err
	}
	if err := c.prepare(&e, h); err != nil {
		c.noteWrite(err)
		c.pool.put(k)
		return err
	}
	fd, fresh, err := c.folder.Create(spool.Header{BootID: c.boot, Guard: c.guardID, CreatedAt: time.Now().UTC(), Execution: e})
	if err != nil {
		c.noteWrite(err)
		c.pool.put(k)
		return err
	}
	// The keeper has the lock with a descriptor of its own then.
	defer unix.Close(fd)
	if fresh {
		c.mu.Lock()
		h.ticket = c.names.created()
		c.mu.Unlock()
	}
	if err := c.give(ctx, k, e.Ref, h, fd); err != nil {
		return errors.Join(err, c.folder.Remove(e.Ref))
	}
	return nil
}

// give hands a spool to the keeper k, or to another one if that is gone. After an error no keeper has it.
func (c *Client) give(ctx context.Context, k *keeperConn, ref task.Ref, h *held, fd int) error {
	for {
		c.mu.Lock()
		h.keeper = k
		c.mu.Unlock()
		c.pool.assign(k, ref)
		err := k.hand(ref, fd)
		if err == nil {
			return nil
		}
		c.pool.discard(k)
		c.options.Logger.Warn("a keeper is gone; another one is taken", "pid", k.pid, "error", err)
		if k, err = c.pool.take(ctx); err != nil {
			return err
		}
	}
}

// giveAgain hands the spool of an attempt to another keeper, when the one that it was handed to was killed before it
// took it. Where the spool shows otherwise, it is settled.
func (c *Client) giveAgain(ref task.Ref) {
	h := c.find(ref)
	fd, err := c.folder.Reopen(ref)
	if h == nil || err != nil {
		c.settle(ref, keeperKilled)
		return
	}
	k, err := c.pool.take(c.stopped)
	if err == nil {
		err = c.give(c.stopped, k, ref, h, fd)
	}
	unix.Close(fd)
	if err != nil {
		c.options.Logger.Error("an attempt could not be handed to another keeper", "attempt", spool.Name(ref), "error", err)
		c.settle(ref, keeperKilled)
	}
}

// hold notes that an attempt is about to have a spool.
func (c *Client) hold(ref task.Ref) (*held, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.attempts[ref] != nil {
		return nil, fmt.Errorf("start %s: it is kept already: %w", spool.Name(ref), fault.Conflict)
	}
	h := &held{}
	c.attempts[ref] = h
	return h, nil
}

func (c *Client) forget(ref task.Ref, h *held) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.attempts[ref] == h {
		delete(c.attempts, ref)
	}
}

func (c *Client) find(ref task.Ref) *held {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.attempts[ref]
}

// Stop has the attempt stopped; kind is what its exit record will say, unless the job had ended by itself. Stopping
// twice, or one that has ended, is harmless. For an attempt that is not kept the error is fault.NotFound, and where no
// keeper could be told fault.Unavailable: it is to be tried again.
func (c *Client) Stop(_ context.Context, ref task.Ref, kind task.ExitKind) error {
	c.mu.Lock()
	h := c.attempts[ref]
	var k *keeperConn
	ended := false
	if h != nil {
		k, ended = h.keeper, h.ended
	}
	c.mu.Unlock()
	switch {
	case h == nil:
		return fmt.Errorf("stop %s: %w", spool.Name(ref), fault.NotFound)
	case ended:
		return nil
	case k == nil:
		return fmt.Errorf("stop %s: it is being settled, or its keeper does not answer: %w", spool.Name(ref), fault.Unavailable)
	}
	if err := k.order(order{Do: doStop, Run: ref.Run, Number: ref.Number, Kind: kind}); err != nil {
		return fmt.Errorf("stop %s: %w: %w", spool.Name(ref), fault.Unavailable, err)
	}
	return nil
}

// Kept lists the attempts that have a spool, and measures what the running ones use.
func (c *Client) Kept(context.Context) ([]jobserver.Kept, error) {
	c.metering.Lock()
	defer c.metering.Unlock()
	c.mu.Lock()
	kept := make([]jobserver.Kept, 0, len(c.attempts))
	var running []measured
	for ref, h := range c.attempts {
		one := jobserver.Kept{
			Ref: ref, Ended: h.ended, Unkillable: h.unkillable && !h.ended,
			Usage: jobserver.AttemptUsage{Run: string(ref.Run), Number: ref.Number},
		}
		if h.lease != nil {
			lease := *h.lease
			one.Lease = &lease
		}
		kept = append(kept, one)
		if !h.ended && h.keeper != nil {
			running = append(running, measured{len(kept) - 1, &h.meter, h.keeper.pid})
		}
	}
	c.mu.Unlock()
	now := sinceBoot()
	for _, r := range running {
		u := r.meter.measure(r.keeper, now)
		u.Run, u.Number = kept[r.index].Usage.Run, kept[r.index].Usage.Number
		kept[r.index].Usage = u
	}
	return kept, nil
}

// measured is a running attempt in the list that Kept makes.
type measured struct {
	index  int
	meter  *meter
	keeper int
}

// Full reports whether the last write to a spool failed for want of room, of a keeper or of the client itself.
func (c *Client) Full() bool {
	if c.pool.full() {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.full || time.Since(c.probed) < retryEvery {
		return c.full
	}
	// While it is full nothing may be started, so that nothing else would find out when there is room again.
	c.probed = time.Now()
	c.full = c.place.probe() != nil
	return c.full
}

// noteWrite takes note of a write that failed for want of room.
func (c *Client) noteWrite(err error) {
	if !errors.Is(err, fault.Unavailable) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.full, c.probed = true, time.Now()
}

// Close lets go of the guard. Jobs go on. Closing twice is harmless.
func (c *Client) Close() error {
	c.once.Do(func() {
		c.stop()
		c.guard.Close()
		c.growth.close()
		c.pool.close()
	})
	c.tasks.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.attempts {
		_ = h.close()
	}
	return c.folder.Close()
}
