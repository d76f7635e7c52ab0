package conductor

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/segno-jobs/segno/jobserver"
)

// Options are the settings of a conductor. The zero value of each field stands for its default.
type Options struct {
	Logger *slog.Logger
	// Version is what agents are told that the conductor is.
	Version string
	// Host is the name of the machine that it runs on, for people.
	Host string
	// Heartbeat is the period that agents are told to keep, 1.5 s by default.
	Heartbeat time.Duration
	// HeartbeatRate is how many heartbeats a second the agents of all servers send at most, DefaultHeartbeatRate by default.
	// Where the fleet would send more, agents are told a longer period.
	HeartbeatRate float64
	// GatherBeats is for how long a heartbeat may wait for others, to be stored with them in one commit; 0 is not at all.
	GatherBeats time.Duration
	// OfferTimeout is how long an offer may stay unclaimed before it is taken back, 10 s by default.
	OfferTimeout time.Duration
	// HeadStart is how old the last word of an agent may be for its attempts to be claimed as they are placed; 0 has each
	// claimed by its agent.
	HeadStart time.Duration
	// Hold is for how long a planned stop lengthens the leases of what runs; 0 is not at all.
	Hold time.Duration
	// MaxQueued is how many runs of all tasks may wait in the queue before further requests are refused; 0 is without limit.
	MaxQueued int
	// Now is the clock, time.Now by default. Its readings must carry a monotonic part, or never go back.
	Now func() time.Time
	// Metrics are filled in by the conductor; by default they are its own.
	Metrics *Metrics
	// Seed makes random choices repeatable; 0 draws one.
	Seed uint64
	// Plans keeps execution plans; nil is a conductor that runs none.
	Plans PlanStore
	// Entropy is where the ids of runs come from, crypto/rand by default.
	Entropy io.Reader
	// Triggers keeps triggers, occurrences and calendars; without it nothing starts by itself.
	Triggers TriggerStore
	// EventTriggers keeps what triggers of files, chains and webhooks need; nil turns them off.
	EventTriggers EventTriggerStore
	// Retention keeps the rules by which old runs, events and occurrences are removed; nil keeps everything for ever.
	Retention RetentionStore
	// PruneInterval is how often it is looked at what they do not keep, DefaultPruneInterval by default.
	PruneInterval time.Duration
	// Audit keeps what operators did; nil keeps none of it.
	Audit AuditStore
	// Browsers keeps the sessions of browsers; nil keeps none, and nobody can sign in with one.
	Browsers BrowserStore
	// Insight keeps what people look at beside the runs themselves; nil keeps none of it.
	Insight InsightStore
	// Archives keeps packages of jobs; nil keeps none.
	Archives ArchiveStore
	// PublicURL is how people reach the console, for links in notifications; without it there are none.
	PublicURL string
	// Notices keeps notifications and Sender sends them: both or neither. Without them nobody is told of anything, and the
	// methods about notifications must not be called.
	Notices NoticeStore
	Sender  Sender
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.PruneInterval == 0 {
		o.PruneInterval = DefaultPruneInterval
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = jobserver.DefaultHeartbeat
	}
	if o.HeartbeatRate == 0 {
		o.HeartbeatRate = DefaultHeartbeatRate
	}
	if o.OfferTimeout == 0 {
		o.OfferTimeout = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics()
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	if o.Entropy == nil {
		o.Entropy = cryptorand.Reader
	}
	return o
}

// Validate reports a setting that cannot work, with its name.
func (o Options) Validate() error {
	if o.Heartbeat != 0 && (o.Heartbeat < 100*time.Millisecond || o.Heartbeat > time.Minute) {
		return fmt.Errorf("heartbeat is %s, but must be between 100ms and 1m", o.Heartbeat)
	}
	if o.HeartbeatRate < 0 {
		return fmt.Errorf("heartbeat rate is %g a second, but must not be negative", o.HeartbeatRate)
	}
	if o.PruneInterval < 0 {
		return fmt.Errorf("prune interval is %s, but must not be negative", o.PruneInterval)
	}
	if o.HeadStart < 0 {
		return fmt.Errorf("head start is %s, but must not be negative", o.HeadStart)
	}
	if o.OfferTimeout < 0 {
		return fmt.Errorf("offer timeout is %s, but must not be negative", o.OfferTimeout)
	}
	if (o.Notices == nil) != (o.Sender == nil) {
		return errors.New("notifications need both a store and a sender")
	}
	if o.MaxQueued < 0 {
		return fmt.Errorf("max queued is %d, but must not be negative", o.MaxQueued)
	}
	if o.Hold < 0 || o.Hold > MaxHold {
		return fmt.Errorf("hold is %s, but must be between 0s and %s", o.Hold, MaxHold)
	}
	return nil
}

// Conductor places runs and speaks with agents. It implements the service that the API needs and, through
// [Conductor.AgentHandler], the conductor's side of the protocol.
type Conductor struct {
	store   Store
	options Options
	log     *slog.Logger
	now     func() time.Time

	fleet    *fleet
	heard    *gathering
	sessions *sessions
	watch    *watchers
	// archiveUploads has a place for each archive that is being received.
	archiveUploads chan struct{}
	metrics        *Metrics
	learner        *learner
	chance         *chance

	dispatch chan struct{}
	schedule chan struct{}
	owed     chan struct{}
	files    fileWatches
	passes   *dispatch
	wanted   *wanted
	unread   *unread
	backlog  backlog
	wishes   wishes
	ids      *runIDs
	// planner is nil where there is no store of plans.
	planner   *planner
	notices   *notices
	outbox    *outbox
	term      uint64
	keys      credentials
	started   time.Time
	summaries summaries
	// listened is when the fleet was last looked over, for the loop that does it; looked is the same for everyone.
	listened time.Time
	looked   atomic.Pointer[time.Time]
	// leaving is true once a planned stop has begun.
	leaving atomic.Bool
}

// New returns a conductor over a store. It does nothing until [Conductor.Serve], or [Conductor.Load] and then
// [Conductor.Step].
func New(store Store, options Options) (*Conductor, error) {
	if err := options.Validate(); err != nil {
		return nil, err
	}
	options = options.withDefaults()
	c := &Conductor{
		store: store, options: options, log: options.Logger, now: options.Now, started: options.Now(),
		fleet:    newFleet(newPace(options.Heartbeat, options.HeartbeatRate)),
		sessions: newSessions(),
		watch:    newWatchers(), archiveUploads: make(chan struct{}, maxArchiveUploads),
		metrics:  options.Metrics,
		learner:  newLearner(),
		chance:   newChance(options.Seed),
		dispatch: make(chan struct{}, 1),
		schedule: make(chan struct{}, 1),
		owed:     make(chan struct{}, 1),
		wanted:   newWanted(),
		unread:   newUnread(),
		ids:      newRunIDs(options.Entropy),
		term:     1,
	}
	c.heard = &gathering{within: options.GatherBeats, store: func(ctx context.Context, beats []jobserver.Beat) error {
		return c.store.Heard(ctx, beats)
	}}
	c.passes = newDispatch(c)
	if options.Plans != nil {
		c.planner = &planner{c: c, store: options.Plans}
	}
	c.notices = &notices{c: c, store: options.Notices}
	c.outbox = newOutbox(c)
	return c, nil
}

// Serve loads the fleet from the store and acts until ctx ends. It returns nil then.
func (c *Conductor) Serve(ctx context.Context) error {
	if err := c.Load(ctx); err != nil {
		return err
	}
	acting := []func(context.Context) error{
		c.dispatchLoop, c.detectLoop, c.offerLoop, c.historyLoop, c.runLoadLoop, c.learnLoop, c.statsLoop,
		c.watchLoop, c.chainLoop, c.planLoop,
	}
	if c.options.Triggers != nil {
		acting = append(acting, c.scheduleLoop, c.arrearsLoop)
	}
	if c.options.Notices != nil {
		acting = append(acting, c.noticesLoop, c.outboxLoop, c.pruneOutboxLoop, c.lateLoop)
	}
	if c.options.Retention != nil {
		acting = append(acting, c.pruneLoop)
	}
	loops, ctx := errgroup.WithContext(ctx)
	for _, loop := range acting {
		loops.Go(func() error { return loop(ctx) })
	}
	err := loops.Wait()
	if errors.Is(err, context.Canceled) {
		c.leave(ctx)
	}
	c.sessions.closeAll()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Load reads servers, groups, open attempts and usage from the store. Every server gets its whole time to report anew.
func (c *Conductor) Load(ctx context.Context) error {
	if err := c.load(ctx); err != nil {
		return fmt.Errorf("load the fleet: %w", err)
	}
	return nil
}

func (c *Conductor) load(ctx context.Context) error {
	if err := c.reloadServers(ctx); err != nil {
		return err
	}
	if err := c.reloadGroups(ctx); err != nil {
		return err
	}
	if err := c.loadLimits(ctx); err != nil {
		return err
	}
	usage, err := c.store.Usage(ctx)
	if err != nil {
		return fmt.Errorf("read what tasks use: %w", err)
	}
	c.learner.set(usage)
	open, err := c.store.OpenAttempts(ctx, "")
	if err != nil {
		return fmt.Errorf("read open attempts: %w", err)
	}
	for _, a := range open {
		c.fleet.adopt(a)
	}
	c.listened = c.now()
	c.keepPace(c.listened)
	c.wakeDispatcher()
	return nil
}

// Step makes one pass of each acting loop, in the caller's goroutine: it looks over the fleet, does what is due for runs on
// silent servers, takes back old offers, acts on due triggers, moves plan runs on, places what is queued, and tells of what has happened. It is
// for a caller that has its own clock and does not call [Conductor.Serve]; a gap of more than a sixth of a heartbeat between
// two steps counts as a pause of the conductor.
func (c *Conductor) Step(ctx context.Context) error {
	now := c.now()
	c.listen(now)
	c.detect(ctx, now)
	c.recover(ctx, now)
	c.withdrawStale(ctx, now)
	if c.options.Triggers != nil {
		if _, err := c.FireDue(ctx); err != nil {
			return err
		}
		if err := c.SettleArrears(ctx); err != nil {
			return err
		}
	}
	c.advancePlans(ctx)
	if err := c.passes.run(ctx, true); err != nil {
		return err
	}
	if c.options.Notices != nil {
		c.tellLate(ctx)
		c.fillOutbox(ctx)
		c.outbox.tellAll(ctx)
	}
	return nil
}

// every calls f each period until ctx ends.
func every(ctx context.Context, period time.Duration, f func(context.Context)) error {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
			f(ctx)
		}
	}
}
