package jobserver

import (
	"time"

	"github.com/segno-jobs/segno/task"
)

// WhatIf is what would happen to one run if its server died now.
type WhatIf struct {
	Run     task.RunID
	Task    string
	Attempt int
	// Action is wait, reset, restart or recover; After is how long after the server's last word.
	Action string
	After  time.Duration
	// Checkpoint is what it would resume from, or nil.
	Checkpoint *task.Checkpoint
	// Server is where it would go as things are now; empty where it could not be placed, and then Reason says why.
	Server string
	Reason string
}
