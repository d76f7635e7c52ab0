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
	// Heartbeat is the period that agents are told to keep, 1.5 s by default.
	Heartbeat time.Duration
	// OfferTimeout is how long an offer may stay unclaimed before it is taken back, 10 s by default.
	OfferTimeout time.Duration
	// Hold is for how long a planned stop lengthens the leases of what runs; 0 is not at all.
	Hold time.Duration
	// Now is the clock, time.Now by default. Its readings must carry a monotonic part, or never go back.
	Now func() time.Time
	// Metrics are filled in by the conductor; by default they are its own.
	Metrics *Metrics
	// Seed makes random choices repeatable; 0 draws one.
	Seed uint64
	// Entropy is where the ids of runs come from, crypto/rand by default.
	Entropy io.Reader
	// Triggers keeps triggers, occurrences and calendars; without it nothing starts by itself.
	Triggers TriggerStore
	// Insight keeps what people look at beside the runs themselves; nil keeps none of it.
	Insight InsightStore
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = jobserver.DefaultHeartbeat
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
	if o.OfferTimeout < 0 {
		return fmt.Errorf("offer timeout is %s, but must not be negative", o.OfferTimeout)
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
	sessions *sessions
	watch    *watchers
	metrics  *Metrics
	learner  *learner
	chance   *chance

	dispatch chan struct{}
	schedule chan struct{}
	passes   *dispatch
	wanted   *wanted
	wishes   wishes
	ids      *runIDs
	term     uint64
	keys     credentials
	// listened is when the fleet was last looked over.
	listened time.Time
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
		store: store, options: options, log: options.Logger, now: options.Now,
		fleet:    newFleet(),
		sessions: newSessions(),
		watch:    newWatchers(),
		metrics:  options.Metrics,
		learner:  newLearner(),
		chance:   newChance(options.Seed),
		dispatch: make(chan struct{}, 1),
		schedule: make(chan struct{}, 1),
		wanted:   newWanted(),
		ids:      newRunIDs(options.Entropy),
		term:     1,
	}
	c.passes = newDispatch(c)
	return c, nil
}

// Serve loads the fleet from the store and acts until ctx ends. It returns nil then.
func (c *Conductor) Serve(ctx context.Context) error {
	if err := c.Load(ctx); err != nil {
		return err
	}
	loops, ctx := errgroup.WithContext(ctx)
	for _, loop := range []func(context.Context) error{
		c.dispatchLoop, c.detectLoop, c.offerLoop, c.historyLoop, c.runLoadLoop, c.learnLoop, c.statsLoop,
	} {
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
	c.wakeDispatcher()
	return nil
}

// Step makes one pass of each acting loop, in the caller's goroutine: it looks over the fleet, does what is due for runs on
// silent servers, takes back old offers and places what is queued. It is for a caller that has its own clock and does not
// call [Conductor.Serve]; a gap of more than a sixth of a heartbeat between two steps counts as a pause of the conductor.
func (c *Conductor) Step(ctx context.Context) error {
	now := c.now()
	c.listen(now)
	c.detect(ctx, now)
	c.recover(ctx, now)
	c.withdrawStale(ctx, now)
	return c.passes.run(ctx, true)
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
