package task

import (
	"encoding/json"
	"time"
)

// Event is one thing that happened. Events are appended in the transaction of the change that they tell of.
type Event struct {
	// ID orders all events of a store.
	ID int64
	At time.Time
	// Kind is a word such as "run.running", "server.online" or "task.created".
	Kind string
	// Subject is the name or id of what it happened to.
	Subject string
	// Task, Attempt, From and To are set on events of runs.
	Task    string
	Attempt int
	From    State
	To      State
	Reason  string
	// Data holds what else is worth telling, as a JSON object, or is empty.
	Data json.RawMessage
}

// RunFilter chooses runs. Zero values choose all.
type RunFilter struct {
	// Query is part of the run's id, of its task's name or of its reason, in any case of letters.
	Query         string
	Task          string
	Causes        []CauseKind
	States        []State
	Server        string
	VirtualServer string
	// Since and Until bound QueuedAt: at or after Since, before Until.
	Since, Until time.Time
	// Late chooses runs that have not ended and of which was told that they are late.
	Late bool
}

// Filter chooses tasks.
type Filter struct {
	// Query is part of a name.
	Query         string
	VirtualServer string
	Server        string
}

// EventFilter chooses events. Zero values choose all.
type EventFilter struct {
	// After is the id of the last event already seen.
	After int64
	// Kinds are prefixes such as "run." or whole kinds.
	Kinds   []string
	Subject string
	Task    string
	// Newest asks for the newest events first, before Before if that is not 0.
	Newest bool
	Before int64
}

// Output is a piece of an attempt's output.
type Output struct {
	// Offset is the position of the first byte in the attempt's output.
	Offset int64
	// Lines are in the order in which the guard read them.
	Lines []OutputPiece
}

// Stream is where a piece of output was written.
type Stream uint8

// The streams. StreamMark is Segno's own word in the output, such as the mark where output was cut.
const (
	Stdout     Stream = 1
	Stderr     Stream = 2
	StreamMark Stream = 3
)

// OutputPiece is what one read from a job's pipe gave: not necessarily whole lines.
type OutputPiece struct {
	At     time.Time
	Stream Stream
	Data   []byte
}
