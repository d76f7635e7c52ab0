package conductor

import (
	"context"
	"fmt"

	"github.com/segno-jobs/segno/internal/audit"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
)

// AuditStore keeps what operators did. What a method of another store does in a context with an [audit.Pending] is kept
// with that deed in one transaction.
type AuditStore interface {
	// RecordDeed keeps a deed that changed nothing.
	RecordDeed(ctx context.Context, d audit.Deed) error
	// Deeds returns deeds, newest first.
	Deeds(ctx context.Context, f audit.Filter, p page.Request) (page.Of[audit.Deed], error)
}

// RecordDeed keeps a deed that changed nothing, such as one that was refused.
func (c *Conductor) RecordDeed(ctx context.Context, d audit.Deed) error {
	if c.options.Audit == nil {
		return nil
	}
	return c.options.Audit.RecordDeed(ctx, d)
}

// Deeds returns what operators did, newest first.
func (c *Conductor) Deeds(ctx context.Context, f audit.Filter, p page.Request) (page.Of[audit.Deed], error) {
	if c.options.Audit == nil {
		return page.Of[audit.Deed]{}, fmt.Errorf("this conductor keeps no audit log: %w", fault.Unavailable)
	}
	if err := f.Validate(); err != nil {
		return page.Of[audit.Deed]{}, err
	}
	return c.options.Audit.Deeds(ctx, f, p)
}
