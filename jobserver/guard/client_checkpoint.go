package guard

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// prepare puts beside the spool-to-be what the attempt begins with: its lease, the content that it goes on from, and
// the archive that it runs, which are the guard's from then on.
func (c *Client) prepare(e *jobserver.Execution, h *held) error {
	if e.Lease != nil {
		h.beside = true
		if err := c.folder.WriteLease(e.Ref, c.boot, *e.Lease); err != nil {
			return err
		}
		lease := *e.Lease
		c.mu.Lock()
		h.lease = &lease
		c.mu.Unlock()
	}
	if e.Resume != nil {
		h.beside = true
		path := c.folder.Resume(e.Ref)
		if err := os.Rename(e.ResumeContent, path); err != nil {
			return fmt.Errorf("take the content of checkpoint %q: %w", e.Resume.Name, err)
		}
		e.ResumeContent = path
	}
	if e.Job.Archive != nil {
		h.beside = true
		path := c.folder.Package(e.Ref)
		if err := os.Rename(e.PackageContent, path); err != nil {
			return fmt.Errorf("take the content of archive %q: %w", e.Job.Archive.Name, err)
		}
		e.PackageContent = path
	}
	return nil
}

// Checkpoint opens the content of a checkpoint that an attempt made; the caller closes it. Where it is not there, any more
// or at all, the error is fault.NotFound.
func (c *Client) Checkpoint(ref task.Ref, sequence int) (io.ReadCloser, error) {
	if err := spool.CheckRef(ref); err != nil {
		return nil, err
	}
	return c.folder.OpenContent(ref, sequence)
}

// maxRefusal bounds the reason for which a checkpoint is refused on its way to the job.
const maxRefusal = 1000

// Validated tells the job that a checkpoint is durable at the conductor, or with refused why it never will be, and then
// removes its content here. For an attempt that has ended it does only that.
func (c *Client) Validated(ref task.Ref, sequence int, refused string) error {
	if err := spool.CheckRef(ref); err != nil {
		return err
	}
	c.mu.Lock()
	h := c.attempts[ref]
	var k *keeperConn
	if h != nil && !h.ended {
		h.beside = true
		k = h.keeper
	}
	c.mu.Unlock()
	if k != nil {
		if len(refused) > maxRefusal {
			refused = strings.ToValidUTF8(refused[:maxRefusal], "")
		}
		o := order{Do: doValidate, Run: ref.Run, Number: ref.Number, Sequence: sequence, Refused: refused}
		if err := k.order(o); err != nil {
			return fmt.Errorf("tell job of checkpoint %d: %w", sequence, errors.Join(fault.Unavailable, err))
		}
	}
	return c.folder.RemoveContent(ref, sequence)
}
