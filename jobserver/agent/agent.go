// Package agent is the program on a job server that talks to the conductor. It dials out only. It claims what it is
// offered, has a guard start it, and hands over what the guard spooled until the conductor has all of it.
//
// [Core] decides and does nothing; [Agent] does what it decides and decides nothing.
package agent

import (
	"context"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/watch"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/protocol/segnov1"
)

// Options are the settings of an agent.
type Options struct {
	// Identity is what the host got when it joined.
	Identity Identity
	// Data is the folder whose disk is watched.
	Data string
	// Version is the version of this program.
	Version string
	// RunAs is as which users the host runs jobs; the guard keeps to it, and the conductor is told.
	RunAs jobserver.RunAs
	// Guard connects to a guard, and starts one where there is none.
	Guard func(ctx context.Context) (Guard, error)
	// ArchiveCache is how many bytes of archives are kept on disk for later runs; 0 means DefaultArchiveCache.
	ArchiveCache int64
	// FlushWithin bounds how long Run goes on delivering once it was told to end; 0 means 3 s.
	FlushWithin time.Duration
	Logger      *slog.Logger
}

// Agent is one start of the agent. Create it with New, and call Run once.
type Agent struct {
	options    Options
	log        *slog.Logger
	instance   string
	bootID     string
	conductors *conductors
	sampler    *sampler
	files      *files
	packages   *packageCache
	troubles   troubles
	// boot reads CLOCK_BOOTTIME.
	boot func() time.Duration
	// starts, chores and uploads bound how many calls of the guard, and transfers of contents, are made at once.
	starts, chores, uploads chan struct{}
	// ready is closed once a guard has told what it keeps; idle gets a word when nothing is left to flush.
	ready, idle chan struct{}
	// beat asks for a heartbeat at once, rearm says that the instant of the core's wake has changed, leased that an attempt
	// may have a lease, reached that a heartbeat was answered after some that were not.
	beat, rearm, leased, reached chan struct{}

	work  context.Context
	calls *workers
	mu    sync.Mutex
	core  *Core
	guard Guard
	wake  time.Time
	// listed is true once ready is closed.
	listed, closed bool
	// rhythm and mode are as the conductor last said.
	rhythm *Rhythm
	mode   jobserver.Mode
}

const (
	defaultFlush = 3 * time.Second
	// maxStarts and maxChores bound concurrent calls of the guard.
	maxStarts = 64
	maxChores = 8
	// maxUploads bounds how many contents of checkpoints are on their way at once, in both directions.
	maxUploads = 4
)

// New returns an agent that does nothing yet.
func New(o Options) (*Agent, error) {
	if err := o.Identity.Validate(); err != nil {
		return nil, err
	}
	if o.FlushWithin == 0 {
		o.FlushWithin = defaultFlush
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	watcher, err := watch.New(watch.Options{Folder: filepath.Join(o.Data, watchFolder), Logger: o.Logger})
	if err != nil {
		return nil, err
	}
	instance, err := newInstance(o.Data, time.Now())
	if err != nil {
		o.Logger.Warn("the order of this start is known by the clock alone", "error", err)
	}
	return &Agent{
		options:    o,
		log:        o.Logger,
		instance:   instance,
		bootID:     bootID(),
		conductors: newConductors(o.Identity),
		sampler:    newSampler(o.Data),
		files:      newFiles(watcher),
		packages:   newPackageCache(o.Data, o.ArchiveCache, o.Logger),
		troubles:   troubles{log: o.Logger, now: time.Now},
		starts:     make(chan struct{}, maxStarts),
		chores:     make(chan struct{}, maxChores),
		uploads:    make(chan struct{}, maxUploads),
		calls:      newWorkers(),
		boot:       sinceBoot,
		ready:      make(chan struct{}),
		idle:       make(chan struct{}, 1),
		beat:       make(chan struct{}, 1),
		rearm:      make(chan struct{}, 1),
		leased:     make(chan struct{}, 1),
		reached:    make(chan struct{}, 1),
		core:       NewCore(mathrand.Float64),
		rhythm:     NewRhythm(jobserver.DefaultHeartbeat),
		mode:       jobserver.Active,
	}, nil
}

// Run talks to the conductor until ctx ends. Then it takes no more offers, delivers what it can within FlushWithin, and
// returns nil; the jobs go on under the guard.
func (a *Agent) Run(ctx context.Context) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	a.work = work

	a.clearResumes()
	a.packages.open()
	var keeping, talking sync.WaitGroup
	keeping.Go(func() { a.keepGuard(work) })
	keeping.Go(func() { a.wakeCore(work) })
	keeping.Go(func() { a.watchLeases(work) })
	talking.Go(func() { a.link(ctx) })
	talking.Go(func() { a.heartbeats(ctx) })
	talking.Go(func() { a.watchFiles(ctx) })

	<-ctx.Done()
	a.step(QuitOrdered{})
	talking.Wait()
	a.flush()

	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	stopWork()
	a.calls.wait()
	keeping.Wait()
	a.conductors.close()
	return nil
}

// flush waits until nothing is left to deliver, for a while.
func (a *Agent) flush() {
	limit := time.NewTimer(a.options.FlushWithin)
	defer limit.Stop()
	select {
	case <-a.idle:
	case <-limit.C:
		a.log.Info("some records are left in the spool; they are delivered by the next start")
	}
}

