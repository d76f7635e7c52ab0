package client

import (
	"context"
	"net/url"

	"github.com/segno-jobs/segno/api/wire"
	"github.com/segno-jobs/segno/internal/audit"
)

// Audit returns a page of what operators did or tried to do, newest first.
func (c *Client) Audit(ctx context.Context, f audit.Filter, p PageRequest) (wire.Page[wire.Deed], error) {
	q := p.values(url.Values{})
	set(q, "by", f.By)
	set(q, "act", f.Act)
	set(q, "subject", f.Subject)
	setInstant(q, "since", f.Since)
	setInstant(q, "until", f.Until)
	return get[wire.Page[wire.Deed]](ctx, c, q, "audit")
}
