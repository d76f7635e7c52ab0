package guard

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/jobserver/spool"
	"github.com/segno-jobs/segno/task"
)

// Grown tells which spools have more. It is closed when the guard is gone, or the client closed.
func (c *Client) Grown() <-chan jobserver.Grown { return c.growth.out }

// Read returns records of an attempt after the given sequence, up to about limit bytes; none where there are no more
// yet. For an attempt without a spool the error is fault.NotFound.
func (c *Client) Read(ref task.Ref, after int64, limit int) ([]task.Record, error) {
	c.mu.Lock()
	h := c.attempts[ref]
	ended := h != nil && h.ended
	c.mu.Unlock()
	if h == nil {
		return nil, fmt.Errorf("read %s: %w", spool.Name(ref), fault.NotFound)
	}
	h.reading.Lock()
	defer h.reading.Unlock()
	records, err := c.read(ref, h, after, limit)
	if err == nil && len(records) == 0 && ended && !h.reader.Exited() {
		// Its disk has changed what it was given; no one else would ever end this run.
		c.options.Logger.Error("a spool is damaged", "attempt", spool.Name(ref), "after", after)
		if _, err = c.folder.Mend(ref, time.Now(), spoolDamaged); err == nil {
			records, err = c.read(ref, h, after, limit)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", spool.Name(ref), err)
	}
	return records, nil
}

// read reads with the attempt's reader, whose lock the caller has.
func (c *Client) read(ref task.Ref, h *held, after int64, limit int) ([]task.Record, error) {
	if h.dropped {
		return nil, fault.NotFound
	}
	if h.reader == nil {
		r, err := c.folder.Open(ref)
		if err != nil {
			return nil, err
		}
		h.reader = r
	}
	return h.reader.Read(after, limit)
}

// Drop removes the spool and the working directory of an attempt that has ended. For one that has not the error is
// fault.Conflict; one that is unknown is dropped already.
func (c *Client) Drop(ref task.Ref) error {
	c.mu.Lock()
	h := c.attempts[ref]
	if h != nil && !h.ended {
		c.mu.Unlock()
		return fmt.Errorf("drop %s: it has not ended: %w", spool.Name(ref), fault.Conflict)
	}
	beside := h != nil && h.beside
	c.mu.Unlock()
	if h == nil {
		return nil
	}
	if err := h.close(); err != nil {
		return err
	}
	dir := c.place.work() + "/" + spool.Name(ref)
	if err := unix.Rmdir(dir); err != nil && err != unix.ENOENT {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove working directory: %w", err)
		}
	}
	if beside {
		if err := c.folder.RemoveBeside(ref); err != nil {
			return err
		}
	}
	if err := c.folder.Remove(ref); err != nil {
		return err
	}
	c.forget(ref, h)
	return nil
}

// close closes the reader, for good.
func (h *held) close() error {
	h.reading.Lock()
	defer h.reading.Unlock()
	h.dropped = true
	if h.reader == nil {
		return nil
	}
	r := h.reader
	h.reader = nil
	return r.Close()
}

// ended notes that the spool of ref has its exit record, and tells of it once the spool's name is durable too.
func (c *Client) ended(ref task.Ref, beside bool) {
	c.mu.Lock()
	h := c.attempts[ref]
	if h == nil || h.ended {
		c.mu.Unlock()
		return
	}
	h.keeper, h.unkillable, h.beside = nil, false, h.beside || beside
	ticket := h.ticket
	c.mu.Unlock()
	if c.names.durableAt(ticket, ref) {
		c.tellEnd(ref)
	}
}

// tellEnd tells that an attempt has ended; its spool and its name are durable.
func (c *Client) tellEnd(ref task.Ref) {
	c.mu.Lock()
	if h := c.attempts[ref]; h != nil {
		h.ended = true
	}
	c.mu.Unlock()
	c.growth.signal(ref, true)
}
