package notification

import (
	"time"
)

// Delivery is one notice on its way to one channel.
type Delivery struct {
	// ID is told to the receiver, and is the same on each try.
	ID string
	// Sequence orders the deliveries of a channel; the store gives it.
	Sequence int64
	Channel  string
	// EventID is the event that it is about. A channel is told of an event once.
	EventID int64
	Notice  Notice
	State   State
	// Tries counts the tries that were begun since it was made or last revived.
	Tries int
	// NextAt is when a waiting delivery is tried next, at the earliest.
	NextAt time.Time
	// Since is when it was made, or revived by an operator: its age counts from there.
	Since     time.Time
	CreatedAt time.Time
	EndedAt   *time.Time
	// LastError says why the last try failed; it holds no secret.
	LastError string
}

// State is how far a delivery is.
type State string

// The states. A dead delivery is not tried again unless an operator asks for it.
const (
	Waiting   State = "waiting"
	Delivered State = "delivered"
	Dead      State = "dead"
)

// States returns all states.
func States() []State { return []State{Waiting, Delivered, Dead} }

// DeliveryFilter chooses deliveries. Zero values choose all.
type DeliveryFilter struct {
	Channel string
	States  []State
	Event   Kind
}

// Result is how a try ended: with no error, it was delivered.
type Result struct {
	// Err says why it failed, without secrets; empty means that the receiver has taken it.
	Err string
	// Refused is true where the receiver would refuse the same again.
	Refused bool
	// RetryAfter is how long the receiver asked to be left alone, or 0.
	RetryAfter time.Duration
}

// Backlog is what waits in the outbox.
type Backlog struct {
	// Waiting, Dead and Oldest are counts and the instant at which the oldest waiting one was made, zero for none.
	Waiting, Dead int64
	Oldest        time.Time
}

// Limits of the outbox.
const (
	// MaxWaiting is how many deliveries of one channel may wait; what comes on top is dead at once, and says so.
	MaxWaiting = 10000
	// KeepEnded is how long deliveries are kept that were delivered or are dead.
	KeepEnded = 15 * 24 * time.Hour

	firstBackoff = 5 * time.Second
	maxBackoff   = 30 * time.Minute
)

// After returns the delivery as it is after a try that ended at now: delivered, dead, or waiting until it is tried again.
// Chance is a number from 0 to 1 that spreads the tries.
func (d Delivery) After(r Result, c ChannelSpec, now time.Time, chance float64) Delivery {
	d.LastError = oneLine(r.Err, maxReason)
	switch {
	case r.Err == "":
		d.State, d.EndedAt = Delivered, &now
	case r.Refused, d.Tries >= c.Tries(), now.Sub(d.Since) >= c.Age():
		d.State, d.EndedAt = Dead, &now
	default:
		d.NextAt = now.Add(max(Backoff(d.Tries, chance), min(r.RetryAfter, maxBackoff)))
	}
	return d
}

// Backoff returns how long to wait after a number of tries that failed: 5 s after the first, twice as long after each
// further one, 30 min at most, all of it within a quarter more or less by chance, a number from 0 to 1.
func Backoff(tries int, chance float64) time.Duration {
	wait := maxBackoff
	if shift := max(tries, 1) - 1; shift < 10 {
		wait = min(maxBackoff, firstBackoff<<shift)
	}
	return time.Duration(float64(wait) * (0.75 + chance/2))
}