// step takes events to the core and sets going what the core wants done.
func (a *Agent) step(events ...Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	for _, effect := range a.core.Step(time.Now(), events...) {
		a.carryOut(effect)
	}
	if slices.ContainsFunc(events, func(e Event) bool { _, is := e.(Listed); return is }) && a.core.Leased() {
		signal(a.leased)
	}
	if slices.ContainsFunc(events, answersClaims) {
		if quarter := a.core.Quarter(); quarter > 0 && quarter < a.rhythm.Period() {
			signal(a.beat) // the next one may be due too late for what was claimed
		}
	}
	if !a.listed && a.core.ready {
		a.listed = true
		close(a.ready)
	}
	if wake, _ := a.core.Wake(); !wake.Equal(a.wake) {
		a.wake = wake
		signal(a.rearm)
	}
	if a.core.quitting && a.core.Idle() {
		signal(a.idle)
	}
}

// answersClaims reports whether attempts may have got their first lease with an event.
func answersClaims(e Event) bool {
	switch e := e.(type) {
	case ClaimDone:
		return true
	case Offered:
		return e.Claim.Made
	}
	return false
}

// carryOut sets an effect going. It does not block.
func (a *Agent) carryOut(effect Effect) {
	g := a.guard
	if g == nil {
		g = noGuard{}
	}
	switch e := effect.(type) {
	case Claim:
		a.calls.Go(func() { a.step(a.claim(e)) })
	case Deliver:
		a.calls.Go(func() { a.step(a.deliver(g, e)) })
	case Start:
		a.calls.Go(within(a.starts, func() { a.step(a.start(g, e)) }))
	case Stop:
		a.calls.Go(func() { a.step(StopDone{Ref: e.Ref, Err: g.Stop(a.work, e.Ref, e.Kind)}) })
	case Drop:
		a.calls.Go(within(a.chores, func() { a.step(DropDone{Ref: e.Ref, Err: g.Drop(e.Ref)}) }))
	case Look:
		a.calls.Go(func() {
			list, err := g.Kept(a.work)
			a.step(Listed{Number: e.Number, Kept: list, Err: err})
		})
	case Renew:
		signal(a.leased)
		a.calls.Go(func() { a.step(RenewDone{Ref: e.Ref, Lease: e.Lease, Err: g.Renew(e.Ref, e.Lease)}) })
	case Expire:
		a.calls.Go(func() { a.step(a.expire(g, e)) })
	case Upload:
		a.calls.Go(within(a.uploads, func() { a.step(a.upload(g, e)) }))
	case Review:
		a.calls.Go(within(a.chores, func() { a.step(review(g, e)) }))
	case Validate:
		a.calls.Go(within(a.chores, func() { a.validate(g, e) }))
	case Fetch:
		a.calls.Go(within(a.uploads, func() { a.step(a.fetch(e)) }))
	case Discard:
		a.calls.Go(within(a.chores, func() { a.discard(e.Path) }))
	case Note:
		a.log.Warn(e.Text, "run", e.Ref.Run, "attempt", e.Ref.Number, "error", e.Err)
	}
}

// within returns f such that no more of its kind run at once than room has space.
func within(room chan struct{}, f func()) func() {
	return func() {
		room <- struct{}{}
		defer func() { <-room }()
		f()
	}
}

// signal leaves a word for whoever waits on ch.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// wakeCore tells the core when the instant comes that it waits for.
func (a *Agent) wakeCore(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.rearm:
			a.mu.Lock()
			wake := a.wake
			a.mu.Unlock()
			timer.Stop()
			if !wake.IsZero() {
				timer.Reset(time.Until(wake))
			}
		case <-timer.C:
			a.step(Woken{})
		}
	}
}

// hello says who calls.
func (a *Agent) hello() *segnov1.Hello {
	return &segnov1.Hello{
		Instance:     a.instance,
		BootId:       a.bootID,
		AgentVersion: a.options.Version,
		Clock:        time.Now().UnixMicro(),
		RunAs:        a.options.RunAs.Users,
		RunAsProblem: a.options.RunAs.Problem,
		Batches:      true,

		ClaimedOffers: true,
	}
}

// failed takes in that a call failed: the next one goes to another conductor where that may help.
func (a *Agent) failed(call string, at int, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	if errors.Is(err, fault.Unavailable) || errors.Is(err, fault.Unauthorized) || errors.Is(err, context.DeadlineExceeded) {
		a.conductors.leave(at)
	}
	switch {
	case errors.Is(err, fault.Unauthorized):
		a.troubles.met("credential", slog.LevelError, "the conductor refuses the credential of this job server; "+
			"it may have been removed there. Join it again with: jobserver join --force", "conductor", a.conductors.url(at))
	default:
		a.troubles.met(call, slog.LevelWarn, call+" failed", "conductor", a.conductors.url(at), "error", err)
	}
}

// succeeded takes in that a call was answered.
func (a *Agent) succeeded(call string) {
	a.troubles.over("credential")
	a.troubles.over(call)
}

// bootID names this start of the host's kernel; it is empty where the kernel has no such name.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// callContext bounds a unary call.
func callContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, protocol.CallTimeout)
}
