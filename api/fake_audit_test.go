package api_test

import (
	"context"

	"github.com/segno-jobs/segno/internal/audit"
	"github.com/segno-jobs/segno/internal/page"
)

// deeds is the audit log of a fake.
type deeds struct {
	recorded []audit.Deed
	filtered audit.Filter
}

func (d *deeds) RecordDeed(_ context.Context, deed audit.Deed) error {
	d.recorded = append(d.recorded, deed)
	return nil
}

func (d *deeds) Deeds(_ context.Context, f audit.Filter, _ page.Request) (page.Of[audit.Deed], error) {
	d.filtered = f
	return page.Of[audit.Deed]{Items: d.recorded}, nil
}
