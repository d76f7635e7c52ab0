// Package memstore is a conductor's store in memory: deterministic, without I/O, and able to fail at each of its commits.
// It exists for the simulator. It keeps the promises of package store, and passes the same suite for the rules that
// runs, attempts, servers and checkpoints live by.
package memstore
