package conductor

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/notification"
)

// OutboxStore keeps deliveries.
type OutboxStore interface {
	// DueChannels returns the channels that are to be told of something now.
	DueChannels(ctx context.Context, now time.Time) ([]string, error)
	// BeginTry takes the first waiting delivery of a channel, if it is due, and counts a try of it; nobody else begins one
	// before until. It returns false where nothing is due.
	BeginTry(ctx context.Context, channel string, now, until time.Time) (d notification.Delivery, c notification.Channel, ok bool, err error)
	// EndTry stores how a try ended. Conflict where the delivery is not as it was when the try began.
	EndTry(ctx context.Context, d notification.Delivery) error
	// Deliveries returns deliveries, newest first.
	Deliveries(ctx context.Context, f notification.DeliveryFilter, p page.Request) (page.Of[notification.Delivery], error)
	Delivery(ctx context.Context, id string) (notification.Delivery, error)
	// ReviveDelivery lets a delivery be tried anew and at once. Conflict for one that was delivered.
	ReviveDelivery(ctx context.Context, id string, now time.Time) (notification.Delivery, error)
	// PruneDeliveries forgets deliveries that ended before the instant.
	PruneDeliveries(ctx context.Context, before time.Time) error
	// Backlog counts what waits and what is dead.
	Backlog(ctx context.Context) (notification.Backlog, error)
}

// Sender tells receivers. What it says of a failure holds no secret of the channel.
type Sender interface {
	// Check returns field errors where the channel's addresses cannot be used, or may not be.
	Check(c notification.ChannelSpec) error
	// Send tells a channel of a notice. It returns when the receiver has taken or refused it, or when ctx ends.
	Send(ctx context.Context, c notification.ChannelSpec, n notification.Notice) notification.Result
}

const (
	outboxEvery = time.Second
	// maxSending is how many channels are told of something at the same time.
	maxSending = 16
	// sendTimeout bounds one try, and tryLease is for how long nobody else begins another.
	sendTimeout = 20 * time.Second
	tryLease    = 30 * time.Second
	// sendGrace is for how long a try may go on when the conductor stops.
	sendGrace = 3 * time.Second
	// pruneDeliveriesEvery is the distance between two times at which old deliveries are forgotten.
	pruneDeliveriesEvery = 10 * time.Minute
)

// outbox tells channels what waits for them: one delivery of a channel at a time, in their order, and many channels at the
// same time, so that one that does not answer hinders no other.
type outbox struct {
	c      *Conductor
	signal chan struct{}

	mu      sync.Mutex
	busy    map[string]bool
	senders sync.WaitGroup
}

func newOutbox(c *Conductor) *outbox {
	return &outbox{c: c, signal: make(chan struct{}, 1), busy: map[string]bool{}}
}

// wake has the outbox looked at without delay.
func (o *outbox) wake() {
	select {
	case o.signal <- struct{}{}:
	default:
	}
}

// outboxLoop tells what is due until ctx ends, and returns when no try is under way.
func (c *Conductor) outboxLoop(ctx context.Context) error {
	defer c.outbox.senders.Wait()
	ticker := time.NewTicker(outboxEvery)
	defer ticker.Stop()
	for {
		c.outbox.start(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		case <-c.outbox.signal:
		}
	}
}

// pruneOutboxLoop forgets old deliveries.
func (c *Conductor) pruneOutboxLoop(ctx context.Context) error {
	return every(ctx, pruneDeliveriesEvery, func(ctx context.Context) {
		if err := c.options.Notices.PruneDeliveries(ctx, c.now().Add(-notification.KeepEnded)); err != nil && ctx.Err() == nil {
			c.log.Error("forgetting old deliveries failed", "error", err)
		}
	})
}

// start begins to tell each channel for which something is due and which is not being told already.
func (o *outbox) start(ctx context.Context) {
	for _, channel := range o.due(ctx) {
		if !o.take(channel) {
			continue
		}
		o.senders.Go(func() {
			o.tell(ctx, channel)
			o.release(channel)
			o.wake()
		})
	}
}

// tellAll tells each channel for which something is due, one after the other.
func (o *outbox) tellAll(ctx context.Context) {
	for _, channel := range o.due(ctx) {
		if o.take(channel) {
			o.tell(ctx, channel)
			o.release(channel)
		}
	}
}

func (o *outbox) due(ctx context.Context) []string {
	channels, err := o.c.options.Notices.DueChannels(ctx, o.c.now())
	if err != nil && ctx.Err() == nil {
		o.c.log.Error("looking for notices that are due failed", "error", err)
	}
	return channels
}

func (o *outbox) take(channel string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.busy[channel] || len(o.busy) >= maxSending {
		return false
	}
	o.busy[channel] = true
	return true
}

func (o *outbox) release(channel string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.busy, channel)
}

// tell sends what is due for a channel until nothing is.
func (o *outbox) tell(ctx context.Context, channel string) {
	for ctx.Err() == nil {
		more, err := o.tellNext(ctx, channel)
		if err != nil && ctx.Err() == nil {
			o.c.log.Error("telling a channel failed", "channel", channel, "error", err)
		}
		if !more || err != nil {
			return
		}
	}
}

// tellNext sends the first delivery of a channel, if it is due, and stores how that went. The try is stored before it is
// made: after a crash in between, the delivery is sent again with the same id.
func (o *outbox) tellNext(ctx context.Context, channel string) (bool, error) {
	now := o.c.now()
	d, to, ok, err := o.c.options.Notices.BeginTry(ctx, channel, now, now.Add(tryLease))
	if err != nil || !ok {
		return false, err
	}
	result := o.send(ctx, to.ChannelSpec, d.Notice)
	d = d.After(result, to.ChannelSpec, o.c.now(), o.c.chance.share())
	o.note(d, result)
	// What was sent is noted also by a conductor that stops.
	storing, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendGrace)
	defer cancel()
	if err := o.c.options.Notices.EndTry(storing, d); err != nil && !errors.Is(err, fault.Conflict) {
		return false, err
	}
	return true, nil
}

// send makes one try. It outlives ctx by the time of grace.
func (o *outbox) send(ctx context.Context, to notification.ChannelSpec, n notification.Notice) notification.Result {
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	told := make(chan struct{})
	defer close(told)
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(sendGrace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-told:
		}
	})
	defer stop()
	return o.c.options.Sender.Send(sending, to, n)
}

// note counts a try and logs one that failed.
func (o *outbox) note(d notification.Delivery, r notification.Result) {
	outcome := "failed"
	if r.Err == "" {
		outcome = "delivered"
	}
	o.c.metrics.told(outcome)
	switch {
	case d.State == notification.Dead:
		o.c.log.Error("a notification is given up", "channel", d.Channel, "delivery", d.ID, "event", d.Notice.Event,
			"tries", d.Tries, "error", d.LastError)
	case r.Err != "":
		o.c.log.Warn("a notification will be sent again", "channel", d.Channel, "delivery", d.ID, "event", d.Notice.Event,
			"tries", d.Tries, "next", d.NextAt, "error", d.LastError)
	}
}
