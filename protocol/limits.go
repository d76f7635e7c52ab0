package protocol

import "time"

// Timing that both sides count on.
const (
	// WelcomeWithin is how long an agent waits for Welcome before it takes the path for one that does not pass streams.
	WelcomeWithin = 5 * time.Second
	// KeepAlive is how long a conductor leaves a stream silent. It then sends Settings.
	KeepAlive = 10 * time.Second
	// StreamSilence is after how long without any command an agent gives a stream up.
	StreamSilence = 35 * time.Second
	// PollWait is the longest that a conductor holds a Poll.
	PollWait = 25 * time.Second
	// CallTimeout is how long an agent waits for the answer to a unary call other than Poll.
	CallTimeout = 15 * time.Second
	// MaxHeartbeat is the longest period between heartbeats that an agent keeps, whatever it is told.
	MaxHeartbeat = 5 * time.Minute
)

// Sizes that neither side goes over. A call over them is refused with resource_exhausted or invalid_argument.
const (
	// MaxMessage is the most bytes in one message, in either direction.
	MaxMessage = 8 << 20
	// MaxClaims is the most attempts in one Claim.
	MaxClaims = 512
	// MaxDeliver is about how many bytes of records an agent puts into one Deliver, MaxDeliverAttempt of one attempt.
	MaxDeliver        = 1 << 20
	MaxDeliverAttempt = 256 << 10
	// MaxDeliveries is the most attempts in one Deliver.
	MaxDeliveries = 1024
	// MaxKept is the most attempts in one Heartbeat.
	MaxKept = 20000
)
