// Package audit tells who did what: what an operator did, or tried to do, by the API.
//
// A deed travels with the context of its request down to the store, which keeps it in the same transaction as what it did:
// so there is none without the other, and no method between the two has to name it.
package audit

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
)

// Keep is for how long deeds are kept: 400 days.
const Keep = 400 * 24 * time.Hour

// MaxText is the most bytes of a request or of a reason that are kept.
const MaxText = 4 << 10

// Done is the outcome of a deed that was done. Any other outcome says why it was not.
const Done = "done"

// Deed is one thing that someone asked for.
type Deed struct {
	// ID grows with each deed.
	ID int64
	At time.Time
	// By is the name of the account or token, From the address that the request came from.
	By, From string
	// Act is the id of the operation in the API's description, such as declareServerDead, and Subject what it was done to,
	// such as servers/js-1.
	Act, Subject string
	// Reason is what the caller gave as one, and Request the whole body of the request, as JSON or empty.
	Reason, Request string
	// Outcome is Done, or says why it was not done.
	Outcome string
}

// Filter chooses deeds. Zero fields choose all.
type Filter struct {
	By, Act, Subject string
	// Since is the first instant, Until the one after the last.
	Since, Until time.Time
}

// Validate refuses a filter that can choose nothing.
func (f Filter) Validate() error {
	if !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until) {
		return fault.Field("until", "must be after since")
	}
	return nil
}

// Pending is a deed that is being done.
type Pending struct {
	deed   Deed
	stored atomic.Bool
}

type key struct{}

// With returns a context in which a deed is being done.
func With(ctx context.Context, d Deed) (context.Context, *Pending) {
	p := &Pending{deed: d}
	return context.WithValue(ctx, key{}, p), p
}

// From returns the deed that is being done in a context and is not stored yet, or nil.
func From(ctx context.Context) *Pending {
	p, _ := ctx.Value(key{}).(*Pending)
	if p == nil || p.stored.Load() {
		return nil
	}
	return p
}

// Without returns a context in which what is stored is no deed yet, such as the first parts of one.
func Without(ctx context.Context) context.Context {
	return context.WithValue(ctx, key{}, (*Pending)(nil))
}

// Deed returns the deed with an outcome.
func (p *Pending) Deed(outcome string) Deed {
	d := p.deed
	d.Outcome = outcome
	return d
}

// Stored notes that the deed is stored.
func (p *Pending) Stored() { p.stored.Store(true) }

// IsStored reports whether it is.
func (p *Pending) IsStored() bool { return p.stored.Load() }
