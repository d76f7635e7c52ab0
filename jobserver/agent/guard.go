package agent

import (
	"context"
	"io"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// Guard is what the agent needs of the process that keeps the jobs. The agent may die at any moment; the guard and the
// spools stay. guard.Client implements it.
type Guard interface {
	// Start has the attempt started. It returns once a keeper has taken it; from then on its spool exists and will end
	// with an exit record, also where the program cannot be started. An attempt that is kept already is fault.Conflict.
	Start(ctx context.Context, e jobserver.Execution) error
	// Stop has the attempt stopped: SIGTERM to its group, SIGKILL to all of its processes after the grace. The exit
	// record follows in the spool, with that kind unless the job had ended by itself. Stopping twice is harmless.
	Stop(ctx context.Context, ref task.Ref, kind task.ExitKind) error
	// Renew sets the lease of an attempt. It is written to disk before Renew returns, and is never moved to an earlier
	// deadline, unless that ends a hold. The keeper ends the attempt in time also with a dead, stopped or restarted agent.
	Renew(ref task.Ref, lease jobserver.Lease) error
	// Expire ends an attempt whose keeper did not end it although its lease has run out, with the keeper. The exit record
	// follows in the spool. It is fault.Conflict for an attempt whose lease has not run out, by the clock and the disk of
	// the host, and fault.NotFound for one that has ended.
	Expire(ref task.Ref) error
	// Checkpoint opens the content of a checkpoint of an attempt; the caller closes it.
	Checkpoint(ref task.Ref, sequence int) (io.ReadCloser, error)
	// Validated tells the job that a checkpoint is durable at the conductor, or with refused why it never will be.
	Validated(ref task.Ref, sequence int, refused string) error
	// Kept lists the attempts that have a spool, running and ended, with what the running ones use. Spools whose keeper
	// is gone were ended with an exit record of kind lost before it returns.
	Kept(ctx context.Context) ([]jobserver.Kept, error)
	// Grown tells which spools have more. Signals of one attempt are joined while nobody reads. The channel is closed
	// when the guard is gone; then a new one must be connected to.
	Grown() <-chan jobserver.Grown
	// Read returns records of an attempt after the given sequence, up to about limit bytes; none where there are no more yet.
	Read(ref task.Ref, after int64, limit int) ([]task.Record, error)
	// Drop removes the spool and the working directory of an attempt that has ended.
	Drop(ref task.Ref) error
	// Full reports whether the last write to a spool failed for want of room.
	Full() bool
	// Close lets go of the guard. Jobs go on.
	Close() error
}
