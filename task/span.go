package task

import "time"

// Span is where and when one attempt ran: what a timeline shows of it.
type Span struct {
	Ref
	Task   string
	Server string
	State  AttemptState
	// From is when its agent claimed it, or when it was offered where nobody has claimed it yet.
	From time.Time
	// To is nil while the attempt is open.
	To *time.Time
}

// SpanFilter chooses spans that touch a stretch of time. Zero names choose all.
type SpanFilter struct {
	// From and To bound the stretch: what ended before From or began at or after To is left out.
	From, To time.Time
	Task     string
	Server   string
}

// SpanLookback is how long before the stretch a run may have been requested for its ended attempts to be found.
const SpanLookback = 7 * 24 * time.Hour

// LoadPoint is what one attempt used over a short stretch of time.
type LoadPoint struct {
	Ref
	// At is the end of the stretch, Length how long it was.
	At     time.Time
	Length time.Duration
	// CPU is the mean in cores, Memory the most in bytes, of all of its processes.
	CPU       float64
	Memory    int64
	Processes int
}

// crockford is the alphabet of the ids of runs.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// FirstRunID returns the smallest id that a run requested at the instant can have: ids begin with the milliseconds since
// 1970, in ten digits of base 32.
func FirstRunID(at time.Time) RunID {
	const digits, tail = 10, 16
	var id [digits + tail]byte
	for i := range id {
		id[i] = '0'
	}
	ms := max(0, at.UnixMilli())
	for i := digits - 1; i >= 0; i-- {
		id[i] = crockford[ms%32]
		ms /= 32
	}
	return RunID(id[:])
}
