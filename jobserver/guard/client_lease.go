package guard

import (
	"fmt"
	"io"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// Renew sets the lease of an attempt.
func (c *Client) Renew(ref task.Ref, _ jobserver.Lease) error {
	return fmt.Errorf("renew %s: %w", spool.Name(ref), fault.Unavailable)
}

// Checkpoint opens the content of a checkpoint of an attempt; the caller closes it.
func (c *Client) Checkpoint(ref task.Ref, _ int) (io.ReadCloser, error) {
	return nil, fmt.Errorf("checkpoint of %s: %w", spool.Name(ref), fault.NotFound)
}

// Validated tells the job that a checkpoint is durable at the conductor, or with refused why it never will be.
func (c *Client) Validated(task.Ref, int, string) error { return nil }

// Expire ends an attempt whose keeper did not end it although its lease has run out.
func (c *Client) Expire(ref task.Ref) error {
	return fmt.Errorf("expire %s: %w", spool.Name(ref), fault.Conflict)
}
