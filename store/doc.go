// Package store keeps what Segno knows in SQLite or PostgreSQL. It is the only package that speaks SQL.
//
// One method is one thing that happened, committed with the events that tell of it before the method returns. A change
// of state is a compare-and-set: what was decided on an older state changes nothing and is answered with fault.Conflict
// or fault.Fenced.
//
//	callers ──▶ queue ──▶ writer: BEGIN … up to 128 items … COMMIT ──▶ answers
//	callers ──▶ readers (snapshots, never waiting for the writer)
//
// On SQLite one writer commits what is waiting together, so that many callers share one fsync (synchronous=FULL). On
// PostgreSQL a few writers take from the same queue, each with a transaction of its own.
//
// Instants are stored as microseconds since 1970 in UTC, and come back in UTC.
package store
