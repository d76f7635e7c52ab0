// Package about holds what a conductor says of itself.
package about

import "time"

// Facts are what an operator asks of a conductor before anything else: which version it is, where its data lies and
// whether it can work.
type Facts struct {
	Version string
	// Go is the version of Go that it was built with.
	Go       string
	Database Database
	Checks   []Check
	// Conductors are those that work on the database, this one among them.
	Conductors []Conductor
}

// Database is where everything is kept.
type Database struct {
	// Kind is "SQLite" or "PostgreSQL".
	Kind    string
	Version string
	// Schema is the number of the newest migration that was applied.
	Schema int
	// Bytes is what the database takes on its disk, without the content of checkpoints.
	Bytes int64
}

// Check is one thing that must be so for the conductor to be ready.
type Check struct {
	Name string
	// Err is nil where it is so.
	Err  error
	Took time.Duration
}

// Conductor is one process that serves the API.
type Conductor struct {
	// Name is that of its host.
	Name      string
	Version   string
	StartedAt time.Time
}
