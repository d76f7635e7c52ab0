// Package spool keeps what an attempt produced on disk until the conductor has it.
//
// A spool is one append-only file per attempt:
//
//	magic │ header frame │ record frame │ record frame │ … │ exit frame
//
// Each frame carries its length, a CRC-32C, the sequence of its record, the time, and its kind. The header holds the
// [jobserver.Execution], so that a spool says by itself what ran. Records are numbered from 1 without a gap, and
// nothing follows the exit.
//
// Whoever keeps the attempt holds an exclusive flock on the file for as long. A spool without an exit record whose lock
// is free has therefore lost its keeper, and [Folder.Settle] ends it. A half-written frame at the end is what a crash
// leaves; it is cut off when the spool is settled and is never an error.
//
// Only the exit is synced: what precedes it can be lost by a crash of the host alone, and that ends the job too.
// Files are recycled by renaming, because making and removing an inode costs ext4 ten times as much as a rename. After a
// crash of the host a spool may be found under the name that it had while it was free; [Folder.Recycle] knows by its
// header. So only the name of a fresh file needs a sync of its own.
package spool
